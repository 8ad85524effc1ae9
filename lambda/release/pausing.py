"""A pause, in the ledger: what people asked for is written down before anything follows from it.

The record ``paused`` is there from the moment at which a pause begins until a resumption does. Whoever brings
the endpoint to rest, in whatever workflow, follows it: with the record, rest is a stack that says ``Paused``
and has no endpoint; without, what is recorded to serve serves.
"""

from collections.abc import Sequence

from release import records
from release.call import Call
from release.identifiers import NONE
from release.ports import Package, Record, Write
from release.protection import kept
from release.situation import Situation

Ending = tuple[str, str]
"""An outcome, and the line for people."""

PAUSE, RESUME, RETIRE = "pause", "resume", "retire"
ACTIONS = (PAUSE, RESUME, RETIRE)
"""What the workflow ``lifecycle`` can do."""

DONE = {PAUSE: records.PAUSED, RESUME: records.RESUMED, RETIRE: records.RETIRED}
"""The outcome of each where it succeeds."""


def action(call: Call) -> str:
    """What the intent is to do, also of who takes up one that broke off; empty for any other intent."""
    return str(call.intent.get("action", "")) if call.intent else ""


def said_paused(call: Call, paused: Record) -> str:
    """That a model is paused or retired, in words, with the command that ends it."""
    what = "retired" if paused.get("retired") else "paused"
    version, since = call.model(paused.get("version")), paused.get("since")
    return f"{version} is {what} since {since}; to bring it back: {call.command(RESUME)}"


def refused_while_paused(call: Call) -> Ending | None:
    """Why nothing is released or brought back now; None if the model is not paused."""
    paused = call.world.ledger.read(records.PAUSED)
    return (records.REFUSED, said_paused(call, paused)) if paused else None


def superfluous(call: Call, now: Situation, wanted: str) -> Ending | None:
    """Why there is nothing to do; None if there is something."""
    if now.live is None:
        return records.NOTHING, f"nothing was ever released, so there is nothing to {wanted}"
    if wanted == RESUME:
        # A resumption that broke off has taken the record away and not yet brought the endpoint back.
        serves = now.paused is None and now.production == now.served
        return (records.NOTHING, f"{call.model(now.live['version'])} is not paused") if serves else None
    done = now.paused is not None and (wanted == PAUSE or bool(now.paused.get("retired")))
    return (records.NOTHING, said_paused(call, now.paused)) if now.paused and done else None


def impossible(call: Call, now: Situation, wanted: str) -> Ending | None:
    """Why what is wanted cannot be done; None if it can."""
    if "Paused" not in now.stack.parameters:
        hint = f"make deploy ENV={call.serving['Environment']}"
        return records.REFUSED, f"the Serving stack knows no pause yet; deploy it first: {hint}"
    return _unfit(call, now) if wanted == RESUME else None


def _unfit(call: Call, now: Situation) -> Ending | None:
    """Whether the version that is to serve again still may, and can."""
    package = call.world.registry.package(now.served)
    problem = _problem(package)
    if not problem and now.off and now.endpoint is not None:
        problem = left_over(call)
    return (records.REFUSED, f"{call.model((now.live or {}).get('version'))} {problem}") if problem else None


def _problem(package: Package | None) -> str:
    if package is None:
        return "does not exist in the registry any more, so no model can be made of it"
    if package.approval != "Approved":
        return f"is {package.approval}, not Approved; approve it first, and roll back once it serves again"
    return f"needs what is not there: {', '.join(package.missing)}" if package.missing else ""


def left_over(call: Call) -> str:
    """What to do about an endpoint that CloudFormation forgot: after an update it deletes what is gone from
    the template, and leaves what it cannot delete (User Guide, UPDATE_COMPLETE_CLEANUP_IN_PROGRESS).
    """
    name = call.serving["Endpoint"]
    return (
        f"is paused, but its endpoint was left behind and goes on costing; delete it: "
        f"aws sagemaker delete-endpoint --endpoint-name {name}"
    )


def begun(call: Call, now: Situation) -> tuple[list[Write], Record]:
    """What is written down when the intent begins: the ledger's record, and what the intent keeps of it."""
    intent, live = call.record(), now.live or {}
    known = {"paused_before": now.paused, "package": live.get("package"), "version": live.get("version")}
    if intent["action"] == RESUME:
        return [Write(records.PAUSED, None)], known
    before = now.paused or {}
    record = {
        "since": before.get("since", call.now),
        "release_id": call.release_id,
        "package": live.get("package", NONE),
        "version": live.get("version"),
        "by": intent.get("by", ""),
        "reason": intent.get("reason", ""),
        "policy": before.get("policy") or kept(call, now),
        "retired": intent["action"] == RETIRE,
    }
    return [Write(records.PAUSED, record)], known


def undone(call: Call, now: Situation) -> Sequence[Write]:
    """What takes back that a pause or a resumption was asked for, unless it has happened or is happening."""
    intent = call.record()
    if "paused_before" not in intent or now.busy or now.off == (intent["action"] != RESUME):
        return []
    return [Write(records.PAUSED, intent["paused_before"])]
