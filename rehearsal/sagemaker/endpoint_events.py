"""What DescribeEndpoint tells of an endpoint, and what EventBridge hears of it.

Developer guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge": endpoint state change,
endpoint deployment state change. Events spell an endpoint's status as ``IN_SERVICE``.
"""

import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from rehearsal.cloudwatch.queries import moment_of
from rehearsal.sagemaker.fleets import Fleet

if TYPE_CHECKING:
    from rehearsal.sagemaker.endpoint import Endpoint


def described(endpoint: "Endpoint") -> dict[str, Any]:
    """DescribeEndpoint's answer."""
    told: dict[str, Any] = {
        "EndpointName": endpoint.record.name,
        "EndpointArn": endpoint.record.arn,
        "EndpointConfigName": endpoint.config,
        "EndpointStatus": endpoint.status,
        "CreationTime": moment_of(endpoint.created),
        "LastModifiedTime": moment_of(endpoint.modified),
    }
    if endpoint.reason:
        told["FailureReason"] = endpoint.reason
    if endpoint.policy:
        told["LastDeploymentConfig"] = endpoint.policy
    if endpoint.blue is not None:
        told |= _variants(endpoint.blue) | _settings(endpoint.blue)
    if endpoint.work is not None and endpoint.green is not None and endpoint.blue is not None:
        told["PendingDeploymentSummary"] = {
            "EndpointConfigName": endpoint.green.config,
            "StartTime": moment_of(endpoint.work.begun),
            **_variants(endpoint.green),
        }
    return told


def _variants(fleet: Fleet) -> dict[str, Any]:
    told = {"ProductionVariants": [one.described() for one in fleet.production]}
    shadows = [one.described() for one in fleet.shadows]
    return told | ({"ShadowProductionVariants": shadows} if shadows else {})


def _settings(fleet: Fleet) -> dict[str, Any]:
    found = {name: fleet.description[name] for name in ("AsyncInferenceConfig", "MetricsConfig")
             if name in fleet.description}  # fmt: skip
    capture = fleet.description.get("DataCaptureConfig")
    if capture:
        found["DataCaptureConfig"] = {
            "EnableCapture": capture.get("EnableCapture", False),
            "CaptureStatus": "Started" if capture.get("EnableCapture") else "Stopped",
            "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
            "DestinationS3Uri": capture["DestinationS3Uri"],
            "KmsKeyId": capture.get("KmsKeyId", ""),
        }
    return found


def announce(endpoint: "Endpoint", subject: str) -> None:
    """Publish ``SageMaker <subject> State Change``, at the time of the change."""
    place = endpoint.emulator.place
    told = described(endpoint)
    names = ("EndpointName", "EndpointArn", "EndpointConfigName", "FailureReason", "ProductionVariants")
    detail = {name: told[name] for name in (*names, "PendingDeploymentSummary") if name in told}
    status = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", endpoint.status).upper()
    detail |= {"EndpointStatus": status, "Tags": endpoint.record.tags}
    detail |= {name: told[name] for name in ("CreationTime", "LastModifiedTime")}
    endpoint.emulator.publish(
        {
            "version": "0",
            "id": str(uuid4()),
            "detail-type": f"SageMaker {subject} State Change",
            "source": "aws.sagemaker",
            "account": place.account,
            "time": moment_of(endpoint.moment).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": place.region,
            "resources": [endpoint.record.arn],
            "detail": _plain(detail),
        }
    )


def _plain(value: Any) -> Any:
    """Times as milliseconds since the epoch."""
    if hasattr(value, "timestamp"):
        return int(value.timestamp() * 1000)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
