"""Everything too slow for every run: template scanners, and whether a synthesis gives the same bytes twice.

Run as ``python -m tools.verify`` after a synthesis.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools import tables
from tools.assembly import SynthesizedStack, stacks
from tools.determinism import SynthesisError, differences
from tools.effective_decisions import judged_in
from tools.policy_evaluator import PolicyEvaluationError
from tools.scanners import ROOT, ScanError, scan
from tools.settlement import Settled

_TITLES = {"cfn-lint": "cfn-lint", "checkov": "checkov", "guard": "Control Tower rules"}


@dataclass(frozen=True)
class Outcome:
    """How one check went: what it settled, and the seconds it took."""

    title: str
    settled: Settled
    seconds: float


def checks(synthesized: Sequence[SynthesizedStack]) -> dict[str, Callable[[], Settled]]:
    """Return every check by its title, ready to run."""
    scans = {title: lambda tool=tool: scan(tool, synthesized) for tool, title in _TITLES.items()}
    return {
        **scans,
        "same input, same bytes": lambda: Settled(tuple(differences(ROOT)), 0),
        "who may do what": _decisions,
        "thorough tests": _thorough,
    }


def _decisions() -> Settled:
    """Every case of the decision table, in every environment of the user's and of the tests."""
    judged = judged_in([ROOT / "environments", ROOT / "tests" / "fixtures" / "environments"])
    return Settled(tuple(one.problem for one in judged if one.problem), 0)


def _thorough() -> Settled:
    """The tests that `make test` leaves out."""
    words = ["-m", "pytest", "-m", "thorough", "--numprocesses", "auto", "--maxprocesses", "4"]
    done = subprocess.run(
        [sys.executable, *words, "--dist", "loadscope"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    failed = tuple(line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR")))
    return Settled(failed or (() if done.returncode == 0 else (done.stdout[-500:] + done.stderr[-500:],)), 0)


def run(title: str, check: Callable[[], Settled]) -> Outcome:
    """Run one check; one that cannot run has failed."""
    started = time.monotonic()
    try:
        settled = check()
    except (PolicyEvaluationError, ScanError, SynthesisError, ValueError) as error:
        settled = Settled((f"{title}: {error}",), 0)
    return Outcome(title, settled, time.monotonic() - started)


def report(outcomes: Sequence[Outcome]) -> str:
    """Return every problem, one line each, then the table."""
    rows = [
        [
            outcome.title,
            str(len(outcome.settled.problems)),
            str(outcome.settled.excepted),
            f"{outcome.seconds:.1f}",
            "FAILED" if outcome.settled.problems else "ok",
        ]
        for outcome in outcomes
    ]
    table = tables.render(["check", "problems", "excepted", "seconds", "result"], rows, right=(1, 2, 3))
    return "\n".join([*(line for outcome in outcomes for line in outcome.settled.problems), "", table])


def main(argv: Sequence[str] | None = None) -> int:
    """Run every check, or those asked for; 1 if one failed, 2 if there is nothing to check."""
    parser = argparse.ArgumentParser(prog="make verify", description=__doc__)
    parser.add_argument("--outdir", type=Path, default=ROOT / "cdk.out")
    parser.add_argument("--only", metavar="WORD", default="", help="checks with this in their title")
    arguments = parser.parse_args(argv)
    synthesized = list(stacks(arguments.outdir))
    chosen = {title: check for title, check in checks(synthesized).items() if arguments.only in title}
    if not synthesized or not chosen:
        print("nothing to verify: run make synth first" if chosen else "no such check", file=sys.stderr)
        return 2
    outcomes = [run(title, check) for title, check in chosen.items()]
    print(report(outcomes))
    return 1 if any(outcome.settled.problems for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
