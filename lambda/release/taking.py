"""The lease, as the step of a release: waits, takes over from the dead, and turns to what is next."""

from release import records
from release.call import Call, Work
from release.fitness import Ending, objection
from release.identifiers import seconds_between
from release.lease import acquire, finish
from release.ports import Record
from release.rollback import hold_target
from release.route import go_on, settle
from release.situation import look

BUSY_SECONDS, PATIENT_SECONDS, PATIENCE = 60, 300, 3600
"""How often to ask for a lease that is taken, and for how long before asking less often."""


def take_lease(call: Call) -> Work:
    """Wait until the endpoint is free, then see again whether the version may still be released."""
    no = None if call.record().get("recovers") else _objection(call)
    if not acquire(call, outcome=records.ABANDONED):
        if no:
            return finish(call, *no)
        waited = seconds_between(str(call.record()["started"]), call.now)
        seconds = BUSY_SECONDS if waited < PATIENCE else PATIENT_SECONDS
        return call.reply("take_lease", "waits for another release of the endpoint", seconds=seconds)
    left = call.record().get("recovers")
    if left:
        return _taken_up(call, left)
    no = _objection(call)
    return settle(call, *no) if no else go_on(call)


def _objection(call: Call) -> Ending | None:
    package = call.world.registry.package(call.record()["package"])
    if package is None:
        return records.REFUSED, f"{call.record()['package']} does not exist any more"
    return objection(call, package, insisted=bool(call.record().get("insisted")))


def _taken_up(call: Call, left: Record) -> Work:
    """Finish what is as good as finished; everything else goes back to what served before."""
    now = look(call.world)
    if call.going_back:
        hold_target(call, now)
        return go_on(call)
    if left.get("ending"):
        return settle(call, str(left["ending"]["outcome"]), str(left["ending"]["message"]))
    version = call.record()["version"]
    if now.production == call.record()["package"] and not left.get("outcome"):
        return go_on(call)
    hint = call.command("release", VERSION=version)
    said = f"The release of {call.model(version)} broke off; to start it again: {hint}."
    return settle(call, records.STOPPED, said)
