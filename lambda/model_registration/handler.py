"""Registers a trained model as a version that waits for approval, with all that tells where it comes from."""

import os
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from model_registration import lineage, mlflow
from model_registration.logic import PackageGroupMissing, incomplete, package, version
from s3_locations import read_json, write_json


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer the state of a workflow that registers."""
    return handle(event, **_clients(), endpoint=os.environ.get("SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT"))


def handle(
    event: Mapping[str, Any],
    *,
    s3: Any,
    sagemaker: Any,
    credentials: Any,
    endpoint: str | None = None,
    now: Callable[[], float] = time.time,
) -> dict[str, Any]:
    """Register once per job, whatever fails and however often this runs.

    First the version and its record, then lineage and the MLflow run, each looked up before it is made.
    Raises PackageGroupMissing, or RegistrationIncomplete if the version exists and the rest is to be tried
    again. ``endpoint`` stands for MLflow's address.
    """
    record = _read_record(event["Record"], s3)
    created = record is None
    if record is None:
        arn = _create(event, sagemaker)
        record = {"ModelPackageArn": arn, "Version": version(arn), "Job": event["Job"], "MlflowRunId": None}
        write_json(s3, event["Record"], record)
    arn = record["ModelPackageArn"]
    failures: dict[str, str] = {}
    _attempt("lineage", failures, lambda: lineage.record(event, arn, sagemaker))
    if not record["MlflowRunId"]:
        milliseconds = int(now() * 1000)
        tracked = _attempt(
            "MLflow", failures, lambda: _track(event, arn, sagemaker, credentials, endpoint, milliseconds)
        )
        if tracked:
            record["MlflowRunId"] = tracked
            write_json(s3, event["Record"], record)
    if failures:
        raise incomplete(arn, failures)
    return {key: record[key] for key in ("ModelPackageArn", "Version", "MlflowRunId")} | {"Created": created}


def _read_record(uri: str, s3: Any) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = read_json(s3, uri)
    except ClientError as error:
        # Whoever may not list a bucket is told 403 instead of 404 for an absent object.
        if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (403, 404):
            raise
        return None
    return record


def _create(event: Mapping[str, Any], sagemaker: Any) -> str:
    try:
        return str(sagemaker.create_model_package(**package(event))["ModelPackageArn"])
    except ClientError as error:
        message = error.response["Error"].get("Message", "")
        if "not exist" in message or "not find" in message:
            group = event["PackageGroup"]
            raise PackageGroupMissing(f"{group}: {message}; deploy the model's stack first") from error
        raise


def _attempt(part: str, failures: dict[str, str], work: Callable[[], str | None]) -> str | None:
    """Do what can be done again later, and note why it failed: the version is not lost by that."""
    try:
        return work()
    except (ClientError, BotoCoreError, mlflow.TrackingError) as error:
        failures[part] = f"{type(error).__name__}: {error}"
        return None


def _track(
    event: Mapping[str, Any], arn: str, sagemaker: Any, credentials: Any, endpoint: str | None, now: int
) -> str | None:
    found = mlflow.find(event.get("MlflowApp"), sagemaker)
    if found is None:
        return None
    tracking = mlflow.Tracking(found, credentials.get_frozen_credentials(), endpoint)
    return mlflow.record(event, arn, tracking, now) if tracking.offered else None


@cache
def _clients() -> dict[str, Any]:
    session = boto3.Session()
    clients = {name: session.client(name) for name in ("s3", "sagemaker")}
    return {**clients, "credentials": session.get_credentials()}
