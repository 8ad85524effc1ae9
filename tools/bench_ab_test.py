"""How often the decision of an A/B test is wrong, and how often it finds what it looks for.

Run as ``python -m tools.bench_ab_test``. Thousands of tests of made-up traffic, decided step by step by the
function that ships; half of what the confidence leaves may be promoted where nothing is to be shown.
"""

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from statistics import fmean

from release.comparisons import FAIL
from tools import tables
from tools.ab_simulation import Case, Truth, runs, section

TESTS, SEED = 2_000, 11
_CHUNK = 100
_NO_WORSE = {"NoWorseByPoints": 1.0}
_HARDEST = "no better, one short step, heavy bursts"

MOST_PERCENT = (100 - section("outcome")["ConfidencePercent"]) / 2
"""False promotions that the settings of the simulated tests allow: half of what the confidence leaves."""

NULLS: Mapping[str, Case] = {
    "no better, the share drifts": Case(section("outcome", StepMinutes=60), Truth()),
    "no better, bursts": Case(section("outcome"), Truth(bursts=0.02, shared=0.02)),
    "worse by what it may, bursts": Case(
        section("outcome", _NO_WORSE, Steps=[20, 50]), Truth(gain=-0.01, bursts=0.02, shared=0.02)
    ),
    "errors at the limit": Case(section("errors", StepMinutes=60), Truth(share=0.001, gain=0.005)),
    "latency at the limit": Case(section("latency", StepMinutes=60), Truth(requests=600, slower=1.2)),
    # Two hours at a tenth of the requests, in each version a burst every half an hour.
    _HARDEST: Case(section("outcome", Steps=[10, 100]), Truth(bursts=0.03)),
}
"""Challengers that are never to be promoted; there is no worse place than exactly at the limit."""

MORE = {_HARDEST: 4}
"""Times as many tests: so many that a rate of 3.1 % is beyond chance."""

EFFECTS: Mapping[str, Case] = {
    "better by 2.2 points": Case(section("outcome", StepMinutes=60), Truth(gain=0.022)),
    "equal, may be worse by 2.2 points": Case(
        section("outcome", {"NoWorseByPoints": 2.2}, StepMinutes=60), Truth()
    ),
    "equal in errors": Case(section("errors", StepMinutes=60), Truth(requests=120, share=0.001)),
    "equal in latency": Case(section("latency", StepMinutes=60), Truth(requests=600)),
    "worse by 5 points": Case(section("outcome", _NO_WORSE, StepMinutes=60), Truth(gain=-0.05)),
}
"""Challengers whose difference is to be found, the last one as harm."""


@dataclass(frozen=True)
class Rate:
    """How so many tests of a kind ended, in percent. ``limit``: of promotions, None where they are right.

    ``detectable`` is the difference that they said they find with the power of the settings, on average.
    """

    title: str
    tests: int
    promoted: float
    worse: float
    detectable: float
    limit: float | None = None

    @property
    def over(self) -> tuple[str, ...]:
        """One line if more were promoted than chance explains at the limit, all but once in a thousand."""
        if self.limit is None:
            return ()
        most = self.limit + 3 * (self.limit * (100 - self.limit) / self.tests) ** 0.5
        line = f"A/B tests, {self.title}: {self.promoted:.2f} % promoted, wanted: at most {self.limit:g}"
        return (line,) if self.promoted > most else ()


def rate(title: str, case: Case, tests: int, limit: float | None = None) -> Rate:
    """Decide so many tests, on every processor there is."""
    sizes = [min(_CHUNK, tests - start) for start in range(0, tests, _CHUNK)]
    with ProcessPoolExecutor() as pool:
        found = [
            each for some in pool.map(_some, [case] * len(sizes), sizes, range(len(sizes))) for each in some
        ]
    promoted, worse = sum(each[0] for each in found), sum(each[1] for each in found)
    detectable = [each[2] for each in found if each[2] is not None]
    return Rate(title, tests, 100 * promoted / tests, 100 * worse / tests, fmean(detectable), limit)


def _some(case: Case, tests: int, number: int) -> list[tuple[bool, bool, float | None]]:
    return [
        (
            each.outcome == "promote",
            each.outcome == "remove" and each.verdict == FAIL,
            each.power[0]["Detectable"],
        )
        for each in runs(case, tests, SEED + number)
    ]


def figures(tests: int = TESTS) -> list[Rate]:
    """The rates of every kind of test."""
    nulls = [rate(title, case, tests * MORE.get(title, 1), MOST_PERCENT) for title, case in NULLS.items()]
    return [*nulls, *(rate(title, case, max(1, tests // 4)) for title, case in EFFECTS.items())]


def report(measured: Sequence[Rate]) -> str:
    """The table, and below it every limit that is exceeded."""
    heads = ["A/B tests", "tests", "promoted %", "at most", "removed as worse %", "finds with 80 % power"]
    rows = [
        [
            one.title,
            str(one.tests),
            f"{one.promoted:.2f}",
            "" if one.limit is None else f"{one.limit:g}",
            f"{one.worse:.2f}",
            f"{one.detectable:.2f}",
        ]
        for one in measured
    ]
    lines = [tables.render(heads, rows, right=range(1, 6))]
    return "\n".join([*lines, *(line for one in measured for line in one.over)])


def main() -> int:
    """Print the table; 1 if a limit is exceeded."""
    measured = figures()
    print(report(measured))
    return 1 if any(one.over for one in measured) else 0


if __name__ == "__main__":
    sys.exit(main())
