"""Delivering events to targets, as the role or the service that AWS would use."""

import json
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

import botocore.exceptions

from rehearsal.api import REHEARSAL, ApiError, Principal
from rehearsal.emulator import Emulator

SCHEDULER = "scheduler.amazonaws.com"
FAILURES = (ApiError, botocore.exceptions.ClientError)
_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.-]+)>")


class Targets:
    """Delivers to state machines, functions, queues, topics and buses (``onto`` takes an event and the name
    of a bus); what fails goes to the dead-letter queue.
    """

    def __init__(self, emulator: Emulator, onto: Callable[[Mapping[str, Any], str], None]) -> None:
        self._emulator, self._onto = emulator, onto
        self.failures: list[dict[str, str]] = []
        self._lock = threading.Lock()

    def deliver(self, service: str, target: Mapping[str, Any], source_arn: str, text: str) -> bool:
        """Send ``text`` to the target for a rule or schedule of ``service``; whether it got there.

        A target with a RoleArn is reached as that role, which must trust the service; without one the
        target's resource policy must allow the service itself (EventBridge user guide, "Using resource-based
        policies"). Scheduler writes dead letters as the schedule's role, EventBridge by the queue's policy.
        """
        writer = self._service(service, source_arn)
        try:
            principal = self._principal(service, target, source_arn)
            writer = principal if service == SCHEDULER else writer
            self._send(str(target["Arn"]), principal, text, target)
        except FAILURES as problem:
            self._failed(target, source_arn, text, problem, writer)
            return False
        return True

    def _service(self, service: str, source_arn: str) -> Principal:
        context = {"aws:SourceArn": source_arn, "aws:SourceAccount": self._emulator.place.account}
        return Principal(service, "target", context)

    def _principal(self, service: str, target: Mapping[str, Any], source_arn: str) -> Principal:
        if "RoleArn" not in target:
            return self._service(service, source_arn)
        role = str(target["RoleArn"])
        return self._emulator.assume(role, service, source_arn=source_arn, session="target")

    def _send(self, arn: str, principal: Principal, text: str, target: Mapping[str, Any]) -> None:
        kind = arn.split(":")[2]
        client = self._emulator.client({"states": "stepfunctions"}.get(kind, kind), principal)
        if kind == "states":
            client.start_execution(stateMachineArn=arn, input=text)
        elif kind == "lambda":
            client.invoke(FunctionName=arn, InvocationType="Event", Payload=text.encode())
        elif kind == "sqs":
            group = target.get("SqsParameters", {}).get("MessageGroupId")
            extra = {"MessageGroupId": group} if group else {}
            client.send_message(QueueUrl=self._queue(arn), MessageBody=text, **extra)
        elif kind == "sns":
            client.publish(TopicArn=arn, Message=text)
        elif kind == "events":
            self._pass_on(arn, principal, json.loads(text))
        else:
            raise ApiError("ValidationException", f"targets of {kind} are not rehearsed: {arn}")

    def _pass_on(self, arn: str, principal: Principal, event: Mapping[str, Any]) -> None:
        """The event stays what it was, also whose (EventBridge user guide, "Sending and receiving events
        between event buses")."""
        said = {"events:source": [event["source"]], "events:detail-type": [event["detail-type"]]}
        self._emulator.judge(principal, "events:PutEvents", arn, said)
        self._onto(event, arn.rpartition("/")[2])

    def _queue(self, arn: str) -> str:
        """Our queues' URLs; finding them is no call of the target's role."""
        client = self._emulator.client("sqs", REHEARSAL)
        return str(client.get_queue_url(QueueName=arn.rsplit(":", 1)[1])["QueueUrl"])

    def _failed(
        self, target: Mapping[str, Any], source_arn: str, text: str, problem: Exception, writer: Principal
    ) -> None:
        with self._lock:
            self.failures.append(
                {"source": source_arn, "target": str(target["Arn"]), "problem": str(problem)}
            )
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        if queue:
            attributes = {
                "ERROR_MESSAGE": {"DataType": "String", "StringValue": str(problem)[:1024]},
                "TARGET_ARN": {"DataType": "String", "StringValue": str(target["Arn"])},
                "RULE_ARN": {"DataType": "String", "StringValue": source_arn},
            }
            self._write(str(queue), writer, text, attributes)

    def _write(self, queue: str, writer: Principal, text: str, attributes: dict[str, Any]) -> None:
        client = self._emulator.client("sqs", writer)
        try:
            client.send_message(QueueUrl=self._queue(queue), MessageBody=text, MessageAttributes=attributes)
        except FAILURES as problem:
            self._emulator.note(f"a dead letter was lost: {problem}")


def message(target: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    """What a rule's target gets: Input, InputPath, InputTransformer or the whole event.

    EventBridge user guide, "Amazon EventBridge input transformation".
    """
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return _compact(path_value(event, str(target["InputPath"])))
    if "InputTransformer" in target:
        return _transformed(target["InputTransformer"], event)
    return _compact(event)


def _transformed(transformer: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    """Placeholders inside quotes stay text, others become JSON; an absent value is nothing or null."""
    paths = transformer.get("InputPathsMap", {})
    template = str(transformer["InputTemplate"])

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name == "aws.events.event.json":
            return _compact(event)
        item = path_value(event, paths[name]) if name in paths else None
        quoted = template.count('"', 0, found.start()) % 2 == 1
        if quoted:
            return "" if item is None else (item if isinstance(item, str) else _compact(item))
        return _compact(item)

    return _PLACEHOLDER.sub(value, template)


def path_value(event: Any, path: str) -> Any:
    """The value at a JSON path of names and indices, such as ``$.detail.object.key``, or None."""
    for name, index in re.findall(r"\.([A-Za-z0-9_-]+)|\[(\d+)\]", path.removeprefix("$")):
        try:
            event = event[int(index)] if index else event[name]
        except (KeyError, IndexError, TypeError):
            return None
    return event


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
