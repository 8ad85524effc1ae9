"""Parts of the answers of the Step Functions API, and how its inputs are read."""

import json
from typing import Any

from rehearsal.api import ApiError, Parameters
from rehearsal.states.expressions import DATA_LIMIT_BYTES
from rehearsal.states.run import Machine, Run

PAGE = 1000
"""Events, executions or machines of one answer (API reference: the largest maxResults)."""


def parsed_input(given: str) -> Any:
    """An execution's input as JSON; raises ApiError InvalidExecutionInput."""
    if len(given.encode()) > DATA_LIMIT_BYTES:
        raise ApiError("InvalidExecutionInput", f"the input is longer than {DATA_LIMIT_BYTES} bytes")
    try:
        return json.loads(given)
    except ValueError as problem:
        raise ApiError(
            "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{problem}'"
        ) from problem


def listed_machine(found: Machine) -> dict[str, Any]:
    """StateMachineListItem."""
    return {
        "stateMachineArn": found.arn,
        "name": found.name,
        "type": found.kind,
        "creationDate": found.created,
    }


def listed_execution(run: Run) -> dict[str, Any]:
    """ExecutionListItem."""
    found = {
        "executionArn": run.arn,
        "stateMachineArn": run.machine.arn,
        "name": run.name,
        "status": run.status,
        "startDate": run.started,
        "stopDate": run.stopped,
        "mapRunArn": run.map_run,
        "redriveCount": 0,
    }
    return {key: value for key, value in found.items() if value is not None}


def page(name: str, items: list[dict[str, Any]], given: Parameters) -> Parameters:
    """One page of at most ``maxResults``; nextToken is the number of items already given."""
    start = int(str(given.get("nextToken") or 0))
    size = int(given.get("maxResults") or 0) or PAGE
    rest = {"nextToken": str(start + size)} if start + size < len(items) else {}
    return {name: items[start : start + size], **rest}
