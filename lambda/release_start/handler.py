"""Starts releases for the events in a queue; what cannot be started stays there and is tried again."""

import logging
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from release_start.logic import Here, MalformedEventError, Start, decide

_PATIENCE = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "max_attempts": 3})
"""A whole batch has to be through before the function's time is up."""

_log = logging.getLogger(__name__)
_log.setLevel(logging.INFO)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer a batch of the queue."""
    return handle(event, here=_here(), states=_states())


def handle(event: Mapping[str, Any], *, here: Here, states: Any) -> dict[str, Any]:
    """Start what each record asks for and return the records that failed, as Lambda takes it.

    Only those come back to the queue, and after a few times go to the dead-letter queue.
    """
    failed = []
    for record in event["Records"]:
        try:
            _answer(record["body"], here, states)
        except (MalformedEventError, ClientError, BotoCoreError) as error:
            _log.error("message %s: %s", record["messageId"], error)
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def _answer(body: str, here: Here, states: Any) -> None:
    decided = decide(body, here)
    if isinstance(decided, Start):
        _start(decided, states)
    else:
        _log.info("nothing to start: %s", decided.reason)


def _start(wanted: Start, states: Any) -> None:
    """Start an execution once: Step Functions refuses its name a second time for 90 days.

    A state machine that does not exist is that of a model which does not serve in this environment.
    """
    try:
        states.start_execution(stateMachineArn=wanted.machine, name=wanted.name, input=wanted.content)
        _log.info("started %s of %s: %s", wanted.name, wanted.machine, wanted.content)
    except states.exceptions.ExecutionAlreadyExists:
        _log.info("%s of %s was started already", wanted.name, wanted.machine)
    except states.exceptions.StateMachineDoesNotExist:
        _log.warning("dropped %s: there is no %s", wanted.content, wanted.machine)


def _here() -> Here:
    """The environment, as the function's settings describe it."""
    return Here(
        machines=os.environ["MACHINES"],
        versions=os.environ["VERSIONS"],
        before=os.environ["BEFORE"],
        served=os.environ["SERVED"],
    )


@cache
def _states() -> Any:
    return boto3.client("stepfunctions", config=_PATIENCE)
