"""What the stack's parameters are to be after an update: they alone say which versions serve, and how."""

from collections.abc import Mapping
from typing import Any

from release.call import Call
from release.identifiers import NONE
from release.route import target
from release.situation import Situation

PAUSED = "Paused"
"""Parameter that takes away what serves, and leaves which version it would be."""


def parameters(call: Call, now: Situation, stage: str) -> dict[str, str]:
    """Every parameter of the stack: one that is left out would take its default, which is no version."""
    live = now.live or {"package": NONE, "previous": NONE}
    fresh = str(int(now.stack.parameters.get("ProductionAttempt") or 0) + 1)
    wanted = {
        "ProductionModelPackageArn": str(live["package"]),
        "PreviousModelPackageArn": str(live["previous"]),
        "ShadowModelPackageArn": NONE,
        "ReleaseId": call.release_id,
        "RolloutMode": "immediate",
    }
    if stage == "turn_on_shadow":
        wanted["ShadowModelPackageArn"] = call.record()["package"]
    elif stage == "turn_on_challenger":
        wanted["ChallengerModelPackageArn"] = call.record()["package"]
    elif stage == "roll_out":
        # A new attempt has new alarms: those of the shadow's time keep their state and could veto it. Where
        # a challenger goes, guardrails cannot be: they want the same variants before and after.
        guarded = now.live is not None and call.guarded and now.challenger == NONE
        wanted |= {
            "ProductionModelPackageArn": call.record()["package"],
            "PreviousModelPackageArn": str(live["package"]),
            "RolloutMode": "guarded" if guarded else "immediate",
            "ProductionAttempt": fresh,
        }
    elif stage in ("revert", "resume") and now.paused is None:
        # A new attempt makes a new configuration, without which there would be nothing to update.
        wanted |= {"ProductionModelPackageArn": target(call, now), "ProductionAttempt": fresh}
        if call.going_back:
            wanted["PreviousModelPackageArn"] = str(call.record().get("previous", NONE))
    if "ChallengerModelPackageArn" in now.stack.parameters:
        wanted.setdefault("ChallengerModelPackageArn", NONE)
    if PAUSED in now.stack.parameters:
        wanted[PAUSED] = "true" if now.paused is not None else "false"
    return {**now.stack.parameters, **wanted}


def takes_away(plan: Mapping[str, Any]) -> bool:
    """Whether an update is that of a pause."""
    return bool(plan["Wanted"].get(PAUSED) == "true")
