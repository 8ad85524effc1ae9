"""Topics, subscriptions and queues, of moto."""

import json
from dataclasses import dataclass
from typing import Any

from rehearsal.cloudformation.providers.base import Account, Made, Wanted, only, tag_map, without
from rehearsal.cloudformation.schemas import Properties
from rehearsal.cloudformation.stack import Resource


@dataclass(frozen=True)
class Topics:
    """``AWS::SNS::Topic``."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Create the topic and the subscriptions it lists."""
        said = wanted.properties
        name = said.get("TopicName", wanted.name)
        tags = list(said.get("Tags", ()))
        sns = self.account.api("sns")
        arn = sns.create_topic(Name=name, Attributes=_topic_attributes(said), Tags=tags)["TopicArn"]
        for subscription in said.get("Subscription", ()):
            sns.subscribe(TopicArn=arn, **subscription)
        return Made(arn, {"TopicArn": arn, "TopicName": name})

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Set its attributes."""
        for name, value in _topic_attributes(wanted.properties).items():
            self.account.api("sns").set_topic_attributes(
                TopicArn=old.physical_id, AttributeName=name, AttributeValue=value
            )
        return Made(old.physical_id, old.attributes)

    def delete(self, old: Resource) -> None:
        """Delete the topic."""
        self.account.api("sns").delete_topic(TopicArn=old.physical_id)


def _topic_attributes(said: Properties) -> dict[str, str]:
    return only(said, "DisplayName", "KmsMasterKeyId", "TracingConfig", "SignatureVersion")


@dataclass(frozen=True)
class Subscriptions:
    """``AWS::SNS::Subscription``."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Subscribe."""
        said = wanted.properties
        attributes = {
            name: json.dumps(value) if isinstance(value, dict | list) else str(value)
            for name, value in without(said, "TopicArn", "Protocol", "Endpoint", "Region").items()
        }
        arn = self.account.api("sns").subscribe(
            **only(said, "TopicArn", "Protocol", "Endpoint"),
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        return Made(arn, {"Arn": arn})

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Subscribe anew."""
        self.delete(old)
        return self.create(wanted)

    def delete(self, old: Resource) -> None:
        """Unsubscribe."""
        self.account.api("sns").unsubscribe(SubscriptionArn=old.physical_id)


@dataclass(frozen=True)
class Queues:
    """``AWS::SQS::Queue``."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Create the queue."""
        name = wanted.properties.get("QueueName", wanted.name)
        attributes, tags = _queue_attributes(wanted.properties), tag_map(wanted.properties)
        found = self.account.api("sqs").create_queue(QueueName=name, Attributes=attributes, tags=tags)
        arn = self.account.place.arn("sqs", name)
        return Made(found["QueueUrl"], {"Arn": arn, "QueueName": name, "QueueUrl": found["QueueUrl"]})

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Set its attributes."""
        attributes = _queue_attributes(wanted.properties)
        self.account.api("sqs").set_queue_attributes(QueueUrl=old.physical_id, Attributes=attributes)
        return Made(old.physical_id, old.attributes)

    def delete(self, old: Resource) -> None:
        """Delete the queue."""
        self.account.api("sqs").delete_queue(QueueUrl=old.physical_id)


def _queue_attributes(said: Properties) -> dict[str, str]:
    return {name: _text(value) for name, value in without(said, "QueueName", "Tags").items()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict | list) else str(value)
