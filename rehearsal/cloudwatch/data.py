"""Metric data: what was observed in each minute, and every statistic of it.

Amazon CloudWatch user guide, "Metrics concepts" and "CloudWatch statistics definitions".
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.api import ApiError

Dimensions = frozenset[tuple[str, str]]
"""Names and values; a metric is another one with other dimensions ("Dimensions")."""


@dataclass(frozen=True)
class Key:
    """One metric."""

    namespace: str
    name: str
    dimensions: Dimensions

    @classmethod
    def of(cls, request: Mapping[str, Any], namespace: str = "") -> "Key":
        """The metric that a member with Namespace, MetricName and Dimensions names."""
        dimensions = frozenset((one["Name"], one["Value"]) for one in request.get("Dimensions", ()))
        return cls(str(request.get("Namespace", namespace)), str(request["MetricName"]), dimensions)


@dataclass
class Values:
    """Observations: each value and how often it occurred.

    ``coarse`` if only their sum and extremes are known, so that they have no percentiles ("Percentiles":
    statistic sets have none, unless all of their values are the same).
    """

    pairs: list[tuple[float, float]] = field(default_factory=list)
    coarse: bool = False

    def add(self, other: "Values") -> None:
        """Observe these, too."""
        self.pairs += other.pairs
        self.coarse = self.coarse or other.coarse

    @property
    def count(self) -> float:
        """``SampleCount``."""
        return sum(count for _, count in self.pairs)

    def statistic(self, name: str) -> float | None:
        """``Sum``, ``Average``, ``Minimum``, ``Maximum``, ``SampleCount`` or ``pNN.N``; None without one."""
        count = self.count
        if not count:
            return None
        total = sum(value * times for value, times in self.pairs)
        if found := re.fullmatch(r"[pP](\d{1,2}(?:\.\d+)?|100)", name):
            return None if self.coarse else self._percentile(float(found[1]) / 100, count)
        known = {
            "Sum": total,
            "SampleCount": count,
            "Average": total / count,
            "Minimum": min(value for value, _ in self.pairs),
            "Maximum": max(value for value, _ in self.pairs),
        }
        if name not in known:
            raise ApiError("InvalidParameterValue", f"The value {name} for parameter Stat is not supported.")
        return known[name]

    def _percentile(self, share: float, count: float) -> float:
        """The least value that at least this share of the observations does not exceed."""
        seen = 0.0
        for value, times in sorted(self.pairs):
            seen += times
            if seen >= share * count - 1e-9:
                return value
        return max(value for value, _ in self.pairs)


def values_of(datum: Mapping[str, Any]) -> Values:
    """What one MetricDatum of PutMetricData observed."""
    if "StatisticValues" in datum:
        return _of_set({name: float(value) for name, value in datum["StatisticValues"].items()})
    if "Values" in datum:
        counts = datum.get("Counts") or [1.0] * len(datum["Values"])
        pairs = zip(datum["Values"], counts, strict=True)
        return Values([(float(value), float(count)) for value, count in pairs])
    if "Value" not in datum:
        raise ApiError("MissingParameter", "The parameter MetricData.member.1.Value is required.")
    value = float(datum["Value"])
    if not math.isfinite(value):
        raise ApiError("InvalidParameterValue", f"The value {value} for parameter Value is invalid.")
    return Values([(value, 1.0)])


def _of_set(given: Mapping[str, float]) -> Values:
    """A statistic set, as observations with the same sum, count and extremes."""
    count, low, high = given["SampleCount"], given["Minimum"], given["Maximum"]
    if count <= 2 or low == high:
        return Values([(low, count / 2), (high, count / 2)], coarse=low != high)
    middle = (given["Sum"] - low - high) / (count - 2)
    return Values([(low, 1.0), (middle, count - 2), (high, 1.0)], coarse=True)


Source = Callable[[Key, float, float], Iterable[tuple[float, Values]]]
"""Observations of a metric from one moment until another (seconds since the epoch), for each minute."""


class Metrics:
    """What was put, and what the sources of a namespace tell."""

    def __init__(self) -> None:
        self._put: dict[Key, dict[float, Values]] = {}
        self._sources: dict[str, list[Source]] = {}

    def source(self, namespace: str, source: Source) -> None:
        """Ask ``source``, too, for metrics of ``namespace``."""
        self._sources.setdefault(namespace, []).append(source)

    def put(self, key: Key, moment: float, values: Values) -> None:
        """Keep an observation."""
        self._put.setdefault(key, {}).setdefault(moment, Values()).add(values)

    def known(self) -> list[Key]:
        """Every metric that was put."""
        return list(self._put)

    def periods(self, key: Key, start: float, end: float, period: int) -> dict[float, Values]:
        """Observations by the beginning of their period, from ``start`` until before ``end``."""
        found: dict[float, Values] = {}
        for moment, values in self._observed(key, start, end):
            found.setdefault(moment - moment % period, Values()).add(values)
        return found

    def _observed(self, key: Key, start: float, end: float) -> Iterator[tuple[float, Values]]:
        yield from ((at, one) for at, one in self._put.get(key, {}).items() if start <= at < end)
        for source in self._sources.get(key.namespace, ()):
            yield from source(key, start, end)
