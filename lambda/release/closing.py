"""The last steps: the watch over a version that serves, its records, and giving up."""

from release import records
from release.announcing import announce
from release.call import ROLLBACK, Call, Work
from release.fitness import ROLLED_BACK_MARK
from release.follow import start_watch
from release.identifiers import NONE, seconds_between
from release.lease import finish, hold
from release.lifecycle import recorded
from release.pausing import action
from release.ports import NO_CAPACITY, Package, Record, Write
from release.route import go_on, serves, settle, untidy
from release.shadow import alarm_prefix
from release.situation import Situation, look
from release.waiting import wait

WATCH_SECONDS = 60
LONGEST_MARK = 256
"""Characters of a value of a version's metadata (SageMaker API, CustomerMetadataValue)."""


def watch(call: Call) -> Work:
    """Let a version serve for some time; an alarm or a withdrawn approval brings the one before back."""
    now = look(call.world)
    if now.stuck:
        return go_on(call)
    if now.busy or now.moving:
        return wait(call, now, following="watch")
    if not call.work.get("WatchUntil"):
        return start_watch(call, call.work["Message"])
    hold(call, "watch")
    version = call.record()["version"]
    if now.production != call.record()["package"] or now.differences():
        said = f"{call.model(version)} was taken from its place ({untidy(now)})."
        return settle(call, records.ROLLED_BACK, said)
    problem = _unwell(call, now)
    if problem:
        return settle(call, records.REVERTED, f"{call.model(version)} was taken back: {problem}.")
    left = seconds_between(call.now, call.work["WatchUntil"])
    if left > 0:
        said = f"{call.model(version)} serves and is being watched"
        return call.reply("watch", said, seconds=max(1, min(WATCH_SECONDS, left)))
    problem = call.world.endpoint.invoke("production")
    if problem and NO_CAPACITY not in problem:  # copies go while nobody asks: it has answered before
        return settle(call, records.REVERTED, f"{call.model(version)} was taken back: {problem}.")
    return call.reply("record", f"{call.model(version)} serves well")


def _unwell(call: Call, now: Situation) -> str:
    package = call.world.registry.package(call.record()["package"])
    if package is None or package.approval != "Approved":
        return "its approval was withdrawn"
    states = call.world.metrics.alarms(alarm_prefix(call, now))
    raised = sorted(name.rpartition("/")[2] for name, state in states.items() if state == "ALARM")
    return f"alarm {', '.join(raised)}" if raised else ""


def record(call: Call) -> Work:
    """Write down what serves now, everywhere it is read, and end."""
    now = look(call.world)
    if now.stuck:
        return go_on(call)
    if now.busy or now.moving:
        return wait(call, now, following="record")
    if now.paused is not None or action(call):
        return recorded(call, now)
    if not call.work.get("Unwell") and not _as_recorded(call, now):
        return go_on(call)
    if call.ending and not call.going_back:
        return _end(call, now)
    if call.going_back and now.live and now.live["package"] == call.record()["target"]:
        before = call.record().get("recovers") or {}
        if now.live["release_id"] not in (call.release_id, before.get("release_id")):
            return _end(call, now)
    return _recorded(call, now)


def _as_recorded(call: Call, now: Situation) -> bool:
    """Whether what serves is what this release is about to write down, and nothing else besides."""
    if call.ending and now.live is None and not call.going_back:
        return True
    package = now.served if call.ending and not call.going_back else call.record()["package"]
    return now.production == package and now.alone and not now.differences()


def _end(call: Call, now: Situation) -> Work:
    """End with what served before. Its endpoint may be one that was made anew, without the tag."""
    if now.live and now.endpoint:
        call.world.endpoint.mark_served()
    ending = call.ending or _kept(call)
    return finish(call, str(ending["outcome"]), f"{ending['message']} {serves(call, now)}.")


def _kept(call: Call) -> Record:
    """How a rollback ends to what is recorded to serve: it stopped something, or mended what differed."""
    if call.record().get("stopped"):
        return {"outcome": records.STOPPED, "message": "The release was stopped."}
    return {"outcome": records.RELEASED, "message": "What differed was put right."}


def _recorded(call: Call, now: Situation) -> Work:
    intent = call.record()
    package = call.world.registry.package(intent["package"])
    if now.live is None or now.live["package"] != intent["package"]:
        call.world.endpoint.mark_served()
        hold(call, records.RECORDED, also=_entries(call, now, package), replaced=now.live)
    _noted(call, call.record().get("replaced"))
    return _announced(call)


def _entries(call: Call, now: Situation, package: Package | None) -> list[Write]:
    """The live version and the versions one may go back to, all in one transaction with the lease."""
    intent, live = call.record(), now.live
    history = call.world.ledger.history(records.GOOD, limit=records.MOST_GOOD + 10)
    if call.going_back:
        entry = next(item for item in history if item["package"] == intent["package"])
        number = int(str(entry["record"]).removeprefix(records.GOOD))
        gone = [item["record"] for item in history if item["record"] > entry["record"]]
        dropped = [Write(str(name), None) for name in gone]
    else:
        number = 1 + max((int(str(i["record"]).removeprefix(records.GOOD)) for i in history), default=0)
        dropped = [Write(str(item["record"]), None) for item in history[records.MOST_GOOD - 1 :]]
    serving = {
        "package": intent["package"],
        "version": intent["version"],
        "previous": intent.get("previous", NONE) if call.going_back else now.served,
        "release_id": call.release_id,
        "since": call.now,
        "approved_by": _approver(package, history),
        "confirmed_by": call.work.get("ConfirmedBy", ""),
        "config": now.endpoint.config if now.endpoint else "",
    }
    return [
        *dropped,
        *_taken_back(call, live),
        Write(records.LIVE, serving),
        Write(records.good(number), serving),
    ]


def _approver(package: Package | None, history: list[Record]) -> str:
    """Who approved a version. One that served here was last changed by its release; its entry knows."""
    if package is None or package.approved_by:
        return package.approved_by if package else ""
    entries = (item for item in history if item["package"] == package.arn)
    return str(next(entries, {}).get("approved_by", ""))


def _taken_back(call: Call, live: Record | None) -> list[Write]:
    """What keeps an event from releasing once more what people took back."""
    if live is None or not call.going_back:
        return []
    entry = {"package": live["package"], "version": live["version"], "outcome": records.ROLLED_BACK}
    entry |= {"release_id": call.release_id, "ended": call.now, "message": "brought back by a rollback"}
    return [Write(records.offer(int(live["version"])), entry)]


def _noted(call: Call, replaced: Record | None) -> None:
    """Write on the versions what became of them."""
    environment, registry = str(call.serving["Environment"]), call.world.registry
    key, intent = f"served-in-{environment}", call.record()
    if replaced and registry.package(replaced["package"]) is not None:
        mark = f"{ROLLED_BACK_MARK} {call.release_id} {call.now}"
        left = {key: mark} if call.going_back else {}
        registry.note(replaced["package"], left, environment, "RolledBack" if left else "Replaced")
    package = registry.package(intent["package"])
    mark = f"{call.release_id} {call.now} {package.approved_by if package else ''}".rstrip()
    registry.note(intent["package"], {key: mark[:LONGEST_MARK]}, environment, "Serving")
    registry.relate(intent["package"], call.release_id)


def _announced(call: Call) -> Work:
    intent = call.record()
    call.world.metrics.released(int(intent["version"]), call.now)
    announce(call, ROLLBACK if call.going_back else call.workflow, records.RELEASED)
    before = call.record().get("replaced")
    instead = f" in place of version {before['version']}" if before else ""
    how = "was brought back and serves" if call.going_back else "serves"
    unwell = f" But: {call.work['Unwell']}" if call.work.get("Unwell") else ""
    return finish(call, records.RELEASED, f"{call.model(intent['version'])} {how}{instead}.{unwell}")
