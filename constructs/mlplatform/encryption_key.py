"""A customer-managed KMS key."""

from aws_cdk import aws_kms as kms
from constructs import Construct

from mlplatform.key_policies import key_policy
from mlplatform.settings import Environment

_WHAT = {"account": "what the environments share in the account"}
"""What a key encrypts, where its purpose does not say so."""


class EncryptionKey(kms.CfnKey):
    """A yearly rotated key and its alias.

    ``purpose`` (data, artifacts, logs, network, account) decides its policy.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment, purpose: str) -> None:
        super().__init__(
            scope,
            construct_id,
            description=f"Encrypts {_WHAT.get(purpose, purpose)} of {settings.name}",
            enable_key_rotation=True,
            key_policy=key_policy(purpose, settings),
            pending_window_in_days=30 if settings.retains else 7,
        )
        self.arn = self.attr_arn
        alias = f"alias/{settings.names.name(purpose, kind='alias')}"
        kms.CfnAlias(self, "Alias", alias_name=alias, target_key_id=self.arn)
