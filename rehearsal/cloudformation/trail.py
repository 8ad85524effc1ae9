"""What an update has done so far: the way back, and what is left to be tidied up after it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.api import ApiError
from rehearsal.cloudformation.intrinsics import TemplateError
from rehearsal.cloudformation.providers.base import Made, Provider, ResourceError, Wanted
from rehearsal.cloudformation.stack import Resource, Stack

FAILURES = (ApiError, BotoCoreError, ClientError, ResourceError, TemplateError)
"""What fails a resource, and with it the stack. Anything else is a fault of the rehearsal."""


@dataclass
class Trail:
    """Of one update of ``stack``. ``changed`` are resources as they are now and as they were, ``created`` the
    new ones, ``replaced`` the former ones of those that were replaced.
    """

    stack: Stack
    provider_of: Callable[[str], Provider]
    changed: list[tuple[Resource, Resource]] = field(default_factory=list)
    created: list[Resource] = field(default_factory=list)
    replaced: list[Resource] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.before = dict(self.stack.resources)

    def asked(self, resource: Resource) -> tuple[Provider, Wanted]:
        """Who makes a resource, and what it is asked for."""
        name = self.stack.generated_name(resource.logical_id, resource.attempt)
        wanted = Wanted(self.stack, resource.logical_id, resource.type, resource.properties, name)
        return self.provider_of(resource.type), wanted

    def roll_back(self, skip: Collection[str] = ()) -> list[str]:
        """Give every changed resource its former properties, last changed first; problems, one line each.

        What cannot be changed back is tried again by the next call, as by ContinueUpdateRollback. ``skip``
        are logical ids of resources to be taken for done.
        """
        changed, self.changed, problems = self.changed, [], []
        for new, old in reversed(changed):
            told = {"physical_id": old.physical_id}
            self.stack.tell(old.logical_id, old.type, "UPDATE_IN_PROGRESS", **told)
            try:
                if old.logical_id not in skip:
                    provider, before = self.asked(old)
                    provider.update(before, new)
            except FAILURES as error:
                self.changed.insert(0, (new, old))
                problems.append(f"{old.logical_id}: {error}")
                self.stack.tell(old.logical_id, old.type, "UPDATE_FAILED", reason=str(error), **told)
            else:
                self.stack.tell(old.logical_id, old.type, "UPDATE_COMPLETE", **told)
        return problems

    def remove_created(self) -> list[str]:
        """Delete what was created, last first; what could not be deleted, one line each."""
        problems = []
        for new in reversed(self.created):
            try:
                self._uncreate(new)
            except FAILURES as error:
                problems.append(f"{new.logical_id}: {error}")
                told = {"physical_id": new.physical_id, "reason": str(error)}
                self.stack.tell(new.logical_id, new.type, "DELETE_FAILED", **told)
        self.created = []
        return problems

    def clean_up(self, now: Collection[str]) -> None:
        """Delete what the template no longer has and what was replaced, last made first, unless retained."""
        gone = [old for key, old in self.before.items() if key not in now]
        for old in reversed(gone):
            self._discard(old, old.deletion_policy)
        for old in reversed(self.replaced):
            self._discard(old, old.replace_policy)

    def _uncreate(self, new: Resource) -> None:
        """What a failed creation leaves: resources to be retained stay, as in AWS.

        The User Guide, "DeletionPolicy attribute": only RetainExceptOnCreate deletes them when the operation
        that created them is rolled back. A replacement is not the resource's creation.
        """
        if new.deletion_policy == "Retain" and new.logical_id not in self.before:
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


def as_made(fresh: Resource, made: Made) -> Resource:
    """The resource as its provider made it."""
    return replace(fresh, physical_id=made.ref, attributes=made.attributes, handle=made.handle)
