"""Starts an execution of a workflow and shows its states until it ends, in AWS or in a rehearsal."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tools.progress import Progress, clock

ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
FAILURES = ("TaskFailed", "TaskTimedOut", "MapRunFailed", "TaskStartFailed", "TaskSubmitFailed")
"""Event types of a failed attempt (API shape HistoryEventType)."""

_ENTERED, _EXITED = "StateEntered", "StateExited"
"""What the event types of a state end in; its kind comes before."""

POLL_SECONDS = 5.0


@dataclass(frozen=True)
class Ended:
    """How an execution ended: its status, its output when it succeeded, else error and cause."""

    arn: str
    status: str
    output: Mapping[str, Any]
    error: str = ""
    cause: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether the workflow did what it promises."""
        return self.status == "SUCCEEDED"


def start(stepfunctions: Any, arn: str, given: Mapping[str, Any], name: str | None = None) -> str:
    """Start the state machine ``arn`` with the input ``given``; returns the execution's ARN.

    The same ``name`` and input again, while it runs, is the same execution. Raises ClientError, e.g. for a
    name that another execution has.
    """
    named = {"name": name} if name else {}
    started = stepfunctions.start_execution(stateMachineArn=arn, input=json.dumps(given), **named)
    return str(started["executionArn"])


def follow(
    stepfunctions: Any,
    arn: str,
    show: Callable[[str], None],
    *,
    passing: Callable[[str], None] = lambda _: None,
    poll_seconds: float = POLL_SECONDS,
    wait: Callable[[float], None] = time.sleep,
) -> Ended:
    """Show what execution ``arn`` does, with the time each state took, and return how all ended.

    ``show`` gets lines that stay, ``passing`` those of rounds that still go on (``tools.progress``).
    """
    states = _States(Progress(show, passing))
    while True:
        described = stepfunctions.describe_execution(executionArn=arn)
        states.show_new(stepfunctions, arn)
        if described["status"] in ENDED:
            break
        wait(poll_seconds)
    states.progress.close()
    return Ended(
        arn,
        described["status"],
        json.loads(described.get("output") or "{}"),
        described.get("error", ""),
        described.get("cause", ""),
    )


class _States:
    """What of an execution's history has been shown already."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self._seen = 0
        self._entered: dict[str, float] = {}
        self._start: datetime | None = None

    def show_new(self, stepfunctions: Any, arn: str) -> None:
        """Show the events since the last time."""
        pages = stepfunctions.get_paginator("get_execution_history").paginate(executionArn=arn)
        for event in (event for page in pages for event in page["events"]):
            if event["id"] > self._seen:
                self._seen = event["id"]
                self._tell(event)

    def _tell(self, event: Mapping[str, Any]) -> None:
        kind, self._start = event["type"], self._start or event["timestamp"]
        now = (event["timestamp"] - self._start).total_seconds()
        if kind.endswith(_ENTERED):
            self._entered[event["stateEnteredEventDetails"]["name"]] = now
        elif kind.endswith(_EXITED):
            name = event["stateExitedEventDetails"]["name"]
            self.progress.state(kind.removesuffix(_EXITED), name, self._entered.get(name, now), now)
        elif kind in FAILURES:
            details = event.get(f"{kind[0].lower()}{kind[1:]}EventDetails", {})
            self.progress.note(f"{clock(now):>6}  attempt failed: {details.get('error')}")


def summary(ended: Ended) -> list[str]:
    """What came of an execution, one line per fact; of a failure the error and what to do."""
    if ended.succeeded:
        facts = {key: value for key, value in ended.output.items() if isinstance(value, str | int | float)}
        return [f"{key}: {value}" for key, value in facts.items()] or ["done"]
    return [f"{ended.status.lower()}: {ended.error or 'no error name'}", *(ended.cause or "").splitlines()]
