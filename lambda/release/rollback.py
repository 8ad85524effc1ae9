"""The way back that a person asks for: in every state that a release can be in."""

from dataclasses import dataclass

from release import records
from release.admission import accept, misread, rejected
from release.call import AB_TEST, RELEASE, Call, Work, opened
from release.fitness import Ending
from release.identifiers import NONE, package_arn
from release.lease import acquire, alive, finish, hold, holder, lent, sweep
from release.pausing import refused_while_paused
from release.ports import Record
from release.route import go_on, mend, settle
from release.situation import Situation, look

WAIT_SECONDS = 20

STOPPABLE = {RELEASE: "release", AB_TEST: "A/B test"}
"""Workflows that bring something new, by which a rollback does not wait, and what they are called."""


@dataclass(frozen=True)
class Choice:
    """A version to go back to (its ``good`` record), and the package of the one before it or ``none``."""

    entry: Record
    previous: str


def plan(call: Call) -> Work:
    """Say what will happen, before anything is touched."""
    problem = misread(call)
    if problem:
        return rejected(call, None, records.REFUSED, problem)
    sweep(call)
    no = refused_while_paused(call)
    if no:
        return rejected(call, None, *no)
    now = look(call.world)
    if now.live is None:
        return rejected(
            call, None, records.REFUSED, "nothing was ever released, so there is nothing to go back to"
        )
    flying = _in_flight(call, now.live)
    found = _chosen(call, now, stop=flying is not None)
    if not isinstance(found, Choice):
        return rejected(call, None, *found)
    entry, previous = found.entry, found.previous
    known = {"target": entry["package"], "previous": previous, "planned_from": now.live["release_id"]}
    accept(
        call, opened(call, entry["package"], entry["version"], reason=call.input.get("reason", ""), **known)
    )
    message = _announcement(call, now, entry, flying)
    return call.reply("take_over", message, Version=entry["version"], Package=entry["package"])


def _in_flight(call: Call, live: Record | None) -> Record | None:
    """The intent of a release or test that holds the lease and has not recorded its version; also of a dead
    one."""
    lease = call.world.ledger.read(records.LEASE)
    if lease is None or not holder(lease) or lease["workflow"] not in STOPPABLE:
        return None
    intent = call.world.ledger.read(records.intent(str(lease["release_id"])))
    if intent is None or (live and live["package"] == intent["package"]):
        return None
    return intent


def _stops(call: Call, lease: Record | None) -> bool:
    """Whether a release or test ends by this, also one that a rollback ended which is not finished itself."""
    before = (
        call.world.ledger.read(records.intent(str(lease["release_id"]))) if lease and holder(lease) else {}
    )
    return bool(_in_flight(call, call.world.ledger.read(records.LIVE)) or (before and before.get("stopped")))


def _chosen(call: Call, now: Situation, *, stop: bool) -> Choice | Ending:
    """The version to go back to and the one before it, or why there is none."""
    live = now.live or {}
    good = call.world.ledger.history(records.GOOD, limit=records.MOST_GOOD + 10)
    wanted = _named(call)
    # A stack that needs mending, or declares what is not recorded, is first put right: one thing at a time.
    stays = stop or now.stuck or now.production != now.served or now.challenger != NONE
    options = [item for item in good if wanted in ("", item["package"])]
    if not wanted and not stays:
        options = [item for item in options if item["package"] != live["package"]]
    for item in options:
        before = good[good.index(item) + 1 :]
        if item["package"] == live["package"] or _usable(call, str(item["package"])):
            return Choice(item, str(before[0]["package"]) if before else NONE)
    what = f"{wanted} " if wanted else "no earlier version "
    named = ", ".join(str(item["version"]) for item in good) or "none"
    return records.REFUSED, f"{what}served verified and is still approved; versions that served: {named}"


def _named(call: Call) -> str:
    given = call.input.get("to")
    if given is None or given == "":
        return ""
    if isinstance(given, int) or str(given).isdigit():
        return package_arn(call.serving["PackageGroup"], int(given))
    return str(given)


def _usable(call: Call, arn: str) -> bool:
    package = call.world.registry.package(arn)
    return package is not None and package.approval == "Approved" and not package.missing


def _announcement(call: Call, now: Situation, entry: Record, flying: Record | None) -> str:
    live = now.live or {}
    stays = entry["package"] == live.get("package")
    what = STOPPABLE[str(flying["workflow"])] if flying else ""
    stops = f"Stops the {what} of version {flying['version']} (phase {flying['phase']}). " if flying else ""
    if stays:
        return f"{stops}{call.model(entry['version'])} goes on serving"
    return (
        f"{stops}Brings back {call.model(entry['version'])} in place of version {live.get('version')}, "
        "all requests at once, as soon as its instances run (minutes)"
    )


def take_over(call: Call) -> Work:
    """Stop a release under way, take its lease, and turn towards the version to go back to."""
    lease = call.world.ledger.read(records.LEASE)
    who, stops = holder(lease), _stops(call, lease)
    stopped = False
    if lease and alive(call, lease) and not lent(lease):  # a sweep is not waited for, and stops by itself
        if lease["workflow"] not in STOPPABLE:
            said = f"waits for {lease['workflow']} {lease['release_id']}"
            return call.reply("take_over", said, seconds=WAIT_SECONDS)
        call.world.executions.stop(who, f"stopped by rollback {call.release_id}")
        stopped = True
    stopped = stopped or bool(who and who != call.execution and not lent(lease))
    acquire(call, outcome=records.STOPPED, forced=True, stopped=stops)
    now = look(call.world)
    no = refused_while_paused(call)
    if no:
        return settle(call, *no)
    hold_target(call, now)
    late = _too_late(call, now) if not stopped else None
    return finish(call, records.NOTHING, late) if late else go_on(call)


def hold_target(call: Call, now: Situation) -> None:
    """See under the lease that the target is still one: another rollback may have gone further back in the
    meantime. Then what serves stays, and only the rest is put right."""
    history = call.world.ledger.history(records.GOOD, limit=records.MOST_GOOD + 10)
    if now.live and not any(item["package"] == call.record()["target"] for item in history):
        hold(call, records.LEASED, target=now.live["package"], version=now.live["version"])


def _too_late(call: Call, now: Situation) -> str | None:
    """Whether what was planned has happened: another rollback was faster, or there is nothing to stop."""
    live, intent = now.live, call.record()
    at_rest = live and now.production == live["package"] and now.alone and not now.differences()
    if not live or now.busy or now.stuck or not at_rest or live["package"] != intent["target"]:
        return None
    return f"{call.model(live['version'])} serves already, since {live['since']}"


def mend_stack(call: Call) -> Work:
    """Try the way back of a stack once more."""
    return mend(call)
