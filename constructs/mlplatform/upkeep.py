"""What looks after one model's endpoint by the clock: the schedule, its role, and the alarm."""

from aws_cdk import CfnResource
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from mlplatform.permissions.trigger_roles import DEAD_LETTERS
from mlplatform.permissions.upkeep_roles import THING, model_upkeep, upkeep_trust
from mlplatform.role import PlatformRole
from mlplatform.serving.parts import ALARM_TYPE, Served
from mlplatform.serving.upkeep import RATE, alarm, event
from mlplatform.workflow_triggers import RETRIES, RETRY_SECONDS


class Upkeep(Construct):
    """Calls the model's release function, whose ARN is ``function_arn``, every hour; tells people what it
    finds.
    """

    def __init__(self, scope: Construct, construct_id: str, *, served: Served, function_arn: str) -> None:
        super().__init__(scope, construct_id)
        names, model = served.names, served.product.name
        role = PlatformRole(
            self,
            "Role",
            settings=served.settings,
            kind="trigger",
            trusts=upkeep_trust(served),
            description=f"Has the endpoint of {model} looked after",
            thing=f"{model}-{THING}",
            grants=model_upkeep(served, function_arn),
        )
        queue_arn = names.arn("sqs", names.name(DEAD_LETTERS))
        scheduler.CfnSchedule(
            self,
            "Schedule",
            name=names.name(f"{model}-{THING}"),
            description=f"Looks whether what serves of {model} is what its stack declares, and sweeps",
            schedule_expression=RATE,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=function_arn,
                role_arn=role.attr_arn,
                input=event(served),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_retry_attempts=RETRIES, maximum_event_age_in_seconds=RETRY_SECONDS
                ),
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=queue_arn),
            ),
        )
        CfnResource(self, "Alarm", type=ALARM_TYPE, properties=alarm(served))
