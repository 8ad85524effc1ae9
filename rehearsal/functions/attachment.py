"""What AWS Lambda does in a function's name before its code runs: network interfaces, traces."""

from collections.abc import Iterator
from hashlib import sha256

from rehearsal.api import ApiError, Place, Principal
from rehearsal.emulator import Emulator
from rehearsal.functions.function import Function

INTERFACE_ACTIONS = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
)
"""What Lambda does to the interface of a function in a VPC, as the function's role, besides creating it.

Lambda developer guide, "Giving Lambda functions access to resources in an Amazon VPC".
"""

NETWORK_ACTIONS = ("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets")
"""What it asks on no resource in particular."""

TRACE_ACTIONS = ("xray:PutTelemetryRecords", "xray:PutTraceSegments")
"""What Lambda does with the function's role when tracing is active (Lambda developer guide, "X-Ray")."""


def attach(emulator: Emulator, function: Function, principal: Principal) -> None:
    """Judge the creation and care of an interface in the function's network. Raises ApiError if refused."""
    try:
        for action, resource in _needed(function, emulator.place):
            emulator.judge(principal, action, resource)
    except ApiError as error:
        raise ApiError("EC2AccessDeniedException", error.message, 502) from error


def trace(emulator: Emulator, principal: Principal) -> None:
    """Judge the sending of traces; a function that may not send any runs all the same."""
    try:
        for action in TRACE_ACTIONS:
            emulator.judge(principal, action, "*")
    except ApiError as error:
        emulator.note(f"no trace: {error.message}")


def _needed(function: Function, place: Place) -> Iterator[tuple[str, str]]:
    """Actions and the resources they act on."""
    network = function.network
    interface = place.arn("ec2", f"network-interface/eni-{sha256(function.arn.encode()).hexdigest()[:17]}")
    subnets = [place.arn("ec2", f"subnet/{each}") for each in network["SubnetIds"]]
    groups = [place.arn("ec2", f"security-group/{each}") for each in network["SecurityGroupIds"]]
    for resource in (interface, *subnets, *groups):
        yield "ec2:CreateNetworkInterface", resource
    for action in INTERFACE_ACTIONS:
        yield action, interface
    for action in NETWORK_ACTIONS:
        yield action, "*"
