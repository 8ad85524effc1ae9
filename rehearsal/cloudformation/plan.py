"""What an update would do to each resource, as a change set tells it before anything is done.

API reference, ResourceChange and ResourceChangeDetail: a property that follows the template and parameters
alone changes statically; one that follows another resource, which is itself to be made or replaced, changes
dynamically, so that its value is not known yet. A replacement for a static change is certain (True), for a
dynamic one Conditional.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.cloudformation.intrinsics import Scope, TemplateError
from rehearsal.cloudformation.order import creation_order
from rehearsal.cloudformation.outputs import outputs
from rehearsal.cloudformation.schemas import Properties, ResourceType, resource_type
from rehearsal.cloudformation.stack import Resource, Stack

POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")


@dataclass
class Plan:
    """``scope_with`` makes the scope of the template's functions for a way to answer attributes."""

    stack: Stack
    template: Mapping[str, Any]
    scope_with: Callable[[Callable[[str, str | None], Any]], Scope]
    _unknown: set[str] = field(default_factory=set)

    def changes(self) -> list[dict[str, Any]]:
        """What happens to each resource, in order. Raises TemplateError."""
        declared, known, foreseen = self.template.get("Resources", {}), self._known(), self._foreseen()
        wanted = {
            key: resource
            for key, resource in declared.items()
            if "Condition" not in resource or known.holds(resource["Condition"])
        }
        found = []
        for logical_id in creation_order(wanted):
            if change := self._change(logical_id, wanted[logical_id], known, foreseen):
                found.append(change)
        gone = [old for key, old in self.stack.resources.items() if key not in wanted]
        return found + [_told("Remove", old, PolicyAction=_policy(old.deletion_policy)) for old in gone]

    def outputs(self) -> dict[str, str]:
        """The outputs there would be, as far as they are known. Raises TemplateError."""
        return {name: value for name, value, _ in outputs(self.template, self._foreseen())}

    def _change(
        self, logical_id: str, declared: Mapping[str, Any], known: Scope, foreseen: Scope
    ) -> dict[str, Any] | None:
        said, kind = declared.get("Properties", {}), declared["Type"]
        old, checked = self.stack.resources.get(logical_id), self._type(kind)
        if old is None:
            self._unknown.add(logical_id)
            return _told("Add", Resource(logical_id, kind, {}, physical_id="", attributes={}))
        static, dynamic = known.resolve(said), foreseen.resolve(said)
        policies = [declared.get(name, "Delete") for name in POLICIES]
        if dynamic == old.properties:
            changed = policies != [old.deletion_policy, old.replace_policy]
            told: dict[str, Any] = {"Scope": list(POLICIES), "Replacement": "False"}
            return _told("Modify", old, **told) if changed else None
        replacement = _replacement(checked, old.properties, static, dynamic)
        if replacement != "False":
            self._unknown.add(logical_id)
        details = list(_details(checked, old.properties, static, dynamic))
        more: dict[str, Any] = {"Scope": ["Properties"], "Replacement": replacement, "Details": details}
        if replacement == "True":
            more["PolicyAction"] = f"ReplaceAnd{_policy(policies[1])}"
        return _told("Modify", old, **more)

    def _known(self) -> Scope:
        """The scope in which every resource is what it was."""
        return self.scope_with(self._before)

    def _foreseen(self) -> Scope:
        """The scope in which what is to be made or replaced is not known yet."""

        def attribute(logical_id: str, name: str | None) -> Any:
            if logical_id in self._unknown or logical_id not in self.stack.resources:
                return f"{{{{changing:{logical_id}.{name or 'Ref'}}}}}"
            return self._before(logical_id, name)

        return self.scope_with(attribute)

    def _before(self, logical_id: str, name: str | None) -> Any:
        old = self.stack.resources.get(logical_id)
        if old is None:
            return f"{{{{changing:{logical_id}.{name or 'Ref'}}}}}"
        return old.physical_id if name is None else old.attributes.get(name, "{{changing}}")

    def _type(self, kind: str) -> ResourceType:
        region = self._known().place.region
        if (found := resource_type(kind, region)) is None:
            raise TemplateError(f"Unrecognized resource types: [{kind}] in {region}")
        return found


def _told(action: str, resource: Resource, **more: Any) -> dict[str, Any]:
    change = {
        "Action": action,
        "LogicalResourceId": resource.logical_id,
        "ResourceType": resource.type,
        **({"PhysicalResourceId": resource.physical_id} if resource.physical_id else {}),
        **more,
    }
    return {"Type": "Resource", "ResourceChange": change}


def _policy(policy: str) -> str:
    return "Retain" if policy.startswith("Retain") else policy


def _replacement(kind: ResourceType, old: Properties, static: Properties, dynamic: Properties) -> str:
    if kind.replaced_by(old, static):
        return "True"
    return "Conditional" if kind.replaced_by(old, dynamic) else "False"


def _details(
    kind: ResourceType, old: Properties, static: Properties, dynamic: Properties
) -> Iterator[dict[str, Any]]:
    """One entry for each property that changes: how sure it is, and whether it recreates the resource."""
    for name in sorted({*old, *dynamic}):
        if old.get(name) == dynamic.get(name):
            continue
        sure = old.get(name) != static.get(name)
        recreates = kind.replaced_by({name: old.get(name)}, {name: dynamic.get(name)})
        target = {
            "Attribute": "Properties",
            "Name": name,
            "RequiresRecreation": "Always" if recreates else "Never",
        }
        yield {
            "Target": target,
            "Evaluation": "Static" if sure else "Dynamic",
            "ChangeSource": "DirectModification" if sure else "ResourceReference",
        }
