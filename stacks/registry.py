"""Artifacts that outlive any model's stack."""

from constructs import Construct

from mlplatform.container_repository import ContainerRepositories
from mlplatform.settings import Environment
from mlplatform.stack import PlatformStack
from mlplatform.stack_exports import import_value


class RegistryStack(PlatformStack):
    """One image repository for each model product, shared with the environments that use this registry."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment) -> None:
        super().__init__(
            scope, construct_id, settings=settings, description="Image repositories of the models"
        )
        key_arn = import_value("ArtifactsKeyArn", settings)
        ContainerRepositories(self, "Repositories", settings=settings, key_arn=key_arn)
