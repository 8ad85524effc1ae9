"""Which integrations are rehearsed, and how each is performed."""

import json
from collections.abc import Callable
from typing import Any

from rehearsal.states.errors import StateError
from rehearsal.states.integrations import bedrock, functions, sagemaker_jobs, shapes
from rehearsal.states.integrations.call import Call
from rehearsal.states.resource import Resource, parse

Perform = Callable[[Call], Any]

REQUEST_RESPONSE = {
    "bedrock": bedrock.ACTIONS,
    "sns": {"publish"},
    "sqs": {"sendMessage"},
    "dynamodb": {"getItem", "putItem", "updateItem", "deleteItem"},
    "states": {"startExecution"},
    "sagemaker": sagemaker_jobs.REQUEST_RESPONSE | sagemaker_jobs.KINDS.keys(),
    "lambda": {"invoke"},
    "events": {"putEvents"},
}
"""The guide, "Integrating optimized services": the actions we rehearse of those it lists."""

TOKENS = {"lambda", "sns", "sqs", "events", "states"}
"""The same: optimized integrations with ``.waitForTaskToken``."""

EXECUTION_POLL = 0.1


def problem(arn: str, arguments: Any) -> str | None:
    """What is wrong with a Task's Resource or with the names in its literal Arguments, or None."""
    resource = parse(arn)
    refused = _resource_problem(arn, resource)
    if refused or resource is None or not isinstance(arguments, dict):
        return refused
    model = shapes.operation_model(resource.service, resource.operation)
    if (resource.sdk, resource.service, resource.action) == (False, "bedrock", "invokeModel"):
        model = shapes.operation_model(bedrock.RUNTIME_SERVICE, resource.operation)
        arguments = {key: value for key, value in arguments.items() if key not in bedrock.OWN_FIELDS}
    try:
        shapes.to_request(model, arguments) if model else None
    except StateError as error:
        return f"SCHEMA_VALIDATION_FAILED: {error.cause}"
    return None


def _resource_problem(arn: str, resource: Resource | None) -> str | None:
    unknown = f"The resource provided {arn} is not recognized or not rehearsed"
    if resource is None:
        return unknown
    if resource.sdk:
        known = shapes.operation_model(resource.service, resource.operation) is not None
        return None if known and resource.pattern in {"", "waitForTaskToken"} else unknown
    if resource.action not in REQUEST_RESPONSE.get(resource.service, set()):
        return unknown
    return None if resource.pattern in _patterns(resource) else unknown


def _patterns(resource: Resource) -> set[str]:
    if resource.service == "sagemaker":
        return {"", "sync"} if resource.action in sagemaker_jobs.KINDS else {""}
    if resource.service == "bedrock":
        return {"", "sync"} if resource.action == "createModelCustomizationJob" else {""}
    if resource.service == "states":
        return {"", "sync", "sync:2", "waitForTaskToken"}
    return {"", "waitForTaskToken"} if resource.service in TOKENS else {""}


def perform(call: Call) -> Any:
    """Do what the call's resource says; the result as the state sees it."""
    resource = call.resource
    if resource.sdk:
        return call.send(resource.operation, call.arguments)
    if resource.service == "sagemaker":
        return sagemaker_jobs.run(call) if resource.pattern == "sync" else sagemaker_jobs.create(call)
    if resource.service == "bedrock":
        return _bedrock(call)
    if resource.service == "lambda":
        return functions.invoke(call)
    if resource.service == "states" and resource.pattern.startswith("sync"):
        return _nested(call)
    answer = call.send(resource.operation, _defaulted(call))
    if answer.get("FailedEntryCount"):
        raise StateError("EventBridge.FailedEntry", json.dumps(answer))
    return {**answer, "SdkHttpMetadata": {"HttpStatusCode": 200}}


def _bedrock(call: Call) -> dict[str, Any]:
    if call.resource.action == "invokeModel":
        return bedrock.invoke(call)
    return bedrock.run(call) if call.resource.pattern == "sync" else bedrock.create(call)


def _defaulted(call: Call) -> Any:
    """EventBridge adds the execution to each event's resources (the guide, "Add EventBridge events")."""
    if call.resource.service != "events":
        return call.arguments
    entries = [
        {**entry, "Resources": [*entry.get("Resources", []), call.execution_arn]}
        for entry in call.arguments["Entries"]
    ]
    return {**call.arguments, "Entries": entries}


def _nested(call: Call) -> dict[str, Any]:
    """``states:startExecution.sync[:2]``: wait for the other workflow; ``:2`` gives its output as JSON."""
    started = call.send("StartExecution", call.arguments)
    call.submitted(started)
    name = {"ExecutionArn": started["ExecutionArn"]}
    call.on_cancel.append(lambda: _stop_nested(call, name))
    while not call.cancelled.wait(EXECUTION_POLL):
        found = call.send("DescribeExecution", name, times=shapes.epoch_milliseconds)
        if found["Status"] == "SUCCEEDED":
            output = json.loads(found["Output"]) if call.resource.pattern == "sync:2" else found["Output"]
            return {**found, "Output": output}
        if found["Status"] != "RUNNING":
            raise StateError("States.TaskFailed", json.dumps(found))
    return {}


def _stop_nested(call: Call, name: dict[str, Any]) -> None:
    try:
        call.send("StopExecution", name)
    except StateError as error:
        call.emulator.note(f"{name['ExecutionArn']} was not stopped: {error.cause}")
