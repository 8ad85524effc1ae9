"""A CloudFormation custom resource: finds the prefix lists and closes a VPC's default security group."""

from functools import cache
from typing import Any

import boto3

from custom_resource import answer
from network_defaults.logic import prefix_list_ids, rules_to_revoke


def handler(event: dict[str, Any], context: Any) -> None:
    """Answer one request of CloudFormation."""
    answer(event, context, lambda: handle(event, ec2=_ec2()))


def handle(event: dict[str, Any], *, ec2: Any) -> dict[str, str]:
    """Return the attributes ``S3PrefixListId`` and ``DynamoDbPrefixListId``.

    On create and update, every rule of ``DefaultSecurityGroupId`` (if given) is revoked; delete does nothing.
    """
    if event["RequestType"] == "Delete":
        return {}
    properties = event["ResourceProperties"]
    if group := properties.get("DefaultSecurityGroupId"):
        _close(group, ec2)
    region = properties["Region"]
    names = [f"com.amazonaws.{region}.s3", f"com.amazonaws.{region}.dynamodb"]
    pages = ec2.get_paginator("describe_managed_prefix_lists").paginate(
        Filters=[{"Name": "prefix-list-name", "Values": names}]
    )
    return prefix_list_ids([item for page in pages for item in page["PrefixLists"]], region)


def _close(group: str, ec2: Any) -> None:
    pages = ec2.get_paginator("describe_security_group_rules").paginate(
        Filters=[{"Name": "group-id", "Values": [group]}]
    )
    ingress, egress = rules_to_revoke([rule for page in pages for rule in page["SecurityGroupRules"]])
    if ingress:
        ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=ingress)
    if egress:
        ec2.revoke_security_group_egress(GroupId=group, SecurityGroupRuleIds=egress)


@cache
def _ec2() -> Any:
    return boto3.client("ec2")
