"""Attaching Bedrock's jobs to the platform's network.

Amazon Bedrock user guide, "Protect your model customization jobs using a VPC": Bedrock tags the interfaces it
makes, and the role may change no others.
"""

from typing import Any

from mlplatform.exports import imported, subnet_exports
from mlplatform.permissions.grant import Grant
from mlplatform.policy import within
from mlplatform.settings import Environment

MANAGED, JOB = "BedrockManaged", "BedrockModelCustomizationJobArn"
"""Tags of the interfaces of a job."""

KINDS = ("model-customization-job", "model-import-job")

_DESCRIBED = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")


def bedrock_network(settings: Environment) -> list[Grant]:
    """A job's interfaces in the platform's subnets, with the security group of jobs."""
    names = settings.names
    interfaces = (names.arn("ec2", "network-interface/*"),)
    numbered = "EC2 numbers interfaces when Bedrock attaches a job, and Bedrock tags its own"
    new = _tagged("RequestTag", settings)
    only_then = {"ec2:CreateAction": "CreateNetworkInterface"}
    tagging = {**new, "StringEquals": {**new["StringEquals"], **only_then}}
    change = ("ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface")
    more = "ec2:DeleteNetworkInterfacePermission"
    described = tuple(f"ec2:Describe{kind}" for kind in _DESCRIBED)
    return [
        Grant(
            "MakeInterfaces",
            ("ec2:CreateNetworkInterface",),
            interfaces,
            numbered,
            new,
        ),
        Grant(
            "AttachToNetwork",
            ("ec2:CreateNetworkInterface",),
            tuple(_network(settings)),
            "subnets and security group are the platform's",
        ),
        Grant("TagInterfaces", ("ec2:CreateTags",), interfaces, numbered, tagging),
        Grant("UseInterfaces", (*change, more), interfaces, numbered, _tagged("ResourceTag", settings)),
        Grant(
            "SeeNetwork",
            described,
            ("*",),
            "EC2 describes no resource in particular",
            within(settings.region),
        ),
    ]


def _tagged(key: str, settings: Environment) -> dict[str, dict[str, Any]]:
    """The interface has, or gets, the tags that Bedrock gives those of this account's jobs."""
    jobs = [settings.names.arn("bedrock", f"{kind}/*") for kind in KINDS]
    return {"StringEquals": {f"aws:{key}/{MANAGED}": "true"}, "ArnLike": {f"aws:{key}/{JOB}": jobs}}


def _network(settings: Environment) -> list[Any]:
    names = settings.names
    exports = [("subnet/", export) for export in subnet_exports(settings)]
    return [
        {"Fn::Join": ["", [names.arn("ec2", kind), imported(export, settings)]]}
        for kind, export in (*exports, ("security-group/", "JobSecurityGroupId"))
    ]
