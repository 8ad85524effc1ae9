"""What CloudWatch says of the steps of an A/B test: what to ask, and what of it belongs to a step."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from release import measurements
from release.comparisons import BLOCK_SAMPLES, COMPARABLE_SHARE, MANY_BLOCKS
from release.measurements import (
    CHALLENGER,
    INVOCATIONS,
    METRICS,
    P50,
    P99,
    PERIOD_SECONDS,
    PRODUCTION,
    SAMPLES,
    Given,
    MeasurementError,
    Minutes,
    minute_of,
    minutes,
)
from release.ports import Query

VARIANTS = (PRODUCTION, CHALLENGER)

OUTCOME_STATISTICS = {"sum": "Sum", "count": "SampleCount"}
"""Of what became of the answers: each of them puts 0 or 1, so these are successes and trials."""

LATENCIES = (P50, P99, SAMPLES)

BLOCK_MINUTES = (1, 5, 15, 60, 240)
"""Blocks of minutes whose percentiles CloudWatch can be asked for, to compare those of few requests."""

_SPREAD = 2
"""A block has so many times what its percentile needs, on average: traffic is less by night."""

Fetch = Callable[[Sequence[Query], int], Given]
"""Asks for the answers to queries in periods of so many seconds, over the window of a step."""


@dataclass(frozen=True)
class Stratum:
    """One step of a test, as it was measured.

    ``share`` is the challenger's part of the requests in percent, as ``Steps`` has it; ``start`` and ``end``
    are ISO 8601, from when to when it had that share; ``series`` is what ``gather`` returned.
    """

    share: float
    start: str
    end: str
    series: Given

    @property
    def compares(self) -> bool:
        """Whether both variants had requests."""
        return 0 < self.share < 100

    @property
    def window(self) -> tuple[int, int]:
        """Numbers of the first whole minute, and of the first one that is none any more.

        Raises MeasurementError.
        """
        try:
            first, begun = minute_of(self.start), datetime.fromisoformat(self.start)
            end = minute_of(self.end)
        except (TypeError, ValueError):
            raise MeasurementError(f"the step at {self.share:g} % has no window") from None
        return first + bool(begun.second or begun.microsecond), end

    @property
    def minutes(self) -> int:
        """How long it took. Raises MeasurementError."""
        first, end = self.window
        return max(0, end - first)


def queries(ab: Mapping[str, Any]) -> list[Query]:
    """What to ask of a step in periods of a minute; ``ab`` is the section ``AbTest`` of the settings."""
    outcomes = [
        Query(outcome_id(variant, metric["Name"], kind), variant, metric["Name"], statistic, outcome=True)
        for variant in VARIANTS
        for metric in ab.get("Metrics") or ()
        for kind, statistic in OUTCOME_STATISTICS.items()
    ]
    return [*measurements.queries(VARIANTS), *outcomes]


def outcome_id(variant: str, name: str, kind: str) -> str:
    """Id of the query for the ``sum`` or the ``count`` of what became of a variant's answers."""
    return f"{variant}_outcome_{name}_{kind}"


def gather(ab: Mapping[str, Any], share: float, fetch: Fetch) -> Given:
    """The answers that a step is compared by: minutes, and percentiles of as many of them as they need."""
    series = dict(fetch(queries(ab), PERIOD_SECONDS))
    length = block_minutes(share, series)
    if length > 1:
        wanted = {f"{variant}_{name}" for variant in VARIANTS for name in LATENCIES}
        asked = [query for query in queries(ab) if query.id in wanted]
        series |= fetch(asked, length * PERIOD_SECONDS)
    return series


def block_minutes(share: float, series: Given) -> int:
    """In blocks of how many minutes the latencies of a step are compared.

    By the number of requests alone, so that no latency has a say. With about as many requests to both
    variants minutes can be put together afterwards; else the percentiles of each must rest on many.
    """
    few, many = min(share, 100 - share), max(share, 100 - share)
    if few <= 0 or few >= many * (1 + COMPARABLE_SHARE) / 2:
        return 1
    needed = _SPREAD * MANY_BLOCKS * BLOCK_SAMPLES[METRICS[P99][1]]
    try:
        per_minute = min(_mean(minutes(series, variant, INVOCATIONS)) for variant in VARIANTS)
    except MeasurementError:
        return 1
    return next((length for length in BLOCK_MINUTES if per_minute * length >= needed), 1)


def _mean(found: Minutes) -> float:
    return sum(found.values()) / (max(found) - min(found) + 1)


def clipped(stratum: Stratum) -> Stratum:
    """The step without what was measured beyond its whole minutes; what is no value stays, to be refused.

    Nothing is left of a step without a window.
    """
    try:
        first, end = stratum.window
    except MeasurementError:
        return replace(stratum, series={})
    length = block_minutes(stratum.share, stratum.series)
    latencies = {f"{variant}_{name}" for variant in VARIANTS for name in LATENCIES}
    lasts = {key: end - (length if key in latencies else 1) for key in stratum.series}
    series = {
        key: [each for each in pairs or () if _within(each, first, lasts[key])]
        for key, pairs in stratum.series.items()
    }
    return replace(stratum, series=series)


def _within(pair: Any, first: int, last: int) -> bool:
    try:
        return first <= minute_of(pair[0]) <= last
    except (TypeError, ValueError, LookupError):
        return True
