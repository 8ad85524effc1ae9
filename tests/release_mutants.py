"""Bugs of releases, each named by what it breaks: a suite that a bug survives does not test for it."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from release_services import Endpoint, Metrics
from release_world import Account

from release import (
    admission,
    call,
    challenger,
    closing,
    endings,
    fitness,
    flow,
    follow,
    halting,
    identifiers,
    lease,
    loan,
    parameters,
    pausing,
    protection,
    rollback,
    route,
    shadow,
    situation,
    sweeping,
    taking,
    traffic,
    updates,
    upkeep,
)
from release.ports import Write

Function = Callable[..., Any]


def _instead(original: Function, mutant: Function) -> Callable[[pytest.MonkeyPatch], None]:
    """Replace a function wherever the release's modules have it."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        modules = [module for name, module in sys.modules.items() if name.startswith("release.")]
        for module, name in [(m, n) for m in modules for n, value in vars(m).items() if value is original]:
            monkeypatch.setattr(module, name, mutant)
        for table, step in [
            (t, s) for t in flow.STEPS.values() for s, value in t.items() if value is original
        ]:
            monkeypatch.setitem(table, step, mutant)

    return patch


def _attribute(owner: Any, name: str, value: Any) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda monkeypatch: monkeypatch.setattr(owner, name, value)


def _born(name: str, value: Any) -> Callable[[pytest.MonkeyPatch], None]:
    """An account that differs from the first moment on."""
    begin = Account.__init__

    def born(self: Account, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        setattr(self, name, value)

    return lambda monkeypatch: monkeypatch.setattr(Account, "__init__", born)


def _unfenced(original: Function) -> Function:
    def terminal(*args: Any) -> list[Write]:
        return [replace(write, expected=None, absent=False) for write in original(*args)]

    return terminal


def _without(name: str, stage: str) -> Function:
    original = parameters.parameters

    def wanted(call: Any, now: Any, asked: str) -> dict[str, str]:
        whole = original(call, now, asked)
        return {key: value for key, value in whole.items() if key != name or asked != stage}

    return wanted


def _same_attempt(call: Any, now: Any, stage: str) -> dict[str, str]:
    attempt = now.stack.parameters["ProductionAttempt"]
    return {**_PARAMETERS(call, now, stage), "ProductionAttempt": attempt}


def _optimist(*args: Any, **kwargs: Any) -> Any:
    verdict = _JUDGE(*args, **kwargs)
    return replace(verdict, outcome="pass") if verdict.outcome == "inconclusive" else verdict


def _first_never(call: Any, now: Any, stage: str) -> Any:
    stack = call.world.stack
    create = stack.create_change_set
    stack.create_change_set = lambda name, parameters, first: create(name, parameters, first=False)
    return _PLAN(call, now, stage)


def _forgetful(call: Any, phase: str, **more: Any) -> None:
    more.pop("change_set", None)
    _HOLD(call, phase, **more)


def _undecided(call: Any, release: str, outcome: str) -> list[Write]:
    return []


def _unwritten(call: Any, now: Any) -> Any:
    return [], _BEGUN(call, now)[1]


def _always_promoted(*args: Any, last: bool, **kwargs: Any) -> Any:
    return replace(_DECIDE(*args, last=last, **kwargs), outcome="promote" if last else "continue")


def _weightless(call: Any, phase: str, **more: Any) -> None:
    if phase != "observe":
        more.pop("weights", None)
    _HOLD(call, phase, **more)


def _keep_everything(call: Any, now: Any, package: Any) -> list[Write]:
    return [write for write in _ENTRIES(call, now, package) if write.content is not None]


def _nameless(configurations: Any, models: Any, needed: Any, now: str) -> Any:
    """Whether a configuration names a model is not looked at."""
    gone, _ = _SUPERFLUOUS(configurations, models, needed, now)
    return gone, _SUPERFLUOUS([], models, needed, now)[1]


_NUMBERS = itertools.count()
_SUPERFLUOUS = upkeep.superfluous
_JUDGE, _PLAN, _HOLD, _ENTRIES = shadow.judge, updates._plan, lease.hold, closing._entries
_PARAMETERS = parameters.parameters
_DECIDE = challenger.decide
_TAKEN_UP, _BEGUN = taking._taken_up, pausing.begun

MUTANTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "the lease is taken from the living": _instead(lease._dead, lambda call, held: True),
    "the lease of the dead is never taken over": _instead(lease._dead, lambda call, held: False),
    "the lease is not asked for": _instead(lease.holder, lambda held: ""),
    "writes are not conditional on the fence": _instead(lease._ours, lambda call: {}),
    "a second terminal record is written over the first": _instead(
        endings.terminal, _unfenced(endings.terminal)
    ),
    "the intent of a dead holder is forgotten": _instead(endings.orphaned, _undecided),
    "nobody looks for forgotten intents": _instead(lease.sweep, lambda call: None),
    "the outcome of an update is not verified": _attribute(
        situation.Situation, "differences", lambda self: []
    ),
    "production is left out of the parameters": _instead(
        parameters.parameters, _without("ProductionModelPackageArn", "turn_on_shadow")
    ),
    "copies that go all at once count as guarded": _attribute(
        call.Call, "guarded", property(lambda self: True)
    ),
    "a copy that is not there yet counts as one that does not answer": _instead(
        follow._wakes, lambda call: 3
    ),
    "an attempt keeps the number of the one before": _instead(parameters.parameters, _same_attempt),
    "a plan is executed that CloudFormation did not find possible": _instead(
        updates._problem, lambda change_set, allowed, *, away: ""
    ),
    "nothing is written down before an update begins": _instead(lease.hold, _forgetful),
    "the first endpoint cannot be deleted again": _instead(updates._plan, _first_never),
    "configurations and models in use are deleted": _born("retain", False),
    "alarms keep their name from release to release": _born("static_alarms", True),
    "inconclusive passes": _instead(shadow.judge, _optimist),
    "an alarm of the release does not matter to the judge": _instead(
        shadow._flapping, lambda call, now: False
    ),
    "an alarm that came and went during the bake is not seen": _attribute(
        Metrics, "alarm_changes", lambda self, prefix, start, end: {}
    ),
    "an older version is released over a newer one": _instead(
        fitness._outdated, lambda call, package, live: None
    ),
    "a version that was taken back is offered again": _instead(
        fitness._repeated, lambda call, package, insisted: None
    ),
    "the approval is not asked for again": _instead(updates.refusal, lambda call, stage: None),
    "the approval is not asked for": _instead(fitness._unfit, lambda call, package: None),
    "the earlier environment is not asked": _instead(fitness.served_in, lambda metadata, name: True),
    "a release has another identifier in every call": _instead(
        identifiers.release_id, lambda execution: f"{next(_NUMBERS):010d}"
    ),
    "the sample request is not sent": _attribute(Endpoint, "invoke", lambda self, variant: ""),
    "nobody watches": _instead(closing._unwell, lambda call, now: ""),
    "the shadow stays on while the version is rolled out": _instead(
        updates.turn_off_shadow, lambda call: call.reply("roll_out", "", Plan=None)
    ),
    "a rollback goes to where it came from": _instead(closing._entries, _keep_everything),
    "what broke off is not taken up": _instead(
        admission._recovery, lambda call: admission.rejected(call, None, "nothing_to_do", "nothing")
    ),
    "a decision that was taken is not kept": _instead(
        taking._taken_up, lambda call, left: _TAKEN_UP(call, {**left, "ending": None})
    ),
    "the way back of a stack is never tried again": _instead(
        route.mend, lambda call: call.reply("follow_update", "", seconds=20, Mended=True)
    ),
    "what serves is not what a rollback was asked for": _instead(route.target, lambda call, now: now.served),
    "the stack policy stays lifted after a pause": _instead(protection.restore, lambda call, now: None),
    "a pause is not written down before it begins": _instead(pausing.begun, _unwritten),
    "nobody asks whether a model is paused": _instead(pausing.refused_while_paused, lambda call: None),
    "a resumption that failed leaves no pause": _instead(pausing.undone, lambda call, now: []),
    "an endpoint that came back is not tagged": _attribute(Endpoint, "mark_served", lambda self: None),
    "an alarm does not end an A/B test": _instead(halting._ringing, lambda call, now: ""),
    "requests stay with a challenger until it is gone": _instead(traffic.give_back, lambda call, now: None),
    "a challenger is promoted whatever was decided": _instead(challenger.decide, _always_promoted),
    "weights are set and never looked at": _instead(traffic.in_force, lambda now, wanted: True),
    "weights are in no ledger": _instead(lease.hold, _weightless),
    "a challenger that nobody tests is left": _attribute(
        situation.Situation, "alone", property(lambda self: self.shadow == "none")
    ),
    "a challenger is taken away while it scales": _instead(traffic.let_go, lambda call, now: None),
    "a promotion does not wait for all requests": _instead(challenger.share_of, lambda call, step: 50.0),
    "a sweep does not ask the ledger what served": _instead(sweeping._kept, lambda call: []),
    "a sweep deletes models that a configuration names": _instead(upkeep.superfluous, _nameless),
    "a sweep deletes what was just made": _attribute(upkeep, "LEAST_AGE_SECONDS", -1),
    "a sweep has no lease": _instead(loan.prove, lambda call: None),
    "what is wrong is not told": _instead(upkeep.problems, lambda now: []),
    "the target of a rollback is not looked at again": _instead(rollback.hold_target, lambda call, now: None),
}


@contextmanager
def mutated(name: str) -> Iterator[None]:
    """The release with one of its bugs."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        MUTANTS[name](monkeypatch)
        yield
