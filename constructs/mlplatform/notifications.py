"""Where people hear of releases, failures and alarms."""

import hashlib

from aws_cdk import aws_sns as sns
from constructs import Construct

from mlplatform.key_policies import PUBLISHERS
from mlplatform.policy import allow, deny, document
from mlplatform.settings import Environment


class Notifications(sns.CfnTopic):
    """An encrypted topic that takes messages over TLS only, and its subscriptions."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment, key_arn: str) -> None:
        name = settings.names.name("notifications")
        arn = settings.names.arn("sns", name)
        super().__init__(scope, construct_id, topic_name=name, kms_master_key_id=key_arn)
        topic = self.ref
        publish = ["sns:Publish"]
        sns.CfnTopicPolicy(
            self,
            "Policy",
            topics=[topic],
            policy_document=document(
                deny(
                    "DenyPlainTransport",
                    publish,
                    [arn],
                    principal="*",
                    condition={"Bool": {"aws:SecureTransport": "false"}},
                ),
                allow(
                    "PublishByAwsServices",
                    publish,
                    [arn],
                    principal={"Service": list(PUBLISHERS)},
                    condition={"StringEquals": {"aws:SourceAccount": settings.account}},
                ),
            ),
        )
        for protocol, address in settings.notifications.subscriptions:
            mark = hashlib.sha256(address.encode()).hexdigest()[:8]
            sns.CfnSubscription(
                self,
                f"{protocol.capitalize()}-{mark}",
                topic_arn=topic,
                protocol=protocol,
                endpoint=address,
            )
