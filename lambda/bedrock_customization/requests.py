"""The requests of Amazon Bedrock's control plane, as its API reference has them."""

from collections.abc import Mapping
from typing import Any

MERGED = "checkpoints/hf_merged/"
"""Where below a version's model the whole model lies, as ``bedrock_model_builder`` of the SageMaker SDK has
it: an import takes no adapter of LoRA alone."""


def name_of(event: Mapping[str, Any]) -> str:
    """What everything that this run makes is called: job, model, deployment or Provisioned Throughput."""
    return f"{event['Bedrock']['Prefix']}-{event['Run']['RunId']}"


def customization(event: Mapping[str, Any]) -> dict[str, Any]:
    """CreateModelCustomizationJob: the literal request, and what only the run knows."""
    literal, run, name = event["Bedrock"], event["Run"], name_of(event)
    request = {
        **literal["Request"],
        "jobName": name,
        "customModelName": name,
        "clientRequestToken": run["RunId"],
        "trainingDataConfig": {"s3Uri": run["Data"]["train"]},
        "outputDataConfig": {"s3Uri": f"{literal['Records']}/{run['RunId']}/"},
    }
    if "validation" in run["Data"]:
        request["validationDataConfig"] = {"validators": [{"s3Uri": run["Data"]["validation"]}]}
    return request | _hyperparameters(request, run["Hyperparameters"])


def _hyperparameters(request: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Those of a reinforcement fine-tuning stand in its own configuration, numbers as numbers."""
    if not given:
        return {}
    configured = request.get("customizationConfig", {}).get("rftConfig")
    if configured is None:
        return {"hyperParameters": dict(given)}
    typed = {key: _number(value) for key, value in given.items()}
    return {"customizationConfig": {"rftConfig": {**configured, "hyperParameters": typed}}}


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def taking_over(event: Mapping[str, Any]) -> dict[str, Any]:
    """CreateCustomModel from a version of the registry, whose artifacts Bedrock reads by itself."""
    literal, run = event["Bedrock"], event["Run"]
    package = {"modelPackageArn": run["Import"]}
    return {
        "modelName": name_of(event),
        "customModelDataSource": {"modelPackageArnDataSource": package},
        "modelKmsKeyArn": literal["Key"],
        "roleArn": literal["Role"],
        "modelTags": literal["Tags"],
        "clientRequestToken": run["RunId"],
    }


def importing(event: Mapping[str, Any], uri: str) -> dict[str, Any]:
    """CreateModelImportJob of the whole model below ``uri``, in Hugging Face's layout."""
    literal, name = event["Bedrock"], name_of(event)
    return {
        "jobName": name,
        "importedModelName": name,
        "roleArn": literal["Role"],
        "modelDataSource": {"s3DataSource": {"s3Uri": f"{uri.rstrip('/')}/{MERGED}"}},
        "jobTags": literal["Tags"],
        "importedModelTags": literal["Tags"],
        "clientRequestToken": event["Run"]["RunId"],
        "vpcConfig": literal["Vpc"],
        "importedModelKmsKeyId": literal["Key"],
    }


def deployment(event: Mapping[str, Any]) -> dict[str, Any]:
    """CreateCustomModelDeployment: on-demand inference."""
    return {
        "modelDeploymentName": name_of(event),
        "modelArn": event["Work"]["Model"],
        "tags": event["Bedrock"]["Tags"],
        "clientRequestToken": event["Run"]["RunId"],
    }


def throughput(event: Mapping[str, Any]) -> dict[str, Any]:
    """CreateProvisionedModelThroughput: without ``commitmentDuration`` it can be deleted at any time."""
    serving = event["Bedrock"]["Serving"]
    committed = {"commitmentDuration": serving["Commitment"]} if serving["Commitment"] else {}
    return {
        "provisionedModelName": name_of(event),
        "modelId": event["Work"]["Model"],
        "modelUnits": serving["ModelUnits"],
        "tags": event["Bedrock"]["Tags"],
        "clientRequestToken": event["Run"]["RunId"],
        **committed,
    }
