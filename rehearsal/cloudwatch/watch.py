"""All alarms together: evaluated by the world's time whenever somebody looks, and telling what changed."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

from rehearsal.cloudwatch import alarms, rules
from rehearsal.cloudwatch.alarms import Alarm, Transition
from rehearsal.cloudwatch.data import Metrics

Told = Callable[[Alarm, Transition], None]


class Watch:
    """The alarms of the account. ``before`` brings what metrics tell of up to a moment.

    ``lock`` guards everything that depends on the world's time: alarms, metrics, and the endpoints that both
    depend on. ``tell`` hears of each change once, after the lock is free.
    """

    def __init__(self, now: Callable[[], float], tell: Told) -> None:
        self.now, self.lock = now, threading.RLock()
        self.metrics = Metrics()
        self.alarms: dict[str, Alarm] = {}
        self.before: list[Callable[[float], None]] = []
        self._tell = tell
        self._untold: list[tuple[Alarm, Transition]] = []
        self._depth = 0

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock; on the way out of the outermost, tell what changed."""
        untold: list[tuple[Alarm, Transition]] = []
        with self.lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    untold, self._untold = self._untold, []
        for alarm, change in untold:
            self._tell(alarm, change)

    def settle(self) -> None:
        """Bring everything up to now."""
        with self.locked():
            moment = self.now()
            for bring in self.before:
                bring(moment)
            self._evaluate(self.alarms.values(), moment)

    def state(self, name: str, moment: float) -> str | None:
        """The state of an alarm at ``moment``, up to which metrics are known; None if there is none."""
        alarm = self.alarms.get(name)
        if alarm is None:
            return None
        with self.locked():
            needed = [self.alarms[one] for one in self._below(alarm) if one in self.alarms]
            self._evaluate([*needed, alarm], moment)
        return alarm.at(moment)

    def become(self, alarm: Alarm, state: str, reason: str) -> None:
        """Set an alarm's state, as SetAlarmState does: the next evaluation may change it."""
        with self.locked():
            self._note(alarm, [alarm.become(state, reason, self.now())])

    def _below(self, alarm: Alarm) -> list[str]:
        return rules.alarms_in(alarm.request["AlarmRule"]) if alarm.composite else []

    def _evaluate(self, some: Iterable[Alarm], moment: float) -> None:
        some = list(some)
        for alarm in (one for one in some if not one.composite):
            self._note(alarm, alarms.evaluate(alarm, self.metrics, moment))
        for alarm in (one for one in some if one.composite):
            self._composed(alarm, moment)

    def _composed(self, alarm: Alarm, moment: float) -> None:
        """A composite alarm changes when one it rests on does."""
        below = [self.alarms[name] for name in self._below(alarm) if name in self.alarms]
        changes = {change.moment for one in below for change in one.history}
        for at in sorted({one for one in changes if alarm.seen < one <= moment} | {moment}):
            alarming = rules.holds(alarm.request["AlarmRule"], partial(self._state_of, at))
            state = alarms.ALARM if alarming else alarms.OK
            reason = f"{alarm.request['AlarmRule']} is {'true' if alarming else 'false'}"
            self._note(alarm, [alarm.become(state, reason, at)])
        alarm.seen = max(alarm.seen, moment)

    def _state_of(self, moment: float, name: str) -> str:
        return self.alarms[name].at(moment) if name in self.alarms else alarms.INSUFFICIENT_DATA

    def _note(self, alarm: Alarm, changes: Iterable[Transition | None]) -> None:
        self._untold += [(alarm, change) for change in changes if change is not None]
