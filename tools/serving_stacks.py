"""What serves in an environment that is deleted: its stacks' protection, and what they leave behind."""

from collections.abc import Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from mlplatform.settings import Environment
from tools.deployed import Stack, of_environment
from tools.releases import serving

CONFIG, MODEL = "sagemaker:endpoint-config", "sagemaker:model"
"""Resource types as the Resource Groups Tagging API has them."""

BUSY, PLANNED = "_IN_PROGRESS", "REVIEW_IN_PROGRESS"
"""How the states of a stack end that is being changed, and that of one which is only planned."""


def serving_stacks(settings: Environment, stacks: Iterable[Stack]) -> list[Stack]:
    """The environment's stacks with an endpoint: they are protected wherever they are."""
    begins = settings.names.stack("Serving-")
    return [s for s in of_environment(settings.names, stacks) if s["StackName"].startswith(begins)]


def changing(settings: Environment, stacks: Iterable[Stack]) -> list[str]:
    """Those of them that an update is changing now: CloudFormation deletes no such stack."""
    found = serving_stacks(settings, stacks)
    statuses = {stack["StackName"]: stack["StackStatus"] for stack in found}
    return [name for name, status in statuses.items() if status.endswith(BUSY) and status != PLANNED]


def unprotect(settings: Environment, stacks: Iterable[Stack], cloudformation: Any) -> list[str]:
    """Let the stacks with an endpoint be deleted; returns the names of those that were protected.

    Their stack policies stay: they speak of updates, and a deletion is none (CloudFormation user guide,
    "Prevent updates to stack resources").
    """
    names = [
        stack["StackName"]
        for stack in serving_stacks(settings, stacks)
        if stack.get("EnableTerminationProtection")
    ]
    for name in names:
        cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=False)
    return names


def stays(settings: Environment) -> str:
    """What of the endpoints outlives their stacks with ``removal: retain``; empty where nothing serves."""
    endpoints = [settings.names.endpoint(product.name) for product in serving(settings)]
    if not endpoints:
        return ""
    return f"{', '.join(endpoints)} would go on to run, with models and configurations, and to cost"


def delete_retained(settings: Environment, tagging: Any, sagemaker: Any) -> int:
    """Delete the configurations and models that the stacks retained; returns how many there were.

    Only once the endpoints are gone: one that runs needs both to replace an instance. Found by the tags of
    environment and model. Tags know no name prefix, so a model must also run as the endpoint role of this
    environment, and a configuration be of such models.
    """
    deleted = 0
    for product in serving(settings):
        found = list(_tagged(tagging, settings.name, product.name))
        role = settings.names.role_arn("endpoint", f"{product.name}-endpoint")
        models = [name for kind, name in found if kind == "model" and _role(sagemaker, name) == role]
        configs = [name for kind, name in found if kind == "endpoint-config"]
        ours = [name for name in configs if (used := _models_of(sagemaker, name)) and used <= {*models}]
        for name in ours:
            sagemaker.delete_endpoint_config(EndpointConfigName=name)
        for name in models:
            sagemaker.delete_model(ModelName=name)
        deleted += len(ours) + len(models)
    return deleted


def _tagged(tagging: Any, environment: str, model: str) -> Iterator[tuple[str, str]]:
    """Kind and name of every configuration and model with both tags, also of some that are gone by now."""
    tags = [
        {"Key": key, "Values": [value]} for key, value in (("environment", environment), ("model", model))
    ]
    pages = tagging.get_paginator("get_resources").paginate(
        TagFilters=tags, ResourceTypeFilters=[CONFIG, MODEL]
    )
    for resource in (each for page in pages for each in page["ResourceTagMappingList"]):
        kind, _, name = resource["ResourceARN"].rpartition(":")[2].partition("/")
        yield kind, name


def _role(sagemaker: Any, name: str) -> str | None:
    """The role a model runs as; None for a model that is gone."""
    try:
        return str(sagemaker.describe_model(ModelName=name)["ExecutionRoleArn"])
    except ClientError as error:
        _gone(error)
        return None


def _models_of(sagemaker: Any, name: str) -> set[str]:
    """The models of a configuration's variants; none of a configuration that is gone."""
    try:
        found = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    except ClientError as error:
        _gone(error)
        return set()
    variants = [*found["ProductionVariants"], *found.get("ShadowProductionVariants", [])]
    return {variant["ModelName"] for variant in variants}


def _gone(error: ClientError) -> None:
    """Raise the error unless it says that there is no such thing, for which SageMaker has no code."""
    if "Could not find" not in error.response["Error"]["Message"]:
        raise error
