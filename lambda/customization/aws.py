"""The world of a customization in AWS."""

from collections.abc import Mapping
from typing import Any

from customization.aws_files import S3Files
from customization.aws_jobs import SageMakerJobs
from customization.aws_lineage import SageMakerLineage
from customization.aws_registry import AiRegistry, SageMakerVersions
from customization.ports import World

SERVICES = ("s3", "sagemaker")
"""Those it calls, as boto3 names them."""

_USABLE = ("Created", "Updating", "Updated", "UpdateFailed")


def world(clients: Mapping[str, Any], hub: str) -> World:
    """What ``customization.ports`` asks for, made of ``clients`` (by SERVICES) and the AI Registry's name."""
    sagemaker = clients["sagemaker"]
    return World(
        files=S3Files(clients["s3"]),
        registry=AiRegistry(sagemaker, hub),
        jobs=SageMakerJobs(sagemaker),
        versions=SageMakerVersions(sagemaker),
        lineage=SageMakerLineage(sagemaker),
        tracking=lambda name: tracking(sagemaker, name),
    )


def tracking(sagemaker: Any, name: str) -> str | None:
    """ARN of the MLflow App of this name, if it can be used."""
    pages = sagemaker.get_paginator("list_mlflow_apps").paginate()
    apps = (app for page in pages for app in page["Summaries"])
    return next((str(app["Arn"]) for app in apps if app["Name"] == name and app["Status"] in _USABLE), None)
