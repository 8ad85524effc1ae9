"""What is there now: the stack, the endpoint and the ledger, read together and compared."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from release import records
from release.identifiers import NONE
from release.ports import EndpointState, Record, StackState, World

PRODUCTION, SHADOW, CHALLENGER = "production", "shadow", "challenger"
WAY_BACK_FAILED = "UPDATE_ROLLBACK_FAILED"
CHANGING = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
"""States of an endpoint that pass by themselves."""
PROTECTED = ("Update:Delete", "Update:Replace")


@dataclass(frozen=True)
class Situation:
    """``live`` is what the ledger says serves, or would serve, None while nothing was released; ``paused``
    that its model is to have no endpoint, None if it is to have one."""

    stack: StackState
    endpoint: EndpointState | None
    live: Record | None
    paused: Record | None = None

    @property
    def busy(self) -> bool:
        """Whether CloudFormation works on the stack, clean-up included: it takes no update then."""
        return self.stack.status.endswith("_IN_PROGRESS")

    @property
    def stuck(self) -> bool:
        """Whether the way back of an update failed."""
        return self.stack.status == WAY_BACK_FAILED

    @property
    def moving(self) -> bool:
        """Whether the endpoint changes by itself, as for an action of autoscaling."""
        return self.endpoint is not None and (self.endpoint.pending or self.endpoint.status in CHANGING)

    @property
    def production(self) -> str:
        """Package that the stack declares to serve, or ``none``: so it does of a model that is paused."""
        return NONE if self.off else self.stack.parameters.get("ProductionModelPackageArn", NONE)

    @property
    def off(self) -> bool:
        """Whether the stack declares that the model is paused."""
        return self.stack.parameters.get("Paused") == "true"

    @property
    def at_rest(self) -> bool:
        """Whether everything is as the ledger says: what is recorded to serve does so alone, or the model is
        paused and has no endpoint."""
        if self.paused is not None:
            return self.off and self.endpoint is None
        return self.production == self.served and self.alone and not self.differences()

    @property
    def shadow(self) -> str:
        """Package that the stack declares to be the shadow, or ``none``."""
        return self.stack.parameters.get("ShadowModelPackageArn", NONE)

    @property
    def challenger(self) -> str:
        """Package that the stack declares to answer part of the requests beside production, or ``none``."""
        return self.stack.parameters.get("ChallengerModelPackageArn", NONE)

    @property
    def alone(self) -> bool:
        """Whether the stack declares nothing beside production."""
        return self.shadow == NONE and self.challenger == NONE

    @property
    def promoting(self) -> bool:
        """Whether an update under way moves traffic to something else than what is recorded to serve, guarded
        by alarms: one that can be stopped."""
        guarded = self.stack.parameters.get("RolloutMode") == "guarded"
        return self.busy and guarded and self.production != self.served

    @property
    def served(self) -> str:
        """Package that is recorded to serve, or ``none``."""
        return str(self.live["package"]) if self.live else NONE

    def differences(self) -> list[str]:
        """Where what serves differs from what the stack declares, in words; nothing if they are the same."""
        return list(self._differences())

    def _differences(self) -> Iterator[str]:
        endpoint = self.endpoint
        if endpoint is None:
            if self.production != NONE:
                yield "there is no endpoint"
            return
        if self.off:
            yield "the endpoint is still there, and the stack declares its model to be paused"
            return
        if endpoint.status != "InService" or endpoint.pending:
            yield f"the endpoint is {endpoint.status}{': ' * bool(endpoint.reason)}{endpoint.reason}"
        declared = self.stack.outputs.get("LiveEndpointConfigName", "")
        if endpoint.config != declared:
            yield f"the endpoint has configuration {endpoint.config}, the stack declares {declared or NONE}"
        model = self.stack.outputs.get("LiveModelName", "")
        if endpoint.model != model:
            yield f"the component has model {endpoint.model or NONE}, the stack declares {model or NONE}"
        declared_of = {PRODUCTION: self.production, SHADOW: self.shadow, CHALLENGER: self.challenger}
        for variant, wanted in declared_of.items():
            found = endpoint.packages.get(variant, NONE)
            if found != wanted:
                yield f"variant {variant} serves {found}, the stack declares {wanted}"


ANSWERING = {"Endpoint": "the endpoint", "InferenceComponent": "the inference component"}
"""Logical ids of what callers call, and what it is; a stack without copies of models has no component."""


class StackMissing(Exception):
    """There is no Serving stack of the model; deploy it first."""


def look(world: World) -> Situation:
    """Read everything. Raises StackMissing."""
    stack = world.stack.describe()
    if stack is None:
        raise StackMissing("the model's Serving stack does not exist")
    ledger = world.ledger
    return Situation(stack, world.endpoint.describe(), ledger.read(records.LIVE), ledger.read(records.PAUSED))


def denies_loss(policy: str | None, logical_id: str = "Endpoint") -> bool:
    """Whether a stack policy keeps every update from deleting or replacing a resource."""
    statements: list[Mapping[str, Any]] = json.loads(policy)["Statement"] if policy else []
    denied = {
        action
        for statement in statements
        if statement.get("Effect") == "Deny" and not statement.get("Condition")
        if {"*", f"LogicalResourceId/{logical_id}"} & set(_listed(statement.get("Resource")))
        for action in _listed(statement.get("Action"))
    }
    return bool({"*", "Update:*"} & denied) or set(PROTECTED) <= denied


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())
