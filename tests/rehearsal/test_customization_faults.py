"""`make rehearse FAULT=` for models that are customized: each ends with a clear cause, and costs no more."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from moved_sample import MODEL, WITHOUT_BEDROCK, moved_sample, needs_sample
from sample_account import sample_account

from mlplatform.workflows import bedrock
from rehearsal.customization_scenarios import CUSTOMIZATION_SCENARIOS
from rehearsal.driver import Rehearsal
from rehearsal.faulty import suffered
from rehearsal.running_costs import running_costs

HERE = [name for name, one in CUSTOMIZATION_SCENARIOS.items() if one.workflow != bedrock.CUSTOMIZE]
ELSEWHERE = [name for name in CUSTOMIZATION_SCENARIOS if name not in HERE]

CAUSES = {
    "budget_spent": "500 of 500 (monthly_budget_usd) are taken",
    "hub_import_failure": "InternalServerError: the import failed",
    "failing_customization": "the training process was killed, exit code: 137",
    "throttled_customization": "SUCCEEDED: arn:",
    "evaluation_hang": "was stopped after 240 minutes (evaluate.max_runtime_minutes)",
    "worse_than_base": "better_than_base_by scorer:reward: fail",
    "throughput_quota": "quota of model units of Provisioned Throughput without commitment: 0",
}
"""What each is told to people with."""

pytestmark = [pytest.mark.thorough, needs_sample]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A small environment with the sample in it, deployed."""
    with sample_account(tmp_path_factory.mktemp("faults"), MODEL, serving=False) as rehearsal:
        yield rehearsal


@pytest.fixture
def month(account: Rehearsal) -> None:
    """A month in which nothing was spent yet."""
    s3, bucket = account.emulator.client("s3"), account.settings.names.bucket("artifacts")
    for item in s3.list_objects_v2(Bucket=bucket, Prefix=f"customization/{MODEL}/spend/").get("Contents", []):
        s3.delete_object(Bucket=bucket, Key=item["Key"])


@pytest.mark.parametrize("fault", HERE)
def test_with_a_fault_the_workflow_ends_as_promised(fault: str, account: Rehearsal, month: None) -> None:
    product = account.product(MODEL)
    account.upload(product)
    outcome = CUSTOMIZATION_SCENARIOS[fault].rehearse(account, product)
    assert outcome.as_promised, outcome.seen
    assert CAUSES[fault] in outcome.seen
    assert running_costs(account.emulator, account.bedrock) == []
    assert [str(call) for call in account.emulator.trace if not call.allowed] == []


def test_every_fault_here_was_told_with_its_cause() -> None:
    assert CAUSES.keys() == CUSTOMIZATION_SCENARIOS.keys()


@pytest.mark.parametrize("fault", ELSEWHERE)
def test_a_fault_of_bedrock_befalls_the_account_that_has_it(fault: str, tmp_path: Path) -> None:
    settings = moved_sample(tmp_path, **WITHOUT_BEDROCK)
    shown: list[str] = []
    source = tmp_path / "environments" / "dev.yaml"
    scenario = CUSTOMIZATION_SCENARIOS[fault]
    outcome = suffered(scenario, settings, settings.products, tmp_path / "cdk.out", source, shown.append)
    assert outcome.as_promised, outcome.seen
    assert CAUSES[fault] in outcome.seen
    assert "us-east-1" in shown[0]
