"""One action of a customization: the state machine calls it with the action, it says what comes next."""

from functools import cache
from typing import Any

import boto3

from customization import flow
from customization.aws import SERVICES, world
from s3_documents import ConflictError
from service_faults import PATIENCE, ServiceFault, as_service_faults


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Do one action. Raises ServiceFault for what may pass, and whatever else a service refuses."""
    return handle(event, **_clients())


def handle(event: dict[str, Any], *, s3: Any, sagemaker: Any) -> dict[str, Any]:
    """Do one action with these clients."""
    clients = {"s3": s3, "sagemaker": sagemaker}
    try:
        with as_service_faults():
            return dict(flow.run(event, world(clients, event["Customization"]["Hub"])))
    except ConflictError as error:
        raise ServiceFault(str(error)) from error


@cache
def _clients() -> dict[str, Any]:
    sdk: Any = boto3
    return {name: sdk.client(name, config=PATIENCE) for name in SERVICES}
