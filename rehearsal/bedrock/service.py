"""The Amazon Bedrock API of the emulated account."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rehearsal.api import ApiError, ApiRequest, Parameters, Principal
from rehearsal.bedrock import foundation
from rehearsal.bedrock.agenda import Agenda
from rehearsal.bedrock.core import Core
from rehearsal.bedrock.customization import Customization
from rehearsal.bedrock.deployments import Deployments
from rehearsal.bedrock.evaluations import Evaluations
from rehearsal.bedrock.imports import Imports
from rehearsal.bedrock.models import CustomModels
from rehearsal.bedrock.runtime import Runtime
from rehearsal.bedrock.store import Record, tag_list, tag_map
from rehearsal.bedrock.throughput import Throughputs
from rehearsal.sagemaker import requests

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

Operation = Callable[[Parameters, Principal], dict[str, Any]]

_MODELS = ("modelId", "desiredModelId", "baseModelIdentifier")
"""Members that name a custom model or have its ARN."""

_NAMED = {
    "ModelCustomizationJob": ("jobIdentifier", "jobs"),
    "ModelImportJob": ("jobIdentifier", "imports"),
    "CustomModel": ("modelIdentifier", "models"),
    "ImportedModel": ("modelIdentifier", "imported"),
    "CustomModelDeployment": ("customModelDeploymentIdentifier", "deployments"),
    "ProvisionedModelThroughput": ("provisionedModelId", "throughputs"),
}
"""What operations are about, the member that names it or has its ARN, and where it is kept."""

_VERB = re.compile(r"^(Get|Stop|Update|Delete)")

_TAGS_MOST = 50
"""Tags of one resource (AWS General Reference, "Tag naming and usage conventions")."""


class Bedrock:
    """Customization, custom models, their serving, imports and evaluations; a model that really learns a
    little (``rehearsal.language_model``) stands in for those of AWS.

    Registers itself with the emulator as ``bedrock`` and ``bedrock-runtime``. ``core`` has its quotas, its
    durations and everything there is. What is not offered is refused by name.
    """

    def __init__(self, emulator: "Emulator") -> None:
        self.core = Core(emulator, Agenda(emulator.clock, emulator.note))
        self.runtime = Runtime(self.core)
        self._operations = self._table()
        emulator.resource_tags.append(self._tags_of)
        emulator.resolvers.append(self.resolved)
        emulator.register("bedrock", self.handle)
        emulator.register("bedrock-runtime", self.runtime.handle)

    def handle(self, call: ApiRequest) -> Parameters:
        """Answer one call. Raises ApiError as the service does, and for what is not rehearsed."""
        operation = self._operations.get(call.operation)
        if operation is None:
            text = f"the rehearsal has no bedrock:{call.operation}"
            raise ApiError("UnknownOperationException", text, 404)
        self.core.agenda.settle()
        requests.check(call.operation, call.parameters, "bedrock")
        known = self.core.tokens.answer(call.operation, call.parameters)
        if known is not None:
            return known
        found = operation(call.parameters, call.principal)
        answer = requests.members(call.operation, found, "bedrock")
        self.core.tokens.keep(call.operation, call.parameters, answer)
        return answer

    def resolved(self, request: ApiRequest) -> ApiRequest:
        """``request`` with ARNs where it names what exists: permissions are judged by ARN."""
        if request.service not in ("bedrock", "bedrock-runtime"):
            return request
        given = dict(request.parameters)
        about = _NAMED.get(_VERB.sub("", request.operation))
        named = [(one, "models") for one in _MODELS] + ([about] if about else [])
        for member, shelf in named:
            if record := getattr(self.core, shelf).get(str(given.get(member))):
                given[member] = record.arn
        return ApiRequest(request.service, request.operation, given, request.principal)

    def _table(self) -> dict[str, Operation]:
        return self._making() | self._serving() | self._others()

    def _making(self) -> dict[str, Operation]:
        jobs, models = Customization(self.core), CustomModels(self.core)
        return {
            "CreateModelCustomizationJob": jobs.create,
            "GetModelCustomizationJob": jobs.get,
            "ListModelCustomizationJobs": jobs.summaries,
            "StopModelCustomizationJob": jobs.stop,
            "CreateCustomModel": models.create,
            "GetCustomModel": models.get,
            "ListCustomModels": models.summaries,
            "DeleteCustomModel": models.delete,
        }

    def _serving(self) -> dict[str, Operation]:
        deployments, throughputs = Deployments(self.core), Throughputs(self.core)
        return {
            "CreateCustomModelDeployment": deployments.create,
            "GetCustomModelDeployment": deployments.get,
            "ListCustomModelDeployments": deployments.summaries,
            "DeleteCustomModelDeployment": deployments.delete,
            "CreateProvisionedModelThroughput": throughputs.create,
            "GetProvisionedModelThroughput": throughputs.get,
            "ListProvisionedModelThroughputs": throughputs.summaries,
            "UpdateProvisionedModelThroughput": throughputs.update,
            "DeleteProvisionedModelThroughput": throughputs.delete,
        }

    def _others(self) -> dict[str, Operation]:
        imports, evaluations = Imports(self.core), Evaluations(self.core, self.runtime)
        return {
            "CreateModelImportJob": imports.create,
            "GetModelImportJob": imports.get,
            "ListModelImportJobs": imports.summaries,
            "GetImportedModel": imports.get_model,
            "ListImportedModels": imports.list_models,
            "DeleteImportedModel": imports.delete_model,
            "CreateEvaluationJob": evaluations.create,
            "GetEvaluationJob": evaluations.get,
            "StopEvaluationJob": evaluations.stop,
            "GetFoundationModel": self._foundation,
            "ListFoundationModels": self._foundations,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": lambda request, _: {"tags": tag_list(self._tagged(request).tags)},
        }

    def _foundation(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """GetFoundationModel."""
        place = self.core.place
        found = foundation.find(request["modelIdentifier"], place)
        if found is None or place.region not in found.regions:
            text = f"Could not find the foundation model {request['modelIdentifier']}."
            raise ApiError("ResourceNotFoundException", text, 404)
        return {"modelDetails": found.details(place)}

    def _foundations(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListFoundationModels: those of this region that can be customized."""
        place = self.core.place
        filters: dict[str, Callable[[dict[str, Any], str], bool]] = {
            "byProvider": lambda one, wanted: one["providerName"] == wanted,
            "byCustomizationType": lambda one, wanted: wanted in one["customizationsSupported"],
            "byOutputModality": lambda one, wanted: wanted in one["outputModalities"],
            "byInferenceType": lambda one, wanted: wanted in one["inferenceTypesSupported"],
        }
        here = [one.details(place) for one in foundation.FOUNDATIONS if place.region in one.regions]
        for member, keeps in filters.items():
            if wanted := request.get(member):
                here = [one for one in here if keeps(one, wanted)]
        return {"modelSummaries": here}

    def _tag(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """TagResource."""
        record = self._tagged(request)
        tags = record.tags | tag_map(request["tags"])
        if len(tags) > _TAGS_MOST:
            text = f"{record.arn} can have at most {_TAGS_MOST} tags."
            raise ApiError("TooManyTagsException", text)
        record.tags = tags
        return {}

    def _untag(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """UntagResource."""
        record = self._tagged(request)
        record.tags = {k: v for k, v in record.tags.items() if k not in request["tagKeys"]}
        return {}

    def _tagged(self, request: Parameters) -> Record:
        arn = str(request["resourceARN"])
        for shelf in self.core.shelves:
            if found := shelf.get(arn):
                return found
        raise ApiError("ResourceNotFoundException", f"Could not find {arn}.", 404)

    def _tags_of(self, arn: str) -> dict[str, str] | None:
        found = (shelf.get(arn) for shelf in self.core.shelves if ":bedrock:" in arn)
        return next((record.tags for record in found if record), None)
