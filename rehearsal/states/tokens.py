"""Task tokens: what a workflow waits for until someone calls SendTaskSuccess or SendTaskFailure."""

import datetime
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

from rehearsal.api import ApiError
from rehearsal.clock import WorldClock
from rehearsal.states.errors import StateError


@dataclass
class Waiting:
    """A task that waits for its token. ``heartbeat`` is the world's time of the last sign of life."""

    heartbeat: datetime.datetime

    done: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    error: StateError | None = None


class Tokens:
    """The tokens of all waiting tasks."""

    def __init__(self, world: WorldClock) -> None:
        self._world = world
        self._waiting: dict[str, Waiting] = {}

    def new(self) -> tuple[str, Waiting]:
        """A token and what waits for it."""
        token, waiting = uuid.uuid4().hex, Waiting(self._world.now())
        self._waiting[token] = waiting
        return token, waiting

    def forget(self, token: str) -> None:
        """Nobody waits any more."""
        self._waiting.pop(token, None)

    def succeed(self, token: str, result: Any) -> None:
        """The task's result; raises ApiError TaskTimedOut when nobody waits for it."""
        waiting = self._take(token)
        waiting.result = result
        waiting.done.set()

    def fail(self, token: str, error: str, cause: str) -> None:
        """The task failed."""
        waiting = self._take(token)
        waiting.error = StateError(error, cause)
        waiting.done.set()

    def beat(self, token: str) -> None:
        """The task lives."""
        self._find(token).heartbeat = self._world.now()

    def _find(self, token: str) -> Waiting:
        if token not in self._waiting:
            raise ApiError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        return self._waiting[token]

    def _take(self, token: str) -> Waiting:
        waiting = self._find(token)
        self.forget(token)
        return waiting
