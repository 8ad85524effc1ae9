"""What starts workflows without a person: data that has arrived, and schedules."""

import json
from typing import Any

from mlplatform.data_locations import resolve
from mlplatform.permissions.trigger_roles import DEAD_LETTERS, schedules
from mlplatform.settings.products import ModelProduct
from rehearsal.api import REHEARSAL
from rehearsal.driver import Rehearsal
from tools.workflow import state_machine


def data_arrives(rehearsal: Rehearsal, product: ModelProduct, workflow: str) -> str:
    """Put the marker beside the training data, as whoever delivers it does last; the execution it started.

    Raises LookupError if none was.
    """
    assert product.data is not None
    assert product.schedule is not None
    bucket, _, prefix = resolve(product.data.train, rehearsal.settings).removeprefix("s3://").partition("/")
    key = f"{prefix.rstrip('/')}/{product.schedule.marker}"
    rehearsal.emulator.client("s3", REHEARSAL).put_object(Bucket=bucket, Key=key, Body=b"")
    rehearsal.emulator.settle()
    return _newest(rehearsal, product, workflow)


def schedule_comes(rehearsal: Rehearsal, product: ModelProduct, workflow: str) -> str:
    """Fire a schedule and stop what it started, which has run already otherwise; returns the status then."""
    rehearsal.events.fire(rehearsal.settings.names.name(f"{product.name}-{workflow}"))
    execution = _newest(rehearsal, product, workflow)
    client = rehearsal.emulator.client("stepfunctions", REHEARSAL)
    client.stop_execution(executionArn=execution, cause="started by the schedule, which is all to be seen")
    rehearsal.states.wait(execution)
    return str(client.describe_execution(executionArn=execution)["status"])


def schedule_fails(rehearsal: Rehearsal, product: ModelProduct) -> list[Any]:
    """Fire the schedules while nothing can be started; what then lies in the dead-letter queue."""
    names, sqs = rehearsal.settings.names, rehearsal.emulator.client("sqs", REHEARSAL)
    for workflow in schedules(product, rehearsal.settings):
        rehearsal.emulator.faults.inject("throttling", "states:StartExecution")
        rehearsal.events.fire(names.name(f"{product.name}-{workflow}"))
    url = sqs.get_queue_url(QueueName=names.name(DEAD_LETTERS))["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in found]


def _newest(rehearsal: Rehearsal, product: ModelProduct, workflow: str) -> str:
    client = rehearsal.emulator.client("stepfunctions", REHEARSAL)
    machine = state_machine(rehearsal.settings, product.name, workflow)
    running = client.list_executions(stateMachineArn=machine)["executions"]
    if not running:
        raise LookupError(f"nothing started {machine}")
    return str(max(running, key=lambda execution: execution["startDate"])["executionArn"])
