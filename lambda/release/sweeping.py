"""Upkeep of an endpoint, as a step that the clock starts: looks every time, and sweeps once a day."""

from collections.abc import Sequence

from release import records
from release.call import END, Call, Work
from release.identifiers import seconds_between
from release.lease import LeaseLost, alive
from release.loan import borrow, give_back, prove
from release.ports import Record, Write
from release.situation import Situation, look
from release.upkeep import Needs, needs, problems, superfluous

CHANGING, DIFFERS, WELL = "changing", "differs", "well"
"""Outcomes: somebody changes the endpoint, something is not as it is to be, all is well."""

DAY_SECONDS = 24 * 3600 - 1800
"""Between two sweeps: a day, less than the clock may be late."""


def upkeep(call: Call) -> Work:
    """See whether what serves is what the stack declares, say so by a metric, and sweep if it is time.

    While somebody changes the endpoint nothing is said: whoever does brings it to rest.
    """
    lease = call.world.ledger.read(records.LEASE)
    now = look(call.world)
    if now.busy or now.moving or alive(call, lease):
        return _answer(call, CHANGING, "the endpoint is being changed; nothing was looked at")
    found = problems(now)
    call.world.metrics.differs(differs=bool(found), now=call.now)
    before = call.world.ledger.read(records.UPKEEP) or {}
    swept = sweep(call) if _quiet(now) and _due(call, before) else None
    noted = {"swept": call.now, "deleted": swept} if swept is not None else {}
    call.world.ledger.write(
        [Write(records.UPKEEP, {**before, **noted, "checked": call.now, "problems": found})]
    )
    return _answer(call, DIFFERS if found else WELL, _told(found, swept))


def _answer(call: Call, outcome: str, message: str) -> Work:
    return {**call.reply(END, message), "Outcome": outcome}


def _quiet(now: Situation) -> bool:
    """Whether nothing is under way and nothing has to be put right first."""
    return now.at_rest and not now.busy and not now.moving and not now.stuck


def _due(call: Call, before: Record) -> bool:
    last = before.get("swept")
    return not last or seconds_between(str(last), call.now) >= DAY_SECONDS


def _told(found: Sequence[str], swept: Sequence[str] | None) -> str:
    said = f"not as it is to be: {'; '.join(found)}" if found else "what serves is what the stack declares"
    return said if swept is None else f"{said}; {len(swept)} deleted: {', '.join(swept) or 'nothing'}"


def sweep(call: Call) -> list[str] | None:
    """Delete what nobody needs any more; the names, or None if somebody else has the lease.

    Everything is read again under the lease. A deployment takes no lease, but what it needs is what the stack
    has now, and what it makes from now on.
    """
    if not borrow(call):
        return None
    done: list[str] = []
    try:
        resources = call.world.stack.resources()
        now = look(call.world)
        if _quiet(now):
            _delete(call, needs(now, resources, _kept(call)), done)
        give_back(call)
    except LeaseLost:
        pass  # a rollback does not wait: what is deleted was needed by nothing, the rest has time
    call.world.metrics.swept(len(done), call.now)
    return done


def _kept(call: Call) -> list[Record]:
    return call.world.ledger.history(records.GOOD, limit=int(call.serving["KeepVersions"]))


def _delete(call: Call, needed: Needs, done: list[str]) -> None:
    """Configurations first: a model goes only when nothing names it any more."""
    retained = call.world.retained
    found = superfluous(retained.configurations(), retained.models(), needed, call.now)
    deletions = (retained.delete_configuration, retained.delete_model)
    for names, delete in zip(found, deletions, strict=True):
        for name in names:
            prove(call)
            delete(name)
            done.append(name)
