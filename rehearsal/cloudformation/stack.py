"""A deployed stack: what CloudFormation remembers of it."""

import datetime
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.cloudformation.schemas import Properties


@dataclass(frozen=True)
class Resource:
    """A resource as it was last deployed.

    ``physical_id`` is what ``Ref`` yields, ``attributes`` what ``Fn::GetAtt`` does; ``handle`` is the
    provider's own word for it where that is neither; ``attempt`` counts those created before it.
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
class ChangeSet:
    """A planned update. ``changes`` are as DescribeChangeSet lists them; ``ready`` is when the plan is made.

    ``parameters`` are all of the template's, as texts; ``execution`` is the ExecutionStatus of a plan that
    can be, or was, carried out.
    """

    name: str
    id: str
    token: str
    template: Mapping[str, Any]
    parameters: Mapping[str, str]
    role: str | None
    created: datetime.datetime
    ready: datetime.datetime
    changes: list[dict[str, Any]] = field(default_factory=list)
    problem: str = ""
    execution: str = "AVAILABLE"


@dataclass
class Stack:
    """A stack and its resources, in the order in which they were created.

    ``role`` is what CloudFormation makes changes as when a call names none: the role of the last operation
    that a call began; None as long as only the CDK deployed, whose own role may do everything here.
    ``policy`` is the stack policy's text, ``token`` that of the last call which began an update.
    """

    name: str
    id: str
    status: str = "CREATE_IN_PROGRESS"
    reason: str = ""
    template: Mapping[str, Any] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    coming: dict[str, str] | None = None
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    exports: dict[str, str] = field(default_factory=dict)
    imports: set[str] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)
    clock: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC)
    created: datetime.datetime = field(init=False)
    updated: datetime.datetime | None = None
    role: str | None = None
    protected: bool = False
    policy: str | None = None
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)
    token: str = ""
    _attempts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.created = self.clock()

    @property
    def settled(self) -> bool:
        """Whether it may be updated (the User Guide, "Stack status codes")."""
        return self.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")

    def next_attempt(self, logical_id: str) -> int:
        """Number of the next resource to be created for ``logical_id``: no name is generated twice."""
        self._attempts[logical_id] = self._attempts.get(logical_id, -1) + 1
        return self._attempts[logical_id]

    def tell(
        self, logical_id: str, kind: str, status: str, *, physical_id: str = "", reason: str = ""
    ) -> None:
        """Add an event."""
        self.events.append(Event(logical_id, physical_id, kind, status, reason, self.clock()))

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
