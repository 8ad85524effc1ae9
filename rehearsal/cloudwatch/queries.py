"""Series that a request asks for: metrics and metric math over them."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.api import ApiError
from rehearsal.cloudwatch.data import Key, Metrics
from rehearsal.cloudwatch.expressions import Series, evaluate


def series_of(
    queries: Sequence[Mapping[str, Any]], metrics: Metrics, start: float, end: float, period: int = 60
) -> dict[str, Series]:
    """Values of every query (MetricDataQuery) by its id, each for the periods from ``start`` to ``end``.

    ``period`` is for expressions that name none and stand beside no metric.
    """
    found: dict[str, Series] = {}
    periods = [_period(query, period) for query in queries if "MetricStat" in query]
    longest = max(periods, default=period)
    for query in queries:
        if stat := query.get("MetricStat"):
            found[query["Id"]] = statistics(stat, metrics, start, end, _period(query, period))
    waiting = [query for query in queries if "MetricStat" not in query]
    moments = list(_moments(start, end, longest))
    while waiting:
        able = [query for query in waiting if not _needs(query, waiting)]
        if not able:
            raise ApiError("ValidationError", "The metrics list contains expressions that need each other.")
        for query in able:
            found[query["Id"]] = evaluate(str(query.get("Expression", "")), found, moments)
            waiting.remove(query)
    return found


def statistics(stat: Mapping[str, Any], metrics: Metrics, start: float, end: float, period: int) -> Series:
    """One statistic (MetricStat) of a metric, for the periods that have data."""
    values = metrics.periods(Key.of(stat["Metric"]), start - start % period, end, period)
    found = {at: one.statistic(str(stat["Stat"])) for at, one in sorted(values.items())}
    return {at: value for at, value in found.items() if value is not None}


def _needs(query: Mapping[str, Any], waiting: Sequence[Mapping[str, Any]]) -> bool:
    """Whether its expression names one that has no value yet; ids begin with a small letter."""
    text = str(query.get("Expression", ""))
    words = {word.strip() for word in _split(text)}
    return any(other["Id"] in words for other in waiting if other is not query)


def _split(text: str) -> list[str]:
    return "".join(one if one.isalnum() or one == "_" else " " for one in text).split()


def _period(query: Mapping[str, Any], otherwise: int) -> int:
    return int(query.get("MetricStat", {}).get("Period") or query.get("Period") or otherwise)


def _moments(start: float, end: float, period: int) -> list[float]:
    first = start - start % period
    return [first + period * number for number in range(int((end - first + period - 1) // period))]


def seconds(moment: datetime.datetime) -> float:
    """Since the epoch."""
    return moment.timestamp()


def moment_of(since: float) -> datetime.datetime:
    """The aware time of so many seconds since the epoch."""
    return datetime.datetime.fromtimestamp(since, datetime.UTC)
