"""Whether a version may be released: asked when it is offered, and again before each thing that is done."""

from collections.abc import Mapping

from release import records
from release.call import Call
from release.pausing import refused_while_paused
from release.ports import Package, Record, StackState
from release.situation import ANSWERING, denies_loss

Ending = tuple[str, str]
"""An outcome, and the line for people."""


def objection(call: Call, package: Package, *, insisted: bool) -> Ending | None:
    """Why a version may not be released now; None if it may. Asked again before each thing that is done.

    ``insisted``: a person named the version, so that it does not matter how its last release ended.
    """
    no = refused_while_paused(call)
    if no:
        return no
    live = call.world.ledger.read(records.LIVE)
    return _unfit(call, package) or _outdated(call, package, live) or _repeated(call, package, insisted)


def _unfit(call: Call, package: Package) -> Ending | None:
    name = call.model(package.version)
    if package.group != call.serving["PackageGroup"]:
        return (
            records.REFUSED,
            f"{package.arn} is of another package group than {call.serving['PackageGroup']}",
        )
    if package.approval != "Approved":
        return records.REFUSED, f"{name} is {package.approval}, not Approved; approve it first"
    if package.missing:
        return records.REFUSED, f"{name} needs what is not there: {', '.join(package.missing)}"
    before = call.serving.get("After")
    if before and not served_in(package.metadata, before):
        return records.REFUSED, f"{name} does not serve verified in {before}; release it there first"
    return None


def _outdated(call: Call, package: Package, live: Record | None) -> Ending | None:
    if live is None:
        return None
    if live["package"] == package.arn:
        return records.NOTHING, f"{call.model(package.version)} serves already, since {live['since']}"
    if package.version < live["version"]:
        hint = call.command("rollback", TO=package.version)
        return records.SUPERSEDED, f"{call.model(live['version'])} serves and is newer; to go back: {hint}"
    return None


def _repeated(call: Call, package: Package, insisted: bool) -> Ending | None:
    last = call.world.ledger.read(records.offer(package.version))
    if insisted or last is None or last["package"] != package.arn:
        return None
    if last["outcome"] not in records.NOT_AGAIN or last["release_id"] == call.release_id:
        return None
    how = f"was {last['outcome'].replace('_', ' ')} by release {last['release_id']} at {last['ended']}"
    hint = call.command("release", VERSION=package.version)
    return records.REFUSED, f"{call.model(package.version)} {how}; to try again all the same: {hint}"


def served_in(metadata: Mapping[str, str], environment: str) -> bool:
    """Whether a version served verified in an environment, and was not rolled back there."""
    return metadata.get(f"served-in-{environment}", "").partition(" ")[0] not in ("", ROLLED_BACK_MARK)


ROLLED_BACK_MARK = "rolled-back"
"""First word of ``served-in-<environment>`` of a version that people took back there."""


def unprepared(call: Call) -> Ending | None:
    """Whether the stack could lose its endpoint by a mistake."""
    stack = call.world.stack.describe()
    if stack is None:
        return records.REFUSED, "the model's Serving stack does not exist; deploy the environment first"
    return _unprotected(call, stack)


def _unprotected(call: Call, stack: StackState) -> Ending | None:
    lacking = [] if stack.protected else ["termination protection"]
    theirs = {key: what for key, what in ANSWERING.items() if key in call.serving["AllowedChanges"]}
    lost = [what for logical_id, what in theirs.items() if not denies_loss(stack.policy, logical_id)]
    lacking += [f"a stack policy that keeps {' and '.join(lost)}"] if lost else []
    if not lacking:
        return None
    hint = f"make protect ENV={call.serving['Environment']}"
    return records.REFUSED, f"the Serving stack lacks {' and '.join(lacking)}; run: {hint}"
