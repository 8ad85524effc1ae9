"""`make rollback MODEL= ENV=`: brings back the version that served before, or the one named."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlplatform.settings import read_environments
from tools.credentials import session_for
from tools.executions import start
from tools.releases import FAILURES, advice, first_message, version_or_package, watch
from tools.workflow import state_machine


def main(argv: Sequence[str] | None = None) -> int:
    """Start a rollback, say what it will do, follow it. Returns 1 if it fails, 2 if nothing was started."""
    parser = argparse.ArgumentParser(prog="make rollback MODEL= ENV=", description=__doc__)
    parser.add_argument("environment")
    parser.add_argument("model")
    parser.add_argument(
        "--to", help="a version's number or ARN; the one that served before if left out (TO=)"
    )
    parser.add_argument("--reason", help="what the record says of why (REASON=)")
    parser.add_argument("--folder", type=Path, default=Path("environments"))
    arguments = parser.parse_args(argv)
    try:
        (settings,) = read_environments(arguments.folder, only=arguments.environment)
        machine = state_machine(settings, arguments.model, "rollback")
        given = wanted(arguments.to, arguments.reason)
        stepfunctions = session_for(settings).client("stepfunctions")
        execution = start(stepfunctions, machine, given)
        # Told first of all: whoever is on call has to know before anything else happens.
        print(first_message(stepfunctions, execution) or "it has not said yet what it will do", flush=True)
        print(f"rollback {arguments.model} in {settings.name}: {execution}")
        return watch(stepfunctions, execution)
    except FAILURES as error:
        print(f"rollback: {error}{advice(error)}", file=sys.stderr)
        return 2


def wanted(to: str | None, reason: str | None) -> dict[str, Any]:
    """The input of the execution. Raises UsageError for what names no version."""
    given: dict[str, Any] = {"to": version_or_package(to, "TO")} if to else {}
    return {**given, "reason": reason} if reason else given


if __name__ == "__main__":
    sys.exit(main())
