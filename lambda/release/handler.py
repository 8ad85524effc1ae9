"""One step of a release or a rollback: the state machine calls it with the step, it says what comes next.

The clock calls it as well, for upkeep, and nobody reads the answer then: it is logged.
"""

import logging
import os
from functools import cache
from typing import Any

import boto3

from release import flow
from release.aws import SERVICES, world
from release.call import UPKEEP
from service_faults import PATIENCE, as_service_faults

_log = logging.getLogger(__name__)
_log.setLevel(logging.INFO)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take one step. Raises ServiceFault for what may pass, and whatever else a service refuses."""
    sample = event["Serving"].get("Sample", {})
    with as_service_faults():
        answer = dict(flow.run(event, world(_clients(), os.environ, sample)))
    if event["Workflow"] == UPKEEP:
        _log.info("%s: %s", event["Serving"]["Endpoint"], answer["Message"])
    return answer


@cache
def _clients() -> dict[str, Any]:
    sdk: Any = boto3
    return {name: sdk.client(name, config=PATIENCE) for name in SERVICES}
