"""What AWS does not take in the settings of a tuning job."""

import math
from collections.abc import Iterator

from mlplatform.algorithms import ALGORITHMS
from mlplatform.settings.findings import Finding, Path, finding
from mlplatform.settings.job_checks import OWN_VARIABLES
from mlplatform.settings.owned import TUNING
from mlplatform.settings.products import ModelProduct
from mlplatform.settings.requests import problems
from mlplatform.settings.training import TrainSettings
from mlplatform.settings.tuning import SearchRange, TuneSettings

MAX_SEARCHED = 30
"""Hyperparameters a tuning job searches, and values of one (SageMaker API, ParameterValues; quotas)."""

MAX_JOBS = {"random": 10_000}
MAX_JOBS_OTHERWISE = 750
"""Training jobs of one tuning job, by strategy (SageMaker developer guide, "Resource Limits")."""

MAX_VARIABLES = 48 - OWN_VARIABLES
"""SageMaker API, HyperParameterTrainingJobEnvironmentMap."""

MAX_PARENTS = 5
"""SageMaker API, ParentHyperParameterTuningJobs."""

RESOURCES = ("epochs", "n-epochs", "n_epochs", "num_epochs", "numepochs")
"""Hyperparameters that Hyperband reads how long a job runs from (SageMaker API, HyperbandStrategyConfig)."""


def tuning_problems(product: ModelProduct, tune: TuneSettings) -> Iterator[Finding]:
    """Problems of the tune section; it tunes what ``product.train`` trains."""
    if product.train is None:
        return
    yield from _strategy(tune, product.train)
    yield from _jobs(tune, product.train)
    yield from _objective(product, tune, product.train)
    for name, search in tune.search.items():
        yield from _range(search, ("tune", "search", name))
    request = tune.request
    yield from problems("CreateHyperParameterTuningJob", request, owned=TUNING, at=("tune", "request"))


def _strategy(tune: TuneSettings, train: TrainSettings) -> Iterator[Finding]:
    if tune.strategy == "hyperband" and tune.early_stopping:
        what = "does not go with strategy: hyperband, which stops jobs itself"
        yield finding("tune.early_stopping", what, given="true", allowed="false")
    if tune.hyperband and tune.strategy != "hyperband":
        what = f"does not go with strategy: {tune.strategy}"
        yield finding("tune.hyperband", what, allowed="strategy: hyperband")
    told = {*train.hyperparameters, *tune.search}
    if tune.strategy == "hyperband" and not tune.hyperband and not told & set(RESOURCES):
        allowed = f"minimum_resource and maximum_resource, or a hyperparameter {', '.join(RESOURCES)}"
        yield finding("tune.hyperband", "is missing", allowed=allowed)
    if tune.hyperband and tune.hyperband.minimum_resource > tune.hyperband.maximum_resource:
        given, most = tune.hyperband.minimum_resource, tune.hyperband.maximum_resource
        path = "tune.hyperband.minimum_resource"
        yield finding(path, "above maximum_resource", given=given, allowed=f"at most {most}")
    if tune.early_stopping and train.algorithm:
        yield from _early(tune, train.algorithm.name)


def _early(tune: TuneSettings, name: str) -> Iterator[Finding]:
    """SageMaker compares training jobs epoch by epoch, by the metric to tune."""
    known = ALGORITHMS.get(name)
    if known and not (known.epochs and tune.metric.endswith(known.epoch_metric)):
        what = f"{name} does not report {tune.metric} every epoch"
        metric = f", or a metric that ends in {known.epoch_metric}" if known.epoch_metric else ""
        yield finding("tune.early_stopping", what, given="true", allowed=f"false{metric}")


def _jobs(tune: TuneSettings, train: TrainSettings) -> Iterator[Finding]:
    most = MAX_JOBS.get(tune.strategy, MAX_JOBS_OTHERWISE)
    if tune.max_jobs > most:
        what = f"more than AWS takes with strategy: {tune.strategy}"
        yield finding("tune.max_jobs", what, given=tune.max_jobs, allowed=f"at most {most}")
    if tune.max_parallel_jobs > tune.max_jobs:
        given, allowed = tune.max_parallel_jobs, f"at most max_jobs, {tune.max_jobs}"
        yield finding("tune.max_parallel_jobs", "more than there are jobs", given=given, allowed=allowed)
    yield from _grid(tune)
    if not 1 <= len(tune.search) <= MAX_SEARCHED:
        allowed = f"1 to {MAX_SEARCHED} hyperparameters"
        yield finding("tune.search", "too many or none", given=len(tune.search), allowed=allowed)
    if tune.warm_start and not 1 <= len(tune.warm_start.parents) <= MAX_PARENTS:
        given, allowed = len(tune.warm_start.parents), f"1 to {MAX_PARENTS} tuning jobs"
        yield finding("tune.warm_start.parents", "too many or none", given=given, allowed=allowed)
    if train.warm_pool_minutes and "HyperParameterTuningResourceConfig" in str(tune.request):
        path = ("tune", "request", "TrainingJobDefinition", "HyperParameterTuningResourceConfig")
        yield finding(path, "does not go with train.warm_pool_minutes", allowed="warm_pool_minutes: 0")
    if len(train.environment) > MAX_VARIABLES:
        what, given = "too many variables for a tuning job", len(train.environment)
        yield finding("train.environment", what, given=given, allowed=f"at most {MAX_VARIABLES}")


def _grid(tune: TuneSettings) -> Iterator[Finding]:
    if tune.strategy != "grid":
        return
    for name, search in tune.search.items():
        if search.categorical is None:
            what = "strategy: grid tries categorical values only"
            yield finding(("tune", "search", name), what, allowed="categorical: [...]")
    if any(search.categorical is None for search in tune.search.values()):
        return
    every = math.prod(len(search.categorical or ()) for search in tune.search.values())
    if "max_jobs" in tune.model_fields_set and tune.max_jobs != every:
        what = "strategy: grid tries every combination"
        yield finding("tune.max_jobs", what, given=tune.max_jobs, allowed=f"{every}, or nothing")


def _objective(product: ModelProduct, tune: TuneSettings, train: TrainSettings) -> Iterator[Finding]:
    defined = list(train.metric_definitions)
    if train.algorithm is None and tune.metric not in defined:
        what = "is not a metric that training reports"
        allowed = f"one of train.metric_definitions: {', '.join(defined) or 'none'}"
        yield finding("tune.objective", what, given=repr(tune.metric), allowed=allowed)
    outputs: list[str] = [*product.prepare.outputs] if product.prepare else []
    channels = {*outputs, *(product.data.channels if product.data else ())}
    if train.algorithm and tune.metric.startswith("validation:") and "validation" not in channels:
        what = "is measured on the channel validation, which there is not"
        allowed = "data.validation, or prepare.outputs with validation"
        yield finding("tune.objective", what, given=repr(tune.metric), allowed=allowed)


def _range(search: SearchRange, path: Path) -> Iterator[Finding]:
    kinds = ("integer", "continuous", "categorical")
    given = [kind for kind in kinds if getattr(search, kind) is not None]
    if len(given) != 1:
        shown = " and ".join(given) or "none"
        yield finding(path, "needs exactly one kind", given=shown, allowed=f"one of {', '.join(kinds)}")
        return
    if search.categorical is not None:
        yield from _values(search, path)
        return
    ends = search.integer if search.integer is not None else search.continuous or []
    if len(ends) != 2 or ends[0] >= ends[1]:
        allowed = "the least and the largest value, [1, 10]"
        yield finding((*path, given[0]), "malformed", given=ends, allowed=allowed)
    elif search.scale == "logarithmic" and ends[0] <= 0:
        allowed = "a least value above 0"
        yield finding((*path, given[0]), "does not go with scale: logarithmic", given=ends, allowed=allowed)
    elif search.scale == "reverse_logarithmic" and (search.integer or ends[0] < 0 or ends[1] >= 1):
        what, allowed = "does not go with scale: reverse_logarithmic", "continuous, from 0 to below 1"
        yield finding((*path, given[0]), what, given=ends, allowed=allowed)


def _values(search: SearchRange, path: Path) -> Iterator[Finding]:
    values = search.categorical or []
    if not 1 <= len(values) <= MAX_SEARCHED or len({*map(str, values)}) != len(values):
        allowed = f"1 to {MAX_SEARCHED} different values"
        yield finding(
            (*path, "categorical"), "too many, none or one twice", given=len(values), allowed=allowed
        )
    if search.scale != "auto":
        yield finding((*path, "scale"), "does not go with categorical", given=search.scale, allowed="none")
