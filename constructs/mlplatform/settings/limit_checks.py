"""What does not go together in the least and the most of what answers: instances, or copies of a model."""

from collections.abc import Iterator

from mlplatform.settings.findings import Finding, finding
from mlplatform.settings.serving import ServingSettings


def maximum_problems(serving: ServingSettings, path: str, *, to_scale: str) -> Iterator[Finding]:
    """Problems of the largest number, beside the least; ``to_scale`` is what autoscaling needs of them."""
    (minimum, maximum), scaling = serving.capacity, serving.autoscaling
    if maximum < minimum:
        what = f"is less than minimum: {minimum}"
        yield finding(path, what, given=maximum, allowed=f"{minimum} to 100")
    elif maximum > max(minimum, 1) and scaling is None:
        what = "does not go without autoscaling, nothing else changes the number"
        allowed = f"{max(minimum, 1)}, or a section serving.autoscaling"
        yield finding(path, what, given=maximum, allowed=allowed)
    elif scaling is not None and maximum <= minimum:
        what = f"leaves nothing to scale, minimum and maximum are {minimum}"
        yield finding("serving.autoscaling", what, allowed=to_scale)
