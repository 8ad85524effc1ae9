"""Condition keys of Amazon SageMaker's jobs, models, endpoints and model packages.

Service Authorization Reference, "Condition keys for Amazon SageMaker".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.api import ApiRequest, Place

Keys = dict[str, str | Sequence[str] | None]

_LISTS = {
    "sagemaker:InstanceTypes": ("InstanceType",),
    "sagemaker:VpcSubnets": ("Subnets",),
    "sagemaker:VpcSecurityGroupIds": ("SecurityGroupIds",),
}
_SINGLE = {
    "sagemaker:VolumeKmsKeyArn": ("VolumeKmsKeyId",),
    "sagemaker:OutputKmsKeyArn": ("KmsKeyId",),
    "sagemaker:KeepAlivePeriod": ("KeepAlivePeriodInSeconds",),
    "sagemaker:FileSystemId": ("FileSystemId",),
    "sagemaker:FileSystemType": ("FileSystemType",),
    "sagemaker:FileSystemAccessMode": ("FileSystemAccessMode",),
    "sagemaker:FileSystemDirectoryPath": ("DirectoryPath",),
}
_SWITCHES = {
    "sagemaker:NetworkIsolation": "EnableNetworkIsolation",
    "sagemaker:InterContainerTrafficEncryption": "EnableInterContainerTrafficEncryption",
}
"""Condition keys and the members they repeat, at whatever depth these stand."""


def _all(parameters: Any, *names: str) -> list[Any]:
    """Values of every member with one of these names, at any depth."""
    if isinstance(parameters, list):
        return [value for one in parameters for value in _all(one, *names)]
    if not isinstance(parameters, Mapping):
        return []
    found = []
    for key, value in parameters.items():
        found += (value if isinstance(value, list) else [value]) if key in names else _all(value, *names)
    return found


def of_job(request: ApiRequest, place: Place) -> Keys:
    """What a job, model or endpoint is made with: everything that guards look at."""
    asked = request.parameters
    keys: Keys = {key: found for key, members in _LISTS.items() if (found := _all(asked, *members))}
    for key, members in _SINGLE.items():
        if values := _all(asked, *members):
            keys[key] = _arn_of(key, values[0], place)
    if limits := _all(_all(asked, "StoppingCondition"), "MaxRuntimeInSeconds"):
        keys["sagemaker:MaxRuntimeInSeconds"] = str(limits[0])
    # A switch is on if it is on in every job that the request defines.
    jobs = asked.get("TrainingJobDefinitions") or [asked]
    for key, member in _SWITCHES.items():
        keys[key] = str(all(any(_all(job, member)) for job in jobs)).lower()
    if remote := _all(asked, "EnableRemoteDebug"):
        keys["sagemaker:EnableRemoteDebug"] = str(any(remote)).lower()
    if model := asked.get("ModelName"):
        keys["sagemaker:ModelArn"] = place.arn("sagemaker", f"model/{model}")
    return keys


def _arn_of(key: str, value: Any, place: Place) -> str:
    """Keys of KMS are told by ARN, however the request names them."""
    name = str(value)
    if not key.endswith("KeyArn") or name.startswith("arn:"):
        return name
    return place.arn("kms", name if name.startswith("alias/") else f"key/{name}")


def of_package(request: ApiRequest, _: Place) -> Keys:
    """What a version of a model says about itself."""
    asked = request.parameters
    keys: Keys = {}
    if status := asked.get("ModelApprovalStatus"):
        keys["sagemaker:ModelApprovalStatus"] = status
    for name, value in (asked.get("CustomerMetadataProperties") or {}).items():
        keys[f"sagemaker:CustomerMetadataProperties/{name}"] = value
    if removed := asked.get("CustomerMetadataPropertiesToRemove"):
        keys["sagemaker:CustomerMetadataPropertiesToRemove"] = removed
    cycle = asked.get("ModelLifeCycle") or {}
    for member in ("Stage", "StageStatus"):
        if member in cycle:
            keys[f"sagemaker:ModelLifeCycle:{member}"] = cycle[member]
    return keys
