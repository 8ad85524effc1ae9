"""The custom resource of home directories, against an EFS, EC2 and SageMaker that answer."""

from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from studio_homes import handler as module
from studio_homes.handler import StudioHomesError, handle, handler
from studio_homes.logic import MANAGED_BY, MARK, marked

LAMBDA = SimpleNamespace(log_stream_name="stream")
"""What Lambda hands to a handler."""
REGION, ACCOUNT = "eu-west-1", "123456789012"


class Account:
    """An account with a VPC, and what a SageMaker domain leaves in it."""

    def __init__(self) -> None:
        self.ec2, self.efs, self.sagemaker = (
            boto3.client(service, region_name=REGION) for service in ("ec2", "efs", "sagemaker")
        )
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/20")["Vpc"]["VpcId"]
        self.subnet = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]

    def domain(self) -> str:
        """Id of a domain that exists."""
        domain = self.sagemaker.create_domain(
            DomainName="acme-dev-studio",
            AuthMode="IAM",
            DefaultUserSettings={"ExecutionRole": f"arn:aws:iam::{ACCOUNT}:role/role"},
            SubnetIds=[self.subnet],
            VpcId=self.vpc,
        )
        return str(domain["DomainArn"].rpartition("/")[2])

    def homes(self, domain_id: str) -> str:
        """Id of the file system that SageMaker creates for a domain, mounted behind its two groups."""
        arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:domain/{domain_id}"
        tags = [{"Key": MANAGED_BY, "Value": arn}]
        file_system = str(self.efs.create_file_system(CreationToken=domain_id, Tags=tags)["FileSystemId"])
        inbound, outbound = (
            self.group(f"security-group-for-{way}-nfs-{domain_id}") for way in ("inbound", "outbound")
        )
        nfs = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049}
        self.ec2.authorize_security_group_ingress(
            GroupId=inbound, IpPermissions=[{**nfs, "UserIdGroupPairs": [{"GroupId": outbound}]}]
        )
        self.ec2.authorize_security_group_egress(
            GroupId=outbound, IpPermissions=[{**nfs, "UserIdGroupPairs": [{"GroupId": inbound}]}]
        )
        self.efs.create_mount_target(FileSystemId=file_system, SubnetId=self.subnet, SecurityGroups=[inbound])
        return file_system

    def group(self, name: str) -> str:
        """Id of a new security group."""
        return str(
            self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"]
        )

    def groups(self) -> set[str]:
        """Names of the security groups of the VPC, but for its default one."""
        filters = [{"Name": "vpc-id", "Values": [self.vpc]}]
        found = self.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
        return {group["GroupName"] for group in found} - {"default"}

    def file_systems(self) -> set[str]:
        """Ids of the file systems that exist."""
        return {item["FileSystemId"] for item in self.efs.describe_file_systems()["FileSystems"]}

    def mount_targets(self, file_system: str) -> int:
        """How many mount targets a file system has."""
        return len(self.efs.describe_mount_targets(FileSystemId=file_system)["MountTargets"])

    def mark(self, file_system: str, mark: str = "acme-dev-studio", kind: str = "Create") -> None:
        """What CloudFormation asks for while the domain exists."""
        self.handle(kind, {"FileSystemId": file_system, "Mark": mark})

    def sweep(self, *, keep: bool = False, kind: str = "Delete") -> None:
        """What CloudFormation asks for after the domain is gone."""
        keep_files = str(keep).lower()
        self.handle(kind, {"Mark": "acme-dev-studio", "VpcId": self.vpc, "KeepFiles": keep_files})

    def handle(self, kind: str, properties: dict[str, str]) -> None:
        """Handle one request without waiting."""
        event = {"RequestType": kind, "ResourceProperties": properties}
        handle(event, efs=self.efs, ec2=self.ec2, sagemaker=self.sagemaker, wait=lambda seconds: None)


@pytest.fixture
def account(aws: None) -> Account:
    """An empty account with a VPC."""
    return Account()


def test_what_a_deleted_domain_leaves_is_removed(account: Account) -> None:
    file_system = account.homes("d-gone")
    account.mark(file_system)
    account.sweep()
    assert account.file_systems() == set()
    assert account.groups() == set()


def test_files_that_are_kept_are_no_longer_mounted_and_block_no_vpc(account: Account) -> None:
    file_system = account.homes("d-gone")
    account.mark(file_system)
    account.sweep(keep=True)
    assert account.file_systems() == {file_system}
    assert account.mount_targets(file_system) == 0
    assert account.groups() == set()


def test_the_homes_of_others_stay(account: Account) -> None:
    foreign = account.homes("d-other-team")
    neighbour = account.homes("d-neighbour")
    account.mark(neighbour, mark="acme-prod-studio")
    before = account.groups()
    account.sweep()
    assert account.file_systems() == {foreign, neighbour}
    assert account.groups() == before
    assert account.mount_targets(foreign) == 1


def test_the_homes_of_a_domain_that_exists_stay(account: Account) -> None:
    file_system = account.homes(account.domain())
    account.mark(file_system)
    account.sweep()
    assert account.mount_targets(file_system) == 1


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_only_deleting_removes_anything(account: Account, kind: str) -> None:
    file_system = account.homes("d-gone")
    account.mark(file_system)
    account.sweep(kind=kind)
    assert account.mount_targets(file_system) == 1


def test_deleting_the_mark_leaves_it_for_the_sweep_that_follows(account: Account) -> None:
    file_system = account.homes("d-gone")
    account.mark(file_system)
    account.mark(file_system, kind="Delete")
    account.sweep()
    assert account.file_systems() == set()


def test_nothing_is_left_to_do_a_second_time(account: Account) -> None:
    account.mark(account.homes("d-gone"))
    account.sweep()
    account.sweep()
    assert account.file_systems() == set()


def test_mount_targets_that_stay_are_an_error_and_the_files_are_not_touched(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_system = account.homes("d-gone")
    account.mark(file_system)
    waits: list[float] = []
    monkeypatch.setattr(account.efs, "delete_mount_target", lambda **_: None)
    event = {
        "RequestType": "Delete",
        "ResourceProperties": {"Mark": "acme-dev-studio", "VpcId": account.vpc, "KeepFiles": "false"},
    }
    clients = {"efs": account.efs, "ec2": account.ec2, "sagemaker": account.sagemaker}
    with pytest.raises(StudioHomesError, match=f"{file_system} still has mount targets after 300 seconds"):
        handle(event, **clients, wait=waits.append)
    assert sum(waits) == 300
    assert account.file_systems() == {file_system}


def test_a_mark_alone_makes_nothing_a_home() -> None:
    mark = {"Key": MARK, "Value": "acme-dev-studio"}
    cluster = {"Key": MANAGED_BY, "Value": "arn:aws:sagemaker:eu-west-1:123456789012:cluster/c-1"}
    systems = [{"FileSystemId": "fs-1", "Tags": [mark]}, {"FileSystemId": "fs-2", "Tags": [mark, cluster]}]
    assert marked(systems, "acme-dev-studio") == {}


def test_success_and_failure_are_both_answered(
    monkeypatch: pytest.MonkeyPatch, account: Account, cloudformation: tuple[str, list[dict[str, Any]]]
) -> None:
    url, answers = cloudformation
    clients = {"efs": account.efs, "ec2": account.ec2, "sagemaker": account.sagemaker}
    monkeypatch.setattr(module, "_clients", lambda: clients)
    ids = {"StackId": "stack", "RequestId": "request", "LogicalResourceId": "Mark", "ResponseURL": url}
    complete = {"FileSystemId": account.homes("d-1"), "Mark": "acme-dev-studio"}
    for properties in (complete, {"FileSystemId": complete["FileSystemId"]}):
        handler({"RequestType": "Create", "ResourceProperties": properties, **ids}, LAMBDA)
    assert [answer["Status"] for answer in answers] == ["SUCCESS", "FAILED"], answers
    assert [answer["PhysicalResourceId"] for answer in answers] == ["Mark", "Mark"]
    assert answers[0]["Data"] == {}
    assert "log stream stream" in answers[1]["Reason"]


def test_a_function_that_cannot_even_reach_aws_answers_too(
    monkeypatch: pytest.MonkeyPatch, cloudformation: tuple[str, list[dict[str, Any]]]
) -> None:
    def unreachable() -> dict[str, Any]:
        raise OSError("no way out")

    url, answers = cloudformation
    monkeypatch.setattr(module, "_clients", unreachable)
    ids = {"StackId": "stack", "RequestId": "request", "LogicalResourceId": "Mark", "ResponseURL": url}
    handler({"RequestType": "Delete", "ResourceProperties": {"Mark": "m"}, **ids}, LAMBDA)
    assert [answer["Reason"] for answer in answers] == ["OSError: no way out (log stream stream)"]
