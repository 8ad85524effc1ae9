"""How a version is served: the inference specification that stands beside SageMaker's own.

SageMaker registers a customized model with its folder and its base model, and no image; a later job goes on
from that, so it stays as it is. What serves the version is added (API reference, UpdateModelPackage,
AdditionalInferenceSpecificationsToAdd).
"""

from collections.abc import Mapping
from typing import Any

from customization.call import Call


def serving(call: Call, described: Mapping[str, Any]) -> dict[str, Any]:
    """Members of UpdateModelPackage that add the specification to a version; none if it is there already, or
    if the model is not served.
    """
    literal = call.literal.get("Serving")
    there = {one["Name"] for one in described.get("AdditionalInferenceSpecifications", ())}
    if not literal or literal["Specification"]["Name"] in there:
        return {}
    source = _folder(described, str(literal["Folder"]))
    containers = [{**one, "ModelDataSource": source} for one in literal["Specification"]["Containers"]]
    added = {**literal["Specification"], "Containers": containers}
    return {"AdditionalInferenceSpecificationsToAdd": [added]}


def _folder(described: Mapping[str, Any], below: str) -> dict[str, Any]:
    """Where the whole model lies, below the folder that SageMaker registered."""
    (container, *_) = described["InferenceSpecification"]["Containers"]
    uri = str(container["ModelDataSource"]["S3DataSource"]["S3Uri"]).rstrip("/")
    data = {"S3Uri": f"{uri}/{below}", "S3DataType": "S3Prefix", "CompressionType": "None"}
    return {"S3DataSource": data}
