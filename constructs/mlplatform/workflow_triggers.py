"""What starts a model's workflows by itself: schedules, and data that has arrived."""

from aws_cdk import aws_events as events
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from mlplatform.data_locations import resolve
from mlplatform.permissions.run_places import machine_arn
from mlplatform.permissions.trigger_roles import DEAD_LETTERS, on_new_data, schedules
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct

RETRIES, RETRY_SECONDS = 10, 3600
"""How often, and how long, a start that fails is tried again before it goes to the dead-letter queue."""

NO_INPUT = "{}"
"""An execution needs no input."""


class WorkflowTriggers(Construct):
    """The schedules and the rule of one model; ``role_arn`` is the role they start workflows with."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        product: ModelProduct,
        role_arn: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings, self._product, self._role_arn = settings, product, role_arn
        self._queue_arn = settings.names.arn("sqs", settings.names.name(DEAD_LETTERS))
        for workflow, expression in schedules(product, settings).items():
            self._schedule(workflow, expression)
        if (started := on_new_data(product, settings)) is not None:
            self._on_new_data(started)

    def _schedule(self, workflow: str, expression: str) -> None:
        assert self._product.schedule is not None
        scheduler.CfnSchedule(
            self,
            workflow.capitalize(),
            name=self._settings.names.name(f"{self._product.name}-{workflow}"),
            description=f"Starts {workflow} of {self._product.name}",
            schedule_expression=expression,
            schedule_expression_timezone=self._product.schedule.timezone,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=machine_arn(self._settings.names, self._product.name, workflow),
                role_arn=self._role_arn,
                input=NO_INPUT,
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_retry_attempts=RETRIES, maximum_event_age_in_seconds=RETRY_SECONDS
                ),
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=self._queue_arn),
            ),
        )

    def _on_new_data(self, workflow: str) -> None:
        """When the marker arrives beside the training data, all of it is there."""
        data, schedule = self._product.data, self._product.schedule
        assert data is not None
        assert schedule is not None
        bucket, _, prefix = resolve(data.train, self._settings).removeprefix("s3://").partition("/")
        key = f"{prefix.rstrip('/')}/{schedule.marker}"
        events.CfnRule(
            self,
            "NewData",
            name=self._settings.names.name(f"{self._product.name}-new-data"),
            description=f"Starts {workflow} of {self._product.name} when its data is complete",
            event_pattern={
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {"bucket": {"name": [bucket]}, "object": {"key": [key.lstrip("/")]}},
            },
            targets=[
                events.CfnRule.TargetProperty(
                    id="Workflow",
                    arn=machine_arn(self._settings.names, self._product.name, workflow),
                    role_arn=self._role_arn,
                    input=NO_INPUT,
                    retry_policy=events.CfnRule.RetryPolicyProperty(
                        maximum_retry_attempts=RETRIES, maximum_event_age_in_seconds=RETRY_SECONDS
                    ),
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=self._queue_arn),
                )
            ],
        )
