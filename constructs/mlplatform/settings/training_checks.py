"""What AWS does not take in the settings of a training job."""

from collections.abc import Iterator
from typing import Any

from mlplatform.algorithms import ALGORITHMS, MAX_WAIT_WITHOUT_CHECKPOINTS
from mlplatform.settings import instances
from mlplatform.settings.findings import Finding, finding
from mlplatform.settings.job_checks import job_problems, own_inputs
from mlplatform.settings.owned import TRAINING
from mlplatform.settings.requests import problems
from mlplatform.settings.training import TrainSettings

MAX_HYPERPARAMETERS, MAX_HYPERPARAMETER_CHARACTERS = 100, 256
"""SageMaker API, HyperParameters and its text."""

TOOLKIT_HYPERPARAMETERS = 10
"""Hyperparameters that a framework's container is told beside those of the script."""

MAX_METRICS = 40
"""SageMaker API, MetricDefinitionList."""

OWN_CHANNELS = ("code", "model")
"""Channels that only the platform gives; those of data may be another file system's."""

LAUNCHERS = {"torchrun": ("huggingface", "pytorch"), "mpirun": ("huggingface", "pytorch", "tensorflow")}
"""Frameworks whose containers have a launcher (SageMaker developer guide, "Distributed training")."""

OWN_CLUSTER = ("tensorflow", "xgboost")
"""Frameworks whose scripts find the other instances themselves."""


def training_problems(train: TrainSettings) -> Iterator[Finding]:
    """Problems of the train section, its image apart."""
    yield from job_problems(train, "train", "training")
    yield from instances.unknown(train.instance_types, "training", ("train", "instance_types"))
    yield from instances.mixed(train.instance_type, train.instance_types, ("train", "instance_types"))
    yield from _spot(train)
    yield from _several(train)
    yield from _streaming(train)
    yield from _told(train)
    yield from _metrics(train)
    yield from problems("CreateTrainingJob", train.request, owned=TRAINING, at=("train", "request"))
    yield from own_inputs(train.request, "InputDataConfig", "ChannelName", "train", OWN_CHANNELS)
    yield from _clusters(train)


def _spot(train: TrainSettings) -> Iterator[Finding]:
    wait, run = train.max_wait_minutes, train.max_runtime_minutes
    if train.spot and train.warm_pool_minutes:
        given = train.warm_pool_minutes
        yield finding("train.warm_pool_minutes", "does not go with spot: true", given=given, allowed="0")
    if not train.spot and wait is not None:
        yield finding("train.max_wait_minutes", "does not go without spot: true", given=wait)
    if train.spot and wait is not None and wait < run:
        allowed = f"at least max_runtime_minutes, {run}"
        yield finding("train.max_wait_minutes", "shorter than the job may run", given=wait, allowed=allowed)
    known = ALGORITHMS.get(train.algorithm.name) if train.algorithm else None
    if not known or known.checkpoints:
        return
    name, most = train.algorithm.name if train.algorithm else "", MAX_WAIT_WITHOUT_CHECKPOINTS
    if train.spot and wait is not None and wait > most:
        what = f"{name} keeps no checkpoints, so that AWS takes at most an hour of waiting and running"
        key = "max_wait_minutes" if "max_wait_minutes" in train.model_fields_set else "spot"
        yield finding(
            f"train.{key}", what, given=f"{wait} minutes", allowed=f"max_wait_minutes: {most}, or spot: false"
        )
    if train.checkpoints and "checkpoints" in train.model_fields_set:
        yield finding("train.checkpoints", f"{name} keeps no checkpoints", given="true", allowed="false")


def _several(train: TrainSettings) -> Iterator[Finding]:
    known = ALGORITHMS.get(train.algorithm.name) if train.algorithm else None
    count, launcher = train.instance_count, train.launcher
    if known and not known.several_instances and count > 1 and train.algorithm:
        what = f"{train.algorithm.name} runs on one instance"
        yield finding("train.instance_count", what, given=count, allowed="1")
    if launcher != "none" and (train.algorithm or train.jumpstart):
        what = "does not go with algorithm or jumpstart"
        yield finding("train.launcher", what, given=launcher, allowed="none")
    if train.framework is None:
        return
    name = train.framework.name
    having = [key for key, names in LAUNCHERS.items() if name in names]
    if launcher != "none" and launcher not in having:
        what = f"the container of {name} has no such launcher"
        yield finding("train.launcher", what, given=launcher, allowed=", ".join(["none", *having]))
    if count > 1 and launcher == "none" and name not in OWN_CLUSTER:
        allowed = f"launcher: {' or '.join(having)}" if having else "1"
        yield finding("train.instance_count", f"{name} needs a launcher", given=count, allowed=allowed)


def _streaming(train: TrainSettings) -> Iterator[Finding]:
    known = ALGORITHMS.get(train.algorithm.name) if train.algorithm else None
    if train.input_mode != "File" and (train.jumpstart or (known and not known.pipe)):
        name = train.algorithm.name if train.algorithm else "an algorithm of JumpStart"
        yield finding("train.input_mode", f"{name} reads files", given=train.input_mode, allowed="File")


def _told(train: TrainSettings) -> Iterator[Finding]:
    """Hyperparameters, and what an execution may set them to."""
    most = MAX_HYPERPARAMETERS - (TOOLKIT_HYPERPARAMETERS if train.framework else 0)
    names = {*train.hyperparameters, *train.hyperparameter_ranges}
    if len(names) > most:
        yield finding("train.hyperparameters", "too many", given=len(names), allowed=f"at most {most}")
    for name, value in train.hyperparameters.items():
        if len(str(value)) > MAX_HYPERPARAMETER_CHARACTERS:
            path = ("train", "hyperparameters", name)
            allowed = f"at most {MAX_HYPERPARAMETER_CHARACTERS}"
            yield finding(path, "too long", given=f"{len(str(value))} characters", allowed=allowed)
    for name, limits in train.hyperparameter_ranges.items():
        path = ("train", "hyperparameter_ranges", name)
        low, high, values = limits.minimum, limits.maximum, limits.values
        if (values is None) == (low is None and high is None) or values == []:
            yield finding(path, "needs minimum or maximum, or else values", allowed="one of the two kinds")
        elif low is not None and high is not None and low > high:
            yield finding((*path, "minimum"), "above the maximum", given=low, allowed=f"at most {high}")
        elif name in train.hyperparameters and not _within(train.hyperparameters[name], low, high, values):
            given, where = train.hyperparameters[name], ("train", "hyperparameters", name)
            what = "not what hyperparameter_ranges allows an execution to set"
            yield finding(where, what, given=repr(given), allowed=_range(low, high, values))


def _within(value: Any, low: float | None, high: float | None, values: list[Any] | None) -> bool:
    if values is not None:
        return value in values
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and (low is None or low <= value) and (high is None or value <= high)


def _range(low: float | None, high: float | None, values: list[Any] | None) -> str:
    if values is not None:
        return ", ".join(map(str, values))
    bounds = [
        text for text, bound in ((f"at least {low}", low), (f"at most {high}", high)) if bound is not None
    ]
    return f"a number, {' and '.join(bounds)}"


def _metrics(train: TrainSettings) -> Iterator[Finding]:
    if train.metric_definitions and train.algorithm:
        what = "a built-in algorithm has its own"
        yield finding("train.metric_definitions", what, given=", ".join(train.metric_definitions))
    if len(train.metric_definitions) > MAX_METRICS:
        given, allowed = len(train.metric_definitions), f"at most {MAX_METRICS}"
        yield finding("train.metric_definitions", "too many", given=given, allowed=allowed)


def _clusters(train: TrainSettings) -> Iterator[Finding]:
    """Instance groups and fallbacks, which only ``request`` can ask for."""
    resources = train.request.get("ResourceConfig")
    resources = resources if isinstance(resources, dict) else {}
    for key in ("InstanceGroups", "InstancePreferences"):
        entries = resources.get(key)
        if not isinstance(entries, list):
            continue
        path = ("train", "request", "ResourceConfig", key)
        named = [str(entry.get("InstanceType")) for entry in entries if isinstance(entry, dict)]
        yield from instances.mixed(train.instance_type, named, path)
        if train.spot and key == "InstancePreferences":
            yield finding(path, "does not go with spot: true", allowed="spot: false")
        if train.warm_pool_minutes and key == "InstanceGroups":
            yield finding(path, "does not go with warm_pool_minutes", allowed="warm_pool_minutes: 0")
        for other in ("InstanceGroups", "InstancePlacementConfig"):
            if key == "InstancePreferences" and other in resources:
                yield finding(path, f"does not go with {other}", allowed="one of the two")
