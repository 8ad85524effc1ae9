"""Follows an update to its end, and believes only what the endpoint shows."""

from collections.abc import Mapping
from typing import Any

from release import records
from release.call import Call, Work
from release.identifiers import NONE, later
from release.lease import hold
from release.ports import NO_CAPACITY
from release.protection import restore
from release.route import go_on, settle, target, untidy
from release.situation import CHALLENGER, PRODUCTION, Situation, look
from release.waiting import POLL_SECONDS, wait

SAMPLED = {
    "roll_out": PRODUCTION,
    "revert": PRODUCTION,
    "resume": PRODUCTION,
    "turn_on_challenger": CHALLENGER,
}
"""Stages after which the sample request is sent, and the variant that has to answer it."""

MOST_SAMPLES = 3
"""Times that the sample request is sent before a version counts as one that does not answer."""


def follow_update(call: Call) -> Work:
    """Wait for the stack and the endpoint to be stable, then decide by what serves."""
    now = look(call.world)
    plan = call.work.get("Plan")
    if now.stuck or not plan:
        return go_on(call)
    if now.busy or now.moving:
        return wait(call, now)
    restore(call, now)
    hold(call, plan["Stage"])
    wanted = dict(now.stack.parameters) == plan["Wanted"]
    if not wanted or now.differences():
        return _missed(call, now, plan)
    asked = SAMPLED.get(plan["Stage"]) if now.endpoint else None  # a pause has nothing to ask
    problem = call.world.endpoint.invoke(asked) if asked else ""
    return _unanswered(call, plan, problem) if problem else _done(call, now, plan["Stage"])


def _done(call: Call, now: Situation, stage: str) -> Work:
    name = call.model(call.record()["version"])
    if stage == "turn_on_shadow":
        return bake(call, now, f"{name} gets a copy of production's requests", bakes=0, longer=0)
    if stage == "turn_off_shadow" and not call.ending:
        return call.reply("roll_out", f"the shadow is off; {name} will become production", Plan=None)
    if stage == "turn_on_challenger":
        return call.reply("shift", f"{name} answers beside production and will get requests", Plan=None)
    if stage == "roll_out":
        return start_watch(call, f"{name} serves all requests and is being watched")
    return go_on(call)


def bake(call: Call, now: Situation, message: str, *, bakes: int, longer: int) -> Work:
    """Let the shadow see requests for some time; one wait, then it is judged.

    ``bakes`` counts those that a new configuration spoiled, ``longer`` those that showed too little.
    """
    seconds = 60 * float(call.serving["Shadow"]["BakeMinutes"])
    hold(call, "judge", lasting=seconds)
    config = now.endpoint.config if now.endpoint else ""
    start = call.work.get("BakeStart", call.now) if longer else call.now
    known = {"Config": config, "BakeStart": start, "Bakes": bakes, "Longer": longer, "Plan": None}
    return call.reply("judge", message, seconds=seconds, **known)


def start_watch(call: Call, message: str) -> Work:
    """Watch the alarms of the release for some time."""
    seconds = 60 * float(call.serving["Rollout"]["WatchMinutes"])
    hold(call, "watch")
    first = min(POLL_SECONDS, seconds)
    return call.reply("watch", message, seconds=first, WatchUntil=later(call.now, seconds), Plan=None)


def _unanswered(call: Call, plan: Mapping[str, Any], problem: str) -> Work:
    samples = int(call.work.get("Samples", 0)) + 1
    if samples < (_wakes(call) if NO_CAPACITY in problem else MOST_SAMPLES):
        said = f"the sample request failed: {problem}"
        return call.reply("follow_update", said, seconds=POLL_SECONDS, Samples=samples)
    call.work = {**call.work, "Samples": 0}
    said = f"the sample request failed {samples} times: {problem}"
    if plan["Stage"] == "roll_out":
        return settle(
            call, records.REVERTED, f"{call.model(call.record()['version'])} was taken back: {said}."
        )
    if plan["Stage"] == "turn_on_challenger":
        return settle(
            call, records.REJECTED, f"{call.model(call.record()['version'])} got no requests: {said}."
        )
    # What served well does not answer: to move to and fro would not help.
    return settle_unwell(call, said)


def _wakes(call: Call) -> int:
    """Times that it is sent while no copy is there: it makes SageMaker start an instance and load the model
    (developer guide, "Scale an endpoint to zero instances").
    """
    return int(60 * call.serving["Rollout"].get("WakeMinutes", 0) // POLL_SECONDS)


def settle_unwell(call: Call, said: str) -> Work:
    """End with what served before in its place, although it answers badly."""
    if call.ending is None:
        hold(call, "settling", ending={"outcome": records.FAILED, "message": said})
    return call.reply("record", said, Unwell=said)


def _missed(call: Call, now: Situation, plan: Mapping[str, Any]) -> Work:
    """The update did not do what was wanted: what serves is what is believed."""
    stage, name = plan["Stage"], call.model(call.record()["version"])
    back = now.stack.status == "UPDATE_ROLLBACK_COMPLETE"
    why = now.stack.reason or (now.endpoint.reason if now.endpoint else "") or "no reason given"
    call.work = {**call.work, "Plan": None}
    begun = back or dict(now.stack.parameters) == plan["Wanted"]
    if not begun or stage in ("turn_off_shadow", "turn_off_challenger", "revert"):
        return go_on(call)
    if stage in ("pause", "resume"):
        happened = now.off == (stage == "pause")  # then what is not as it should be is put right
        return go_on(call) if happened else settle(call, records.FAILED, _not_done(call, stage, why))
    if stage in ("turn_on_shadow", "turn_on_challenger"):
        what = stage.removeprefix("turn_on_")
        return settle(call, records.FAILED, f"{name} could not be started as {what} ({why}).")
    return settle(call, records.ROLLED_BACK, f"{name} was rolled back ({why}; {_found(call, now)}).")


def _not_done(call: Call, stage: str, why: str) -> str:
    return f"{call.model(call.record()['version'])} could not be {stage}d ({why})."


def _found(call: Call, now: Situation) -> str:
    """Whether CloudFormation noticed."""
    if now.stack.status == "UPDATE_ROLLBACK_COMPLETE":
        return "CloudFormation rolled the stack back"
    where = "" if target(call, now) == NONE else ", which is put right"
    return f"CloudFormation took it for a success{where}: {untidy(now)}"
