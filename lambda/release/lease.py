"""Who may change the endpoint: one holder at a time, and every write of a holder proves it still is.

A lease is taken over from a holder that is dead and whose update has ended. The taker raises the fence, so
that nothing the former holder writes later is accepted, and gives its intent the terminal record it owes.
"""

from collections.abc import Sequence
from typing import Any

from release import records
from release.call import UPKEEP, Call, Work, ended
from release.endings import orphaned, terminal
from release.identifiers import later, seconds_between
from release.ports import ConflictError, Record, Write
from release.situation import WAY_BACK_FAILED

TERM_SECONDS = 900
"""Longer than any step with its retries; a step that is followed by a wait adds that."""


class LeaseLost(Exception):
    """Another execution has the lease now."""


def holder(lease: Record | None) -> str:
    """ARN of the execution that holds a lease, empty if nobody does."""
    return str(lease["holder"]) if lease else ""


def lent(lease: Record | None) -> bool:
    """Whether a sweep has the lease (``release.loan``): no execution, and nothing that leaves an intent."""
    return bool(lease and holder(lease) and lease["workflow"] == UPKEEP)


def alive(call: Call, lease: Record | None) -> bool:
    """Whether somebody else has the lease and is still there: of a sweep, whether its term goes on."""
    if lease is None or holder(lease) in ("", call.execution):
        return False
    if lent(lease):
        return seconds_between(str(lease["term_ends"]), call.now) <= 0
    return call.world.executions.running(holder(lease))


def hold(
    call: Call,
    phase: str,
    *,
    lasting: float = 0,
    also: Sequence[Write] = (),
    quiet: bool = False,
    **noted: Any,
) -> None:
    """Prove that the lease is held, renew it, and write down where the release is: all or nothing.

    ``lasting`` are the seconds until the next step, ``noted`` goes into the intent. ``quiet`` adds no step to
    the ledger: for one that only looks, thousands of times. Raises LeaseLost.
    """
    intent = {**call.record(), "phase": phase, **noted}
    term = later(call.now, lasting + TERM_SECONDS)
    writes = [
        Write(records.LEASE, _lease(call, call.execution, term), expected=_ours(call)),
        Write(records.intent(call.release_id), intent, expected={"outcome": ""}),
        *([] if quiet else [_step(call, phase)]),
        *also,
    ]
    _write(call, writes)
    call.intent = intent


def acquire(call: Call, *, outcome: str, forced: bool = False, **noted: Any) -> bool:
    """Take the lease unless someone alive has it; its intent, if open, ends with ``outcome``.

    ``forced`` waits for no update to end: for a rollback, which stopped the holder. ``noted`` goes into the
    intent. False if it is taken.
    Raises ConflictError if it was taken in the meantime.
    """
    lease = call.world.ledger.read(records.LEASE)
    if holder(lease) == call.execution:
        call.work["Fence"] = lease["fence"] if lease else 0
        return True
    if lease and holder(lease) and not forced and not _dead(call, lease):
        return False
    fence = int(lease["fence"]) + 1 if lease else 1
    # The term is part of it: a holder that was overdue may have renewed the lease since it was read.
    expected = {key: lease[key] for key in ("holder", "fence", "term_ends")} if lease else None
    call.work["Fence"] = fence
    intent = {**call.record(), **noted, "phase": records.LEASED, "stops": _rolling_out(call, lease)}
    intent["ends"] = str(lease["release_id"]) if lease and holder(lease) else ""
    taken = _lease(call, call.execution, later(call.now, TERM_SECONDS))
    writes = [
        Write(records.LEASE, taken, expected=expected, absent=lease is None),
        Write(records.intent(call.release_id), intent, expected={"outcome": ""}),
    ]
    if lease and holder(lease):
        writes += orphaned(call, str(lease["release_id"]), outcome)
    call.world.ledger.write(writes)
    call.intent = intent
    return True


def _rolling_out(call: Call, lease: Record | None) -> str:
    """Id of the release that holds a lease if it has begun to roll out, else empty.

    What CloudFormation says of a stack's parameters during an update is not documented, so it is not asked.
    """
    if lease is None or not holder(lease):
        return ""
    intent = call.world.ledger.read(records.intent(str(lease["release_id"]))) or {}
    begun = intent.get("phase") == records.PROMOTING and intent.get("change_set")
    return str(lease["release_id"]) if begun else ""


def _dead(call: Call, lease: Record) -> bool:
    """Whether a holder is gone for good, and what it began has come to an end.

    A stack whose way back failed is left to people for the rest of the term. A holder that overstayed its
    term has lost it, whatever Step Functions says of it.
    """
    overdue = seconds_between(str(lease["term_ends"]), call.now) > 0
    if not overdue and alive(call, lease):
        return False
    stack = call.world.stack.describe()
    if stack is None:
        return True
    return not stack.status.endswith("_IN_PROGRESS") and (overdue or stack.status != WAY_BACK_FAILED)


def sweep(call: Call) -> None:
    """End the intents whose executions are gone. That of the lease's holder is for who takes the lease."""
    held = call.world.ledger.read(records.LEASE)
    for item in call.world.ledger.history(records.OPEN):
        release, execution = str(item["release_id"]), str(item["execution"])
        if execution in (call.execution, holder(held)) or call.world.executions.running(execution):
            continue
        writes = orphaned(call, release, records.ABANDONED)
        if writes:
            _attempt(call, writes)
            call.work["Swept"] = [*call.work.get("Swept", ()), release]


def finish(call: Call, outcome: str, message: str, *, keep: bool = False, **noted: Any) -> Work:
    """Write the one terminal record, and give the lease back unless ``keep``. Raises LeaseLost."""
    intent = {**call.record(), **noted}
    writes = terminal(call, intent, outcome, message)
    if "Fence" in call.work and not keep:
        writes.append(Write(records.LEASE, _lease(call, "", call.now), expected=_ours(call)))
    _write(call, writes)
    call.intent = {**intent, "outcome": outcome, "message": message}
    return ended(call, call.intent)


def _lease(call: Call, who: str, term: str) -> Record:
    return {
        "holder": who,
        "fence": call.work["Fence"],
        "term_ends": term,
        "release_id": call.release_id,
        "workflow": call.workflow,
    }


def _ours(call: Call) -> dict[str, Any]:
    return {"holder": call.execution, "fence": call.work.get("Fence", 0)}


def _step(call: Call, phase: str) -> Write:
    number = int(call.work.get("Steps", 0)) + 1
    call.work["Steps"] = number
    entry = {"at": call.now, "step": call.event["Step"], "phase": phase}
    return Write(records.step(call.release_id, number), entry)


def _write(call: Call, writes: Sequence[Write]) -> None:
    try:
        call.world.ledger.write(writes)
    except ConflictError as error:
        lease = call.world.ledger.read(records.LEASE)
        if "Fence" in call.work and (
            holder(lease) != call.execution or lease is None or lease["fence"] != call.work["Fence"]
        ):
            raise LeaseLost(f"release {lease['release_id'] if lease else '?'} has the lease") from error
        raise


def _attempt(call: Call, writes: Sequence[Write]) -> None:
    try:
        call.world.ledger.write(writes)
    except ConflictError:
        return  # it ended by itself in this moment
