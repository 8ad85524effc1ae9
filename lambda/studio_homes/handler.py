"""A CloudFormation custom resource: removes what a deleted SageMaker domain leaves in the VPC."""

import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import boto3

from custom_resource import answer
from studio_homes.logic import MARK, group_names, marked

POLL_SECONDS = 5
POLLS = 60
"""Mount targets go within a minute or two; five minutes are enough and far below the function's timeout."""


class StudioHomesError(Exception):
    """Something is still in use that should be gone."""


def handler(event: dict[str, Any], context: Any) -> None:
    """Answer one request of CloudFormation."""
    answer(event, context, lambda: handle(event, **_clients()))


def handle(
    event: Mapping[str, Any],
    *,
    efs: Any,
    ec2: Any,
    sagemaker: Any,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Mark the file system ``FileSystemId`` while its domain exists, or remove what the domain has left.

    With ``FileSystemId`` create and update mark it with ``Mark``. Without, delete removes, for every file
    system with that mark whose domain is gone, mount targets, both NFS security groups in ``VpcId`` and,
    unless ``KeepFiles`` is ``true``, the file system. Everything else does nothing.
    """
    properties, deleting = event["ResourceProperties"], event["RequestType"] == "Delete"
    if file_system := properties.get("FileSystemId"):
        if not deleting:
            efs.tag_resource(ResourceId=file_system, Tags=[{"Key": MARK, "Value": properties["Mark"]}])
        return
    if not deleting:
        return
    pages = efs.get_paginator("describe_file_systems").paginate()
    found = marked((item for page in pages for item in page["FileSystems"]), properties["Mark"])
    domains = {
        domain["DomainId"]
        for page in sagemaker.get_paginator("list_domains").paginate()
        for domain in page["Domains"]
    }
    for file_system, domain_id in found.items():
        if domain_id not in domains:
            _unmount(file_system, efs, wait)
            if properties["KeepFiles"] != "true":
                efs.delete_file_system(FileSystemId=file_system)
            _remove_groups(domain_id, properties["VpcId"], ec2)


def _unmount(file_system: str, efs: Any, wait: Callable[[float], None]) -> None:
    for target in _mount_targets(file_system, efs):
        efs.delete_mount_target(MountTargetId=target["MountTargetId"])
    for _ in range(POLLS):
        if not _mount_targets(file_system, efs):
            return
        wait(POLL_SECONDS)
    raise StudioHomesError(f"{file_system} still has mount targets after {POLLS * POLL_SECONDS} seconds")


def _mount_targets(file_system: str, efs: Any) -> list[dict[str, Any]]:
    targets: list[dict[str, Any]] = efs.describe_mount_targets(FileSystemId=file_system)["MountTargets"]
    return targets


def _remove_groups(domain_id: str, vpc_id: str, ec2: Any) -> None:
    """The two groups name each other in their rules, so no group can go before all rules have."""
    filters = {"group-name": group_names(domain_id), "vpc-id": [vpc_id]}
    groups = ec2.describe_security_groups(
        Filters=[{"Name": name, "Values": values} for name, values in filters.items()]
    )["SecurityGroups"]
    for group in groups:
        if rules := group["IpPermissions"]:
            ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=rules)
        if rules := group["IpPermissionsEgress"]:
            ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=rules)
    for group in groups:
        ec2.delete_security_group(GroupId=group["GroupId"])


@cache
def _clients() -> dict[str, Any]:
    clients = {"efs": boto3.client("efs"), "ec2": boto3.client("ec2")}
    return {**clients, "sagemaker": boto3.client("sagemaker")}
