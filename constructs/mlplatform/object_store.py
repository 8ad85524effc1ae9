"""The platform's buckets."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlplatform.acknowledgements import accept_all
from mlplatform.bucket_policies import bucket_policy
from mlplatform.exports import imported
from mlplatform.settings import Environment

NOT_REPLICATED = {
    "data": "Training data is copied from systems of record that can deliver it again; a replica would "
    "leave the region its owner agreed to. Versioning covers deletion by mistake.",
    "artifacts": "Every artifact can be trained again from recorded code and data; versioning undoes errors.",
    "capture": "Captured requests are a sample kept for days to watch data quality, not a record to restore.",
    "logs": "Access logs are evidence about buckets of this region; losing the region loses those as well.",
    "audit": "CloudTrail keeps a copy of each event in CloudWatch Logs, so the bucket is a second copy.",
}
"""Why no bucket is replicated to another region."""

REPLICATION = "NIST.800.53.R5::NIST.800.53.R5-S3BucketReplicationEnabled"


class PrivateBucket(s3.CfnBucket):
    """A versioned, encrypted, private bucket and its policy.

    ``bucket_name`` and ``policy`` are its own; ``rules`` say when objects expire. Without ``key_arn`` it is
    encrypted with S3's own key. ``access_logs`` takes its access logs, below ``log_prefix``. ``accepted``
    are findings about it, with the reasons why.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket_name: str,
        policy: Mapping[str, Any],
        rules: Sequence[s3.CfnBucket.RuleProperty],
        accepted: Mapping[str, str],
        key_arn: str | None = None,
        access_logs: s3.CfnBucket | None = None,
        log_prefix: str = "",
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            bucket_name=bucket_name,
            bucket_encryption=_encryption(key_arn),
            versioning_configuration=s3.CfnBucket.VersioningConfigurationProperty(status="Enabled"),
            public_access_block_configuration=s3.CfnBucket.PublicAccessBlockConfigurationProperty(
                block_public_acls=True,
                block_public_policy=True,
                ignore_public_acls=True,
                restrict_public_buckets=True,
            ),
            ownership_controls=s3.CfnBucket.OwnershipControlsProperty(
                rules=[s3.CfnBucket.OwnershipControlsRuleProperty(object_ownership="BucketOwnerEnforced")]
            ),
            lifecycle_configuration=s3.CfnBucket.LifecycleConfigurationProperty(rules=rules),
            notification_configuration=s3.CfnBucket.NotificationConfigurationProperty(
                event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
                    event_bridge_enabled=True
                )
            ),
            logging_configuration=s3.CfnBucket.LoggingConfigurationProperty(
                destination_bucket_name=access_logs.ref, log_file_prefix=log_prefix
            )
            if access_logs
            else None,
        )
        self.policy = s3.CfnBucketPolicy(self, "Policy", bucket=bucket_name, policy_document=policy)
        self.policy.add_resource_dependency(self)
        accept_all(self, accepted)


class ObjectStore(PrivateBucket):
    """One bucket of the environment, which the VPC endpoint alone leads to.

    ``thing`` (data, artifacts, capture, logs, audit) decides its name, its policy and when objects expire.
    Without ``key_arn`` it is encrypted with S3's own key; ``access_logs`` takes its access logs.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        thing: str,
        key_arn: str | None = None,
        access_logs: "ObjectStore | None" = None,
    ) -> None:
        endpoint_id = imported("S3EndpointId", settings)
        accepted = {REPLICATION: NOT_REPLICATED[thing]}
        if key_arn is None:
            accepted["NIST.800.53.R5::NIST.800.53.R5-S3DefaultEncryptionKMS"] = (
                "S3 delivers server access logs only to buckets encrypted with SSE-S3"
            )
        super().__init__(
            scope,
            construct_id,
            bucket_name=settings.names.bucket(thing),
            policy=bucket_policy(thing, settings, endpoint_id=endpoint_id, key_arn=key_arn),
            rules=_lifecycle(thing, settings),
            accepted=accepted,
            key_arn=key_arn,
            access_logs=access_logs,
            log_prefix=f"{thing}/",
        )


def _encryption(key_arn: str | None) -> s3.CfnBucket.BucketEncryptionProperty:
    default = s3.CfnBucket.ServerSideEncryptionByDefaultProperty(
        sse_algorithm="aws:kms" if key_arn else "AES256", kms_master_key_id=key_arn
    )
    rule = s3.CfnBucket.ServerSideEncryptionRuleProperty(
        bucket_key_enabled=bool(key_arn), server_side_encryption_by_default=default
    )
    return s3.CfnBucket.BucketEncryptionProperty(server_side_encryption_configuration=[rule])


def _lifecycle(thing: str, settings: Environment) -> Sequence[s3.CfnBucket.RuleProperty]:
    expire_days = {
        "capture": settings.storage.capture_days,
        "logs": settings.storage.access_log_days,
        "audit": settings.audit.retention_days,
    }.get(thing)
    return expiring(settings, after_days=expire_days)


def expiring(settings: Environment, *, after_days: int | None) -> Sequence[s3.CfnBucket.RuleProperty]:
    """The lifecycle of a bucket whose objects expire ``after_days`` (None: never), then stay for a while."""
    return [
        s3.CfnBucket.RuleProperty(
            id="Expire",
            status="Enabled",
            expiration_in_days=after_days,
            expired_object_delete_marker=None if after_days else True,
            noncurrent_version_expiration=s3.CfnBucket.NoncurrentVersionExpirationProperty(
                noncurrent_days=settings.storage.noncurrent_version_days
            ),
            abort_incomplete_multipart_upload=s3.CfnBucket.AbortIncompleteMultipartUploadProperty(
                days_after_initiation=7
            ),
        )
    ]
