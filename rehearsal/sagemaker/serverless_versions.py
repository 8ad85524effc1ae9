"""Versions of customized models: what a job starts from, and what it registers, as its role."""

from dataclasses import dataclass
from typing import Any

from rehearsal.language_model import Artifact
from rehearsal.sagemaker import hub_models, serverless_artifacts
from rehearsal.sagemaker.hub_names import content_of
from rehearsal.sagemaker.job import Job


@dataclass(frozen=True)
class Start:
    """The model a job starts from: a base model (``artifact`` None), or what was customized of it."""

    base: str
    version: str
    artifact: Artifact | None
    source: str | None


def start(job: Job) -> Start:
    """What a request starts from; a version is read as the job's role.

    A role needs sagemaker:AccessModelPackage for a version whose model it reads (Service Authorization
    Reference), and sees base models by DescribeHubContent.
    """
    emulator, config = job.emulator, job.request.get("ModelPackageConfig", {})
    content = content_of(job.request["ServerlessJobConfig"]["BaseModelArn"], emulator.place)
    api = emulator.client("sagemaker", job.principal)
    name = content.name if content else ""
    hub = content.hub if content else ""
    found = api.describe_hub_content(HubName=hub, HubContentType="Model", HubContentName=name)
    arn = config.get("SourceModelPackageArn")
    if arn is None:
        return Start(name, found["HubContentVersion"], None, None)
    emulator.judge(job.principal, "sagemaker:AccessModelPackage", arn)
    version = api.describe_model_package(ModelPackageName=arn)
    artifact = serverless_artifacts.read(emulator.client("s3", job.principal), version)
    return Start(name, found["HubContentVersion"], artifact, arn)


def register(job: Job, begun: Start, uri: str) -> str:
    """Register the model below ``uri`` as a version that nobody has approved; its ARN.

    As ``bedrock_model_builder`` and ``model_builder`` of the SDK read it: one container with the model's data
    source and base model, and no image.
    """
    serverless = job.request["ServerlessJobConfig"]
    technique, way = serverless["CustomizationTechnique"].lower(), serverless.get("Peft", "full").lower()
    model = hub_models.find(begun.base)
    recipe = {"RecipeName": hub_models.recipe(model, technique, way)} if model else {}
    data = {"S3Uri": uri, "S3DataType": "S3Prefix", "CompressionType": "None"}
    container: dict[str, Any] = {
        "ModelDataSource": {"S3DataSource": data},
        "BaseModel": {"HubContentName": begun.base, "HubContentVersion": begun.version, **recipe},
    }
    answer = job.emulator.client("sagemaker", job.principal).create_model_package(
        ModelPackageGroupName=job.request["ModelPackageConfig"]["ModelPackageGroupArn"],
        InferenceSpecification={"Containers": [container]},
    )
    return str(answer["ModelPackageArn"])
