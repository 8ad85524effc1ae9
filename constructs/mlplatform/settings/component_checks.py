"""What does not fit in the copies of a model and the instances they share.

Source: SageMaker API reference (CreateInferenceComponent, InferenceComponentRollingUpdatePolicy) and
developer guide ("Scale an endpoint to zero instances").
"""

import math
from collections.abc import Iterator

from mlplatform.serving.capacity import gpus
from mlplatform.settings.components import ComponentsSettings
from mlplatform.settings.findings import Finding, finding
from mlplatform.settings.limit_checks import maximum_problems
from mlplatform.settings.serving import LEAST_COPIES, ServingSettings

COPIES = "serving.components.copies"


def component_problems(serving: ServingSettings) -> Iterator[Finding]:
    """Problems of the capacity of an endpoint with inference components."""
    components = serving.components
    if components is None:
        what = "is missing, a copy needs a part of an instance"
        yield finding("serving.components", what, allowed="memory_mb, with accelerators and copies")
        return
    yield from _numbers(serving)
    yield from _instances(serving)
    yield from _room(serving, components)


def _numbers(serving: ServingSettings) -> Iterator[Finding]:
    scaling = serving.autoscaling
    if serving.capacity[0] == 0 and (scaling is None or scaling.paused):
        what = "does not go without autoscaling, which alone starts the first copy"
        allowed = "1 or more, or a section serving.autoscaling"
        yield finding(f"{COPIES}.minimum", what, given=0, allowed=allowed)
    to_scale = "components.copies.maximum above its minimum"
    yield from maximum_problems(serving, f"{COPIES}.maximum", to_scale=to_scale)


def _instances(serving: ServingSettings) -> Iterator[Finding]:
    """SageMaker starts and ends instances as copies come and go, within these limits."""
    least, most = serving.instances.minimum, serving.instances.maximum
    if most < least:
        what = f"is less than minimum: {least}"
        yield finding("serving.instances.maximum", what, given=most, allowed=f"{least} to 100")
    if serving.capacity[0] == 0 and least > 0 and "instances" in serving.model_fields_set:
        what = "keeps instances for no copies: components.copies.minimum is 0"
        allowed = "0, or copies.minimum of 1 or more"
        yield finding("serving.instances.minimum", what, given=least, allowed=allowed)


def _room(serving: ServingSettings, components: ComponentsSettings) -> Iterator[Finding]:
    """Whether the most copies fit on the most instances, beside those that take their place."""
    for name in serving.instance_types:
        if 0 < gpus(name) < components.accelerators:
            what = f"is more than {name} has, {gpus(name)}"
            path = "serving.components.accelerators"
            yield finding(path, what, given=components.accelerators, allowed=f"1 to {gpus(name)}")
            return
        if gpus(name) == 0:
            return  # said of the instance type
    fitting = min(gpus(name) // components.accelerators for name in serving.instance_types)
    needed = math.ceil((serving.capacity[1] + _replaced(serving)) / fitting)
    if serving.instances.maximum < needed:
        beside = ", those that a release replaces included" if _replaced(serving) else ""
        what = f"is too few for {serving.capacity[1]} copies of {components.accelerators} GPUs{beside}"
        given = serving.instances.maximum
        yield finding("serving.instances.maximum", what, given=given, allowed=f"{needed} to 100")


def _replaced(serving: ServingSettings) -> int:
    """Copies that run twice while a batch of them is replaced: each step starts the new ones first."""
    rollout, most = serving.rollout, serving.capacity[1]
    if rollout.strategy != "rolling" or serving.capacity[0] < LEAST_COPIES:
        return 0
    return math.ceil(most * rollout.batch_percent / 100)
