"""The end of a release whose step failed for good: what can still be brought to rest is."""

from release import records
from release.call import Call, Work
from release.lease import finish, hold, holder
from release.route import go_on, settle

MOST_SURRENDERS = 2
"""Times that a release which failed still tries to bring the endpoint to rest."""


def give_up(call: Call) -> Work:
    """After a step that failed for good: bring the endpoint to rest if that still works, and end."""
    error = call.input.get("Error") or {}
    cause = " ".join(str(error.get("Cause", "")).split())[:500]
    said = f"{error.get('State', 'a step')} failed: {error.get('Error', '?')}: {cause}"
    if call.intent is None:
        answer = call.reply("end", f"{said}. Nothing was begun.")
        return {**answer, "Outcome": records.FAILED, "Subject": call.subject(records.FAILED)}
    lease = call.world.ledger.read(records.LEASE)
    if lease is None or holder(lease) != call.execution:
        call.work.pop("Fence", None)
        return finish(call, records.FAILED, f"{said}. The endpoint was not touched.")
    call.work["Fence"] = lease["fence"]
    surrenders = int(call.record().get("surrenders", 0)) + 1
    if surrenders > MOST_SURRENDERS:
        hint = f"Look at: {call.command('rollback')}"
        return finish(call, records.FAILED, f"{said}. What serves was not verified. {hint}", keep=True)
    hold(call, "give_up", surrenders=surrenders)
    call.work = {**call.work, "Plan": None}
    return go_on(call) if call.going_back else settle(call, records.FAILED, f"{said}.")
