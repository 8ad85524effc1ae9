"""The budget in Amazon Bedrock: what has no room is refused, and what may pass is tried again later."""

import io
import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from bedrock_customization import budget, handler
from bedrock_customization.api import Api
from bedrock_customization.errors import BedrockRefused, CustomizationBudgetSpent
from bedrock_customization.services import Services
from customization_spend import ATTEMPTS
from service_faults import ServiceFault

SPEND = "s3://b/customization/m/spend/2026-11.json"
OBJECT = {"Bucket": "b", "Key": "customization/m/spend/2026-11.json"}
TAKEN = {"others": {"Usd": 70, "Technique": "sft", "Execution": "e", "State": "spent"}}
RESERVED = {"Usd": 40, "Technique": "bedrock", "Execution": "arn:execution", "State": "reserved"}


def client(service: str) -> Any:
    sdk: Any = boto3
    return sdk.client(service, region_name="us-east-1")


class Account:
    """One object in S3, as a client is told of it, and what it was told to write."""

    def __init__(self) -> None:
        self.s3 = client("s3")
        self.stub = Stubber(self.s3)
        self.stub.activate()
        self.written: list[dict[str, Any]] = []
        self.s3.meta.events.register("provide-client-params.s3.PutObject", self._noted)

    def _noted(self, params: dict[str, Any], **_: Any) -> None:
        condition = {key: value for key, value in params.items() if key.startswith("If")}
        self.written.append({**json.loads(params["Body"]), **condition})

    def holds(self, runs: dict[str, Any] | None) -> None:
        """The next look finds these runs, or no object."""
        if runs is None:
            self.stub.add_client_error("get_object", "AccessDenied", http_status_code=403)
            return
        body = json.dumps({"Runs": runs}).encode()
        found = {"Body": StreamingBody(io.BytesIO(body), len(body)), "ETag": '"1"'}
        self.stub.add_response("get_object", found, OBJECT)

    @property
    def services(self) -> Services:
        nothing: Any = None
        return Services(nothing, nothing, self.s3)


def event(most: int = 100) -> dict[str, Any]:
    spend = {"Spend": SPEND.rpartition("/")[0], "SpendUsd": 40, "MonthlyBudgetUsd": most}
    execution = {"Id": "arn:execution", "StartTime": "2026-11-30T23:59:59.123Z"}
    return {"Bedrock": spend, "Run": {"RunId": "one"}, "Execution": execution}


def test_the_first_estimate_of_a_month_is_written_only_if_nobody_was_faster() -> None:
    account = Account()
    account.holds(None)
    account.stub.add_response("put_object", {})
    budget.reserve(event(), account.services)
    assert account.written == [{"Runs": {"one": RESERVED}, "IfNoneMatch": "*"}]


def test_what_has_no_room_is_refused_with_the_sums_and_nothing_is_written() -> None:
    account = Account()
    account.holds(TAKEN)
    with pytest.raises(CustomizationBudgetSpent) as refused:
        budget.reserve(event(), account.services)
    assert str(refused.value) == (
        "a customization in Amazon Bedrock may cost 40 US dollars (spend_usd), but 70 of 100 "
        f"(monthly_budget_usd) are taken; see {SPEND}"
    )
    assert account.written == []


@pytest.mark.parametrize(
    ("started", "entry"),
    [
        (True, {**RESERVED, "State": "spent"}),
        (False, {**RESERVED, "State": "given back", "Usd": 0}),
    ],
)
def test_an_estimate_stays_counted_once_a_job_was_started(started: bool, entry: dict[str, Any]) -> None:
    account = Account()
    account.holds({**TAKEN, "one": RESERVED})
    account.stub.add_response("put_object", {})
    budget.settle(event(), account.services, started=started)
    assert account.written == [{"Runs": {**TAKEN, "one": entry}, "IfMatch": '"1"'}]


def test_a_month_that_others_never_stop_writing_is_tried_again_later() -> None:
    account = Account()
    for _ in range(ATTEMPTS):
        account.holds({})
        account.stub.add_client_error("put_object", "PreconditionFailed", http_status_code=412)
    with pytest.raises(ServiceFault, match=f"{SPEND} was written by others 8 times in a row"):
        budget.reserve(event(), account.services)
    assert len(account.written) == ATTEMPTS


@pytest.mark.parametrize(
    ("code", "status", "raised"),
    [
        ("InternalServerException", 500, ServiceFault),
        ("InternalFailure", 500, ServiceFault),
        ("ServiceUnavailableException", 503, ServiceFault),
        ("ThrottlingException", 429, ServiceFault),
        ("TooManyRequestsException", 429, ServiceFault),
        ("ValidationException", 400, BedrockRefused),
        ("AccessDeniedException", 403, BedrockRefused),
    ],
)
def test_only_what_may_pass_is_to_be_tried_again(code: str, status: int, raised: type[Exception]) -> None:
    bedrock = client("bedrock")
    with Stubber(bedrock) as stub:
        stub.add_client_error("get_custom_model", code, "no", http_status_code=status)
        with pytest.raises(raised, match=f"{code}: no"):
            Api(bedrock).call("get_custom_model", modelIdentifier="m")


@pytest.mark.parametrize(
    ("code", "status", "raised"),
    [("SlowDown", 503, ServiceFault), ("NoSuchBucket", 404, ClientError)],
)
def test_a_bucket_that_is_too_busy_is_asked_again(
    code: str, status: int, raised: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account()
    account.holds({})
    account.stub.add_client_error("put_object", code, http_status_code=status)
    monkeypatch.setattr(handler, "_services", lambda: account.services)
    monkeypatch.setitem(handler.ACTIONS, "begin", budget.reserve)
    with pytest.raises(raised, match=code):
        handler.handler({"Action": "begin", **event()}, None)
