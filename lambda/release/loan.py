"""The lease for the length of one call, which no execution holds and nobody has to take up.

A sweep writes no intent: each of its deletions stands for itself, so whoever comes after one that died has
nothing to bring to an end. Its lease simply runs out, and a rollback does not even wait for that.
"""

from release import records
from release.call import UPKEEP, Call
from release.identifiers import later, seconds_between
from release.lease import TERM_SECONDS, LeaseLost, holder, lent
from release.ports import ConflictError, Record, Write


def borrow(call: Call) -> bool:
    """Take the lease if nobody has it, or a sweep that is over or was this one; False if it is taken.

    Not from an execution that died: what that left is for the workflows that recover it.
    """
    lease = call.world.ledger.read(records.LEASE)
    if lease and holder(lease) and holder(lease) != call.execution:
        overdue = seconds_between(str(lease["term_ends"]), call.now) > 0
        if not lent(lease) or not overdue:
            return False
    fence = int(lease["fence"]) + 1 if lease else 1
    expected = {key: lease[key] for key in ("holder", "fence", "term_ends")} if lease else None
    try:
        call.world.ledger.write(
            [Write(records.LEASE, _loan(call, fence), expected=expected, absent=lease is None)]
        )
    except ConflictError:
        return False
    call.work["Fence"] = fence
    return True


def prove(call: Call) -> None:
    """See that the lease is still held, and renew it. Raises LeaseLost."""
    _write(call, _loan(call, int(call.work["Fence"])))


def give_back(call: Call) -> None:
    """Let others have the lease. Raises LeaseLost."""
    fence = int(call.work["Fence"])
    _write(call, {**_loan(call, fence), "holder": "", "term_ends": call.now})


def _loan(call: Call, fence: int) -> Record:
    return {
        "holder": call.execution,
        "fence": fence,
        "term_ends": later(call.now, TERM_SECONDS),
        "release_id": call.release_id,
        "workflow": UPKEEP,
    }


def _write(call: Call, lease: Record) -> None:
    ours = {"holder": call.execution, "fence": call.work["Fence"]}
    try:
        call.world.ledger.write([Write(records.LEASE, lease, expected=ours)])
    except ConflictError as error:
        raise LeaseLost("another workflow has the lease") from error
