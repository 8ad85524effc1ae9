"""The one terminal record that an accepted intent owes: its own, or by whoever finds it left behind."""

from release import records
from release.call import Call
from release.ports import Record, Write


def terminal(call: Call, intent: Record, outcome: str, message: str) -> list[Write]:
    """What ends an intent. An outcome that says what a version is worth is kept for later offers of it."""
    release = str(intent["release_id"])
    final = {**intent, "outcome": outcome, "message": message, "ended": call.now}
    writes = [
        Write(records.intent(release), final, expected={"outcome": ""}),
        Write(records.still_open(release), None),
    ]
    conclusive = outcome in (records.RELEASED, *records.NOT_AGAIN)
    offered = not intent.get("target") and not intent.get("action")
    if conclusive and intent.get("version") is not None and offered:
        offer = {"package": intent["package"], "version": intent["version"], "outcome": outcome}
        offer |= {"release_id": release, "ended": call.now, "message": message}
        writes.append(Write(records.offer(int(intent["version"])), offer))
    return writes


def orphaned(call: Call, release: str, outcome: str) -> list[Write]:
    """What gives the intent of an execution that ended without one its terminal record."""
    intent = call.world.ledger.read(records.intent(release))
    if intent is None or intent["outcome"]:
        return []
    ending = intent.get("ending")
    decided = str(ending["outcome"]) if ending else outcome
    message = str(ending["message"]) if ending else f"ended by release {call.release_id} in {call.workflow}"
    return terminal(call, intent, decided, message)
