"""`make synth`: settings to reviewed templates. ``cdk.out`` changes only when every check has passed."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from mlplatform.settings import SettingsError, read_environments
from tools import findings, tables
from tools.assembly import SynthesizedStack, missing_context, stacks
from tools.bootstrap_template import lacking
from tools.cost import monthly_total

MAX_RESOURCES, MAX_TEMPLATE_BYTES, MAX_OUTPUTS = 450, 1_000_000, 200
"""Our margin below CloudFormation's quotas: 500 resources, 1 MB (which CDK does not check), 200 outputs."""

OUTDIR = Path("cdk.out")


def main() -> int:
    """Synthesize into a folder beside ``cdk.out``, check, and swap. Returns the exit code."""
    try:
        read_environments(Path("environments"))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    work = OUTDIR.with_suffix(".new")
    shutil.rmtree(work, ignore_errors=True)
    cdk = str(Path(sys.executable).with_name("cdk"))
    command = [cdk, "synth", "--quiet", "**", "--output", str(work)]
    cli = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if cli.returncode:
        return _refused(cli.stdout)
    found = findings.read(work)
    synthesized = list(stacks(work))
    problems = [*over_limits(synthesized), *missing_context(work), *lacking(synthesized), *found.problems]
    if problems:
        return _refused("\n".join(problems))
    closing = summary(synthesized, found)
    shutil.rmtree(OUTDIR, ignore_errors=True)
    work.rename(OUTDIR)
    print(closing)
    return 0


def _refused(why: str) -> int:
    print(f"{why.rstrip()}\n\nsynth: refused, {OUTDIR} is unchanged", file=sys.stderr)
    return 1


def over_limits(synthesized: Sequence[SynthesizedStack]) -> Iterator[str]:
    """One line for every stack beyond a limit."""
    for stack in synthesized:
        template = stack.template
        for what, given, most in (
            ("resources", len(template["Resources"]), MAX_RESOURCES),
            ("bytes", len(stack.text.encode()), MAX_TEMPLATE_BYTES),
            ("outputs", len(template.get("Outputs", {})), MAX_OUTPUTS),
        ):
            if given > most:
                yield f"{stack.environment}/{stack.name}: {given} {what}, allowed: {most}"


def summary(synthesized: Sequence[SynthesizedStack], found: findings.Findings) -> str:
    """The table a synthesis ends with, and the next command to type."""
    rows = []
    for stack in synthesized:
        at = (stack.environment, stack.name)
        resources, size = len(stack.template["Resources"]), len(stack.text.encode()) / 1000
        cost = monthly_total(stack.template, stack.region)
        counts = (resources, f"{size:.0f}", found.open(*at), found.acknowledged(*at), f"{cost:,.0f}")
        rows.append([*at, *map(str, counts)])
    heads = ["environment", "stack", "resources", "KB", "open findings", "acknowledged", "USD/month"]
    first = synthesized[0].environment
    notes = (
        "Acknowledged findings and their reasons: docs/security/acknowledged.md",
        "USD/month: fixed cost at list price before any use; make cost ENV=... says what that leaves out.",
        f"Next: make diff ENV={first}, then make deploy ENV={first}",
    )
    return "\n".join((tables.render(heads, rows, right=range(2, 7)), "", *notes))


if __name__ == "__main__":
    sys.exit(main())
