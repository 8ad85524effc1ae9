"""The queue of what could not be delivered, and the alarm that somebody looks at it."""

from typing import Any

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from mlplatform.acknowledgements import accept
from mlplatform.permissions.trigger_roles import DEAD_LETTERS
from mlplatform.policy import allow, deny, document
from mlplatform.release_routes import serves
from mlplatform.settings import Environment

RETENTION_SECONDS = 14 * 24 * 60 * 60
"""The longest SQS keeps a message."""


class DeadLetters(sqs.CfnQueue):
    """An encrypted queue that answers over TLS only, takes what rules of the environment could not deliver,
    and raises an alarm while it holds anything.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment, key_arn: str) -> None:
        names = settings.names
        name = names.name(DEAD_LETTERS)
        arn = names.arn("sqs", name)
        super().__init__(
            scope,
            construct_id,
            queue_name=name,
            kms_master_key_id=key_arn,
            message_retention_period=RETENTION_SECONDS,
        )
        sqs.CfnQueuePolicy(self, "Policy", queues=[self.ref], policy_document=_policy(arn, settings))
        if not serves(settings):  # cdk-nag knows a dead-letter queue by the queues that name it as theirs
            accept(
                self,
                "AwsSolutions::AwsSolutions-SQS3",
                because="this is the dead-letter queue itself: people empty it, nothing receives from it",
            )
        _alarm(self, name, settings)


def _policy(arn: str, settings: Environment) -> dict[str, Any]:
    """TLS only; what rules of the environment could not deliver."""
    rules = settings.names.arn("events", f"rule/{settings.names.name('*')}")
    ours = {"ArnLike": {"aws:SourceArn": rules}, "StringEquals": {"aws:SourceAccount": settings.account}}
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    service = {"Service": "events.amazonaws.com"}
    return document(
        deny("DenyPlainTransport", ["sqs:*"], [arn], principal="*", condition=plain),
        allow("KeepUndelivered", ["sqs:SendMessage"], [arn], principal=service, condition=ours),
    )


def _alarm(scope: Construct, queue_name: str, settings: Environment) -> None:
    """An alarm for as long as the queue holds a message."""
    topic = settings.names.arn("sns", settings.names.name("notifications"))
    cloudwatch.CfnAlarm(
        scope,
        "Alarm",
        alarm_name=settings.names.name(DEAD_LETTERS),
        alarm_description="A workflow could not be started; the message says which and why",
        namespace="AWS/SQS",
        metric_name="ApproximateNumberOfMessagesVisible",
        dimensions=[cloudwatch.CfnAlarm.DimensionProperty(name="QueueName", value=queue_name)],
        statistic="Maximum",
        period=300,
        evaluation_periods=1,
        threshold=0,
        comparison_operator="GreaterThanThreshold",
        treat_missing_data="notBreaching",
        alarm_actions=[topic],
    )
