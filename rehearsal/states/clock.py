"""Time of a rehearsed execution: the world's, whose waits jump."""

import datetime
import threading

from rehearsal.clock import WorldClock

LONGEST_SLEEP = 0.05
"""Seconds a wait is really slept at most, so that what is really under way elsewhere gets on meanwhile."""


class Clock:
    """The clock of all executions of an account; ``speed``: how much faster than real short waits pass."""

    def __init__(self, world: WorldClock, speed: float) -> None:
        self.world, self.speed = world, speed

    def now(self) -> datetime.datetime:
        """The world's time."""
        return self.world.now()

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Let ``seconds`` pass in the world; returns early when ``stop`` is set."""
        end = self.now() + datetime.timedelta(seconds=max(seconds, 0.0))
        stop.wait(min(max(seconds, 0.0) / self.speed, LONGEST_SLEEP))
        self.world.drive((end - self.now()).total_seconds(), stop)


def iso(moment: datetime.datetime) -> str:
    """RFC 3339 with milliseconds and Z, as the context object and SDK results spell times."""
    return moment.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
