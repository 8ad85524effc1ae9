"""What the workflows of all models share."""

from constructs import Construct

from mlplatform import (
    bedrock_customization,
    customization_function,
    release_function,
    reward_functions,
    workflows,
)
from mlplatform.dead_letters import DeadLetters
from mlplatform.log_group import LogGroup
from mlplatform.permissions.bedrock_places import uses_bedrock
from mlplatform.permissions.customization_places import customized, rewards
from mlplatform.release_events import ReleaseEvents
from mlplatform.settings import Environment
from mlplatform.stack import PlatformStack
from mlplatform.stack_exports import import_value
from mlplatform.workflow import LOGS
from mlplatform.workflow_functions import WorkflowFunctions


class OrchestrationStack(PlatformStack):
    """The functions that workflows call, their log group, and the queue of what could not be started.

    A registry whose models have no workflow here only passes their approvals on, to where they serve.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment) -> None:
        super().__init__(
            scope, construct_id, settings=settings, description="Functions, logs and queue of all workflows"
        )
        key_arn = import_value("LogsKeyArn", settings)
        if any(workflows.of(product, settings) for product in settings.products):
            LogGroup(self, "Logs", settings=settings, thing=LOGS, key_arn=key_arn)
            WorkflowFunctions(self, "Functions", settings=settings)
        if any(product.serving for product in settings.products):
            LogGroup(self, "ReleaseLogs", settings=settings, thing=release_function.LOGS, key_arn=key_arn)
        self._customization_logs(settings, key_arn)
        dead_letters = DeadLetters(self, "DeadLetters", settings=settings, key_arn=key_arn)
        ReleaseEvents(
            self, "ReleaseEvents", settings=settings, key_arn=key_arn, dead_letters_arn=dead_letters.attr_arn
        )

    def _customization_logs(self, settings: Environment, key_arn: str) -> None:
        if any(customized(product, settings) for product in settings.products):
            thing = customization_function.LOGS
            LogGroup(self, "CustomizationLogs", settings=settings, thing=thing, key_arn=key_arn)
        if uses_bedrock(settings):
            thing = bedrock_customization.LOGS
            LogGroup(self, "BedrockLogs", settings=settings, thing=thing, key_arn=key_arn)
        if any(rewards(product, settings) for product in settings.products):
            LogGroup(self, "RewardLogs", settings=settings, thing=reward_functions.LOGS, key_arn=key_arn)
