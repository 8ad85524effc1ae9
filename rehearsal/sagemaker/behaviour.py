"""How versions of a model behave under traffic, and the metrics that follow from it.

Developer guide, "Amazon SageMaker AI metrics in Amazon CloudWatch": endpoint invocation metrics in
microseconds, ``AWS/SageMaker``; instance metrics in percent, ``/aws/sagemaker/Endpoints``. All of it comes
from a generator seeded with endpoint, configuration, variant and minute: a minute always looks the same.
"""

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

from rehearsal.cloudwatch import Key, Values

INVOCATIONS, INSTANCES = "AWS/SageMaker", "/aws/sagemaker/Endpoints"
MINUTE = 60.0
MICROSECONDS = 1000.0
"""In a millisecond."""

_EDGES = (*(number / 50 for number in range(50)), 0.985, 0.9875, 0.99, 0.9925, 0.995, 0.9975, 1.0)
_GRID = tuple((NormalDist().inv_cdf((low + high) / 2), high - low) for low, high in pairwise(_EDGES))
"""Standard normal deviates that stand for a share of the requests each: finer where p99 is."""
_DEVIATE_P99 = NormalDist().inv_cdf(0.99)


@dataclass(frozen=True)
class Behaviour:
    """How a version answers: latencies in milliseconds (median, 99th percentile), share that fails.

    A version that ``fails_above_share`` of the endpoint's traffic has ``failing_error_rate`` there.
    ``cpu_percent`` is what an instance needs for 1,000 requests in a minute.
    """

    latency_ms: float = 20.0
    latency_p99_ms: float | None = None
    error_rate: float = 0.0
    fails_above_share: float | None = None
    failing_error_rate: float = 0.5
    cpu_percent: float = 15.0

    def errors_at(self, share: float) -> float:
        """The share of requests that fail when so much of the endpoint's traffic arrives (0 to 1)."""
        failing = self.fails_above_share is not None and share > self.fails_above_share
        return self.failing_error_rate if failing else self.error_rate


@dataclass(frozen=True)
class Load:
    """What reaches one variant of one fleet: ``share`` of the endpoint's requests, on ``count`` instances."""

    config: str
    variant: str
    share: float
    count: int
    behaviour: Behaviour
    asynchronous: bool = False


@dataclass(frozen=True)
class Segment:
    """From ``start`` (seconds since the epoch) on, ``per_minute`` requests reach the endpoint's loads."""

    start: float
    per_minute: float
    loads: tuple[Load, ...]


@dataclass(frozen=True)
class _Minute:
    """One load in one minute: ``requests`` of them, ``seconds`` of it with instances."""

    start: float
    load: Load
    requests: int
    seconds: float


def observations(
    name: str, segments: Iterable[Segment], key: Key, start: float, end: float
) -> Iterator[tuple[float, Values]]:
    """What the metric ``key`` of the endpoint ``name`` tells for each minute from ``start`` until ``end``."""
    dimensions = dict(key.dimensions)
    if dimensions.pop("EndpointName", None) != name or not set(dimensions) <= {
        "VariantName",
        "EndpointConfigName",
    }:
        return
    for minute in _minutes(name, list(segments), dimensions, start, end):
        if (values := _observed(name, key, minute, bool(dimensions))) is not None:
            yield minute.start, values


def _minutes(
    name: str, segments: list[Segment], wanted: dict[str, str], start: float, end: float
) -> Iterator[_Minute]:
    ends = [*(segment.start for segment in segments[1:]), math.inf]
    for segment, finish in zip(segments, ends, strict=False):
        loads = [load for load in segment.loads if _matches(load, wanted)]
        begin, stop = max(segment.start, start), min(finish, end)
        minute = begin - begin % MINUTE if begin < stop else stop
        while loads and minute < stop:
            seconds = min(stop, minute + MINUTE) - max(begin, minute)
            rate = segment.per_minute * _swing(name, minute) * seconds / MINUTE
            for load in loads:
                yield _Minute(minute, load, round(rate * load.share), seconds)
            minute += MINUTE


def _matches(load: Load, wanted: dict[str, str]) -> bool:
    config, variant = wanted.get("EndpointConfigName"), wanted.get("VariantName")
    return config in (None, load.config) and variant in (None, load.variant)


def _swing(name: str, minute: float) -> float:
    """Traffic goes up and down; every fleet of the endpoint sees the same."""
    return max(0.5, random.Random(f"{name}/{minute}").gauss(1.0, 0.03))


def _observed(name: str, key: Key, minute: _Minute, by_variant: bool) -> Values | None:
    load, seed = minute.load, f"{name}/{minute.load.config}/{minute.load.variant}/{minute.start}"
    if key.namespace == INSTANCES:
        return _instances(key.name, minute, random.Random(f"{seed}/{key.name}")) if by_variant else None
    if load.asynchronous:
        return _backlog(key.name, by_variant)
    if key.namespace != INVOCATIONS or not by_variant or not minute.requests:
        return None
    return _invocations(key.name, minute, seed)


def _invocations(metric: str, minute: _Minute, seed: str) -> Values | None:
    load, count = minute.load, minute.requests
    if metric in ("Invocations", "InvocationsPerInstance"):
        return Values([(1.0 if metric == "Invocations" else 1.0 / max(load.count, 1), float(count))])
    if metric == "Invocation4XXErrors":
        return Values([(0.0, float(count))])
    if metric in ("Invocation5XXErrors", "InvocationModelErrors"):
        failed = _failures(load.behaviour.errors_at(load.share), count, random.Random(f"{seed}/errors"))
        return Values([pair for pair in ((1.0, float(failed)), (0.0, float(count - failed))) if pair[1]])
    if metric in ("ModelLatency", "OverheadLatency"):
        own = load.behaviour
        median = own.latency_ms if metric == "ModelLatency" else 4.0
        tail = own.latency_p99_ms if metric == "ModelLatency" and own.latency_p99_ms else 3 * median
        return _latencies(median, tail, count, random.Random(f"{seed}/{metric}"))
    return None


def _failures(rate: float, count: int, source: random.Random) -> int:
    """How many of ``count`` fail: binomial for few, its normal approximation for many."""
    if count <= 100:
        return sum(source.random() < rate for _ in range(count))
    spread = math.sqrt(count * rate * (1 - rate))
    return min(count, max(0, round(source.gauss(count * rate, spread))))


def _latencies(median: float, tail: float, count: int, source: random.Random) -> Values:
    """Log-normal: latencies are skewed. Each minute is a little quicker or slower as a whole."""
    sigma = math.log(max(tail / median, 1.0001)) / _DEVIATE_P99
    swing = source.gauss(1.0, 0.02)
    pairs = [
        (median * swing * math.exp(sigma * deviate) * MICROSECONDS, share * count) for deviate, share in _GRID
    ]
    return Values(pairs)


def _instances(metric: str, minute: _Minute, source: random.Random) -> Values | None:
    load = minute.load
    if not load.count:
        return None
    each = minute.requests * MINUTE / max(minute.seconds, 1.0) / load.count
    value = {
        "CPUUtilization": 3.0 + load.behaviour.cpu_percent * each / 1000,
        "MemoryUtilization": 35.0,
        "DiskUtilization": 12.0,
    }.get(metric)
    return None if value is None else Values([(max(0.0, source.gauss(value, 0.5)), float(load.count))])


def _backlog(metric: str, by_variant: bool) -> Values | None:
    """An asynchronous endpoint has no Invocations, but a queue ("Monitor asynchronous endpoint")."""
    names = ("ApproximateBacklogSize", "ApproximateBacklogSizePerInstance", "HasBacklogWithoutCapacity")
    known = (*names, "ApproximateAgeOfOldestRequest")
    return Values([(0.0, 1.0)]) if metric in known and not by_variant else None
