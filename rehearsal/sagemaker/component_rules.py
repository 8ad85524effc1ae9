"""What SageMaker refuses of inference components, beyond the service model.

API reference: CreateInferenceComponent, InferenceComponentSpecification,
InferenceComponentRollingUpdatePolicy; developer guide, "Inference components" and "Create adapter inference
components".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.api import Parameters
from rehearsal.sagemaker.endpoint import Endpoint

HEADER = (
    "Inference Component Name header is required for endpoints to which you plan to deploy inference "
    "components. Please include Inference Component Name header or consider using SageMaker AI models."
)
NO_CAPACITY = (
    "Inference Component has no capacity to process this request. ApplicationAutoScaling may be in-progress "
    "(if configured) or try to increase the capacity by invoking UpdateInferenceComponentRuntimeConfig API."
)


def specifications(request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The one specification, or those of the instance types."""
    return (
        [request["Specification"]] if "Specification" in request else list(request.get("Specifications", ()))
    )


def model_of(request: Mapping[str, Any]) -> str:
    """Name of the model of a component; empty for an adapter, which has an artifact instead."""
    return next((str(one["ModelName"]) for one in specifications(request) if "ModelName" in one), "")


def of_creation(request: Parameters, endpoint: Endpoint) -> Iterator[str]:
    """Problems of a CreateInferenceComponent; what is not rehearsed is one, too."""
    if ("Specification" in request) == ("Specifications" in request):
        yield "Specify exactly one of Specification and Specifications."
    variants = endpoint.blue.variants if endpoint.blue else {}
    if request.get("VariantName") not in variants:
        yield f"Variant {request.get('VariantName')} does not exist."
        return
    if endpoint.status != "InService":
        yield f'Endpoint "{endpoint.record.arn}" is not in service.'
    config = variants[request["VariantName"]].config
    if "ModelName" in config:
        yield "Inference components cannot be deployed to a variant that has a model."
    kinds = [config.get("InstanceType"), *(pool["InstanceType"] for pool in config.get("InstancePools", ()))]
    for one in specifications(request):
        yield from _specification(one)
        if one.get("InstanceType") not in (None, *kinds):
            yield f"The variant has no instances of type {one['InstanceType']}."


def _specification(one: Mapping[str, Any]) -> Iterator[str]:
    if "BaseInferenceComponentName" in one:
        yield "The rehearsal has no adapter inference components."
    elif "ModelName" not in one:
        yield "The rehearsal has inference components of models only, specify ModelName."
    elif "ComputeResourceRequirements" not in one:
        yield "ComputeResourceRequirements is required."


def of_update(policy: Mapping[str, Any], copies: int) -> Iterator[str]:
    """Problems of a DeploymentConfig for a component with so many copies."""
    if not policy:
        return
    size = policy["RollingUpdatePolicy"]["MaximumBatchSize"]
    share = size["Value"] / 100 if size["Type"] == "CAPACITY_PERCENT" else size["Value"] / max(copies, 1)
    if not 0.05 <= share <= 0.5 or copies < 2:
        yield f"MaximumBatchSize must be between 5% and 50% of the {copies} copies of the component."


def in_instances(policy: Mapping[str, Any]) -> dict[str, Any]:
    """A policy in the words of deployments of endpoints, which count instances."""
    if not policy:
        return {}
    rolling = policy["RollingUpdatePolicy"]
    size = rolling["MaximumBatchSize"]
    kind = "INSTANCE_COUNT" if size["Type"] == "COPY_COUNT" else size["Type"]
    return {**policy, "RollingUpdatePolicy": {**rolling, "MaximumBatchSize": {**size, "Type": kind}}}
