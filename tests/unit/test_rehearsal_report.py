"""What a rehearsal says at the end, and which model a fault befalls."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from landscapes import ROOT
from moved_sample import AMERICA, WITHOUT_BEDROCK, moved_sample, needs_sample

from rehearsal.api import ApiError
from rehearsal.coverage import Statement
from rehearsal.faulty import victim
from rehearsal.report import Report, summary
from rehearsal.running_costs import Running
from rehearsal.scenarios import SCENARIOS
from rehearsal.step import Step
from tools.executions import Ended

SINCE = datetime(2026, 1, 5, 8, tzinfo=UTC)
ENDPOINT = Running("endpoint", "acme-dev-m", SINCE, "its instances by the second")
HOURLY = Running("Provisioned Throughput", "acme-dev-m-1", SINCE, "1 model units by the hour")
ARN = "arn:aws:bedrock:us-east-1:111122223333:"


def step(status: str = "SUCCEEDED", **output: Any) -> Step:
    return Step(
        "m", "customize-bedrock", 1.25, Ended("arn", status, output, "BedrockQuotaExceeded", "Serve: no")
    )


@pytest.mark.parametrize(
    ("output", "result"),
    [
        ({"Serving": "on_demand"}, "answers on demand"),
        ({"Serving": "provisioned"}, "answers by Provisioned Throughput"),
        ({"Serving": "imported"}, "answers as an imported model"),
        (
            {
                "Removed": [f"deployment {ARN}1", f"deployment {ARN}2"],
                "Committed": [f"The Provisioned Throughput {ARN}3 is committed"],
                "Models": [f"custom model {ARN}4, which is in use"],
            },
            "removed deployment ×2, committed Provisioned Throughput, kept custom model",
        ),
        ({"Removed": [], "Committed": [], "Models": []}, "nothing there"),
    ],
)
def test_what_became_of_a_model_in_bedrock_is_told_in_words(output: dict[str, Any], result: str) -> None:
    assert step(**output).result == result


def test_what_serves_on_is_told_and_what_should_have_ended_is_no_success() -> None:
    serves = Report("dev", 10, frozenset({"one"}), billed=[ENDPOINT])
    left = Report("dev in us-east-1", 5, frozenset({"one", "two"}), billed=[HOURLY])
    assert (serves.good, left.good) == (True, False)
    lines = list(summary([], [serves, left]))
    assert lines[1] == "\n15 calls of 2 roles judged by their deployed policies, 0 denied"
    assert lines[2] == f"dev: serves on: {ENDPOINT}"
    assert lines[3] == f"dev in us-east-1: still billed: {HOURLY}"


def test_a_denied_call_and_a_permission_nobody_needs_are_no_success() -> None:
    idle = Statement("arn:aws:iam::1:role/job/m", "policy", "Sid", ("s3:GetObject",))
    denied, unneeded = Report("dev", denied=["s3:GetObject"]), Report("dev", idle=[idle])
    assert (denied.good, unneeded.good, Report("dev").good) == (False, False, True)
    told = list(summary([], [denied, unneeded]))
    assert told[2] == "denied: s3:GetObject"
    assert told[4] == "never needed: job/m: Sid (s3:GetObject)"


def test_a_step_that_failed_is_told_with_its_cause() -> None:
    told = list(summary([step("FAILED")], []))
    assert "1.2  FAILED: BedrockQuotaExceeded" in told[0]
    assert told[1] == "\nm customize-bedrock did not end as promised:\nServe: no"


@needs_sample
def test_a_fault_befalls_the_first_model_that_has_what_it_needs(tmp_path: Path) -> None:
    settings = moved_sample(tmp_path, **WITHOUT_BEDROCK)
    for fault in ("budget_spent", "throughput_quota"):
        assert victim(SCENARIOS[fault], settings, settings.products).name == "support-assistant"
    with pytest.raises(ApiError, match="a model with the workflow train, and support-assistant has none"):
        victim(SCENARIOS["failing_job"], settings, settings.products)


@needs_sample
def test_a_fault_of_bedrock_befalls_a_model_wherever_bedrock_has_it(tmp_path: Path) -> None:
    settings = moved_sample(tmp_path, **AMERICA)
    assert victim(SCENARIOS["throughput_quota"], settings, settings.products).name == "support-assistant"


def test_every_fault_is_told_of_in_the_documentation() -> None:
    text = (ROOT / "docs" / "rehearsal.md").read_text(encoding="utf-8")
    assert [name for name in SCENARIOS if f"\n| `{name}` | " not in text] == []
