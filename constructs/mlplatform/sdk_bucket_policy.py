"""Who may reach the bucket the SageMaker SDK uses by default, one per account and region."""

from typing import Any

from mlplatform.bucket_policies import (
    ALGORITHM,
    KMS_KEY,
    deny_everything,
    deny_old_transport,
    deny_outside,
    deny_uploads,
    execution_role_arn,
)
from mlplatform.policy import Statement, document
from mlplatform.registry_access import outside_network
from mlplatform.settings import Environment

SDK_BUCKET_ROLES = (("persona", "*"), ("studio", "studio-job"), ("model-customization", "bedrock-import"))
"""Kind and name of the roles of every environment of the account that reach the SDK's default bucket from
outside its VPC endpoints: people, the jobs they start, and Bedrock when it imports what those jobs made."""


def sdk_bucket_policy(settings: Environment) -> dict[str, Any]:
    """The whole policy of the SDK's default bucket, which all environments of an account share.

    It is deployed before any network, so it knows endpoints by the account that owns them, not by their id.
    """
    bucket = settings.names.sdk_bucket_arn
    both = [bucket, f"{bucket}/*"]
    foreign: dict[str, dict[str, Any]] = {
        "StringNotEqualsIfExists": {"aws:PrincipalAccount": settings.account},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
    return document(
        *deny_old_transport(both),
        deny_everything("DenyOtherAccounts", both, foreign),
        deny_outside(both, outside_network(settings), sdk_bucket_principals(settings)),
        *_deny_foreign_encryption(bucket, settings),
    )


def sdk_bucket_principals(settings: Environment) -> list[str]:
    """ARN patterns of the principals that may reach the SDK's default bucket from outside a VPC endpoint."""
    roles = [
        names.role_arns(kind) if thing == "*" else names.role_arn(kind, thing)
        for names in settings.neighbours.account
        for kind, thing in SDK_BUCKET_ROLES
    ]
    return [execution_role_arn(settings), *roles, *settings.break_glass_roles]


def _deny_foreign_encryption(bucket: str, settings: Environment) -> list[Statement]:
    """As above, but any key of the account: a job writes with the key of its own environment."""
    keys = settings.names.arn("kms", "key/*")
    algorithm = {"StringNotEquals": {ALGORITHM: "aws:kms"}, "Null": {ALGORITHM: "false"}}
    return [
        deny_uploads("DenyOtherAlgorithm", bucket, algorithm),
        deny_uploads("DenyForeignKey", bucket, {"ArnNotLike": {KMS_KEY: keys}, "Null": {KMS_KEY: "false"}}),
    ]
