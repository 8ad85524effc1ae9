"""`make pause|resume|retire MODEL= ENV=`: takes a model's endpoint away, or brings its version back."""

import argparse
import sys
from collections.abc import Sequence

from mlplatform.settings import Environment
from release.pausing import ACTIONS
from tools.credentials import session_for
from tools.executions import start
from tools.model_commands import parsed, run
from tools.releases import tell_and_watch
from tools.workflow import state_machine


def main(argv: Sequence[str] | None = None) -> int:
    """Start the workflow, say what it will do, follow it. Returns 1 if it fails, 2 if nothing was started."""
    parser = argparse.ArgumentParser(prog="make pause MODEL= ENV=", description=__doc__)
    parser.add_argument("action", choices=ACTIONS)
    parser.add_argument("--reason", help="what the record says of why (REASON=)")
    arguments = parsed(parser, argv)
    return run(arguments.action, arguments, _act)


def _act(arguments: argparse.Namespace, settings: Environment) -> int:
    action, machine = arguments.action, state_machine(settings, arguments.model, "lifecycle")
    session = session_for(settings)
    stepfunctions = session.client("stepfunctions")
    given = {"action": action, "by": session.client("sts").get_caller_identity()["Arn"]}
    execution = start(stepfunctions, machine, given | _reason(arguments.reason))
    return tell_and_watch(stepfunctions, execution, f"{action} {arguments.model} in {settings.name}")


def _reason(reason: str | None) -> dict[str, str]:
    return {"reason": reason} if reason else {}


if __name__ == "__main__":
    sys.exit(main())
