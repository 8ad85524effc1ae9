"""What the account must have or allow before an environment is deployed and used."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError

from mlplatform.settings import Environment
from tools.bootstrap_template import BOUNDARY, policies, policy_arns
from tools.preflight_collisions import Finding

Client = Any

SERVICE_LINKED = ("AWSServiceRoleForAmazonSageMakerNotebooks", "sagemaker.amazonaws.com")
"""The role SageMaker has in an account for domains (SageMaker guide, "Service-linked roles")."""

SCALES_ENDPOINTS = (
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
    "sagemaker.application-autoscaling.amazonaws.com",
)
"""The role of Application Auto Scaling for endpoints (user guide, "Service-linked role ARN reference")."""

JUDGES = ("openai.gpt-oss-20b-1:0", "openai.gpt-oss-120b-1:0", "qwen.qwen3-32b-v1:0")
"""Models of Amazon Bedrock that reward functions of the SageMaker SDK ask by default."""


def bootstrapped(settings: Environment, session: boto3.Session) -> Iterator[Finding]:
    """What `make bootstrap` has not done yet, or has done with other policies than these."""
    command = f"make bootstrap ENV={settings.name} APPLY=1"
    qualifier = settings.deployment.qualifier
    parameter = f"/cdk-bootstrap/{qualifier}/version"
    try:
        session.client("ssm").get_parameter(Name=parameter)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        yield Finding(f"the account is not bootstrapped with the qualifier {qualifier}", command)
    iam: Client = session.client("iam")
    documents = policies(settings)
    arns = dict(zip([key for key in documents if key != BOUNDARY], policy_arns(settings), strict=True))
    if BOUNDARY in documents:
        arns[BOUNDARY] = str(settings.boundary_arn)
    for logical_id, arn in sorted(arns.items()):
        attached = _document(iam, arn)
        if attached != documents[logical_id]:
            what = "is not there" if attached is None else "differs from bootstrap/policies.yaml"
            yield Finding(f"the policy {arn} {what}", command)
    if settings.boundary_arn and BOUNDARY not in documents and _document(iam, settings.boundary_arn) is None:
        name = settings.iam.permissions_boundary
        command = f"aws iam create-policy --policy-name {name} --policy-document file://{name}.json"
        yield Finding(f"the permissions boundary {settings.boundary_arn} is not there", command)


def _document(iam: Client, arn: str) -> Any:
    """The policy document in force, parsed; None if there is no such policy."""
    try:
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchEntity":
            return None
        raise
    return json.loads(found) if isinstance(found, str) else found


def service_linked_roles(settings: Environment, session: boto3.Session) -> Iterator[Finding]:
    """The service-linked role of domains, which the first deployment creates if nobody did.

    And that of autoscaling, which no role of the platform may create: a release could not scale its endpoint.
    """
    scales = any(product.serving and product.serving.autoscaling for product in settings.products)
    for role, service in (SERVICE_LINKED, *([SCALES_ENDPOINTS] if scales else [])):
        try:
            session.client("iam").get_role(RoleName=role)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise
            command = f"aws iam create-service-linked-role --aws-service-name {service}"
            yield Finding(f"there is no {role} yet", command, blocks=False)


def bedrock(settings: Environment, session: boto3.Session) -> Iterator[Finding]:
    """Models that judge answers in customization jobs, and that the account may not call."""
    if settings.customization.permissions == "off" or "bedrock" not in settings.place.endpoints:
        return
    client: Client = session.client("bedrock")
    for model in JUDGES:
        offers = f"aws bedrock list-foundation-model-agreement-offers --model-id {model}"
        command = f"{offers} --region {settings.region}"
        try:
            found = client.get_foundation_model_availability(modelId=model)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("ResourceNotFoundException", "ValidationException"):
                raise
            yield Finding(f"Amazon Bedrock has no {model} in {settings.region}", command, blocks=False)
            continue
        usable = found["authorizationStatus"] == "AUTHORIZED" and found["regionAvailability"] == "AVAILABLE"
        if not usable or found["entitlementAvailability"] != "AVAILABLE":
            yield Finding(f"the account may not call {model} of Amazon Bedrock", command, blocks=False)


def identity_center(settings: Environment, session: boto3.Session) -> Iterator[Finding]:
    """The Identity Center instance of the settings, where people sign in through it."""
    if settings.studio.auth_mode != "sso":
        return
    pages = session.client("sso-admin").get_paginator("list_instances").paginate()
    known = [instance["InstanceArn"] for page in pages for instance in page["Instances"]]
    if settings.studio.identity_center_instance_arn not in known:
        what = (
            f"no Identity Center instance {settings.studio.identity_center_instance_arn} in {settings.region}"
        )
        command = f"aws sso-admin list-instances --region {settings.region}"
        yield Finding(f"{what}, there is: {', '.join(known) or 'none'}", command)


def network(settings: Environment, session: boto3.Session) -> Iterator[Finding]:
    """The VPC, subnets, route tables and endpoints that the settings name, and what the VPC must allow."""
    existing = settings.network.existing
    if existing is None:
        return
    client = session.client("ec2")
    vpc = existing.vpc_id
    for command, ids in _named(settings):
        found = _ids_in(client, command, vpc)
        for wanted in ids:
            if wanted not in found:
                shown = f"aws ec2 {command} --filters Name=vpc-id,Values={vpc} --region {settings.region}"
                yield Finding(f"there is no {wanted} in {vpc}", shown)
    yield from _private_dns(client, vpc, settings.region)


def _named(settings: Environment) -> Iterator[tuple[str, list[str]]]:
    existing = settings.network.existing
    assert existing is not None
    yield "describe-subnets", sorted(existing.subnets.values())
    yield "describe-route-tables", list(existing.route_table_ids)
    if existing.endpoints == "provided":
        yield "describe-vpc-endpoints", [str(existing.s3_endpoint_id)]
        yield "describe-security-groups", [str(existing.endpoint_security_group_id)]


def _ids_in(client: Client, command: str, vpc: str) -> set[str]:
    """Ids of everything in the VPC that an `aws ec2` command lists."""
    keys = {
        "describe-subnets": ("Subnets", "SubnetId"),
        "describe-route-tables": ("RouteTables", "RouteTableId"),
        "describe-vpc-endpoints": ("VpcEndpoints", "VpcEndpointId"),
        "describe-security-groups": ("SecurityGroups", "GroupId"),
    }
    key, field = keys[command]
    pages = client.get_paginator(command.replace("-", "_")).paginate(
        Filters=[{"Name": "vpc-id", "Values": [vpc]}]
    )
    return {item[field] for page in pages for item in page[key]}


def _private_dns(client: Client, vpc: str, region: str) -> Iterator[Finding]:
    """Interface endpoints answer to a service's usual name only in a VPC with both DNS attributes."""
    for attribute, option in (
        ("enableDnsSupport", "--enable-dns-support"),
        ("enableDnsHostnames", "--enable-dns-hostnames"),
    ):
        try:
            answer = client.describe_vpc_attribute(VpcId=vpc, Attribute=attribute)
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidVpcID.NotFound":
                raise
            yield Finding(f"there is no {vpc}", f"aws ec2 describe-vpcs --region {region}")
            return
        if not answer[attribute[0].upper() + attribute[1:]]["Value"]:
            command = f"aws ec2 modify-vpc-attribute --vpc-id {vpc} {option} --region {region}"
            yield Finding(f"{vpc} has {attribute} off", command)
