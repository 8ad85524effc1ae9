"""Decisions about a VPC's defaults: which prefix list is which, and which rules to take away."""

from collections.abc import Iterable, Mapping
from typing import Any


class NetworkDefaultsError(Exception):
    """The region does not offer what the network needs."""


def prefix_list_ids(lists: Iterable[Mapping[str, Any]], region: str) -> dict[str, str]:
    """Pick the ids of the S3 and DynamoDB prefix lists of ``region``.

    ``lists`` are the ``PrefixLists`` of EC2's DescribeManagedPrefixLists. Raises NetworkDefaultsError if
    one is missing.
    """
    ids = {item["PrefixListName"]: item["PrefixListId"] for item in lists}
    wanted = {
        "S3PrefixListId": f"com.amazonaws.{region}.s3",
        "DynamoDbPrefixListId": f"com.amazonaws.{region}.dynamodb",
    }
    if missing := sorted(name for name in wanted.values() if name not in ids):
        raise NetworkDefaultsError(
            f"no prefix list named {', '.join(missing)}; found: {', '.join(sorted(ids)) or 'none'}"
        )
    return {attribute: ids[name] for attribute, name in wanted.items()}


def rules_to_revoke(rules: Iterable[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """Ids of all (ingress, egress) rules among the ``SecurityGroupRules`` of DescribeSecurityGroupRules."""
    ingress: list[str] = []
    egress: list[str] = []
    for rule in rules:
        (egress if rule["IsEgress"] else ingress).append(rule["SecurityGroupRuleId"])
    return ingress, egress
