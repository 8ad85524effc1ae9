"""The custom resource of the network, against an EC2 that answers."""

from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from network_defaults import handler as module
from network_defaults.handler import handle, handler
from network_defaults.logic import NetworkDefaultsError, prefix_list_ids

LAMBDA = SimpleNamespace(log_stream_name="stream")
"""What Lambda hands to a handler."""
REGION = "eu-west-1"


@pytest.fixture
def ec2(aws: None) -> Any:
    """An EC2 client of an empty account."""
    return boto3.client("ec2", region_name=REGION)


def default_group(ec2: Any) -> str:
    """Id of the default security group of a new VPC, which lets its members talk and reach anywhere."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/20")["Vpc"]["VpcId"]
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    return str(groups[0]["GroupId"])


def request(kind: str, group: str | None = None, url: str = "") -> dict[str, Any]:
    """A request as CloudFormation sends it."""
    properties = {"Region": REGION} | ({"DefaultSecurityGroupId": group} if group else {})
    ids = {"StackId": "stack", "RequestId": "request", "LogicalResourceId": "Defaults"}
    return {"RequestType": kind, "ResourceProperties": properties, "ResponseURL": url, **ids}


def rules(ec2: Any, group: str) -> list[Any]:
    """Rules of a security group."""
    filters = [{"Name": "group-id", "Values": [group]}]
    return list(ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"])


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_the_default_security_group_is_left_without_rules_and_the_prefix_lists_are_found(
    ec2: Any, kind: str
) -> None:
    group = default_group(ec2)
    assert rules(ec2, group)
    found = handle(request(kind, group), ec2=ec2)
    assert rules(ec2, group) == []
    assert {name: value[:3] for name, value in found.items()} == {
        "S3PrefixListId": "pl-",
        "DynamoDbPrefixListId": "pl-",
    }
    assert handle(request(kind, group), ec2=ec2) == found


def test_deleting_changes_nothing(ec2: Any) -> None:
    group = default_group(ec2)
    before = rules(ec2, group)
    assert handle(request("Delete", group), ec2=ec2) == {}
    assert rules(ec2, group) == before


def test_a_region_without_the_prefix_lists_is_an_error_that_names_them() -> None:
    only_s3 = [{"PrefixListName": "com.amazonaws.eu-west-1.s3", "PrefixListId": "pl-1"}]
    with pytest.raises(NetworkDefaultsError, match=r"no prefix list named com.amazonaws.eu-west-1.dynamodb"):
        prefix_list_ids(only_s3, REGION)


def test_success_and_failure_are_both_answered(
    monkeypatch: pytest.MonkeyPatch, ec2: Any, cloudformation: tuple[str, list[dict[str, Any]]]
) -> None:
    url, answers = cloudformation
    monkeypatch.setattr(module, "_ec2", lambda: ec2)
    handler(request("Create", default_group(ec2), url), LAMBDA)
    elsewhere = request("Create", url=url)
    elsewhere["ResourceProperties"]["Region"] = "mars-1"
    handler(elsewhere, LAMBDA)
    ids = {
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Defaults",
        "PhysicalResourceId": "Defaults",
    }
    assert [{key: answer[key] for key in ids} for answer in answers] == [ids, ids]
    assert [answer["PhysicalResourceId"] for answer in answers] == ["Defaults", "Defaults"]
    assert [answer["Status"] for answer in answers] == ["SUCCESS", "FAILED"], answers
    assert "log stream stream" in answers[1]["Reason"]
