"""The steps of the workflows, and of upkeep: each may be repeated, and says which one comes next."""

from collections.abc import Callable, Mapping
from typing import Any

from release import records
from release.ab_test import admit_challenger
from release.admission import admit, confirmed, declined
from release.call import END, Call, Work, ended
from release.challenger import observe, promote, shift, weigh
from release.closing import record, watch
from release.follow import follow_update
from release.lease import LeaseLost
from release.lifecycle import plan_lifecycle, record_lifecycle, take_turn
from release.ports import ConflictError, World
from release.reporting import reported
from release.rollback import mend_stack, plan, take_over
from release.shadow import judge_shadow
from release.surrender import give_up
from release.sweeping import upkeep
from release.taking import take_lease
from release.updates import (
    pause,
    resume,
    revert,
    roll_out,
    turn_off_challenger,
    turn_off_shadow,
    turn_on_challenger,
    turn_on_shadow,
)

Step = Callable[[Call], Work]

STEPS: Mapping[str, Mapping[str, Step]] = {
    "release": {
        "admit": admit,
        "confirmed": confirmed,
        "declined": declined,
        "take_lease": take_lease,
        "turn_on_shadow": turn_on_shadow,
        "judge": judge_shadow,
        "turn_off_shadow": turn_off_shadow,
        "roll_out": roll_out,
        "follow_update": follow_update,
        "watch": watch,
        "revert": revert,
        "record": record,
        "give_up": give_up,
    },
    "ab_test": {
        "admit_challenger": admit_challenger,
        "confirmed": confirmed,
        "declined": declined,
        "take_lease": take_lease,
        "turn_on_challenger": turn_on_challenger,
        "shift": shift,
        "observe": observe,
        "weigh": weigh,
        "promote": promote,
        "turn_off_challenger": turn_off_challenger,
        "roll_out": roll_out,
        "follow_update": follow_update,
        "watch": watch,
        "revert": revert,
        "record": record,
        "give_up": give_up,
    },
    "rollback": {
        "plan": plan,
        "take_over": take_over,
        "follow_update": follow_update,
        "mend_stack": mend_stack,
        "revert": revert,
        "record": record,
        "give_up": give_up,
    },
    "lifecycle": {
        "plan_lifecycle": plan_lifecycle,
        "take_lease": take_turn,
        "pause": pause,
        "resume": resume,
        "follow_update": follow_update,
        "record_pause": record_lifecycle,
        "record": record_lifecycle,
        "give_up": give_up,
    },
    "upkeep": {"upkeep": upkeep},
}
"""What each workflow may ask for."""

ATTEMPTS = 3
"""At a step that found the ledger changed under it; it reads again each time."""


def run(event: Mapping[str, Any], world: World) -> Work:
    """Take one step. Raises KeyError for an unknown one, and what the services raise."""
    step = STEPS[event["Workflow"]][event["Step"]]
    for _ in range(ATTEMPTS - 1):
        try:
            return _taken(step, event, world)
        except ConflictError:
            continue
    return _taken(step, event, world)


def _taken(step: Step, event: Mapping[str, Any], world: World) -> Work:
    call = Call(event, world, work=dict(event.get("Work") or {}))
    call.intent = world.ledger.read(records.intent(call.release_id))
    if call.intent and call.intent["outcome"]:
        # This was the repetition of a last step, or another release ended this.
        return reported(call, ended(call, call.intent))
    try:
        answer = step(call)
        return reported(call, answer) if answer["Next"] == END else answer
    except LeaseLost as lost:
        answer = call.reply(END, f"{lost}; this release does nothing any more")
        return {**answer, "Outcome": records.STOPPED, "Subject": call.subject(records.STOPPED)}
