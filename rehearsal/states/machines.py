"""State machines as the service keeps them, and what their roles need when they are made."""

import datetime
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.api import ApiError, Principal
from rehearsal.emulator import Emulator
from rehearsal.states import definition
from rehearsal.states.integrations import registry
from rehearsal.states.integrations.sagemaker_jobs import KINDS, managed_rule
from rehearsal.states.resource import parse
from rehearsal.states.run import Machine

NAME = re.compile(r"[A-Za-z0-9_\-]{1,80}")

LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
"""The guide, "Using CloudWatch Logs to log execution history": what a role needs on all resources."""

TRACING = (
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
)
"""The guide, "Trace Step Functions request data in AWS X-Ray": the role's permissions, on all resources."""

MANAGED_RULE = ("events:PutTargets", "events:PutRule", "events:DescribeRule")
"""The guide, "IAM policies for calling Amazon SageMaker AI": per managed rule."""

MANAGER = {"events:ManagedBy": "states.amazonaws.com"}
MANAGING = {"events:PutTargets", "events:PutRule"}
"""Actions that carry events:ManagedBy (Service Authorization Reference, Amazon EventBridge)."""


def machine(
    emulator: Emulator, parameters: Mapping[str, Any], arn: str, before: Machine | None = None
) -> Machine:
    """The machine a Create or Update describes, checked as the service does.

    Raises ApiError InvalidDefinition, InvalidName, or AccessDeniedException when the role cannot be assumed
    or lacks what logging, tracing and waiting for jobs take.
    """
    text = str(parameters.get("definition") or (before.text if before else ""))
    now = datetime.datetime.now(datetime.UTC)
    made = Machine(
        arn=arn,
        name=arn.rsplit(":", 1)[1],
        role_arn=str(parameters.get("roleArn") or (before.role_arn if before else "")),
        definition=definition.read(text, registry.problem),
        text=text,
        created=before.created if before else now,
        updated=now,
        logging=dict(parameters.get("loggingConfiguration") or (before.logging if before else {})),
        tracing=dict(parameters.get("tracingConfiguration") or (before.tracing if before else {})),
        kind=str(parameters.get("type") or (before.kind if before else "STANDARD")),
        revision=str(uuid.uuid4()) if before else None,
    )
    if made.kind != "STANDARD":
        raise ApiError("StateMachineTypeNotSupported", "only STANDARD state machines are rehearsed")
    _permissions(emulator, made)
    return made


def checked_name(name: str, error: str = "InvalidName") -> str:
    """A name of a state machine or execution: 1 to 80 letters, digits, ``-`` and ``_``."""
    if not NAME.fullmatch(name):
        raise ApiError(error, f"Invalid Name: '{name}'")
    return name


def _permissions(emulator: Emulator, made: Machine) -> None:
    principal = emulator.assume(made.role_arn, "states.amazonaws.com", source_arn=made.arn)
    if made.logging.get("level", "OFF") != "OFF":
        _judge(emulator, principal, [(action, "*") for action in LOG_DELIVERY], "access the Log Destination")
    if made.tracing.get("enabled"):
        _judge(emulator, principal, [(action, "*") for action in TRACING], "send traces to X-Ray")
    for kind in sorted(_waited_for(made.definition)):
        rule = emulator.place.arn("events", f"rule/{managed_rule(KINDS[kind])}")
        _judge(emulator, principal, [(action, rule) for action in MANAGED_RULE], "create managed-rule")


def _judge(emulator: Emulator, principal: Principal, calls: list[tuple[str, str]], purpose: str) -> None:
    for action, resource in calls:
        try:
            emulator.judge(principal, action, resource, MANAGER if action in MANAGING else None)
        except ApiError as refused:
            message = f"'{principal.arn}' is not authorized to {purpose}: {refused.message}"
            raise ApiError("AccessDeniedException", message) from refused


def _waited_for(scope: Mapping[str, Any]) -> set[str]:
    """Kinds of SageMaker jobs that the definition waits for."""
    resources = (parse(str(state.get("Resource"))) for state in _states(scope))
    return {
        found.action
        for found in resources
        if found and found.service == "sagemaker" and found.pattern == "sync"
    }


def _states(scope: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for state in scope.get("States", {}).values():
        yield state
        for inner in (*state.get("Branches", ()), state.get("ItemProcessor", {})):
            yield from _states(inner)
