"""Rules of SageMaker's requests that the service model does not hold, each as the API reference states it."""

from collections.abc import Callable, Iterator
from typing import Any

from rehearsal.api import ApiError, Parameters

LOCAL_STORAGE = ("g4dn", "g5", "g6", "p3dn", "p4d", "p4de", "p5", "p5e", "m5d", "c5d", "r5d", "trn1", "trn2")
"""Families with local NVMe storage (API reference, ResourceConfig.VolumeKmsKeyId: not for such types)."""


def check(operation: str, request: Parameters) -> None:
    """Raise ValidationException with the first rule that ``request`` breaks."""
    for problem in _RULES.get(operation, _nothing)(request):
        raise ApiError("ValidationException", problem)


def _nothing(request: Parameters) -> Iterator[str]:
    yield from ()


def training(request: Parameters) -> Iterator[str]:
    """CreateTrainingJob on instances; ``serverless_rules`` has the rules of the other kind."""
    if "ServerlessJobConfig" in request:
        return
    specification = request.get("AlgorithmSpecification", {})
    if ("TrainingImage" in specification) == ("AlgorithmName" in specification):
        yield "You must provide exactly one of TrainingImage and AlgorithmName."
    if "InputDataConfig" in request and not request["InputDataConfig"]:
        yield "InputDataConfig must have at least one channel."
    resources = request.get("ResourceConfig", {})
    if request.get("EnableManagedSpotTraining"):
        yield from _spot(request, resources)
    if len(request.get("HyperParameters", {})) > 100:
        yield "HyperParameters can have at most 100 entries."
    yield from _channels(request.get("InputDataConfig", []), specification)
    yield from _resources(resources)


def _spot(request: Parameters, resources: Parameters) -> Iterator[str]:
    condition = request.get("StoppingCondition", {})
    wait = condition.get("MaxWaitTimeInSeconds")
    if wait is None:
        yield "MaxWaitTimeInSeconds must be set when EnableManagedSpotTraining is true."
    elif wait < condition.get("MaxRuntimeInSeconds", 86400):
        yield "Invalid MaxWaitTimeInSeconds. It must be greater than or equal to MaxRuntimeInSeconds."
    if resources.get("KeepAlivePeriodInSeconds"):
        yield "KeepAlivePeriodInSeconds cannot be specified with managed spot training."


def _channels(channels: list[Any], specification: Parameters) -> Iterator[str]:
    names = [channel["ChannelName"] for channel in channels]
    if len(set(names)) != len(names):
        yield f"Channel names must be unique, got {', '.join(names)}."
    for channel in channels:
        source = channel["DataSource"]
        if len(source) != 1:
            yield f"Channel {channel['ChannelName']} needs exactly one data source."
        kind = source.get("S3DataSource", {}).get("S3DataType")
        mode = channel.get("InputMode", specification.get("TrainingInputMode"))
        if kind == "AugmentedManifestFile" and mode != "Pipe":
            yield "AugmentedManifestFile is supported only with Pipe input mode."
        if mode == "FastFile" and kind != "S3Prefix":
            yield "FastFile input mode supports only S3Prefix."


def _resources(resources: Parameters) -> Iterator[str]:
    given = [
        key
        for key in ("InstanceType", "InstanceGroups", "InstancePreferences", "InstanceConfigs")
        if key in resources
    ]
    if len(given) != 1:
        yield "Specify exactly one of InstanceType, InstanceGroups and InstancePreferences."
    yield from _volume_key(resources.get("InstanceType", ""), resources.get("VolumeKmsKeyId"))


def _volume_key(instance_type: str, key: str | None) -> Iterator[str]:
    family = instance_type.split(".")[1] if instance_type.count(".") == 2 else ""
    if key and family in LOCAL_STORAGE:
        yield f"VolumeKmsKeyId is not supported for instance type {instance_type}, which uses local storage."


def processing(request: Parameters) -> Iterator[str]:
    """CreateProcessingJob."""
    for item in request.get("ProcessingInputs", []):
        if ("S3Input" in item) == ("DatasetDefinition" in item):
            yield f"ProcessingInput {item['InputName']} needs exactly one of S3Input and DatasetDefinition."
        yield from _processing_path(item.get("S3Input", {}).get("LocalPath"))
    names = [item["InputName"] for item in request.get("ProcessingInputs", [])]
    if len(set(names)) != len(names):
        yield f"Processing input names must be unique, got {', '.join(names)}."
    if len(names) > 10:
        yield "ProcessingInputs can have at most 10 entries."
    for item in request.get("ProcessingOutputConfig", {}).get("Outputs", []):
        yield from _processing_path(item.get("S3Output", {}).get("LocalPath"))
    cluster = request["ProcessingResources"]["ClusterConfig"]
    yield from _volume_key(cluster.get("InstanceType", ""), cluster.get("VolumeKmsKeyId"))


def _processing_path(path: str | None) -> Iterator[str]:
    if path is not None and not path.startswith("/opt/ml/processing"):
        yield f"LocalPath must start with /opt/ml/processing/, got {path}"


def transform(request: Parameters) -> Iterator[str]:
    """CreateTransformJob."""
    payload, parallel = request.get("MaxPayloadInMB", 6), request.get("MaxConcurrentTransforms", 1)
    if payload * max(parallel, 1) > 100:
        yield "MaxConcurrentTransforms * MaxPayloadInMB must not exceed 100 MB."
    source = request["TransformInput"]
    if request.get("BatchStrategy") and source.get("SplitType", "None") == "None":
        yield "BatchStrategy requires SplitType to be Line, RecordIO or TFRecord."
    if request.get("DataProcessing", {}).get("JoinSource") == "Input":
        assemble = request["TransformOutput"].get("AssembleWith", "None")
        if source.get("SplitType", "None") != "None" and assemble == "None":
            yield "AssembleWith must match SplitType when JoinSource is Input."
    resources = request["TransformResources"]
    yield from _volume_key(resources["InstanceType"], resources.get("VolumeKmsKeyId"))


def tuning(request: Parameters) -> Iterator[str]:
    """CreateHyperParameterTuningJob."""
    config = request["HyperParameterTuningJobConfig"]
    if ("TrainingJobDefinition" in request) == ("TrainingJobDefinitions" in request):
        yield "Specify exactly one of TrainingJobDefinition and TrainingJobDefinitions."
    if "TrainingJobDefinition" in request and "HyperParameterTuningJobObjective" not in config:
        yield "HyperParameterTuningJobObjective is required with TrainingJobDefinition."
    yield from _strategy(config)
    for definition in request.get("TrainingJobDefinitions", [request.get("TrainingJobDefinition", {})]):
        if "HyperParameterTuningResourceConfig" in definition and "ResourceConfig" in definition:
            yield "ResourceConfig and HyperParameterTuningResourceConfig exclude each other."
        resources = definition.get("HyperParameterTuningResourceConfig", definition.get("ResourceConfig", {}))
        yield from _resources(resources)
        if definition.get("EnableManagedSpotTraining"):
            yield from _spot(definition, resources)


def _strategy(config: Parameters) -> Iterator[str]:
    ranges = config.get("ParameterRanges", {})
    if config["Strategy"] == "Hyperband":
        if config.get("TrainingJobEarlyStoppingType", "Off") != "Off":
            yield "TrainingJobEarlyStoppingType must be Off with the Hyperband strategy."
    elif "StrategyConfig" in config:
        yield "StrategyConfig is supported only with the Hyperband strategy."
    numeric = (*ranges.get("IntegerParameterRanges", []), *ranges.get("ContinuousParameterRanges", []))
    if config["Strategy"] == "Grid" and numeric:
        yield "The Grid strategy supports only categorical hyperparameters."
    for item in numeric:
        if float(item["MinValue"]) > float(item["MaxValue"]):
            yield f"MinValue of {item['Name']} is greater than its MaxValue."


_RULES: dict[str, Callable[[Parameters], Iterator[str]]] = {
    "CreateTrainingJob": training,
    "CreateProcessingJob": processing,
    "CreateTransformJob": transform,
    "CreateHyperParameterTuningJob": tuning,
}
