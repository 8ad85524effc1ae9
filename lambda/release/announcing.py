"""What other environments hear: that a version serves here, or no longer does."""

from typing import Any

from release.call import Call


def announce(call: Call, workflow: str, outcome: str, **more: Any) -> None:
    """Tell how the intent ends, by the name of what was asked for."""
    intent = call.record()
    detail: dict[str, Any] = {
        "Model": call.serving["Model"],
        "Environment": call.serving["Environment"],
        "Endpoint": call.serving["Endpoint"],
        "ModelPackageArn": intent["package"],
        "Version": intent["version"],
        "ReleaseId": call.release_id,
        "Workflow": workflow,
        "Outcome": outcome,
        **more,
        "Time": call.now,
    }
    call.world.announcements.announce(detail)
