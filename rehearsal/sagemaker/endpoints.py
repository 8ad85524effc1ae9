"""CreateEndpoint and its kin: endpoints by the world's time, with deployment guardrails."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rehearsal.api import ApiError, Parameters, Principal
from rehearsal.cloudwatch import CloudWatch, Key, Values
from rehearsal.sagemaker import deployments, endpoint_rules
from rehearsal.sagemaker.behaviour import INSTANCES, INVOCATIONS, Behaviour, observations
from rehearsal.sagemaker.endpoint import Endpoint
from rehearsal.sagemaker.endpoint_configs import EndpointConfigs
from rehearsal.sagemaker.endpoint_events import described
from rehearsal.sagemaker.endpoint_plans import Plans
from rehearsal.sagemaker.models import Models
from rehearsal.sagemaker.store import Shelf, Wording, page, selected

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

_WORDING = Wording('Could not find endpoint "{arn}".', 'Cannot create already existing endpoint "{arn}".')

Scaled = Callable[[str], Mapping[str, Any]]
"""Scalable targets of an endpoint, by variant."""


class Endpoints:
    """The endpoints of the account. Call ``traffic`` and ``behaviour`` to say what they live through."""

    def __init__(self, emulator: "Emulator", models: Models, cloudwatch: CloudWatch) -> None:
        self.watch, self._emulator = cloudwatch.watch, emulator
        self.configs = EndpointConfigs(emulator, models)
        self._plans = Plans(emulator, models, self.configs, self.watch)
        self.shelf = Shelf(emulator.place, "endpoint", _WORDING)
        self.found: dict[str, Endpoint] = {}
        self.behaviours: dict[str, Behaviour] = {}
        self.scaled: Scaled = lambda endpoint: {}
        self.attached: Callable[[str], list[str]] = lambda endpoint: []
        self.gone: list[Callable[[str], None]] = []
        self.watch.before.append(self._settle)
        for namespace in (INVOCATIONS, INSTANCES):
            self.watch.metrics.source(namespace, self._observed)

    def traffic(self, endpoint: str, requests_per_minute: float) -> None:
        """Let so many requests reach the endpoint from now on."""
        with self.at(endpoint) as found:
            found.per_minute = requests_per_minute
            found.moment = self.watch.now()
            found.load()

    def behaviour(self, subject: str, behaviour: Behaviour) -> None:
        """Let a version, by its package's ARN (or a model by its name), behave so from now on."""
        with self.watch.locked():
            self.watch.settle()
            self.behaviours[subject] = behaviour
            for endpoint in self.found.values():
                endpoint.moment = self.watch.now()
                endpoint.load()

    @contextmanager
    def at(self, name: str) -> Iterator[Endpoint]:
        """The endpoint as it is now, while nobody else changes it. ApiError if there is none."""
        with self.watch.locked():
            self.watch.settle()
            record = self.shelf.need(name)
            yield self.found[record.name]

    def create(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """CreateEndpoint."""
        name = request["EndpointName"]
        with self.watch.locked():
            fleet = self._plans.fleet(request["EndpointConfigName"])
            self._plans.refuse(name, fleet, caller)
            record = self.shelf.add(name, {}, request.get("Tags", []))
            endpoint = Endpoint(
                self._emulator,
                self.watch,
                record,
                fleet.config,
                lambda model, variant: self._plans.host(name, model, variant),
                green=fleet,
                behaviours=self.behaviours,
                policy=request.get("DeploymentConfig", {}),
                created=self.watch.now(),
            )
            self.found[name] = endpoint
            endpoint.begin("Creating", deployments.creation(endpoint), {})
        return {"EndpointArn": record.arn}

    def update(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """UpdateEndpoint: a new fleet, whatever the difference is (developer guide, "Update an endpoint")."""
        with self.at(request["EndpointName"]) as endpoint:
            endpoint.refuse_unstable()
            old = endpoint.blue
            if old is None:
                raise ApiError("ValidationException", f"{endpoint.record.arn} has never been in service.")
            self.configs.need(endpoint.config)
            fleet = self._plans.fleet(request["EndpointConfigName"])
            self._plans.refuse_scaled(self.scaled(endpoint.record.name), old, fleet)
            if request.get("RetainAllVariantProperties"):
                excluded = request.get("ExcludeRetainedVariantProperties", ())
                fleet.retain(old, frozenset(one["VariantPropertyType"] for one in excluded))
            retained = endpoint.policy if request.get("RetainDeploymentConfig") else {}
            policy = request.get("DeploymentConfig") or retained
            counts = {one.name: one.count for one in fleet.production if not one.serverless}
            for problem in endpoint_rules.of_deployment(policy, old.description, fleet.description, counts):
                raise ApiError("ValidationException", problem)
            alarms = self._plans.alarms(policy, endpoint)
            self._plans.refuse(endpoint.record.name, fleet, caller)
            endpoint.green, endpoint.policy = fleet, policy
            obeyed = policy if endpoint_rules.guarded(fleet.description) else {}
            endpoint.begin("Updating", deployments.update(endpoint, obeyed), obeyed, alarms if obeyed else ())
        return {"EndpointArn": endpoint.record.arn}

    def weigh(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """UpdateEndpointWeightsAndCapacities: weights of many variants, or the count of one."""
        wanted = request["DesiredWeightsAndCapacities"]
        with self.at(request["EndpointName"]) as endpoint:
            endpoint.refuse_unstable()
            known = {} if endpoint.blue is None else endpoint.blue.variants
            for one in wanted:
                if one["VariantName"] not in known:
                    raise ApiError("ValidationException", f"Variant {one['VariantName']} does not exist.")
            if len([one for one in wanted if "DesiredInstanceCount" in one]) > 1:
                raise ApiError("ValidationException", "The capacity of only one variant can be updated.")
            endpoint.begin("Updating", weighed(endpoint, wanted), {})
        return {"EndpointArn": endpoint.record.arn}

    def describe(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DescribeEndpoint."""
        with self.at(request["EndpointName"]) as endpoint:
            return described(endpoint)

    def delete(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """DeleteEndpoint; its scalable targets go with it. Here it is gone at once."""
        with self.at(request["EndpointName"]) as endpoint:
            if endpoint.work is not None:
                raise ApiError(
                    "ValidationException", f'Cannot update in-progress endpoint "{endpoint.record.arn}".'
                )
            if components := self.attached(endpoint.record.name):
                raise ApiError(
                    "ValidationException",
                    f'Cannot delete endpoint "{endpoint.record.arn}" with inference components: '
                    f"{', '.join(components)}.",
                )
            endpoint.moment = self.watch.now()
            endpoint.become("Deleting")
            endpoint.close()
            del self.found[endpoint.record.name]
            self.shelf.remove(endpoint.record.name)
            for forget in self.gone:
                forget(endpoint.record.name)
        return {}

    def listing(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListEndpoints."""
        self.watch.settle()
        every = [described(one) for one in self.found.values()]
        found = selected(every, request, name="EndpointName", status="EndpointStatus")
        items, token = page(found, request)
        members = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")
        summaries = [{name: item[name] for name in members} for item in items]
        return {"Endpoints": summaries} | ({"NextToken": token} if token else {})

    def alarms(self, policy: Parameters, endpoint: Endpoint) -> list[str]:
        """Names of the alarms that send a deployment back, as the models' execution role sees them."""
        return self._plans.alarms(policy, endpoint)

    def maintain(self, name: str, seconds: float) -> None:
        """Let SageMaker do maintenance (status SystemUpdating) for so long."""
        with self.at(name) as endpoint:
            endpoint.refuse_unstable()
            endpoint.begin("SystemUpdating", iter([deployments.Pause(seconds)]), {})

    def close(self) -> None:
        """Stop every machine."""
        for endpoint in self.found.values():
            endpoint.close()

    def _settle(self, now: float) -> None:
        for endpoint in list(self.found.values()):
            endpoint.settle(now)

    def _observed(self, key: Key, start: float, end: float) -> Iterator[tuple[float, Values]]:
        endpoint = self.found.get(dict(key.dimensions).get("EndpointName", ""))
        if endpoint is not None:
            until = min(end, self.watch.now())
            yield from observations(endpoint.record.name, endpoint.segments, key, start, until)


def weighed(endpoint: Endpoint, wanted: list[Any]) -> Iterator[deployments.Pause]:
    """New weights in a moment, new instances in the time that provisioning takes."""
    fleet = endpoint.blue
    for one in wanted if fleet else ():
        variant = fleet.variants[one["VariantName"]] if fleet else None
        if variant is not None:
            variant.wished = one.get("DesiredWeight", variant.wished)
            variant.desired = one.get("DesiredInstanceCount", variant.desired)
    more = any("DesiredInstanceCount" in one for one in wanted)
    yield deployments.Pause(deployments.PROVISIONING if more else deployments.TERMINATION)
    for variant in fleet.variants.values() if fleet else ():
        variant.count, variant.weight = variant.desired, variant.wished
    endpoint.load()
