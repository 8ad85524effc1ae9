"""What a customization needs of the world: pure modules know these, the modules ``aws*`` implement them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from s3_documents import Documents

RUNNING = ("InProgress", "Stopping")
"""TrainingJobStatus of a job that has not ended."""

ContentKind = Literal["DataSet", "JsonDoc"]
"""HubContentType of the SageMaker API: a data set, an evaluator."""


@dataclass(frozen=True)
class Content:
    """One version of a content of the AI Registry. ``status`` is a HubContentStatus."""

    arn: str
    version: str
    status: str
    keywords: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True)
class Job:
    """A training job as DescribeTrainingJob has it; ``package`` is the version it made, if any."""

    name: str
    arn: str
    status: str
    secondary: str
    reason: str
    output: str
    package: str | None
    tokens: int | None

    @property
    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return self.status in RUNNING


class Files(Documents, Protocol):
    """Objects of the artifacts bucket, by their ``s3://`` addresses."""

    def write(self, uri: str, value: Any) -> None:
        """Write a JSON value, whatever was there."""
        ...

    def put(self, uri: str, content: bytes, content_type: str) -> None:
        """Write bytes."""
        ...

    def below(self, uri: str) -> list[str]:
        """Addresses of all objects whose address begins with ``uri``, sorted."""
        ...


class Registry(Protocol):
    """SageMaker's public hub, and the AI Registry of the account."""

    def base_version(self, model: str) -> str | None:
        """The newest version of a base model; None if there is no such model."""
        ...

    def versions(self, kind: ContentKind, name: str) -> list[Content]:
        """Every version of a content, in any order; empty if there is none."""
        ...

    def describe(self, kind: ContentKind, name: str, version: str) -> Content:
        """One version, with the reason if its import failed."""
        ...

    def add(
        self,
        kind: ContentKind,
        name: str,
        version: str,
        document: Mapping[str, Any],
        *,
        keywords: Sequence[str],
    ) -> None:
        """Begin to import a version; harmless if there is one of this number."""
        ...


class Jobs(Protocol):
    """Training jobs of SageMaker."""

    def create(self, request: Mapping[str, Any]) -> bool:
        """Create a job; False if one of this name exists. Raises CustomizationRefused."""
        ...

    def describe(self, name: str) -> Job | None:
        """The job, or None if there is none."""
        ...

    def stop(self, name: str) -> None:
        """Begin to stop a job; harmless if it has ended."""
        ...


class Versions(Protocol):
    """The model's versions in the model registry."""

    def newest_approved(self, group: str) -> str | None:
        """ARN of the newest approved version of a group, or None."""
        ...

    def describe(self, arn: str) -> Mapping[str, Any]:
        """The version, as DescribeModelPackage has it."""
        ...

    def update(self, arn: str, **members: Any) -> None:
        """UpdateModelPackage with these members."""
        ...


class Lineage(Protocol):
    """Where versions come from, as SageMaker's lineage tracking keeps it."""

    def record(self, action: str, job: str, sources: Mapping[str, str], made: str) -> None:
        """The action of a job, to which ``sources`` (URI to type) contributed, produced ``made``."""
        ...


@dataclass(frozen=True)
class World:
    """All of it; ``tracking`` finds the ARN of the MLflow App of a name, or None."""

    files: Files
    registry: Registry
    jobs: Jobs
    versions: Versions
    lineage: Lineage
    tracking: Any
