"""What people left behind in Studio and the registry, or runs, and CloudFormation cannot delete around."""

import time
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from mlplatform import workflows
from mlplatform.ai_registry import hub_name
from mlplatform.permissions.run_places import SCORE, machine_arn, scored_model_arn
from mlplatform.settings import Environment

POLL_SECONDS, MAX_POLLS = 15, 80
"""An application takes minutes to stop; twenty of them are enough for any."""


HUB_CONTENTS = ("DataSet", "JsonDoc", "Model", "ModelReference", "Notebook")
"""What a hub can hold (API shape HubContentType)."""


def stop_workflows(settings: Environment, client: Any) -> int:
    """Stop every execution of the models' workflows; returns how many ran. Step Functions stops their jobs.

    A job that goes on would keep its network interfaces in the network, which then cannot be deleted.
    """
    stopped = 0
    for product in settings.products:
        for workflow in workflows.of(product, settings):
            arn = machine_arn(settings.names, product.name, workflow)
            pages = client.get_paginator("list_executions").paginate(
                stateMachineArn=arn, statusFilter="RUNNING"
            )
            try:
                running = pages.build_full_result()["executions"]
            except client.exceptions.StateMachineDoesNotExist:
                continue
            for execution in running:
                client.stop_execution(
                    executionArn=execution["executionArn"], cause="the environment is deleted"
                )
            stopped += len(running)
    return stopped


def delete_scored_models(settings: Environment, client: Any) -> int:
    """Delete the models that stopped workflows made to score with and left behind; returns how many."""
    pages = client.get_paginator("list_models").paginate(NameContains=f"-{SCORE}-")
    names = [model["ModelName"] for model in pages.build_full_result()["Models"]]
    patterns = [scored_model_arn(settings.names, product.name) for product in settings.products]
    ours = {pattern.rpartition("/")[2] for pattern in patterns}
    left = [name for name in names if any(fnmatchcase(name, pattern) for pattern in ours)]
    for name in left:
        client.delete_model(ModelName=name)
    return len(left)


def stop_studio(settings: Environment, client: Any, *, wait: Callable[[float], None] = time.sleep) -> int:
    """Delete every application and every space of the environment's domain; returns how many there were.

    CloudFormation deletes user profiles only when they have neither (SageMaker developer guide, "Delete a
    domain"). Raises RuntimeError when something is still there after ``MAX_POLLS`` polls.
    """
    name = settings.names.name("studio", kind="studio")
    domains = client.get_paginator("list_domains").paginate().build_full_result()["Domains"]
    gone = 0
    for domain in (found["DomainId"] for found in domains if found["DomainName"] == name):
        gone += _delete_all(partial(_apps, domain, client), client.delete_app, wait)
        gone += _delete_all(partial(_spaces, domain, client), client.delete_space, wait)
    return gone


def delete_packages(settings: Environment, client: Any) -> int:
    """Delete every model package of the environment's own registry; returns how many there were."""
    deleted = 0
    for product in settings.products if settings.keeps_registry else ():
        group = settings.names.name(product.name, kind="model")
        pages = client.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
        try:
            found = pages.build_full_result()["ModelPackageSummaryList"]
        except client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "ValidationException":  # there is no such group
                raise
            continue
        for package in found:
            client.delete_model_package(ModelPackageName=package["ModelPackageArn"])
        deleted += len(found)
    return deleted


def delete_hub_contents(settings: Environment, client: Any) -> int:
    """Delete everything in the account's AI Registry, if the environment holds it; returns how many versions.

    A hub that is not empty cannot be deleted (SageMaker developer guide, "Delete a private hub").
    """
    if not settings.owns_account or "ai_registry_hub" in settings.already_in_account:
        return 0
    hub, deleted = hub_name(settings.region, settings.account), 0
    for kind in HUB_CONTENTS:
        of_kind = {"HubName": hub, "HubContentType": kind}
        try:
            names = [item["HubContentName"] for item in _hub_contents(client.list_hub_contents, of_kind)]
        except client.exceptions.ResourceNotFound:
            return 0
        for name in names:
            of_name = {**of_kind, "HubContentName": name}
            for version in _hub_contents(client.list_hub_content_versions, of_name):
                client.delete_hub_content(**of_name, HubContentVersion=version["HubContentVersion"])
                deleted += 1
    return deleted


def _hub_contents(operation: Callable[..., Any], arguments: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Every summary of one listing, for which botocore has no paginator."""
    page = operation(**arguments)
    yield from page["HubContentSummaries"]
    while token := page.get("NextToken"):
        page = operation(**arguments, NextToken=token)
        yield from page["HubContentSummaries"]


def _apps(domain: str, client: Any) -> list[dict[str, Any]]:
    pages = client.get_paginator("list_apps").paginate(DomainIdEquals=domain)
    found = [app for app in pages.build_full_result()["Apps"] if app["Status"] not in ("Deleted", "Failed")]
    keys = ("DomainId", "UserProfileName", "SpaceName", "AppType", "AppName")
    return [{"Status": app["Status"], **{key: app[key] for key in keys if key in app}} for app in found]


def _spaces(domain: str, client: Any) -> list[dict[str, Any]]:
    pages = client.get_paginator("list_spaces").paginate(DomainIdEquals=domain)
    keys = ("Status", "DomainId", "SpaceName")
    return [{key: space[key] for key in keys} for space in pages.build_full_result()["Spaces"]]


def _delete_all(
    remaining: Callable[[], list[dict[str, Any]]], delete: Callable[..., Any], wait: Callable[[float], None]
) -> int:
    """Ask for each thing's deletion once it can be asked for, and wait until all are gone."""
    seen: set[str] = set()
    for _ in range(MAX_POLLS):
        things = remaining()
        if not things:
            return len(seen)
        for thing in things:
            name = str(thing.get("AppName", thing.get("SpaceName")))
            seen.add(f"{thing.get('SpaceName')}/{name}")
            if thing.pop("Status") not in ("Deleting", "Pending"):
                delete(**thing)
        wait(POLL_SECONDS)
    raise RuntimeError(
        f"{', '.join(sorted(seen))}: not deleted after {POLL_SECONDS * MAX_POLLS // 60} minutes"
    )
