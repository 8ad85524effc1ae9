"""Whether the steps of an A/B test have enough requests, shared as they were meant to be."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from release.ab_checks import Samples
from release.ab_demands import OUTCOME
from release.ab_strata import VARIANTS, Stratum, clipped
from release.comparisons import INCONCLUSIVE, PASS, Check
from release.measurements import INVOCATIONS, MeasurementError, minutes
from release.statistics import wilson
from release.stratified import Pair

SHARE_CONFIDENCE, SHARE_TOLERANCE = 0.999, 0.05
"""The challenger's share of the requests is another one than meant if that is beyond chance, and by more than
so much of the smaller share. Whatever kept requests from one variant may have chosen which (sample ratio
mismatch: Fabijan et al. 2019, KDD, doi 10.1145/3292500.3330722)."""

MINUTES_OF_A_DAY = 1_440

LONGER_ONCE = 1.5
"""A step that took so many times as long as planned has had its one extension."""


def comparing(strata: Sequence[Stratum]) -> list[Stratum]:
    """The steps in which both variants had requests, clipped, oldest first, in whatever order they come."""
    return sorted((clipped(each) for each in strata if each.compares), key=_begin)


def _begin(stratum: Stratum) -> tuple[int, str, float]:
    try:
        return stratum.window[0], stratum.start, stratum.share
    except MeasurementError:
        return 0, str(stratum.start), stratum.share


def enough(ab: Mapping[str, Any], steps: Sequence[Stratum], samples: Samples) -> tuple[Check, ...]:
    """The checks of all steps: requests, and how they were shared; passed, or inconclusive."""
    shares = dict.fromkeys(each.share for each in steps)
    return tuple(
        check
        for share in shares
        for check in (
            *_requests(float(ab["MinimumInvocations"]), share, [one for one in steps if one.share == share]),
            *_outcomes(share, steps, samples),
        )
    )


def _requests(least: float, share: float, steps: Sequence[Stratum]) -> Iterator[Check]:
    title = f"Requests at {share:g} %"
    try:
        base, own = (sum(_total(one, variant) for one in steps) for variant in VARIANTS)
    except MeasurementError as error:
        yield Check(title, None, None, least, INCONCLUSIVE, reason=str(error))
        return
    few = min(base, own) < max(1.0, least)
    reason = f"{min(base, own):,.0f} requests, needed are {least:,.0f}" if few else ""
    yield Check(title, base, own, least, INCONCLUSIVE if few else PASS, reason=reason)
    if not few:
        yield _shared(f"Share at {share:g} %", own, base, share)


def _total(stratum: Stratum, variant: str) -> float:
    return sum(minutes(stratum.series, variant, INVOCATIONS).values())


def _shared(title: str, own: float, base: float, share: float) -> Check:
    """Whether the challenger had its ``share`` (percent) of so many."""
    low, high = (100 * bound for bound in wilson(own, own + base, SHARE_CONFIDENCE))
    tolerance = SHARE_TOLERANCE * min(share, 100 - share)
    found = 100 * own / (own + base)
    good = low <= share + tolerance and high >= share - tolerance
    reason = "" if good else f"the challenger had {found:.3g} % where {share:g} % were meant"
    outcome = PASS if good else INCONCLUSIVE
    return Check(title, 100 - found, found, share, outcome, 100 * SHARE_CONFIDENCE, reason, None, "%", "%")


def _outcomes(share: float, steps: Sequence[Stratum], samples: Samples) -> Iterator[Check]:
    """Whether the outcomes are those of all answers alike: said only where they are not."""
    for demand, some in samples.items():
        pairs = [
            one
            for step, one in zip(steps, some, strict=True)
            if step.share == share and isinstance(one, Pair) and demand.kind == OUTCOME
        ]
        if pairs:
            own, base = (sum(arm.trials for arm in arms) for arms in zip(*map(_arms, pairs), strict=True))
            found = _shared(f"Share of {demand.metric} at {share:g} %", own, base, share)
            if found.outcome != PASS:
                yield found


def _arms(pair: Pair) -> tuple[Any, Any]:
    return pair.candidate, pair.production


def may_take_longer(ab: Mapping[str, Any], steps: Sequence[Stratum], coming: int) -> bool:
    """Whether the newest step may have as much time again, with ``coming`` steps that compare after it."""
    if not steps:
        return False
    step, days = float(ab["StepMinutes"]), float(ab["MaximumDays"])
    try:
        taken = sum(each.minutes for each in steps if each.share == steps[-1].share)
        every = sum(each.minutes for each in steps)
    except MeasurementError:
        return False
    later = coming + (1 if max(ab["Steps"]) >= 100 else 0)
    return taken < LONGER_ONCE * step and every + (1 + later) * step <= days * MINUTES_OF_A_DAY
