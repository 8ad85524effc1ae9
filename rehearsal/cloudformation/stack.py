"""A deployed stack: what CloudFormation remembers of it."""

import datetime
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.cloudformation.schemas import Properties


@dataclass(frozen=True)
class Resource:
    """A resource as it was last deployed.

    ``physical_id`` is what ``Ref`` yields, ``attributes`` what ``Fn::GetAtt`` does; ``handle`` is the
    provider's own word for it where that is neither; ``attempt`` counts its replacements.
    """

    logical_id: str
    type: str
    properties: Properties
    physical_id: str
    attributes: Mapping[str, Any]
    handle: Any = None
    deletion_policy: str = "Delete"
    replace_policy: str = "Delete"
    attempt: int = 0


@dataclass(frozen=True)
class Event:
    """One line of what DescribeStackEvents tells."""

    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    time: datetime.datetime


@dataclass
class Stack:
    """A stack and its resources, in the order in which they were created."""

    name: str
    id: str
    status: str = "CREATE_IN_PROGRESS"
    reason: str = ""
    template: Mapping[str, Any] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    exports: dict[str, str] = field(default_factory=dict)
    imports: set[str] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)
    created: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))

    def tell(
        self, logical_id: str, kind: str, status: str, *, physical_id: str = "", reason: str = ""
    ) -> None:
        """Add an event."""
        now = datetime.datetime.now(datetime.UTC)
        self.events.append(Event(logical_id, physical_id, kind, status, reason, now))

    def become(self, status: str, reason: str = "") -> None:
        """Change the stack's own status."""
        self.status, self.reason = status, reason
        self.tell(self.name, "AWS::CloudFormation::Stack", status, physical_id=self.id, reason=reason)

    def generated_name(self, logical_id: str, attempt: int = 0, longest: int = 63) -> str:
        """A name such as CloudFormation gives a resource that has none: stack, logical id, something unique.

        The same stack, resource and attempt yield the same name.
        """
        unique = hashlib.sha256(f"{self.id}/{logical_id}/{attempt}".encode()).hexdigest()[:12]
        return f"{self.name}-{logical_id}"[: longest - 13] + f"-{unique}"
