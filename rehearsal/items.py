"""Calls of DynamoDB as IAM judges them: by the keys of their items, and a transaction by each of its parts.

Amazon DynamoDB developer guide, "Using IAM policy conditions for fine-grained access control" and "DynamoDB
transactions: IAM policies": a transaction needs PutItem, UpdateItem, DeleteItem, ConditionCheckItem or
GetItem for its parts, which carry ``dynamodb:EnclosingOperation``.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from rehearsal.api import ApiRequest, Parameters, Place

_PARTS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
_ENCLOSING = "EnclosingOperation"


def parts(request: ApiRequest) -> list[ApiRequest]:
    """The calls that a transaction is judged as; none if ``request`` is no transaction."""
    if request.service != "dynamodb" or not request.operation.startswith("Transact"):
        return []
    return [
        ApiRequest("dynamodb", _PARTS[kind], {**part, _ENCLOSING: request.operation}, request.principal)
        for item in request.parameters.get("TransactItems", ())
        for kind, part in item.items()
    ]


def keys(request: ApiRequest, place: Place) -> dict[str, str | list[str]]:
    """Condition keys of a call, and of a part of a transaction."""
    asked = request.parameters
    found: dict[str, str | list[str]] = {}
    if leading := sorted(set(_leading(request, _hash_key(str(asked.get("TableName", "")), place)))):
        found["dynamodb:LeadingKeys"] = leading
    for member in (_ENCLOSING, "ReturnConsumedCapacity", "ReturnValues", "Select"):
        if member in asked:
            found[f"dynamodb:{member}"] = str(asked[member])
    return found


def _hash_key(table: str, place: Place) -> str:
    there = dynamodb_backends[place.account][place.region].tables
    name = table.rpartition("/")[2]
    return str(there[name].hash_key_attr) if name in there else ""


def _leading(request: ApiRequest, hash_key: str) -> Iterator[str]:
    """The partition keys of all items a call names; of a batch, those of every table."""
    asked = request.parameters
    for holder in (asked.get("Key"), asked.get("Item")):
        if holder and hash_key in holder:
            yield _text(holder[hash_key])
    condition = asked.get("KeyConditions", {}).get(hash_key, {})
    yield from map(_text, condition.get("AttributeValueList", ()))
    yield from _in_expression(asked, hash_key)


def _in_expression(asked: Parameters, hash_key: str) -> Iterator[str]:
    """The value that a query's key condition has for the partition key: ``endpoint = :e``."""
    names: Mapping[str, str] = asked.get("ExpressionAttributeNames", {})
    for term in str(asked.get("KeyConditionExpression", "")).replace(" and ", " AND ").split(" AND "):
        left, _, right = (side.strip(" ()") for side in term.partition("="))
        if names.get(left, left) == hash_key and right in asked.get("ExpressionAttributeValues", {}):
            yield _text(asked["ExpressionAttributeValues"][right])


def _text(value: Mapping[str, Any]) -> str:
    """An attribute value, ``{"S": "text"}``, without its type."""
    return str(next(iter(value.values())))
