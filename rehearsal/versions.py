"""More versions of a model: what a workflow registered once, again and behaving otherwise."""

from collections.abc import Mapping
from typing import Any

from rehearsal.api import REHEARSAL
from rehearsal.driver import Rehearsal
from rehearsal.sagemaker.behaviour import Behaviour

_SPECIFICATIONS = ("AdditionalInferenceSpecifications", "InferenceSpecification")
_KEPT = ("ModelPackageGroupName", *_SPECIFICATIONS, "ModelMetrics")
"""What another version has of the one it is made from, beside the metadata that no release wrote."""


def another(rehearsal: Rehearsal, version: str, behaviour: Behaviour) -> str:
    """Register another version like ``version`` that behaves so under load; its ARN."""
    made = _registered(rehearsal, version, {})
    rehearsal.sagemaker.endpoints.behaviour(made, behaviour)
    return made


def unusable(rehearsal: Rehearsal, version: str) -> str:
    """Register a version as people may: an image of the model's own repository, where it is no more, and a
    model of many files."""
    described = _described(rehearsal, version)
    (container, *_) = described["InferenceSpecification"]["Containers"]
    place, name = rehearsal.emulator.place, described["ModelPackageGroupName"]
    suffix = "amazonaws.com.cn" if place.partition == "aws-cn" else "amazonaws.com"
    image = f"{place.account}.dkr.ecr.{place.region}.{suffix}/{name}@sha256:{'0' * 64}"
    files = container.get("ModelDataSource") or _folder_of(container["ModelDataUrl"])
    changed = {"Image": image, "ModelDataSource": files}
    return _registered(rehearsal, version, changed)


def _folder_of(artifact: str) -> dict[str, Any]:
    """All that lies beside an artifact, as the files of a model."""
    folder = f"{artifact.rpartition('/')[0]}/"
    return {"S3DataSource": {"S3Uri": folder, "S3DataType": "S3Prefix", "CompressionType": "None"}}


def _registered(rehearsal: Rehearsal, version: str, changed: Mapping[str, Any]) -> str:
    described = _described(rehearsal, version)
    given = {name: described[name] for name in _KEPT if name in described}
    noted = described.get("CustomerMetadataProperties", {})
    given["CustomerMetadataProperties"] = {
        name: value for name, value in noted.items() if not name.startswith("served-in-")
    }
    if changed:
        container = {"Containers": [dict(changed)]}
        given["InferenceSpecification"] = {**given["InferenceSpecification"], **container}
        more = given.pop("AdditionalInferenceSpecifications", [])
        if more:  # by which a customized version is served
            given["AdditionalInferenceSpecifications"] = [{**one, **container} for one in more]
    client = rehearsal.emulator.client("sagemaker", REHEARSAL)
    made = client.create_model_package(**given, ModelApprovalStatus="PendingManualApproval")
    return str(made["ModelPackageArn"])


def _described(rehearsal: Rehearsal, version: str) -> dict[str, Any]:
    client = rehearsal.emulator.client("sagemaker", REHEARSAL)
    found: dict[str, Any] = client.describe_model_package(ModelPackageName=version)
    return found
