"""Early stopping of tuning's trials, by the metrics they log while they train."""

import statistics
import threading
from typing import Protocol


class Stoppable(Protocol):
    """A trial: setting its event stops it."""

    stop: threading.Event


class MedianStopping:
    """Early stopping as the developer guide describes it ("Stop training jobs early").

    A trial ends when its objective after an epoch is worse than the median of the running averages of the
    earlier trials up to that epoch.
    """

    def __init__(self, maximize: bool) -> None:
        self.maximize, self._lock = maximize, threading.Lock()
        self._finished: list[list[float]] = []

    def watch(self, metric: str, active: bool) -> "MetricObserver":
        """An observer of one trial."""
        return MetricObserver(self, metric, active)

    def add(self, values: list[float]) -> None:
        """The objective per epoch of a trial that has ended."""
        with self._lock:
            self._finished.append(values)

    def worse(self, values: list[float]) -> bool:
        """Whether a trial with these values so far should stop."""
        epoch = len(values)
        with self._lock:
            averages = [statistics.fmean(v[:epoch]) for v in self._finished if len(v) >= epoch]
        if len(averages) < 2:
            return False
        median = statistics.median(averages)
        return values[-1] < median if self.maximize else values[-1] > median


class MetricObserver:
    """Sees a trial's metrics as they are logged, and stops it when that is due."""

    def __init__(self, rule: MedianStopping, metric: str, active: bool) -> None:
        self._rule, self._metric, self._active = rule, metric, active
        self.values: list[float] = []
        self.trial: Stoppable | None = None

    def __call__(self, name: str, value: float) -> None:
        """Take one value of a metric."""
        if name != self._metric:
            return
        self.values.append(value)
        if self._active and self.trial is not None and self._rule.worse(self.values):
            self.trial.stop.set()

    def finish(self) -> None:
        """The trial has ended: it counts for those that follow."""
        if self.values:
            self._rule.add(self.values)
