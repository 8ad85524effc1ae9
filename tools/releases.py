"""What the commands about releases share: a model's release workflows, and what their executions say."""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct
from tools.executions import follow, summary
from tools.model_commands import UsageError
from tools.progress import Screen

POLL_SECONDS = 3.0
"""Between two looks at an execution; a person waits for it."""

FIRST_SECONDS = 0.5
"""Between two looks for the first step's answer, which is there within seconds."""

QUIET = re.compile(r"  (Wait|What is next\?|Was it confirmed\?|Did it end well\?|Has it failed before\?)  ")
"""States of the workflows that only lead to the next step."""

ASKING = "publish.waitForTaskToken"
"""Resource of a task that waits for an answer (Step Functions Developer Guide, "Wait for a callback")."""

_TOKEN = re.compile(r"--task-token\s+[\"']?([A-Za-z0-9+/=_.-]+)")


@dataclass(frozen=True)
class Question:
    """What an execution asks people, and the token that answers it."""

    execution: str
    subject: str
    message: str
    token: str


def version_or_package(text: str, what: str) -> int | str:
    """A version's number, or its ARN. Raises UsageError for anything else; ``what`` is the option's name."""
    if text.isdecimal() and int(text) > 0:
        return int(text)
    if re.fullmatch(r"arn:[\w-]+:sagemaker:[\w-]+:\d{12}:model-package/[\w-]+/\d+", text):
        return text
    raise UsageError(f"{what} must be a version's number or its ARN, given {text!r}")


def serving(settings: Environment) -> list[ModelProduct]:
    """The models that serve in the environment."""
    return [product for product in settings.products if product.serving is not None]


def quietly(show: Callable[[str], None]) -> Callable[[str], None]:
    """``show``, but not for states that do nothing themselves."""
    return lambda line: None if QUIET.search(f"{line}  ") else show(line)


def watch(stepfunctions: Any, execution: str) -> int:
    """Show an execution's steps and how it ended. Returns 0 if it did what it promises, else 1."""
    screen = Screen()
    ended = follow(stepfunctions, execution, screen, passing=screen.passing, poll_seconds=POLL_SECONDS)
    print("\n".join(summary(ended)), file=sys.stdout if ended.succeeded else sys.stderr)
    return 0 if ended.succeeded else 1


def tell_and_watch(stepfunctions: Any, execution: str, heading: str) -> int:
    """Say what an execution will do, then ``watch`` it."""
    # Told first of all: whoever is on call has to know before anything else happens.
    print(first_message(stepfunctions, execution) or "it has not said yet what it will do", flush=True)
    print(f"{heading}: {execution}")
    return watch(stepfunctions, execution)


def running(stepfunctions: Any, machine: str) -> list[str]:
    """ARNs of the executions of a state machine that run, newest first; none if it is not deployed."""
    pages = stepfunctions.get_paginator("list_executions").paginate(
        stateMachineArn=machine, statusFilter="RUNNING"
    )
    try:
        return [found["executionArn"] for page in pages for found in page["executions"]]
    except stepfunctions.exceptions.StateMachineDoesNotExist:
        return []


def history(stepfunctions: Any, execution: str) -> list[dict[str, Any]]:
    """Every event of an execution, oldest first."""
    pages = stepfunctions.get_paginator("get_execution_history").paginate(executionArn=execution)
    return [event for page in pages for event in page["events"]]


def question(execution: str, events: Sequence[Mapping[str, Any]]) -> Question | None:
    """What an execution waits to be told, or None; only the newest task can wait."""
    for event in reversed(events):
        details = event.get("taskScheduledEventDetails")
        if details is None:
            if event["type"] in ("TaskSubmitted", "TaskStarted"):
                continue
            return None
        if details["resource"] != ASKING:
            return None
        asked = json.loads(details["parameters"])
        found = _TOKEN.search(asked["Message"])
        return Question(execution, asked.get("Subject", ""), asked["Message"], found[1]) if found else None
    return None


def works(events: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """State and answer of every step of a release or rollback, oldest first."""
    for event in events:
        details = event.get("stateExitedEventDetails")
        output = json.loads(details.get("output") or "null") if details else None
        if details and isinstance(output, dict) and "Next" in (output.get("Payload") or {}):
            yield details["name"], output["Payload"]


def first_message(
    stepfunctions: Any,
    execution: str,
    *,
    within_seconds: float = 60,
    wait: Callable[[float], None] = time.sleep,
) -> str:
    """What the first step of an execution says, empty if it says nothing in that time."""
    for _ in range(int(within_seconds / FIRST_SECONDS)):
        events = history(stepfunctions, execution)
        for _, work in works(events):
            return str(work["Message"])
        if any(
            event["type"].startswith("Execution") and event["type"] != "ExecutionStarted" for event in events
        ):
            return ""
        wait(FIRST_SECONDS)
    return ""
