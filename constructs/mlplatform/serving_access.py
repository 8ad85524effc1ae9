"""The role that the consumers of a model's endpoint take on to call it."""

from constructs import Construct

from mlplatform.permissions.serving_access import KIND, consumer_role, consumer_trust, model_consumer
from mlplatform.role import PlatformRole
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct


class ServingAccess(Construct):
    """One role for all consumers that ``serving.consumers`` names; nothing if it names none."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Environment, product: ModelProduct
    ) -> None:
        super().__init__(scope, construct_id)
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
