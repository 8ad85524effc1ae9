"""Rules about what a serverless job refers to: data sets, versions, MLflow resources, evaluators.

Sources: API reference, Channel, ModelPackageConfig, MlflowConfig and ServerlessJobConfig; ``finetune_utils``,
``rlvr_trainer`` and ``rlaif_trainer`` of ``sagemaker-train`` 1.27.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rehearsal.api import Parameters, Place
from rehearsal.sagemaker.hub_documents import evaluator
from rehearsal.sagemaker.hub_names import content_of
from rehearsal.sagemaker.store import Record


@dataclass(frozen=True)
class World:
    """What a request may refer to: contents of hubs, groups, versions and MLflow resources, by ARN."""

    place: Place
    content: Callable[[str], Record | None]
    group: Callable[[str], Record | None]
    version: Callable[[str], Record | None]
    tracking: Callable[[str], bool]


def problems(request: Parameters, world: World) -> Iterator[str]:
    """Each rule that a request breaks."""
    yield from _channels(request, world)
    yield from _versions(request, world)
    yield from _tracking(request, world)
    yield from _evaluator(request, world)


def _channels(request: Parameters, world: World) -> Iterator[str]:
    """``_convert_input_data_to_channels`` of the SDK: train and validation, each a data set or from S3;
    API reference, S3DataSource: Converse is the form of fine-tuning, manifests are of instances.
    """
    channels = request.get("InputDataConfig", [])
    names = [channel["ChannelName"] for channel in channels]
    if len(set(names)) != len(names):
        yield f"Channel names must be unique, got {', '.join(names)}."
    if request["ServerlessJobConfig"]["JobType"] == "FineTuning" and "train" not in names:
        yield "InputDataConfig needs a channel train when JobType is FineTuning."
    for channel in channels:
        if channel["ChannelName"] not in ("train", "validation"):
            yield f"Channel {channel['ChannelName']}: a serverless job has train and validation only."
        yield from _source(channel["ChannelName"], channel["DataSource"], world)


def _source(name: str, source: Parameters, world: World) -> Iterator[str]:
    if len(source) != 1 or "FileSystemDataSource" in source:
        yield f"Channel {name} needs exactly one of S3DataSource and DatasetSource."
    elif "S3DataSource" in source:
        kind = source["S3DataSource"]["S3DataType"]
        if kind not in ("S3Prefix", "Converse"):
            yield f"Channel {name}: S3DataType of a serverless job must be S3Prefix or Converse, got {kind}."
    else:
        yield from _available(f"Channel {name}: DatasetArn", source["DatasetSource"]["DatasetArn"], world)


def _available(what: str, arn: str, world: World) -> Iterator[str]:
    """A content of a hub can be used once it is Available (API reference, HubContentStatus)."""
    record = world.content(arn)
    if record is None:
        yield f"{what} {arn} does not exist."
    elif record.description["HubContentStatus"] != "Available":
        yield f"{what} {arn} is {record.description['HubContentStatus']}, not Available."


def _versions(request: Parameters, world: World) -> Iterator[str]:
    """API reference, ModelPackageConfig; ``_resolve_model_name`` of the SDK: training goes on only from what
    was customized, and of the same base model.
    """
    config = request.get("ModelPackageConfig")
    if config is None:
        return
    group = world.group(config["ModelPackageGroupArn"])
    if group is None:
        yield f"ModelPackageGroup {config['ModelPackageGroupArn']} does not exist."
    if "SourceModelPackageArn" not in config:
        return
    arn = config["SourceModelPackageArn"]
    source = world.version(arn)
    if source is None:
        yield f"SourceModelPackageArn {arn} does not exist."
    elif group is not None:
        yield from _source_version(arn, source.description, group.name, request, world.place)


def _source_version(
    arn: str, source: Parameters, group: str, request: Parameters, place: Place
) -> Iterator[str]:
    if source.get("ModelPackageGroupName") != group:
        yield f"SourceModelPackageArn {arn} is not in the model package group {group}."
    containers = source.get("InferenceSpecification", {}).get("Containers") or [{}]
    name = containers[0].get("BaseModel", {}).get("HubContentName")
    wanted = content_of(request["ServerlessJobConfig"]["BaseModelArn"], place)
    if name is None:
        yield f"SourceModelPackageArn {arn} was not customized by SageMaker: it names no base model."
    elif wanted is not None and name != wanted.name:
        yield f"SourceModelPackageArn {arn} was made of {name}, not of {wanted.name}."


def _tracking(request: Parameters, world: World) -> Iterator[str]:
    """API reference, MlflowConfig.MlflowResourceArn: an MLflow App or tracking server."""
    arn = request.get("MlflowConfig", {}).get("MlflowResourceArn")
    if arn is not None and not world.tracking(arn):
        yield f"MlflowResourceArn {arn} does not exist."


def _evaluator(request: Parameters, world: World) -> Iterator[str]:
    """API reference, ServerlessJobConfig.EvaluatorArn: a reward function or prompt. ``rlvr_trainer`` sends an
    evaluator or ``preset_reward_function``, ``rlaif_trainer`` an evaluator or ``judge_prompt_template``.
    """
    job, given = request["ServerlessJobConfig"], request.get("HyperParameters", {})
    use = job.get("CustomizationTechnique") or job.get("EvaluationType")
    wanted = {
        "RLVR": ("RewardFunction", "preset_reward_function"),
        "RLAIF": ("RewardPrompt", "judge_prompt_template"),
        "CustomScorerEvaluation": ("RewardFunction", "preset_reward_function"),
    }.get(str(use))
    arn = job.get("EvaluatorArn")
    if wanted is None:
        if arn is not None:
            yield f"EvaluatorArn can only be specified for RLVR, RLAIF and CustomScorerEvaluation, not {use}."
        return
    kind, preset = wanted
    if (arn is None) == (preset not in given):
        yield f"{use} needs exactly one of EvaluatorArn and the hyperparameter {preset}."
    if arn is not None:
        yield from _evaluator_of(arn, kind, str(use), world)


def _evaluator_of(arn: str, kind: str, use: str, world: World) -> Iterator[str]:
    content = content_of(arn, world.place)
    if content is None or content.type != "JsonDoc":
        yield f"EvaluatorArn {arn} is not a JsonDoc of a hub in {world.place.region}."
        return
    yield from _available("EvaluatorArn", arn, world)
    record = world.content(arn)
    if record is not None and (found := evaluator(record.description["HubContentDocument"])[0]) != kind:
        yield f"EvaluatorArn of {use} must be a {kind}, {arn} is a {found}."
