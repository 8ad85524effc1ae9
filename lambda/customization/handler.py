"""One action of a customization: the state machine calls it with the action, it says what comes next."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from customization import flow
from customization.aws import SERVICES, world
from customization.errors import ConflictError

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
    }
)
"""Error codes of what another attempt may not meet (AWS's "Common errors")."""


class ServiceFault(Exception):
    """A service of AWS was too busy, failed or did not answer: the action is to be tried again."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Do one action. Raises ServiceFault for what may pass, and whatever else a service refuses."""
    return handle(event, **_clients())


def handle(event: dict[str, Any], *, s3: Any, sagemaker: Any) -> dict[str, Any]:
    """Do one action with these clients."""
    clients = {"s3": s3, "sagemaker": sagemaker}
    try:
        return dict(flow.run(event, world(clients, event["Customization"]["Hub"])))
    except ClientError as error:
        if _passes(error):
            raise ServiceFault(str(error)) from error
        raise
    except BotoCoreError as error:
        raise ServiceFault(f"{type(error).__name__}: {error}") from error
    except ConflictError as error:
        raise ServiceFault(str(error)) from error


def _passes(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return error.response["Error"].get("Code") in _PASSING or status >= 500


@cache
def _clients() -> dict[str, Any]:
    sdk: Any = boto3
    return {name: sdk.client(name, config=_PATIENCE) for name in SERVICES}
