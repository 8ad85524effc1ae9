"""The search of hyperparameter tuning: which values the next trial takes.

Random and Grid are what they say. Bayesian is random search at first and then samples near the best trials:
a stand-in with the same interface, not AWS's Gaussian process. Hyperband halves: many short trials, the best
ones again with more of the resource. Every search is repeatable: the seed follows from the job's name.
"""

import itertools
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

EXPLORATION = 0.4
"""Share of Bayesian trials that are drawn from the whole range."""
WIDTH = 0.15
"""Standard deviation of a step near the best trial, as a share of the range."""


@dataclass(frozen=True)
class Trial:
    """One observation: values of the tuned hyperparameters and the objective."""

    values: Mapping[str, str]
    objective: float


@dataclass(frozen=True)
class Range:
    """One tuned hyperparameter. ``choices`` for a categorical one, else bounds and scale."""

    name: str
    choices: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    integer: bool = False
    scale: str = "Linear"

    def at(self, share: float) -> str:
        """The value at a share from 0 to 1 of the range, on its scale."""
        share = min(max(share, 0.0), 1.0)
        if self.choices:
            return self.choices[min(int(share * len(self.choices)), len(self.choices) - 1)]
        if self.scale == "Logarithmic":
            value = math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        elif self.scale == "ReverseLogarithmic":
            low, high = math.log(1 - self.high), math.log(1 - self.low)
            value = 1 - math.exp(high - share * (high - low))
        else:
            value = self.low + share * (self.high - self.low)
        value = min(max(value, self.low), self.high)
        return str(round(value)) if self.integer else repr(value)

    def share(self, text: str) -> float:
        """Where a value lies in the range, from 0 to 1, on a linear scale."""
        if self.choices:
            return (self.choices.index(text) + 0.5) / len(self.choices) if text in self.choices else 0.5
        if self.scale == "Logarithmic":
            return (math.log(float(text)) - math.log(self.low)) / (
                (math.log(self.high) - math.log(self.low)) or 1
            )
        return (float(text) - self.low) / ((self.high - self.low) or 1)


def ranges(given: Mapping[str, Any]) -> list[Range]:
    """The ranges of a request, in its order: integer, continuous, categorical."""
    found = [
        Range(
            item["Name"],
            low=float(item["MinValue"]),
            high=float(item["MaxValue"]),
            integer=kind == "IntegerParameterRanges",
            scale=item.get("ScalingType", "Auto"),
        )
        for kind in ("IntegerParameterRanges", "ContinuousParameterRanges")
        for item in given.get(kind, [])
    ]
    found += [
        Range(i["Name"], choices=tuple(i["Values"])) for i in given.get("CategoricalParameterRanges", [])
    ]
    return found


class Search:
    """Proposes values; ``seen`` are the observations so far, those of parents included."""

    def __init__(self, strategy: str, space: list[Range], seed: str, *, maximize: bool) -> None:
        self._strategy, self._space, self._maximize = strategy, space, maximize
        self._random = random.Random(seed)
        self._grid = grid(space) if strategy == "Grid" else iter(())

    def next(self, seen: list[Trial]) -> dict[str, str] | None:
        """Values of the next trial; None when a grid is exhausted."""
        if self._strategy == "Grid":
            return next(self._grid, None)
        best = self._best(seen)
        if self._strategy == "Bayesian" and best and self._random.random() > EXPLORATION:
            return {
                r.name: r.at(self._random.gauss(r.share(best.values[r.name]), WIDTH)) for r in self._space
            }
        return {r.name: r.at(self._random.random()) for r in self._space}

    def _best(self, seen: list[Trial]) -> Trial | None:
        usable = [trial for trial in seen if all(r.name in trial.values for r in self._space)]
        order = sorted(usable, key=lambda trial: trial.objective, reverse=self._maximize)
        return self._random.choice(order[: max(1, len(order) // 4)]) if len(order) >= 2 else None


def grid(space: list[Range]) -> Iterator[dict[str, str]]:
    """Every combination of categorical values."""
    names = [r.name for r in space]
    return (
        dict(zip(names, values, strict=True)) for values in itertools.product(*(r.choices for r in space))
    )


def rungs(limit: int, low: int, high: int) -> list[tuple[int, int]]:
    """Hyperband's bracket within ``limit`` trials: how many run with how much of the resource.

    Li et al., "Hyperband" (JMLR 2018), one bracket with eta = 3: each rung keeps the best third.
    """
    steps = max(1, math.floor(math.log(max(high / low, 1), 3)) + 1)
    shares = [3 ** (steps - 1 - step) for step in range(steps)]
    unit = max(limit / sum(shares), 0)
    counts = [max(1, math.floor(unit * share)) for share in shares]
    resources = [max(low, round(high / 3 ** (steps - 1 - step))) for step in range(steps)]
    return list(zip(counts, resources, strict=True))
