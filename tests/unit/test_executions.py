"""What the commands that run workflows show, and how they end."""

from typing import Any

import pytest

from tools.executions import Ended, summary
from tools.progress import clock

ARN = "arn:aws:states:eu-west-1:111122223333:execution:acme-dev-credit-approval-train:1"


@pytest.mark.parametrize(("seconds", "shown"), [(0.4, "0:00"), (75, "1:15"), (3723, "62:03")])
def test_time_is_shown_in_minutes_and_seconds(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


@pytest.mark.parametrize(
    ("ended", "lines"),
    [
        (
            Ended(ARN, "SUCCEEDED", {"ModelPackageArn": "arn:…/1", "Metrics": {"roc_auc": 0.8}}),
            ["ModelPackageArn: arn:…/1"],
        ),
        (Ended(ARN, "SUCCEEDED", {}), ["done"]),
        (
            Ended(ARN, "FAILED", {}, "InvalidInput", "Admit: x\n(what to do: y)"),
            ["failed: InvalidInput", "Admit: x", "(what to do: y)"],
        ),
        (Ended(ARN, "ABORTED", {}), ["aborted: no error name"]),
    ],
)
def test_the_end_is_summed_up_in_facts_or_in_error_and_cause(ended: Any, lines: list[str]) -> None:
    assert summary(ended) == lines
