"""`make preflight ENV=`: what in the account stands in the way of an environment, with what mends it."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from mlplatform.settings import Environment, SettingsError, read_environments
from tools.assembly import SynthesizedStack, stacks
from tools.credentials import CredentialsError, session_for
from tools.left_behind import without_models
from tools.preflight_account import (
    bedrock,
    bootstrapped,
    identity_center,
    network,
    service_linked_roles,
)
from tools.preflight_collisions import Finding, collisions
from tools.preflight_quotas import quotas

CHECKS = {
    "bootstrap": bootstrapped,
    "network": network,
    "Identity Center": identity_center,
    "quotas": quotas,
    "service-linked roles": service_linked_roles,
    "Amazon Bedrock": bedrock,
    "models that are gone": without_models,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Print every finding. Returns 0 when nothing blocks, 1 when something does, 2 if nothing was checked."""
    parser = argparse.ArgumentParser(prog="make preflight ENV=", description=__doc__)
    parser.add_argument("environment")
    parser.add_argument("--folder", type=Path, default=Path("environments"))
    parser.add_argument("--outdir", type=Path, default=Path("cdk.out"))
    arguments = parser.parse_args(argv)
    try:
        (settings,) = read_environments(arguments.folder, only=arguments.environment)
        synthesized = [s for s in stacks(arguments.outdir) if s.environment == settings.name]
        if not synthesized:
            return _refuse(f"{arguments.outdir} has no {settings.name}: run make synth first")
        session = session_for(settings)
    except (SettingsError, CredentialsError) as error:
        return _refuse(str(error))
    found, unchecked = look(settings, session, synthesized)
    print(report(settings, found, unchecked))
    return 1 if unchecked or any(finding.blocks for finding in found) else 0


def look(
    settings: Environment, session: boto3.Session, synthesized: Sequence[SynthesizedStack]
) -> tuple[list[Finding], list[str]]:
    """Every finding, those that block first, and a line for every check that could not be made."""
    found: list[Finding] = []
    unchecked: list[str] = []

    def run(what: str, findings: Iterator[Finding]) -> None:
        try:
            found.extend(findings)
        except (BotoCoreError, ClientError) as error:
            unchecked.append(f"{what}: {error}")

    run("existing resources", collisions(settings, session, synthesized))
    for what, check in CHECKS.items():
        run(what, check(settings, session))
    return sorted(found, key=lambda finding: not finding.blocks), unchecked


def report(settings: Environment, found: Sequence[Finding], unchecked: Sequence[str]) -> str:
    """The findings, each with its command on a line of its own, and a closing line."""
    lines = []
    for finding in found:
        lines += [f"{'' if finding.blocks else 'later: '}{finding.what}", f"    {finding.command}"]
    lines += [f"not checked, {line}" for line in unchecked]
    blocking = sum(finding.blocks for finding in found)
    later = len(found) - blocking
    closing = f"{settings.name}: in the way: {blocking}, in the way of later use: {later}"
    return "\n".join([*lines, f"{closing}, not checked: {len(unchecked)}"])


def _refuse(why: str) -> int:
    print(f"preflight: {why}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
