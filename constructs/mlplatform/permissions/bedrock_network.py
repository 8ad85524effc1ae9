"""Attaching Bedrock's jobs to the platform's network.

Amazon Bedrock user guide, "Protect your model customization jobs using a VPC" and "(Optional) Protect custom
model import jobs using a VPC": Bedrock tags the interfaces it makes, and the role may change no others.
"""

from collections.abc import Iterable
from typing import Any

from mlplatform.exports import imported, subnet_exports
from mlplatform.permissions.grant import Grant
from mlplatform.policy import within
from mlplatform.settings import Environment

MANAGED = "BedrockManaged"
"""Tag of every interface of Bedrock's."""

CUSTOMIZATION, IMPORT = "model-customization-job", "model-import-job"
_JOB = {CUSTOMIZATION: "BedrockModelCustomizationJobArn", IMPORT: "BedrockModelImportJobArn"}
"""The other tag, which names the job, by the kind of job."""

_SID = {CUSTOMIZATION: "", IMPORT: "OfImports"}

_DESCRIBED = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")


def bedrock_network(settings: Environment, kinds: Iterable[str]) -> list[Grant]:
    """Interfaces of jobs of these kinds in the platform's subnets, with the security group of jobs."""
    described = tuple(f"ec2:Describe{kind}" for kind in _DESCRIBED)
    return [
        *(grant for kind in kinds for grant in _interfaces(kind, settings)),
        Grant(
            "AttachToNetwork",
            ("ec2:CreateNetworkInterface",),
            tuple(_network(settings)),
            "subnets and security group are the platform's",
        ),
        Grant(
            "SeeNetwork",
            described,
            ("*",),
            "EC2 describes no resource in particular",
            within(settings.region),
        ),
    ]


def _interfaces(kind: str, settings: Environment) -> list[Grant]:
    """Making, tagging and using the interfaces of one kind of job."""
    interfaces, of = (settings.names.arn("ec2", "network-interface/*"),), _SID[kind]
    why = "EC2 numbers interfaces when Bedrock attaches a job, and Bedrock tags its own"
    new = _tagged("RequestTag", kind, settings)
    tagging = {
        **new,
        "StringEquals": {**new["StringEquals"], "ec2:CreateAction": "CreateNetworkInterface"},
        "ForAllValues:StringEquals": {"aws:TagKeys": [MANAGED, _JOB[kind]]},
    }
    change = tuple(
        f"ec2:{verb}"
        for verb in (
            "CreateNetworkInterfacePermission",
            "DeleteNetworkInterface",
            "DeleteNetworkInterfacePermission",
        )
    )
    has = _tagged("ResourceTag", kind, settings)
    return [
        Grant(f"MakeInterfaces{of}", ("ec2:CreateNetworkInterface",), interfaces, why, new),
        Grant(f"TagInterfaces{of}", ("ec2:CreateTags",), interfaces, why, tagging),
        Grant(f"UseInterfaces{of}", change, interfaces, why, has),
    ]


def _tagged(key: str, kind: str, settings: Environment) -> dict[str, dict[str, Any]]:
    """The interface has, or gets, the tags that Bedrock gives those of this account's jobs of one kind."""
    jobs = settings.names.arn("bedrock", f"{kind}/*")
    return {"StringEquals": {f"aws:{key}/{MANAGED}": "true"}, "ArnLike": {f"aws:{key}/{_JOB[kind]}": jobs}}


def _network(settings: Environment) -> list[Any]:
    names = settings.names
    exports = [("subnet/", export) for export in subnet_exports(settings)]
    return [
        {"Fn::Join": ["", [names.arn("ec2", kind), imported(export, settings)]]}
        for kind, export in (*exports, ("security-group/", "JobSecurityGroupId"))
    ]
