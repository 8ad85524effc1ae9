"""What a release asks of the world: one protocol for each service, and the shapes they answer with.

All of them are about one endpoint: its stack, its part of the ledger, its model's versions. Every call may
fail with what its service raises; ``ConflictError`` is the one failure that the release decides on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Record = dict[str, Any]
"""One item of the ledger without its keys: texts, numbers, booleans, lists and maps of them, or None."""


class ConflictError(Exception):
    """The world is not as believed: a condition of a write does not hold, a change set is obsolete."""


@dataclass(frozen=True)
class Write:
    """One write of a transaction: ``content`` under ``record``, or its deletion if None.

    ``expected`` are attributes the item must have now; ``absent`` demands that there is none.
    """

    record: str
    content: Record | None
    expected: Mapping[str, Any] | None = None
    absent: bool = False


class Ledger(Protocol):
    """The endpoint's items of the ledger (DynamoDB: ``endpoint`` is the hash, ``record`` the range key)."""

    def read(self, record: str) -> Record | None:
        """The item, read consistently."""

    def history(self, prefix: str, limit: int = 50) -> list[Record]:
        """Items whose record begins with ``prefix``, last record first; each has its ``record``."""

    def write(self, writes: Sequence[Write]) -> None:
        """All of them or none. Raises ConflictError if a condition does not hold."""


@dataclass(frozen=True)
class StackState:
    """The model's Serving stack. ``status`` is CloudFormation's; ``policy`` is None if there is none.

    ``reason`` is CloudFormation's as well, of a stack that went back what made it go back; empty if unknown.
    """

    id: str
    status: str
    reason: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    protected: bool
    policy: str | None


@dataclass(frozen=True)
class Change:
    """One change of a change set: ``action`` Add, Modify, Remove, Import or Dynamic; ``replacement`` True,
    False, Conditional or empty."""

    logical_id: str
    type: str
    action: str
    replacement: str


@dataclass(frozen=True)
class ChangeSet:
    """``status`` and ``execution_status`` as DescribeChangeSet has them."""

    name: str
    status: str
    reason: str
    execution_status: str
    changes: tuple[Change, ...]
    parameters: Mapping[str, str]


class Stack(Protocol):
    """CloudFormation, for the one stack."""

    def describe(self) -> StackState | None:
        """The stack, or None if there is none."""

    def create_change_set(self, name: str, parameters: Mapping[str, str], *, first: bool) -> None:
        """Plan an update of the same template with all of ``parameters``; harmless if the name exists.

        ``first``: under the role that may delete an endpoint without the tag of one that served.
        """

    def change_set(self, name: str) -> ChangeSet | None:
        """The change set, or None if there is none (any more)."""

    def execute(self, name: str) -> None:
        """Begin the update. Raises ConflictError if the change set is obsolete, gone, or the stack busy."""

    def delete_change_set(self, name: str) -> None:
        """Forget a plan; harmless if it is gone."""

    def set_policy(self, body: str) -> None:
        """Give the stack another stack policy, which every update after it obeys."""

    def continue_rollback(self) -> None:
        """Try the way back of a stack in UPDATE_ROLLBACK_FAILED once more, skipping nothing."""

    def resources(self) -> list[str]:
        """Physical ids of what the stack has now, of a resource that is being replaced the former or the new
        one."""


@dataclass(frozen=True)
class EndpointState:
    """The endpoint. ``pending`` says whether a deployment is under way (PendingDeploymentSummary)."""

    status: str
    config: str
    pending: bool
    reason: str
    packages: Mapping[str, str] = field(default_factory=dict)
    """Variant name, shadow included, to the model package that its model in ``config`` was made of."""
    model: str = ""
    """Name of the model of the inference component, of an endpoint that has one."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Current weight of each production variant: its share is its part of their sum."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Current number of instances of each production variant that has any."""


NO_CAPACITY = "has no capacity"
"""In what SageMaker answers for an inference component of which there is no copy."""


class Endpoint(Protocol):
    """SageMaker, for the one endpoint."""

    def describe(self) -> EndpointState | None:
        """The endpoint with the packages of its configuration, or None if there is none."""

    def invoke(self, variant: str) -> str:
        """Send the sample request to a variant; empty if it answered well, else what was wrong."""

    def mark_served(self) -> None:
        """Tag the endpoint so that no role may delete it any more."""

    def unmark_served(self) -> None:
        """Take the tag away, so that the update of a pause may delete it; harmless if there is none."""

    def weights(self, production: float, challenger: float) -> None:
        """Give both variants these weights; in force when the endpoint is InService again.

        Raises ConflictError while the endpoint is being changed.
        """

    def capacity(self, variant: str, count: int) -> None:
        """Let a variant have so many instances. Raises ConflictError while the endpoint is being changed."""

    def release_scaling(self, variant: str) -> None:
        """Let autoscaling forget a variant, which no update can take away before; harmless if it has."""


@dataclass(frozen=True)
class Package:
    """A version of the model. ``missing`` names what it needs and is not there (images, artifacts)."""

    arn: str
    version: int
    approval: str
    group: str
    metadata: Mapping[str, str]
    approved_by: str
    missing: tuple[str, ...] = ()


class Registry(Protocol):
    """The model's package group, in this account or another."""

    def package(self, arn: str) -> Package | None:
        """The version, or None if there is none."""

    def newest_approved(self) -> str | None:
        """ARN of the approved version with the highest number."""

    def note(self, arn: str, metadata: Mapping[str, str], stage: str, status: str) -> None:
        """Write on the version what became of it: metadata, and the stage of its life cycle."""

    def relate(self, arn: str, release_id: str) -> None:
        """Add the release to the version's lineage; once per release."""


Series = Mapping[str, Sequence[float]]
"""Query id to the values of each period in which there was one, oldest first."""


@dataclass(frozen=True)
class Query:
    """One metric of a variant; ``statistic`` Sum, Average, SampleCount, Maximum or pNN.N.

    ``outcome``: not one of SageMaker's, but of what became of the answers, as the model's consumers put it.
    """

    id: str
    variant: str
    metric: str
    statistic: str
    config: str | None = None
    outcome: bool = False


class Metrics(Protocol):
    """CloudWatch, for the one endpoint. Times are ISO 8601."""

    def series(self, queries: Sequence[Query], start: str, end: str, period: int) -> dict[str, list[Any]]:
        """For each query id its ``[timestamp, value]`` pairs, oldest first; none where there is no data."""

    def alarms(self, prefix: str) -> dict[str, str]:
        """State (OK, ALARM, INSUFFICIENT_DATA) of every alarm whose name begins with ``prefix``."""

    def alarm_changes(self, prefix: str, start: str, end: str) -> dict[str, int]:
        """How often each of those alarms went into ALARM, or out of it, between two times; only those that
        did."""

    def ask_to_stop(self, release_id: str, now: str) -> None:
        """Put the metric that trips the stop alarm of a release under way: SageMaker then rolls it back."""

    def released(self, version: int, now: str) -> None:
        """Put the number of the version that serves from now on, for the dashboard; harmless if repeated."""

    def differs(self, *, differs: bool, now: str) -> None:
        """Put whether anything is not as it is to be, for the alarm that tells people."""

    def swept(self, number: int, now: str) -> None:
        """Put how many models and configurations a sweep deleted."""


@dataclass(frozen=True)
class Made:
    """A model or an endpoint configuration that CloudFormation made for the stack, ``created`` in ISO 8601.

    ``package`` is what a model was made of, empty if it is of none; ``models`` are names, of a configuration.
    """

    name: str
    created: str
    package: str = ""
    models: tuple[str, ...] = ()


class Retained(Protocol):
    """SageMaker, for what CloudFormation ever made for the stack, whether it still has it or not."""

    def configurations(self) -> list[Made]:
        """Every endpoint configuration."""

    def models(self) -> list[Made]:
        """Every model."""

    def delete_configuration(self, name: str) -> None:
        """Delete an endpoint configuration; harmless if it is gone."""

    def delete_model(self, name: str) -> None:
        """Delete a model; harmless if it is gone."""


class Executions(Protocol):
    """Step Functions, for the model's workflows that change what serves."""

    def running(self, arn: str) -> bool:
        """Whether the execution runs; False if it ended or is unknown."""

    def stop(self, arn: str, cause: str) -> None:
        """End an execution; harmless if it has ended."""


class Reports(Protocol):
    """Where reports are kept."""

    def keep(self, name: str, content: str, content_type: str) -> str:
        """Store ``<model>/<name>`` and return its s3:// address."""


class Announcements(Protocol):
    """EventBridge: other environments hear of releases."""

    def announce(self, detail: Mapping[str, Any]) -> None:
        """Publish a ``Model Release`` event."""


@dataclass(frozen=True)
class World:
    """Everything a release deals with."""

    ledger: Ledger
    stack: Stack
    endpoint: Endpoint
    registry: Registry
    metrics: Metrics
    executions: Executions
    reports: Reports
    announcements: Announcements
    retained: Retained
