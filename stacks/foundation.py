"""The stateful stack: what must outlive everything else."""

from constructs import Construct

from mlplatform.audit_trail import AuditTrail
from mlplatform.encryption_key import EncryptionKey
from mlplatform.notifications import Notifications
from mlplatform.object_store import ObjectStore
from mlplatform.package_index import PackageIndex
from mlplatform.release_ledger import ReleaseLedger
from mlplatform.settings import Environment
from mlplatform.stack import PlatformStack
from mlplatform.stack_exports import export


class FoundationStack(PlatformStack):
    """KMS keys, buckets, audit trail, release ledger, notification topic, package index."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment) -> None:
        super().__init__(
            scope, construct_id, settings=settings, description="Keys, buckets, audit trail, ledger, topic"
        )
        data_key = EncryptionKey(self, "DataKey", settings=settings, purpose="data")
        artifacts_key = EncryptionKey(self, "ArtifactsKey", settings=settings, purpose="artifacts")
        logs_key = EncryptionKey(self, "LogsKey", settings=settings, purpose="logs")

        logs = ObjectStore(self, "LogsBucket", settings=settings, thing="logs")
        for construct_id, thing, key in (
            ("DataBucket", "data", data_key),
            ("ArtifactsBucket", "artifacts", artifacts_key),
            ("CaptureBucket", "capture", data_key),
        ):
            ObjectStore(self, construct_id, settings=settings, thing=thing, key_arn=key.arn, access_logs=logs)
        if settings.audit.cloudtrail != "organization":
            AuditTrail(self, "AuditTrail", settings=settings, key_arn=logs_key.arn, access_logs=logs)
        ReleaseLedger(self, "ReleaseLedger", settings=settings, key_arn=artifacts_key.arn)
        Notifications(self, "Notifications", settings=settings, key_arn=logs_key.arn)
        if settings.network.package_index == "codeartifact":
            PackageIndex(self, "PackageIndex", settings=settings, key_arn=artifacts_key.arn)
        export(
            self,
            {"DataKeyArn": data_key.arn, "ArtifactsKeyArn": artifacts_key.arn, "LogsKeyArn": logs_key.arn},
            settings,
        )
