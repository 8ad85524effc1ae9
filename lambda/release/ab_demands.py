"""What a challenger must be shown to be, metric by metric, by the settings of its A/B test."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from release.comparisons import FAIL, INCONCLUSIVE, PASS, limit_of
from release.judge import ERRORS, LATENCIES
from release.statistics import Interval
from release.words import value_text

ERROR, LATENCY, OUTCOME = "error", "latency", "outcome"


@dataclass(frozen=True)
class Demand:
    """One metric and its limit. ``kind`` says how it is compared, ``name`` is that of the measurement.

    ``limit`` bounds the difference, challenger less production, in ``unit`` (points, or percent of
    production's): from below if ``higher`` is better, else from above. ``better`` demands that the challenger
    is better, not only no worse.
    """

    metric: str
    kind: str
    name: str
    limit: float
    higher: bool = False
    better: bool = False

    @property
    def unit(self) -> str:
        """Of the limit."""
        return "%" if self.kind == LATENCY else "points"

    @property
    def wanted(self) -> str:
        """The limit in words, e.g. ``at least -0.5 points``."""
        words = {(False, False): "at most", (False, True): "less than", (True, False): "at least"}
        return f"{words.get((self.higher, self.better), 'more than')} {value_text(self.limit, self.unit)}"

    def outcome(self, interval: Interval) -> str:
        """Pass if all of the interval is within the limit, fail if none of it is."""
        low, high = self._worsening(interval)
        limit = -self.limit if self.higher else self.limit
        if high < limit or (high == limit and not self.better):
            return PASS
        return FAIL if low > limit else INCONCLUSIVE

    def harmful(self, interval: Interval) -> bool:
        """Whether the challenger is shown to be worse than production, and by more than it may."""
        limit = -self.limit if self.higher else self.limit
        return self._worsening(interval)[0] > max(0.0, limit)

    def _worsening(self, interval: Interval) -> Interval:
        low, high = interval
        return (-high, -low) if self.higher else (low, high)


def demands(ab: Mapping[str, Any]) -> tuple[Demand, ...]:
    """Every demand of the section ``AbTest``, in the order of reports."""
    return (*_of_service(ab), *map(_of_outcome, ab.get("Metrics") or ()))


def _of_service(ab: Mapping[str, Any]) -> Iterator[Demand]:
    limit = limit_of(ab, "ErrorRateIncreasePercentagePoints")
    if limit is not None:
        yield from (Demand(title, ERROR, name, limit) for name, title in ERRORS.items())
    for name, (title, key) in LATENCIES.items():
        limit = limit_of(ab, key)
        if limit is not None:
            yield Demand(title, LATENCY, name, limit)


def _of_outcome(metric: Mapping[str, Any]) -> Demand:
    name, higher = str(metric["Name"]), metric["Direction"] == "higher"
    better = metric.get("BetterByPoints") is not None
    points = float(metric["BetterByPoints"] if better else metric["NoWorseByPoints"])
    # By how much the difference may, or must, lie above nothing.
    above = points if higher == better else -points
    return Demand(name, OUTCOME, name, above + 0.0, higher, better)
