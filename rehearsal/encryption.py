"""Which KMS keys a call uses in the caller's name, through the service it calls."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.core.base_backend import BackendDict
from moto.dynamodb.models import dynamodb_backends
from moto.kms.models import kms_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from rehearsal import contexts, storage
from rehearsal.api import ApiRequest, Place
from rehearsal.identities import Deployed
from rehearsal.resources import UnresolvedError

Use = tuple[str, str, contexts.Keys]
"""Action on a key, the key's ARN, condition keys."""

_QUEUE_USES = {
    "SendMessage": ("kms:GenerateDataKey", "kms:Decrypt"),
    "SendMessageBatch": ("kms:GenerateDataKey", "kms:Decrypt"),
    "ReceiveMessage": ("kms:Decrypt",),
}
"""Amazon SQS developer guide, "Key management": what producers and consumers need."""

_TOPIC_USES = {
    "Publish": ("kms:GenerateDataKey", "kms:Decrypt"),
    "PublishBatch": ("kms:GenerateDataKey", "kms:Decrypt"),
}
"""Amazon SNS developer guide, "Managing Amazon SNS encryption keys and costs": what publishers need."""

_TABLE_USES = (
    "BatchGetItem",
    "BatchWriteItem",
    "ConditionCheckItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "Scan",
    "UpdateItem",
)
"""Amazon DynamoDB developer guide, "DynamoDB encryption at rest": the table's key is decrypted for each
caller, whatever it does with items, and kept for a few minutes."""


@dataclass(frozen=True)
class Keys:
    """The keys of one account."""

    place: Place
    deployed: Deployed

    def used_by(self, request: ApiRequest) -> Iterator[Use]:
        """Uses of keys that ``request`` implies."""
        if request.service == "s3":
            yield from self._of_buckets(request)
        elif request.service == "sns":
            topic = str(request.parameters.get("TopicArn") or request.parameters.get("TargetArn") or "")
            key = self._master_key(_found(sns_backends, self.place, "topics", topic))
            via = contexts.via("sns", "aws:sns:topicArn", topic, self.place)
            yield from ((action, key, via) for action in _TOPIC_USES.get(request.operation, ()) if key)
        elif request.service == "sqs":
            name = str(request.parameters.get("QueueUrl", "")).rpartition("/")[2]
            key = self._master_key(_found(sqs_backends, self.place, "queues", name))
            via = contexts.via("sqs", "aws:sqs:arn", self.place.arn("sqs", name), self.place)
            yield from ((action, key, via) for action in _QUEUE_USES.get(request.operation, ()) if key)
        elif request.service == "dynamodb" and request.operation in _TABLE_USES:
            yield from self._of_table(str(request.parameters.get("TableName", "")).rpartition("/")[2])

    def _of_table(self, name: str) -> Iterator[Use]:
        table = _found(dynamodb_backends, self.place, "tables", name)
        encryption = getattr(table, "sse_specification", None) or {}
        if encryption.get("Enabled") and (key := str(encryption["KMSMasterKeyId"])):
            via = contexts.via("dynamodb", "aws:dynamodb:tableName", name, self.place)
            yield "kms:Decrypt", self.arn(key), via

    def arn(self, key: str) -> str:
        """ARN of a key given by its id, its ARN or an alias. Raises UnresolvedError for an unknown alias."""
        if "alias/" not in key:
            return key if key.startswith("arn:") else self.place.arn("kms", f"key/{key}")
        alias = "alias/" + key.partition("alias/")[2]
        for one in kms_backends[self.place.account][self.place.region].keys.values():
            if alias in one.aliases:
                return str(one.arn)
        raise UnresolvedError(f"there is no key with the alias {alias}")

    def _of_buckets(self, request: ApiRequest) -> Iterator[Use]:
        for bucket, action in storage.key_uses(request):
            key = self.deployed.bucket_keys.get(bucket)
            if action == "kms:GenerateDataKey" and request.parameters.get("SSEKMSKeyId"):
                key = str(request.parameters["SSEKMSKeyId"])
            if key:
                bucket_arn = storage.object_arn(self.place, bucket)
                yield action, self.arn(key), contexts.kms_context(bucket_arn, self.place)

    def _master_key(self, encrypted: Any) -> str | None:
        """The key of a topic or queue; AWS's own keys (``alias/aws/...``) ask nobody for permission."""
        key = getattr(encrypted, "kms_master_key_id", None)
        return self.arn(str(key)) if key and "alias/aws/" not in str(key) else None


def _found(backends: BackendDict[Any], place: Place, things: str, name: str) -> Any:
    return getattr(backends[place.account][place.region], things).get(name)
