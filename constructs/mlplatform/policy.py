"""Policy documents as plain data: the few shapes every policy of the platform is written in."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

Statement = dict[str, Any]
Conditions = Mapping[str, Mapping[str, Any]]

READ_OBJECTS = ("s3:GetObject", "s3:GetObjectVersion")
PULL_IMAGES = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
"""Actions that always go together."""


def document(*statements: Statement) -> dict[str, Any]:
    """A policy document of these statements, in this order."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def statement(
    effect: Literal["Allow", "Deny"],
    sid: str,
    actions: Sequence[str],
    resources: Sequence[Any],
    *,
    principal: Any = None,
    condition: Conditions | None = None,
) -> Statement:
    """One statement; ``principal`` only in resource policies."""
    body: Statement = {"Sid": sid, "Effect": effect}
    if principal is not None:
        body["Principal"] = principal
    body |= {"Action": one_or_many(actions), "Resource": one_or_many(resources)}
    if condition:
        body["Condition"] = {operator: dict(keys) for operator, keys in condition.items()}
    return body


allow = partial(statement, "Allow")
deny = partial(statement, "Deny")


def within(region: str) -> Conditions:
    """Only requests to ``region``: for actions that accept no resource but ``*``."""
    return {"StringEquals": {"aws:RequestedRegion": region}}


def trust(
    service: str, *, condition: Conditions, actions: Sequence[str] = ("sts:AssumeRole",)
) -> dict[str, Any]:
    """The trust policy of a role that one AWS service assumes, under a condition that names us.

    A role passed from a session with a source identity needs ``sts:SetSourceIdentity`` among its ``actions``.
    """
    statement: Statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": one_or_many(actions),
    }
    return document({**statement, "Condition": condition})


def one_or_many(values: Sequence[Any]) -> Any:
    """A single value as itself, several as a list: how IAM writes both."""
    return values[0] if len(values) == 1 else list(values)
