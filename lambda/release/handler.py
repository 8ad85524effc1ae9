"""One step of a release or a rollback: the state machine calls it with the step, it says what comes next.

The clock calls it as well, for upkeep, and nobody reads the answer then: it is logged.
"""

import logging
import os
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from release import flow
from release.aws import SERVICES, world
from release.call import UPKEEP

_log = logging.getLogger(__name__)
_log.setLevel(logging.INFO)

_PATIENCE = Config(
    connect_timeout=3,
    read_timeout=15,
    retries={"mode": "adaptive", "max_attempts": 5},
)
"""Time-outs in seconds. What fails all the same, the workflow tries again."""

_PASSING = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
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
"""Error codes of what another attempt may not meet (AWS's "Common errors", and DynamoDB's)."""


class ServiceFault(Exception):
    """A service of AWS was too busy, failed or did not answer: the step is to be tried again."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take one step. Raises ServiceFault for what may pass, and whatever else a service refuses."""
    sample = event["Serving"].get("Sample", {})
    try:
        answer = dict(flow.run(event, world(_clients(), os.environ, sample)))
    except ClientError as error:
        if _passes(error):
            raise ServiceFault(str(error)) from error
        raise
    except BotoCoreError as error:
        raise ServiceFault(f"{type(error).__name__}: {error}") from error
    if event["Workflow"] == UPKEEP:
        _log.info("%s: %s", event["Serving"]["Endpoint"], answer["Message"])
    return answer


def _passes(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return error.response["Error"].get("Code") in _PASSING or status >= 500


@cache
def _clients() -> dict[str, Any]:
    sdk: Any = boto3
    return {name: sdk.client(name, config=_PATIENCE) for name in SERVICES}
