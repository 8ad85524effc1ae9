"""CreateInferenceComponent and its kin: copies of models on endpoints whose variants have none.

API reference of each operation; developer guide, "Inference components" and "Scale an endpoint to zero
instances".
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from rehearsal.api import ApiError, Parameters, Principal
from rehearsal.cloudwatch import Key, Values
from rehearsal.sagemaker import component_rules, deployments
from rehearsal.sagemaker.behaviour import INVOCATIONS
from rehearsal.sagemaker.component import COPIES, Component
from rehearsal.sagemaker.endpoints import Endpoints
from rehearsal.sagemaker.fleets import Fleet, Variant
from rehearsal.sagemaker.hosts import Host
from rehearsal.sagemaker.language_hosts import LanguageHost
from rehearsal.sagemaker.models import Models
from rehearsal.sagemaker.store import Shelf, Wording, page, selected

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

_WORDING = Wording(
    'Could not find inference component "{arn}".',
    'Cannot create already existing inference component "{arn}".',
)


class Components:
    """The inference components of the account. ``traffic`` says how many requests reach one."""

    def __init__(self, emulator: "Emulator", endpoints: Endpoints, models: Models) -> None:
        self._emulator, self._endpoints, self._models = emulator, endpoints, models
        self.watch = endpoints.watch
        self.shelf = Shelf(emulator.place, "inference-component", _WORDING)
        self.found: dict[str, Component] = {}
        self.gone: list[Callable[[str], None]] = []
        self.watch.before.append(self._settle)
        endpoints.attached = self.of
        for namespace in (INVOCATIONS, COPIES):
            self.watch.metrics.source(namespace, self._observed)

    def of(self, endpoint: str) -> list[str]:
        """Names of the components that are attached to an endpoint."""
        return [name for name, one in self.found.items() if one.of_endpoint == endpoint]

    def traffic(self, name: str, requests_per_minute: float) -> None:
        """Let so many requests reach the component from now on."""
        with self.watch.locked():
            component = self.need(name)
            component.moment, component.per_minute = self.watch.now(), requests_per_minute
            component.load()

    def need(self, name: str) -> Component:
        """The component as it is now. ApiError if there is none."""
        self.watch.settle()
        return self.found[self.shelf.need(name).name]

    def create(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """CreateInferenceComponent: on an endpoint in service, whose variant has no model of its own."""
        with self.watch.locked(), self._endpoints.at(request["EndpointName"]) as endpoint:
            for problem in component_rules.of_creation(request, endpoint):
                raise ApiError("ValidationException", problem)
            name, count = request["InferenceComponentName"], request["RuntimeConfig"]["CopyCount"]
            fleet = self._fleet(request, count)
            record = self.shelf.add(name, {}, request.get("Tags", []))
            component = Component(
                self._emulator,
                self.watch,
                record,
                fleet.config,
                lambda model, _: self._host(name, model),
                green=fleet,
                behaviours=self._endpoints.behaviours,
                created=self.watch.now(),
                of_endpoint=request["EndpointName"],
                variant=request["VariantName"],
                specification=fleet.description["Specified"],
                copies=count,
            )
            self.found[name] = component
            component.begin("Creating", deployments.creation(component), {})
        return {"InferenceComponentArn": record.arn}

    def _host(self, name: str, model: str) -> Host:
        return LanguageHost(self._emulator, self._models.find(model), name, name, "InferenceComponents")

    def _fleet(self, request: Parameters, count: int) -> Fleet:
        """Copies of the model that a request specifies. ApiError if there is no such model."""
        specified = {key: request[key] for key in ("Specification", "Specifications") if key in request}
        model = component_rules.model_of(specified)
        described = self._models.shelf.need(model).description
        subject = described["PrimaryContainer"].get("ModelPackageName", model)
        images = [container["Image"] for container in self._models.find(model).containers]
        config = {"VariantName": request.get("VariantName", ""), "ModelName": model}
        variant = Variant(config["VariantName"], config, subject, False, count, count, 1.0, 1.0, images)
        return Fleet(model, {"Specified": specified}, {variant.name: variant})

    def update(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """UpdateInferenceComponent: another model, batch by batch, as DeploymentConfig says."""
        with self.watch.locked():
            component = self.need(request["InferenceComponentName"])
            component.refuse_unstable()
            count = request.get("RuntimeConfig", {}).get("CopyCount", component.copies)
            policy = request.get("DeploymentConfig", {})
            for problem in component_rules.of_update(policy, count):
                raise ApiError("ValidationException", problem)
            specified = component.described() | {"VariantName": component.variant} | dict(request)
            fleet = self._fleet(specified, count)
            alarms = self._endpoints.alarms(policy, component)
            component.green, component.policy, component.copies = fleet, policy, count
            steps = deployments.update(component, component_rules.in_instances(policy))
            component.begin("Updating", steps, policy, alarms)
        return {"InferenceComponentArn": component.record.arn}

    def scale(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """UpdateInferenceComponentRuntimeConfig: another number of copies."""
        with self.watch.locked():
            component = self.need(request["InferenceComponentName"])
            component.refuse_unstable()
            self.scaled(component, request["DesiredRuntimeConfig"]["CopyCount"])
        return {"InferenceComponentArn": component.record.arn}

    def scaled(self, component: Component, count: int) -> None:
        """Go to another number of copies; the world's lock is held."""
        component.begin("Updating", component.scaled(count), {})

    def describe(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DescribeInferenceComponent."""
        with self.watch.locked():
            return self.need(request["InferenceComponentName"]).described()

    def delete(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DeleteInferenceComponent; its scalable target goes with it. Here it is gone at once."""
        with self.watch.locked():
            component = self.need(request["InferenceComponentName"])
            if component.work is not None:
                component.refuse_unstable()
            component.close()
            name = component.record.name
            del self.found[name]
            self.shelf.remove(name)
            for forget in self.gone:
                forget(name)
        return {}

    def listing(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListInferenceComponents."""
        self.watch.settle()
        every = [one.described() for one in self.found.values()]
        wanted = request.get("EndpointNameEquals")
        every = [one for one in every if wanted in (None, one["EndpointName"])]
        found = selected(every, request, name="InferenceComponentName", status="InferenceComponentStatus")
        items, token = page(found, request)
        members = ("CreationTime", "InferenceComponentArn", "InferenceComponentName", "EndpointArn",
                   "EndpointName", "VariantName", "InferenceComponentStatus", "LastModifiedTime")  # fmt: skip
        summaries = [{name: item[name] for name in members} for item in items]
        return {"InferenceComponents": summaries} | ({"NextToken": token} if token else {})

    def close(self) -> None:
        """Stop every machine."""
        for component in self.found.values():
            component.close()

    def _settle(self, now: float) -> None:
        for component in list(self.found.values()):
            component.settle(now)

    def _observed(self, key: Key, start: float, end: float) -> Iterator[tuple[float, Values]]:
        component = self.found.get(dict(key.dimensions).get("InferenceComponentName", ""))
        if component is not None:
            yield from component.observed(key, start, min(end, self.watch.now()))
