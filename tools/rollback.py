"""`make rollback MODEL= ENV=`: brings back the version that served before, or the one named."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from mlplatform.settings import Environment
from tools.credentials import session_for
from tools.executions import start
from tools.model_commands import parsed, run
from tools.releases import tell_and_watch, version_or_package
from tools.workflow import state_machine


def main(argv: Sequence[str] | None = None) -> int:
    """Start a rollback, say what it will do, follow it. Returns 1 if it fails, 2 if nothing was started."""
    parser = argparse.ArgumentParser(prog="make rollback MODEL= ENV=", description=__doc__)
    parser.add_argument(
        "--to", help="a version's number or ARN; the one that served before if left out (TO=)"
    )
    parser.add_argument("--reason", help="what the record says of why (REASON=)")
    return run("rollback", parsed(parser, argv), _roll_back)


def _roll_back(arguments: argparse.Namespace, settings: Environment) -> int:
    machine = state_machine(settings, arguments.model, "rollback")
    given = wanted(arguments.to, arguments.reason)
    stepfunctions = session_for(settings).client("stepfunctions")
    execution = start(stepfunctions, machine, given)
    return tell_and_watch(stepfunctions, execution, f"rollback {arguments.model} in {settings.name}")


def wanted(to: str | None, reason: str | None) -> dict[str, Any]:
    """The input of the execution. Raises UsageError for what names no version."""
    given: dict[str, Any] = {"to": version_or_package(to, "TO")} if to else {}
    return {**given, "reason": reason} if reason else given


if __name__ == "__main__":
    sys.exit(main())
