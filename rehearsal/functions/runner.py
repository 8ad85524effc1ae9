"""Runs functions as AWS Lambda does: as their role, warm where possible, their logs in CloudWatch Logs."""

import datetime
import json
import uuid
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.api import Principal
from rehearsal.emulator import Emulator
from rehearsal.functions.attachment import attach, trace
from rehearsal.functions.function import Function
from rehearsal.functions.sandbox import Outcome, Sandbox

SERVICE = "lambda.amazonaws.com"


@dataclass
class _Running:
    """A warm function: its process and the clients that Lambda itself uses in its name."""

    function: Function
    sandbox: Sandbox
    logs: Any


@dataclass
class Runner:
    """At most one process per function, so events to the same function wait for each other."""

    emulator: Emulator
    _running: dict[str, _Running] = field(default_factory=dict)
    _attached: set[str] = field(default_factory=set)
    _locks: dict[str, Lock] = field(default_factory=dict)
    _guard: Lock = field(default_factory=Lock)

    def run(self, function: Function, event: Any) -> Outcome:
        """Hand ``function`` an event. Raises ApiError if Lambda may not run it as its role."""
        with self._guard:
            lock = self._locks.setdefault(function.name, Lock())
        with lock:
            running = self._warm(function)
            outcome = running.sandbox.invoke(event)
            if self.emulator.faults.take("function_timeout", function.name):
                outcome = running.sandbox.timed_out(outcome)
            if not outcome.alive:
                self._stop(function.name)
            self._write(running, outcome)
        return outcome

    def forget(self, name: str) -> None:
        """End a function's process: the next event meets its new code and settings."""
        with self._guard:
            lock = self._locks.setdefault(name, Lock())
        with lock:
            self._stop(name)

    def stop(self) -> None:
        """End every process."""
        for name in list(self._running):
            self._stop(name)

    def _warm(self, function: Function) -> _Running:
        running = self._running.get(function.name)
        if running is None or running.function != function:
            self._stop(function.name)
            running = self._running[function.name] = self._start(function)
        return running

    def _stop(self, name: str) -> None:
        if running := self._running.pop(name, None):
            running.sandbox.stop()

    def _start(self, function: Function) -> _Running:
        principal = self.emulator.assume(
            function.role, SERVICE, source_arn=function.arn, session=function.name, context={}
        )
        if function.network and function.arn not in self._attached:
            attach(self.emulator, function, principal)
            self._attached.add(function.arn)
        if function.traced:
            trace(self.emulator, principal)
        logs = self.emulator.client("logs", principal)
        code = replace(principal, context={**principal.context, **self._of_code(function)})
        sandbox = Sandbox(function, self._environment(function, code))
        self._open_stream(logs, function, sandbox.stream)
        return _Running(function, sandbox, logs)

    def _of_code(self, function: Function) -> dict[str, str]:
        """What the calls of a function's own code carry, and Lambda's own calls in its name do not.

        Lambda developer guide, "Working with Lambda execution environment credentials".
        """
        inside = {}
        if function.network and "s3" in self.emulator.vpc_endpoints:
            inside = {"aws:SourceVpce": self.emulator.vpc_endpoints["s3"][0]}
        return {"lambda:SourceFunctionArn": function.arn, **inside}

    def _environment(self, function: Function, principal: Principal) -> dict[str, str]:
        """Lambda developer guide, "Defined runtime environment variables"; the endpoint is the emulator's."""
        place, said = self.emulator.place, function.configuration.get("Environment", {})
        return {
            **said.get("Variables", {}),
            "AWS_DEFAULT_REGION": place.region,
            "AWS_ENDPOINT_URL": self.emulator.endpoint,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.configuration['Runtime']}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_FORMAT": function.logging["LogFormat"],
            "AWS_LAMBDA_LOG_GROUP_NAME": function.logging["LogGroup"],
            "AWS_LAMBDA_LOG_STREAM_NAME": _stream_name(function),
            "AWS_REGION": place.region,
            "LAMBDA_TASK_ROOT": str(function.files),
            "LANG": "en_US.UTF-8",
            "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": f"{self.emulator.endpoint}/mlflow",
            "TZ": ":UTC",
            "_HANDLER": function.configuration["Handler"],
            **_log_level(function),
            **self.emulator.credentials(principal),
        }

    def _open_stream(self, logs: Any, function: Function, stream: str) -> None:
        try:
            logs.create_log_stream(logGroupName=function.logging["LogGroup"], logStreamName=stream)
        except ClientError as error:
            self._unlogged(function, error)

    def _write(self, running: _Running, outcome: Outcome) -> None:
        """The function's lines and its report, as its role: Lambda has no rights of its own."""
        now = int(datetime.datetime.now(datetime.UTC).timestamp() * 1000)
        lines = [*outcome.log.splitlines(), _report(running.function, outcome)]
        try:
            running.logs.put_log_events(
                logGroupName=running.function.logging["LogGroup"],
                logStreamName=running.sandbox.stream,
                logEvents=[{"timestamp": now, "message": line} for line in lines if line],
            )
        except ClientError as error:
            self._unlogged(running.function, error)

    def _unlogged(self, function: Function, error: ClientError) -> None:
        # Lambda runs a function all the same that may not write its log; the refusal stands in the trace.
        self.emulator.note(f"{function.name} writes no log: {error.response['Error']['Message']}")


def _log_level(function: Function) -> dict[str, str]:
    if function.logging["LogFormat"] != "JSON":
        return {}
    return {"AWS_LAMBDA_LOG_LEVEL": function.logging.get("ApplicationLogLevel", "INFO")}


def _report(function: Function, outcome: Outcome) -> str:
    """The line that Lambda itself ends an event with."""
    if function.logging["LogFormat"] != "JSON":
        return f"REPORT RequestId: {outcome.request_id}"
    status = "failure" if outcome.failed else "success"
    record = {"requestId": outcome.request_id, "status": status}
    return json.dumps({"type": "platform.report", "record": record})


def _stream_name(function: Function) -> str:
    """Lambda developer guide, "Configuring CloudWatch log groups": with the name where groups are shared."""
    named = function.name if "LogGroup" in function.configuration.get("LoggingConfig", {}) else ""
    return f"{datetime.datetime.now(datetime.UTC):%Y/%m/%d}/{named}[$LATEST]{uuid.uuid4().hex}"
