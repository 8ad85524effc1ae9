"""The gate, against an S3 and a registry that answer: it passes only on what it can evaluate."""

import json
import math
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from hypothesis import given, settings
from hypothesis import strategies as st

from quality_gate import handler as module
from quality_gate.handler import handle
from quality_gate.logic import PackageGroupMissing, judge, lower_is_better, verdict

BUCKET, GROUP = "acme-dev-artifacts", "acme-dev-credit-approval"
LEDGER, ENDPOINT = "acme-dev-release-ledger", "acme-dev-credit-approval"
EVALUATION = f"s3://{BUCKET}/models/credit-approval/run/evaluation/evaluation.json"
REPORT = f"s3://{BUCKET}/models/credit-approval/run/gate.json"
GOOD = {
    "metrics": {"roc_auc": 0.87, "cost_of_errors": 1400, "rmse": 2.0, "validation:auc": 0.9},
    "training_metrics": {"roc_auc": 0.92, "rmse": 1.5},
    "confusion_matrix": {"labels": ["no", "yes"], "counts": [[90, 5], [7, 40]]},
    "groups": {"age_group": {"under_30": {"selection_rate": 0.4}, "over_30": {"selection_rate": 0.5}}},
}


@pytest.fixture
def account(aws: None) -> dict[str, Any]:
    """Clients of an account with a bucket, an empty package group and an empty ledger."""
    s3 = boto3.client("s3", region_name="eu-west-1")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    sagemaker = boto3.client("sagemaker", region_name="eu-west-1")
    sagemaker.create_model_package_group(ModelPackageGroupName=GROUP)
    dynamodb = boto3.client("dynamodb", region_name="eu-west-1")
    keys = {"endpoint": "HASH", "record": "RANGE"}
    dynamodb.create_table(
        TableName=LEDGER,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
        BillingMode="PAY_PER_REQUEST",
    )
    return {"s3": s3, "sagemaker": sagemaker, "dynamodb": dynamodb}


def put(account: dict[str, Any], content: Any, uri: str = EVALUATION) -> None:
    """Write an evaluation."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    account["s3"].put_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"), Body=body)


def event(**gate: Any) -> dict[str, Any]:
    """What the workflow sends."""
    return {"Evaluation": EVALUATION, "Gate": gate, "PackageGroup": GROUP, "Report": REPORT}


def approve(account: dict[str, Any], metrics: Any = None, name: str = "live") -> str:
    """Register a version and approve it; its ARN."""
    uri = f"s3://{BUCKET}/models/credit-approval/{name}/evaluation/evaluation.json"
    quality = {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": uri}}}
    if metrics is not None:
        put(account, {"metrics": metrics} if isinstance(metrics, dict) else metrics, uri)
    made = account["sagemaker"].create_model_package(
        ModelPackageGroupName=GROUP,
        ModelApprovalStatus="Approved",
        ModelMetrics={} if metrics is None else quality,
    )
    return str(made["ModelPackageArn"])


def outcomes(decided: dict[str, Any]) -> dict[str, str]:
    """Outcome by check."""
    return {check["Check"]: check["Outcome"] for check in decided["Checks"]}


EVERY = {
    "AtLeast": {"roc_auc": 0.8, "validation:auc": 0.9, "confusion_matrix.counts.1.1": 40},
    "AtMost": {"cost_of_errors": 1400},
    "NotWorseThanLiveBy": {"roc_auc": 0.01},
    "MaxTrainTestGap": {"roc_auc": 0.05},
    "Fairness": {"Attribute": "age_group", "Metric": "selection_rate", "MinimumRatio": 0.8},
}


def test_an_evaluation_that_meets_every_limit_passes_and_the_decision_is_kept(
    account: dict[str, Any],
) -> None:
    put(account, GOOD)
    decided = handle(event(**EVERY), **account)
    assert set(outcomes(decided).values()) == {"pass"}
    assert decided["Passed"] is True
    assert decided["Summary"] == "passed 7 checks"
    assert decided["Metrics"] == GOOD["metrics"]
    assert decided["Live"] is None
    key = REPORT.removeprefix(f"s3://{BUCKET}/")
    assert json.loads(account["s3"].get_object(Bucket=BUCKET, Key=key)["Body"].read()) == decided
    first = decided["Checks"][0]
    assert (first["Check"], first["Value"], first["Limit"]) == ("at_least roc_auc", 0.87, 0.8)


@pytest.mark.parametrize(
    ("gate", "check", "reason"),
    [
        ({"AtLeast": {"roc_auc": 0.9}}, "at_least roc_auc", "0.87 < 0.9"),
        ({"AtMost": {"cost_of_errors": 1399}}, "at_most cost_of_errors", "1400 > 1399"),
        (
            {"MaxTrainTestGap": {"roc_auc": 0.04}},
            "max_train_test_gap roc_auc",
            "0.05 > 0.04 (between training and test)",
        ),
        (
            {"Fairness": EVERY["Fairness"] | {"MinimumRatio": 0.9}},
            "fairness age_group selection_rate",
            "0.8 < 0.9 (under_30: 0.4, over_30: 0.5)",
        ),
    ],
)
def test_a_missed_limit_fails_and_the_summary_says_by_how_much(
    account: dict[str, Any], gate: dict[str, Any], check: str, reason: str
) -> None:
    put(account, GOOD)
    decided = handle(event(**gate), **account)
    assert decided["Passed"] is False
    assert outcomes(decided) == {check: "fail"}
    assert decided["Summary"] == f"failed 1 of 1 checks: {check}: fail, {reason}"


def test_the_newest_approved_version_is_what_is_live(account: dict[str, Any]) -> None:
    put(account, GOOD)
    approve(account, {"roc_auc": 0.99}, "older")
    live = approve(account, {"roc_auc": 0.88}, "newer")
    account["sagemaker"].create_model_package(
        ModelPackageGroupName=GROUP, ModelApprovalStatus="PendingManualApproval"
    )
    decided = handle(event(NotWorseThanLiveBy={"roc_auc": 0.01}), **account)
    assert decided["Live"] == live
    assert decided["Passed"] is True
    assert handle(event(NotWorseThanLiveBy={"roc_auc": 0.005}), **account)["Passed"] is False


def serves(account: dict[str, Any], version: str, endpoint: str = ENDPOINT) -> None:
    """Record that a version serves, as its release does."""
    item = {"endpoint": {"S": endpoint}, "record": {"S": "live"}, "package": {"S": version}}
    account["dynamodb"].put_item(TableName=LEDGER, Item=item)


SERVED = {"Endpoint": ENDPOINT, "Ledger": LEDGER}
"""What the workflow of a model with an endpoint sends as well."""


def test_what_serves_is_what_is_live_whatever_was_approved_after_it(account: dict[str, Any]) -> None:
    put(account, GOOD)
    live = approve(account, {"roc_auc": 0.88}, "older")
    approve(account, {"roc_auc": 0.99}, "newer")
    serves(account, live)
    decided = handle({**event(NotWorseThanLiveBy={"roc_auc": 0.01}), **SERVED}, **account)
    assert decided["Live"] == live
    assert decided["Passed"] is True


def test_before_anything_serves_the_newest_approved_version_is_compared_with(account: dict[str, Any]) -> None:
    put(account, GOOD)
    newest = approve(account, {"roc_auc": 0.88})
    serves(account, "arn:of:another:model", endpoint="acme-dev-fraud-detector")
    assert handle({**event(NotWorseThanLiveBy={"roc_auc": 0.01}), **SERVED}, **account)["Live"] == newest


def test_a_ledger_that_cannot_be_read_is_no_reason_to_compare_with_something_else(
    account: dict[str, Any],
) -> None:
    put(account, GOOD)
    approve(account, {"roc_auc": 0.5})
    with pytest.raises(account["dynamodb"].exceptions.ResourceNotFoundException):
        handle({**event(), "Endpoint": ENDPOINT, "Ledger": "absent"}, **account)


def test_nothing_live_passes_and_says_so_but_only_with_a_number(account: dict[str, Any]) -> None:
    put(account, GOOD)
    decided = handle(event(NotWorseThanLiveBy={"roc_auc": 0.01}), **account)
    assert decided["Checks"][0]["Reason"].startswith("no version is approved yet")
    assert handle(event(NotWorseThanLiveBy={"f1": 0.01}), **account)["Passed"] is False


@pytest.mark.parametrize(
    "metrics", [None, b"not json", {"f1": 0.5}, {"roc_auc": "high"}], ids=["none", "broken", "other", "text"]
)
def test_a_live_version_that_cannot_be_compared_with_fails(account: dict[str, Any], metrics: Any) -> None:
    put(account, GOOD)
    approve(account, metrics)
    decided = handle(event(NotWorseThanLiveBy={"roc_auc": 0.01}), **account)
    assert outcomes(decided) == {"not_worse_than_live_by roc_auc": "not evaluable"}
    assert decided["Passed"] is False


def test_less_error_is_better(account: dict[str, Any]) -> None:
    put(account, GOOD)
    approve(account, {"rmse": 1.9, "cost_of_errors": 1000})
    assert handle(event(NotWorseThanLiveBy={"rmse": 0.1}), **account)["Passed"] is True
    assert handle(event(NotWorseThanLiveBy={"rmse": 0.05}), **account)["Passed"] is False
    assert handle(event(NotWorseThanLiveBy={"cost_of_errors": 10}), **account)["Passed"] is True
    costs = handle(
        event(NotWorseThanLiveBy={"cost_of_errors": 10}, AtMost={"cost_of_errors": 9999}), **account
    )
    assert costs["Passed"] is False
    lower = ("metrics.RMSE", "error_rate", "log_loss")
    assert [lower_is_better(key, {}) for key in (*lower, "roc_auc")] == [True] * 3 + [False]


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), "0.9", None, True, [0.9], {}, 10**400], ids=lambda v: str(v)[:9]
)
def test_what_is_no_finite_number_is_not_evaluable_and_fails(account: dict[str, Any], value: Any) -> None:
    put(account, {"metrics": {"roc_auc": value, "f1": 0.5}})
    decided = handle(event(AtLeast={"roc_auc": 0.0}), **account)
    assert outcomes(decided) == {"at_least roc_auc": "not evaluable"}
    assert decided["Passed"] is False
    assert decided["Metrics"] == {"f1": 0.5}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "evaluation.json is not JSON"),
        (b'{"metrics": {', "evaluation.json is not JSON"),
        (b"\xff\xfe", "evaluation.json is not JSON"),
        (b"[" * 100_000, "evaluation.json is not JSON"),
        (b"[]", 'evaluation.json has no object "metrics"'),
        (b'{"metrics": [1]}', 'evaluation.json has no object "metrics"'),
        (b'{"roc_auc": 0.99}', 'evaluation.json has no object "metrics"'),
    ],
)
def test_a_misshapen_evaluation_does_not_pass_even_an_empty_gate(
    account: dict[str, Any], content: bytes, reason: str
) -> None:
    put(account, content)
    decided = handle(event(), **account)
    assert decided["Passed"] is False
    assert decided["Checks"][0]["Reason"].startswith(reason)


def test_an_absent_evaluation_does_not_pass_and_names_the_file(account: dict[str, Any]) -> None:
    decided = handle(event(AtLeast={"roc_auc": 0}), **account)
    assert decided["Passed"] is False
    assert f"{EVALUATION} cannot be read (NoSuchKey)" in decided["Summary"]


def test_an_evaluation_that_is_too_large_is_not_read(
    account: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    put(account, GOOD)
    assert "bytes, allowed: 10" in handle(event(), **account)["Summary"]


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        (None, "no two groups of age_group"),
        ({"age_group": {"a": {"selection_rate": 1}}}, "no two groups of age_group"),
        ({"age_group": {"a": {"selection_rate": 1}, "b": {}}}, "group b of age_group has no selection_rate"),
        ({"age_group": {"a": {"selection_rate": 1}, "b": {"selection_rate": float("nan")}}}, "not a finite"),
        ({"age_group": {"a": {"selection_rate": 0}, "b": {"selection_rate": 0}}}, "no ratio between"),
        ({"age_group": {"a": {"selection_rate": -1}, "b": {"selection_rate": 1}}}, "no ratio between"),
    ],
)
def test_fairness_needs_a_number_for_every_group(account: dict[str, Any], groups: Any, reason: str) -> None:
    put(account, GOOD | {"groups": groups})
    decided = handle(event(Fairness=EVERY["Fairness"]), **account)
    assert list(outcomes(decided).values()) == ["not evaluable"]
    assert reason in decided["Summary"]


def test_the_gap_needs_training_metrics(account: dict[str, Any]) -> None:
    put(account, {"metrics": GOOD["metrics"]})
    decided = handle(event(MaxTrainTestGap={"roc_auc": 1.0}), **account)
    assert decided["Summary"].endswith("not evaluable, evaluation.json has no roc_auc in training_metrics")


def test_a_check_that_nobody_knows_does_not_pass(account: dict[str, Any]) -> None:
    put(account, GOOD)
    assert outcomes(handle(event(AtLest={"roc_auc": 0.1}), **account)) == {"AtLest": "not evaluable"}


def test_empty_sections_check_nothing(account: dict[str, Any]) -> None:
    put(account, GOOD)
    gate = {"AtLeast": {}, "AtMost": {}, "NotWorseThanLiveBy": {}, "MaxTrainTestGap": {}, "Fairness": None}
    decided = handle(event(**gate), **account)
    assert (decided["Passed"], decided["Checks"]) == (True, [])


def stubbed(service: str) -> tuple[Any, Stubber]:
    """A client whose answers are given, for refusals that an emulator does not make."""
    client = boto3.client(
        service, region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    return client, Stubber(client)


def test_a_package_group_that_does_not_exist_is_an_error_that_names_it(account: dict[str, Any]) -> None:
    sagemaker, stubber = stubbed("sagemaker")
    with stubber:
        stubber.add_client_error(
            "list_model_packages", "ValidationException", "ModelPackageGroup x does not exist."
        )
        with pytest.raises(PackageGroupMissing, match=f"{GROUP}: .* deploy the model's stack first"):
            handle(event(), **{**account, "sagemaker": sagemaker})


def test_what_may_pass_is_left_to_the_state_machine_to_try_again(account: dict[str, Any]) -> None:
    s3, stubber = stubbed("s3")
    with stubber:
        stubber.add_client_error("get_object", "SlowDown", "later", 503)
        with pytest.raises(ClientError, match="SlowDown"):
            handle(event(), **{**account, "s3": s3})


def test_an_evaluation_that_may_not_be_read_does_not_pass(account: dict[str, Any]) -> None:
    s3, stubber = stubbed("s3")
    with stubber:
        stubber.add_client_error("get_object", "AccessDenied", "no", 403)
        stubber.add_response("put_object", {})
        decided = handle(event(), **{**account, "s3": s3})
    assert decided["Passed"] is False
    assert "AccessDenied" in decided["Summary"]


junk = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=5),
    st.just(float("nan")),
    st.just(float("inf")),
    st.just(-float("inf")),
    st.just(10**400),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
sections = ["AtLeast", "AtMost", "NotWorseThanLiveBy", "MaxTrainTestGap"]


@settings(deadline=None)
@given(
    st.sampled_from(sections),
    st.sampled_from(["metrics", "training_metrics"]),
    junk | st.just("absent"),
    st.floats(-1e6, 1e6),
    st.none() | st.just({"metrics": {"m": 0.5}}),
)
def test_no_limit_lets_pass_what_is_missing_or_no_number(
    section: str, where: str, value: Any, limit: float, live: Any
) -> None:
    evaluation: dict[str, Any] = {"metrics": {"m": 0.5}, "training_metrics": {"m": 0.5}}
    if value == "absent":
        del evaluation[where]["m"]
    else:
        evaluation[where]["m"] = value
    checks = judge(evaluation, {section: {"m": limit}}, live)
    affected = where == "metrics" or section == "MaxTrainTestGap"
    assert (checks[0].outcome == "not evaluable") is affected
    if affected:
        assert verdict(checks, {}, None)["Passed"] is False


@settings(deadline=None)
@given(st.sampled_from(sections), junk, st.floats(-1e6, 1e6))
def test_no_metric_passes_a_limit_that_is_no_number(section: str, limit: Any, value: float) -> None:
    evaluation = {"metrics": {"m": value}, "training_metrics": {"m": value}}
    checks = judge(evaluation, {section: {"m": limit}}, None)
    assert [check.outcome for check in checks] == ["not evaluable"]


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_limits_hold_at_their_very_value_and_not_beyond(value: float, limit: float) -> None:
    evaluation = {"metrics": {"m": value}}
    least, most = judge(evaluation, {"AtLeast": {"m": limit}, "AtMost": {"m": limit}}, None)
    assert (least.outcome == "pass") is (value >= limit)
    assert (most.outcome == "pass") is (value <= limit)


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_the_train_test_gap_counts_in_both_directions(train: float, test: float, limit: float) -> None:
    gate = {"MaxTrainTestGap": {"m": limit}}
    one, other = (
        judge({"metrics": {"m": a}, "training_metrics": {"m": b}}, gate, None)[0]
        for a, b in ((train, test), (test, train))
    )
    assert one.outcome == other.outcome
    if not math.isclose(abs(train - test), limit, rel_tol=1e-6, abs_tol=1e-6):
        assert (one.outcome == "pass") is (abs(train - test) <= limit)
