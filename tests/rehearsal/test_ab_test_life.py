"""A sample with A/B tests: taken back, rolled back, deployed in the middle, promoted."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sample_account import TESTED, needs_samples, sample_account

from mlplatform.serving.parts import outcome_metrics, served
from rehearsal import releases
from rehearsal.ab_tests import ab_tests, started_test
from rehearsal.api import REHEARSAL, Principal
from rehearsal.coverage import unneeded
from rehearsal.driver import Rehearsal
from rehearsal.moments import until
from rehearsal.serving import unrest, weights_of
from rehearsal.step import Step
from rehearsal.versions import another

pytestmark = [needs_samples, pytest.mark.thorough]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rehearsal, list[Step]]]:
    """A model that serves and whose versions were tested in every way."""
    folder = tmp_path_factory.mktemp("tested")
    manual = {"release": {"start": "manual"}}
    with sample_account(folder, "credit-approval", serving=TESTED, **manual) as account:
        product = account.product("credit-approval")
        account.upload(product)
        version = str(account.run(product.name, "train").output["ModelPackageArn"])
        steps = [*releases.first_release(account, product, version, print)]
        account.approve(another(account, version, releases.QUICKER))
        steps += ab_tests(account, product, print)
        yield account, steps


def test_every_test_ends_as_it_should_and_what_was_promoted_serves_alone(
    lived: tuple[Rehearsal, list[Step]],
) -> None:
    account, steps = lived
    assert [(step.workflow, step.outcome) for step in steps] == [
        ("release", "released"),
        ("ab-test", "reverted"),
        ("ab-test", "rejected"),
        ("rollback", "stopped"),
        ("ab-test", "stopped"),
        ("ab-test", "released"),
    ]
    promoted = str(steps[-1].ended.output["ModelPackageArn"])
    assert unrest(account, account.product("credit-approval"), promoted) == []


def test_the_record_of_a_test_has_its_plan_its_steps_and_what_was_decided(
    lived: tuple[Rehearsal, list[Step]],
) -> None:
    account, steps = lived
    ledger = account.emulator.client("dynamodb", REHEARSAL)
    key = {
        "endpoint": {"S": account.settings.names.endpoint("credit-approval")},
        "record": {"S": f"release#{steps[-1].ended.output['ReleaseId']}"},
    }
    record: dict[str, Any] = ledger.get_item(
        TableName=account.settings.names.name("release-ledger"), Key=key
    )["Item"]
    shares = [float(one["M"]["share"]["N"]) for one in record["strata"]["L"]]
    assert shares == [20, 50, 100]
    assert [one["M"]["outcome"]["S"] for one in record["decisions"]["L"]] == ["continue", "promote"]
    metrics = [check["M"]["metric"]["S"] for check in record["decisions"]["L"][-1]["M"]["checks"]["L"]]
    assert "repaid" in metrics


def test_its_report_draws_the_share_of_the_requests_as_planned_and_as_it_was(
    lived: tuple[Rehearsal, list[Step]],
) -> None:
    account, steps = lived
    bucket, _, key = str(steps[-1].ended.output["Report"]).removeprefix("s3://").partition("/")
    page = account.emulator.client("s3", REHEARSAL).get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    _, chart = page.split("Challenger&#x27;s share of the requests")
    begins = re.findall(r'class="line (planned|challenger)" d="M[0-9.]+ ([0-9.]+)', chart)[:2]
    assert [name for name, _ in begins] == ["planned", "challenger"]
    planned, had = (float(height) for _, height in begins)
    assert had == pytest.approx(planned, abs=3)


def test_the_roles_may_do_what_a_test_needs_and_a_consumer_says_what_became_of_its_answers(
    lived: tuple[Rehearsal, list[Step]],
) -> None:
    account, _ = lived
    product = account.product("credit-approval")
    namespace = outcome_metrics(served(product, account.settings))
    role = account.settings.names.role_arn("consumer", f"{product.name}-consumer")
    consumer = account.emulator.client("cloudwatch", Principal(role, "shop"))
    datum = {"MetricName": "repaid", "Dimensions": [{"Name": "Variant", "Value": "production"}], "Value": 1}
    consumer.put_metric_data(Namespace=namespace, MetricData=[datum])
    assert [str(call) for call in account.emulator.trace if not call.allowed] == []
    left = [str(statement) for statement in unneeded(account.emulator)]
    for needed in ("ShiftRequests", "ReleaseScaling", "PutOutcomes", "TrackMetric"):
        assert not [one for one in left if needed in one]


def test_production_keeps_its_instances_while_a_challenger_answers(
    lived: tuple[Rehearsal, list[Step]],
) -> None:
    account, steps = lived
    product = account.product("credit-approval")
    version = another(account, str(steps[-1].ended.output["ModelPackageArn"]), releases.QUICKER)
    account.approve(version)
    name = account.settings.names.endpoint(product.name)
    endpoint = account.sagemaker.endpoints.found[name]
    with account.emulator.clock.seat():
        test = started_test(account, product, version)
        until(account, lambda: weights_of(account, product).get("challenger") == 100)
        assert endpoint.blue is not None
        counts = {one.name: one.count for one in endpoint.blue.production}
        assert counts["production"] >= counts["challenger"] >= 2
        rollback = account.start(product.name, "rollback", persona="ml-engineer")
    assert account.follow(rollback).output["Outcome"] == "stopped"
    assert account.follow(test).status == "ABORTED"


def test_the_report_of_a_test_has_its_ramp_and_what_every_metric_showed(
    lived: tuple[Rehearsal, list[Step]],
) -> None:
    account, steps = lived
    bucket, _, key = str(steps[-1].ended.output["Report"]).removeprefix("s3://").partition("/")
    stored = account.emulator.client("s3", REHEARSAL).get_object(Bucket=bucket, Key=key)
    page = stored["Body"].read().decode()
    assert key.endswith("/report.html")
    assert stored["ContentType"] == "text/html"
    assert page.count("<figure>") >= 5
    assert page.count("All steps") >= 3
    assert "✓ Passed" in page
