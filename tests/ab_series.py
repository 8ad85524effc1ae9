"""Steps of an A/B test in which every minute is like the others, as CloudWatch answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

from release.ab_plan import plan
from release.ab_strata import Stratum

AB: dict[str, Any] = {
    "Steps": [10, 25, 50, 100],
    "StepMinutes": 60,
    "MinimumInvocations": 500,
    "ConfidencePercent": 95,
    "PowerPercent": 80,
    "Limits": {
        "ErrorRateIncreasePercentagePoints": 0.5,
        "P50LatencyIncreasePercent": 20,
        "P99LatencyIncreasePercent": 20,
    },
    "Metrics": [{"Name": "conversion", "Direction": "higher", "NoWorseByPoints": 2}],
    "MaximumDays": 14,
}
"""The settings of a test, as a workflow has them."""

PLAN = plan(AB)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(minutes: float) -> str:
    """So many minutes after the first step began."""
    return (START + timedelta(minutes=minutes)).isoformat()


def level(step: int, share: float, *, length: int = 60, requests: float = 12_000, **own: float) -> Stratum:
    """A step after ``step`` others; ``own`` are values by the query's id, as parts of the requests if they
    count something."""
    parts = {"production": 1 - share / 100, "challenger": share / 100}
    counted = {"server_errors": 0.001, "model_errors": 0.001, "outcome_conversion_sum": 0.1}
    values: dict[str, float] = {}
    for variant, part in parts.items():
        many = round(requests * part)
        for name, default in counted.items():
            values[f"{variant}_{name}"] = own.get(f"{variant}_{name}", default) * many
        for name in ("invocations", "outcome_conversion_count", "latency_samples"):
            values[f"{variant}_{name}"] = many
        for name, default in (("latency_p50", 30_000.0), ("latency_p99", 90_000.0)):
            values[f"{variant}_{name}"] = own.get(f"{variant}_{name}", default)
    begin = 1_000 * step
    series = {key: [[at(begin + one), value] for one in range(length)] for key, value in values.items()}
    return Stratum(share, at(begin), at(begin + length), series)


def steps(count: int = 3, **own: float) -> list[Stratum]:
    """The first steps of the test."""
    return [level(step, share, **own) for step, share in enumerate((10, 25, 50)[:count])]
