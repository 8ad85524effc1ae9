"""Time of a rehearsed execution: waits are recorded at full length and slept for an instant."""

import datetime
import threading
import time

LONGEST_SLEEP = 0.05
"""Seconds a wait is really slept at most."""


class Clock:
    """The time of one line of control. Branches that run beside each other have their own."""

    def __init__(self, speed: float, skipped: float = 0.0) -> None:
        self.speed, self.skipped = speed, skipped

    def now(self) -> datetime.datetime:
        """The recorded time: the real one and everything waited but not slept."""
        return datetime.datetime.fromtimestamp(time.time() + self.skipped, tz=datetime.UTC)

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Let ``seconds`` pass on the record; returns early when ``stop`` is set."""
        slept = min(max(seconds, 0.0) / self.speed, LONGEST_SLEEP)
        stop.wait(slept)
        self.skipped += max(seconds, 0.0) - slept

    def branch(self) -> "Clock":
        """A clock for a branch that starts now."""
        return Clock(self.speed, self.skipped)

    def join(self, branches: "list[Clock]") -> None:
        """Go on when the slowest branch is done."""
        self.skipped = max([self.skipped, *(branch.skipped for branch in branches)])


def iso(moment: datetime.datetime) -> str:
    """RFC 3339 with milliseconds and Z, as the context object and SDK results spell times."""
    return moment.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
