"""Policies of buckets, topics and queues: kept where the emulator judges by them, not in moto."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rehearsal.cloudformation.providers.base import Account, Made, Wanted
from rehearsal.cloudformation.schemas import Properties
from rehearsal.cloudformation.stack import Resource

ArnsOf = Callable[[Account, Properties], Iterable[str]]
"""ARNs of the resources that a policy resource's properties name."""


@dataclass(frozen=True)
class ResourcePolicies:
    """One of the types that give a policy to other resources."""

    account: Account
    arns_of: ArnsOf

    def create(self, wanted: Wanted) -> Made:
        """Put the policy on each resource."""
        for arn in self.arns_of(self.account, wanted.properties):
            self.account.emulator.resource_policies[arn] = wanted.properties["PolicyDocument"]
        return Made(wanted.properties.get("Bucket", wanted.name), {"Id": wanted.name})

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Take the old policy away, put the new one."""
        self.delete(old)
        return Made(old.physical_id, {**self.create(wanted).attributes, **old.attributes})

    def delete(self, old: Resource) -> None:
        """Take the policy away."""
        for arn in self.arns_of(self.account, old.properties):
            self.account.emulator.resource_policies.pop(arn, None)


def of_bucket(account: Account, properties: Properties) -> list[str]:
    """The bucket of an ``AWS::S3::BucketPolicy``."""
    return [account.place.arn("s3", properties["Bucket"], region="", account="")]


def of_topics(_: Account, properties: Properties) -> list[str]:
    """The topics of an ``AWS::SNS::TopicPolicy``."""
    return list(properties["Topics"])


def of_queues(account: Account, properties: Properties) -> list[str]:
    """The queues of an ``AWS::SQS::QueuePolicy``, which it names by their URLs."""
    return [account.place.arn("sqs", url.rpartition("/")[2]) for url in properties["Queues"]]
