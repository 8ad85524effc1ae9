"""`make confirm MODEL= ENV=`: answers a release that waits for a person, with yes or with ANSWER=decline."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from mlplatform.settings import Environment
from tools.credentials import session_for
from tools.model_commands import UsageError, parsed, run
from tools.releases import Question, history, question, running
from tools.workflow import state_machine

LATE = {
    "TaskTimedOut": "it was answered already, or the time to answer is over",
    "TaskDoesNotExist": "the execution has ended",
    "InvalidToken": "the message in the execution's history is not one of this workflow",
}
"""What an error of SendTaskSuccess means (its API reference), by the error's code."""


def main(argv: Sequence[str] | None = None) -> int:
    """Show what is asked and answer it, in the caller's name. Returns 0, or 2 if nothing was answered."""
    parser = argparse.ArgumentParser(prog="make confirm MODEL= ENV=", description=__doc__)
    parser.add_argument("--answer", choices=("release", "decline"), default="release", help="(ANSWER=)")
    parser.add_argument("--name", help="of the execution, when several wait (NAME=)")
    return run("confirm", parsed(parser, argv), _answer, explained=_meaning)


def _answer(arguments: argparse.Namespace, settings: Environment) -> int:
    machines = asking(settings, arguments.model)
    session = session_for(settings)
    stepfunctions = session.client("stepfunctions")
    asked = the_one(waiting(stepfunctions, *machines), arguments.name)
    print(f"{asked.subject}\n{asked.message}\n")
    who = session.client("sts").get_caller_identity()["Arn"]
    answer = {"Confirmed": arguments.answer == "release", "By": who}
    stepfunctions.send_task_success(taskToken=asked.token, output=json.dumps(answer))
    done = "confirmed: the release goes on" if answer["Confirmed"] else "declined: the release ends"
    print(f"{done}, by {who}: {asked.execution}")
    return 0


def asking(settings: Environment, model: str) -> list[str]:
    """ARNs of a model's state machines that ask before a version comes to answer people.

    Raises UsageError for a model that does not serve in the environment.
    """
    tested = any(p.name == model and p.serving and p.serving.ab_test for p in settings.products)
    names = ("release", "ab-test") if tested else ("release",)
    return [state_machine(settings, model, name) for name in names]


def waiting(stepfunctions: Any, *machines: str) -> list[Question]:
    """Everything that executions of the state machines ask at this moment, each one's newest first."""
    runs = (arn for machine in machines for arn in running(stepfunctions, machine))
    asked = (question(arn, history(stepfunctions, arn)) for arn in runs)
    return [one for one in asked if one]


def the_one(asked: Sequence[Question], name: str | None) -> Question:
    """The question to answer. Raises UsageError if there is none, or several and no name."""
    named = [one for one in asked if not name or one.execution.rpartition(":")[2] == name]
    if not named:
        raise UsageError(f"no release {f'called {name} ' if name else ''}waits for an answer")
    if len(named) > 1:
        names = "; ".join(f"NAME={one.execution.rpartition(':')[2]} {one.subject}" for one in named)
        raise UsageError(f"several releases wait, say which: {names}")
    return named[0]


def _meaning(error: Exception) -> str:
    code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
    return f" ({LATE[code]})" if code in LATE else ""


if __name__ == "__main__":
    sys.exit(main())
