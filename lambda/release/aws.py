"""The world of one release in AWS, from what the function is told by its environment variables."""

from collections.abc import Mapping
from typing import Any

from release.aws_endpoint import SageMakerEndpoint
from release.aws_ledger import DynamoDbLedger
from release.aws_registry import SageMakerRegistry
from release.aws_retained import SageMakerRetained
from release.aws_services import (
    CloudWatchMetrics,
    EventBridgeAnnouncements,
    S3Reports,
    StepFunctionsExecutions,
)
from release.aws_stack import CloudFormationStack
from release.ports import World

SERVICES = (
    "application-autoscaling",
    "cloudformation",
    "cloudwatch",
    "dynamodb",
    "ecr",
    "events",
    "s3",
    "sagemaker",
    "sagemaker-runtime",
    "stepfunctions",
)
"""Those a release calls, as boto3 names them."""


def world(clients: Mapping[str, Any], told: Mapping[str, str], sample: Mapping[str, str]) -> World:
    """What ``release.ports`` asks for, made of ``clients`` (by SERVICES).

    ``told`` are the environment variables that ``constructs/mlplatform/release_function.py`` sets; ``sample``
    is the request that must succeed, as ``release.aws_endpoint`` takes it. Raises KeyError for a variable
    that is missing.
    """
    endpoint, sagemaker = told["ENDPOINT"], clients["sagemaker"]
    return World(
        ledger=DynamoDbLedger(clients["dynamodb"], told["LEDGER"], endpoint),
        stack=CloudFormationStack(
            clients["cloudformation"],
            told["STACK"],
            told["UPDATE_ROLE"],
            told["FIRST_ROLE"],
            told["RESOURCE_TYPES"].split(","),
        ),
        endpoint=SageMakerEndpoint(
            sagemaker,
            clients["sagemaker-runtime"],
            clients["s3"],
            endpoint,
            told["ENDPOINT_ARN"],
            sample,
            told.get("COMPONENT_ARN", ""),
            clients["application-autoscaling"],
        ),
        registry=SageMakerRegistry(
            sagemaker,
            clients["ecr"],
            clients["s3"],
            told["PACKAGE_GROUP"],
            told["IMAGE_ACCOUNTS"].split(","),
            endpoint,
            told.get("SPECIFICATION", ""),
        ),
        metrics=CloudWatchMetrics(clients["cloudwatch"], endpoint, told["METRICS"], told.get("OUTCOMES", "")),
        executions=StepFunctionsExecutions(clients["stepfunctions"]),
        reports=S3Reports(clients["s3"], told["REPORTS_BUCKET"], told["MODEL"]),
        announcements=EventBridgeAnnouncements(clients["events"], told["EVENT_SOURCE"]),
        retained=SageMakerRetained(
            sagemaker, told["STACK"], {"model": told["MODEL"], "environment": told["ENVIRONMENT"]}
        ),
    )
