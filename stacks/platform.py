"""The map: every stack of one environment, in the order they stand on each other."""

import aws_cdk as cdk
from constructs import Construct

from mlplatform import workflows
from mlplatform.release_routes import forwarded
from mlplatform.retention import keep_state, tag_costs
from mlplatform.settings import Environment
from stacks.account import AccountStack
from stacks.foundation import FoundationStack
from stacks.model import ModelStack
from stacks.network import NetworkStack
from stacks.orchestration import OrchestrationStack
from stacks.registry import RegistryStack
from stacks.serving import ServingStack
from stacks.studio import StudioStack


class MlPlatform(cdk.Stage):
    """One environment. Arrows point one way.

    Account, Network -> Foundation -> Studio; Foundation -> Registry -> Orchestration -> Model -> Serving.
    """

    def __init__(self, scope: Construct, *, settings: Environment) -> None:
        super().__init__(
            scope, settings.name, env=cdk.Environment(account=settings.account, region=settings.region)
        )
        network = NetworkStack(self, "Network", settings=settings)
        foundation = FoundationStack(self, "Foundation", settings=settings)
        foundation.add_stack_dependency(network)

        studio = StudioStack(self, "Studio", settings=settings)
        studio.add_stack_dependency(foundation)
        if settings.owns_account:
            studio.add_stack_dependency(AccountStack(self, "Account", settings=settings))

        self._models(settings, foundation)
        keep_state(self, settings)
        tag_costs(self, settings)

    def _models(self, settings: Environment, last: cdk.Stack) -> None:
        """What models share, then for each the stack of its versions and workflows, and what serves it."""
        if settings.keeps_registry and settings.products:
            registry = RegistryStack(self, "Registry", settings=settings)
            registry.add_stack_dependency(last)
            last = registry
        if any(workflows.of(product, settings) for product in settings.products) or forwarded(settings):
            orchestration = OrchestrationStack(self, "Orchestration", settings=settings)
            orchestration.add_stack_dependency(last)
            last = orchestration
        for product in settings.products:
            if settings.keeps_registry or workflows.of(product, settings):
                model = ModelStack(self, f"Model-{product.name}", settings=settings, product=product)
                model.add_stack_dependency(last)
                if product.serving:
                    serving = ServingStack(
                        self, f"Serving-{product.name}", settings=settings, product=product
                    )
                    serving.add_stack_dependency(model)
