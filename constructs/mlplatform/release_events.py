"""What starts releases by itself: the queue of events, the function that reads it, and rules between both.

And what is passed on to other environments, for the releases there.
"""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from mlplatform.function import PlatformFunction
from mlplatform.permissions import function_roles
from mlplatform.permissions.forwarding import (
    FORWARDS,
    KIND,
    bus_policy,
    forwards_trust,
    queue_policy,
    release_forwards,
)
from mlplatform.release_routes import (
    BUS,
    QUEUE,
    Route,
    bus_arn,
    forwarded,
    heard,
    queue_arn,
    variables,
)
from mlplatform.role import PlatformRole
from mlplatform.settings import Environment

BATCH, FUNCTION_SECONDS = 10, 120
"""Events that one call of the function gets, and how long it may take: an event that meets nothing but
timeouts takes three attempts of eight seconds."""

VISIBILITY_SECONDS = 6 * FUNCTION_SECONDS
"""How long a message that is worked on is hidden from others: six times the function's timeout (AWS Lambda
guide, "Using Lambda with Amazon SQS")."""

RECEIVES = 5
"""How often a message is tried before people look at it (the same page: at least five)."""

RETENTION_SECONDS = 4 * 24 * 60 * 60
"""Less than the dead-letter queue's, which counts a message's age from when it was first sent."""

LATE_SECONDS = 30 * 60
"""Age of the oldest message from which somebody should know: no attempt takes so long, so nothing reads."""

RETRIES, RETRY_SECONDS = 30, 24 * 60 * 60
"""How often and how long a delivery that fails is tried again before it goes to the dead-letter queue."""


_ACCEPTED = {
    "NIST.800.53.R5::NIST.800.53.R5-LambdaDLQ": "Lambda reads a queue for it: what it cannot answer stays "
    "there and goes to the dead-letter queue",
    "NIST.800.53.R5::NIST.800.53.R5-LambdaConcurrency": "its queue calls it at most twice at a time; a "
    "reservation would be taken from the account's executions for good",
}
"""Findings about the function, with the reasons why."""


class ReleaseEvents(Construct):
    """Nothing where no model serves and no other environment listens."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        key_arn: str,
        dead_letters_arn: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings, self._key_arn, self._undelivered = settings, key_arn, dead_letters_arn
        if routes := heard(settings):
            queue = self._queue()
            self._function(queue)
            bus = self._bus()
            for route in routes:
                rule = self._rule(route, queue_arn(settings.names))
                if route.bus and bus is not None:
                    rule.add_resource_dependency(bus)
        if routes := forwarded(settings):
            role_arn = self._role().attr_arn
            for route in routes:
                assert route.to is not None
                self._rule(route, bus_arn(route.to), role_arn)

    def _queue(self) -> sqs.CfnQueue:
        queue = sqs.CfnQueue(
            self,
            "Queue",
            queue_name=self._settings.names.name(QUEUE),
            kms_master_key_id=self._key_arn,
            message_retention_period=RETENTION_SECONDS,
            visibility_timeout=VISIBILITY_SECONDS,
            redrive_policy={"deadLetterTargetArn": self._undelivered, "maxReceiveCount": RECEIVES},
        )
        sqs.CfnQueuePolicy(
            self, "QueuePolicy", queues=[queue.ref], policy_document=queue_policy(self._settings)
        )
        self._late()
        return queue

    def _late(self) -> None:
        """An alarm for events that nothing reads."""
        names = self._settings.names
        cloudwatch.CfnAlarm(
            self,
            "Late",
            alarm_name=names.name(QUEUE),
            alarm_description="What may start a release waits for half an hour: nothing reads the queue",
            namespace="AWS/SQS",
            metric_name="ApproximateAgeOfOldestMessage",
            dimensions=[cloudwatch.CfnAlarm.DimensionProperty(name="QueueName", value=names.name(QUEUE))],
            statistic="Maximum",
            period=300,
            evaluation_periods=1,
            threshold=LATE_SECONDS,
            comparison_operator="GreaterThanThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=[names.arn("sns", names.name("notifications"))],
        )

    def _function(self, queue: sqs.CfnQueue) -> None:
        package = function_roles.RELEASE_START
        function = PlatformFunction(
            self,
            "Start",
            settings=self._settings,
            package=package,
            description="Starts releases for what happened: an approval, a release before, a death",
            timeout_seconds=FUNCTION_SECONDS,
            key_arn=self._key_arn,
            grants=function_roles.grants(package, self._settings),
            environment=variables(self._settings),
            accepted=_ACCEPTED,
        )
        lambda_.CfnEventSourceMapping(
            self,
            "Mapping",
            event_source_arn=queue.attr_arn,
            function_name=function.resource.ref,
            batch_size=BATCH,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=lambda_.CfnEventSourceMapping.ScalingConfigProperty(maximum_concurrency=2),
        )

    def _bus(self) -> events.CfnEventBus | None:
        policy = bus_policy(self._settings)
        if policy is None:
            return None
        return events.CfnEventBus(
            self,
            "Bus",
            name=self._settings.names.name(BUS),
            description="What other environments say that may start a release here",
            policy=policy,
        )

    def _role(self) -> PlatformRole:
        return PlatformRole(
            self,
            "Forwards",
            settings=self._settings,
            kind=KIND,
            thing=FORWARDS,
            trusts=forwards_trust(self._settings),
            description="EventBridge passes events on to the buses of other environments as it",
            grants=release_forwards(self._settings),
        )

    def _rule(self, route: Route, target_arn: str, role_arn: str | None = None) -> events.CfnRule:
        """A rule that delivers events whole; what it cannot deliver is kept."""
        start = f"{self._settings.names.name('')}"
        return events.CfnRule(
            self,
            "".join(part.capitalize() for part in route.name.removeprefix(start).split("-")),
            name=route.name,
            description=route.description,
            event_bus_name=route.bus,
            event_pattern=route.pattern,
            targets=[
                events.CfnRule.TargetProperty(
                    id="Target",
                    arn=target_arn,
                    role_arn=role_arn,
                    retry_policy=events.CfnRule.RetryPolicyProperty(
                        maximum_retry_attempts=RETRIES, maximum_event_age_in_seconds=RETRY_SECONDS
                    ),
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=self._undelivered),
                )
            ],
        )
