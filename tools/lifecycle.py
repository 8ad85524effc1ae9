"""`make pause|resume|retire MODEL= ENV=`: takes a model's endpoint away, or brings its version back."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mlplatform.settings import read_environments
from release.pausing import ACTIONS
from tools.credentials import session_for
from tools.executions import start
from tools.releases import FAILURES, advice, first_message, watch
from tools.workflow import state_machine


def main(argv: Sequence[str] | None = None) -> int:
    """Start the workflow, say what it will do, follow it. Returns 1 if it fails, 2 if nothing was started."""
    parser = argparse.ArgumentParser(prog="make pause MODEL= ENV=", description=__doc__)
    parser.add_argument("action", choices=ACTIONS)
    parser.add_argument("environment")
    parser.add_argument("model")
    parser.add_argument("--reason", help="what the record says of why (REASON=)")
    parser.add_argument("--folder", type=Path, default=Path("environments"))
    arguments = parser.parse_args(argv)
    action = arguments.action
    try:
        (settings,) = read_environments(arguments.folder, only=arguments.environment)
        machine = state_machine(settings, arguments.model, "lifecycle")
        session = session_for(settings)
        stepfunctions = session.client("stepfunctions")
        given = {"action": action, "by": session.client("sts").get_caller_identity()["Arn"]}
        execution = start(stepfunctions, machine, given | _reason(arguments.reason))
        print(first_message(stepfunctions, execution) or "it has not said yet what it will do", flush=True)
        print(f"{action} {arguments.model} in {settings.name}: {execution}")
        return watch(stepfunctions, execution)
    except FAILURES as error:
        print(f"{action}: {error}{advice(error)}", file=sys.stderr)
        return 2


def _reason(reason: str | None) -> dict[str, str]:
    return {"reason": reason} if reason else {}


if __name__ == "__main__":
    sys.exit(main())
