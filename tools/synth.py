"""`make synth`: settings to reviewed templates. ``cdk.out`` changes only when every check has passed."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from mlplatform.settings import Environment, SettingsError, read_environments
from tools import findings
from tools.assembly import SynthesizedStack, missing_context, stacks
from tools.cost import monthly_total
from tools.tables import table

MAX_RESOURCES, MAX_TEMPLATE_BYTES, MAX_OUTPUTS = 450, 1_000_000, 200
"""Our margin below CloudFormation's quotas: 500 resources, 1 MB template (which CDK does not check), 200 outputs."""

OUTDIR = Path("cdk.out")


def main() -> int:
    """Synthesize into a folder beside ``cdk.out``, check, and swap. Returns the exit code."""
    try:
        environments = read_environments(Path("environments"))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    work = OUTDIR.with_suffix(".new")
    shutil.rmtree(work, ignore_errors=True)
    if code := subprocess.run(["cdk", "synth", "--quiet", "**", "--output", str(work)]).returncode:
        print(f"\nsynth: refused, {OUTDIR} is unchanged", file=sys.stderr)
        return code
    found = findings.read(work)
    synthesized = list(stacks(work))
    if problems := [*over_limits(synthesized), *missing_context(work), *found.problems]:
        print("\n".join(problems), f"\nsynth: refused, {OUTDIR} is unchanged", sep="\n", file=sys.stderr)
        return 1
    shutil.rmtree(OUTDIR, ignore_errors=True)
    work.rename(OUTDIR)
    print(summary(environments, synthesized, found))
    return 0


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


def summary(
    environments: Sequence[Environment], synthesized: Sequence[SynthesizedStack], found: findings.Findings
) -> str:
    """The table a synthesis ends with, and the next command to type."""
    regions = {environment.name: environment.region for environment in environments}
    rows = []
    for stack in synthesized:
        resources, size = len(stack.template["Resources"]), len(stack.text.encode()) / 1000
        cost = monthly_total(stack.template, regions[stack.environment])
        acknowledged = found.acknowledged(stack.environment, stack.name)
        rows.append((stack.environment, stack.name, resources, f"{size:.0f}", acknowledged, f"{cost:,.0f}"))
    heads = ("environment", "stack", "resources", "KB", "acknowledged", "USD/month")
    first = environments[0].name
    notes = (
        "All findings are fixed or acknowledged beside their resource (docs/security/acknowledged.md).",
        "USD/month: fixed cost at list price, before any use; `make cost ENV=...` says what it leaves out.",
        f"Next: make test, make diff ENV={first}, then cdk deploy '{first}/*'",
    )
    return "\n".join((table(heads, rows), "", *notes))


if __name__ == "__main__":
    sys.exit(main())
