"""Pausing, resuming and retiring a model, as steps: its endpoint goes and comes, its versions stay."""

from typing import Any

from release import records
from release.admission import accept, misread, rejected
from release.announcing import announce
from release.call import LIFECYCLE, Call, Work, opened
from release.fitness import Ending
from release.lease import acquire, finish, hold, holder, sweep
from release.pausing import ACTIONS, DONE, PAUSE, RESUME, RETIRE, action, begun, impossible, superfluous
from release.protection import restore
from release.remains import remaining
from release.route import go_on, serves, settle
from release.situation import Situation, look
from release.waiting import wait

BUSY_SECONDS = 60
"""How often to ask for a lease that is taken."""

_WORDS = {
    PAUSE: "takes its endpoint away; nothing of it costs by the hour then, and requests fail",
    RETIRE: "takes its endpoint away for good; versions, data and history stay",
    RESUME: "makes its endpoint anew and serves as soon as its instances run (minutes)",
}


def plan_lifecycle(call: Call) -> Work:
    """Say what will happen, or why nothing will. Nothing but the ledger is touched."""
    wanted, problem = call.input.get("action"), misread(call)
    if not problem and wanted not in ACTIONS:
        problem = f"the input's action is {wanted!r}, it must be one of {', '.join(ACTIONS)}"
    if problem:
        return rejected(call, None, records.REFUSED, problem)
    sweep(call)
    now, wanted = look(call.world), str(wanted)
    no = superfluous(call, now, wanted) or impossible(call, now, wanted)
    if no or now.live is None:
        return rejected(call, None, *(no or (records.NOTHING, "nothing serves")))
    given = {key: str(call.input.get(key) or "") for key in ("reason", "by")}
    live = now.live
    accept(call, opened(call, str(live["package"]), live["version"], action=wanted, **given))
    known: dict[str, Any] = {"Version": live["version"], "Package": live["package"]}
    return call.reply("take_lease", f"{wanted}: {call.model(live['version'])} {_WORDS[wanted]}", **known)


def take_turn(call: Call) -> Work:
    """Wait until the endpoint is free, see again whether there is something to do, and write it down."""
    if not acquire(call, outcome=records.ABANDONED):
        lease = call.world.ledger.read(records.LEASE)
        who = f"{lease['workflow']} {lease['release_id']}" if lease and holder(lease) else "another workflow"
        return call.reply("take_lease", f"waits for {who} of the endpoint", seconds=BUSY_SECONDS)
    now = look(call.world)
    if "paused_before" in call.record():
        return go_on(call)  # this is a repetition: it is written down
    no = _objection(call, now)
    if no:
        return settle(call, *no)
    writes, known = begun(call, now)
    hold(call, records.LEASED, also=writes, **known)
    call.work = {**call.work, "Version": known["version"], "Package": known["package"]}
    return go_on(call)


def _objection(call: Call, now: Situation) -> Ending | None:
    wanted = action(call)
    return superfluous(call, now, wanted) or impossible(call, now, wanted)


def record_lifecycle(call: Call) -> Work:
    """Write down everywhere it is read that a model is paused, retired or serves again, and end."""
    now = look(call.world)
    if now.stuck:
        return go_on(call)
    if now.busy or now.moving:
        return wait(call, now, following=str(call.event["Step"]))
    restore(call, now)
    return recorded(call, now)


def recorded(call: Call, now: Situation) -> Work:
    """The end of an intent that pauses or resumes, in whatever workflow; or of one that a pause refuses."""
    unwell = str(call.work.get("Unwell") or "")
    if not now.at_rest and not unwell:
        return go_on(call)
    if now.live and now.endpoint:
        call.world.endpoint.mark_served()
    wanted = action(call)
    done = now.paused is not None if wanted != RESUME else now.paused is None
    if call.ending or not wanted or not done:
        ending = call.ending or {"outcome": records.STOPPED, "message": "It was taken back."}
        return finish(call, str(ending["outcome"]), f"{ending['message']} {serves(call, now)}.")
    hold(call, records.RECORDED)
    _noted(call, wanted)
    outcome = DONE[wanted]
    announce(call, LIFECYCLE, outcome, Reason=call.record().get("reason", ""))
    return finish(call, outcome, _told(call, wanted))


def _noted(call: Call, wanted: str) -> None:
    """On the version: where it stands in its life cycle. What says where it served stays."""
    package = str(call.record()["package"])
    status = {PAUSE: "Paused", RETIRE: "Retired", RESUME: "Serving"}[wanted]
    if call.world.registry.package(package) is not None:
        call.world.registry.note(package, {}, str(call.serving["Environment"]), status)
    shown = int(call.record()["version"]) if wanted == RESUME else 0
    call.world.metrics.released(shown, call.now)


def _told(call: Call, wanted: str) -> str:
    name = call.model(call.record()["version"])
    if wanted == RESUME:
        return f"{name} serves again.{_newer(call)}"
    back = f"To bring it back: {call.command(RESUME)}"
    if wanted == PAUSE:
        return f"{name} is paused: its endpoint is gone, and costs nothing. {back}"
    return f"{name} is retired: its endpoint is gone. {back}\n{remaining(call)}"


def _newer(call: Call) -> str:
    """What was approved while nothing was released."""
    arn, version = call.world.registry.newest_approved(), int(call.record()["version"])
    newest = int(arn.rpartition("/")[2]) if arn else 0
    if newest <= version:
        return ""
    return f" {call.model(newest)} is approved and newer; to release it: {call.command('release')}"
