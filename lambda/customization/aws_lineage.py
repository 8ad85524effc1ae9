"""Where a customized version comes from, in SageMaker's lineage tracking.

Everything is looked up before it is made, so that recording the same run again changes nothing.
"""

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

MOST_NAME = 120
"""ExperimentEntityName of the SageMaker API: letters and digits, with hyphens between them."""


class SageMakerLineage:
    """``customization.ports.Lineage``."""

    def __init__(self, sagemaker: Any) -> None:
        self._sagemaker = sagemaker

    def record(self, action: str, job: str, sources: Mapping[str, str], made: str) -> None:
        """The action of a job, to which ``sources`` (URI to type) contributed, produced ``made``."""
        arn = self._action(action, job)
        for uri, kind in sorted(sources.items()):
            self._associate(self._artifact(uri, kind), arn, "ContributedTo")
        self._associate(arn, self._artifact(made, "Model"), "Produced")

    def _action(self, name: str, job: str) -> str:
        """There is no list of actions by name: it is described."""
        called = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:MOST_NAME].rstrip("-")
        try:
            return str(self._sagemaker.describe_action(ActionName=called)["ActionArn"])
        except ClientError as error:
            if error.response["Error"].get("Code") != "ResourceNotFound":
                raise
        made = self._sagemaker.create_action(
            ActionName=called,
            ActionType="ModelCustomization",
            Status="Completed",
            Source={"SourceUri": job, "SourceType": "ARN"},
        )
        return str(made["ActionArn"])

    def _artifact(self, uri: str, kind: str) -> str:
        """There is one per address, whoever made it."""
        pages = self._sagemaker.get_paginator("list_artifacts").paginate(SourceUri=uri)
        known = next((item["ArtifactArn"] for page in pages for item in page["ArtifactSummaries"]), None)
        if known is None:
            made = self._sagemaker.create_artifact(Source={"SourceUri": uri}, ArtifactType=kind)
            known = made["ArtifactArn"]
        return str(known)

    def _associate(self, source: str, destination: str, kind: str) -> None:
        asked = {"SourceArn": source, "DestinationArn": destination, "AssociationType": kind}
        pages = self._sagemaker.get_paginator("list_associations").paginate(**asked)
        if not any(page["AssociationSummaries"] for page in pages):
            self._sagemaker.add_association(**asked)
