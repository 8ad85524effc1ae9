"""What a model's customization in Amazon Bedrock may still cost this month, in one object a month.

``<folder>/<yyyy-mm>.json`` holds ``{"Runs": {<run>: {"Usd", "Technique", "Execution", "State"}}}``, together
with the runs of the workflow customize (lambda/customization/budget.py). A run reserves its estimate before
anything costs; two runs at the same time cannot both take the last of the budget, since S3 writes the object
only if nobody else did meanwhile (Amazon S3 user guide, "Conditional writes"). The client comes from the
caller.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from s3_locations import split

ATTEMPTS = 8
"""Writes that others may come before, one after the other."""

RESERVED, SPENT, GIVEN_BACK = "reserved", "spent", "given back"

_LOST = (409, 412)
"""A conditional write that came too late, or beside another."""

_ABSENT = (403, 404)
"""Whoever may not list a bucket is told 403 instead of 404 for an absent object."""

Runs = dict[str, dict[str, Any]]


class BudgetSpentError(Exception):
    """The month's budget has no room for an estimate; the message says how much there is."""


class ContentionError(Exception):
    """Others wrote the object each time."""


def reserve(s3: Any, uri: str, run: str, usd: int, *, budget: int, execution: str) -> None:
    """Count ``usd`` for ``run`` in the object at ``uri``, once however often.

    Raises BudgetSpentError if the month's total would be above ``budget``, in US dollars.
    """

    def change(runs: Runs) -> bool:
        if run in runs:
            return False
        spent = total(runs)
        if spent + usd > budget:
            raise BudgetSpentError(
                f"a customization in Amazon Bedrock may cost {usd} US dollars (spend_usd), but {spent} of "
                f"{budget} (monthly_budget_usd) are taken; see {uri}"
            )
        runs[run] = {"Usd": usd, "Technique": "bedrock", "Execution": execution, "State": RESERVED}
        return True

    _changed(s3, uri, change)


def settle(s3: Any, uri: str, run: str, *, started: bool) -> None:
    """Note how a run ended: the estimate of one that started no job counts no more."""

    def change(runs: Runs) -> bool:
        entry = runs.get(run)
        if entry is None or entry["State"] != RESERVED:
            return False
        entry |= {"State": SPENT} if started else {"State": GIVEN_BACK, "Usd": 0}
        return True

    _changed(s3, uri, change)


def total(runs: Mapping[str, Mapping[str, Any]]) -> int:
    """US dollars of all runs."""
    return sum(int(entry["Usd"]) for entry in runs.values())


def _changed(s3: Any, uri: str, change: Callable[[Runs], bool]) -> None:
    for _ in range(ATTEMPTS):
        content, condition = _read(s3, uri)
        if not change(content.setdefault("Runs", {})) or _written(s3, uri, content, condition):
            return
    raise ContentionError(f"{uri} was written by others {ATTEMPTS} times in a row")


def _read(s3: Any, uri: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The object's value, and the condition under which nobody has written since."""
    bucket, key = split(uri)
    try:
        found = s3.get_object(Bucket=bucket, Key=key)
    except s3.exceptions.ClientError as problem:
        if _status(problem) not in _ABSENT:
            raise
        return {}, {"IfNoneMatch": "*"}
    return json.loads(found["Body"].read()), {"IfMatch": found["ETag"]}


def _written(s3: Any, uri: str, content: Mapping[str, Any], condition: Mapping[str, str]) -> bool:
    bucket, key = split(uri)
    body = json.dumps(content, indent=1, allow_nan=False).encode()
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json", **condition)
    except s3.exceptions.ClientError as problem:
        if _status(problem) not in _LOST:
            raise
        return False
    return True


def _status(problem: Any) -> int:
    return int(problem.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
