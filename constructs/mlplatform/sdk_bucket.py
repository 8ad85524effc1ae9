"""The bucket that the SageMaker SDK uses unless told otherwise, and always for the AI Registry."""

from constructs import Construct

from mlplatform.object_store import REPLICATION, PrivateBucket, expiring
from mlplatform.sdk_bucket_policy import sdk_bucket_policy
from mlplatform.settings import Environment

_ACCESS_LOGS = (
    "It stands in the first stack of an account, deployed before any bucket for logs. CloudTrail, of the "
    "owner or the organization, records every request to its objects."
)


class SdkBucket(PrivateBucket):
    """The SDK's default bucket of the account and region, held before anybody else takes its name.

    The SDK computes the name and creates the bucket on first use, open to whatever network and key; here it
    is as every bucket of the platform. What people keep in it does not expire.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment, key_arn: str) -> None:
        super().__init__(
            scope,
            construct_id,
            bucket_name=settings.names.sdk_bucket,
            policy=sdk_bucket_policy(settings),
            rules=expiring(settings, after_days=None),
            key_arn=key_arn,
            accepted={
                REPLICATION: "People keep working copies here; data and artifacts have buckets of their own.",
                "AwsSolutions::AwsSolutions-S1": _ACCESS_LOGS,
                "NIST.800.53.R5::NIST.800.53.R5-S3BucketLoggingEnabled": _ACCESS_LOGS,
            },
        )
