"""The plan of an A/B test, written down before it starts: steps, looks, sample sizes, what it can find.

**When it may stop.** At the end of each step, for harm or because a step had too few requests; it is promoted
once, at the end of the last step that compares. So several looks make a false promotion no likelier: a look
for harm only takes promotions away (non-binding futility, Jennison and Turnbull 2000, Group Sequential
Methods, 2.3). A step takes up to twice as long, once, if it had too few requests or its values spread so much
that the planned effect would be missed. Neither looks at the difference of the variants (a blinded review of
the sample size: Gould 1992, Statistics in Medicine 11:55-66; Kieser and Friede 2003, 22:3571-3581), so it
does not pick the moment that looks best. Every demand must be met, so several make a false promotion no
likelier, either (intersection-union test, Berger 1982, Technometrics 24:295-300).

**Harm** is looked for often, so each of these intervals has a higher confidence (Bonferroni): in all looks
together an equal challenger is taken for a worse one as rarely as one interval of the settings' confidence.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from release.ab_demands import LATENCY, OUTCOME, Demand, demands
from release.ports import Record
from release.statistics import median_ranks
from release.stratified import Arm, Pair, detectable
from release.words import number

EXTENSIONS = 1
"""Of each step, and as long as the step itself."""

UNKNOWN_SHARE = 0.5
"""Of what becomes of the answers, before it is measured: no other share is as hard to compare."""

LOOKS_PER_STEP = 2
"""At all steps so far together, and at the last one alone: a challenger may be worse under more load."""


def plan(ab: Mapping[str, Any]) -> Record:
    """The plan for the section ``AbTest`` of the settings, as the ledger keeps it.

    ``Test`` is that section: what is decided later is decided by it, whatever the settings say by then.
    ``Strata`` are the steps that compare, with the requests that are expected; ``Demands`` say of each metric
    what difference is found with the power of the settings (``Detectable``, None where only measuring tells),
    and how many of the challenger's requests its limit would take (``Requests``, None if no number would).
    """
    shares = [float(share) for share in ab["Steps"] if share < 100]
    found = demands(ab)
    strata = _strata(ab, shares)
    told = [_demand(ab, demand, strata) for demand in found]
    return {
        "Test": dict(ab),
        "Strata": strata,
        "Demands": told,
        "PromotionLooks": 1,
        "HarmLooks": LOOKS_PER_STEP * len(shares) * (1 + EXTENSIONS),
        "HarmConfidencePercent": harm_confidence(ab, len(found), len(shares)),
        "Extensions": EXTENSIONS,
        "Summary": summary(ab, told, "with as few requests as the settings allow"),
    }


def harm_confidence(ab: Mapping[str, Any], metrics: int, steps: int) -> float:
    """Confidence of each interval that looks for harm, in percent."""
    looks = max(1, metrics) * LOOKS_PER_STEP * max(1, steps) * (1 + EXTENSIONS)
    return 100 - (100 - float(ab["ConfidencePercent"])) / looks


def _strata(ab: Mapping[str, Any], shares: Sequence[float]) -> list[Record]:
    """The requests of each step under the least traffic that gives both variants enough in every step."""
    parts = [share / 100 for share in shares]
    whole = max(float(ab["MinimumInvocations"]) / min(part, 1 - part) for part in parts)
    return [
        {
            "Share": share,
            "Minutes": ab["StepMinutes"],
            "Challenger": round(whole * part),
            "Production": round(whole * (1 - part)),
        }
        for share, part in zip(shares, parts, strict=True)
    ]


def _demand(ab: Mapping[str, Any], demand: Demand, strata: Iterable[Record]) -> Record:
    told = {"Metric": demand.metric, "Limit": demand.limit, "Unit": demand.unit}
    if demand.kind == LATENCY:
        # How much latencies spread is not known; without so many pairs there is no interval at all.
        return {**told, "Detectable": None, "Requests": None, "Pairs": pairs_needed(ab)}
    share = UNKNOWN_SHARE if demand.kind == OUTCOME else demand.limit / 100
    pairs = [Pair(_arm(share, each["Challenger"]), _arm(share, each["Production"])) for each in strata]
    found = 100 * detectable(pairs, float(ab["ConfidencePercent"]) / 100, float(ab["PowerPercent"]) / 100)
    return {
        **told,
        "AssumedPercent": 100 * share,
        "Detectable": found,
        "Requests": requests_needed(demand, found, sum(each.candidate.trials for each in pairs)),
    }


def _arm(share: float, trials: float) -> Arm:
    return Arm(share * trials, trials)


def pairs_needed(ab: Mapping[str, Any]) -> int:
    """The fewest pairs of the same minutes with which the median of their ratios has an interval."""
    confidence = float(ab["ConfidencePercent"]) / 100
    return next(count for count in range(2, 100) if median_ranks(count, confidence))


def requests_needed(demand: Demand, found: float, requests: float) -> int | None:
    """So many of the challenger's requests find the limit itself, if ``requests`` of them find ``found``.

    Of a demand to be no worse, that an equal challenger is shown to be. None for a demand to be better, which
    names no difference that must be found, and where no worse means not worse at all.
    """
    if demand.better or demand.limit == 0:
        return None
    return round(requests * (found / abs(demand.limit)) ** 2)


def target(told: Mapping[str, Any], demand: Demand) -> float | None:
    """The effect that must be found with the configured power: the limit, or else what the plan promised."""
    if not demand.better and demand.limit != 0:
        return abs(demand.limit)
    return told.get("Detectable")


def summary(ab: Mapping[str, Any], told: Iterable[Mapping[str, Any]], when: str) -> str:
    """What differences are found, in one line for people."""
    found = [
        f"{each['Metric']} {number(each['Detectable'])} {each['Unit']}"
        for each in told
        if each["Detectable"] is not None
    ]
    if not found:
        return f"what differences are found is not known yet {when}"
    power = number(float(ab["PowerPercent"]))
    return f"{when} the test finds differences of {', '.join(found)} with {power} % power"
