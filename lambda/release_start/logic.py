"""What an event means for the releases of an environment: which execution to start, under which name.

An event is only a hint. It may come twice, late or out of order, and its content is believed for nothing but
the name of the model and the version: the release reads everything else itself.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

APPROVALS = ("aws.sagemaker", "SageMaker Model Package State Change")
EXECUTIONS = ("aws.states", "Step Functions Execution Status Change")
RELEASES = "Model Release"
"""Source and detail type of what is heard; that of releases names the environment they happened in."""

DEAD = ("FAILED", "TIMED_OUT", "ABORTED")
"""Statuses of executions that ended without having said so themselves, or may have."""

IN_ORDER = ("Refused", "Rejected", "RolledBack", "Reverted", "Stopped")
"""What follows SAYS in the errors with which an execution says that it ended, recorded and at rest."""

SAYS = ("Release", "Lifecycle")
"""How these errors begin: of workflows that release, and of the one that pauses."""

BRINGS = ("release", "ab_test")
"""Workflows by which a version comes to serve that goes on to the next environment."""

RECOVERS = "recover-"
"""How the names of executions begin that bring a dead one's affairs in order."""

_TAKEN_UP = "(?:release|rollback|ab-test|lifecycle)"
_MODEL = r"(?P<model>[a-z0-9](?:-?[a-z0-9])*)"


class MalformedEventError(ValueError):
    """Not an event that any rule of the platform would send; the message says what is wrong."""


@dataclass(frozen=True)
class Here:
    """One environment: how the ARNs of its state machines and of the registry's versions begin.

    ``machines`` ends in ``stateMachine:<prefix>-<environment>-``, ``versions`` in
    ``model-package/<prefix>-<registry>-``. ``before`` is the source of releases of the environment before
    this one, or empty: then approvals start releases. ``served`` is the metadata that marks a version which
    served here.
    """

    machines: str
    versions: str
    before: str
    served: str


@dataclass(frozen=True)
class Start:
    """An execution to start. Events of the same meaning give the same one."""

    machine: str
    name: str
    content: str
    """The input, JSON of sorted keys: starting the same execution with another input were a conflict."""


@dataclass(frozen=True)
class Ignored:
    """An event that starts nothing, and why."""

    reason: str


def decide(body: str, here: Here) -> Start | Ignored:
    """Return what the event in ``body`` starts. Raises MalformedEventError unless it is one we know."""
    event = _parsed(body)
    kind = _text(event, "source"), _text(event, "detail-type")
    detail = event.get("detail")
    if not isinstance(detail, dict):
        raise MalformedEventError("the event has no object detail")
    if kind == APPROVALS:
        return _approved(detail, here)
    if here.before and kind == (here.before, RELEASES):
        return _released(detail, here)
    if kind == EXECUTIONS:
        return _ended(detail, here)
    raise MalformedEventError(f"no rule sends events of {kind[0]!r}, {kind[1]!r}")


def _parsed(body: str) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedEventError(f"not JSON: {error}") from error
    if not isinstance(event, dict):
        raise MalformedEventError("not a JSON object")
    return event


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    if not isinstance(value, str) or not value:
        raise MalformedEventError(f"{key} is missing or no text")
    return value


def _approved(detail: Mapping[str, Any], here: Here) -> Start | Ignored:
    """An approval; every later change of an approved version looks the same and starts nothing twice.

    The moment of the change is part of its meaning, so that a version which was rejected and is approved
    again is offered again. What the release itself notes on a version that served is told by its metadata.
    """
    version = _text(detail, "ModelPackageArn")
    model = _model_of(version, here)
    status = _text(detail, "ModelApprovalStatus")
    if here.before:
        return Ignored("approvals start nothing here: a version has to serve in the environment before")
    if status != "Approved":
        return Ignored(f"{version} is {status}")
    metadata = detail.get("CustomerMetadataProperties")
    if isinstance(metadata, dict) and here.served in metadata:
        return Ignored(f"{version} has served here already; `make release` releases it again")
    return _release(model, version, "approved", json.dumps(detail.get("LastModifiedTime")), here)


def _released(detail: Mapping[str, Any], here: Here) -> Start | Ignored:
    """A version that serves, verified, in the environment before this one."""
    version = _text(detail, "ModelPackageArn")
    model = _model_of(version, here)
    if _text(detail, "Model") != model:
        raise MalformedEventError(f"{version} is no version of the model the event names")
    outcome, workflow = _text(detail, "Outcome"), _text(detail, "Workflow")
    if outcome != "released" or workflow not in BRINGS:
        return Ignored(f"{workflow} of {version} ended as {outcome} in the environment before")
    return _release(model, version, "served", _text(detail, "ReleaseId"), here)


def _model_of(version: str, here: Here) -> str:
    """The model a version of the registry belongs to."""
    found = re.fullmatch(rf"{re.escape(here.versions)}{_MODEL}/[1-9]\d{{0,9}}", version)
    if found is None:
        raise MalformedEventError(f"{version[:200]!r} is no version of this environment's registry")
    return found["model"]


def _release(model: str, version: str, what: str, moment: str, here: Here) -> Start:
    number = version.rpartition("/")[2]
    name = f"{what}-v{number}-{_digest(model, version, what, moment)}"
    return Start(_machine(model, here), name, _written({"model_package_arn": version}))


def _ended(detail: Mapping[str, Any], here: Here) -> Start | Ignored:
    """A workflow that may have died: a release takes over what it held, or finds it in order.

    One that was started to take over is not taken over in turn: people are told, and the next release is.
    """
    arn, status = _text(detail, "executionArn"), _text(detail, "status")
    executions = here.machines.replace(":stateMachine:", ":execution:")
    found = re.fullmatch(rf"{re.escape(executions)}{_MODEL}-{_TAKEN_UP}:(?P<name>[\w.-]{{1,80}})", arn)
    if found is None:
        raise MalformedEventError(f"{arn[:200]!r} is no workflow of this environment that releases")
    if status not in DEAD:
        return Ignored(f"{arn} is {status}")
    if found["name"].startswith(RECOVERS):
        return Ignored(f"{arn} was itself to recover another one; people look after it")
    if (error := detail.get("error")) in [f"{what}{outcome}" for what in SAYS for outcome in IN_ORDER]:
        return Ignored(f"{arn} ended in order: {error}")
    model = found["model"]
    return Start(
        _machine(model, here), f"{RECOVERS}{_digest(model, arn, 'recover')}", _written({"recover": arn})
    )


def _machine(model: str, here: Here) -> str:
    return f"{here.machines}{model}-release"


def _digest(*parts: str) -> str:
    """32 characters of a-f and 0-9; a name of an execution has at most 80, and is known for 90 days."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _written(content: Mapping[str, str]) -> str:
    return json.dumps(content, sort_keys=True)
