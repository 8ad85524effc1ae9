"""The workflows of one model: state machines, logged without the data of executions and traced."""

from collections.abc import Mapping
from functools import cache

import aws_cdk as cdk
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from mlplatform import workflows
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct
from mlplatform.stack_exports import import_value
from mlplatform.workflows import Source

LOGS = "workflows"
"""Name of the log group that all workflows of an environment share."""

_TRACED = stepfunctions.CfnStateMachine.TracingConfigurationProperty(enabled=True)


class Workflows(Construct):
    """The state machines of one model, each ``workflows/<workflow>.asl.yaml`` compiled for ``product``.

    Each runs as its role of ``role_arns`` and is named: people, schedules and pipelines start it by name.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        product: ModelProduct,
        source: Source,
        role_arns: Mapping[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        for workflow, role_arn in role_arns.items():
            # As text: CDK walks an object node by node, which takes longer than all else in the stack.
            text = workflows.written(workflow, product, settings, source)
            stepfunctions.CfnStateMachine(
                self,
                workflow.capitalize(),
                state_machine_name=settings.names.name(f"{product.name}-{workflow}", kind="workflow"),
                role_arn=role_arn,
                definition_string=text,
                definition_substitutions=_substitutions(text, settings) or None,
                logging_configuration=_logging(settings),
                tracing_configuration=_TRACED,
            )


def _substitutions(text: str, settings: Environment) -> dict[str, str]:
    """What a definition, as text, takes from the exports of other stacks."""
    return {
        name: _joined(tuple(import_value(export, settings) for export in exports))
        for name, exports in workflows.substitutions(text, settings).items()
    }


@cache
def _joined(values: tuple[str, ...]) -> str:
    """One token serves every workflow, as one does for each of its parts."""
    return values[0] if len(values) == 1 else cdk.Fn.join(",", list(values))


def _logging(settings: Environment) -> stepfunctions.CfnStateMachine.LoggingConfigurationProperty:
    group = settings.names.arn("logs", f"log-group:{settings.names.log_group(LOGS)}:*")
    return stepfunctions.CfnStateMachine.LoggingConfigurationProperty(
        level="ALL",
        include_execution_data=False,
        destinations=[
            stepfunctions.CfnStateMachine.LogDestinationProperty(
                cloud_watch_logs_log_group=stepfunctions.CfnStateMachine.CloudWatchLogsLogGroupProperty(
                    log_group_arn=group
                )
            )
        ],
    )
