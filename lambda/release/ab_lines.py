"""What the steps of an A/B test measured over its whole time, in blocks of minutes, as its charts show it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import mean, median
from typing import Any

from release.ab_strata import VARIANTS, Stratum, block_minutes, outcome_id
from release.measurements import (
    CHALLENGER,
    INVOCATIONS,
    MODEL_ERRORS,
    P50,
    P99,
    Given,
    MeasurementError,
    Minutes,
    minutes,
    values,
)

MOST_POINTS = 160
"""Of a line: a chart is some 300 dots wide."""

LENGTHS = (1, 5, 15, 30, 60, 120, 240)
"""Minutes of a block."""

Lines = Mapping[str, Minutes]
"""Values by variant, each at the first minute of its block."""


def block_length(strata: Sequence[Stratum]) -> int:
    """So many minutes are put together: no more blocks than a line may have, none shorter than was asked."""
    spans = [each.window for each in strata]
    whole = max(end for _, end in spans) - min(first for first, _ in spans)
    asked = max(block_minutes(each.share, each.series) for each in strata)
    return next((one for one in LENGTHS if one >= asked and whole / one <= MOST_POINTS), LENGTHS[-1])


def shares(strata: Sequence[Stratum], length: int) -> Lines:
    """The challenger's share of the requests in percent: the planned one, and the one it had."""
    own, base = (_summed(strata, variant, INVOCATIONS, length) for variant in reversed(VARIANTS))
    had = {
        block: 100 * own.get(block, 0) / whole
        for block in {*own, *base}
        if (whole := own.get(block, 0) + base.get(block, 0))
    }
    planned: Minutes = {}
    for stratum in strata:
        first, end = stratum.window
        planned |= dict.fromkeys(range(first - first % length, end, length), stratum.share)
    return {"planned": planned, CHALLENGER: had}


def requests(strata: Sequence[Stratum], length: int) -> Lines:
    """Requests to each variant in a minute, on average of the minutes that had any."""
    return {
        variant: {
            block: mean(found) for block, found in _blocks(strata, variant, INVOCATIONS, length).items()
        }
        for variant in VARIANTS
    }


def error_rates(strata: Sequence[Stratum], length: int) -> Lines:
    """Answers that were no success, in percent of the requests."""
    return {
        variant: _rate(
            _summed(strata, variant, MODEL_ERRORS, length), _summed(strata, variant, INVOCATIONS, length)
        )
        for variant in VARIANTS
    }


def latencies(strata: Sequence[Stratum], name: str, length: int) -> Lines:
    """A percentile in milliseconds: the median of those of a block's minutes."""
    return {
        variant: {
            block: median(found) / 1000 for block, found in _blocks(strata, variant, name, length).items()
        }
        for variant in VARIANTS
    }


def outcomes(strata: Sequence[Stratum], name: str, length: int) -> Lines:
    """Of what became of the answers, the successes in percent."""

    def read(kind: str, variant: str) -> Callable[[Given], Minutes]:
        return lambda given: values(given, outcome_id(variant, name, kind), name)

    return {
        variant: _rate(*(_sums(_collected(strata, read(kind, variant), length)) for kind in ("sum", "count")))
        for variant in VARIANTS
    }


def charts(strata: Sequence[Stratum], metrics: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, Lines]]:
    """Title, unit and lines of every chart, in the order of the page. Raises MeasurementError."""
    length = block_length(strata)
    return [
        ("Error rate", "%", error_rates(strata, length)),
        ("Median latency", "ms", latencies(strata, P50, length)),
        ("99th percentile of latency", "ms", latencies(strata, P99, length)),
        ("Requests per minute", "requests", requests(strata, length)),
        *((str(one["Name"]), "%", outcomes(strata, str(one["Name"]), length)) for one in metrics),
    ]


def _summed(strata: Sequence[Stratum], variant: str, name: str, length: int) -> Minutes:
    return _sums(_blocks(strata, variant, name, length))


def _blocks(strata: Sequence[Stratum], variant: str, name: str, length: int) -> dict[int, list[float]]:
    return _collected(strata, lambda given: minutes(given, variant, name), length)


def _collected(
    strata: Sequence[Stratum], read: Callable[[Given], Minutes], length: int
) -> dict[int, list[float]]:
    """All values of each block; a step that has none, or none that can be used, has none here."""
    found: dict[int, list[float]] = {}
    for stratum in strata:
        try:
            measured = read(stratum.series)
        except MeasurementError:
            continue
        for minute, value in measured.items():
            found.setdefault(minute - minute % length, []).append(value)
    return found


def _sums(found: Mapping[int, Sequence[float]]) -> Minutes:
    return {block: sum(each) for block, each in found.items()}


def _rate(counts: Minutes, wholes: Minutes) -> Minutes:
    return {
        block: 100 * counts[block] / whole for block, whole in wholes.items() if whole and block in counts
    }
