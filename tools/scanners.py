"""Runs template scanners over synthesized stacks: cfn-lint, checkov, the Control Tower rules of cfn-guard."""

import json
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.assembly import SynthesizedStack
from tools.sample_values import with_imports
from tools.settlement import Finding, Settled, exceptions, settle

ROOT = Path(__file__).parents[1]
_GUARD = ROOT / "node_modules/@cdklabs/cdk-validator-cfnguard"
_CHECKOV = ROOT / ".venv-checkov/bin/checkov"


class ScanError(Exception):
    """A scanner that could not do its work: it found nothing, and said nothing about the templates."""


def scan(tool: str, synthesized: Sequence[SynthesizedStack]) -> Settled:
    """Run one of ``SCANNERS`` over ``synthesized``. Raises ScanError when it cannot run."""
    return settle(SCANNERS[tool](synthesized), exceptions(tool), tool)


def cfn_lint(synthesized: Sequence[SynthesizedStack]) -> list[Finding]:
    """What cfn-lint reports for each stack's region; .cfnlintrc says what is turned off."""
    by_region: dict[str, dict[str, str]] = {}
    for stack in synthesized:
        path = str(stack.path.resolve())
        by_region.setdefault(stack.region, {})[path] = f"{stack.environment}/{stack.name}"
    findings = []
    for region, names in by_region.items():
        command = [f"{sys.prefix}/bin/cfn-lint", "--format", "json", "--regions", region, "--", *names]
        for match in json.loads(_output(command) or "[]"):
            at = [*(match["Location"].get("Path") or []), "", ""]
            where = (names[match["Filename"]], str(at[1]))
            findings.append(Finding("cfn-lint", match["Rule"]["Id"], *where, match["Message"]))
    return findings


def checkov(synthesized: Sequence[SynthesizedStack]) -> list[Finding]:
    """Failed checks of checkov, which lives in an environment of its own."""
    if not _CHECKOV.exists():
        raise ScanError(f"{_CHECKOV.relative_to(ROOT)} is missing: run make verify, which sets it up")
    with tempfile.TemporaryDirectory() as folder:
        names = prepare(synthesized, Path(folder))
        flags = ["--framework", "cloudformation", "--skip-download", "--quiet", "--compact", "-o", "json"]
        answer = json.loads(_output([str(_CHECKOV), "-d", folder, *flags]))
    summary = answer.get("summary", answer)
    if summary["parsing_errors"]:
        raise ScanError(f"checkov could not read {summary['parsing_errors']} templates")
    return [
        Finding(
            "checkov",
            check["check_id"],
            names[Path(check["file_path"]).name],
            check["resource"].partition(".")[2],
            check["check_name"],
        )
        for check in answer.get("results", {}).get("failed_checks", [])
    ]


def guard(synthesized: Sequence[SynthesizedStack]) -> list[Finding]:
    """What the Control Tower rules that cfn-guard carries object to."""
    machine = {"arm64": "aarch64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())
    binary = _GUARD / "bin" / ("macos" if sys.platform == "darwin" else "ubuntu") / machine / "cfn-guard"
    if not binary.exists():
        raise ScanError(f"{binary.relative_to(ROOT)} is missing: run make test once, which installs it")
    with tempfile.TemporaryDirectory() as folder:
        names = prepare(synthesized, Path(folder))
        flags = ["--structured", "--output-format", "json", "--show-summary", "none"]
        rules = _GUARD / "rules/control-tower/cfn-guard"
        answer = _output([str(binary), "validate", "--data", folder, "--rules", str(rules), *flags])
    reports = json.loads(answer or "[]")
    # A template it cannot read is missing from the answer, and the exit code does not tell.
    if len(reports) != len(names):
        raise ScanError(f"cfn-guard read {len(reports)} of {len(names)} templates")
    return [
        finding
        for report in reports
        for broken in report["not_compliant"]
        for finding in _guard_findings(broken, names[Path(report["name"]).name])
    ]


def _guard_findings(broken: Mapping[str, Any], stack: str) -> Iterator[Finding]:
    message = re.search(r"\[(CT\.[A-Z0-9.-]+)\]: (.*?)\\n", json.dumps(broken))
    rule, what = message.groups() if message else (broken["Rule"]["name"], "fails")
    for logical_id in sorted(set(_resources(broken))) or [""]:
        yield Finding("guard", rule, stack, logical_id, what)


def _resources(node: Any) -> Iterator[str]:
    """Logical ids of the resources a broken rule stopped at; ``to`` is what it compared them with."""
    if isinstance(node, list):
        for item in node:
            yield from _resources(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "path" and (resource := re.match(r"/Resources/([^/]+)", str(value))):
                yield resource[1]
            elif key != "to":
                yield from _resources(value)


def prepare(synthesized: Sequence[SynthesizedStack], folder: Path) -> dict[str, str]:
    """Write what scanners should see into ``folder``, imports as sample values.

    Return ``<environment>/<stack>`` by file name.
    """
    names = {}
    for number, stack in enumerate(synthesized):
        name = f"{number:03}.template.json"
        (folder / name).write_text(json.dumps(with_imports(stack.template), indent=1), encoding="utf-8")
        names[name] = f"{stack.environment}/{stack.name}"
    return names


def _output(command: Sequence[str]) -> str:
    # Every scanner exits non-zero both for findings and for failures: what it printed tells them apart.
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode and not done.stdout.lstrip().startswith(("[", "{")):
        raise ScanError(f"{Path(command[0]).name} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


SCANNERS: dict[str, Callable[[Sequence[SynthesizedStack]], list[Finding]]] = {
    "cfn-lint": cfn_lint,
    "checkov": checkov,
    "guard": guard,
}
"""By the name that exceptions and findings carry."""
