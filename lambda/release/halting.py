"""What ends an A/B test at any moment, whatever the numbers say: an alarm, a change, too long a time."""

from release import records
from release.call import Call, Work
from release.identifiers import seconds_between
from release.route import go_on, settle, untidy
from release.shadow import alarm_prefix
from release.situation import Situation
from release.traffic import WHOLE
from release.updates import refusal
from release.waiting import wait


def halted(call: Call, now: Situation, following: str) -> Work | None:
    """What comes instead of a step: mending, the end of the test, or a wait; None if it may go on.

    An alarm ends a test also while an update is under way; requests return as soon as the endpoint takes it.
    """
    if now.stuck:
        return go_on(call)
    problem = _ringing(call, now)
    if problem:
        said = f"{call.model(call.record()['version'])} was taken back: {problem}."
        return settle(call, records.REVERTED, said)
    if now.busy or now.moving:
        return wait(call, now, following=following)
    if now.differences() or now.production != now.served or now.challenger != call.record()["package"]:
        said = f"{call.model(call.record()['version'])} was not tested to the end: {untidy(now)}."
        return settle(call, records.FAILED, said)
    no = refusal(call, "roll_out") or _too_long(call)
    return settle(call, *no) if no else None


def _ringing(call: Call, now: Situation) -> str:
    """Alarms of the test or of operation that are in ALARM, in words; empty if none is."""
    watched = call.serving["OperatingAlarms"]
    states = call.world.metrics.alarms(watched["Prefix"])
    own = alarm_prefix(call, now)
    raised = sorted(
        name.rpartition("/")[2]
        for name, state in states.items()
        if state == "ALARM" and (name in watched["Names"] or name.startswith(own))
    )
    return f"alarm {', '.join(raised)}" if raised else ""


def _too_long(call: Call) -> tuple[str, str] | None:
    strata = call.record().get("strata")
    days = float(call.serving["AbTest"]["MaximumDays"])
    at_end = call.record().get("decided") or (strata and strata[-1]["share"] >= WHOLE)
    if not strata or at_end or seconds_between(strata[0]["start"], call.now) < 86_400 * days:
        return None
    name = call.model(call.record()["version"])
    return records.REJECTED, f"{name} was not promoted: nothing was shown in {days:g} days."
