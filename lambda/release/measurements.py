"""What CloudWatch answered about two variants, minute by minute, and what of it cannot be used."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from release.ports import Query

PRODUCTION, SHADOW = VARIANTS = ("production", "shadow")
CHALLENGER = "challenger"

PERIOD_SECONDS = 60
"""Of the series to ask for: CloudWatch has one-minute values of an endpoint's metrics for 15 days."""

INVOCATIONS = "invocations"
SERVER_ERRORS, MODEL_ERRORS, CLIENT_ERRORS = "server_errors", "model_errors", "client_errors"
P50, P99, SAMPLES, AVERAGE = "latency_p50", "latency_p99", "latency_samples", "latency_average"
OVERHEAD = "overhead_p99"

METRICS = {
    INVOCATIONS: ("Invocations", "Sum"),
    SERVER_ERRORS: ("Invocation5XXErrors", "Sum"),
    MODEL_ERRORS: ("InvocationModelErrors", "Sum"),
    CLIENT_ERRORS: ("Invocation4XXErrors", "Sum"),
    P50: ("ModelLatency", "p50"),
    P99: ("ModelLatency", "p99"),
    SAMPLES: ("ModelLatency", "SampleCount"),
    AVERAGE: ("ModelLatency", "Average"),
    OVERHEAD: ("OverheadLatency", "p99"),
}
"""Metric and statistic in AWS/SageMaker, by EndpointName and VariantName (SageMaker Developer Guide, "Monitor
SageMaker AI with Amazon CloudWatch": every invocation publishes 0 or 1 to the error metrics; latencies are in
microseconds)."""

_MOST = 1e15
"""Requests of a minute, or microseconds, beyond which a value is an accident."""

MOST_TIMES = 32_768
"""Minutes that are read once: more than two weeks of them."""

Given = Mapping[str, Sequence[Sequence[Any]]]
"""``[time, value]`` pairs, oldest first, by the query's id; times are ISO 8601."""

Minutes = dict[int, float]
"""Value of each minute in which there is one, by the minute's number since 1970."""


class MeasurementError(Exception):
    """A metric is missing or is no number one can judge by; the message says which and why."""


def queries(variants: Sequence[str] = VARIANTS) -> list[Query]:
    """Everything that is compared, and what a report shows beside it."""
    return [
        Query(f"{variant}_{name}", variant, metric, statistic)
        for variant in variants
        for name, (metric, statistic) in METRICS.items()
    ]


def minutes(given: Given, variant: str, name: str) -> Minutes:
    """The values of one metric of a variant.

    Raises MeasurementError if there is none, or one is no number.
    """
    metric, statistic = METRICS[name]
    return values(given, f"{variant}_{name}", f"{metric} ({statistic}) of {variant}")


def values(given: Given, key: str, what: str) -> Minutes:
    """The values that answer the query ``key``, which messages call ``what``.

    Raises MeasurementError if there is none, or one is no number.
    """
    pairs = given.get(key)
    if not pairs:
        raise MeasurementError(f"there is no {what}")
    found: Minutes = {}
    for pair in pairs:
        minute, value = _point(pair, what)
        if minute in found:
            raise MeasurementError(f"{what} has two values for one minute")
        found[minute] = value
    return found


def _point(pair: Sequence[Any], what: str) -> tuple[int, float]:
    try:
        time, value = pair
        minute = minute_of(time)
    except (TypeError, ValueError):
        raise MeasurementError(f"{what} has a value that is no pair of a time and a number") from None
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        raise MeasurementError(f"{what} has a value that is no finite number")
    if not 0 <= value <= _MOST:
        raise MeasurementError(f"{what} has a value that cannot be: {value:g}")
    return minute, float(value)


@lru_cache(maxsize=MOST_TIMES)
def minute_of(time: str) -> int:
    """Number of the minute since 1970 in which an ISO 8601 time lies; without a zone it is in UTC.

    Raises TypeError or ValueError. Every series has the same times, so each is read once.
    """
    when = datetime.fromisoformat(time)
    zoned = when if when.tzinfo else when.replace(tzinfo=UTC)
    return int(zoned.timestamp()) // PERIOD_SECONDS


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond any float
        return False
