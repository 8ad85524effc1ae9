"""InvokeEndpoint: requests that a model really answers.

Runtime API reference, InvokeEndpoint; developer guide, "Test models with shadow variants".
"""

from typing import TYPE_CHECKING, Any

from rehearsal.api import ApiError, ApiRequest, Parameters
from rehearsal.cloudwatch import Key, Values
from rehearsal.sagemaker.async_invocations import AsyncInvocations
from rehearsal.sagemaker.behaviour import INVOCATIONS, MICROSECONDS, Behaviour
from rehearsal.sagemaker.capture import Exchange, keep
from rehearsal.sagemaker.component import Component
from rehearsal.sagemaker.component_rules import HEADER, NO_CAPACITY
from rehearsal.sagemaker.components import Components
from rehearsal.sagemaker.containers.serving import Response
from rehearsal.sagemaker.endpoint import Endpoint
from rehearsal.sagemaker.endpoints import Endpoints
from rehearsal.sagemaker.fleets import Fleet, Variant
from rehearsal.sagemaker.hosts import NotRunnableError

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

MOST_BYTES = 25 * 2**20
"""Largest payload of a real-time endpoint (SageMaker hosting FAQs); 4 MiB of a serverless one."""
SERVERLESS_BYTES = 4 * 2**20

Target = tuple[Fleet, Variant]


class Invocations:
    """Answers ``sagemaker-runtime``; registers itself with the emulator."""

    def __init__(self, emulator: "Emulator", endpoints: Endpoints, components: Components) -> None:
        self._emulator, self._endpoints, self._components = emulator, endpoints, components
        self._sent: dict[str, int] = {}
        emulator.register("sagemaker-runtime", self.handle)

    def handle(self, call: ApiRequest) -> Parameters:
        """Answer one call. Raises ApiError as the service does, and for what is not rehearsed."""
        if call.operation == "InvokeEndpointAsync":
            with self._endpoints.watch.locked():
                endpoint = self._found(call.parameters["EndpointName"])
            return AsyncInvocations(self._emulator).invoke(endpoint, call.parameters)
        if call.operation != "InvokeEndpoint":
            raise ApiError("UnknownOperationException", f"the rehearsal has no {call.operation}", 404)
        return self._invoke(call.parameters)

    def _found(self, name: str) -> Endpoint:
        """The endpoint as it is now. ApiError if there is none that has ever been in service."""
        self._endpoints.watch.settle()
        endpoint = self._endpoints.found.get(name)
        if endpoint is None or endpoint.blue is None:
            account = self._emulator.place.account
            raise ApiError("ValidationError", f"Endpoint {name} of account {account} not found.")
        return endpoint

    def _invoke(self, request: Parameters) -> Parameters:
        name, body = request["EndpointName"], _bytes(request.get("Body", b""))
        with self._endpoints.watch.locked():
            endpoint = self._found(name)
            if endpoint.blue is not None and endpoint.blue.asynchronous:
                raise ApiError(
                    "ValidationError", f"Endpoint {name} is asynchronous: use InvokeEndpointAsync."
                )
            number = self._sent[name] = self._sent.get(name, 0) + 1
            endpoint = self._answering(endpoint, request.get("InferenceComponentName"))
            fleet, variant = _chosen(endpoint, request.get("TargetVariant"), number)
            shadows = _mirrored(fleet, variant, number)
        _refuse_large(body, variant)
        answer = self._answered(endpoint, fleet, variant, request, body, number)
        for shadow in shadows:
            self._answered(endpoint, fleet, shadow, request, body, number)
        if answer.status >= 300:
            raise _model_error(name, answer)
        return {
            "Body": answer.body,
            "ContentType": answer.content_type,
            "InvokedProductionVariant": variant.name,
        }

    def _answering(self, endpoint: Endpoint, name: str | None) -> Endpoint:
        """The endpoint, or what is attached to it. ApiError for none of the name, or without a copy."""
        attached = self._components.of(endpoint.record.name)
        if name is None:
            if endpoint.blue and any("ModelName" not in one.config for one in endpoint.blue.production):
                raise ApiError("ValidationError", HEADER)
            return endpoint
        if name not in attached or self._components.found[name].blue is None:
            raise ApiError("ValidationError", f"Inference Component {name} not found.")
        component = self._components.found[name]
        if component.current == 0:
            component.count_failure()
            raise ApiError("ValidationError", NO_CAPACITY)
        return component

    def _answered(
        self,
        endpoint: Endpoint,
        fleet: Fleet,
        variant: Variant,
        request: Parameters,
        body: bytes,
        number: int,
    ) -> Response:
        """The variant's answer, observed and captured. How its version behaves is the rehearsal's choice."""
        kind, accept = request.get("ContentType", "application/json"), request.get("Accept", "*/*")
        share = endpoint.share if fleet is endpoint.green else 1 - endpoint.share
        behaviour = self._endpoints.behaviours.get(variant.subject, Behaviour())
        if _falls(behaviour.errors_at(share), number):
            answer = Response(500, b"the model failed", "text/plain")
        else:
            answer = self._of_model(endpoint, fleet, variant, body, kind, accept)
        self._observe(endpoint, fleet, variant, answer, behaviour)
        exchange = Exchange(endpoint.record.name, variant.name, body, kind, answer, number)
        host = endpoint.hosts.get((fleet.config, variant.name))
        if host is not None:
            keep(self._emulator, host.machine.principal, fleet.description, exchange)
        return answer

    def _of_model(
        self, endpoint: Endpoint, fleet: Fleet, variant: Variant, body: bytes, kind: str, accept: str
    ) -> Response:
        host = endpoint.hosts.get((fleet.config, variant.name))
        if host is None:
            return Response(503, b"the variant has no instances", "text/plain")
        try:
            return host.invoke(body, kind, accept)
        except NotRunnableError as error:
            return Response(500, str(error).encode(), "text/plain")

    def _observe(
        self, endpoint: Endpoint, fleet: Fleet, variant: Variant, answer: Response, behaviour: Behaviour
    ) -> None:
        """The metrics of one request, for both fleets together and for its own."""
        failed, refused = float(answer.status >= 500), float(300 <= answer.status < 500)
        values = {
            "Invocations": 1.0,
            "Invocation4XXErrors": refused,
            "Invocation5XXErrors": failed,
            "InvocationModelErrors": max(failed, refused),
            "ModelLatency": behaviour.latency_ms * MICROSECONDS,
            "OverheadLatency": 4 * MICROSECONDS,
        }
        plain = {("EndpointName", endpoint.record.name), ("VariantName", variant.name)}
        if isinstance(endpoint, Component):
            plain = {("InferenceComponentName", endpoint.record.name)}
        watch = self._endpoints.watch
        with watch.locked():
            for name, value in values.items():
                for dimensions in (plain, plain | {("EndpointConfigName", fleet.config)}):
                    key = Key(INVOCATIONS, name, frozenset(dimensions))
                    watch.metrics.put(key, watch.now(), Values([(value, 1.0)]))


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body)


def _chosen(endpoint: Endpoint, target: str | None, number: int) -> Target:
    """The variant that answers request ``number``: the one asked for, or by the shares of fleets and weights.

    A shadow variant cannot be asked for.
    """
    fleets = [(endpoint.blue, 1 - endpoint.share), (endpoint.green, endpoint.share)]
    possible = [
        (fleet, variant, share * part)
        for fleet, share in fleets
        if fleet is not None
        for variant, part in fleet.shares()
        if not variant.shadow and share > 0 and target in (None, variant.name)
    ]
    if not possible:
        raise ApiError("ValidationError", f"Variant {target} not found for Request")
    whole = sum(part for *_, part in possible) or 1.0
    place, seen = _spread(number) * whole, 0.0
    for fleet, variant, part in possible:
        seen += part
        if place < seen:
            return fleet, variant
    return possible[-1][:2]


def _mirrored(fleet: Fleet, variant: Variant, number: int) -> list[Variant]:
    parts = {one.name: part for one, part in fleet.shares()}
    return [one for one in fleet.shadows if not variant.shadow and _falls(parts[one.name], number)]


def _falls(share: float, number: int) -> bool:
    """Whether request ``number`` is among ``share`` of all requests."""
    return _spread(number) < share


def _spread(number: int) -> float:
    """A place between 0 and 1 for each number, all of them evenly spread: the golden ratio's multiples."""
    return number * 0.6180339887498949 % 1.0


def _refuse_large(body: bytes, variant: Variant) -> None:
    limit = SERVERLESS_BYTES if variant.serverless else MOST_BYTES
    if len(body) > limit:
        raise ApiError("ValidationError", f"Request body exceeds the limit of {limit} bytes.", 413)


def _model_error(name: str, answer: Response) -> ApiError:
    told = answer.body.decode("utf-8", "replace")[:800]
    kind = "server" if answer.status >= 500 else "client"
    return ApiError(
        "ModelError",
        f'Received {kind} error ({answer.status}) from primary with message "{told}". See the log group '
        f"/aws/sagemaker/Endpoints/{name} for more information.",
        424,
    )
