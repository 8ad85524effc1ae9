"""Executions go by the world's time: waits, tokens and what their roles are told of the hour."""

import datetime
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from state_machines import Account, account

END: dict[str, Any] = {"End": True}
HOUR = 3600


@pytest.fixture
def aws() -> Iterator[Account]:
    with account() as made:
        yield made


def waits(seconds: int) -> dict[str, Any]:
    return {
        "Wait": {"Type": "Wait", "Seconds": seconds, "Next": "Tell"},
        "Tell": {"Type": "Pass", "Output": "{% $states.context.State.EnteredTime %}", **END},
    }


def moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def start(aws: Account, states: dict[str, Any]) -> str:
    machine = aws.create(states)
    return str(aws.client.start_execution(stateMachineArn=machine, input="{}")["executionArn"])


def asks(aws: Account, **more: Any) -> tuple[str, str]:
    """An execution that waits for a token, and the token."""
    sqs = aws.emulator.client("sqs")
    url = sqs.create_queue(QueueName="tokens")["QueueUrl"]
    body = {"QueueUrl": url, "MessageBody": {"token": "{% $states.context.Task.Token %}"}}
    resource = f"arn:{aws.emulator.place.partition}:states:::sqs:sendMessage.waitForTaskToken"
    arn = start(aws, {"Ask": {"Type": "Task", "Resource": resource, "Arguments": body, **END, **more}})
    found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
    return arn, json.loads(found[0]["Body"])["token"]


def test_an_execution_begins_at_the_worlds_time_and_its_waits_move_it(aws: Account) -> None:
    aws.emulator.clock.drive(30 * 24 * HOUR)
    before, real = aws.emulator.clock.now(), time.monotonic()
    ended = aws.run(waits(8 * HOUR))
    told = moment(ended.output) - before
    assert datetime.timedelta(hours=8) <= told < datetime.timedelta(hours=8, minutes=1)
    assert time.monotonic() - real < 10
    assert aws.emulator.clock.now() >= before + datetime.timedelta(hours=8)
    assert ended.history[0]["timestamp"] >= before.replace(microsecond=0)


def test_two_executions_share_the_time(aws: Account) -> None:
    begun = aws.emulator.clock.now()
    long, short = start(aws, waits(2 * HOUR)), start(aws, waits(10))
    ended = [moment(aws.ended(one).output) - begun for one in (short, long)]
    assert max(ended) < datetime.timedelta(hours=2, minutes=5)


def test_branches_wait_beside_each_other(aws: Account) -> None:
    branches = [{"StartAt": "Wait", "States": waits(seconds)} for seconds in (HOUR, 10, 1800)]
    begun = aws.emulator.clock.now()
    ended = aws.run({"All": {"Type": "Parallel", "Branches": branches, **END}})
    told = [round((moment(each) - begun).total_seconds() / 60) for each in ended.output]
    assert told == [60, 0, 30]


def test_a_nested_execution_waits_while_the_outer_one_waits_for_it(aws: Account) -> None:
    inner = aws.create(waits(8 * HOUR))
    resource = f"arn:{aws.emulator.place.partition}:states:::states:startExecution.sync:2"
    outer = {"Run": {"Type": "Task", "Resource": resource, "Arguments": {"StateMachineArn": inner}, **END}}
    real = time.monotonic()
    assert aws.run(outer).status == "SUCCEEDED"
    assert time.monotonic() - real < 10


def test_a_token_lets_time_pass_and_makes_none_pass(aws: Account) -> None:
    before = aws.emulator.clock.now()
    arn, token = asks(aws, TimeoutSeconds=72 * HOUR)
    time.sleep(0.3)
    assert aws.emulator.clock.now() - before < datetime.timedelta(minutes=1)
    aws.emulator.clock.drive(71 * HOUR)
    aws.client.send_task_success(taskToken=token, output='{"by": "me"}')
    assert aws.ended(arn).output == {"by": "me"}


def test_a_token_expires_when_the_worlds_time_is_over(aws: Account) -> None:
    arn, _ = asks(aws, TimeoutSeconds=72 * HOUR)
    aws.emulator.clock.drive(73 * HOUR)
    assert aws.ended(arn).error == "States.Timeout"


def test_a_heartbeat_counts_from_the_last_one(aws: Account) -> None:
    arn, token = asks(aws, HeartbeatSeconds=HOUR)
    for _ in range(3):
        aws.emulator.clock.drive(HOUR - 60)
        aws.client.send_task_heartbeat(taskToken=token)
    aws.emulator.clock.drive(2 * HOUR)
    assert aws.ended(arn).error == "States.HeartbeatTimeout"


def test_an_execution_that_waits_for_a_token_ends_by_its_own_limit(aws: Account) -> None:
    resource = f"arn:{aws.emulator.place.partition}:states:::sqs:sendMessage.waitForTaskToken"
    url = aws.emulator.client("sqs").create_queue(QueueName="limited")["QueueUrl"]
    body = {"QueueUrl": url, "MessageBody": "{% $states.context.Task.Token %}"}
    states = {"Ask": {"Type": "Task", "Resource": resource, "Arguments": body, **END}}
    machine = aws.create(states, TimeoutSeconds=HOUR)
    arn = aws.client.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    aws.emulator.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=10)
    aws.emulator.clock.drive(2 * HOUR)
    assert aws.ended(arn).status == "TIMED_OUT"


def test_a_wait_that_is_stopped_ends_at_once_although_time_stands_still(aws: Account) -> None:
    with aws.emulator.clock.seat():  # somebody works: no wait may jump
        arn = start(aws, waits(8 * HOUR))
        aws.client.stop_execution(executionArn=arn, cause="enough")
    assert aws.ended(arn).status == "ABORTED"
