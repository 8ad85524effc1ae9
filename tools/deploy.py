"""`make deploy ENV=`: deploys what `make synth` wrote and checked, to the account the file names."""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mlplatform.settings import Environment, SettingsError, read_environments
from tools.assembly import SynthesizedStack, stacks
from tools.credentials import CredentialsError, session_for
from tools.deployed import deployed_stacks, of_environment
from tools.instance_types import changed
from tools.left_behind import left_behind, told


def main(argv: Sequence[str] | None = None) -> int:
    """Check whose credentials these are and deploy. Returns CDK's exit code, 2 if nothing was deployed."""
    parser = argparse.ArgumentParser(prog="make deploy ENV=", description=__doc__)
    parser.add_argument("environment")
    parser.add_argument("--stack", help="only this one, and those it stands on (STACK=)")
    parser.add_argument("--approved", action="store_true", help="wider permissions are reviewed (APPROVED=1)")
    parser.add_argument("--express", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, default=Path("environments"))
    parser.add_argument("--outdir", type=Path, default=Path("cdk.out"))
    arguments = parser.parse_args(argv)
    if arguments.express:
        return _refuse(EXPRESS)
    try:
        (settings,) = read_environments(arguments.folder, only=arguments.environment)
        if unfit := unfit_for(settings, arguments.outdir, arguments.stack):
            return _refuse(unfit)
        session = session_for(settings, same_region=True)
        cloudformation = session.client("cloudformation")
        if impossible := changed(settings, cloudformation, arguments.outdir, arguments.stack):
            return _refuse("\ndeploy: ".join(impossible))
        deployed = (stack["StackName"] for stack in deployed_stacks(cloudformation))
        for line in told(settings, left_behind(settings, deployed)):
            print(line)
        for name in unprotect_failed(settings, cloudformation):
            print(f"{name} was never created: it may be deleted and is deployed anew")
    except (SettingsError, CredentialsError, BotoCoreError, ClientError) as error:
        return _refuse(str(error))
    words = command(settings, arguments.outdir, arguments.stack, approved=arguments.approved)
    return subprocess.run(words, check=False).returncode


EXPRESS = (
    "--express is not for this project: a deployment would be over before the endpoints are ready, and "
    "nobody would learn that one was rolled back"
)

NEVER_CREATED = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
"""States after a first deployment that failed: the stack holds nothing and can only be deleted."""


def unprotect_failed(settings: Environment, cloudformation: Any) -> list[str]:
    """Let the CDK CLI delete stacks that were never created, which it protected before it created them.

    Returns their names. Otherwise the CLI could not deploy them again, nor delete them.
    """
    found = [
        stack["StackName"]
        for stack in of_environment(settings.names, deployed_stacks(cloudformation))
        if stack["StackStatus"] in NEVER_CREATED and stack.get("EnableTerminationProtection")
    ]
    for name in found:
        cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=False)
    return found


def unfit_for(settings: Environment, outdir: Path, stack: str | None) -> str:
    """Why ``outdir`` cannot be deployed to the environment, in one line; empty if it can."""
    found = [s for s in stacks(outdir) if s.environment == settings.name]
    if not found:
        return f"{outdir} has no {settings.name}: run make synth first"
    here = f"aws://{settings.account}/{settings.region}"
    if elsewhere := _places(found) - {here}:
        return f"{outdir} is for {min(elsewhere)}, the file says {here}: run make synth again"
    names = [s.name for s in found]
    if stack and stack not in names:
        return f"no stack {stack} in {settings.name}, there is: {', '.join(names)}"
    return ""


def _places(found: Iterable[SynthesizedStack]) -> set[str]:
    """``aws://<account>/<region>`` of every stack."""
    manifests = {stack.path.with_name("manifest.json") for stack in found}
    artifacts = [json.loads(m.read_text(encoding="utf-8"))["artifacts"].values() for m in manifests]
    return {a["environment"] for each in artifacts for a in each if a["type"] == "aws:cloudformation:stack"}


def command(settings: Environment, outdir: Path, stack: str | None, *, approved: bool = False) -> list[str]:
    """The CDK command for what was checked; unless ``approved``, it asks before it widens permissions."""
    cdk = str(Path(sys.executable).with_name("cdk"))
    pattern = f"{settings.name}/{stack or '*'}"
    asks = "never" if approved else "broadening"
    return [cdk, "deploy", pattern, "--app", str(outdir), "--require-approval", asks]


def _refuse(why: str) -> int:
    print(f"deploy: {why}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
