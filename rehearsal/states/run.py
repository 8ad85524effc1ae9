"""One execution: what is known of it from outside, and what its states share."""

import datetime
import threading
from dataclasses import dataclass, field
from typing import Any

from rehearsal.api import Principal
from rehearsal.states.clock import Clock, iso
from rehearsal.states.errors import StoppedError
from rehearsal.states.history import History
from rehearsal.states.signals import Signal


@dataclass(frozen=True)
class Machine:
    """A state machine as it is when an execution starts: an update does not touch what already runs."""

    arn: str
    name: str
    role_arn: str
    definition: dict[str, Any]
    text: str
    created: datetime.datetime
    updated: datetime.datetime
    logging: dict[str, Any]
    tracing: dict[str, Any]
    kind: str = "STANDARD"
    revision: str | None = None


@dataclass
class Run:
    """An execution. ``input`` and ``output`` are JSON values; times are the world's."""

    arn: str
    name: str
    machine: Machine
    input: Any
    started: datetime.datetime
    principal: Principal
    map_run: str | None = None
    status: str = "RUNNING"
    stopped: datetime.datetime | None = None
    output: Any = None
    error: str | None = None
    cause: str | None = None
    history: History = field(default_factory=History)
    ending: StoppedError | None = None
    stop: Signal = field(default_factory=Signal)
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def deadline(self) -> datetime.datetime | None:
        """When the execution has run too long, if it has a limit."""
        limit = self.machine.definition.get("TimeoutSeconds")
        return None if limit is None else self.started + datetime.timedelta(seconds=limit)

    def end(self, ending: StoppedError) -> None:
        """Make every state of this execution stop; the first reason counts."""
        self.ending = self.ending or ending
        self.stop.set()

    def context(self) -> dict[str, Any]:
        """The parts of the context object that every state shares (the guide, "Context object")."""
        return {
            "Execution": {
                "Id": self.arn,
                "Input": self.input,
                "Name": self.name,
                "RoleArn": self.machine.role_arn,
                "StartTime": iso(self.started),
                "RedriveCount": 0,
            },
            "StateMachine": {"Id": self.machine.arn, "Name": self.machine.name},
        }

    def check(self, clock: Clock) -> None:
        """Raise StoppedError when the execution must go no further."""
        if self.deadline is not None and clock.now() > self.deadline:
            self.end(StoppedError("TIMED_OUT", "States.Timeout"))
        if self.ending is not None:
            raise self.ending
