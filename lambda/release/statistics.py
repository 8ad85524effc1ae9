"""Confidence intervals that a version is judged by: of proportions, and of medians whatever is measured.

Every interval is two-sided: each of its bounds is wrong with half of what the confidence leaves.
``confidence`` is a share, e.g. 0.95.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import NormalDist, fmean

Interval = tuple[float, float]

_MOST_AUTOCORRELATION = 0.95
"""An estimate of 1 would leave no independent value at all."""


def wilson(count: float, total: float, confidence: float) -> Interval:
    """Score interval of the proportion ``count / total`` (Wilson 1927). ``total`` is above 0."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = count / total
    middle = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    # Where nothing or everything was counted, rounding must not push a bound past it.
    low = 0.0 if count == 0 else max(0.0, (middle - spread) / scale)
    return low, 1.0 if count == total else min(1.0, (middle + spread) / scale)


def difference(
    count: float, total: float, base_count: float, base_total: float, confidence: float
) -> Interval:
    """Interval of ``count / total - base_count / base_total``: the hybrid score interval.

    Newcombe 1998, Statistics in Medicine 17:873-890, method 10. Mirrored requests are pairs; taking them for
    independent samples makes the interval wider, never narrower, as their errors hardly ever exclude each
    other.
    """
    own = (1.0, count / total, wilson(count, total, confidence))
    return combined([own, (-1.0, base_count / base_total, wilson(base_count, base_total, confidence))])


def combined(parts: Iterable[tuple[float, float, Interval]]) -> Interval:
    """Interval of a sum of independent estimates, from each one's factor, value and interval.

    Each bound is as far from the sum as the distances of the parts' bounds that pull it there, by Pythagoras:
    the method of variance estimates recovery (Zou and Donner 2008, Statistics in Medicine 27:1693-1702).
    """
    total, down, up = 0.0, 0.0, 0.0
    for factor, value, (low, high) in parts:
        total += factor * value
        below, above = (low, high) if factor >= 0 else (high, low)
        down, up = math.hypot(down, factor * (value - below)), math.hypot(up, factor * (above - value))
    return total - down, total + up


def dispersion(counts: Sequence[float], totals: Sequence[float]) -> float:
    """How much more the counts of the minutes vary than independent events would, at least 1.

    Pearson's statistic by its degrees of freedom (McCullagh and Nelder 1989, 4.5). Errors come in bursts; a
    sample of so many requests then tells as much as one smaller by this factor.
    """
    share = sum(counts) / sum(totals)
    if len(counts) < 2 or not 0 < share < 1:
        return 1.0
    terms = ((c - t * share) ** 2 / (t * share * (1 - share)) for c, t in zip(counts, totals, strict=True))
    return max(1.0, sum(terms) / (len(counts) - 1))


def median_ranks(number: int, confidence: float) -> tuple[int, int] | None:
    """Ranks, from 1, of the sorted values between which the median lies; None if there are too few values.

    Exact from the binomial distribution, whatever the values' own (David and Nagaraja 2003, Order Statistics,
    7.1): the largest rank r with P(fewer than r of the values lie below the median) within the error allowed.
    """
    below, term, rank = 0, 1, 0
    allowed = (1 - confidence) / 2 * 2**number if number < 1000 else None
    while rank <= number // 2:
        below += term
        within = below <= allowed if allowed is not None else _share(below, number) <= (1 - confidence) / 2
        if not within:
            break
        rank += 1
        term = term * (number - rank + 1) // rank
    return (rank, number + 1 - rank) if rank else None


def _share(count: int, number: int) -> float:
    """``count / 2**number`` of integers far beyond a float."""
    return math.ldexp(count >> max(0, number - 1000), -min(number, 1000))


def independent(values: Sequence[float]) -> int:
    """How many independent values tell as much as these, in their order; at most as many as there are.

    By the autocorrelation r of neighbours: n (1 - r) / (1 + r) (Bayley and Hammersley 1946, Journal of the
    Royal Statistical Society, Supplement 8:184-197). Of ranks, so that no outlier decides; only widening,
    never narrowing.
    """
    if len(values) < 3:
        return len(values)
    ranks = _ranks(values)
    middle = fmean(ranks)
    spread = sum((rank - middle) ** 2 for rank in ranks)
    shared = sum((one - middle) * (next_one - middle) for one, next_one in pairwise(ranks))
    r = min(_MOST_AUTOCORRELATION, max(0.0, shared / spread)) if spread else 0.0
    return int(len(values) * (1 - r) / (1 + r))


def _ranks(values: Sequence[float]) -> list[float]:
    """Rank of each value; equal values share the middle of theirs."""
    first: dict[float, int] = {}
    number: dict[float, int] = {}
    for rank, value in enumerate(sorted(values)):
        first.setdefault(value, rank)
        number[value] = number.get(value, 0) + 1
    return [first[value] + (number[value] - 1) / 2 for value in values]


def median_interval(values: Sequence[float], confidence: float) -> Interval | None:
    """Interval of the median of ``values``, which are in the order of time; None if they are too few.

    Its ranks are those of as many values as are independent, stretched to all of them.
    """
    return pooled_median_interval([values], confidence)


def pooled_median_interval(groups: Iterable[Sequence[float]], confidence: float) -> Interval | None:
    """The same of all values of several periods, each in the order of time: a stratified sign test, inverted.

    Whether a value lies beyond its period's median is a fair coin in every period, so the ranks are exact
    whatever distribution each period has.
    """
    every = [list(group) for group in groups]
    ordered = sorted(value for group in every for value in group)
    number = sum(map(independent, every))
    ranks = median_ranks(number, confidence)
    if ranks is None:
        return None
    rank = max(1, ranks[0] * len(ordered) // number)
    return ordered[rank - 1], ordered[len(ordered) - rank]
