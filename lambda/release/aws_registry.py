"""The model's versions in the registry, and their lineage in this account."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from release.fitness import ROLLED_BACK_MARK
from release.ports import Package
from s3_locations import split

_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[^/]+/(?P<name>[^@:]+)(@(?P<digest>.+)|:(?P<tag>.+))?"
)
SOME = 10
"""Objects of a folder among which is a file: consoles make empty ones that stand for folders."""

_ROLE = re.compile(r":assumed-role/(?P<role>[^/]+)/")


class SageMakerRegistry:
    """``release.ports.Registry``: versions of ``group`` (an ARN).

    ``owners`` are the accounts whose images may go missing; AWS keeps its own. Lineage names a release after
    ``endpoint``. ``specification`` is the additional inference specification that versions serve by, empty
    for the first one they have.
    """

    def __init__(
        self,
        sagemaker: Any,
        ecr: Any,
        s3: Any,
        group: str,
        owners: Collection[str],
        endpoint: str,
        specification: str = "",
    ) -> None:
        self._sagemaker, self._ecr, self._s3 = sagemaker, ecr, s3
        self._group, self._owners, self._endpoint = group, owners, endpoint
        self._specification = specification

    def package(self, arn: str) -> Package | None:
        """The version, or None if there is none."""
        try:
            found = self._sagemaker.describe_model_package(ModelPackageName=arn)
        except ClientError as error:
            if "does not exist" in (message := _message(error)) or "not find" in message:
                return None
            raise
        metadata = found.get("CustomerMetadataProperties", {})
        return Package(
            arn=found["ModelPackageArn"],
            version=found.get("ModelPackageVersion", 0),
            approval=found.get("ModelApprovalStatus", ""),
            group=_group(found["ModelPackageArn"]),
            metadata=metadata,
            approved_by=_decided_by(found.get("LastModifiedBy", {})) or _approved_by(metadata),
            missing=tuple(self._lacking(found)),
        )

    def newest_approved(self) -> str | None:
        """ARN of the approved version with the highest number."""
        pages = self._sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=self._group, ModelApprovalStatus="Approved"
        )
        found = [item for page in pages for item in page["ModelPackageSummaryList"]]
        newest = max(found, key=lambda item: item.get("ModelPackageVersion", 0), default=None)
        return newest and str(newest["ModelPackageArn"])

    def note(self, arn: str, metadata: Mapping[str, str], stage: str, status: str) -> None:
        """Write metadata, if there is any, and the stage of its life cycle on the version."""
        noted = {"CustomerMetadataProperties": dict(metadata)} if metadata else {}
        life_cycle = {"Stage": stage, "StageStatus": status}
        self._sagemaker.update_model_package(ModelPackageArn=arn, ModelLifeCycle=life_cycle, **noted)

    def relate(self, arn: str, release_id: str) -> None:
        """Add the release to the version's lineage; once per release, as its action has its name."""
        name = f"{self._endpoint}-{release_id}"
        try:
            action = self._sagemaker.describe_action(ActionName=name)["ActionArn"]
        except self._sagemaker.exceptions.ResourceNotFound:
            action = self._sagemaker.create_action(
                ActionName=name,
                ActionType="ModelDeployment",
                Status="Completed",
                Source={"SourceUri": self._endpoint, "SourceType": "Endpoint"},
                Properties={"ModelPackageArn": arn, "ReleaseId": release_id},
            )["ActionArn"]
        artifact = self._artifact(arn)
        between = {"SourceArn": artifact, "DestinationArn": action, "AssociationType": "ContributedTo"}
        pages = self._sagemaker.get_paginator("list_associations").paginate(**between)
        if not any(page["AssociationSummaries"] for page in pages):
            self._sagemaker.add_association(**between)

    def _artifact(self, arn: str) -> str:
        """ARN of the artifact that stands for the version in this account."""
        pages = self._sagemaker.get_paginator("list_artifacts").paginate(SourceUri=arn)
        known = next((a["ArtifactArn"] for page in pages for a in page["ArtifactSummaries"]), None)
        return str(
            known
            or self._sagemaker.create_artifact(
                Source={"SourceUri": arn}, ArtifactType="ModelPackage", Properties={"ModelPackageArn": arn}
            )["ArtifactArn"]
        )

    def _lacking(self, version: Mapping[str, Any]) -> Iterator[str]:
        """What a version needs to serve and has not."""
        serves = version.get("InferenceSpecification", {})
        if self._specification:
            more = version.get("AdditionalInferenceSpecifications", [])
            serves = next((one for one in more if one["Name"] == self._specification), {})
            if not serves:
                yield f"an inference specification called {self._specification}"
        yield from self._missing(serves.get("Containers", []))

    def _missing(self, containers: list[dict[str, Any]]) -> Iterator[str]:
        """Images and artifacts that are not there, or that this environment may not read."""
        for container in containers:
            image, artifact = container.get("Image", ""), _artifact_of(container)
            if image and not self._has_image(image):
                yield image
            if artifact and not self._has_object(artifact):
                yield artifact

    def _has_image(self, uri: str) -> bool:
        found = _IMAGE.fullmatch(uri)
        if found is None or found["account"] not in self._owners:
            return True
        image = (
            {"imageDigest": found["digest"]} if found["digest"] else {"imageTag": found["tag"] or "latest"}
        )
        try:
            answer = self._ecr.batch_get_image(
                registryId=found["account"], repositoryName=found["name"], imageIds=[image]
            )
        except self._ecr.exceptions.RepositoryNotFoundException:
            return False
        return bool(answer.get("images"))

    def _has_object(self, uri: str) -> bool:
        """Whether the first byte can be read, which takes the key as well; of a folder, that of a file."""
        bucket, key = split(uri)
        if not key or key.endswith("/"):
            listed = self._s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=SOME)
            files = [one["Key"] for one in listed.get("Contents", ()) if one["Size"]]
            return bool(files) and self._is_readable(bucket, files[0])
        return self._is_readable(bucket, key)

    def _is_readable(self, bucket: str, key: str) -> bool:
        try:
            self._s3.get_object(Bucket=bucket, Key=key, Range="bytes=0-0")["Body"].read()
        except ClientError as error:
            # Whoever may not list a bucket is told 403 instead of 404 for an absent object.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404):
                return False
            raise
        return True


def _artifact_of(container: Mapping[str, Any]) -> str:
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    return str(container.get("ModelDataUrl") or source.get("S3Uri", ""))


def _group(arn: str) -> str:
    """ARN of the group that a version is in."""
    return arn.replace(":model-package/", ":model-package-group/").rpartition("/")[0]


def _decided_by(who: Mapping[str, Any]) -> str:
    """Who changed the version last, a profile of Studio or a principal; not a release, which notes only."""
    identity = who.get("IamIdentity", {})
    role = _ROLE.search(identity.get("Arn", ""))
    if role and role["role"].endswith("-release"):
        return ""
    return str(who.get("UserProfileName") or identity.get("SourceIdentity") or identity.get("Arn", ""))


def _approved_by(metadata: Mapping[str, str]) -> str:
    """Who approved it, as the release wrote down that noted on the version where it serves."""
    marks = (value.split() for key, value in metadata.items() if key.startswith("served-in-"))
    return next((mark[2] for mark in marks if len(mark) == 3 and mark[0] != ROLLED_BACK_MARK), "")


def _message(error: ClientError) -> str:
    return str(error.response["Error"].get("Message", ""))
