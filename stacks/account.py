"""What exists once per account and region, whoever uses it."""

from constructs import Construct

from mlplatform.ai_registry_hub import AiRegistryHub
from mlplatform.deployment_roles import DeploymentRoles
from mlplatform.encryption_key import EncryptionKey
from mlplatform.regional_types import deployable
from mlplatform.sdk_bucket import SdkBucket
from mlplatform.settings import Environment
from mlplatform.stack import PlatformStack
from mlplatform.stack_exports import export


class AccountStack(PlatformStack):
    """The SDK's default bucket and its key, the AI Registry's hub, the pipeline's provider and roles.

    Without what the account has already; only the environment that owns the account has this stack.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment) -> None:
        super().__init__(
            scope, construct_id, settings=settings, description="What the account has once, for everybody"
        )
        adopted = settings.neighbours.adopted
        if "sdk_default_bucket" not in adopted:
            key = EncryptionKey(self, "AccountKey", settings=settings, purpose="account")
            SdkBucket(self, "SdkBucket", settings=settings, key_arn=key.arn)
            export(self, {"AccountKeyArn": key.arn}, settings)
        if "ai_registry_hub" not in adopted and deployable("AWS::SageMaker::Hub", settings.region):
            AiRegistryHub(self, "AiRegistryHub", settings=settings)
        if settings.ci is not None:
            DeploymentRoles(self, "DeploymentRoles", settings=settings, ci=settings.ci)
