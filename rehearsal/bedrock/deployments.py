"""Deployments of custom models for on-demand inference.

API reference of Amazon Bedrock: Create-, Get-, List- and DeleteCustomModelDeployment(s); user guide, "Deploy
a custom model for on-demand inference". A deployment is not billed for being there: tokens are.
"""

from datetime import datetime
from typing import Any

from rehearsal.api import ApiError, Parameters, Principal
from rehearsal.bedrock import foundation
from rehearsal.bedrock.core import Core, picked
from rehearsal.bedrock.store import Record, listing, tag_map


class Deployments:
    """The deployments of the account."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def create(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """CreateCustomModelDeployment, of an Active model that is offered on demand in this region."""
        core, moment = self._core, self._core.now()
        model = core.models.need(request["modelArn"])
        if model.status != "Active":
            text = f"The custom model {model.name} is {model.status}; it must be Active to be deployed."
            raise ApiError("ValidationException", text)
        self._offered(model)
        core.deployments.free(request["modelDeploymentName"], "ValidationException")
        core.within(core.quotas.deployments, len(list(core.deployments)) + 1, "custom model deployments")
        arn = core.deployments.arn()
        description = {
            **picked(request, "modelDeploymentName", "modelArn", "description"),
            "customModelDeploymentArn": arn,
            "customModelDeploymentName": request["modelDeploymentName"],
            "status": "Creating",
            "createdAt": moment,
        }
        record = Record(request["modelDeploymentName"], arn, description, tag_map(request.get("tags")))
        core.deployments.add(record)
        core.agenda.after(moment, core.durations.deployment, lambda due: self._deployed(record, due))
        return {"customModelDeploymentArn": arn}

    def get(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """GetCustomModelDeployment."""
        return self._core.deployments.need(request["customModelDeploymentIdentifier"]).description

    def summaries(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListCustomModelDeployments."""
        wanted = request.get("modelArnEquals")
        found = [one.description for one in self._core.deployments]
        return listing(
            "ListCustomModelDeployments",
            [item for item in found if wanted in (None, item["modelArn"])],
            request,
            under="modelDeploymentSummaries",
            name="customModelDeploymentName",
            time="createdAt",
        )

    def delete(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DeleteCustomModelDeployment: it is gone at once; the custom model stays."""
        core = self._core
        core.deployments.remove(core.deployments.need(request["customModelDeploymentIdentifier"]))
        return {}

    def _offered(self, model: Record) -> None:
        """User guide, "Deploy a custom model for on-demand inference": supported models and Regions."""
        base, region = foundation.find(str(model.kept["base"]), self._core.place), self._core.place.region
        if base is None or region not in base.on_demand:
            where = f" It is in {', '.join(base.on_demand)}." if base and base.on_demand else ""
            text = f"On-demand inference is not supported for {model.kept['base']} in {region}.{where}"
            raise ApiError("ValidationException", text)

    def _deployed(self, record: Record, due: datetime) -> None:
        core = self._core
        if core.suffers("stall", record.name):
            return
        if core.suffers("deployment_failure", record.name):
            message = "An internal error occurred while the model was being deployed. Try again."
            record.update(due, status="Failed", failureMessage=message)
        else:
            record.update(due, status="Active")
