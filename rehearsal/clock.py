"""The time of the emulated world: it passes as on any clock, and jumps over what everybody only waits for.

A discrete-event simulation. Whoever does something (a line of an execution, an update of a stack) has a
``Seat``; while one of them works, time passes at its natural pace. Once all of them wait, time jumps to the
first moment that anybody waits for, so an eight-hour canary takes an instant and nobody's hour passes within
another's second. Passive sleepers never make time jump, they are only woken on the way: an update of a stack
must not run ahead of the workflow that follows it.
"""

import datetime
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, Self

LOOK = 0.1
"""Seconds of this machine's time after which a sleeper notices that it shall stop."""

PATIENCE = 60.0
"""Seconds of this machine's time that a jump waits for those who work: no forgotten seat stops the world."""


class Stop(Protocol):
    """What ends a wait early, such as a threading.Event."""

    def is_set(self) -> bool:
        """Whether it shall end."""


@dataclass(eq=False)
class _Sleeper:
    """Somebody who waits until ``moment``; ``held`` seats are free meanwhile, ``drives`` makes time jump."""

    moment: datetime.datetime
    held: int
    drives: bool
    begun: float = field(default_factory=time.monotonic)
    awake: bool = False


class WorldClock:
    """The clock that everything of one emulated account goes by. Threads share it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._skipped = datetime.timedelta()
        self._busy = 0
        self._sleepers: list[_Sleeper] = []
        self._own = threading.local()
        self._stopped = False
        self._jumped = time.monotonic()

    def now(self) -> datetime.datetime:
        """The world's time, aware: this machine's and everything that was jumped over."""
        return datetime.datetime.now(datetime.UTC) + self._skipped

    def advance_to(self, moment: datetime.datetime) -> None:
        """Make it ``moment``, unless it is later: whoever waits for less is woken on the way, in order."""
        self._wait(moment, drives=True)

    def drive(self, seconds: float, stop: Stop | None = None) -> None:
        """Let ``seconds`` pass; returns early when ``stop`` is set."""
        self._wait(self.now() + datetime.timedelta(seconds=seconds), drives=True, stop=stop)

    def sleep(self, seconds: float, stop: Stop | None = None) -> bool:
        """Wait until ``seconds`` have passed by what others do; whether they have.

        They have not when ``stop`` is set or the clock is stopped before.
        """
        return self._wait(self.now() + datetime.timedelta(seconds=seconds), drives=False, stop=stop)

    def stop(self) -> None:
        """Wake everybody, for good: the account is no more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def seat(self) -> "Seat":
        """A seat for one who works, taken from now on; the thread that does the work enters it."""
        with self._changed:
            self._busy += 1
        return Seat(self)

    @contextmanager
    def idle(self) -> Iterator[None]:
        """Within, this thread only waits for others: nobody waits for it."""
        held = self.held()
        self.change(-held)
        try:
            yield
        finally:
            self.change(held)

    def held(self) -> int:
        """Seats of this thread."""
        return int(getattr(self._own, "held", 0))

    def hold(self, seats: int) -> None:
        """This thread has so many seats more."""
        self._own.held = self.held() + seats

    def change(self, seats: int) -> None:
        """So many more work; if nobody is left who does, time may jump."""
        with self._changed:
            self._busy += seats
            self._pass()

    def _wait(self, moment: datetime.datetime, *, drives: bool, stop: Stop | None = None) -> bool:
        sleeper = _Sleeper(moment, self.held(), drives)
        with self._changed:
            self._sleepers.append(sleeper)
            self._busy -= sleeper.held
            self._pass()
            while not (sleeper.awake or self._stopped or (stop and stop.is_set())):
                self._changed.wait(min(LOOK, max((moment - self.now()).total_seconds(), 0.001)))
                self._pass(sleeper)
            if not sleeper.awake:
                self._wake(sleeper)
                return False
        return True

    def _pass(self, impatient: _Sleeper | None = None) -> None:
        """Wake whom it is time to wake; if everybody waits, jump to the first moment anybody waits for.

        Who makes time pass without a seat (a test, somebody looking on) wakes last of those whose time has
        come, when all the others have done what they do at that moment.
        """
        while True:
            due = [sleeper for sleeper in self._sleepers if sleeper.moment <= self.now()]
            for sleeper in [one for one in due if one.held or not one.drives]:
                self._wake(sleeper)
            if self._busy > 0 and not (impatient and self._overdue(impatient)):
                return
            for sleeper in [one for one in due if not one.awake]:
                self._wake(sleeper)
            if due or not any(one.drives for one in self._sleepers):
                return
            first = min(one.moment for one in self._sleepers)
            self._skipped += max(first - self.now(), datetime.timedelta())
            self._jumped = time.monotonic()

    def _overdue(self, sleeper: _Sleeper) -> bool:
        """Whether one who may make time jump has waited for the others long enough."""
        return sleeper.drives and time.monotonic() - max(sleeper.begun, self._jumped) > PATIENCE

    def _wake(self, sleeper: _Sleeper) -> None:
        self._sleepers.remove(sleeper)
        self._busy += sleeper.held
        sleeper.awake = True
        self._changed.notify_all()


class Seat:
    """One who works. Enter it in the thread that does the work; time passes naturally until it is left."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock

    def __enter__(self) -> Self:
        """This thread works."""
        self._clock.hold(1)
        return self

    def __exit__(self, *_: object) -> None:
        """It is done."""
        self._clock.hold(-1)
        self._clock.change(-1)
