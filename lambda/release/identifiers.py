"""Names and times of a release: the same however often they are asked for."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

NONE = "none"
"""What a parameter of the stack says where there is no version."""


def release_id(execution: Mapping[str, Any]) -> str:
    """Ten characters of ``a-z2-7`` for one execution.

    A name of an execution can be used again after 90 days: ``StartTime`` tells the executions apart.
    """
    text = f"{execution['Id']} {execution.get('StartTime', '')}"
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()[:10]


def change_set_name(release: str, stage: str, attempt: int) -> str:
    """Name of a plan. A change set's name has letters, digits and hyphens only."""
    return f"rel-{release}-{stage.replace('_', '-')}-{attempt}"


def package_arn(group: str, version: int) -> str:
    """ARN of a version of a model package group."""
    return f"{group.replace(':model-package-group/', ':model-package/', 1)}/{version}"


def sequence(number: int) -> str:
    """Twelve digits, so that the order of texts is the order of numbers."""
    return f"{number:012d}"


def later(moment: str, seconds: float) -> str:
    """The moment, ISO 8601 in UTC, that many seconds after another."""
    return (_parsed(moment) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def seconds_between(start: str, end: str) -> float:
    """Seconds from one moment to another, below 0 if the other was before."""
    return (_parsed(end) - _parsed(start)).total_seconds()


def _parsed(moment: str) -> datetime:
    return datetime.fromisoformat(moment)
