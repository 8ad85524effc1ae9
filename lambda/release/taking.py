"""The lease, as the step of a release: waits, takes over from the dead, and turns to what is next."""

from release import records
from release.call import AB_TEST, Call, Work
from release.fitness import Ending, objection
from release.identifiers import seconds_between
from release.lease import acquire, finish
from release.pausing import action, undone
from release.ports import Record
from release.rollback import hold_target
from release.route import go_on, settle
from release.situation import Situation, look

BUSY_SECONDS, PATIENT_SECONDS, PATIENCE = 60, 300, 3600
"""How often to ask for a lease that is taken, and for how long before asking less often."""


TEST_SECONDS = 1800
"""How often to ask while an A/B test takes its days: an execution has 25,000 events at most (Step Functions
Developer Guide, quotas)."""


def take_lease(call: Call) -> Work:
    """Wait until the endpoint is free, then see again whether the version may still be released."""
    no = None if call.record().get("recovers") else _objection(call)
    if not acquire(call, outcome=records.ABANDONED):
        if no:
            return finish(call, *no)
        waited = seconds_between(str(call.record()["started"]), call.now)
        what, patient = _other(call)
        seconds = BUSY_SECONDS if waited < PATIENCE else patient
        return call.reply("take_lease", f"waits for {what}", seconds=seconds)
    left = call.record().get("recovers")
    if left:
        return _taken_up(call, left)
    no = _objection(call)
    return settle(call, *no) if no else go_on(call)


def _other(call: Call) -> tuple[str, int]:
    """What has the endpoint, in words, and how often to ask when it takes long."""
    lease = call.world.ledger.read(records.LEASE) or {}
    if lease.get("workflow") != AB_TEST:
        return "another release of the endpoint", PATIENT_SECONDS
    intent = call.world.ledger.read(records.intent(str(lease["release_id"]))) or {}
    hint = f"to end it: {call.command('rollback')}"
    said = f"the A/B test of version {intent.get('version')}, release {lease['release_id']}; {hint}"
    return said, TEST_SECONDS


def _objection(call: Call) -> Ending | None:
    package = call.world.registry.package(call.record()["package"])
    if package is None:
        return records.REFUSED, f"{call.record()['package']} does not exist any more"
    return objection(call, package, insisted=bool(call.record().get("insisted")))


def _taken_up(call: Call, left: Record) -> Work:
    """Finish what is as good as finished; everything else goes back to what served before."""
    now = look(call.world)
    if action(call):
        return _of_pause(call, now, left)
    if call.going_back:
        hold_target(call, now)
        return go_on(call)
    if left.get("ending"):
        return settle(call, str(left["ending"]["outcome"]), str(left["ending"]["message"]))
    version = call.record()["version"]
    if now.production == call.record()["package"] and not left.get("outcome"):
        return go_on(call)
    tested = left.get("workflow") == AB_TEST
    hint = call.command("ab-test" if tested else "release", VERSION=version)
    what = "A/B test" if tested else "release"
    said = f"The {what} of {call.model(version)} broke off; to start it again: {hint}."
    return settle(call, records.STOPPED, said)


def _of_pause(call: Call, now: Situation, left: Record) -> Work:
    """Finish a pause or a resumption that has happened; what has not is taken back."""
    if left.get("ending"):
        return settle(call, str(left["ending"]["outcome"]), str(left["ending"]["message"]))
    if "paused_before" in call.record() and not undone(call, now) and not left.get("outcome"):
        return go_on(call)
    name, wanted = call.model(call.record()["version"]), action(call)
    hint = call.command(wanted)
    return settle(call, records.STOPPED, f"To {wanted} {name} broke off; to start it again: {hint}.")
