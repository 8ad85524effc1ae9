"""Who may reach which bucket, and by which way: the decision table and the bucket policies made of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mlplatform.permissions.customization_places import JOB_ROLE, customized
from mlplatform.policy import Conditions, Statement, allow, deny, document
from mlplatform.registry_access import RegistryAccess
from mlplatform.settings import Environment


@dataclass(frozen=True)
class Channel:
    """Kinds of roles (by their IAM path) that reach a bucket's objects without our VPC endpoint, and why.

    Every other caller comes through the S3 endpoint of our VPC or not at all; AWS services acting for us
    (log delivery, CloudTrail) and requests an AWS service forwards are not bound to it.
    """

    role_kinds: tuple[str, ...]
    data_writers: bool = False


CHANNELS = {
    "data": Channel(("persona", "workflow"), data_writers=True),
    "artifacts": Channel(("persona", "workflow", "function")),
    "capture": Channel(("persona", "workflow", "function", "endpoint")),
    "logs": Channel(()),
    "audit": Channel(()),
}
"""Outside the VPC are: personas (the Studio console runs in a browser), workflows and control-plane functions
(not attached to the VPC), and SageMaker writing captured requests with the endpoint role. Jobs never are, nor
are functions that read data."""


@dataclass(frozen=True)
class Managed:
    """One role under which an AWS service works on ``buckets`` from its own network, and when it does so."""

    kind: str
    thing: str
    buckets: tuple[str, ...]
    needed: Callable[[Environment], bool]


def _customizes(settings: Environment) -> bool:
    return settings.customization.permissions != "off"


def _tracks(settings: Environment) -> bool:
    return settings.studio.mlflow != "none"


MANAGED = (
    Managed("studio", "studio-job", ("data", "artifacts"), _customizes),
    Managed("model-customization", "bedrock-import", ("artifacts",), _customizes),
    Managed("service", "mlflow", ("artifacts",), _tracks),
)
"""Serverless customization jobs take no VPC, Bedrock imports models by itself, and SageMaker hosts MLflow."""

_OBJECT_ACTIONS = (
    "s3:AbortMultipartUpload",
    "s3:DeleteObject*",
    "s3:GetObject*",
    "s3:ListBucket*",
    "s3:ListMultipartUploadParts",
    "s3:PutObject*",
    "s3:RestoreObject",
)


def execution_role_arn(settings: Environment) -> str:
    """The role CloudFormation deploys with (`cdk bootstrap` names it so)."""
    name = f"cdk-{settings.deployment.qualifier}-cfn-exec-role-{settings.account}-{settings.region}"
    return settings.names.arn("iam", f"role/{name}", region="")


def trail_arn(settings: Environment) -> str:
    """ARN of the environment's CloudTrail trail."""
    return settings.names.arn("cloudtrail", f"trail/{settings.names.name('audit')}")


def exempt_principals(thing: str, settings: Environment) -> list[str]:
    """ARN patterns of the principals that may reach bucket ``thing`` from outside the VPC endpoint."""
    channel = CHANNELS[thing]
    roles = [settings.names.role_arns(kind) for kind in channel.role_kinds]
    managed = [
        settings.names.role_arn(role.kind, role.thing)
        for role in MANAGED
        if thing in role.buckets and role.needed(settings)
    ]
    consumers = RegistryAccess(settings).roles if thing == "artifacts" else []
    endpoints = _endpoints_outside(settings) if thing == "artifacts" else []
    jobs = _serverless_jobs(settings) if thing in ("data", "artifacts") else []
    writers = settings.data_writers if channel.data_writers else []
    by_path = [*roles, *managed, *endpoints, *jobs, *consumers]
    return [execution_role_arn(settings), *by_path, *writers, *settings.break_glass_roles]


def _endpoints_outside(settings: Environment) -> list[str]:
    """Roles of endpoints for which SageMaker reads and writes from its own network.

    Serverless endpoints are in no VPC, and what asynchronous ones answer SageMaker writes for them.
    """
    return [
        settings.names.role_arn("endpoint", f"{product.name}-endpoint")
        for product in settings.products
        if product.serving and product.serving.mode in ("serverless", "async")
    ]


def _serverless_jobs(settings: Environment) -> list[str]:
    """Roles of the models' own customization jobs, which run without instances and take no VPC either."""
    return [
        settings.names.role_arn("job", f"{product.name}{JOB_ROLE}")
        for product in settings.products
        if customized(product, settings)
    ]


def bucket_policy(
    thing: str, settings: Environment, *, endpoint_id: Any, key_arn: Any = None
) -> dict[str, Any]:
    """The whole policy of bucket ``thing``; ``key_arn`` is None where only S3's own encryption works."""
    bucket = settings.names.bucket_arn(thing)
    both = [bucket, f"{bucket}/*"]
    network = {"StringNotEqualsIfExists": {"aws:SourceVpce": endpoint_id}}
    statements = [*deny_old_transport(both), deny_outside(both, network, exempt_principals(thing, settings))]
    if key_arn is not None and thing != "audit":  # CloudTrail alone writes there, with the trail's key
        statements += _deny_other_encryption(bucket, key_arn)
    if thing == "data" and settings.data_writers:
        statements += _data_writers(bucket, settings)
    if thing == "artifacts":
        statements += RegistryAccess(settings).bucket_statements()
    if thing == "logs":
        statements.append(_access_log_delivery(bucket, settings))
    if thing == "audit":
        statements += _trail_delivery(bucket, settings)
    return document(*statements)


def deny_old_transport(resources: Sequence[str]) -> list[Statement]:
    """Refuse plain HTTP, and TLS before 1.2."""
    return [
        deny_everything("DenyPlainTransport", resources, {"Bool": {"aws:SecureTransport": "false"}}),
        deny_everything("DenyOldTls", resources, {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
    ]


def deny_outside(resources: Sequence[str], network: Conditions, exempt: Sequence[str]) -> Statement:
    """Refuse what ``network`` says comes from outside, unless it is an AWS service or an exempt principal."""
    condition = {
        **network,
        "BoolIfExists": {"aws:ViaAWSService": "false", "aws:PrincipalIsAWSService": "false"},
        "ArnNotLikeIfExists": {"aws:PrincipalArn": list(exempt)},
    }
    return deny("DenyOutsideNetwork", _OBJECT_ACTIONS, resources, principal="*", condition=condition)


def deny_everything(sid: str, resources: Sequence[str], condition: Conditions) -> Statement:
    """Refuse every request to S3 under a condition."""
    return deny(sid, ["s3:*"], resources, principal="*", condition=condition)


ALGORITHM = "s3:x-amz-server-side-encryption"
KMS_KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
"""Condition keys of the encryption an upload asks for."""


def _deny_other_encryption(bucket: str, key_arn: Any) -> list[Statement]:
    """Uploads that ask for another algorithm or key are refused; those that ask for none get the default."""
    asked = (("DenyOtherAlgorithm", ALGORITHM, "aws:kms"), ("DenyOtherKey", KMS_KEY, key_arn))
    return [
        deny_uploads(sid, bucket, {"StringNotEquals": {key: expected}, "Null": {key: "false"}})
        for sid, key, expected in asked
    ]


def deny_uploads(sid: str, bucket: str, condition: Conditions) -> Statement:
    """Refuse uploads to a bucket, named by its ARN, under a condition."""
    return deny(sid, ["s3:PutObject"], [f"{bucket}/*"], principal="*", condition=condition)


def account_of(arn: str) -> str:
    """The account in an ARN."""
    return arn.split(":")[4]


def account_principals(arns: Sequence[str], settings: Environment) -> dict[str, Any]:
    """The accounts of some roles: a policy that names a role is refused while the role is missing."""
    accounts = sorted({account_of(arn) for arn in arns})
    roots = [settings.names.arn("iam", "root", region="", account=account) for account in accounts]
    return {"AWS": roots[0] if len(roots) == 1 else roots}


def _data_writers(bucket: str, settings: Environment) -> list[Statement]:
    writers = {
        "principal": account_principals(settings.data_writers, settings),
        "condition": {"ArnEquals": {"aws:PrincipalArn": settings.data_writers}},
    }
    upload = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]
    return [
        allow("DataWriters", upload, [f"{bucket}/*"], **writers),
        allow("DataWritersList", ["s3:GetBucketLocation", "s3:ListBucket"], [bucket], **writers),
    ]


def _access_log_delivery(bucket: str, settings: Environment) -> Statement:
    sources = [settings.names.bucket_arn(thing) for thing in CHANNELS if thing != "logs"]
    return allow(
        "AccessLogDelivery",
        ["s3:PutObject"],
        [f"{bucket}/*"],
        principal={"Service": "logging.s3.amazonaws.com"},
        condition={
            "ArnLike": {"aws:SourceArn": sources},
            "StringEquals": {"aws:SourceAccount": settings.account},
        },
    )


def _trail_delivery(bucket: str, settings: Environment) -> list[Statement]:
    """CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail"."""
    principal = {"Service": "cloudtrail.amazonaws.com"}
    from_trail = {"aws:SourceArn": trail_arn(settings)}
    written = {"s3:x-amz-acl": "bucket-owner-full-control", **from_trail}
    prefix = f"{bucket}/AWSLogs/{settings.account}/*"
    return [
        allow(
            "TrailChecksBucket",
            ["s3:GetBucketAcl"],
            [bucket],
            principal=principal,
            condition={"StringEquals": from_trail},
        ),
        allow(
            "TrailWrites",
            ["s3:PutObject"],
            [prefix],
            principal=principal,
            condition={"StringEquals": written},
        ),
    ]
