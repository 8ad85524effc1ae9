"""Compares challenger and production over the steps of an A/B test, demand by demand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from release.ab_demands import ERROR, LATENCY, Demand, demands
from release.ab_strata import VARIANTS, Stratum, outcome_id
from release.comparisons import INCONCLUSIVE, MISSING_SHARE, Check, latency_pairs, tallies
from release.measurements import Given, MeasurementError, values
from release.statistics import Interval, pooled_median_interval
from release.stratified import Pair, Tallies, detectable, difference_interval, distances, pair

TOO_FEW_PAIRS = "blocks of minutes with enough requests of both are too few"


@dataclass(frozen=True)
class Latencies:
    """Production's and the challenger's value of the same blocks of one step, in microseconds."""

    pairs: tuple[tuple[float, float], ...]

    @property
    def ratios(self) -> list[float]:
        """The challenger's by production's, in the order of time."""
        return [own / base for base, own in self.pairs]


@dataclass(frozen=True)
class Unusable:
    """A measurement that is missing or is no number."""

    reason: str


Sample = Pair | Latencies | Unusable
Samples = Mapping[Demand, Sequence[Sample]]
"""What each demand is decided by: a sample of each step."""


def measured(ab: Mapping[str, Any], strata: Sequence[Stratum]) -> Samples:
    """The samples of all ``strata``, clipped ones, for every demand of the section ``AbTest``."""
    return {
        demand: [_sample(demand, stratum, float(ab["StepMinutes"])) for stratum in strata]
        for demand in demands(ab)
    }


def _sample(demand: Demand, stratum: Stratum, minutes: float) -> Sample:
    try:
        given = stratum.series
        production, challenger = VARIANTS
        if demand.kind == LATENCY:
            return Latencies(tuple(latency_pairs(given, VARIANTS, demand.name, minutes)))
        count = tallies if demand.kind == ERROR else outcomes
        return pair(count(given, challenger, demand.name), count(given, production, demand.name))
    except MeasurementError as error:
        return Unusable(f"at {stratum.share:g} %: {error}")


def outcomes(given: Given, variant: str, name: str) -> Tallies:
    """Successes and trials of each minute, of what became of a variant's answers. Raises MeasurementError."""
    found = [
        values(given, outcome_id(variant, name, kind), f"outcome {name} of {variant}")
        for kind in ("sum", "count")
    ]
    sums, counts = found
    both = {minute: (sums[minute], counts[minute]) for minute in counts if counts[minute] and minute in sums}
    if not both:
        raise MeasurementError(f"there is no outcome {name} of {variant}")
    if sum(trials for _, trials in both.values()) < (1 - MISSING_SHARE) * sum(counts.values()):
        raise MeasurementError(f"outcome {name} of {variant} is missing for part of the time")
    if any(successes > trials for successes, trials in both.values()):
        raise MeasurementError(f"outcome {name} of {variant} has values above 1")
    return both


def check(demand: Demand, samples: Sequence[Sample], confidence: float) -> Check:
    """How far the demand is shown to be met by all ``samples`` together, at ``confidence`` percent.

    A step that cannot be used leaves it open: which steps count must not depend on what they say.
    """
    base = own = None
    reason = next((each.reason for each in samples if isinstance(each, Unusable)), "")
    interval = None if reason else interval_of(samples, confidence)
    unit = "ms" if demand.kind == LATENCY else "%"
    if not reason:
        base, own, reason = _shown(samples)
    outcome = demand.outcome(interval) if interval else INCONCLUSIVE
    return Check(
        demand.metric, base, own, demand.limit, outcome, confidence, reason, interval, unit, demand.unit
    )


def interval_of(samples: Sequence[Sample], confidence: float) -> Interval | None:
    """Of the difference, in points or percent; None if there is too little to say anything."""
    pairs = [each for each in samples if isinstance(each, Pair)]
    if pairs:
        low, high = difference_interval(pairs, confidence / 100)
        return 100 * low, 100 * high
    ratios = [each.ratios for each in samples if isinstance(each, Latencies)]
    found = pooled_median_interval(ratios, confidence / 100)
    return (100 * (found[0] - 1), 100 * (found[1] - 1)) if found else None


def _shown(samples: Sequence[Sample]) -> tuple[float | None, float | None, str]:
    """Production's and the challenger's value, weighted as their difference is, and what they rest on."""
    pairs = [each for each in samples if isinstance(each, Pair)]
    if pairs:
        whole = sum(each.weight for each in pairs)
        base = sum(100 * each.weight / whole * each.production.share for each in pairs)
        own = sum(100 * each.weight / whole * each.candidate.share for each in pairs)
        counted = [
            f"{sum(arm.events for arm in arms):,.0f} of {sum(arm.trials for arm in arms):,.0f}"
            for arms in ([each.candidate for each in pairs], [each.production for each in pairs])
        ]
        return base, own, f"{counted[0]}, production {counted[1]}"
    both = [both for each in samples if isinstance(each, Latencies) for both in each.pairs]
    if not both:
        return None, None, TOO_FEW_PAIRS
    base, own = (median(each[side] for each in both) / 1000 for side in (0, 1))
    return base, own, f"{len(both)} pairs of the same minutes"


def effect(samples: Sequence[Sample], confidence: float, power: float) -> float | None:
    """The least difference, in points or percent, that such samples find with ``power`` percent.

    By how much they spread, never by the difference they show. None if they are too few or unusable.
    """
    pairs = [each for each in samples if isinstance(each, Pair)]
    if not samples or any(isinstance(each, Unusable) for each in samples):
        return None
    if pairs:
        return 100 * detectable(pairs, confidence / 100, power / 100)
    interval = interval_of(samples, confidence)
    if interval is None:
        return None
    # Half of the interval is as many standard errors as the confidence takes.
    half = (interval[1] - interval[0]) / 2
    return half * distances(confidence / 100, power / 100) / distances(confidence / 100, 0.5)
