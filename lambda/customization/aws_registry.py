"""Hubs and the model registry in SageMaker."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from customization.errors import CustomizationRefused
from customization.ports import Content, ContentKind

PUBLIC_HUB = "SageMakerPublicHub"
SCHEMA = "2.0.0"
"""DocumentSchemaVersion of data sets and evaluators (sagemaker-train 1.27, ``air_constants``)."""

_EXISTS, _MISSING = "ResourceInUse", "ResourceNotFound"


class AiRegistry:
    """``customization.ports.Registry``: the private hub called ``hub``, and AWS's public one."""

    def __init__(self, sagemaker: Any, hub: str) -> None:
        self._sagemaker, self._hub = sagemaker, hub

    def base_version(self, model: str) -> str | None:
        """The newest version of a base model; None if there is no such model."""
        try:
            found = self._sagemaker.describe_hub_content(
                HubName=PUBLIC_HUB, HubContentType="Model", HubContentName=model
            )
        except ClientError as error:
            if error.response["Error"].get("Code") == _MISSING:
                return None
            raise
        return str(found["HubContentVersion"])

    def versions(self, kind: ContentKind, name: str) -> list[Content]:
        """Every version of a content; empty if there is none."""
        asked = {"HubName": self._hub, "HubContentType": kind, "HubContentName": name}
        found: list[Content] = []
        token: dict[str, str] = {}
        while True:
            try:
                page = self._sagemaker.list_hub_content_versions(**asked, **token)
            except ClientError as error:
                if error.response["Error"].get("Code") == _MISSING:
                    return []
                raise
            found += [_content(one) for one in page["HubContentSummaries"]]
            if not page.get("NextToken"):
                return found
            token = {"NextToken": page["NextToken"]}

    def describe(self, kind: ContentKind, name: str, version: str) -> Content:
        """One version, with the reason if its import failed."""
        return _content(
            self._sagemaker.describe_hub_content(
                HubName=self._hub, HubContentType=kind, HubContentName=name, HubContentVersion=version
            )
        )

    def add(
        self,
        kind: ContentKind,
        name: str,
        version: str,
        document: Mapping[str, Any],
        *,
        keywords: Sequence[str],
    ) -> None:
        """Begin to import a version; harmless if there is one of this number. Raises CustomizationRefused."""
        asked = {
            "HubName": self._hub,
            "HubContentType": kind,
            "HubContentName": name,
            "HubContentVersion": version,
            "DocumentSchemaVersion": SCHEMA,
            "HubContentDocument": json.dumps(document),
            "HubContentSearchKeywords": list(keywords),
        }
        try:
            self._sagemaker.import_hub_content(**asked)
        except ClientError as error:
            code, message = (error.response["Error"].get(key, "") for key in ("Code", "Message"))
            if code == _EXISTS:
                return
            if code in ("ValidationException", _MISSING):
                refused = f"the AI Registry refuses {name} {version}: {message}"
                raise CustomizationRefused(refused) from error
            raise


class SageMakerVersions:
    """``customization.ports.Versions``."""

    def __init__(self, sagemaker: Any) -> None:
        self._sagemaker = sagemaker

    def newest_approved(self, group: str) -> str | None:
        """ARN of the newest approved version of a group, or None."""
        answer = self._sagemaker.list_model_packages(
            ModelPackageGroupName=group,
            ModelApprovalStatus="Approved",
            SortBy="CreationTime",
            SortOrder="Descending",
            MaxResults=1,
        )
        found = answer["ModelPackageSummaryList"]
        return str(found[0]["ModelPackageArn"]) if found else None

    def describe(self, arn: str) -> Mapping[str, Any]:
        """The version, as DescribeModelPackage has it."""
        found: Mapping[str, Any] = self._sagemaker.describe_model_package(ModelPackageName=arn)
        return found

    def update(self, arn: str, **members: Any) -> None:
        """UpdateModelPackage with these members."""
        self._sagemaker.update_model_package(ModelPackageArn=arn, **members)


def _content(found: Mapping[str, Any]) -> Content:
    return Content(
        arn=found["HubContentArn"],
        version=found["HubContentVersion"],
        status=found["HubContentStatus"],
        keywords=tuple(found.get("HubContentSearchKeywords", ())),
        reason=found.get("FailureReason", ""),
    )
