"""What AWS does not take in the capacity of an endpoint: instances, concurrency, autoscaling."""

from collections.abc import Iterator

from mlplatform import schedule_expressions
from mlplatform.settings.component_checks import component_problems
from mlplatform.settings.findings import Finding, Path, finding
from mlplatform.settings.limit_checks import maximum_problems
from mlplatform.settings.scaling import TARGETS, AutoscalingSettings, ScalingScheduleSettings
from mlplatform.settings.serving import ServingSettings

LEAST = {"realtime": 1, "serverless": 1, "async": 0, "inference_components": 0}
"""The least capacity autoscaling may leave, by mode (SageMaker developer guide, "Automatic scaling": requests
that wait and copies of a model scale to zero, instances that answer at once do not)."""


def scaling_problems(serving: ServingSettings) -> Iterator[Finding]:
    """Problems of the capacity of an endpoint."""
    if serving.mode == "serverless":
        yield from _serverless(serving)
    elif serving.mode == "inference_components":
        yield from component_problems(serving)
    else:
        yield from _instances(serving)
    if serving.autoscaling is not None:
        yield from _target(serving, serving.autoscaling)
        yield from _burstable(serving)
        yield from _schedules(serving, serving.autoscaling)


def _instances(serving: ServingSettings) -> Iterator[Finding]:
    minimum, scaling, path = serving.capacity[0], serving.autoscaling, "serving.instances"
    if minimum < LEAST[serving.mode]:
        what = "does not go with mode: realtime, which needs an instance to answer"
        yield finding(f"{path}.minimum", what, given=minimum, allowed="1 or more, or mode: async")
    elif minimum == 0 and (scaling is None or scaling.paused):
        what = "does not go without autoscaling, which alone starts the first instance"
        yield finding(f"{path}.minimum", what, given=0, allowed="1 or more, or a section serving.autoscaling")
    to_scale = f"instances.maximum above {minimum}"
    yield from maximum_problems(serving, f"{path}.maximum", to_scale=to_scale)


def _serverless(serving: ServingSettings) -> Iterator[Finding]:
    provisioned, most = serving.capacity
    path = "serving.serverless.provisioned_concurrency"
    if provisioned > most:
        what = f"is more than maximum_concurrency: {most}"
        yield finding(path, what, given=provisioned, allowed=f"0 to {most}")
    elif serving.autoscaling is not None and provisioned == 0:
        what = "does not go with autoscaling, which changes the provisioned concurrency"
        yield finding(path, what, given=0, allowed=f"1 to {most}")
    elif serving.autoscaling is not None and provisioned == most:
        what = f"leaves nothing to scale, provisioned and maximum concurrency are {most}"
        allowed = f"provisioned_concurrency below {most}"
        yield finding("serving.autoscaling", what, allowed=allowed)


def _target(serving: ServingSettings, scaling: AutoscalingSettings) -> Iterator[Finding]:
    fitting = " or ".join(TARGETS[serving.mode])
    wrong = [name for name in scaling.targets if name not in TARGETS[serving.mode]]
    for name in wrong:
        what = f"does not go with mode: {serving.mode}, of which there is no such metric"
        yield finding(f"serving.autoscaling.{name}", what, given=scaling.targets[name], allowed=fitting)
    if not wrong and len(scaling.targets) != 1:
        given = " and ".join(scaling.targets) or "none"
        allowed = fitting if len(TARGETS[serving.mode]) == 1 else f"one of {fitting}"
        yield finding("serving.autoscaling", "needs exactly one target", given=given, allowed=allowed)


def _burstable(serving: ServingSettings) -> Iterator[Finding]:
    """SageMaker developer guide, "Auto scaling policy overview": burstable instances are not supported."""
    for name in serving.instance_types:
        if name.startswith("ml.t"):
            what = f"does not go with {name}, whose processors have credits"
            yield finding("serving.autoscaling", what, allowed="instance types other than ml.t…")


def _schedules(serving: ServingSettings, scaling: AutoscalingSettings) -> Iterator[Finding]:
    for position, schedule in enumerate(scaling.schedules):
        path: Path = ("serving", "autoscaling", "schedules", position)
        if schedule.name in [other.name for other in scaling.schedules[:position]]:
            yield finding((*path, "name"), "named twice", given=repr(schedule.name), allowed="each once")
        if what := schedule_expressions.problem(schedule.schedule):
            given, allowed = repr(schedule.schedule), schedule_expressions.FORMS
            yield finding((*path, "schedule"), what, given=given, allowed=allowed)
        yield from _limits(serving, schedule, path)


def _limits(serving: ServingSettings, schedule: ScalingScheduleSettings, path: Path) -> Iterator[Finding]:
    least, most = serving.capacity
    if schedule.minimum is None and schedule.maximum is None:
        yield finding(path, "changes nothing", given=repr(schedule.name), allowed="with minimum or maximum")
        return
    minimum = least if schedule.minimum is None else schedule.minimum
    maximum = most if schedule.maximum is None else schedule.maximum
    floor = LEAST[serving.mode]
    ceiling = most if serving.mode == "serverless" else 100
    if minimum < floor:
        what = f"does not go with mode: {serving.mode}, which keeps {floor} or more"
        yield finding((*path, "minimum"), what, given=minimum, allowed=f"{floor} or more")
    if maximum > ceiling or minimum > ceiling:
        key = "maximum" if maximum > ceiling else "minimum"
        allowed = f"at most {ceiling}"
        yield finding((*path, key), "out of range", given=max(minimum, maximum), allowed=allowed)
    elif maximum < minimum:
        key = "maximum" if schedule.maximum is not None else "minimum"
        what = f"from then on the least would be {minimum} and the most {maximum}"
        yield finding((*path, key), what, given=getattr(schedule, key), allowed="a maximum not below it")
