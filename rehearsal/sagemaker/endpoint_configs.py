"""CreateEndpointConfig and its kin."""

from typing import TYPE_CHECKING, Any

from rehearsal.api import ApiError, Parameters, Principal
from rehearsal.sagemaker import requests
from rehearsal.sagemaker.endpoint_rules import of_config
from rehearsal.sagemaker.models import Models
from rehearsal.sagemaker.store import Record, Shelf, Wording, page, selected

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

_WORDING = Wording(
    'Could not find endpoint configuration "{arn}".',
    'Cannot create already existing endpoint configuration "{arn}".',
)


class EndpointConfigs:
    """The endpoint configurations of the account. They cannot be changed, and can be deleted while in use.

    API reference, DeleteEndpointConfig: "You must not delete an EndpointConfig in use by an endpoint that is
    live"; nothing prevents it. An endpoint whose configuration is gone cannot be updated any more.
    """

    def __init__(self, emulator: "Emulator", models: Models) -> None:
        self._emulator, self._models = emulator, models
        self.shelf = Shelf(emulator.place, "endpoint-config", _WORDING)

    def create(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """CreateEndpointConfig: its models must exist, and its parts must go together."""
        for problem in of_config(request):
            raise ApiError("ValidationException", problem)
        for variant in variants(request):
            if "ModelName" in variant:
                self._models.shelf.need(variant["ModelName"])
        arn = self.shelf.arn(request["EndpointConfigName"])
        description = {
            **requests.members("DescribeEndpointConfig", request),
            "CreationTime": self._emulator.clock.now(),
            "EndpointConfigArn": arn,
        }
        self.shelf.add(request["EndpointConfigName"], description, request.get("Tags", []))
        return {"EndpointConfigArn": arn}

    def describe(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DescribeEndpointConfig."""
        return self.need(request["EndpointConfigName"]).description

    def delete(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DeleteEndpointConfig, also of one in use."""
        self.shelf.remove(self.need(request["EndpointConfigName"]).name)
        return {}

    def listing(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListEndpointConfigs."""
        found = selected([one.description for one in self.shelf], request, name="EndpointConfigName")
        items, token = page(found, request)
        members = ("EndpointConfigName", "EndpointConfigArn", "CreationTime")
        summaries = [{name: item[name] for name in members} for item in items]
        return {"EndpointConfigs": summaries} | ({"NextToken": token} if token else {})

    def need(self, name: str) -> Record:
        """The configuration of that name; refused if there is none."""
        return self.shelf.need(name)


def variants(config: Parameters) -> list[dict[str, Any]]:
    """Production variants, then the shadow."""
    return [*config["ProductionVariants"], *config.get("ShadowProductionVariants", ())]
