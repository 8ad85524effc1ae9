"""Who may use which KMS key, through which service.

A key policy names accounts and services, never a role (one that does not exist yet would be refused): the
account stands for its roles on the platform's path, whose own policies must allow the use as well.
"""

from typing import Any

from mlplatform.bucket_policies import account_principals, execution_role_arn, trail_arn
from mlplatform.permissions.bedrock_places import uses_bedrock
from mlplatform.policy import Statement, allow, deny, document, one_or_many
from mlplatform.registry_access import RegistryAccess
from mlplatform.release_routes import serves
from mlplatform.settings import Environment

ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
"""Everything but using the key for cryptography and creating grants."""

USE = (
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)

VIA_SERVICES = {
    "data": ("s3", "sagemaker", "ec2", "elasticfilesystem"),
    "artifacts": ("s3", "sagemaker", "dynamodb", "codeartifact", "ecr"),
    "logs": ("s3", "sns", "sqs", "lambda"),
    "network": ("lambda",),
    "account": ("s3",),
}
"""Services through which roles may use each key; a direct call to KMS is refused.

Studio's volumes and home directories need ``ec2`` and ``elasticfilesystem``: creating one calls KMS for the
caller, to decrypt and to generate a data key (Amazon EBS user guide, "How Amazon EBS encryption works";
Amazon EFS user guide, "Amazon EFS key policies for AWS KMS"). A repository needs ``ecr`` (Amazon ECR user
guide, "Encryption at rest"); who pulls or pushes images needs no key, Amazon ECR has a grant.
"""


def key_policy(key: str, settings: Environment) -> dict[str, Any]:
    """The whole policy of key ``key``: one of ``VIA_SERVICES``."""
    statements = [_administration(settings), *_platform_roles(key, settings)]
    if key == "data" and settings.data_writers:
        statements.append(_data_writers(settings))
    if key == "artifacts":
        statements += RegistryAccess(settings).key_statements()
    if key in ("logs", "network"):
        statements.append(_log_groups(key, settings))
    if key == "logs":
        statements += [_publishers(settings), _undelivered(settings), *_trail(settings)]
    return document(*statements)


def _account(settings: Environment) -> dict[str, str]:
    return {"AWS": settings.names.arn("iam", "root", region="")}


def _administration(settings: Environment) -> Statement:
    return allow("AdministrationByAccount", ADMINISTRATION, ["*"], principal=_account(settings))


def _by_us(key: str, settings: Environment) -> dict[str, Any]:
    """The caller is a role of the platform, CloudFormation's, or one for emergencies.

    The account's key is for the roles of every environment there.
    """
    platforms = settings.neighbours.account if key == "account" else [settings.names]
    roles = [names.role_arns("*") for names in platforms]
    return {
        "ArnLike": {"aws:PrincipalArn": [*roles, execution_role_arn(settings), *settings.break_glass_roles]}
    }


def _platform_roles(key: str, settings: Environment) -> list[Statement]:
    # Customized models are encrypted with the key of the artifacts they are made of.
    more = ("bedrock",) if key == "artifacts" and uses_bedrock(settings) else ()
    services = (*VIA_SERVICES[key], *more)
    via = [f"{service}.{settings.region}.{settings.place.dns_suffix}" for service in services]
    use = {**_by_us(key, settings), "StringEquals": {"kms:ViaService": via}}
    for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    for_others = {
        "BoolIfExists": {"kms:GrantIsForAWSResource": "false", "aws:PrincipalIsAWSService": "false"}
    }
    account, grant = _account(settings), ["kms:CreateGrant"]
    return [
        allow("UseByPlatformRoles", USE, ["*"], principal=account, condition=use),
        allow(
            "GrantsForAwsResources",
            grant,
            ["*"],
            principal=account,
            condition={**_by_us(key, settings), **for_aws},
        ),
        deny("NoOtherGrants", grant, ["*"], principal="*", condition=for_others),
    ]


def _data_writers(settings: Environment) -> Statement:
    condition: dict[str, dict[str, Any]] = {
        "ArnEquals": {"aws:PrincipalArn": settings.data_writers},
        "StringEquals": {"kms:ViaService": f"s3.{settings.region}.{settings.place.dns_suffix}"},
    }
    principal = account_principals(settings.data_writers, settings)
    return allow(
        "DataWriters", ["kms:Decrypt", "kms:GenerateDataKey"], ["*"], principal=principal, condition=condition
    )


def _log_groups(key: str, settings: Environment) -> Statement:
    """CloudWatch Logs user guide, "Encrypt log data": the service principal is regional."""
    service = f"logs.{settings.region}.{settings.place.dns_suffix}"
    named = [settings.names.log_group("*")]
    if key == "logs" and serves(settings):
        named.append(settings.names.endpoint_logs("*"))
    groups = one_or_many([settings.names.arn("logs", f"log-group:{name}") for name in named])
    condition = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}}
    use = [
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
    ]
    return allow("LogGroups", use, ["*"], principal={"Service": service}, condition=condition)


PUBLISHERS = ("cloudwatch.amazonaws.com",)
"""AWS services that send the platform's notifications."""


def _publishers(settings: Environment) -> Statement:
    condition = {"StringEquals": {"aws:SourceAccount": settings.account}}
    use = ["kms:Decrypt", "kms:GenerateDataKey"]
    return allow(
        "NotificationPublishers", use, ["*"], principal={"Service": list(PUBLISHERS)}, condition=condition
    )


def _undelivered(settings: Environment) -> Statement:
    """EventBridge user guide, "Using dead-letter queues to process undelivered events", encrypted queues."""
    rules = settings.names.arn("events", f"rule/{settings.names.name('*')}")
    return allow(
        "UndeliveredEvents",
        ["kms:Decrypt", "kms:GenerateDataKey"],
        ["*"],
        principal={"Service": "events.amazonaws.com"},
        condition={
            "ArnLike": {"aws:SourceArn": rules},
            "StringEquals": {"aws:SourceAccount": settings.account},
        },
    )


def _trail(settings: Environment) -> list[Statement]:
    """CloudTrail user guide, "Configure AWS KMS key policies for CloudTrail"."""
    if settings.audit.cloudtrail == "organization":
        return []
    principal = {"Service": "cloudtrail.amazonaws.com"}
    source = {"aws:SourceArn": trail_arn(settings)}
    context = {
        "kms:EncryptionContext:aws:cloudtrail:arn": settings.names.arn("cloudtrail", "trail/*", region="*")
    }
    encrypt = {"StringEquals": source, "StringLike": context}
    return [
        allow("TrailEncrypts", ["kms:GenerateDataKey"], ["*"], principal=principal, condition=encrypt),
        allow(
            "TrailDescribesKey",
            ["kms:DescribeKey"],
            ["*"],
            principal=principal,
            condition={"StringEquals": source},
        ),
    ]
