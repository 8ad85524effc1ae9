"""Home directories on EFS: what the domain leaves in the VPC when it is deleted is removed."""

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlplatform.acknowledgements import accept_all
from mlplatform.exports import imported
from mlplatform.function import PlatformFunction
from mlplatform.policy import Statement, allow, within
from mlplatform.settings import Environment
from mlplatform.stack_exports import import_value

MANAGED_BY = "ManagedByAmazonSageMakerResource"
"""Tag with which SageMaker says for which domain it created something; the value is the domain's ARN."""

TIMEOUT_SECONDS = 600

_ANSWERED = {
    "NIST.800.53.R5::NIST.800.53.R5-LambdaDLQ": "CloudFormation waits for this function's answer and fails "
    "without one; nobody would read a queue of requests about a domain that is gone",
    "NIST.800.53.R5::NIST.800.53.R5-LambdaConcurrency": "CloudFormation calls this function when the domain "
    "comes and goes; a reservation would be taken from the account's executions for good",
}


class StudioHomes(Construct):
    """After the domain is gone, removes mount targets, the NFS security groups and, unless kept, the files.

    CloudFormation deletes a domain with its files retained, and cannot be told otherwise. Two resources,
    because the id of the file system is known only once the domain exists, and the work begins only when it
    no longer does: the first marks the file system while the domain is there, the second, which the domain
    depends on and so outlives it, looks for the mark.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Environment, domain: sagemaker.CfnDomain
    ) -> None:
        super().__init__(scope, construct_id)
        function = PlatformFunction(
            self,
            "Function",
            settings=settings,
            package="studio_homes",
            shared=["custom_resource"],
            description="Removes the home directories' mounts and groups after Studio's domain is deleted",
            timeout_seconds=TIMEOUT_SECONDS,
            key_arn=import_value("LogsKeyArn", settings),
            statements=_statements(settings),
            star_reason="so do lists of security groups and domains, which are bound to this region",
            accepted=_ANSWERED,
        )
        accept_all(function, _reasons(settings))
        mark = {"Mark": settings.names.name("studio", kind="studio")}
        keep = {"KeepFiles": str(settings.retains).lower(), "VpcId": import_value("VpcId", settings)}
        sweep = self._resource("Sweep", function, mark | keep)
        domain.node.add_dependency(sweep)
        self._resource("Mark", function, mark | {"FileSystemId": domain.attr_home_efs_file_system_id})

    def _resource(
        self, construct_id: str, function: PlatformFunction, properties: dict[str, str]
    ) -> cdk.CustomResource:
        return cdk.CustomResource(
            self,
            construct_id,
            resource_type=f"Custom::StudioHomes{construct_id}",
            service_token=function.arn,
            service_timeout=cdk.Duration.seconds(TIMEOUT_SECONDS + 60),
            properties=properties,
        )


def _arns(settings: Environment) -> dict[str, str]:
    names = settings.names
    return {
        "files": names.arn("elasticfilesystem", "file-system/*"),
        "groups": names.arn("ec2", "security-group/*"),
        "interfaces": names.arn("ec2", "network-interface/*"),
    }


def _statements(settings: Environment) -> list[Statement]:
    arns = _arns(settings)
    domains = settings.names.arn("sagemaker", "domain/*")
    for_studio = {"StringLike": {f"aws:ResourceTag/{MANAGED_BY}": domains}}
    vpc = {"Fn::Join": ["", [settings.names.arn("ec2", "vpc/"), imported("VpcId", settings)]]}
    ours = {"ArnEquals": {"ec2:Vpc": vpc}}
    efs = [
        f"elasticfilesystem:{action}" for action in ("DeleteFileSystem", "DeleteMountTarget", "TagResource")
    ]
    ec2 = [
        "ec2:DeleteSecurityGroup",
        "ec2:RevokeSecurityGroupEgress",
        "ec2:RevokeSecurityGroupIngress",
    ]
    find = ["ec2:DescribeSecurityGroups", "sagemaker:ListDomains"]
    see = ["elasticfilesystem:DescribeFileSystems", "elasticfilesystem:DescribeMountTargets"]
    return [
        allow("SeeFileSystems", see, [arns["files"]]),
        allow("RemoveHomes", efs, [arns["files"]], condition=for_studio),
        # Deleting a mount target deletes its network interface on behalf of the caller (EFS user guide).
        allow("RemoveInterfaces", ["ec2:DeleteNetworkInterface"], [arns["interfaces"]], condition=ours),
        allow("RemoveGroups", ec2, [arns["groups"]], condition=ours),
        allow("FindRest", find, ["*"], condition=within(settings.region)),
    ]


def _reasons(settings: Environment) -> dict[str, str]:
    """Why each wildcard: SageMaker gives the ids, and only when the domain is created."""
    why = {
        "files": "SageMaker creates the file system; deleting asks for its tag that names a domain of ours",
        "groups": "SageMaker creates the NFS groups; the condition keeps to the platform's VPC",
        "interfaces": "EFS creates the mount targets' interfaces; the condition keeps to the platform's VPC",
    }
    arns = _arns(settings)
    return {f"AwsSolutions::AwsSolutions-IAM5[Resource::{arns[thing]}]": text for thing, text in why.items()}
