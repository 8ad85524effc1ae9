"""What SageMaker refuses of endpoint configurations and of deployments, beyond the service model.

Developer guide: "Shadow variants", "Serverless Inference: Feature exclusions", "Exclusions" of deployment
guardrails, "Use canary traffic shifting", "Use rolling deployments"; API reference: ProductionVariant,
CreateEndpointConfig, TrafficRoutingConfig, RollingUpdatePolicy, BlueGreenUpdatePolicy.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rehearsal.api import Parameters
from rehearsal.sagemaker.rules import LOCAL_STORAGE

UNGUARDED = ("inf1",)
"""Families with which a deployment silently takes place all at once, without baking ("Exclusions")."""

_HALF = 0.5


def of_config(request: Parameters) -> Iterator[str]:
    """Problems of a CreateEndpointConfig."""
    production, shadows = request["ProductionVariants"], request.get("ShadowProductionVariants", ())
    names = [one["VariantName"] for one in (*production, *shadows)]
    if len(set(names)) != len(names):
        yield f"Variant names must be unique, got {', '.join(names)}."
    if shadows and (len(production), len(shadows)) != (1, 1):
        yield "A shadow variant needs exactly one production variant beside it, and there is only one shadow."
    for variant in (*production, *shadows):
        yield from _variant(variant)
    if "ExecutionRoleArn" not in request and any("ModelName" not in one for one in production):
        yield "ExecutionRoleArn is required where a variant has no ModelName."
    serverless = [one for one in (*production, *shadows) if "ServerlessConfig" in one]
    if serverless:
        yield from _serverless(request, names)
    if "AsyncInferenceConfig" in request and (shadows or len(production) > 1):
        yield "Asynchronous inference supports exactly one production variant and no shadow variant."
    types = {kind for one in (*production, *shadows) for kind in types_of(one)}
    if "KmsKeyId" in request and types and all(_local(kind) for kind in types):
        yield f"KmsKeyId is not supported for instance types with local storage: {', '.join(sorted(types))}."


def _variant(variant: Mapping[str, Any]) -> Iterator[str]:
    name = variant["VariantName"]
    ways = [one for one in ("InstanceType", "InstancePools", "ServerlessConfig") if one in variant]
    if len(ways) != 1:
        yield f"Variant {name} needs exactly one of InstanceType, InstancePools and ServerlessConfig."
    priorities = [pool.get("Priority") for pool in variant.get("InstancePools", ())]
    if len(set(priorities)) != len(priorities):
        yield f"Priorities of the instance pools of variant {name} must differ."
    if "ServerlessConfig" not in variant and "InitialInstanceCount" not in variant:
        yield f"InitialInstanceCount is required for variant {name}."
    if "VolumeSizeInGB" in variant and any(_local(kind) for kind in types_of(variant)):
        yield f"VolumeSizeInGB is not supported for variant {name}: its instances use local storage."


def _serverless(request: Parameters, names: Sequence[str]) -> Iterator[str]:
    if len(names) > 1:
        yield "Serverless endpoints support exactly one variant."
    for member in ("DataCaptureConfig", "AsyncInferenceConfig", "KmsKeyId"):
        if member in request:
            yield f"{member} is not supported for serverless endpoints."
    config = request["ProductionVariants"][0].get("ServerlessConfig", {})
    if config.get("ProvisionedConcurrency", 0) > config.get("MaxConcurrency", 200):
        yield "ProvisionedConcurrency must not exceed MaxConcurrency."


def types_of(variant: Mapping[str, Any]) -> list[str]:
    """Instance types of a variant, the preferred one first."""
    pools = sorted(variant.get("InstancePools", ()), key=lambda pool: pool.get("Priority", 1))
    return (
        [variant["InstanceType"]] if "InstanceType" in variant else [pool["InstanceType"] for pool in pools]
    )


def _local(instance_type: str) -> bool:
    return instance_type.split(".")[1] in LOCAL_STORAGE


def guarded(config: Parameters) -> bool:
    """Whether a deployment of ``config`` obeys its policy; if not, it takes place all at once."""
    every = (*config["ProductionVariants"], *config.get("ShadowProductionVariants", ()))
    return not any(kind.split(".")[1] in UNGUARDED for one in every for kind in types_of(one))


def of_deployment(
    policy: Mapping[str, Any], old: Parameters, new: Parameters, counts: Mapping[str, int]
) -> Iterator[str]:
    """Problems of a DeploymentConfig for going from ``old`` to ``new``; ``counts`` are instances by variant.

    Whether a shadow variant counts among the variants that must be the same is not said anywhere; here it
    does, so that nothing rests on it.
    """
    blue_green, rolling = policy.get("BlueGreenUpdatePolicy"), policy.get("RollingUpdatePolicy")
    if blue_green and rolling:
        yield "Specify only one of BlueGreenUpdatePolicy and RollingUpdatePolicy."
    if any("ServerlessConfig" in one for config in (old, new) for one in config["ProductionVariants"]):
        yield "Deployment guardrails are not supported for serverless endpoints."
    if rolling:
        yield from _rolling(rolling, new)
    routing = (blue_green or {}).get("TrafficRoutingConfiguration", {})
    if rolling or routing.get("Type") in ("CANARY", "LINEAR"):
        before, after = _names(old), _names(new)
        if before != after:
            yield (
                f"The variants of the new configuration ({', '.join(after)}) must be those of the endpoint "
                f"({', '.join(before)}) for this deployment policy."
            )
    if blue_green:
        yield from _shifting(blue_green, routing, counts)


def _names(config: Parameters) -> list[str]:
    every = (*config["ProductionVariants"], *config.get("ShadowProductionVariants", ()))
    return sorted(one["VariantName"] for one in every)


def _rolling(rolling: Mapping[str, Any], new: Parameters) -> Iterator[str]:
    if len(_names(new)) > 1:
        yield "Rolling deployments are not supported for endpoints with several variants."
    size = rolling["MaximumBatchSize"]
    if size["Type"] == "CAPACITY_PERCENT" and not 5 <= size["Value"] <= 50:
        yield "MaximumBatchSize must be between 5% and 50% of the variant's total instance count."
    if rolling["WaitIntervalInSeconds"] >= rolling.get("MaximumExecutionTimeoutInSeconds", 28800):
        yield "MaximumExecutionTimeoutInSeconds must be larger than WaitIntervalInSeconds."


def _shifting(
    policy: Mapping[str, Any], routing: Mapping[str, Any], counts: Mapping[str, int]
) -> Iterator[str]:
    member = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}.get(str(routing.get("Type")))
    if member and member not in routing:
        yield f"{member} is required for {routing['Type']}."
    elif member:
        yield from _size(member, routing[member], counts)
    waits = routing.get("WaitIntervalInSeconds", 0) + policy.get("TerminationWaitInSeconds", 0)
    if waits >= policy.get("MaximumExecutionTimeoutInSeconds", 28800):
        yield "MaximumExecutionTimeoutInSeconds must be larger than the waits of the deployment."


def _size(member: str, size: Mapping[str, Any], counts: Mapping[str, int]) -> Iterator[str]:
    lowest = 10 if member == "LinearStepSize" else 1
    for variant, count in counts.items():
        instances = size["Value"] if size["Type"] == "INSTANCE_COUNT" else count * size["Value"] / 100
        if count < 2 or instances > count * _HALF:
            yield f"{member} must not exceed 50% of the {count} instances of variant {variant}."
    if size["Type"] == "CAPACITY_PERCENT" and size["Value"] < lowest:
        yield f"{member} must be at least {lowest}%."
