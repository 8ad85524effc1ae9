"""What an A/B test can find by what it has measured: with the steps so far, and with those still to come."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from release.ab_checks import Latencies, Sample, Samples, Unusable, effect
from release.ab_demands import Demand
from release.ab_plan import requests_needed, target
from release.ports import Record
from release.stratified import Arm, Pair


def found_with(ab: Mapping[str, Any], samples: Samples, shares: Sequence[float]) -> tuple[Record, ...]:
    """For each demand the difference that the test finds at its end, as ``Demands`` of the plan has it.

    ``shares`` are those of the steps still to come, in percent; they are expected to go as the last one did.
    """
    return tuple(_told(ab, demand, some, shares) for demand, some in samples.items())


def _told(
    ab: Mapping[str, Any], demand: Demand, samples: Sequence[Sample], shares: Sequence[float]
) -> Record:
    expected = [*samples, *(_expected(samples[-1], share) for share in shares)] if samples else []
    levels = float(ab["ConfidencePercent"]), float(ab["PowerPercent"])
    found = effect(expected, *levels)
    told: Record = {"Metric": demand.metric, "Limit": demand.limit, "Unit": demand.unit, "Detectable": found}
    pairs = [each for each in expected if isinstance(each, Pair)]
    if found is None or not pairs:
        return {**told, "Requests": None}
    trials = sum(each.candidate.trials for each in pairs)
    return {**told, "Requests": requests_needed(demand, found, trials), "Expected": round(trials)}


def _expected(last: Sample, share: float) -> Sample:
    """A step with another share of as many requests; of latencies, as many pairs."""
    if isinstance(last, Unusable | Latencies):
        return last
    events = last.candidate.events + last.production.events
    trials = last.candidate.trials + last.production.trials
    parts = (share / 100, 1 - share / 100)
    return replace(
        last,
        candidate=Arm(events * parts[0], trials * parts[0]),
        production=Arm(events * parts[1], trials * parts[1]),
    )


def missed(ab: Mapping[str, Any], plan: Mapping[str, Any], samples: Samples) -> tuple[str, ...]:
    """Metrics of which the steps so far would miss the planned effect, or say nothing at all.

    By how much they spread and how many they are; the difference of the variants has no say.
    """
    planned = {told["Metric"]: told for told in plan["Demands"]}
    levels = float(ab["ConfidencePercent"]), float(ab["PowerPercent"])
    return tuple(
        demand.metric
        for demand, some in samples.items()
        if _misses(effect(some, *levels), target(planned.get(demand.metric, {}), demand))
    )


def _misses(found: float | None, wanted: float | None) -> bool:
    return found is None or (wanted is not None and found > wanted)
