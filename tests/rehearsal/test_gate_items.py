"""DynamoDB at the gate: items are judged by their keys, transactions by their parts."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError
from small_account import PLACE, allow, role

from rehearsal.api import Principal
from rehearsal.emulator import Emulator

TABLE = PLACE.arn("dynamodb", "table/ledger")
OURS = {
    "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["ours"]},
    "Null": {"dynamodb:LeadingKeys": "false"},
}
ENDPOINT = {":e": {"S": "ours"}}
_number = count(1)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(PLACE) as started:
        started.client("dynamodb").create_table(
            TableName="ledger",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("endpoint", "record")
            ],
            KeySchema=[
                {"AttributeName": "endpoint", "KeyType": "HASH"},
                {"AttributeName": "record", "KeyType": "RANGE"},
            ],
        )
        yield started


def client(emulator: Emulator, *actions: str, **condition: Any) -> Any:
    """DynamoDB for a role that may do these on our table."""
    statement = allow("Items", [f"dynamodb:{name}" for name in actions], TABLE, **condition)
    return emulator.client("dynamodb", Principal(role(emulator, f"items-{next(_number)}", statement)))


def key(endpoint: str, record: str = "live") -> dict[str, Any]:
    return {"endpoint": {"S": endpoint}, "record": {"S": record}}


def denied(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as refused:
        call()
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    return str(refused.value.response["Error"]["Message"])


def test_an_item_is_judged_by_its_partition_key(emulator: Emulator) -> None:
    ours = client(emulator, "PutItem", "GetItem", "Query", Condition=OURS)
    ours.put_item(TableName="ledger", Item=key("ours"))
    assert ours.get_item(TableName="ledger", Key=key("ours"))["Item"] == key("ours")
    assert "LeadingKeys" in denied(lambda: ours.get_item(TableName="ledger", Key=key("theirs")))
    denied(lambda: ours.put_item(TableName="ledger", Item=key("theirs", "ours")))


@pytest.mark.parametrize("expression", ["endpoint = :e", "#e=:e AND begins_with(#r, :r)", "(endpoint = :e)"])
def test_a_query_is_judged_by_the_partition_it_reads(emulator: Emulator, expression: str) -> None:
    ours = client(emulator, "Query", Condition=OURS)
    more = {"ExpressionAttributeNames": {"#e": "endpoint", "#r": "record"}} if "#" in expression else {}

    def query(endpoint: str) -> Any:
        values = {":e": {"S": endpoint}, **({":r": {"S": "l"}} if "#" in expression else {})}
        return ours.query(
            TableName="ledger",
            KeyConditionExpression=expression,
            ExpressionAttributeValues=values,
            **more,
        )

    query("ours")
    denied(lambda: query("theirs"))


def test_a_query_whose_partition_cannot_be_told_passes_no_condition_on_it(emulator: Emulator) -> None:
    ours = client(emulator, "Query", Condition=OURS)
    asked = {"TableName": "ledger", "ExpressionAttributeValues": ENDPOINT}
    denied(lambda: ours.query(**asked, KeyConditionExpression="endpoint > :e"))


def put(endpoint: str) -> dict[str, Any]:
    return {"Put": {"TableName": "ledger", "Item": key(endpoint, "lease")}}


def test_every_part_of_a_transaction_is_judged(emulator: Emulator) -> None:
    ours = client(emulator, "PutItem", "ConditionCheckItem", Condition=OURS)
    check = {
        "ConditionCheck": {
            "TableName": "ledger",
            "Key": key("ours", "none"),
            "ConditionExpression": "attribute_not_exists(#r)",
            "ExpressionAttributeNames": {"#r": "record"},
        }
    }
    delete = {"Delete": {"TableName": "ledger", "Key": key("ours", "lease")}}
    ours.transact_write_items(TransactItems=[check, put("ours")])
    denied(lambda: ours.transact_write_items(TransactItems=[put("ours"), put("theirs")]))
    assert "dynamodb:DeleteItem" in denied(lambda: ours.transact_write_items(TransactItems=[check, delete]))
    assert emulator.client("dynamodb").get_item(TableName="ledger", Key=key("ours", "lease"))["Item"]


def test_a_transaction_may_be_demanded(emulator: Emulator) -> None:
    enclosed = {"StringEquals": {"dynamodb:EnclosingOperation": "TransactWriteItems"}}
    ours = client(emulator, "PutItem", Condition=enclosed)
    ours.transact_write_items(TransactItems=[put("ours")])
    denied(lambda: ours.put_item(TableName="ledger", Item=key("ours")))
