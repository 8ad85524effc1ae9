"""The ``lambda`` API of the emulated account: real functions, run as their roles."""

import base64
import json
import tempfile
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.api import ApiError, ApiRequest, Parameters, Principal
from rehearsal.emulator import Emulator
from rehearsal.functions.deliveries import Deliveries
from rehearsal.functions.event_sources import EventSources
from rehearsal.functions.function import DEFAULTS, Function, unpacked
from rehearsal.functions.permissions import Permissions
from rehearsal.functions.runner import Runner
from rehearsal.functions.sandbox import Outcome

LARGEST_EVENT = 1024 * 1024
"""Bytes of an asynchronous event (Lambda developer guide, "Lambda quotas")."""

LARGEST_PAYLOAD = 6 * 1024 * 1024
"""Bytes of a synchronous event, and of an answer."""


class FunctionService:
    """Registers ``lambda`` with the emulator. ``functions`` are those deployed, by name."""

    def __init__(self, emulator: Emulator) -> None:
        self.functions: dict[str, Function] = {}
        self._emulator = emulator
        self._runner = Runner(emulator)
        self._permissions = Permissions(emulator.resource_policies)
        self._folder = tempfile.TemporaryDirectory(prefix="functions-")
        self._deliveries = Deliveries(emulator, self._runner)
        self._sources = EventSources(emulator, self._runner, self._function)
        self._end = weakref.finalize(self, _end, self._runner, self._folder)
        emulator.register("lambda", self.answer)

    def answer(self, request: ApiRequest) -> Parameters:
        """The output of one call of the API. Raises ApiError."""
        operations: Mapping[str, Callable[[Parameters], Parameters]] = {
            "AddPermission": lambda p: self._permissions.add(self._function(p), p),
            "CreateEventSourceMapping": self._sources.create,
            "CreateFunction": self._create,
            "DeleteEventSourceMapping": self._sources.delete,
            "DeleteFunction": self._delete,
            "GetFunction": self._get,
            "GetFunctionConfiguration": lambda p: self._function(p).described(),
            "GetPolicy": lambda p: self._permissions.policy(self._function(p)),
            "Invoke": self._invoke,
            "ListEventSourceMappings": self._sources.list,
            "ListFunctions": lambda _: {"Functions": [f.described() for f in self.functions.values()]},
            "PutFunctionConcurrency": self._reserve,
            "RemovePermission": lambda p: self._permissions.remove(self._function(p), p),
            "UpdateEventSourceMapping": self._sources.update,
            "UpdateFunctionCode": self._replace_code,
            "UpdateFunctionConfiguration": self._configure,
        }
        if request.operation not in operations:
            raise ApiError("NotImplemented", f"the rehearsal has no {request.operation} of AWS Lambda", 501)
        return operations[request.operation](request.parameters)

    def invoke_for(self, service: str, function: str, event: Any, *, source_arn: str) -> Outcome:
        """Invoke ``function`` for an AWS service such as ``events.amazonaws.com``.

        Its policy must let the service do so for the resource ``source_arn``. Raises ApiError.
        """
        found = self._function({"FunctionName": function})
        context = {"aws:SourceArn": source_arn, "aws:SourceAccount": self._emulator.place.account}
        self._emulator.judge(Principal(service), "lambda:InvokeFunction", found.arn, context)
        return self._runner.run(found, event)

    def settle(self) -> None:
        """Wait until every asynchronous event has been dealt with."""
        self._deliveries.settle()

    def stop(self) -> None:
        """End the functions' processes."""
        self._sources.stop()
        self.settle()
        self._end()

    def _function(self, parameters: Parameters) -> Function:
        name = parameters["FunctionName"].partition(":function:")[2] or parameters["FunctionName"]
        name = name.removesuffix(":$LATEST")
        if name not in self.functions:
            arn = self._emulator.place.arn("lambda", f"function:{name}")
            raise ApiError("ResourceNotFoundException", f"Function not found: {arn}", 404)
        return self.functions[name]

    def _create(self, parameters: Parameters) -> Parameters:
        name = parameters["FunctionName"]
        if name in self.functions:
            raise ApiError("ResourceConflictException", f"Function already exist: {name}", 409)
        role = parameters["Role"]
        if role not in self._emulator.identities.roles:
            raise ApiError("InvalidParameterValueException", f"The role {role} cannot be assumed by Lambda.")
        files, digest = self._unpacked(parameters["Code"])
        arn = self._emulator.place.arn("lambda", f"function:{name}")
        configuration = {**DEFAULTS, "CodeSha256": digest}
        empty = Function(name, arn, configuration, files, parameters.get("Tags", {}))
        self.functions[name] = empty.configured(parameters)
        return self.functions[name].described()

    def _unpacked(self, code: Parameters) -> tuple[Path, str]:
        if "ZipFile" in code:
            content = code["ZipFile"]
        else:
            try:
                s3 = self._emulator.client("s3")
                content = s3.get_object(Bucket=code["S3Bucket"], Key=code["S3Key"])["Body"].read()
            except ClientError as error:
                what = f"Error occurred while GetObject. {error.response['Error']['Message']}"
                raise ApiError("InvalidParameterValueException", what) from error
        return unpacked(content, Path(self._folder.name))

    def _replace_code(self, parameters: Parameters) -> Parameters:
        old = self._function(parameters)
        files, digest = self._unpacked(parameters)
        return self._put(replace(old, files=files, configuration={**old.configuration, "CodeSha256": digest}))

    def _configure(self, parameters: Parameters) -> Parameters:
        return self._put(self._function(parameters).configured(parameters))

    def _reserve(self, parameters: Parameters) -> Parameters:
        count = parameters["ReservedConcurrentExecutions"]
        self._put(replace(self._function(parameters), reserved=count))
        return {"ReservedConcurrentExecutions": count}

    def _put(self, function: Function) -> Parameters:
        self.functions[function.name] = function
        self._runner.forget(function.name)
        return function.described()

    def _delete(self, parameters: Parameters) -> Parameters:
        function = self._function(parameters)
        del self.functions[function.name]
        self._permissions.forget(function)
        self._runner.forget(function.name)
        return {}

    def _get(self, parameters: Parameters) -> Parameters:
        function = self._function(parameters)
        reserved = {"Concurrency": {"ReservedConcurrentExecutions": function.reserved}}
        return {
            "Configuration": function.described(),
            "Tags": dict(function.tags),
            **(reserved if function.reserved is not None else {}),
        }

    def _invoke(self, parameters: Parameters) -> Parameters:
        function, kind = self._function(parameters), parameters.get("InvocationType", "RequestResponse")
        payload = parameters.get("Payload") or b"{}"
        content = payload if isinstance(payload, bytes) else payload.read()
        if len(content) > (LARGEST_EVENT if kind == "Event" else LARGEST_PAYLOAD):
            raise ApiError("RequestTooLargeException", f"{len(content)} byte payload is too large", 413)
        if function.reserved == 0:
            raise ApiError("TooManyRequestsException", "Rate Exceeded.", 429)
        try:
            event = json.loads(content)
        except ValueError as error:
            what = f"Could not parse request body into json: {error}"
            raise ApiError("InvalidRequestContentException", what) from error
        if kind == "DryRun":
            return {"StatusCode": 204}
        if kind == "Event":
            self._deliveries.later(function, event)
            return {"StatusCode": 202, "Payload": b""}
        return _answered(self._runner.run(function, event), parameters.get("LogType") == "Tail")


def _answered(outcome: Outcome, tail: bool) -> Parameters:
    answer: dict[str, Any] = {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
    content = outcome.payload.encode()
    failed = outcome.failed
    if len(content) > LARGEST_PAYLOAD:
        what = f"Response payload size exceeded maximum allowed payload size ({LARGEST_PAYLOAD} bytes)."
        content = json.dumps({"errorType": "Function.ResponseSizeTooLarge", "errorMessage": what}).encode()
        failed = True
    if failed:
        answer["FunctionError"] = "Unhandled"
    if tail:
        answer["LogResult"] = base64.b64encode(outcome.log.encode()[-4096:]).decode()
    return answer | {"Payload": content}


def _end(runner: Runner, folder: "tempfile.TemporaryDirectory[str]") -> None:
    runner.stop()
    folder.cleanup()
