"""The request of a tuning job (SageMaker API, CreateHyperParameterTuningJob)."""

from typing import Any

from mlplatform.settings import Environment, ModelProduct
from mlplatform.settings.tuning import SearchRange, TuneSettings
from mlplatform.workflows import hyperparameters, training
from mlplatform.workflows.requests import Request, job_name, merged, tags

DEFINITION = frozenset(
    {
        "AlgorithmSpecification",
        "CheckpointConfig",
        "EnableInterContainerTrafficEncryption",
        "EnableManagedSpotTraining",
        "EnableNetworkIsolation",
        "Environment",
        "HyperParameterTuningResourceConfig",
        "InputDataConfig",
        "OutputDataConfig",
        "ResourceConfig",
        "RetryStrategy",
        "RoleArn",
        "StoppingCondition",
        "VpcConfig",
    }
)
"""Members that the definition of a tuning job's jobs shares with CreateTrainingJob (API shape
HyperParameterTrainingJobDefinition): of ``train.request``, these reach the jobs of a tuning job."""

ALGORITHM = ("TrainingImage", "TrainingInputMode", "MetricDefinitions")
"""Members of the algorithm's specification that a tuning job takes, of those we use (API shape
HyperParameterAlgorithmSpecification)."""

STRATEGIES = {"bayesian": "Bayesian", "random": "Random", "hyperband": "Hyperband", "grid": "Grid"}
SCALES = {
    "auto": "Auto",
    "linear": "Linear",
    "logarithmic": "Logarithmic",
    "reverse_logarithmic": "ReverseLogarithmic",
}
WARM_STARTS = {
    "identical_data_and_algorithm": "IdenticalDataAndAlgorithm",
    "transfer_learning": "TransferLearning",
}


def tuning_request(product: ModelProduct, settings: Environment) -> Request:
    """The request of the state Tune. Raises ValueError for a product that is not tuned."""
    tune = product.tune
    if tune is None:
        raise ValueError(f"{product.name} is not tuned: model.yaml has no `tune`")
    request: Request = {
        "HyperParameterTuningJobName": job_name("tune"),
        "HyperParameterTuningJobConfig": _config(product, tune),
        "TrainingJobDefinition": _definition(product, tune, settings),
        "Tags": tags(product, settings),
    }
    if tune.warm_start:
        parents = [{"HyperParameterTuningJobName": name} for name in tune.warm_start.parents]
        kind = WARM_STARTS[tune.warm_start.type]
        request["WarmStartConfig"] = {"ParentHyperParameterTuningJobs": parents, "WarmStartType": kind}
    request = merged(request, tune.request)
    if "HyperParameterTuningResourceConfig" in request["TrainingJobDefinition"]:  # takes its place
        del request["TrainingJobDefinition"]["ResourceConfig"]
    return request


def _config(product: ModelProduct, tune: TuneSettings) -> Request:
    limits: dict[str, int] = {
        "MaxParallelTrainingJobs": tune.max_parallel_jobs,
        "MaxRuntimeInSeconds": tune.max_runtime_minutes * 60,
    }
    if tune.strategy != "grid":  # whose jobs are as many as there are combinations
        limits["MaxNumberOfTrainingJobs"] = tune.max_jobs
    config: Request = {
        "Strategy": STRATEGIES[tune.strategy],
        "HyperParameterTuningJobObjective": {"Type": tune.direction, "MetricName": tune.metric},
        "ResourceLimits": limits,
        "ParameterRanges": _ranges(product, tune),
        "TrainingJobEarlyStoppingType": "Auto" if tune.early_stopping else "Off",
    }
    if tune.hyperband:
        least, most = tune.hyperband.minimum_resource, tune.hyperband.maximum_resource
        config["StrategyConfig"] = {"HyperbandStrategyConfig": {"MinResource": least, "MaxResource": most}}
    return config


def _definition(product: ModelProduct, tune: TuneSettings, settings: Environment) -> Request:
    train = training.trained(product)
    more = {key: value for key, value in train.request.items() if key in DEFINITION}
    definition = merged(training.common(product, settings), more)
    algorithm = definition["AlgorithmSpecification"]
    return {
        "StaticHyperParameters": hyperparameters.static(train, settings.region, tune.search),
        **definition,
        "AlgorithmSpecification": {key: algorithm[key] for key in ALGORITHM if key in algorithm},
    }


def _ranges(product: ModelProduct, tune: TuneSettings) -> dict[str, list[Request]]:
    found: dict[str, list[Request]] = {}
    train = training.trained(product)
    for name, search in tune.search.items():
        ends = search.integer or search.continuous
        kind = "Integer" if search.integer else "Continuous"
        if ends:
            found.setdefault(f"{kind}ParameterRanges", []).append(_range(name, search, ends))
        else:
            values = [hyperparameters.encoded(value, train) for value in search.categorical or []]
            found.setdefault("CategoricalParameterRanges", []).append({"Name": name, "Values": values})
    return found


def _range(name: str, search: SearchRange, ends: Any) -> Request:
    least, most = ends[0], ends[-1]
    scale = SCALES[search.scale]
    return {"Name": name, "MinValue": str(least), "MaxValue": str(most), "ScalingType": scale}
