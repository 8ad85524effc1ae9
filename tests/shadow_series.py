"""Measurements of a shadow beside production, from known distributions, as CloudWatch answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

SHADOW: dict[str, Any] = {
    "SamplingPercent": 100,
    "BakeMinutes": 60,
    "MinimumInvocations": 1000,
    "ConfidencePercent": 95,
    "Limits": {
        "ErrorRateIncreasePercentagePoints": 0.5,
        "P50LatencyIncreasePercent": 20,
        "P99LatencyIncreasePercent": 20,
    },
}
"""The settings of a shadow, as a workflow has them."""

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
TIMES = [(START + timedelta(minutes=minute)).isoformat() for minute in range(600)]
VARIANTS = ("production", "shadow")

Series = dict[str, list[list[Any]]]


def steady(minutes: int = 60, requests: float = 100, **own: float) -> Series:
    """The same every minute for both variants; ``own`` are values by the query's id."""
    values: dict[str, float] = {
        "invocations": requests,
        "server_errors": 0,
        "model_errors": 0,
        "client_errors": 0,
        "latency_p50": 30_000,
        "latency_p99": 90_000,
        "latency_samples": requests,
        "latency_average": 35_000,
        "overhead_p99": 4_000,
    }
    every = {f"{variant}_{name}": value for variant in VARIANTS for name, value in values.items()} | own
    return {key: [[time, value] for time in TIMES[:minutes]] for key, value in every.items()}


def random_series(
    random: np.random.Generator,
    *,
    minutes: int = 60,
    requests: int = 100,
    ratio: float = 1.0,
    errors: tuple[float, float] = (0.0, 0.0),
    tail: tuple[float, float] = (0.0, 1.0),
    correlation: float = 0.0,
) -> Series:
    """Log-normal latencies under a load that both variants share, and a drift of each that minutes inherit.

    ``ratio`` is that of the shadow's latency to production's, ``errors`` the two shares, ``tail`` the share
    of the shadow's requests that take so many times longer, ``correlation`` that of neighbouring minutes.
    """
    load = random.normal(0, 0.2, minutes)
    series: Series = {}
    for number, variant in enumerate(VARIANTS):
        noise = random.normal(0, 0.05, minutes)
        for minute in range(1, minutes):
            noise[minute] = correlation * noise[minute - 1] + np.sqrt(1 - correlation**2) * noise[minute]
        middle = 30_000 * np.exp(load + noise) * (ratio if number else 1)
        latency = middle[:, None] * random.lognormal(0, 0.4, (minutes, requests))
        if number and tail[0]:
            latency = np.where(random.random(latency.shape) < tail[0], latency * tail[1], latency)
        failed = random.binomial(requests, errors[number], minutes)
        p50, p99 = np.percentile(latency, (50, 99), axis=1)
        values = {
            "invocations": np.full(minutes, requests),
            "server_errors": failed,
            "model_errors": failed,
            "latency_p50": p50,
            "latency_p99": p99,
            "latency_samples": np.full(minutes, requests),
        }
        for name, column in values.items():
            series[f"{variant}_{name}"] = [
                [time, value] for time, value in zip(TIMES, column.astype(float).tolist(), strict=False)
            ]
    return series
