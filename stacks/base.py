"""What all stacks of an environment have in common."""

import aws_cdk as cdk
from constructs import Construct

from mlplatform.settings import Environment


class PlatformStack(cdk.Stack):
    """A named stack that nobody deletes by accident, deployed with the environment's bootstrap qualifier."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Environment, description: str
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=settings.names.stack(construct_id),
            description=description,
            synthesizer=cdk.DefaultStackSynthesizer(qualifier=settings.deployment.qualifier),
            termination_protection=settings.retains,
        )
