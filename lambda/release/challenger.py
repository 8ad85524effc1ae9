"""The steps of an A/B test while both versions answer: shift the requests, look out, compare, promote.

Everything that a test remembers is in its record of the ledger: ``weights`` is what the endpoint is to have,
``step`` the one it is at (from 0), ``strata`` the steps that began, each with its share in percent and its
times, ``until`` when the present one ends, ``decisions`` what was concluded.
"""

from collections.abc import Sequence

from release import records
from release.ab_decision import Decision, decide
from release.ab_strata import Stratum, gather
from release.ab_test import compared, share_of, step_minutes
from release.call import Call, Work
from release.halting import halted
from release.identifiers import later, seconds_between
from release.lease import hold
from release.measurements import Given
from release.ports import ConflictError, Query, Record
from release.route import settle
from release.situation import CHALLENGER, PRODUCTION, look
from release.traffic import in_force, send, weights
from release.waiting import POLL_SECONDS, wait

MOST_TRIES = 10
"""Times that weights or a capacity are asked for before a test counts as one that cannot go on."""

WATCHFUL_SECONDS, CLOSE_SECONDS, CALM_SECONDS = 900, 60, 300
"""How long a new share is looked at every minute, and how often it is looked at then and later."""

MOST_LOOKS = 1700
"""Looks at a test: each costs an execution 11 events, of 25,000 that it may have (Step Functions Developer
Guide, quotas). What would need more is looked at less often."""


def shift(call: Call) -> Work:
    """Give the challenger the share of the present step: written down first, then done, then seen."""
    now = look(call.world)
    halt = halted(call, now, "shift")
    if halt:
        return halt
    step = int(call.record().get("step", 0))
    wanted = weights(share_of(call, step))
    if in_force(now, wanted) and call.record().get("weights") == wanted:
        return _observed_from_now(call, step)
    hold(call, "shift", step=step, weights=wanted)
    return _set(call, wanted, "shift")


def _set(call: Call, wanted: Record, following: str) -> Work:
    """Set the weights and come back to see them. A test whose weights do not come about ends."""
    tries = int(call.work.get("Shifts", 0)) + 1
    if tries > MOST_TRIES:
        said = (
            f"{call.model(call.record()['version'])} was not tested: the endpoint does not keep its weights."
        )
        return settle(call, records.FAILED, said)
    send(call, wanted)  # if it is just being changed, the next look says so and waits
    said = f"the challenger gets {wanted[CHALLENGER]:g} % of the requests"
    return call.reply(following, said, seconds=POLL_SECONDS, Shifts=tries, Polls=0)


def _observed_from_now(call: Call, step: int) -> Work:
    strata = list(call.record().get("strata", []))
    share = share_of(call, step)
    if len(strata) <= step:
        until = later(call.now, 60 * step_minutes(call, step))
        strata.append({"share": share, "start": call.now, "end": until})
        hold(call, "observe", lasting=CLOSE_SECONDS, strata=strata, until=until)
    said = f"{call.model(call.record()['version'])} answers {share:g} % of the requests"
    return call.reply("observe", said, seconds=CLOSE_SECONDS, Shifts=0, Polls=0)


def observe(call: Call) -> Work:
    """Look for alarms, and whether the weights are still those of the test, until the step has its time."""
    now = look(call.world)
    halt = halted(call, now, "observe")
    if halt:
        return halt
    intent = call.record()
    if not in_force(now, intent["weights"]):
        hold(call, "observe")
        return _set(call, intent["weights"], "observe")
    left = seconds_between(call.now, intent["until"])
    if left > 0:
        return _look_again(call, left)
    step, last = int(intent["step"]), len(compared(call.serving["AbTest"]))
    if step < last:
        hold(call, "weigh")
        return call.reply("weigh", "the variants are compared", Shifts=0, Polls=0)
    hold(call, "promote", decided=True)
    name = call.model(intent["version"])
    return call.reply("promote", f"{name} answers all requests well and becomes production", Shifts=0)


def _look_again(call: Call, left: float) -> Work:
    looks = int(call.work.get("Observed", 0)) + 1
    strata, step = call.record()["strata"], int(call.record()["step"])
    steps = len(compared(call.serving["AbTest"])) - step
    rest = left + sum(60 * step_minutes(call, step + number + 1) for number in range(steps))
    calm = max(CALM_SECONDS, rest / max(1, MOST_LOOKS - looks))
    young = seconds_between(strata[-1]["start"], call.now) < WATCHFUL_SECONDS
    seconds = max(1, min(left, CLOSE_SECONDS if young else calm))
    hold(call, "observe", lasting=seconds, quiet=True)
    said = f"{call.model(call.record()['version'])} answers {strata[-1]['share']:g} % of the requests"
    return call.reply("observe", said, seconds=seconds, Observed=looks, Shifts=0, Polls=0)


def weigh(call: Call) -> Work:
    """Compare the variants at the end of a step, by the rules that were fixed before the first."""
    now = look(call.world)
    halt = halted(call, now, "weigh")
    if halt:
        return halt
    hold(call, "weigh")
    intent, ab = call.record(), call.serving["AbTest"]
    step = int(intent["step"])
    if len(intent["strata"]) <= step or seconds_between(call.now, intent["until"]) > 0:
        return call.reply("shift", "the test goes on", Shifts=0)  # this is a repetition: it was decided
    last = step + 1 >= len(compared(ab))
    decision = decide(ab, intent["plan"], _strata(call, intent["strata"]), last=last)
    decided = [*intent.get("decisions", []), {"step": step, "at": call.now, **decision.as_json()}]
    if decision.outcome == "longer" and not _extended(call):
        return _longer(call, decided, decision)
    # A look before the last one ends a test for harm and for nothing else; the last promotes or it does not.
    goes_on = decision.outcome == "promote" if last else decision.outcome != "remove"
    if goes_on:
        hold(call, "shift", step=step + 1, decisions=decided)
        said = f"{decision.summary}; the challenger gets {share_of(call, step + 1):g} % of the requests"
        return call.reply("shift", said, Shifts=0)
    hold(call, "weigh", decisions=decided)
    name = call.model(intent["version"])
    return settle(call, records.REJECTED, f"{name} was not promoted: {decision.summary}.")


def _extended(call: Call) -> bool:
    """Whether the present step has had its second time."""
    stratum = call.record()["strata"][-1]
    planned = 60 * step_minutes(call, int(call.record()["step"]))
    return seconds_between(stratum["start"], stratum["end"]) > planned


def _longer(call: Call, decided: list[Record], decision: Decision) -> Work:
    """A step once more, added to what it has: the extension that the plan allows."""
    minutes = step_minutes(call, int(call.record()["step"]))
    until = later(call.now, 60 * minutes)
    *before, stratum = call.record()["strata"]
    hold(call, "observe", decisions=decided, until=until, strata=[*before, {**stratum, "end": until}])
    said = f"the step takes {minutes:g} minutes more: {decision.summary}"
    return call.reply("observe", said, seconds=CLOSE_SECONDS, Shifts=0)


def _strata(call: Call, strata: Sequence[Record]) -> list[Stratum]:
    """What was measured in each step that began, up to now."""
    return [Stratum(one["share"], one["start"], one["end"], _measured(call, one)) for one in strata]


def _measured(call: Call, one: Record) -> Given:
    def fetch(queries: Sequence[Query], seconds: int) -> Given:
        return call.world.metrics.series(queries, one["start"], one["end"], seconds)

    return gather(call.record()["plan"]["Test"], one["share"], fetch)


def promote(call: Call) -> Work:
    """Give production the challenger's instances, then let the challenger's version be production."""
    now = look(call.world)
    halt = halted(call, now, "promote")
    if halt:
        return halt
    hold(call, "promote", decided=True)
    counts = now.endpoint.counts if now.endpoint else {}
    wanted = counts.get(CHALLENGER, 0)
    tries = int(call.work.get("Shifts", 0)) + 1
    name = call.model(call.record()["version"])
    if counts.get(PRODUCTION, 0) >= wanted:
        return call.reply("roll_out", f"{name} becomes production", Shifts=0)
    if tries > MOST_TRIES:
        said = f"{name} was not promoted: production has {counts.get(PRODUCTION, 0)} of {wanted} instances."
        return settle(call, records.FAILED, said)
    try:
        call.world.endpoint.capacity(PRODUCTION, wanted)
    except ConflictError:
        return wait(call, now, following="promote")
    said = f"production gets {wanted} instances, as many as the challenger has"
    return call.reply("promote", said, seconds=POLL_SECONDS, Shifts=tries, Polls=0)
