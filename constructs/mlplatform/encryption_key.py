"""A customer-managed KMS key."""

from aws_cdk import aws_kms as kms
from constructs import Construct

from mlplatform.key_policies import key_policy
from mlplatform.retention import keep
from mlplatform.settings import Environment


class EncryptionKey(Construct):
    """A yearly rotated key and its alias; ``purpose`` (data, artifacts, logs, network) decides its policy."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment, purpose: str) -> None:
        super().__init__(scope, construct_id)
        key = kms.CfnKey(
            self,
            "Resource",
            description=f"Encrypts {purpose} of {settings.name}",
            enable_key_rotation=True,
            key_policy=key_policy(purpose, settings),
            pending_window_in_days=30 if settings.retains else 7,
        )
        keep(key, settings)
        alias = f"alias/{settings.names.name(purpose, kind='alias')}"
        kms.CfnAlias(self, "Alias", alias_name=alias, target_key_id=key.ref)
        self.arn = key.attr_arn
