"""Attaching what AWS runs for us to the platform's network, and to no other."""

from typing import Any

from mlplatform.exports import imported, subnet_exports
from mlplatform.permissions.grant import Grant
from mlplatform.policy import within
from mlplatform.settings import Environment

_DESCRIBED = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")


def job_network(settings: Environment, *groups: str) -> list[Grant]:
    """A job's interfaces in the platform's subnets, with the security groups exported as ``groups``.

    SageMaker developer guide, "CreateTrainingJob API: Execution Role Permissions", jobs in a VPC.
    """
    interfaces = settings.names.arn("ec2", "network-interface/*")
    permission = ("ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterfacePermission")
    return [
        Grant(
            "AttachToNetwork",
            ("ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", *permission),
            (interfaces, *_network(settings, *groups)),
            "EC2 numbers interfaces when SageMaker attaches a job; subnets and security groups are the "
            "platform's",
        ),
        Grant(
            "SeeNetwork",
            tuple(f"ec2:Describe{kind}" for kind in _DESCRIBED),
            ("*",),
            "EC2 describes no resource in particular",
            within(settings.region),
        ),
    ]


def function_network(settings: Environment) -> list[Grant]:
    """A function's interfaces in the platform's subnets, with the security group of functions.

    AWS Lambda developer guide, "Giving Lambda functions access to resources in an Amazon VPC": deleting and
    describing work only on every resource.
    """
    interfaces = settings.names.arn("ec2", "network-interface/*")
    everywhere = (
        "ec2:AssignPrivateIpAddresses",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    )
    return [
        Grant(
            "AttachToNetwork",
            ("ec2:CreateNetworkInterface",),
            (interfaces, *_network(settings, "FunctionSecurityGroupId")),
            "EC2 numbers interfaces when Lambda attaches a function; subnets and security group are the "
            "platform's",
        ),
        Grant(
            "KeepInterfaces",
            everywhere,
            ("*",),
            "Lambda keeps a function's interfaces, and asks for these on every resource",
            within(settings.region),
        ),
    ]


def not_by_the_code(settings: Environment, function: str) -> Grant:
    """Interfaces are Lambda's business: the function's own code, with the same role, may not touch them.

    AWS Lambda developer guide, "Working with Lambda execution environment credentials".
    """
    return Grant(
        "DenyInterfacesToCode",
        (
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses",
        ),
        ("*",),
        "only Lambda itself attaches the function to the network",
        {"ArnEquals": {"lambda:SourceFunctionArn": settings.names.arn("lambda", f"function:{function}")}},
        effect="Deny",
    )


def _network(settings: Environment, *groups: str) -> list[Any]:
    """ARNs of the environment's subnets and of security groups, by their exports."""
    names = settings.names
    subnets = [("subnet/", export) for export in subnet_exports(settings)]
    return [
        {"Fn::Join": ["", [names.arn("ec2", kind), imported(export, settings)]]}
        for kind, export in (*subnets, *(("security-group/", group) for group in groups))
    ]
