"""Records where a model comes from: data and source go into a job, which produces or evaluates the artifact.

Everything is looked up before it is made, so that recording the same run again changes nothing.
"""

import re
from collections.abc import Mapping
from typing import Any

MOST_NAME = 120
"""ExperimentEntityName of the SageMaker API: letters and digits, with hyphens between them."""


def record(event: Mapping[str, Any], package_arn: str, sagemaker: Any) -> None:
    """Record the data sets, the source, the job and the artifact of one run, and what belongs to what."""
    action = _action(event, sagemaker)
    for uri in sorted(set(event["Data"].values())):
        _associate(_artifact(uri, "DataSet", {}, sagemaker), action, "ContributedTo", sagemaker)
    if source := event.get("Source"):
        properties = {"Sha256": source["Sha256"]}
        _associate(
            _artifact(source["Uri"], "Code", properties, sagemaker), action, "ContributedTo", sagemaker
        )
    properties = {"ModelPackageArn": package_arn, "Execution": event["Execution"]}
    model = _artifact(event["ModelDataUrl"], "Model", properties, sagemaker)
    if imported := event.get("Imported"):
        _associate(_artifact(imported, "Model", {}, sagemaker), model, "DerivedFrom", sagemaker)
        _associate(model, action, "ContributedTo", sagemaker)
    else:
        _associate(action, model, "Produced", sagemaker)


def _action(event: Mapping[str, Any], sagemaker: Any) -> str:
    """ARN of the action that stands for the job. There is no list of actions by name: it is described."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", event["Job"]["Name"]).strip("-")[:MOST_NAME].rstrip("-")
    try:
        return str(sagemaker.describe_action(ActionName=name)["ActionArn"])
    except sagemaker.exceptions.ResourceNotFound:
        made = sagemaker.create_action(
            ActionName=name,
            ActionType="ModelEvaluation" if event.get("Imported") else "ModelTraining",
            Status="Completed",
            Source={"SourceUri": event["Job"]["Arn"], "SourceType": "ARN"},
            Properties={"Model": event["Model"], "Run": event["RunId"]},
        )
        return str(made["ActionArn"])


def _artifact(uri: str, kind: str, properties: Mapping[str, str], sagemaker: Any) -> str:
    """ARN of the artifact for ``uri``: there is one per address, whoever made it."""
    pages = sagemaker.get_paginator("list_artifacts").paginate(SourceUri=uri)
    known = next((item["ArtifactArn"] for page in pages for item in page["ArtifactSummaries"]), None)
    if known is None:
        known = sagemaker.create_artifact(
            Source={"SourceUri": uri}, ArtifactType=kind, Properties=dict(properties)
        )["ArtifactArn"]
    return str(known)


def _associate(source: str, destination: str, kind: str, sagemaker: Any) -> None:
    pages = sagemaker.get_paginator("list_associations").paginate(
        SourceArn=source, DestinationArn=destination, AssociationType=kind
    )
    if not any(page["AssociationSummaries"] for page in pages):
        sagemaker.add_association(SourceArn=source, DestinationArn=destination, AssociationType=kind)
