"""Custom models: those that jobs made, and those taken over from SageMaker.

API reference of Amazon Bedrock: CreateCustomModel, GetCustomModel, ListCustomModels, DeleteCustomModel.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.api import REHEARSAL, ApiError, Parameters, Principal
from rehearsal.bedrock import foundation
from rehearsal.bedrock.core import Core
from rehearsal.bedrock.objects import JobError, Objects
from rehearsal.bedrock.role import RoleSession
from rehearsal.bedrock.sources import NOVA, artifact_in
from rehearsal.bedrock.store import Record, listing, tag_map
from rehearsal.language_model import Artifact


class CustomModels:
    """The custom models of the account."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def create(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """CreateCustomModel; rules as the API reference states them for its two sources and the role."""
        _sourced(request)
        core, moment = self._core, self._core.now()
        core.models.free(request["modelName"])
        arn = core.models.arn("imported")
        description = {
            "modelArn": arn,
            "modelName": request["modelName"],
            "customizationType": "IMPORTED",
            "modelStatus": "Creating",
            "creationTime": moment,
            "modelKmsKeyArn": request.get("modelKmsKeyArn"),
        }
        tags = tag_map(request.get("modelTags"))
        model = core.models.add(Record(request["modelName"], arn, description, tags))
        model.kept |= {"base": NOVA, "family": "nova"}
        core.agenda.after(moment, core.durations.registration, lambda due: self._take(model, request, due))
        return {"modelArn": arn}

    def get(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """GetCustomModel."""
        return self._core.models.need(request["modelIdentifier"]).description

    def summaries(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListCustomModels."""
        wanted = request.get("baseModelArnEquals", request.get("foundationModelArnEquals"))
        items = [
            item
            for item in self._summaries()
            if wanted in (None, item["baseModelArn"])
            and request.get("modelStatus") in (None, item["modelStatus"])
        ]
        return listing("ListCustomModels", items, request, under="modelSummaries", name="modelName")

    def delete(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DeleteCustomModel: not while something serves it (API reference, ConflictException)."""
        model = self._core.models.need(request["modelIdentifier"])
        if used := next(self._users(model), None):
            text = f"The custom model {model.name} is in use by the {used}; delete that first."
            raise ApiError("ConflictException", text)
        self._core.models.remove(model)
        return {}

    def _summaries(self) -> Iterator[dict[str, Any]]:
        place = self._core.place
        for model in self._core.models:
            base = str(model.kept["base"])
            arn = place.arn("bedrock", f"foundation-model/{base}", account="")
            # The pattern of baseModelName has no context length (API reference, CustomModelSummary).
            short = {"baseModelArn": arn, "baseModelName": base.partition(":")[0]}
            yield {**short, **model.description, "ownerAccountId": place.account}

    def _users(self, model: Record) -> Iterator[str]:
        for shelf in (self._core.deployments, self._core.throughputs):
            for one in shelf:
                if model.arn in (one.description["modelArn"], one.description.get("desiredModelArn")):
                    yield f"{shelf.words} {one.name}"

    def _take(self, model: Record, request: Parameters, due: datetime) -> None:
        """Fetch the artifacts; the model is Active, or Failed with the reason."""
        if self._core.suffers("stall", model.name) or self._core.models.get(model.arn) is None:
            return
        try:
            if self._core.suffers("job_failure", model.name):
                raise JobError("An internal error occurred while the model was being created. Try again.")
            model.artifact = self._artifact(model, request)
        except JobError as error:
            model.update(due, modelStatus="Failed", failureMessage=str(error)[:2048])
            return
        model.update(due, modelStatus="Active")

    def _artifact(self, model: Record, request: Parameters) -> Artifact | None:
        if "modelSourceConfig" in request:
            uri = request["modelSourceConfig"]["s3DataSource"]["s3Uri"]
            role = RoleSession(self._core.emulator, request["roleArn"], model.arn)
            if key := request.get("modelKmsKeyArn"):
                role.use_key(key)
            return artifact_in(role, uri)
        package = request["customModelDataSource"]["modelPackageArnDataSource"]["modelPackageArn"]
        return self._of_package(model, package)

    def _of_package(self, model: Record, package: str) -> Artifact | None:
        """API reference: Bedrock reads the artifacts of a model package with credentials of its own."""
        emulator = self._core.emulator
        try:
            found = emulator.client("sagemaker", REHEARSAL).describe_model_package(ModelPackageName=package)
        except ClientError as error:
            raise JobError(f"The model package {package} cannot be read: {error}") from error
        container = found.get("InferenceSpecification", {}).get("Containers", [{}])[0]
        base = container.get("BaseModel", {}).get("HubContentName")
        if base and (mapped := foundation.HUB_CONTENT.get(base)):
            model.kept["base"] = mapped
        elif base:
            raise JobError(f"{package}: {base} is not supported; open-weight models are imported instead.")
        source = container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri")
        if not source:
            raise JobError(f"The model package {package} names no artifacts (ModelDataSource.S3DataSource).")
        return artifact_in(Objects(emulator.client("s3", REHEARSAL), "Bedrock"), source)


def _sourced(request: Parameters) -> None:
    sources = [name for name in ("modelSourceConfig", "customModelDataSource") if name in request]
    if len(sources) != 1:
        text = "Specify exactly one of modelSourceConfig and customModelDataSource."
        raise ApiError("ValidationException", text)
    if sources == ["modelSourceConfig"] and "roleArn" not in request:
        raise ApiError("ValidationException", "roleArn is required with modelSourceConfig.")
