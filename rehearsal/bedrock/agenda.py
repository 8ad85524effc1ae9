"""What is yet to happen in Bedrock, by the world's clock.

Whatever is due happens in the order of its moments, as soon as the clock comes there or somebody asks: a
reader always sees the state of the present moment, however far the clock has jumped.
"""

import heapq
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from threading import RLock, Thread

from rehearsal.clock import Seat, WorldClock

Action = Callable[[datetime], None]
"""Does what is due; it is told the moment it was due at, which may be past."""

PATIENCE = 30.0
"""Seconds of this machine's time that one who asks waits for what is happening: a job's work takes some."""


class Agenda:
    """Actions by their moments. Threads may share it."""

    def __init__(self, clock: WorldClock, note: Callable[[str], None]) -> None:
        self._clock, self._note = clock, note
        self._lock, self._numbers = RLock(), count()
        self._due: list[tuple[datetime, int, Action]] = []

    def after(self, moment: datetime, seconds: float, action: Action) -> None:
        """Let ``action`` happen ``seconds`` after ``moment``; time does not jump over it."""
        due = moment + timedelta(seconds=seconds)
        with self._lock:
            heapq.heappush(self._due, (due, next(self._numbers), action))
        seat = self._clock.seat()
        Thread(target=self._come, args=(seat, due), name="bedrock", daemon=True).start()

    def settle(self, *, patiently: bool = True) -> None:
        """Let everything happen that is due; not ``patiently``, only if nothing is happening just now."""
        if not self._lock.acquire(timeout=PATIENCE if patiently else 0):
            return
        try:
            while self._due and self._due[0][0] <= self._clock.now():
                due, _, action = heapq.heappop(self._due)
                self._happen(action, due)
        finally:
            self._lock.release()

    def _come(self, seat: Seat, due: datetime) -> None:
        with seat:
            if self._clock.sleep((due - self._clock.now()).total_seconds()):
                self.settle()

    def _happen(self, action: Action, due: datetime) -> None:
        try:
            action(due)
        except Exception:  # the fault of one action must not end the thread of all
            self._note(f"Bedrock: {traceback.format_exc()}")
