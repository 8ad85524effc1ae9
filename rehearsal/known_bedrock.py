"""What requests to Amazon Bedrock act on, and the tags they put on it.

Service Authorization Reference, "Actions, resources, and condition keys for Amazon Bedrock". The names of
what exists have been resolved to ARNs (``rehearsal.identities``, resolvers).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal.api import ApiRequest, Parameters, Place

UNBORN = "000000000000"
"""Stands for the 12 characters by which Bedrock numbers a resource when it creates it."""

TAGS = {
    "CreateModelCustomizationJob": {
        "jobTags": "model-customization-job",
        "customModelTags": "custom-model",
    },
    "CreateCustomModel": {"modelTags": "custom-model"},
    "CreateCustomModelDeployment": {"tags": "custom-model-deployment"},
    "CreateProvisionedModelThroughput": {"tags": "provisioned-model"},
    "CreateModelImportJob": {"jobTags": "model-import-job", "importedModelTags": "imported-model"},
    "CreateEvaluationJob": {"jobTags": "evaluation-job"},
}
"""Members with tags of what an operation creates, and what they tag."""

Known = Callable[[Parameters, Place], Iterator[str]]


def tagging(request: ApiRequest, place: Place) -> Iterator[tuple[ApiRequest, str]]:
    """Tags given on creation need ``bedrock:TagResource`` on what gets them (Step Functions guide, IAM
    policies for Amazon Bedrock): the request with these tags alone, and the ARN.
    """
    members = TAGS.get(request.operation, {}) if request.service == "bedrock" else {}
    for member, kind in members.items():
        if tags := request.parameters.get(member):
            alone = ApiRequest(request.service, "TagResource", {"tags": tags}, request.principal)
            yield alone, place.arn("bedrock", f"{kind}/{_base(request)}{UNBORN}")


def all_tags(parameters: Parameters) -> list[Any]:
    """Every tag that a request puts on what it creates."""
    members = ("jobTags", "customModelTags", "modelTags", "importedModelTags")
    return [tag for member in members for tag in parameters.get(member) or ()]


def _base(request: ApiRequest) -> str:
    """What stands before the number in the ARN of a customization job and of its model."""
    base = request.parameters.get("baseModelIdentifier")
    if base is None:
        return "imported/" if request.operation == "CreateCustomModel" else ""
    return f"{_bare(str(base))}/"


def _bare(model: str) -> str:
    """The id of a base model, also that of the one a custom model was made from."""
    return model.partition("/")[2].partition("/")[0] if model.startswith("arn:") else model


def _model(member: str) -> Known:
    """A model by ARN or, for a base model, by id; one that does not exist is judged like a base model."""

    def known(parameters: Parameters, place: Place) -> Iterator[str]:
        if value := str(parameters.get(member) or ""):
            arn = value.startswith("arn:")
            yield value if arn else place.arn("bedrock", f"foundation-model/{value}", account="")

    return known


def _one(kind: str, member: str) -> Known:
    """A resource by ARN; a name nobody knows stands for one that only wildcards match."""

    def known(parameters: Parameters, place: Place) -> Iterator[str]:
        value = str(parameters.get(member) or "")
        yield value if value.startswith("arn:") else place.arn("bedrock", f"{kind}/{UNBORN}")

    return known


def _customization(parameters: Parameters, place: Place) -> Iterator[str]:
    """A customization is judged for its base model and for the model it makes."""
    yield from _model("baseModelIdentifier")(parameters, place)
    base = _bare(str(parameters.get("baseModelIdentifier", "")))
    yield place.arn("bedrock", f"custom-model/{base}/{UNBORN}")


def _evaluation(parameters: Parameters, place: Place) -> Iterator[str]:
    """An evaluation is judged for its own ARN, for the models it evaluates and for those that judge."""
    yield place.arn("bedrock", f"evaluation-job/{UNBORN}")
    for model in _identifiers(parameters):
        yield from _model("model")({"model": model}, place)


def _identifiers(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("modelIdentifier"), str):
            yield value["modelIdentifier"]
        for inner in value.values():
            yield from _identifiers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _identifiers(inner)


def _throughput(parameters: Parameters, place: Place) -> Iterator[str]:
    yield from _one("provisioned-model", "provisionedModelId")(parameters, place)
    yield from _model("desiredModelId")(parameters, place)


def _tagged(parameters: Parameters, _: Place) -> Iterator[str]:
    if "resourceARN" in parameters:
        yield str(parameters["resourceARN"])


BEDROCK: Mapping[str, Known] = {
    "bedrock:CreateCustomModelDeployment": _one("custom-model", "modelArn"),
    "bedrock:CreateEvaluationJob": _evaluation,
    "bedrock:CreateModelCustomizationJob": _customization,
    "bedrock:CreateProvisionedModelThroughput": _model("modelId"),
    "bedrock:DeleteCustomModel": _one("custom-model", "modelIdentifier"),
    "bedrock:DeleteCustomModelDeployment": _one("custom-model-deployment", "customModelDeploymentIdentifier"),
    "bedrock:DeleteImportedModel": _one("imported-model", "modelIdentifier"),
    "bedrock:DeleteProvisionedModelThroughput": _one("provisioned-model", "provisionedModelId"),
    "bedrock:GetCustomModel": _one("custom-model", "modelIdentifier"),
    "bedrock:GetCustomModelDeployment": _one("custom-model-deployment", "customModelDeploymentIdentifier"),
    "bedrock:GetEvaluationJob": _one("evaluation-job", "jobIdentifier"),
    "bedrock:GetFoundationModel": _model("modelIdentifier"),
    "bedrock:GetImportedModel": _one("imported-model", "modelIdentifier"),
    "bedrock:GetModelCustomizationJob": _one("model-customization-job", "jobIdentifier"),
    "bedrock:GetModelImportJob": _one("model-import-job", "jobIdentifier"),
    "bedrock:GetProvisionedModelThroughput": _one("provisioned-model", "provisionedModelId"),
    "bedrock:InvokeModel": _model("modelId"),
    "bedrock:ListTagsForResource": _tagged,
    "bedrock:StopEvaluationJob": _one("evaluation-job", "jobIdentifier"),
    "bedrock:StopModelCustomizationJob": _one("model-customization-job", "jobIdentifier"),
    "bedrock:TagResource": _tagged,
    "bedrock:UntagResource": _tagged,
    "bedrock:UpdateProvisionedModelThroughput": _throughput,
}
"""Per action; those that are of no resource in particular are not among them."""
