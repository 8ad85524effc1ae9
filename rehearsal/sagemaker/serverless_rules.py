"""Rules of serverless customization jobs that the service model does not hold.

Sources: API reference, ServerlessJobConfig and StoppingCondition (as in botocore's model); what
``sagemaker-train`` 1.27 sends and refuses (``finetune_utils``); the catalogue of models
(``mlplatform.customization.catalog``). Each rule names its own.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from mlplatform.customization import catalog
from rehearsal.api import ApiError, Parameters, Place
from rehearsal.sagemaker import hub_models, serverless_evaluation_rules, serverless_references
from rehearsal.sagemaker.hub_names import PUBLIC_HUB, content_of
from rehearsal.sagemaker.serverless_references import World

LONGEST = 28 * 86400
"""Seconds (API reference, StoppingCondition.MaxRuntimeInSeconds: 28 days)."""

_INSTANCES = (
    "AlgorithmSpecification", "ResourceConfig", "CheckpointConfig", "DebugHookConfig",
    "DebugRuleConfigurations", "Environment", "ExperimentConfig", "InfraCheckConfig", "ProfilerConfig",
    "ProfilerRuleConfigurations", "RemoteDebugConfig", "RetryStrategy", "TensorBoardOutputConfig",
)  # fmt: skip
"""What says something of instances or of a container; a serverless job has neither of its own."""

_TRAINING_ONLY = ("CustomizationTechnique", "Peft", "SequenceLength")


def check(request: Parameters, world: World) -> None:
    """Raise ValidationException with the first rule that CreateTrainingJob breaks."""
    for problem in _problems(request, world):
        raise ApiError("ValidationException", problem)


def _problems(request: Parameters, world: World) -> Iterator[str]:
    yield from _no_instances(request)
    yield from _base_model(request, world.place)
    yield from _kind(request)
    yield from serverless_references.problems(request, world)
    yield from _hyperparameters(request)
    if _job(request)["JobType"] == "Evaluation":
        yield from serverless_evaluation_rules.problems(request)


def _job(request: Parameters) -> Mapping[str, Any]:
    job: Mapping[str, Any] = request["ServerlessJobConfig"]
    return job


def _no_instances(request: Parameters) -> Iterator[str]:
    """API reference, CreateTrainingJob: ServerlessJobConfig is the configuration *instead*; the SDK sends
    none of these with it. StoppingCondition: 28 days at most, MaxWaitTimeInSeconds is of managed spot.
    """
    for member in _INSTANCES:
        if member in request:
            yield f"{member} cannot be specified with ServerlessJobConfig."
    if request.get("EnableManagedSpotTraining"):
        yield "EnableManagedSpotTraining cannot be specified with ServerlessJobConfig."
    condition = request.get("StoppingCondition", {})
    if "MaxWaitTimeInSeconds" in condition:
        yield "MaxWaitTimeInSeconds cannot be specified with ServerlessJobConfig."
    if condition.get("MaxRuntimeInSeconds", 1) > LONGEST:
        yield f"MaxRuntimeInSeconds must be at most {LONGEST}, got {condition['MaxRuntimeInSeconds']}."
    if not request["OutputDataConfig"]["S3OutputPath"].startswith("s3://"):
        yield f"S3OutputPath must be an S3 URI, got {request['OutputDataConfig']['S3OutputPath']}."


def _base_model(request: Parameters, place: Place) -> Iterator[str]:
    """API reference, ServerlessJobConfig.BaseModelArn (of SageMaker Public Hub) and AcceptEula (must be true
    for a model with a licence); ``finetune_utils``: OPEN_WEIGHTS_REGIONS and NOVA_REGIONS.
    """
    job = _job(request)
    content = content_of(job["BaseModelArn"], place)
    model = hub_models.find(content.name) if content else None
    if content is None or content.hub != PUBLIC_HUB or model is None:
        yield f"BaseModelArn {job['BaseModelArn']} is not a model of {PUBLIC_HUB} in {place.region}."
        return
    if place.region not in (there := catalog.regions(model.kind)):
        yield f"{model.id} cannot be customized in {place.region}, only in {', '.join(there)}."
    if model.licence and job.get("AcceptEula") is not True:
        yield f"{model.id} requires AcceptEula: true; its licence: {model.licence}"
    technique = job.get("CustomizationTechnique", "").lower()
    ways = model.techniques.get(technique)
    way = job.get("Peft", "full").lower()
    if technique and ways is None:
        offered = ", ".join(name.upper() for name in model.techniques)
        yield f"No recipe of {model.id} for CustomizationTechnique {technique.upper()}, only {offered}."
    elif ways is not None and way not in ways:
        how = "full fine-tuning (without Peft)" if way == "full" else "Peft LORA"
        yield f"No recipe of {model.id} for {technique.upper()} with {how}."


def _kind(request: Parameters) -> Iterator[str]:
    """API reference, ServerlessJobConfig: EvaluationType is required for an Evaluation, SequenceLength is of
    a customization job and 1K to 1024K. The SDK sends technique and Peft with FineTuning only, and always
    a model package group (``_validate_model_package_group_requirement``).
    """
    job = _job(request)
    if job["JobType"] == "FineTuning":
        if "CustomizationTechnique" not in job:
            yield "CustomizationTechnique is required when JobType is FineTuning."
        if "EvaluationType" in job:
            yield "EvaluationType can only be specified when JobType is Evaluation."
        if "ModelPackageConfig" not in request:
            yield "ModelPackageConfig is required when JobType is FineTuning."
    else:
        if "EvaluationType" not in job:
            yield "EvaluationType is required when JobType is Evaluation."
        for member in _TRAINING_ONLY:
            if member in job:
                yield f"{member} can only be specified when JobType is FineTuning."
    if "SequenceLength" in job and not 1 <= int(job["SequenceLength"][:-1]) <= 1024:
        yield f"SequenceLength must be 1K to 1024K, got {job['SequenceLength']}."


def _hyperparameters(request: Parameters) -> Iterator[str]:
    """``FineTuningOptions`` of the SDK: values are checked by the recipe of the model, which AWS does not
    publish; known of all are the types. Models of Bedrock that may judge: ``_ALLOWED_REWARD_MODEL_IDS``.
    """
    technique = _job(request).get("CustomizationTechnique", "").lower()
    if not technique:
        return
    given = request.get("HyperParameters", {})
    for name, known in catalog.hyperparameters(technique).items():
        if name in given and not known.holds(_number(given[name])):
            yield f"Hyperparameter {name} must be {known.allowed}, got {given[name]}."
    judge = given.get("judge_model_id", "").removeprefix("bedrock/")
    if technique == "rlaif" and judge and judge not in catalog.reward_models():
        yield f"judge_model_id must be one of {', '.join(catalog.reward_models())}, got {judge}."


def _number(text: str) -> object:
    for parse in (int, float):
        try:
            return parse(text)
        except ValueError:
            continue
    return text
