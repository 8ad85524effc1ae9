"""Small roles and policies for the rehearsal's tests."""

from collections.abc import Mapping
from typing import Any

from rehearsal.api import Place
from rehearsal.emulator import Emulator
from rehearsal.identities import RoleRecord

HERE, THERE = "111122223333", "444455556666"
PLACE = Place("aws", "eu-west-1", HERE)
PATH = f"arn:aws:iam::{HERE}:role/acme/dev"


def document(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [dict(one) for one in statements]}


def allow(sid: str, action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(sid: str, action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {**allow(sid, action, resource, **more), "Effect": "Deny"}


def trust(service: str, **conditions: Mapping[str, str]) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Sid": "Trust",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    return document(statement | ({"Condition": conditions} if conditions else {}))


def role(
    emulator: Emulator,
    name: str,
    *statements: Mapping[str, Any],
    kind: str = "job",
    service: str = "sagemaker.amazonaws.com",
    boundary: Mapping[str, Any] | None = None,
) -> str:
    """Put a role into the account that AWS service ``service`` may assume; returns its ARN."""
    arn = f"{PATH}/{kind}/{name}"
    policies = {"own": document(*statements)} if statements else {}
    record = RoleRecord(arn, trust(service), policies, boundary)
    emulator.identities.roles[arn] = record
    return arn
