"""Admits an A/B test, and says how it goes: its steps, and the rules to stop it, fixed before it starts.

What is written down is the plan of ``release.ab_plan``: sample sizes, and the effect that they detect with
which power. No step changes it.
"""

from collections.abc import Mapping
from typing import Any

from release import records
from release.ab_plan import plan
from release.admission import accepted, already, misread, offered, rejected
from release.call import Call, Work
from release.fitness import objection, unprepared
from release.identifiers import NONE
from release.lease import sweep
from release.pausing import Ending
from release.ports import Package
from release.situation import look
from release.traffic import WHOLE


def admit_challenger(call: Call) -> Work:
    """Accept the test of a version, or say why not. Nothing but the ledger is touched."""
    problem = misread(call)
    if problem:
        return rejected(call, None, records.REFUSED, problem)
    sweep(call)
    package = offered(call)
    if not isinstance(package, Package):
        return rejected(call, None, *package)
    insisted = call.input.get("version") is not None
    no = unprepared(call) or already(call, package)
    no = no or objection(call, package, insisted=insisted) or _untestable(call)
    if no:
        return rejected(call, package, *no)
    answer = accepted(call, package, insisted, plan=dict(plan(call.serving["AbTest"])))
    said = answer["Message"] if answer["Next"] != "take_lease" else ""
    return {**answer, "Message": said or f"{call.model(package.version)} will be tested {_shares(call)}"}


def _untestable(call: Call) -> Ending | None:
    """Why nothing can be compared; None if it can."""
    if not call.serving.get("AbTest"):
        return records.REFUSED, f"{call.serving['Model']} has no serving.ab_test in model.yaml"
    if look(call.world).production == NONE:
        hint = call.command("release")
        return records.REFUSED, f"nothing serves that a version could be compared with; first: {hint}"
    return None


def _shares(call: Call) -> str:
    steps = ", ".join(f"{share:g}" for share in compared(call.serving["AbTest"]))
    return f"with {steps} and then {WHOLE:g} % of the requests"


def compared(ab: Mapping[str, Any]) -> list[float]:
    """Shares of the steps at which the variants are compared, in percent: both get requests."""
    return [float(share) for share in ab["Steps"] if share < WHOLE]


def step_minutes(call: Call, step: int) -> float:
    """How long a step takes at least.

    The last one is that of all requests. It compares nothing, and is there also where the settings end before
    it: what was never given all requests is not given them where they could not be taken back in seconds.
    """
    ab = call.serving["AbTest"]
    whole = step >= len(compared(ab)) and WHOLE not in ab["Steps"]
    return float(call.serving["Rollout"]["WatchMinutes"] if whole else ab["StepMinutes"])


def share_of(call: Call, step: int) -> float:
    """The challenger's share in a step, in percent, counted from 0; all requests after the last."""
    shares = compared(call.serving["AbTest"])
    return shares[step] if step < len(shares) else WHOLE
