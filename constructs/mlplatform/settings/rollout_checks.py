"""What AWS does not take in how an endpoint goes over to a new version.

Source: SageMaker developer guide, "Deployment guardrails" and "Shadow variants", with their exclusions.
"""

from collections.abc import Iterator

from mlplatform.settings.ab_tests import LEAST_STEP_MINUTES
from mlplatform.settings.findings import Finding, finding
from mlplatform.settings.products import ModelProduct
from mlplatform.settings.rollouts import SHARES
from mlplatform.settings.scaling_checks import LEAST
from mlplatform.settings.serving import LEAST_COPIES, ServingSettings

MAX_MINUTES = 480
"""Of an update under guardrails (SageMaker API, MaximumExecutionTimeoutInSeconds)."""

MINUTES_OF_A_DAY = 1_440

ALARM_MINUTES = 3
"""From a fault to the alarm of a release: two bad minutes of three (mlplatform.serving.alarms, RELEASE)."""


def rollout_problems(product: ModelProduct, serving: ServingSettings) -> Iterator[Finding]:
    """Problems of the sections shadow, rollout and ab_test of an endpoint."""
    yield from _shadow(product, serving)
    yield from _strategy(serving)
    yield from _parts(serving)
    yield from _time(serving)
    yield from _test_time(serving)


def first_generation(serving: ServingSettings) -> str | None:
    """The endpoint's instance type with AWS Inferentia of the first generation, or None."""
    return next((name for name in serving.instance_types if name.startswith("ml.inf1.")), None)


def _shadow(product: ModelProduct, serving: ServingSettings) -> Iterator[Finding]:
    if serving.shadow is None or serving.mode != "realtime":
        return  # the mode's own exclusion says so
    containers = [
        f"inference.{key}" for key in ("preprocess", "postprocess") if getattr(product.inference, key, None)
    ]
    if containers:
        what = f"does not go with {' and '.join(containers)}: SageMaker mirrors to one container only"
        yield finding("serving.shadow", what, allowed="none")
    if name := first_generation(serving):
        what = f"does not go with {name}, which SageMaker mirrors nothing to"
        yield finding("serving.shadow", what, allowed="none, or another instance type")


def _strategy(serving: ServingSettings) -> Iterator[Finding]:
    strategy, path = serving.rollout.strategy, "serving.rollout.strategy"
    if strategy == "all_at_once":
        return
    reason = "which SageMaker's deployment guardrails leave out"
    if serving.mode == "serverless":
        what = f"does not go with mode: serverless, {reason}"
        yield finding(path, what, given=strategy, allowed="all_at_once")
    elif serving.mode == "inference_components":
        yield from _of_copies(serving, strategy)
    elif name := first_generation(serving):
        yield finding(path, f"does not go with {name}, {reason}", given=strategy, allowed="all_at_once")
    elif strategy == "rolling" and serving.ab_test is not None:
        what = "does not go with ab_test, rolling updates take one variant"
        yield finding(path, what, given="rolling", allowed="canary, linear, all_at_once")
    elif serving.instances.minimum < 2:
        what = "needs 2 instances, it begins with half of them at most"
        yield finding(path, what, given=strategy, allowed="instances.minimum of 2 or more, or all_at_once")
    else:
        yield from _few_at_times(serving)


def _of_copies(serving: ServingSettings, strategy: str) -> Iterator[Finding]:
    path, copies = "serving.rollout.strategy", serving.capacity[0]
    if strategy != "rolling":
        what = "does not go with mode: inference_components, whose copies are replaced in batches"
        yield finding(path, what, given=strategy, allowed="rolling, all_at_once")
    elif copies < LEAST_COPIES:
        what = f"needs {LEAST_COPIES} copies, a batch is half of them at most"
        allowed = f"components.copies.minimum of {LEAST_COPIES} or more, or all_at_once"
        yield finding(path, what, given=strategy, allowed=allowed)
    else:
        yield from _few_at_times(serving)


def _few_at_times(serving: ServingSettings) -> Iterator[Finding]:
    schedules = serving.autoscaling.schedules if serving.autoscaling else []
    for position, schedule in enumerate(schedules):
        if schedule.minimum is not None and LEAST[serving.mode] <= schedule.minimum < 2:
            what = f"does not go with rollout.strategy: {serving.rollout.strategy}, which needs 2 instances"
            path = ("serving", "autoscaling", "schedules", position, "minimum")
            yield finding(path, what, given=schedule.minimum, allowed="2 or more")


def _parts(serving: ServingSettings) -> Iterator[Finding]:
    rollout = serving.rollout
    for strategy, key in SHARES.items():
        if strategy != rollout.strategy and key in rollout.model_fields_set:
            what = f"does not go with strategy: {rollout.strategy}"
            given, allowed = getattr(rollout, key), f"strategy: {strategy}"
            yield finding(f"serving.rollout.{key}", what, given=given, allowed=allowed)
    if rollout.strategy == "rolling" and "termination_wait_minutes" in rollout.model_fields_set:
        what = "does not go with strategy: rolling, which leaves no old instances"
        path, given = "serving.rollout.termination_wait_minutes", rollout.termination_wait_minutes
        yield finding(path, what, given=given, allowed="canary, linear, all_at_once")


def _time(serving: ServingSettings) -> Iterator[Finding]:
    rollout = serving.rollout
    if rollout.strategy in ("canary", "linear") and rollout.wait_minutes < ALARM_MINUTES:
        what = "a step is over before an alarm can ring, which takes two bad minutes of three"
        allowed = f"{ALARM_MINUTES} or more, or strategy: all_at_once"
        yield finding("serving.rollout.wait_minutes", what, given=rollout.wait_minutes, allowed=allowed)
    needed = rollout.baking_minutes
    if needed >= MAX_MINUTES:
        what = f"{rollout.steps} waits take {needed} minutes, and SageMaker's longest update {MAX_MINUTES}"
        most = (MAX_MINUTES - 1 - (needed - rollout.steps * rollout.wait_minutes)) // rollout.steps
        allowed = f"at most {most}, or fewer steps"
        yield finding("serving.rollout.wait_minutes", what, given=rollout.wait_minutes, allowed=allowed)
    elif needed >= rollout.maximum_minutes:
        what = f"is too short for the waits, which take {needed} minutes"
        path, allowed = "serving.rollout.maximum_minutes", f"{needed + 1} to {MAX_MINUTES}"
        yield finding(path, what, given=rollout.maximum_minutes, allowed=allowed)


def _test_time(serving: ServingSettings) -> Iterator[Finding]:
    test = serving.ab_test
    if test is None or serving.mode != "realtime":
        return  # the mode's own exclusion says so
    most = test.maximum_days * MINUTES_OF_A_DAY
    needed = len(test.steps) * test.step_minutes
    if needed > most:
        what = f"{len(test.steps)} steps take {needed} minutes, and maximum_days {most}"
        longest = most // len(test.steps)
        allowed = f"at most {longest}, or fewer steps" if longest >= LEAST_STEP_MINUTES else "fewer steps"
        yield finding("serving.ab_test.step_minutes", what, given=test.step_minutes, allowed=allowed)
