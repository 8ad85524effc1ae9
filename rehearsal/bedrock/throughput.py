"""Provisioned Throughput, with and without a commitment. It is billed from its creation to its deletion.

API reference of Amazon Bedrock: Create-, Get-, List-, Update- and DeleteProvisionedModelThroughput(s); user
guide, "Increase model invocation capacity with Provisioned Throughput".
"""

from datetime import datetime, timedelta
from typing import Any

from rehearsal.api import ApiError, Parameters, Principal
from rehearsal.bedrock import foundation
from rehearsal.bedrock.core import COMMITMENTS, Core, picked
from rehearsal.bedrock.store import Record, listing, tag_map


class Throughputs:
    """The Provisioned Throughput of the account."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def create(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """CreateProvisionedModelThroughput, within the account's model units."""
        core, moment = self._core, self._core.now()
        model = self._model(request["modelId"])
        core.throughputs.free(request["provisionedModelName"], "ValidationException")
        commitment = request.get("commitmentDuration")
        self._units(request["modelUnits"], committed=commitment is not None)
        arn = core.throughputs.arn()
        description: dict[str, Any] = {
            **picked(request, "provisionedModelName", "modelUnits", "commitmentDuration"),
            **model,
            "provisionedModelArn": arn,
            "desiredModelArn": model["modelArn"],
            "desiredModelUnits": request["modelUnits"],
            "status": "Creating",
            "creationTime": moment,
        }
        if commitment:
            description["commitmentExpirationTime"] = moment + timedelta(seconds=COMMITMENTS[commitment])
        record = Record(request["provisionedModelName"], arn, description, tag_map(request.get("tags")))
        record.update(moment)
        core.throughputs.add(record)
        core.agenda.after(moment, core.durations.provisioning, lambda due: self._provided(record, due))
        return {"provisionedModelArn": arn}

    def get(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """GetProvisionedModelThroughput."""
        return self._core.throughputs.need(request["provisionedModelId"]).description

    def summaries(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListProvisionedModelThroughputs."""
        wanted = request.get("modelArnEquals")
        found = [one.description for one in self._core.throughputs]
        return listing(
            "ListProvisionedModelThroughputs",
            [item for item in found if wanted in (None, item["modelArn"])],
            request,
            under="provisionedModelSummaries",
            name="provisionedModelName",
        )

    def update(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """UpdateProvisionedModelThroughput: another name, or another model of the same base model; that of
        a base model stays with it (API reference, desiredModelId)."""
        core, moment = self._core, self._core.now()
        record = core.throughputs.need(request["provisionedModelId"])
        if record.status != "InService":
            text = f"The Provisioned Throughput {record.name} is {record.status}; it must be InService."
            raise ApiError("ValidationException", text)
        if wanted := request.get("desiredModelId"):
            model = self._model(wanted)
            self._related(record, model)
            record.update(moment, status="Updating", desiredModelArn=model["modelArn"])
            core.agenda.after(moment, core.durations.provisioning, lambda due: self._changed(record, due))
        if name := request.get("desiredProvisionedModelName"):
            core.throughputs.free(name, "ValidationException")
            record.name = name
            record.update(moment, provisionedModelName=name)
        return {}

    def delete(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DeleteProvisionedModelThroughput: not before the commitment's term is over (API reference)."""
        core = self._core
        record = core.throughputs.need(request["provisionedModelId"])
        ends = record.description.get("commitmentExpirationTime")
        if ends and core.now() < ends:
            text = (
                f"The Provisioned Throughput {record.name} has a commitment of "
                f"{record.description['commitmentDuration']} and cannot be deleted before {ends:%Y-%m-%d}."
            )
            raise ApiError("ConflictException", text)
        core.throughputs.remove(record)
        return {}

    def _model(self, identifier: str) -> dict[str, Any]:
        """The model's ARN and that of its foundation model."""
        place = self._core.place
        if custom := self._core.models.get(identifier):
            if custom.status != "Active":
                text = f"The custom model {custom.name} is {custom.status}; it must be Active."
                raise ApiError("ValidationException", text)
            base = place.arn("bedrock", f"foundation-model/{custom.kept['base']}", account="")
            return {"modelArn": custom.arn, "foundationModelArn": base}
        found = foundation.find(identifier, place)
        if found is None or place.region not in found.regions:
            text = f"Could not find the model {identifier}."
            raise ApiError("ResourceNotFoundException", text, 404)
        return {"modelArn": found.arn(place), "foundationModelArn": found.arn(place)}

    def _units(self, units: int, *, committed: bool) -> None:
        core, quotas = self._core, self._core.quotas
        taken = [
            one.description["modelUnits"]
            for one in core.throughputs
            if ("commitmentDuration" in one.description) == committed
        ]
        quota = quotas.committed_model_units if committed else quotas.uncommitted_model_units
        kind = "with commitment" if committed else "without commitment"
        core.within(quota, sum(taken) + units, f"model units of Provisioned Throughput {kind}")

    def _related(self, record: Record, model: dict[str, Any]) -> None:
        if record.description["modelArn"] == record.description["foundationModelArn"]:
            text = "desiredModelId is not supported for the Provisioned Throughput of a base model."
            raise ApiError("ValidationException", text)
        if model["foundationModelArn"] != record.description["foundationModelArn"]:
            text = f"desiredModelId must be customized from {record.description['foundationModelArn']}."
            raise ApiError("ValidationException", text)

    def _provided(self, record: Record, due: datetime) -> None:
        core = self._core
        if core.suffers("stall", record.name):
            return
        if core.suffers("deployment_failure", record.name):
            message = "There is no capacity for the Provisioned Throughput. Try again later."
            record.update(due, status="Failed", failureMessage=message)
        else:
            record.update(due, status="InService")

    def _changed(self, record: Record, due: datetime) -> None:
        record.update(due, status="InService", modelArn=record.description["desiredModelArn"])
