"""Queues that feed functions: what waits in them is handed over, and deleted once it is dealt with."""

import json
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.api import ApiError, Parameters
from rehearsal.emulator import Emulator
from rehearsal.functions.function import Function
from rehearsal.functions.runner import SERVICE, Runner

POLL_SECONDS = 0.1

_UNSUPPORTED = ("FilterCriteria", "StartingPosition")
_SHOWN = (
    "BatchSize",
    "EventSourceArn",
    "FunctionResponseTypes",
    "MaximumBatchingWindowInSeconds",
    "ScalingConfig",  # MaximumConcurrency is 2 at least: one batch at a time stays below it
)


LAST_SECONDS = 10.0
"""How long the end waits for a function that is at work."""


@dataclass
class _Mapping:
    arn: str
    function: str
    given: dict[str, Any]
    stopped: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    @property
    def described(self) -> dict[str, Any]:
        """Its members in the API."""
        shown = {name: self.given[name] for name in _SHOWN if name in self.given}
        state = "Enabled" if self.given.get("Enabled", True) else "Disabled"
        names = {"UUID": self.arn.rpartition(":")[2], "EventSourceMappingArn": self.arn}
        return {**shown, **names, "FunctionArn": self.function, "State": state}


@dataclass
class EventSources:
    """Amazon SQS queues as event sources (Lambda developer guide, "Using Lambda with Amazon SQS")."""

    emulator: Emulator
    runner: Runner
    find: Callable[[Parameters], Function]
    _mappings: dict[str, _Mapping] = field(default_factory=dict)

    def create(self, parameters: Parameters) -> Parameters:
        """CreateEventSourceMapping. Raises ApiError for a source that is no queue, and for filters."""
        function = self.find(parameters)
        if ":sqs:" not in parameters.get("EventSourceArn", ""):
            raise ApiError("InvalidParameterValueException", "only Amazon SQS queues feed functions here")
        if unsupported := [name for name in _UNSUPPORTED if name in parameters]:
            raise ApiError("InvalidParameterValueException", f"not rehearsed: {', '.join(unsupported)}")
        number = str(uuid.uuid4())
        arn = self.emulator.place.arn("lambda", f"event-source-mapping:{number}")
        mapping = self._mappings[number] = _Mapping(arn, function.arn, dict(parameters))
        mapping.thread = threading.Thread(target=self._poll, args=(mapping,), daemon=True)
        mapping.thread.start()
        return mapping.described

    def update(self, parameters: Parameters) -> Parameters:
        """UpdateEventSourceMapping."""
        mapping = self._mapping(parameters)
        mapping.given |= {key: value for key, value in parameters.items() if key != "UUID"}
        mapping.function = self.find({"FunctionName": mapping.given["FunctionName"]}).arn
        return mapping.described

    def delete(self, parameters: Parameters) -> Parameters:
        """DeleteEventSourceMapping."""
        mapping = self._mapping(parameters)
        mapping.stopped.set()
        del self._mappings[parameters["UUID"]]
        return mapping.described

    def list(self, _: Parameters) -> Parameters:
        """ListEventSourceMappings."""
        return {"EventSourceMappings": [mapping.described for mapping in self._mappings.values()]}

    def stop(self) -> None:
        """Take nothing from any queue any more; what was taken is done first."""
        for mapping in self._mappings.values():
            mapping.stopped.set()
        for thread in [one.thread for one in self._mappings.values() if one.thread]:
            thread.join(LAST_SECONDS)

    def _mapping(self, parameters: Parameters) -> _Mapping:
        if parameters["UUID"] not in self._mappings:
            what = "The resource you requested does not exist."
            raise ApiError("ResourceNotFoundException", what, 404)
        return self._mappings[parameters["UUID"]]

    def _poll(self, mapping: _Mapping) -> None:
        name = mapping.given["EventSourceArn"].rpartition(":")[2]
        url = f"{self.emulator.endpoint}/{self.emulator.place.account}/{name}"
        said = ""
        while not mapping.stopped.wait(POLL_SECONDS):
            try:
                if mapping.given.get("Enabled", True) and self._waiting(url):
                    self._take(mapping, url)
            except (ApiError, ClientError) as error:  # a queue may be deleted before what it feeds
                if str(error) != said:
                    said = str(error)
                    self.emulator.note(f"{mapping.function} gets nothing from {name}: {error}")

    def _waiting(self, url: str) -> bool:
        """Whether messages wait. The rehearsal itself asks: empty queues would fill the record of calls."""
        answer = self.emulator.client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"]) > 0

    def _take(self, mapping: _Mapping, url: str) -> None:
        function = self.find({"FunctionName": mapping.function})
        role = self.emulator.assume(function.role, SERVICE, source_arn=function.arn, session=function.name)
        self.emulator.judge(role, "sqs:GetQueueAttributes", mapping.given["EventSourceArn"])
        sqs = self.emulator.client("sqs", role)
        size = min(int(mapping.given.get("BatchSize", 10)), 10)
        found = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=size, MessageSystemAttributeNames=["All"]
        ).get("Messages", [])
        if not found:
            return
        outcome = self.runner.run(function, {"Records": [self._record(mapping, each) for each in found]})
        failed = _failed(mapping, outcome.payload) if not outcome.failed else {m["MessageId"] for m in found}
        for message in found:
            if message["MessageId"] not in failed:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def _record(self, mapping: _Mapping, message: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message.get("Attributes", {}),
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": mapping.given["EventSourceArn"],
            "awsRegion": self.emulator.place.region,
        }


def _failed(mapping: _Mapping, payload: str) -> set[str]:
    """Messages that the function itself reports as failed."""
    if "ReportBatchItemFailures" not in mapping.given.get("FunctionResponseTypes", ()):
        return set()
    answer = json.loads(payload) or {}
    return {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", ())}
