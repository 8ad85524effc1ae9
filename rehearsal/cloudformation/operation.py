"""One creation or update of a stack: every resource in order, and the way back when one fails."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rehearsal.cloudformation import stack_policy
from rehearsal.cloudformation.intrinsics import Scope, TemplateError
from rehearsal.cloudformation.order import creation_order
from rehearsal.cloudformation.providers.base import Provider, ResourceError, UntouchedError
from rehearsal.cloudformation.schemas import Properties, ResourceType, resource_type
from rehearsal.cloudformation.stack import Resource, Stack
from rehearsal.cloudformation.trail import FAILURES, Trail, as_made

REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."
"""How CloudFormation's events tell of a replacement."""


class StackError(Exception):
    """A stack that was rolled back, refused, or could not be deleted."""


@dataclass
class Operation:
    """Brings ``stack`` to what ``declared`` says; ``declared`` are the template's resources."""

    stack: Stack
    declared: Mapping[str, Mapping[str, Any]]
    scope: Scope
    provider_of: Callable[[str], Provider]
    now: dict[str, Resource] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.before = dict(self.stack.resources)
        self.trail = Trail(self.stack, self.provider_of)

    def attribute(self, logical_id: str, name: str | None) -> Any:
        """``Fn::GetAtt`` of a resource already settled, or its ``Ref``. Raises TemplateError."""
        if logical_id not in self.now:
            raise TemplateError(f"Unresolved resource dependencies [{logical_id}] in the template")
        found = self.now[logical_id]
        if name is None:
            return found.physical_id
        if name not in found.attributes:
            raise TemplateError(f"Requested attribute {name} does not exist in schema for {found.type}")
        return found.attributes[name]

    def run(self) -> None:
        """Settle every resource. Raises StackError after the way back."""
        current = ""
        try:
            wanted = {k: r for k, r in self.declared.items() if self._exists(r)}
            for current in [key for key in self.before if key not in wanted]:
                self._permitted("Update:Delete", self.before[current])
            for current in creation_order(wanted):
                self.now[current] = self._settle(current, wanted[current])
        except FAILURES as error:
            kind = self.declared.get(current, {}).get("Type", "")
            verb = "UPDATE" if current in self.before else "CREATE"
            self.stack.tell(current, kind, f"{verb}_FAILED", reason=str(error))
            raise StackError(f"{current} ({kind}): {error}" if current else str(error)) from error

    def _exists(self, resource: Mapping[str, Any]) -> bool:
        return "Condition" not in resource or self.scope.holds(resource["Condition"])

    def _settle(self, logical_id: str, declared: Mapping[str, Any]) -> Resource:
        kind, properties = declared["Type"], self.scope.resolve(declared.get("Properties", {}))
        checked = self._checked(kind, properties)
        fresh = Resource(
            logical_id,
            kind,
            properties,
            physical_id="",
            attributes={},
            deletion_policy=declared.get("DeletionPolicy", "Delete"),
            replace_policy=declared.get("UpdateReplacePolicy", "Delete"),
        )
        old = self.before.get(logical_id)
        if old is None:
            return self._create(fresh)
        if old.type != kind:
            raise TemplateError(f"Update of resource type is not permitted: it is an {old.type}")
        if old.properties == properties:
            return replace(old, deletion_policy=fresh.deletion_policy, replace_policy=fresh.replace_policy)
        if checked.replaced_by(old.properties, properties):
            return self._replace(checked, fresh, old)
        return self._update(fresh, old)

    def _checked(self, kind: str, properties: Properties) -> ResourceType:
        region = self.scope.place.region
        found = resource_type(kind, region)
        if found is None:
            raise TemplateError(f"Unrecognized resource types: [{kind}] in {region}")
        if problems := found.problems(properties):
            raise ResourceError("Properties validation failed: " + "; ".join(problems[:5]))
        return found

    def _create(self, fresh: Resource) -> Resource:
        fresh = replace(fresh, attempt=self.stack.next_attempt(fresh.logical_id))
        provider, wanted = self.trail.asked(fresh)
        again = fresh.logical_id in self.before
        verb, why = ("UPDATE", REPLACING) if again else ("CREATE", "")
        self.stack.tell(fresh.logical_id, fresh.type, f"{verb}_IN_PROGRESS", reason=why)
        try:
            made = provider.create(wanted)
        except ResourceError as error:
            if error.left:
                self.trail.created.append(as_made(fresh, error.left))
            raise
        new = as_made(fresh, made)
        self.trail.created.append(new)
        self.stack.tell(new.logical_id, new.type, f"{verb}_COMPLETE", physical_id=new.physical_id)
        return new

    def _update(self, fresh: Resource, old: Resource) -> Resource:
        self._permitted("Update:Modify", old)
        provider, wanted = self.trail.asked(replace(fresh, attempt=old.attempt))
        self.stack.tell(old.logical_id, old.type, "UPDATE_IN_PROGRESS", physical_id=old.physical_id)
        try:
            made = provider.update(wanted, old)
        except UntouchedError:
            raise
        except FAILURES:
            self.trail.changed.append((replace(old, properties=fresh.properties), old))
            raise
        new = as_made(replace(fresh, attempt=old.attempt), made)
        self.trail.changed.append((new, old))
        self.stack.tell(old.logical_id, old.type, "UPDATE_COMPLETE", physical_id=new.physical_id)
        return new

    def _replace(self, kind: ResourceType, fresh: Resource, old: Resource) -> Resource:
        self._permitted("Update:Replace", old)
        names = [old.properties.get(name) for name in kind.names]
        if names and all(names) and names == [fresh.properties.get(name) for name in kind.names]:
            raise ResourceError(
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {'|'.join(map(str, names))} and update the stack again."
            )
        new = self._create(fresh)
        self.trail.replaced.append(old)
        return new

    def _permitted(self, action: str, old: Resource) -> None:
        """Whether the stack policy lets a resource be updated so. Raises UntouchedError."""
        if denial := stack_policy.denial(self.stack.policy, action, old.logical_id, old.type):
            raise UntouchedError(denial)
