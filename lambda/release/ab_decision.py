"""Decides at the end of each step of an A/B test: goes on, takes longer, is promoted, or is taken away.

A challenger is promoted only if every demand of the settings is met by all comparing steps together, once, at
the planned end; why neither the looks before that nor a longer step make a false promotion likelier, see
``release.ab_plan``. What is missing or no number leaves its demand open, and what is open is not promoted.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from release.ab_checks import Samples, check, measured
from release.ab_demands import demands
from release.ab_plan import summary
from release.ab_power import found_with, missed
from release.ab_samples import comparing, enough, may_take_longer
from release.ab_strata import Stratum
from release.comparisons import FAIL, INCONCLUSIVE, PASS, Check
from release.ports import Record
from release.words import interval_text

Outcome = Literal["continue", "longer", "promote", "remove"]


@dataclass(frozen=True)
class Decision:
    """What to do next. ``summary`` is one line for people, ``verdict`` pass, fail or inconclusive.

    ``power`` says of each metric which difference the test finds at its end, as ``Demands`` of the plan does.
    """

    outcome: Outcome
    summary: str
    checks: tuple[Check, ...]
    verdict: str = INCONCLUSIVE
    power: tuple[Record, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The decision as ledgers and workflows keep it."""
        return {
            "outcome": self.outcome,
            "summary": self.summary,
            "verdict": self.verdict,
            "checks": [each.as_json() for each in self.checks],
            "power": list(self.power),
        }


@dataclass(frozen=True)
class _Look:
    """What is known at the end of a step; ``coming`` are the shares of the comparing steps after it."""

    ab: Mapping[str, Any]
    plan: Mapping[str, Any]
    steps: Sequence[Stratum]
    samples: Samples
    sizes: tuple[Check, ...]
    coming: Sequence[float]
    power: tuple[Record, ...]

    @property
    def short(self) -> list[Check]:
        """What is not enough, or not shared as it was meant to be."""
        return [each for each in self.sizes if each.outcome != PASS]

    def decided(self, outcome: Outcome, said: str, checks: Iterable[Check], verdict: str) -> Decision:
        return Decision(outcome, said, (*self.sizes, *checks), verdict, self.power)


def decide(
    ab: Mapping[str, Any], plan: Mapping[str, Any], strata: Sequence[Stratum], *, last: bool
) -> Decision:
    """Decide by all steps so far, in any order; the newest has just ended.

    ``plan`` is what ``release.ab_plan.plan`` made before the start: the settings ``ab`` of now decide nothing
    if they have changed since. ``last``: no comparing step comes after the newest, which ends the test.
    Without it the outcome is never ``promote``, and with every comparing step there ``continue`` only where
    it would be. The same strata have the same verdict, whenever they are asked about. Never raises, whatever
    the series hold.
    """
    look = _look(plan.get("Test") or ab, plan, strata)
    harm = list(_harm(look))
    if any(each.outcome == FAIL for each in harm):
        return look.decided("remove", _worse(look, harm), harm, FAIL)
    if look.coming and not last:
        return _interim(look, harm)
    newest_compares = all(each.compares for each in strata)
    return _end(look, last=last, extendable=newest_compares and not look.coming)


def _look(ab: Mapping[str, Any], plan: Mapping[str, Any], strata: Sequence[Stratum]) -> _Look:
    steps = comparing(strata)
    samples = measured(ab, steps)
    coming = [float(each["Share"]) for each in plan["Strata"]]
    coming = [share for share in coming if share not in {each.share for each in steps}]
    sizes = enough(ab, steps, samples)
    return _Look(ab, plan, steps, samples, sizes, coming, found_with(ab, samples, coming))


def _harm(look: _Look) -> Iterator[Check]:
    """All steps together, and what the newest one shows by itself: load may tell what less load did not."""
    confidence = float(look.plan["HarmConfidencePercent"])
    for demand, samples in look.samples.items():
        for some, where in ((samples, ""), (samples[-1:], "the newest step alone: ")):
            found = check(demand, some, confidence)
            bad = found.interval is not None and demand.harmful(found.interval)
            if bad or not where:
                reason, outcome = f"{where}{found.reason}", FAIL if bad else INCONCLUSIVE
                yield replace(found, outcome=outcome, reason=reason)
            if bad:
                break


def _interim(look: _Look, harm: Sequence[Check]) -> Decision:
    """Before the last step that compares: what was shown so far is not asked, but for harm."""
    if look.short and may_take_longer(look.ab, look.steps, len(look.coming)):
        return look.decided("longer", _said(look, look.short), harm, INCONCLUSIVE)
    if look.short or not look.steps:
        return look.decided("remove", _nothing(_said(look, look.short)), harm, INCONCLUSIVE)
    said = f"no harm was shown; {summary(look.ab, look.power, 'at its end')}"
    return look.decided("continue", said, harm, INCONCLUSIVE)


def _end(look: _Look, *, last: bool, extendable: bool) -> Decision:
    confidence = float(look.ab["ConfidencePercent"])
    checks = [check(demand, some, confidence) for demand, some in look.samples.items()]
    blind = missed(look.ab, look.plan, look.samples)
    # Asked before the verdict: what is repeated whenever it did not pass, passes too often.
    if (look.short or blind) and extendable and may_take_longer(look.ab, look.steps, 0):
        said = _said(look, look.short) or f"too little to find what is looked for in {', '.join(blind)}"
        return look.decided("longer", said, checks, INCONCLUSIVE)
    open_ones = [each for each in checks if each.outcome != PASS]
    if not checks or not look.steps or look.coming or look.short:
        steps = ", ".join(f"{share:g} %" for share in look.coming)
        said = _said(look, look.short) or (f"there was no step at {steps}" if steps else "no limit is set")
        return look.decided("remove", _nothing(said), checks, INCONCLUSIVE)
    if not open_ones:
        said = f"the challenger meets every demand; {summary(look.ab, look.power, 'by its requests')}"
        return look.decided("promote" if last else "continue", said, checks, PASS)
    if any(each.outcome == FAIL for each in checks):
        return look.decided("remove", _worse(look, checks), checks, FAIL)
    said = f"{_nothing(_said(look, open_ones))}; {summary(look.ab, look.power, 'by its requests')}"
    return look.decided("remove", said, checks, INCONCLUSIVE)


def _nothing(said: str) -> str:
    return f"nothing was shown either way: {said}"


def _worse(look: _Look, checks: Iterable[Check]) -> str:
    failed = [each for each in checks if each.outcome == FAIL]
    return f"the challenger is not what it must be: {_said(look, failed)}"


def _said(look: _Look, checks: Iterable[Check]) -> str:
    """What decided, e.g. ``conversion -0.9 to -0.6 points, wanted is at least -0.5 points``."""
    wanted = {demand.metric: demand.wanted for demand in demands(look.ab)}
    return "; ".join(
        f"{each.metric} {interval_text(each)}, wanted is {wanted[each.metric]}"
        if each.interval and each.metric in wanted
        else f"{each.metric}: {each.reason}"
        for each in checks
    )
