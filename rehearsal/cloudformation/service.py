"""The ``cloudformation`` API over the deployed stacks, for people who look into a kept rehearsal."""

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.api import ApiError, ApiRequest, Parameters
from rehearsal.cloudformation.stack import Stack


class CloudFormation:
    """Answers the calls that describe stacks; nobody deploys through it."""

    def __init__(self, stacks: Mapping[str, Stack]) -> None:
        self._stacks = stacks

    def answer(self, request: ApiRequest) -> Parameters:
        """The output of one call. Raises ApiError."""
        operations: Mapping[str, Callable[[Parameters], Parameters]] = {
            "DescribeStacks": self._describe,
            "ListStacks": lambda _: {"StackSummaries": [_summary(s) for s in self._stacks.values()]},
            "ListStackResources": self._resources,
            "DescribeStackResources": lambda p: {
                "StackResources": self._resources(p)["StackResourceSummaries"]
            },
            "DescribeStackEvents": self._events,
            "ListExports": lambda _: {"Exports": self._exports()},
            "GetTemplate": lambda p: {"TemplateBody": self._stack(p).template},
        }
        if request.operation not in operations:
            raise ApiError("InvalidAction", f"the rehearsal has no {request.operation} of AWS CloudFormation")
        return operations[request.operation](request.parameters)

    def _stack(self, parameters: Parameters) -> Stack:
        wanted = parameters["StackName"]
        for stack in self._stacks.values():
            if wanted in (stack.name, stack.id):
                return stack
        raise ApiError("ValidationError", f"Stack with id {wanted} does not exist")

    def _describe(self, parameters: Parameters) -> Parameters:
        found = [self._stack(parameters)] if "StackName" in parameters else list(self._stacks.values())
        return {"Stacks": [_described(stack) for stack in found]}

    def _resources(self, parameters: Parameters) -> Parameters:
        stack = self._stack(parameters)
        return {
            "StackResourceSummaries": [
                {
                    "LogicalResourceId": resource.logical_id,
                    "PhysicalResourceId": resource.physical_id,
                    "ResourceType": resource.type,
                    "ResourceStatus": "CREATE_COMPLETE",
                    "LastUpdatedTimestamp": stack.created,
                    "Timestamp": stack.created,
                }
                for resource in stack.resources.values()
            ]
        }

    def _events(self, parameters: Parameters) -> Parameters:
        stack = self._stack(parameters)
        return {
            "StackEvents": [
                {
                    "StackId": stack.id,
                    "StackName": stack.name,
                    "EventId": str(number),
                    "LogicalResourceId": event.logical_id,
                    "PhysicalResourceId": event.physical_id,
                    "ResourceType": event.type,
                    "ResourceStatus": event.status,
                    "ResourceStatusReason": event.reason,
                    "Timestamp": event.time,
                }
                for number, event in reversed(list(enumerate(stack.events)))
            ]
        }

    def _exports(self) -> list[dict[str, Any]]:
        return [
            {"ExportingStackId": stack.id, "Name": name, "Value": value}
            for stack in self._stacks.values()
            for name, value in stack.exports.items()
        ]


def _summary(stack: Stack) -> dict[str, Any]:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": stack.created,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
    }


def _described(stack: Stack) -> dict[str, Any]:
    exported = {value: name for name, value in stack.exports.items()}
    return {
        **_summary(stack),
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": value} for name, value in stack.parameters.items()
        ],
        "Outputs": [
            {"OutputKey": name, "OutputValue": value, **_export_name(exported.get(value))}
            for name, value in stack.outputs.items()
        ],
    }


def _export_name(name: str | None) -> dict[str, str]:
    return {"ExportName": name} if name else {}
