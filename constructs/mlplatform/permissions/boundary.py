"""The platform's permissions boundary: what no role of an environment can exceed, whatever its policies say.

A boundary grants nothing. Its Allows span what some role of the platform needs; its Denies take away what
none may do, whoever grants it: a role's own policy, an AWS managed policy or a resource policy.
"""

import json
from collections.abc import Sequence
from typing import Any

from mlplatform.names import Names
from mlplatform.permissions.forwarding import forwarding_role
from mlplatform.policy import Conditions, Statement, allow, deny, document, within
from mlplatform.settings import Environment

MAX_POLICY = 6144
"""Longest managed policy, in characters without whitespace (IAM User Guide, "IAM and AWS STS quotas")."""

REGIONAL = (
    "application-autoscaling:*",
    "bedrock:*",
    "cloudformation:Describe*",
    "cloudformation:Get*",
    "cloudformation:List*",
    "cloudwatch:*",
    "codeartifact:Describe*",
    "codeartifact:Get*",
    "codeartifact:List*",
    "codeartifact:Read*",
    "dynamodb:*Item",
    "dynamodb:Describe*",
    "dynamodb:Query",
    "dynamodb:Scan",
    "ec2:*NetworkInterface*",
    "ec2:*PrivateIpAddresses",
    "ec2:DeleteSecurityGroup",
    "ec2:Describe*",
    "ec2:Get*",
    "ec2:RevokeSecurityGroup*",
    "ecr:*Layer*",
    "ecr:BatchGet*",
    "ecr:Describe*",
    "ecr:Get*",
    "ecr:List*",
    "ecr:PutImage",
    "elasticfilesystem:De*",
    "elasticfilesystem:TagResource",
    "events:*",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "kms:List*",
    "kms:ReEncrypt*",
    "lambda:*",
    "logs:*",
    "sagemaker-mlflow:*",
    "sagemaker:*",
    "secretsmanager:Get*",
    "sns:Publish",
    "sqs:*Message*",
    "sqs:GetQueue*",
    "ssm:GetParameter*",
    "states:*Execution*",
    "states:Describe*",
    "states:List*",
    "states:SendTask*",
    "tag:Get*",
    "xray:*",
)
"""What some role of the platform does, in the environment's region."""

PASSED_TO = ("bedrock", "cloudformation", "events", "lambda", "sagemaker", "scheduler", "states")
"""Services a role of the platform may hand a job, function or workflow role to."""

UNPASSABLE = ("deployment", "persona", "service")
"""Kinds of role that no other role may hand to anything: people, pipelines and the platform itself."""

SHARES_AND_REMOVES = (
    "events:PutPermission",
    "logs:DeleteLogGroup",
    "logs:DeleteLogStream",
    "logs:PutRetentionPolicy",
    "sagemaker:*LineageGroupPolicy",
    "sagemaker:*NotebookInstance*",
    "sagemaker:DeleteDomain",
    "sagemaker:DeleteHub",
    "sagemaker:DeleteModelPackage*",
    "sagemaker:DeleteResourcePolicy",
    "sagemaker:Put*Policy",
    "sagemaker:StartSession",
)
"""Giving others what is ours, removing what must stay, and ways around Studio."""

ELSEWHERE = (
    "dynamodb:*Item",
    "lambda:Invoke*",
    "secretsmanager:GetSecretValue",
    "sns:Publish",
    "sqs:SendMessage",
    "states:StartExecution",
)
"""What could carry data to, or take instructions from, another account."""

_ROLE_CHANGES = [f"iam:{verb}*" for verb in ("Add", "Attach", "Create", "Delete", "Put", "Set", "Update")]
_FUNCTION_CHANGES = [f"lambda:{verb}*" for verb in ("Add", "Create", "Delete", "Put", "Remove", "Update")]
_BEARER_TOKENS = [f"{service}:CallWithBearerToken" for service in ("bedrock", "cloudwatch", "sagemaker")]
_TRAIN = ["sagemaker:CreateTrainingJob", "sagemaker:UpdateTrainingJob"]
_REGISTER = ["sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"]


def boundary(settings: Environment) -> dict[str, Any]:
    """The policy document of the environment's permissions boundary.

    Raises ValueError if it is longer than IAM takes: with too many environments in one account.
    """
    policy = boundary_of(settings.names, other_buckets(settings))
    if (size := len(json.dumps(policy, separators=(",", ":")))) > MAX_POLICY:
        raise ValueError(f"the boundary of {settings.name} has {size} characters, allowed: {MAX_POLICY}")
    return policy


def boundary_of(names: Names, others: Sequence[Any]) -> dict[str, Any]:
    """The boundary of roles called ``names`` that may not touch the buckets ``others``."""
    untouched = [deny("DenyOtherEnvironments", ["s3:*"], others)] if others else []
    return document(*_allows(names), *_denies(names), *untouched)


def other_buckets(settings: Environment) -> list[str]:
    """ARN patterns of the buckets of the account's other environments, but of the registry this one uses."""
    used = (settings.names, settings.neighbours.registry)
    others = [names for names in settings.neighbours.account if names not in used]
    return [_s3(names, f"{names.prefix}-{names.environment}-*") for names in others]


def _allows(names: Names) -> list[Statement]:
    buckets = [f"{names.prefix}-{names.environment}-*", names.sdk_bucket, f"{names.sdk_bucket}/*"]
    mine = {"StringEquals": {"aws:ResourceAccount": names.account}}
    verbs = ("*ChangeSet", "ContinueUpdateRollback", "SetStackPolicy")
    release = [f"cloudformation:{verb}" for verb in verbs]
    stacks = names.arn("cloudformation", f"stack/{names.prefix}-{names.environment}-serving-*")
    models = names.arn("bedrock", "foundation-model/*", region="*", account="")
    interfaces = names.arn("ec2", "network-interface/*", region="*", account="*")
    bootstrap = names.arn("iam", f"role/cdk-*-role-{names.account}-*", region="")
    passed = {"StringEquals": {"iam:PassedToService": [f"{name}.amazonaws.com" for name in PASSED_TO]}}
    grants = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    packages = {"StringEquals": {"sts:AWSServiceName": "codeartifact.amazonaws.com"}}
    writes = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject*"]
    return [
        allow("InRegion", REGIONAL, ["*"], condition=within(names.region)),
        allow("ReadObjects", ["s3:Get*", "s3:List*"], [_s3(names, "*")]),
        allow("WriteObjects", writes, [_s3(names, bucket) for bucket in buckets], condition=mine),
        # An inference profile calls a model in every region it spans.
        allow("InvokeModels", ["bedrock:InvokeModel*"], [models]),
        allow("Tag", ["ec2:CreateTags"], [interfaces]),  # which Bedrock does as a job's role
        allow("LendKeysToServices", ["kms:CreateGrant"], [names.arn("kms", "key/*")], condition=grants),
        allow("PassRoles", ["iam:PassRole"], [names.role_arns("*")], condition=passed),
        allow("Release", release, [stacks]),
        allow("Deploy", ["sts:AssumeRole", "sts:TagSession"], [bootstrap]),
        allow("PackageIndexToken", ["sts:GetServiceBearerToken"], ["*"], condition=packages),
    ]


def _denies(names: Names) -> list[Statement]:
    everywhere = ["*"]
    unpassable = [names.role_arns(kind) for kind in UNPASSABLE]
    not_approver = {"ArnNotLike": {"aws:PrincipalArn": names.role_arn("persona", "approver-*")}}
    approved = {"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}}
    logs = [_s3(names, f"{names.prefix}-{names.environment}-{thing}-*") for thing in ("audit", "logs")]
    remote = {"Bool": {"sagemaker:EnableRemoteDebug": "true"}}
    # A negated condition holds where the key is missing, as with actions that act on no resource.
    foreign = {
        "StringNotEquals": {"aws:ResourceAccount": names.account},
        "Null": {"aws:ResourceAccount": "false"},
    }
    evaluators = names.arn("lambda", "function:SageMaker-evaluator-*")
    not_forwarding = {"ArnNotEquals": {"aws:PrincipalArn": forwarding_role(names)}}
    return [
        deny("DenyChangingRoles", _ROLE_CHANGES, everywhere),
        deny("DenyPassingPowerfulRoles", ["iam:PassRole"], unpassable),
        _deny_but("DenyChangingFunctions", _FUNCTION_CHANGES, evaluators),
        deny("DenyDecidingOnVersions", _REGISTER, everywhere, condition={**not_approver, **approved}),
        deny("DenySharingAndRemoving", SHARES_AND_REMOVES, everywhere),
        deny("DenyTouchingLogs", ["s3:Delete*", "s3:Put*"], logs),
        deny("DenyOtherAccounts", ELSEWHERE, everywhere, condition=foreign),
        deny("DenyOtherBuses", ["events:PutEvents"], everywhere, condition={**not_forwarding, **foreign}),
        deny("DenyRemoteDebug", _TRAIN, everywhere, condition=remote),
        deny("DenyBearerTokens", _BEARER_TOKENS, everywhere),
    ]


def _deny_but(
    sid: str, actions: Sequence[str], resource: str, *, condition: Conditions | None = None
) -> Statement:
    """A Deny on everything but one pattern."""
    statement = deny(sid, actions, ["*"], condition=condition)
    del statement["Resource"]
    return {**statement, "NotResource": resource}


def _s3(names: Names, what: str) -> str:
    return names.arn("s3", what, region="", account="")
