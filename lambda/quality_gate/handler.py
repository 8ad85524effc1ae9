"""Judges an evaluation by a model's gate, and keeps the decision beside the evaluation."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

from quality_gate.logic import (
    NOT_EVALUABLE,
    Check,
    NotEvaluableError,
    PackageGroupMissing,
    finite_metrics,
    judge,
    parse,
    verdict,
)
from s3_locations import split, write_json

MOST_BYTES = 5 * 1024 * 1024
"""Of an evaluation.json; what is larger is no set of metrics."""

LIVE = "live"
"""The record of an endpoint in the release ledger that names what serves there."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer the state of a workflow that decides whether a model is registered."""
    return handle(event, **_clients())


def handle(event: Mapping[str, Any], *, s3: Any, sagemaker: Any, dynamodb: Any) -> dict[str, Any]:
    """Judge the evaluation at ``Evaluation`` and write the verdict to ``Report``.

    It is compared with what serves: the ledger ``Ledger`` says so where the model has an ``Endpoint``.
    An evaluation that is absent or misshapen does not pass; nothing is raised for it. Raises
    PackageGroupMissing, and of AWS's errors those that another attempt may not meet.
    """
    live = _live(event, sagemaker, dynamodb)
    try:
        evaluation = parse(_content(event["Evaluation"], s3))
    except NotEvaluableError as error:
        decided = verdict([Check("evaluation", NOT_EVALUABLE, str(error))], {}, live)
    else:
        gate = event["Gate"] or {}
        compared = _live_evaluation(live, s3, sagemaker) if gate.get("NotWorseThanLiveBy") else None
        decided = verdict(judge(evaluation, gate, compared), finite_metrics(evaluation), live)
    write_json(s3, event["Report"], decided)
    return decided


def _content(uri: str, s3: Any) -> bytes:
    """Bytes of an evaluation. Raises NotEvaluableError, and S3's errors that may pass."""
    bucket, key = split(uri)
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        # Whoever may not list a bucket is told 403 instead of 404 for an absent object.
        if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (403, 404):
            raise
        details = error.response["Error"]
        missing = f"{uri} cannot be read ({details['Code']}); the evaluation script has to write it"
        raise NotEvaluableError(missing) from error
    if answer["ContentLength"] > MOST_BYTES:
        raise NotEvaluableError(f"{uri} has {answer['ContentLength']} bytes, allowed: {MOST_BYTES}")
    content: bytes = answer["Body"].read()
    return content


def _live(event: Mapping[str, Any], sagemaker: Any, dynamodb: Any) -> str | None:
    """ARN of the version that serves; where none does, or the model has no endpoint, the newest approved."""
    served = _served(event["Endpoint"], event["Ledger"], dynamodb) if event.get("Endpoint") else None
    return served or _newest_approved(event["PackageGroup"], sagemaker)


def _served(endpoint: str, ledger: str, dynamodb: Any) -> str | None:
    """ARN of the version that serves, as its release recorded it; None before the first."""
    key = {"endpoint": {"S": endpoint}, "record": {"S": LIVE}}
    item = dynamodb.get_item(TableName=ledger, Key=key, ConsistentRead=True).get("Item")
    return str(item["package"]["S"]) if item else None


def _newest_approved(group: str, sagemaker: Any) -> str | None:
    """ARN of the newest approved version, or None."""
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group,
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
    )
    try:
        found = (item["ModelPackageArn"] for page in pages for item in page["ModelPackageSummaryList"])
        return next(found, None)
    except ClientError as error:
        message = error.response["Error"].get("Message", "")
        if "not exist" in message or "not find" in message:
            raise PackageGroupMissing(f"{group}: {message}; deploy the model's stack first") from error
        raise


def _live_evaluation(arn: str | None, s3: Any, sagemaker: Any) -> dict[str, Any] | str | None:
    if arn is None:
        return None
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    quality = package.get("ModelMetrics", {}).get("ModelQuality", {})
    # Of a version that SageMaker itself registered, model metrics cannot be told afterwards.
    noted = package.get("CustomerMetadataProperties", {}).get("evaluation")
    uri = quality.get("Statistics", {}).get("S3Uri", noted)
    if uri is None:
        return f"{arn} was registered without an evaluation"
    try:
        return parse(_content(uri, s3))
    except NotEvaluableError as error:
        return str(error)


@cache
def _clients() -> dict[str, Any]:
    return {service: boto3.client(service) for service in ("s3", "sagemaker", "dynamodb")}
