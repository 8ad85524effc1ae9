"""A/B tests of made-up traffic whose truth is known: how often the decision is wrong, and how often it finds.

The traffic has what makes such comparisons hard. The challenger's part of the requests grows from step to
step, while the shares that are compared drift with the time of day and from one step to the next; failures
come in bursts, of both versions at once and of each by itself; steps differ in length.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from release.ab_decision import Decision, decide
from release.ab_plan import plan
from release.ab_strata import VARIANTS, Stratum, outcome_id

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
OUTCOME = "conversion"

Numbers = npt.NDArray[np.float64]
Series = dict[str, list[list[Any]]]


@dataclass(frozen=True)
class Truth:
    """What the traffic is like; shares are parts of 1.

    ``requests`` per minute, of both variants; ``share`` is production's of what is counted, on average of the
    first step's day, ``gain`` by how much the challenger's lies above it; by ``drift``, as a part of it, the
    share grows from step to step, and by half of that it swings within a day. ``bursts``: the probability
    that one of a variant's own begins in a minute, ``shared``: one of both; in it ``severity`` of the
    requests count. ``slower`` is the ratio of the latencies.
    """

    requests: float = 60
    share: float = 0.1
    gain: float = 0.0
    drift: float = 0.5
    bursts: float = 0.0
    shared: float = 0.0
    severity: float = 0.5
    slower: float = 1.0


@dataclass(frozen=True)
class Case:
    """One kind of test: its section ``AbTest``, and what is true of its traffic."""

    ab: Mapping[str, Any]
    truth: Truth


def section(metric: str, demand: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A section ``AbTest`` that looks at one thing: ``outcome``, ``errors`` or ``latency``."""
    limits = {
        "errors": {"ErrorRateIncreasePercentagePoints": 0.5},
        "latency": {"P50LatencyIncreasePercent": 20},
    }
    own = {"Name": OUTCOME, "Direction": "higher", **(demand or {"BetterByPoints": 0})}
    return {
        "Steps": [10, 25, 50, 100],
        "StepMinutes": 120,
        "MinimumInvocations": 500,
        "ConfidencePercent": 95,
        "PowerPercent": 80,
        "Limits": limits.get(metric, {}),
        "Metrics": [own] if metric == "outcome" else [],
        "MaximumDays": 14,
        **changes,
    }


def runs(case: Case, count: int, seed: int) -> Iterator[Decision]:
    """How so many tests of a kind ended, each decided step by step as the workflow does."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        yield ended(case, random)


def ended(case: Case, random: np.random.Generator) -> Decision:
    """One test from its plan to its end."""
    planned = plan(case.ab)
    shares = [each["Share"] for each in planned["Strata"]]
    strata: list[Stratum] = []
    for step, share in enumerate(shares):
        # A step ends when the workflow looks at it: some are a little longer.
        length = int(case.ab["StepMinutes"]) + int(random.integers(0, 20))
        strata.append(stratum(case, random, step, share, length))
        decision = decide(case.ab, planned, strata, last=step + 1 == len(shares))
        if decision.outcome == "longer":
            more = stratum(case, random, step, share, int(case.ab["StepMinutes"]), after=strata[-1])
            strata[-1] = joined(strata[-1], more)
            decision = decide(case.ab, planned, strata, last=step + 1 == len(shares))
        if decision.outcome != "continue":
            break
    return decision


def joined(one: Stratum, more: Stratum) -> Stratum:
    """A step that went on."""
    series = {key: [*pairs, *more.series[key]] for key, pairs in one.series.items()}
    return replace(one, end=more.end, series=series)


def stratum(
    case: Case,
    random: np.random.Generator,
    step: int,
    share: float,
    length: int,
    *,
    after: Stratum | None = None,
) -> Stratum:
    """One step of ``length`` minutes as CloudWatch has it."""
    begin = datetime.fromisoformat(after.end) if after else START + timedelta(days=step, hours=7 * step)
    series = made(case, random, step, share / 100, begin, length)
    return Stratum(share, begin.isoformat(), (begin + timedelta(minutes=length)).isoformat(), series)


def made(
    case: Case, random: np.random.Generator, step: int, share: float, begin: datetime, length: int
) -> Series:
    """The series of one step, minute by minute."""
    truth = case.truth
    hours = (begin.hour * 60 + begin.minute + np.arange(length)) / 60
    day = np.sin(2 * np.pi * (hours - 12) / 24)
    every = random.poisson(truth.requests * (1 + 0.4 * day))
    own = random.binomial(every, share)
    level = truth.share * (1 + truth.drift * step) * (1 + truth.drift / 2 * day)
    both = bursts(random, truth.shared, length)
    columns: dict[str, Numbers] = {}
    for variant, requests, gain in zip(VARIANTS, (every - own, own), (0.0, truth.gain), strict=True):
        alone = bursts(random, truth.bursts, length)
        chance = np.clip(np.where(both | alone, truth.severity, level) + gain, 0, 1)
        happened = random.binomial(requests, chance)
        columns |= measured(case.ab, variant, requests, happened)
        if case.ab["Limits"].get("P50LatencyIncreasePercent"):
            ratio = truth.slower if variant == VARIANTS[1] else 1.0
            columns |= latencies(random, variant, requests, ratio, day)
    times = [(begin + timedelta(minutes=minute)).isoformat() for minute in range(length)]
    return {key: list(map(list, zip(times, column.tolist(), strict=True))) for key, column in columns.items()}


def bursts(random: np.random.Generator, chance: float, length: int) -> npt.NDArray[np.bool_]:
    """Minutes that lie in a burst: one begins in each with ``chance``, and they take three on average."""
    found = np.zeros(length, dtype=bool)
    if chance:
        for begin in np.flatnonzero(random.random(length) < chance):
            found[begin : begin + random.geometric(1 / 3)] = True
    return found


def measured(ab: Mapping[str, Any], variant: str, requests: Any, happened: Any) -> dict[str, Numbers]:
    """Requests of a variant, and what happened to some of them, under the ids that are asked for."""
    found = {f"{variant}_invocations": requests.astype(float)}
    if ab["Limits"].get("ErrorRateIncreasePercentagePoints") is not None:
        found |= {f"{variant}_{name}": happened.astype(float) for name in ("server_errors", "model_errors")}
    for metric in ab["Metrics"]:
        found[outcome_id(variant, metric["Name"], "sum")] = happened.astype(float)
        found[outcome_id(variant, metric["Name"], "count")] = requests.astype(float)
    return found


def latencies(
    random: np.random.Generator, variant: str, requests: Any, ratio: float, day: Numbers
) -> dict[str, Numbers]:
    """Medians of the minutes: a load that both share, a drift of each that minutes inherit, few requests."""
    noise = random.normal(0, 0.05, len(day))
    for minute in range(1, len(day)):
        noise[minute] = 0.5 * noise[minute - 1] + np.sqrt(0.75) * noise[minute]
    spread = 0.5 / np.sqrt(np.maximum(requests, 1))
    middle = 30_000 * ratio * np.exp(0.3 * day + noise + random.normal(0, spread))
    return {f"{variant}_latency_p50": middle, f"{variant}_latency_samples": requests.astype(float)}
