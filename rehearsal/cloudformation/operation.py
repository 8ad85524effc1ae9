"""One creation or update of a stack: every resource in order, and the way back when one fails."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.api import ApiError
from rehearsal.cloudformation.intrinsics import Scope, TemplateError
from rehearsal.cloudformation.order import creation_order
from rehearsal.cloudformation.providers.base import Provider, ResourceError, Wanted
from rehearsal.cloudformation.schemas import Properties, ResourceType, resource_type
from rehearsal.cloudformation.stack import Resource, Stack

FAILURES = (ApiError, BotoCoreError, ClientError, ResourceError, TemplateError)
"""What fails a resource, and with it the stack. Anything else is a fault of the rehearsal."""

Undo = Callable[[], None]


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
    _undo: list[tuple[str, Undo]] = field(default_factory=list)
    _replaced: list[Resource] = field(default_factory=list)

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
        verb = "UPDATE" if self.stack.resources else "CREATE"
        current = ""
        try:
            wanted = {k: r for k, r in self.declared.items() if self._exists(r)}
            for current in creation_order(wanted):
                self.now[current] = self._settle(current, wanted[current])
        except FAILURES as error:
            kind = self.declared.get(current, {}).get("Type", "")
            self.stack.tell(current, kind, f"{verb}_FAILED", reason=str(error))
            raise StackError(f"{current} ({kind}): {error}" if current else str(error)) from error

    def roll_back(self) -> list[str]:
        """Undo what was done, last first; what could not be undone, one line each."""
        problems = []
        for logical_id, undo in reversed(self._undo):
            try:
                undo()
            except FAILURES as error:
                problems.append(f"{logical_id}: {error}")
        return problems

    def clean_up(self) -> None:
        """Delete what the template no longer has and what was replaced, last made first, unless retained."""
        gone = [old for key, old in self.stack.resources.items() if key not in self.now]
        for old in reversed(gone):
            self._discard(old, old.deletion_policy)
        for old in reversed(self._replaced):
            self._discard(old, old.replace_policy)

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
        old = self.stack.resources.get(logical_id)
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
        provider, wanted = self._asked(fresh)
        self.stack.tell(fresh.logical_id, fresh.type, "CREATE_IN_PROGRESS")
        made = provider.create(wanted)
        new = replace(fresh, physical_id=made.ref, attributes=made.attributes, handle=made.handle)
        self._undo.append((new.logical_id, lambda: self._uncreate(new)))
        self.stack.tell(new.logical_id, new.type, "CREATE_COMPLETE", physical_id=new.physical_id)
        return new

    def _update(self, fresh: Resource, old: Resource) -> Resource:
        provider, wanted = self._asked(replace(fresh, attempt=old.attempt))
        self.stack.tell(old.logical_id, old.type, "UPDATE_IN_PROGRESS", physical_id=old.physical_id)
        _, before = self._asked(old)
        made = provider.update(wanted, old)
        new = replace(
            fresh,
            physical_id=made.ref,
            attributes=made.attributes,
            handle=made.handle,
            attempt=old.attempt,
        )
        self._undo.append((old.logical_id, lambda: _ignore(provider.update(before, new))))
        self.stack.tell(old.logical_id, old.type, "UPDATE_COMPLETE", physical_id=new.physical_id)
        return new

    def _replace(self, kind: ResourceType, fresh: Resource, old: Resource) -> Resource:
        names = [old.properties.get(name) for name in kind.names]
        if names and all(names) and names == [fresh.properties.get(name) for name in kind.names]:
            raise ResourceError(
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {'|'.join(map(str, names))} and update the stack again."
            )
        new = self._create(replace(fresh, attempt=old.attempt + 1))
        self._replaced.append(old)
        return new

    def _asked(self, resource: Resource) -> tuple[Provider, Wanted]:
        name = self.stack.generated_name(resource.logical_id, resource.attempt)
        wanted = Wanted(self.stack, resource.logical_id, resource.type, resource.properties, name)
        return self.provider_of(resource.type), wanted

    def _uncreate(self, new: Resource) -> None:
        """What a failed creation leaves: resources to be retained stay, as in AWS."""
        if new.deletion_policy == "Retain" and not self.stack.resources:
            self.stack.tell(new.logical_id, new.type, "DELETE_SKIPPED", physical_id=new.physical_id)
            return
        self.provider_of(new.type).delete(new)
        self.stack.tell(new.logical_id, new.type, "DELETE_COMPLETE", physical_id=new.physical_id)

    def _discard(self, old: Resource, policy: str) -> None:
        told = {"physical_id": old.physical_id}
        if policy.startswith("Retain"):
            self.stack.tell(old.logical_id, old.type, "DELETE_SKIPPED", **told)
            return
        try:
            self.provider_of(old.type).delete(old)
        except FAILURES as error:  # the update stands: CloudFormation, too, leaves such a resource behind
            self.stack.tell(old.logical_id, old.type, "DELETE_FAILED", reason=str(error), **told)
        else:
            self.stack.tell(old.logical_id, old.type, "DELETE_COMPLETE", **told)


def outputs(template: Mapping[str, Any], scope: Scope) -> Iterator[tuple[str, str, str | None]]:
    """Name, value and name of the export of every output whose condition holds. Raises TemplateError."""
    for name, output in template.get("Outputs", {}).items():
        if "Condition" not in output or scope.holds(output["Condition"]):
            export = output.get("Export", {}).get("Name")
            yield name, str(scope.resolve(output["Value"])), scope.resolve(export)


def _ignore(_: object) -> None:
    """An undo has nothing to answer."""
