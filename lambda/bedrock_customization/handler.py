"""Does one step of the workflows customize-bedrock and retire-bedrock, for one model.

A function does what Step Functions has no waiting for: Amazon Bedrock announces no end of a deployment, an
import or a purchase of throughput, and the service models that Step Functions' own integrations carry lag
behind the API (deployments, imports from the registry, reinforcement fine-tuning). A customization that the
optimized integration documents is its task.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from bedrock_customization import leaving, making, serving
from bedrock_customization.api import Api
from bedrock_customization.making import Work
from bedrock_customization.services import Services
from service_faults import as_service_faults

ACTIONS: dict[str, Callable[[Mapping[str, Any], Services], Work]] = {
    "begin": making.begin,
    "start": making.start,
    "follow": making.follow,
    "serve": serving.serve,
    "follow_serving": serving.follow_serving,
    "record": serving.record,
    "clean_up": leaving.clean_up,
    "retire": leaving.retire,
}
"""Steps by the name a state calls them. Each may be repeated at any point."""


def handler(event: dict[str, Any], context: Any) -> Work:
    """Answer one state: the new ``Work``, with the step that is next and the seconds to wait before it.

    Raises ServiceFault for what may pass.
    """
    with as_service_faults():
        return {"Seconds": 0, **ACTIONS[event["Action"]](event, _services())}


@cache
def _services() -> Services:
    once = Config(retries={"mode": "standard", "total_max_attempts": 3})
    return Services(
        Api(boto3.client("bedrock", config=once)),
        boto3.client("sagemaker", config=once),
        boto3.client("s3", config=once),
    )
