"""`make release MODEL= ENV=`: releases the newest approved version of a model, or the one named."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from mlplatform.settings import Environment
from tools.credentials import session_for
from tools.executions import start
from tools.model_commands import parsed, run
from tools.releases import version_or_package, watch
from tools.workflow import state_machine


def main(argv: Sequence[str] | None = None) -> int:
    """Start a release and follow it. Returns 1 if it does not end well, 2 if nothing was started."""
    parser = argparse.ArgumentParser(prog="make release MODEL= ENV=", description=__doc__)
    parser.add_argument("--version", help="number or ARN; the newest approved one if left out (VERSION=)")
    parser.add_argument("--name", help="of the execution: the same name is never run twice (NAME=)")
    return run("release", parsed(parser, argv), _release)


def _release(arguments: argparse.Namespace, settings: Environment) -> int:
    machine = state_machine(settings, arguments.model, "release")
    given = wanted(arguments.version)
    stepfunctions = session_for(settings).client("stepfunctions")
    execution = start(stepfunctions, machine, given, arguments.name)
    print(f"release {arguments.model} in {settings.name}: {execution}")
    print(expectation(settings, arguments.model))
    return watch(stepfunctions, execution)


def wanted(version: str | None) -> dict[str, Any]:
    """The input of the execution. Raises UsageError for what names no version."""
    if not version:
        return {}
    named = version_or_package(version, "VERSION")
    return {"version": named} if isinstance(named, int) else {"model_package_arn": named}


def expectation(settings: Environment, model: str) -> str:
    """What a person who waits should know. The model must have ``serving``."""
    told = []
    if settings.release.after:
        told.append(f"it asks for an answer first: make confirm ENV={settings.name} MODEL={model}")
    (shadow,) = (p.serving.shadow for p in settings.products if p.name == model and p.serving)
    if shadow:
        told.append(f"it watches the version beside production for {shadow.bake_minutes} minutes")
    return "\n".join([*told, "it goes on when this command is stopped; make rollback stops it"])


if __name__ == "__main__":
    sys.exit(main())
