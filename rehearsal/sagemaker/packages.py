"""Model package groups and model packages: versions, approval, policies, events."""

import json
from typing import TYPE_CHECKING, Any

from rehearsal.api import ApiError, Parameters, Principal
from rehearsal.sagemaker import requests
from rehearsal.sagemaker.announcements import announce
from rehearsal.sagemaker.store import Record, Shelf, Wording, creator, now, page, selected

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

_GROUP = Wording("ModelPackageGroup {arn} does not exist.", "Model Package Group already exists: {arn}")
_PACKAGE = Wording("ModelPackage {arn} does not exist.", "Model Package already exists: {arn}")
_UPDATABLE = (
    "ModelApprovalStatus", "ApprovalDescription", "InferenceSpecification", "SourceUri", "ModelCard",
    "ModelLifeCycle",
)  # fmt: skip


class Packages:
    """The model registry of the account."""

    def __init__(self, emulator: "Emulator") -> None:
        self._emulator = emulator
        self.groups = Shelf(emulator.place, "model-package-group", _GROUP)
        self.shelf = Shelf(emulator.place, "model-package", _PACKAGE)
        self._policies: dict[str, str] = {}
        self._tokens: dict[str, tuple[dict[str, Any], str]] = {}
        self._versions: dict[str, int] = {}

    def create_group(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """CreateModelPackageGroup."""
        name = request["ModelPackageGroupName"]
        description = {
            **requests.members("DescribeModelPackageGroup", request),
            "ModelPackageGroupArn": self.groups.arn(name),
            "ModelPackageGroupStatus": "Completed",
            "CreationTime": now(),
            "CreatedBy": creator(caller, self._emulator.place),
        }
        record = self.groups.add(name, description, request.get("Tags", []))
        return {"ModelPackageGroupArn": record.arn}

    def describe_group(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DescribeModelPackageGroup."""
        return self.groups.need(request["ModelPackageGroupName"]).description

    def list_groups(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListModelPackageGroups."""
        found = selected(
            [record.description for record in self.groups], request, name="ModelPackageGroupName"
        )
        return _listing("ListModelPackageGroups", "ModelPackageGroupSummaryList", found, request)

    def delete_group(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DeleteModelPackageGroup: refused while it has versions."""
        group = self.groups.need(request["ModelPackageGroupName"])
        if self._of(group.name):
            raise ApiError("ConflictException", f"Model package group {group.arn} still has model packages.")
        self.groups.remove(group.name)
        self._policies.pop(group.name, None)
        return {}

    def put_policy(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """PutModelPackageGroupPolicy."""
        group = self.groups.need(request["ModelPackageGroupName"])
        try:
            json.loads(request["ResourcePolicy"])
        except ValueError as error:
            raise ApiError("ValidationException", f"Invalid resource policy: {error}") from error
        self._policies[group.name] = request["ResourcePolicy"]
        return {"ModelPackageGroupArn": group.arn}

    def get_policy(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """GetModelPackageGroupPolicy."""
        group = self.groups.need(request["ModelPackageGroupName"])
        if group.name not in self._policies:
            raise ApiError("ValidationException", f"Cannot find resource policy for {group.arn}.")
        return {"ResourcePolicy": self._policies[group.name]}

    def delete_policy(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DeleteModelPackageGroupPolicy."""
        self._policies.pop(self.groups.need(request["ModelPackageGroupName"]).name, None)
        return {}

    def create(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """CreateModelPackage: a version of a group, or an unversioned package. Once per ClientToken."""
        token = request.get("ClientToken")
        given = {name: value for name, value in request.items() if name != "ClientToken"}
        with self.shelf.lock:
            if token in self._tokens:
                before, arn = self._tokens[token]
                if before != given:
                    text = f"ClientToken {token} was used for another request, which made {arn}."
                    raise ApiError("ConflictException", text)
                return {"ModelPackageArn": arn}
            record = self._new(given, caller)
            if token:
                self._tokens[token] = given, record.arn
        self._announce(record)
        return {"ModelPackageArn": record.arn}

    def describe(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DescribeModelPackage, by name or ARN."""
        return self.shelf.need(request["ModelPackageName"]).description

    def update(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """UpdateModelPackage: approval, metadata, card, life cycle; each change is announced."""
        record = self.shelf.need(request["ModelPackageArn"])
        description = record.description
        description |= {name: request[name] for name in _UPDATABLE if name in request}
        metadata = description.get("CustomerMetadataProperties", {})
        metadata |= request.get("CustomerMetadataProperties", {})
        for name in request.get("CustomerMetadataPropertiesToRemove", []):
            metadata.pop(name, None)
        if metadata:
            description["CustomerMetadataProperties"] = metadata
        added = request.get("AdditionalInferenceSpecificationsToAdd", [])
        if added:
            description.setdefault("AdditionalInferenceSpecifications", []).extend(added)
        description["LastModifiedTime"] = now()
        description["LastModifiedBy"] = creator(caller, self._emulator.place)
        self._announce(record)
        return {"ModelPackageArn": record.arn}

    def delete(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DeleteModelPackage."""
        self.shelf.remove(self.shelf.need(request["ModelPackageName"]).name)
        return {}

    def listing(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListModelPackages: versions of a group, or unversioned packages when no group is named."""
        group = request.get("ModelPackageGroupName", "")
        name = self.groups.need(group).name if group else None
        wanted, kind = request.get("ModelApprovalStatus"), request.get("ModelPackageType", "Unversioned")
        found = [
            record.description
            for record in self.shelf
            if (record.description.get("ModelPackageGroupName") == name if name else (kind != "Versioned"
                and "ModelPackageGroupName" not in record.description) or kind == "Both")
            and wanted in (None, record.description.get("ModelApprovalStatus"))
        ]  # fmt: skip
        chosen = selected(found, request, name="ModelPackageArn")
        return _listing("ListModelPackages", "ModelPackageSummaryList", chosen, request)

    def _of(self, group: str) -> list[Record]:
        return [one for one in self.shelf if one.description.get("ModelPackageGroupName") == group]

    def _new(self, request: dict[str, Any], caller: Principal) -> Record:
        group, name = request.get("ModelPackageGroupName"), request.get("ModelPackageName")
        if (group is None) == (name is None):
            raise ApiError(
                "ValidationException", "Specify exactly one of ModelPackageGroupName and ModelPackageName."
            )
        if group and "Tags" in request:
            raise ApiError(
                "ValidationException", "Tags are not supported for versioned model packages; tag the group."
            )
        moment = now()
        description = {
            **requests.members("DescribeModelPackage", request),
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
            "CertifyForMarketplace": request.get("CertifyForMarketplace", False),
            "CreationTime": moment,
            "LastModifiedTime": moment,
            "CreatedBy": creator(caller, self._emulator.place),
        }
        if group:
            name = self._versioned(group, description)
        description["ModelPackageName"] = name.rpartition("/")[0] or name if name else ""
        description["ModelPackageArn"] = self.shelf.arn(str(name))
        return self.shelf.add(str(name), description, request.get("Tags", []))

    def _versioned(self, group: str, description: dict[str, Any]) -> str:
        """Versions count up and a number is never used again."""
        found = self.groups.need(group).name
        version = self._versions.get(found, 0) + 1
        self._versions[found] = version
        description |= {"ModelPackageGroupName": found, "ModelPackageVersion": version}
        description.setdefault("ModelApprovalStatus", "PendingManualApproval")
        return f"{found}/{version}"

    def _announce(self, record: Record) -> None:
        announce(self._emulator, "Model Package", record, dict(record.description))


def _listing(operation: str, listing: str, found: list[Parameters], request: Parameters) -> dict[str, Any]:
    items, token = page(found, request)
    members = requests.summary_members(operation, listing)
    summaries = [{key: value for key, value in item.items() if key in members} for item in items]
    return {listing: summaries} | ({"NextToken": token} if token else {})
