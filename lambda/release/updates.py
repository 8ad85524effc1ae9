"""One update of the stack: planned as a change set, inspected, executed only on what it was planned for."""

from collections.abc import Iterator, Mapping
from typing import Any

from release import records
from release.call import Call, Work
from release.fitness import objection
from release.identifiers import NONE, change_set_name
from release.lease import hold
from release.parameters import parameters, takes_away
from release.ports import ChangeSet, ConflictError
from release.protection import lift
from release.route import go_on, settle
from release.situation import ANSWERING, Situation, look
from release.traffic import let_go
from release.waiting import wait

PLANNING_SECONDS = 5
MOST_LOOKS = 60
"""At a change set that is being created."""
LEAST_SECONDS = 60
"""That an update of an endpoint takes: SageMaker starts instances for every configuration."""
UNCHANGED = ("didn't contain changes", "No updates are to be performed")
"""In the reason of a change set that would change nothing (CloudFormation User Guide, change sets)."""
NEW = ("turn_on_shadow", "turn_on_challenger", "roll_out")
"""Stages that bring a version to serve which did not serve before: it must still be allowed to."""


def turn_on_shadow(call: Call) -> Work:
    """Let the version answer a copy of production's requests."""
    return _stage(call, "turn_on_shadow")


def turn_off_shadow(call: Call) -> Work:
    """Take the shadow away, whatever the verdict was."""
    return _stage(call, "turn_off_shadow")


def turn_on_challenger(call: Call) -> Work:
    """Start the version beside production; no request reaches it yet."""
    return _stage(call, "turn_on_challenger")


def turn_off_challenger(call: Call) -> Work:
    """Take the challenger away, whose requests production has again."""
    return _stage(call, "turn_off_challenger")


def roll_out(call: Call) -> Work:
    """Make the version production, guarded by the release's own alarms."""
    return _stage(call, "roll_out")


def revert(call: Call) -> Work:
    """Bring back what served before, or a rollback's target, at once; or no endpoint, of a paused model."""
    return _stage(call, "revert")


def pause(call: Call) -> Work:
    """Take the endpoint away, by the one update and under the one role that may."""
    return _stage(call, "pause")


def resume(call: Call) -> Work:
    """Bring back the version that was paused, on a new endpoint."""
    return _stage(call, "resume")


def _stage(call: Call, stage: str) -> Work:
    now = look(call.world)
    plan = call.work.get("Plan")
    if plan and plan["Stage"] == stage:
        return _carry_out(call, now, plan)
    if now.stuck:
        return go_on(call)
    if now.busy or now.moving:
        return wait(call, now, following=stage)
    if stage == "turn_off_shadow" and now.shadow == NONE and not now.differences():
        return _follow(call, _planned(call, now, stage), seconds=0)
    no = refusal(call, stage)
    return settle(call, *no) if no else _plan(call, now, stage)


def refusal(call: Call, stage: str) -> tuple[str, str] | None:
    """Outcome and reason if the version may not come to serve any more; None if it may."""
    if stage not in NEW:
        return None
    package = call.world.registry.package(call.record()["package"])
    if package is None:
        return records.REFUSED, f"{call.record()['package']} does not exist any more"
    return objection(call, package, insisted=bool(call.record().get("insisted")))


def _planned(call: Call, now: Situation, stage: str) -> dict[str, Any]:
    tries = int(call.work.get("Tries", 0)) + 1
    return {
        "Stage": stage,
        "Name": change_set_name(call.release_id, stage, tries),
        "Wanted": parameters(call, now, stage),
        "Base": dict(now.stack.parameters),
        "Config": now.endpoint.config if now.endpoint else "",
    }


def _plan(call: Call, now: Situation, stage: str) -> Work:
    hold(call, stage, stops="")  # what was under way has ended
    plan = _planned(call, now, stage)
    if plan["Wanted"].get("ChallengerModelPackageArn", NONE) == NONE:
        let_go(call, now)
    first = now.live is None or now.endpoint is None or takes_away(plan)
    call.world.stack.create_change_set(plan["Name"], plan["Wanted"], first=first)
    tries = int(call.work.get("Tries", 0)) + 1
    said = f"{stage.replace('_', ' ')}: the update is being planned"
    return call.reply(stage, said, seconds=PLANNING_SECONDS, Plan=plan, Tries=tries, Looks=0, Polls=0)


def _carry_out(call: Call, now: Situation, plan: Mapping[str, Any]) -> Work:
    change_set = call.world.stack.change_set(plan["Name"])
    ready = change_set is not None and change_set.execution_status == "AVAILABLE"
    if call.record().get("change_set") == plan["Name"] and not ready:
        return _follow(call, plan, seconds=LEAST_SECONDS if now.busy else 0)  # it began: the answer was lost
    if change_set is None:
        return go_on(call)
    if change_set.status in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
        return _look_again(call, plan)
    if change_set.status == "FAILED" and any(text in change_set.reason for text in UNCHANGED):
        return _follow(call, plan, seconds=0)
    problem = _problem(change_set, call.serving["AllowedChanges"], away=takes_away(plan))
    if problem:
        call.world.stack.delete_change_set(plan["Name"])
        return settle(call, records.FAILED, f"{plan['Stage'].replace('_', ' ')} was not begun: {problem}")
    return _execute(call, now, plan) if ready and _unchanged(now, plan) else _discard(call, plan)


def _look_again(call: Call, plan: Mapping[str, Any]) -> Work:
    looks = int(call.work.get("Looks", 0)) + 1
    if looks > MOST_LOOKS:
        return _discard(call, plan)
    hold(call, plan["Stage"])
    return call.reply(plan["Stage"], "the update is being planned", seconds=PLANNING_SECONDS, Looks=looks)


def _discard(call: Call, plan: Mapping[str, Any]) -> Work:
    """The world moved on since this was planned: look again."""
    call.world.stack.delete_change_set(plan["Name"])
    return go_on(call)


def _problem(change_set: ChangeSet, allowed: list[str], *, away: bool) -> str:
    if change_set.status == "FAILED":
        return change_set.reason or "CloudFormation could not plan it"
    return "; ".join(_forbidden(change_set, allowed, away=away))


def _forbidden(change_set: ChangeSet, allowed: list[str], *, away: bool = False) -> Iterator[str]:
    for change in change_set.changes:
        if change.logical_id not in allowed:
            yield f"it would change {change.logical_id}, which is not part of a release"
        lost = (change.action == "Remove" and not away) or change.replacement in ("True", "Conditional")
        if change.logical_id in ANSWERING and lost:
            yield f"it would remove or replace {ANSWERING[change.logical_id]}"


def _unchanged(now: Situation, plan: Mapping[str, Any]) -> bool:
    config = now.endpoint.config if now.endpoint else ""
    same = dict(now.stack.parameters) == plan["Base"] and config == plan["Config"]
    return same and not now.busy and not now.moving and not now.stuck


def _execute(call: Call, now: Situation, plan: Mapping[str, Any]) -> Work:
    no = refusal(call, plan["Stage"])
    if no:
        call.world.stack.delete_change_set(plan["Name"])
        return settle(call, *no)
    guarded = plan["Wanted"]["RolloutMode"] == "guarded"
    seconds = max(LEAST_SECONDS, 60 * float(call.serving["Rollout"]["BakingMinutes"]) if guarded else 0)
    # Written down before it is done: whoever comes after knows that it may have begun.
    hold(call, plan["Stage"], lasting=seconds, change_set=plan["Name"])
    if takes_away(plan):
        lift(call, plan["Stage"], seconds)
    try:
        call.world.stack.execute(plan["Name"])
    except ConflictError:
        if call.world.stack.change_set(plan["Name"]) is not None:
            return _discard(call, plan)
        # Gone: it may have begun all the same, if the answer of the first attempt was lost.
    return _follow(call, plan, seconds=seconds)


def _follow(call: Call, plan: Mapping[str, Any], *, seconds: float) -> Work:
    said = f"{plan['Stage'].replace('_', ' ')} is under way"
    return call.reply("follow_update", said, seconds=seconds, Plan=plan, Polls=0)
