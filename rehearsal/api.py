"""What the parts of the emulator say to each other: who calls, what is asked, how a call fails."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlplatform.names import Located

Parameters = Mapping[str, Any]
"""Members of an API call's input or output, spelled and typed as in botocore's service model."""


@dataclass(frozen=True)
class Place(Located):
    """Where the emulated account is; ``organization`` is the id of its AWS organization, if it has one."""

    partition: str
    region: str
    account: str
    organization: str | None = None


@dataclass(frozen=True)
class Principal:
    """Who makes a call: a role by its own ARN, an AWS service by its principal (``events.amazonaws.com``),
    or the rehearsal itself (None), whose calls are not judged.

    ``session`` is the role session's name. ``context`` are condition keys that all calls of the session
    carries, such as ``aws:SourceVpce`` for a job in our network.
    """

    arn: str | None
    session: str = "rehearsal"
    context: Mapping[str, str] = field(default_factory=dict)


REHEARSAL = Principal(None)
"""Whoever set up the account and looks into it."""


@dataclass(frozen=True)
class ApiRequest:
    """One call of an AWS API; ``service`` is what botocore calls it, such as ``stepfunctions``."""

    service: str
    operation: str
    parameters: Parameters
    principal: Principal


class ApiError(Exception):
    """A call that fails as AWS would fail it: ``code`` is the error's name in the API."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


Handler = Callable[[ApiRequest], Parameters]
"""Answers the calls of one service with the members of the output; raises ApiError."""
