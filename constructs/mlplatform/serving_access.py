"""The role with which consumers call the endpoint of a model, and where its component writes logs."""

from constructs import Construct

from mlplatform.log_group import LogGroup
from mlplatform.permissions.serving_access import KIND, consumer_role, consumer_trust, model_consumer
from mlplatform.role import PlatformRole
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct
from mlplatform.stack_exports import import_value


class ServingAccess(Construct):
    """One role for all consumers that ``serving.consumers`` names; nothing if it names none."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Environment, product: ModelProduct
    ) -> None:
        super().__init__(scope, construct_id)
        if product.serving is not None and product.serving.components is not None:
            # Made before the component: a group that SageMaker makes is neither encrypted nor ever emptied.
            LogGroup(
                self,
                "ComponentLogs",
                settings=settings,
                name=settings.names.component_logs(product.name),
                key_arn=import_value("LogsKeyArn", settings),
            )
        if grants := model_consumer(product, settings):
            PlatformRole(
                self,
                "Consumer",
                settings=settings,
                kind=KIND,
                thing=consumer_role(product),
                trusts=consumer_trust(product, settings),
                description=f"Sends requests to the endpoint of {product.name}",
                grants=grants,
            )
