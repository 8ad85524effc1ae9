"""The requests of serverless jobs (SageMaker API, CreateTrainingJob with ServerlessJobConfig), with blanks.

Their members are those that ``sagemaker-train`` 1.27 sends (``finetune_utils``, ``pipeline_templates``).
"""

from typing import Any

from mlplatform.permissions.customization_places import JOB_ROLE, PUBLIC_HUB
from mlplatform.permissions.run_places import KEPT as VERSIONS
from mlplatform.settings import Environment, ModelProduct
from mlplatform.settings.customization import CustomizationSettings, TechniqueSettings
from mlplatform.workflows.requests import Request, merged, tags

TECHNIQUES = {"sft": "SFT", "dpo": "DPO", "rlvr": "RLVR", "rlaif": "RLAIF"}
"""CustomizationTechnique of the SageMaker API, by the name in model.yaml."""


def customized(product: ModelProduct) -> CustomizationSettings:
    """The product's ``customization``. Raises ValueError if it has none in SageMaker."""
    section = product.customization
    if section is None or not section.techniques:
        raise ValueError(f"{product.name} is not customized: model.yaml has no `customization.techniques`")
    return section


def channels(technique: TechniqueSettings) -> tuple[str, ...]:
    """Names of the channels of a fine-tuning job."""
    return ("train", "validation") if technique.validation else ("train",)


def fine_tuning(
    name: str, section: CustomizationSettings, product: ModelProduct, settings: Environment
) -> Request:
    """The request of a fine-tuning job; its hyperparameters are those of an execution that changes none."""
    technique = section.techniques[name]
    group = {"ModelPackageGroupArn": settings.neighbours.registry.package_group_arn(product.name)}
    source = {"SourceModelPackageArn": "<Source>"} if technique.start_from == "approved" else {}
    called = f"{settings.names.name(product.name, kind='model')}-<Run>"
    request: Request = {
        **_common(called, "customization/", technique.max_runtime_minutes, product, settings),
        "ServerlessJobConfig": {**_base(section, settings), **_technique(name, technique)},
        "InputDataConfig": [dataset(channel, channel) for channel in channels(technique)],
        "ModelPackageConfig": {**group, **source},
        "HyperParameters": hyperparameters(technique),
    }
    return merged(request, section.request)


def hyperparameters(technique: TechniqueSettings) -> dict[str, str]:
    """As the API takes them. ``rlaif_trainer`` says there which model judges, by which built-in prompt."""
    told = technique.hyperparameter_texts
    if technique.reward_model:
        told["judge_model_id"] = f"bedrock/{technique.reward_model}"
    if technique.reward_prompt and not technique.reward_prompt.endswith(".jinja"):
        told["judge_prompt_template"] = technique.reward_prompt
    return told


def evaluation(
    name: str,
    kind: str,
    told: dict[str, str],
    section: CustomizationSettings,
    product: ModelProduct,
    settings: Environment,
) -> Request:
    """The request of an evaluation job of the candidate; that of the base model lacks ModelPackageConfig.

    ``kind`` is an EvaluationType, ``told`` its hyperparameters.
    """
    minutes = section.evaluate.max_runtime_minutes if section.evaluate else 1
    base = _base(section, settings)
    group = settings.neighbours.registry.package_group_arn(product.name)
    request: Request = {
        **_common(name, "evaluation/", minutes, product, settings),
        "ServerlessJobConfig": {**base, "JobType": "Evaluation", "EvaluationType": kind},
        "ModelPackageConfig": {"ModelPackageGroupArn": group, "SourceModelPackageArn": "<Candidate>"},
        "HyperParameters": told,
    }
    # What a job writes is read as it is, without unpacking an archive.
    request["OutputDataConfig"]["CompressionType"] = "NONE"
    return request


def job(number: int, product: ModelProduct, settings: Environment) -> str:
    """Name of an evaluation job of a run."""
    return f"{settings.names.name(product.name, kind='model')}-<Run>-<Subject>-{number}"


def output(folder: str, product: ModelProduct, settings: Environment) -> str:
    """Where jobs of a run write."""
    return f"s3://{settings.names.bucket('artifacts')}/{VERSIONS}{product.name}/<RunId>/{folder}"


def dataset(channel: str, key: str) -> Request:
    """A channel with a data set of the AI Registry."""
    return {"ChannelName": channel, "DataSource": {"DatasetSource": {"DatasetArn": f"<Dataset:{key}>"}}}


def _common(
    name: str, folder: str, minutes: int, product: ModelProduct, settings: Environment
) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "RoleArn": settings.names.role_arn("job", f"{product.name}{JOB_ROLE}"),
        "OutputDataConfig": {
            "S3OutputPath": output(folder, product, settings),
            "KmsKeyId": "${ArtifactsKeyArn}",
        },
        "MlflowConfig": {
            "MlflowResourceArn": "<Mlflow>",
            "MlflowExperimentName": product.name,
            "MlflowRunName": name,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": minutes * 60},
        "Tags": tags(product, settings),
    }


def _base(section: CustomizationSettings, settings: Environment) -> dict[str, Any]:
    """The base model; a licence is accepted where the settings name it."""
    name, version = section.hub_model
    path = "/".join(filter(None, (f"hub-content/{PUBLIC_HUB}/Model", name, version)))
    accepted = {"AcceptEula": True} if section.accept_eula else {}
    return {"BaseModelArn": settings.names.arn("sagemaker", path, account="aws"), **accepted}


def _technique(name: str, technique: TechniqueSettings) -> dict[str, Any]:
    """Without ``Peft`` every weight is trained (SageMaker API, ServerlessJobConfig)."""
    config: dict[str, Any] = {"JobType": "FineTuning", "CustomizationTechnique": TECHNIQUES[name]}
    if technique.peft == "lora":
        config["Peft"] = "LORA"
    if technique.sequence_length:
        config["SequenceLength"] = technique.sequence_length
    prompt = technique.reward_prompt
    if technique.reward_function or (prompt and prompt.endswith(".jinja")):
        config["EvaluatorArn"] = "<Evaluator>"
    return config
