"""How `make verify` puts its checks together."""

from pathlib import Path

import pytest

from tools.scanners import ScanError
from tools.settlement import Settled
from tools.verify import checks, main, report, run


def test_a_check_that_cannot_run_has_failed() -> None:
    def missing() -> Settled:
        raise ScanError("checkov is not installed")

    outcome = run("checkov", missing)
    assert outcome.settled.problems == ("checkov: checkov is not installed",)


def test_the_report_lists_every_problem_and_ends_with_a_table() -> None:
    outcomes = [run("one", lambda: Settled((), 3)), run("two", lambda: Settled(("two: a", "two: b"), 0))]
    lines = report(outcomes).splitlines()
    assert lines[:3] == ["two: a", "two: b", ""]
    assert [line.split()[:3] + line.split()[-1:] for line in lines[-2:]] == [
        ["one", "0", "3", "ok"],
        ["two", "2", "0", "FAILED"],
    ]


def test_every_scanner_the_bytes_and_the_long_tests_are_checked() -> None:
    scanners = ["cfn-lint", "checkov", "Control Tower rules"]
    assert list(checks([])) == [
        *scanners,
        "same input, same bytes",
        "who may do what",
        "thorough tests",
    ]


def test_nothing_synthesized_is_nothing_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--outdir", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "nothing to verify: run make synth first\n"
