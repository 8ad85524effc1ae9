"""The map: every stack of one environment, in the order they stand on each other."""

import aws_cdk as cdk
from constructs import Construct

from mlplatform.retention import keep_state, tag_costs
from mlplatform.settings import Environment
from stacks.foundation import FoundationStack
from stacks.network import NetworkStack


class MlPlatform(cdk.Stage):
    """One environment. Arrows point one way: Network -> Foundation."""

    def __init__(self, scope: Construct, *, settings: Environment) -> None:
        super().__init__(
            scope, settings.name, env=cdk.Environment(account=settings.account, region=settings.region)
        )
        self.network = NetworkStack(self, "Network", settings=settings)
        self.foundation = FoundationStack(self, "Foundation", settings=settings)
        self.foundation.add_stack_dependency(self.network)
        keep_state(self, settings)
        tag_costs(self, settings)
