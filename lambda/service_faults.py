"""Faults of AWS's services: which may pass by themselves, and the error by which state machines try again."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

PATIENCE = Config(
    connect_timeout=3,
    read_timeout=15,
    retries={"mode": "adaptive", "max_attempts": 5},
)
"""How a client waits, in seconds, and tries again. What fails all the same, the workflow tries again."""

_PASSING = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionCanceledException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""Error codes of what another attempt may not meet (AWS's "Common errors", DynamoDB's and Bedrock's)."""


class ServiceFault(Exception):
    """A service of AWS was too busy, failed or did not answer: the step is to be tried again."""


def passes(error: ClientError) -> bool:
    """Whether another attempt may not meet the error."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return error.response["Error"].get("Code") in _PASSING or status >= 500


@contextmanager
def as_service_faults() -> Iterator[None]:
    """Let what may pass be a ServiceFault, and whatever else a service refuses what it is."""
    try:
        yield
    except ClientError as error:
        if passes(error):
            raise ServiceFault(str(error)) from error
        raise
    except BotoCoreError as error:
        raise ServiceFault(f"{type(error).__name__}: {error}") from error
