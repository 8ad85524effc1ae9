"""How a state fails, and which errors a retrier or a catcher means."""

from collections.abc import Iterable
from typing import Any

QUERY_EVALUATION = "States.QueryEvaluationError"
TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
TASK_FAILED = "States.TaskFailed"
RUNTIME = "States.Runtime"
DATA_LIMIT = "States.DataLimitExceeded"
NO_CHOICE_MATCHED = "States.NoChoiceMatched"
TOLERANCE_EXCEEDED = "States.ExceedToleratedFailureThreshold"

# Step Functions guide, "Handling errors in Step Functions workflows": States.ALL catches neither of these.
BEYOND_WILDCARDS = frozenset({RUNTIME, DATA_LIMIT})


class StateError(Exception):
    """A state failed with the error ``name`` of the Amazon States Language; ``location`` is the field."""

    def __init__(self, name: str, cause: str = "", location: str | None = None) -> None:
        super().__init__(f"{name}: {cause}")
        self.name, self.cause, self.location = name, cause, location

    @property
    def output(self) -> dict[str, Any]:
        """The Error Output: what ``$states.errorOutput`` holds in a catcher."""
        return {"Error": self.name, "Cause": self.cause}


class StoppedError(Exception):
    """The whole execution ends here: it was stopped, a sibling failed, or its time is over."""

    def __init__(self, status: str, error: str | None = None, cause: str | None = None) -> None:
        super().__init__(status)
        self.status, self.error, self.cause = status, error, cause


def matches(error: str, names: Iterable[str]) -> bool:
    """Whether a retrier's or catcher's ErrorEquals means this error.

    Step Functions guide, "Error names": States.ALL is any error but States.DataLimitExceeded and
    States.Runtime; States.TaskFailed is any error but those and a time-out; States.Timeout is a missed
    heartbeat as well.
    """
    return any(_means(name, error) for name in names)


def _means(name: str, error: str) -> bool:
    if name == error:
        return True
    if name == "States.ALL":
        return error not in BEYOND_WILDCARDS
    if name == TASK_FAILED:
        return error not in BEYOND_WILDCARDS | {TIMEOUT, HEARTBEAT_TIMEOUT}
    return name == TIMEOUT and error == HEARTBEAT_TIMEOUT
