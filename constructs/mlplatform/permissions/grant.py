"""A permission and the reason it is given: what policies, acknowledgements and documentation are made of."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from mlplatform.policy import Conditions, Statement, statement

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
"""A policy variable such as ``${aws:username}``, which cdk-nag writes as ``<aws:username>``."""


@dataclass(frozen=True)
class Grant:
    """One statement of a role's policy and, in a sentence, why the role has it.

    ``why`` is what an auditor reads beside a resource with a wildcard, so it says what the wildcard spans.
    ``resources`` are ARNs or, inside a template, ``{"Fn::ImportValue": …}``.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[Any, ...]
    why: str
    condition: Conditions | None = None
    effect: Literal["Allow", "Deny"] = "Allow"

    @property
    def statement(self) -> Statement:
        """The statement as a policy document holds it."""
        return statement(self.effect, self.sid, self.actions, self.resources, condition=self.condition)


def statements(grants: Iterable[Grant]) -> list[Statement]:
    """The statements of ``grants``, in their order."""
    return [grant.statement for grant in grants]


def wildcard_findings(grants: Iterable[Grant]) -> dict[str, str]:
    """What cdk-nag says (AwsSolutions-IAM5) about wildcards in the Allows of ``grants``, with the reasons."""
    return {
        f"AwsSolutions::AwsSolutions-IAM5[{kind}::{value}]": grant.why
        for grant in grants
        if grant.effect == "Allow"
        for kind, value in _wildcards(grant)
    }


def _wildcards(grant: Grant) -> Iterator[tuple[str, str]]:
    yield from (("Action", action) for action in grant.actions if "*" in action)
    for arn in grant.resources:
        if isinstance(arn, str) and "*" in arn:
            yield "Resource", _VARIABLE.sub(r"<\1>", arn)
