"""The ledger in DynamoDB: the items of one endpoint, written together and only if they are as expected."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from release.ports import ConflictError, Record, Write

KEYS = ("endpoint", "record")
"""Hash and range key of the table."""

_REFUSED = {"ConditionalCheckFailed", "None"}
"""Reasons of a cancelled transaction that mean: a condition does not hold. Others pass (DynamoDB API
reference, TransactWriteItems)."""

_SERIALIZER, _DESERIALIZER = TypeSerializer(), TypeDeserializer()


class DynamoDbLedger:
    """``release.ports.Ledger``: ``endpoint``'s items of ``table``; ``client`` is one of DynamoDB.

    Numbers with a fraction are kept as decimals, as DynamoDB has them, and read as floats.
    """

    def __init__(self, client: Any, table: str, endpoint: str) -> None:
        self._client, self._table, self._endpoint = client, table, endpoint

    def read(self, record: str) -> Record | None:
        """The item, read consistently."""
        found = self._client.get_item(TableName=self._table, Key=self._key(record), ConsistentRead=True)
        return _content(found["Item"]) if "Item" in found else None

    def history(self, prefix: str, limit: int = 50) -> list[Record]:
        """Items whose record begins with ``prefix``, last record first."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="#endpoint = :endpoint AND begins_with(#record, :prefix)",
            ExpressionAttributeNames={f"#{name}": name for name in KEYS},
            ExpressionAttributeValues={":endpoint": {"S": self._endpoint}, ":prefix": {"S": prefix}},
            ScanIndexForward=False,
            ConsistentRead=True,
            PaginationConfig={"MaxItems": limit, "PageSize": limit},
        )
        return [{"record": item["record"]["S"], **_content(item)} for page in pages for item in page["Items"]]

    def write(self, writes: Sequence[Write]) -> None:
        """All of them or none. Raises ConflictError if a condition does not hold.

        boto3 gives each transaction a token, so that repeating it after a lost answer changes nothing.
        """
        try:
            self._client.transact_write_items(TransactItems=[self._item(write) for write in writes])
        except self._client.exceptions.TransactionCanceledException as error:
            reasons = {reason.get("Code", "None") for reason in error.response["CancellationReasons"]}
            if not reasons <= _REFUSED:
                raise
            raise ConflictError(f"the ledger has changed: {', '.join(w.record for w in writes)}") from error

    def _key(self, record: str) -> dict[str, Any]:
        return {"endpoint": {"S": self._endpoint}, "record": {"S": record}}

    def _item(self, write: Write) -> dict[str, Any]:
        request = {"TableName": self._table, **_conditions(write)}
        if write.content is None:
            return {"Delete": {**request, "Key": self._key(write.record)}}
        content = {name: serialized(value) for name, value in write.content.items()}
        return {"Put": {**request, "Item": {**content, **self._key(write.record)}}}


def serialized(value: Any) -> dict[str, Any]:
    """A value of JSON as DynamoDB takes it."""
    return dict(_SERIALIZER.serialize(_decimal(value)))


def _decimal(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, dict):
        return {key: _decimal(item) for key, item in value.items()}
    return [_decimal(item) for item in value] if isinstance(value, list | tuple) else value


def _content(item: dict[str, Any]) -> Record:
    return {name: _plain(_DESERIALIZER.deserialize(item[name])) for name in item if name not in KEYS}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _conditions(write: Write) -> dict[str, Any]:
    """The condition of one write; an attribute that is expected to be None may be missing as well."""
    if write.absent:
        return {
            "ConditionExpression": "attribute_not_exists(#record)",
            "ExpressionAttributeNames": {"#record": "record"},
        }
    if write.expected is None:
        return {}
    names = {f"#n{number}": name for number, name in enumerate(write.expected)}
    values = {f":v{number}": serialized(value) for number, value in enumerate(write.expected.values())}
    terms = [
        f"(attribute_not_exists(#n{number}) OR #n{number} = :v{number})"
        if value is None
        else f"#n{number} = :v{number}"
        for number, value in enumerate(write.expected.values())
    ]
    # An item that is missing altogether is not one whose attribute is None.
    return {
        "ConditionExpression": " AND ".join(["attribute_exists(#record)", *terms]),
        "ExpressionAttributeNames": {"#record": "record", **names},
        **({"ExpressionAttributeValues": values} if values else {}),
    }
