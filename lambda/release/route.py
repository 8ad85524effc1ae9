"""Where a release goes next, decided from what is there and never from what was asked for."""

from typing import Any

from release import records
from release.call import AB_TEST, LIFECYCLE, RELEASE, ROLLBACK, Call, Work
from release.identifiers import NONE
from release.lease import finish, hold
from release.pausing import action, left_over, undone
from release.protection import restore
from release.situation import Situation, look
from release.traffic import give_back, let_go
from release.waiting import POLL_SECONDS, phase, wait

MOST_WAYS = 6
"""Times that a release may turn to another way before it is given to people."""


def settle(call: Call, outcome: str, message: str) -> Work:
    """Decide how the release will end, and go on to bring what served before to serve alone.

    The decision is written down before anything follows from it: whoever takes over must not decide anew.
    """
    if call.ending is None:
        also = undone(call, look(call.world)) if action(call) else ()
        hold(call, "settling", also=also, ending={"outcome": outcome, "message": message})
    return go_on(call)


def go_on(call: Call) -> Work:
    """What to do now. Needs the lease."""
    now = look(call.world)
    if now.stuck:
        return _mend(call, now)
    if now.busy or now.moving:
        return wait(call, now)
    restore(call, now)
    ways = int(call.work.get("Ways", 0)) + 1
    if ways > MOST_WAYS:
        return _given_up(call, now)
    call.work = {**call.work, "Ways": ways, "Plan": None, "Polls": 0}
    if now.paused is not None or call.workflow == LIFECYCLE:
        return _to_pause(call, now) if now.paused is not None else _to_serve(call, now)
    return _back(call, now) if call.going_back or call.ending else _forth(call, now)


def _to_pause(call: Call, now: Situation) -> Work:
    """On the way to no endpoint, whoever goes there: the ledger says that this is wanted."""
    mine = call.workflow == LIFECYCLE
    if not now.off:
        return call.reply("pause" if mine else "revert", "the endpoint will be taken away")
    if now.endpoint is not None:
        return finish(call, records.FAILED, f"{call.serving['Model']} {left_over(call)}")
    return call.reply("record_pause" if mine else "record", "there is no endpoint any more")


def _to_serve(call: Call, now: Situation) -> Work:
    """On the way of a resumption, or of a pause that was taken back: to what is recorded to serve."""
    if now.at_rest:
        return call.reply("record", f"{serves(call, now)}")
    return call.reply("resume", f"what is recorded to serve is brought back: {untidy(now)}")


def _forth(call: Call, now: Situation) -> Work:
    """On the way to a new version."""
    wanted, name = call.record()["package"], call.model(call.record()["version"])
    right = not now.differences()
    if now.live is None:
        adopted = right and now.production == wanted
        return _adopt(call) if adopted else call.reply("roll_out", f"{name} will be the first to serve")
    if right and now.production == wanted and now.challenger == NONE:
        # An execution that is gone brought it there: it is watched like any other before it is recorded.
        return call.reply("record", f"{name} serves") if now.served == wanted else _adopt(call)
    if call.workflow == AB_TEST and call.record().get("weights"):
        return _tested(call, now)
    if not right or now.production != now.served or now.challenger != NONE:
        give_back(call, now)
        return call.reply("revert", f"{call.model(now.live['version'])} is brought back first: {untidy(now)}")
    if call.workflow == AB_TEST:
        return call.reply("turn_on_challenger", f"{name} will be started beside production")
    if call.serving.get("Shadow"):
        return call.reply("turn_on_shadow", f"{name} will get a copy of production's requests")
    return call.reply("roll_out", f"{name} will become production")


def _tested(call: Call, now: Situation) -> Work:
    """On with an A/B test, if there still is something to test."""
    if now.differences() or now.production != now.served or now.challenger != call.record()["package"]:
        name = call.model(call.record()["version"])
        return settle(call, records.FAILED, f"{name} was not tested to the end: {untidy(now)}.")
    following = "promote" if call.record().get("decided") else "shift"
    return call.reply(following, "the A/B test goes on")


def _adopt(call: Call) -> Work:
    message = f"{call.model(call.record()['version'])} was brought to serve by a release that broke off"
    return call.reply("watch", message, WatchUntil=None)


def _back(call: Call, now: Situation) -> Work:
    """On the way back to what served before, or to the target of a rollback."""
    goal = target(call, now)
    if goal == NONE:
        # The first version did not come to serve well: there is nothing to go back to.
        return call.reply("record", "nothing served before")
    if now.production == goal and not now.differences():
        if now.alone:
            return call.reply("record", "what is to serve serves alone")
        if now.challenger != NONE and call.workflow == AB_TEST:
            give_back(call, now)
            return call.reply("turn_off_challenger", "the challenger will be taken away")
        if now.challenger == NONE and call.workflow == RELEASE and not call.going_back:
            return call.reply("turn_off_shadow", "the shadow will be turned off")
    give_back(call, now)
    return call.reply("revert", f"what is to serve is brought back: {untidy(now)}")


def target(call: Call, now: Situation) -> str:
    """Package that a way back leads to, or ``none``."""
    return str(call.record()["target"]) if call.going_back else now.served


def untidy(now: Situation) -> str:
    """What is not as it is to be, in words."""
    beside = "" if now.alone else "a version is beside production that no release or test asks for"
    return "; ".join(now.differences()) or beside or "another version serves than the ledger says"


def mend(call: Call) -> Work:
    """Try the way back of an update once more, skipping nothing; what is left after that is for people."""
    now = look(call.world)
    if not now.stuck:
        return go_on(call)
    hold(call, "mend_stack", **_broken(call, now))
    let_go(call, now)
    call.world.stack.continue_rollback()
    message = "the way back of the stack failed; it is tried once more"
    return call.reply("follow_update", message, seconds=POLL_SECONDS, Mended=True, Plan=None, Polls=0)


def _broken(call: Call, now: Situation) -> dict[str, Any]:
    """How a release ends whose own update got stuck: it is not tried again."""
    if call.ending or call.going_back or action(call) or not call.record().get("change_set"):
        return {}
    promoting = phase(call) in (records.PROMOTING, "watch")
    outcome = records.ROLLED_BACK if promoting else records.FAILED
    why = now.stack.reason or "no reason given"
    said = f"{call.model(call.record()['version'])} was rolled back, and the stack got stuck ({why})."
    return {"ending": {"outcome": outcome, "message": said}}


def _mend(call: Call, now: Situation) -> Work:
    if not call.work.get("Mended"):
        if call.workflow == ROLLBACK:
            hold(call, phase(call))
            return call.reply("mend_stack", "the way back of the stack failed; it will be tried once more")
        return mend(call)
    stack = now.stack.id
    command = f"aws cloudformation describe-stack-events --stack-name {stack}"
    said = (
        f"{serves(call, now)}. The stack is in {now.stack.status} and a second try did not help "
        f"({now.stack.reason or 'no reason given'}). Look at: {command} - remove the cause, then run: "
        f"{call.command('rollback')}"
    )
    return finish(call, records.FAILED, said, keep=True)


def _given_up(call: Call, now: Situation) -> Work:
    ending = call.ending
    why = f"{ending['message']} " if ending else ""
    said = (
        f"{why}{serves(call, now)}, but it could not be brought to rest in {MOST_WAYS} tries: {untidy(now)}. "
        f"Remove the cause, then run: {call.command('rollback')}"
    )
    return finish(call, records.FAILED, said)


def serves(call: Call, now: Situation) -> str:
    """What serves, in words."""
    if now.off and now.endpoint is None:
        return f"{call.serving['Model']} is paused"
    if now.endpoint is None:
        return "nothing serves"
    found = now.endpoint.packages.get("production", "")
    version: Any = found.rpartition("/")[2] or "unknown"
    return f"{call.model(version)} serves"
