"""The decision table: who may, and who may not, do what; one line of YAML per question, for reviewers.

A file maps principals to their cases::

    data-scientist:
      - may not: switch on remote debugging of a job
        call: sagemaker:CreateTrainingJob training-job/try-1
        with: [job, {"sagemaker:EnableRemoteDebug": "true"}]
        by: DenyRemoteDebug

``call`` is an action and a resource, whose service, region and account are the caller's unless it is a whole
ARN; ``{…}`` is filled in per environment. ``with`` are condition keys, or names of sets of them in
contexts.yaml; null removes a key. ``by`` is the Sid that decides, ``nothing`` where no statement allows the
call, or either of them by customization mode or by whether the platform's own boundary applies. ``where``
restricts a case to environments with these settings.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from mlplatform.settings.source import read

Situation = Literal["bounded", "unbounded", "tight", "compat", "off"]
"""Whether the platform's own permissions boundary applies, and the mode of customization."""

Mode = Literal["tight", "compat", "off"]
Keys = Mapping[str, str | list[str] | None]

_VOCABULARY = ("contexts.yaml", "principals.yaml")

NOTHING = "nothing"
"""What decides where no statement of any policy allows a call."""


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


_OneOrMany = BeforeValidator(_listed)


class Where(BaseModel):
    """Which environments a case is about, by their settings; None is any."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    customization: Annotated[tuple[Mode, ...] | None, _OneOrMany] = None
    require_mfa: Annotated[tuple[str, ...] | None, _OneOrMany] = None
    partition: Annotated[tuple[str, ...] | None, _OneOrMany] = None
    bounded: bool | None = None
    """Whether the platform's own boundary is attached to its roles."""
    own_registry: bool | None = None
    trains: bool | None = None
    """Whether models are trained there."""
    confirms: bool | None = None
    """Whether a person confirms releases there."""
    captures: bool | None = None
    """Whether the first model's endpoint keeps requests."""
    judges: bool | None = None
    """Whether any model's releases have a shadow, which is judged."""
    compares: bool | None = None
    """Whether the first model has A/B tests."""
    has_outcomes: bool | None = None
    """Whether they decide by what became of its answers."""
    asynchronous: bool | None = None
    """Whether it answers them later."""
    own_sdk_bucket: bool | None = None
    """Whether the platform made the SDK's default bucket, and not the account before it."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    may: str | None = None
    may_not: str | None = Field(default=None, alias="may not")
    call: str
    given: list[str | dict[str, str | list[str] | None]] = Field(default=[], alias="with")
    by: str | dict[Situation, str]
    where: Where = Where()
    through_endpoint: bool = Field(default=False, alias="through endpoint")


@dataclass(frozen=True)
class Case:
    """One question and its answer."""

    principal: str
    what: str
    allowed: bool
    action: str
    resource: str
    context: Keys
    by: str | Mapping[Situation, str]
    where: Where
    through_endpoint: bool

    @property
    def name(self) -> str:
        """The case as a sentence."""
        return f"{self.principal} {'may' if self.allowed else 'may not'} {self.what}"

    def decided_by(self, *situations: Situation) -> str:
        """The Sid that decides, or ``nothing``; of what differs by situation, that of the first named."""
        if isinstance(self.by, str):
            return self.by
        return next(self.by[situation] for situation in situations if situation in self.by)


def read_cases(folder: Path) -> tuple[Case, ...]:
    """Every case of every file in ``folder``, in the order of their names.

    Raises ValueError for a case that says both or neither of ``may`` and ``may not``, or names a context that
    contexts.yaml lacks; SettingsError or pydantic's ValidationError for one that is malformed.
    """
    contexts = TypeAdapter(dict[str, Keys]).validate_python(read(folder / "contexts.yaml").values)
    files = [path for path in sorted(folder.glob("*.yaml")) if path.name not in _VOCABULARY]
    return tuple(case for path in files for case in _cases(read(path).values, contexts))


def read_principals(folder: Path) -> Mapping[str, str]:
    """Callers that are no role of a template: their ARNs, with ``{…}``, by what cases call them."""
    return TypeAdapter(dict[str, str]).validate_python(read(folder / "principals.yaml").values)


def _cases(table: Mapping[str, Any], contexts: Mapping[str, Keys]) -> Iterator[Case]:
    for principals, rows in TypeAdapter(dict[str, list[_Row]]).validate_python(table).items():
        for principal, row in product(principals.split(", "), rows):
            what = row.may or row.may_not
            if what is None or (row.may and row.may_not):
                raise ValueError(f"{principal}: {row.call}: says both or neither of `may` and `may not`")
            action, _, resource = row.call.partition(" ")
            yield Case(
                principal=principal,
                what=what,
                allowed=row.may is not None,
                action=action,
                resource=resource,
                context=_context(principal, row, contexts),
                by=row.by,
                where=row.where,
                through_endpoint=row.through_endpoint,
            )


def _context(principal: str, row: _Row, contexts: Mapping[str, Keys]) -> Keys:
    merged: dict[str, str | list[str] | None] = {}
    for part in row.given:
        if isinstance(part, str) and part not in contexts:
            raise ValueError(f"{principal}: {row.call}: contexts.yaml has no {part!r}")
        merged |= contexts[part] if isinstance(part, str) else part
    return merged
