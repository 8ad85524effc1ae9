"""Stacks as the API describes them."""

from collections.abc import Mapping
from typing import Any

from rehearsal.api import Parameters
from rehearsal.cloudformation.stack import Stack

PAGE = 100
"""Changes, events or change sets in one answer; the next one has the rest."""


def page(items: list[Any], asked: Parameters, key: str) -> dict[str, Any]:
    """The part of ``items`` that ``NextToken`` asks for, and the next token if there is more."""
    start = int(asked.get("NextToken") or 0)
    rest = {"NextToken": str(start + PAGE)} if len(items) > start + PAGE else {}
    return {key: items[start : start + PAGE], **rest}


def summary(stack: Stack) -> dict[str, Any]:
    """A member of ListStacks."""
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": stack.created,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        **({"LastUpdatedTime": stack.updated} if stack.updated else {}),
    }


def described(stack: Stack) -> dict[str, Any]:
    """A member of DescribeStacks. While an update goes forward it shows the values it will have: AWS does not
    document that, and who needs them during an update has to check it there.
    """
    exported = {value: name for name, value in stack.exports.items()}
    return {
        **summary(stack),
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in (stack.coming or stack.parameters).items()
        ],
        "Outputs": [
            {"OutputKey": name, "OutputValue": value, **_export_name(exported.get(value))}
            for name, value in stack.outputs.items()
        ],
        "EnableTerminationProtection": stack.protected,
        **({"RoleARN": stack.role} if stack.role else {}),
    }


def resources(stack: Stack) -> list[dict[str, Any]]:
    """Members of ListStackResources: each resource with its last status."""
    last = {event.logical_id: event for event in stack.events}
    return [
        {
            "LogicalResourceId": resource.logical_id,
            "PhysicalResourceId": resource.physical_id,
            "ResourceType": resource.type,
            "ResourceStatus": last[resource.logical_id].status,
            "LastUpdatedTimestamp": last[resource.logical_id].time,
            "Timestamp": last[resource.logical_id].time,
        }
        for resource in stack.resources.values()
    ]


def events(stack: Stack) -> list[dict[str, Any]]:
    """Members of DescribeStackEvents, newest first."""
    return [
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


def exports(stacks: Mapping[str, Stack]) -> list[dict[str, Any]]:
    """Members of ListExports."""
    return [
        {"ExportingStackId": stack.id, "Name": name, "Value": value}
        for stack in stacks.values()
        for name, value in stack.exports.items()
    ]


def _export_name(name: str | None) -> dict[str, str]:
    return {"ExportName": name} if name else {}
