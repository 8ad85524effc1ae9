"""The difference of two shares over several steps of an A/B test, each with its own part of the requests.

Between the steps the challenger's part of the requests changes, and the shares drift with the time of day. To
pool all requests would compare the challenger's last days with production's first ones (Simpson's paradox).
So both are compared within each step, where chance alone decides who answers, and the differences are
averaged with the weights of Mantel and Haenszel.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from release.statistics import Interval, combined, wilson

Tallies = Mapping[int, tuple[float, float]]
"""Events and trials of each minute, by the minute's number."""

BLOCKS = (None, 30, 10)
"""Into how many blocks a step is cut to see how much its difference varies; None: into minutes. What goes on
for a tenth of a step is one event; of longer blocks there would be too few to tell how much they vary."""


@dataclass(frozen=True)
class Arm:
    """Events among trials of one variant in one step. ``trials`` are above 0, ``events`` 0 to ``trials``."""

    events: float
    trials: float

    @property
    def share(self) -> float:
        """Events by trials."""
        return self.events / self.trials


@dataclass(frozen=True)
class Clusters:
    """Variance of a step's difference as ``number`` blocks of its minutes show it."""

    variance: float
    number: int


@dataclass(frozen=True)
class Pair:
    """Both variants in one step.

    ``clustered`` says how much their difference varies in each of ``BLOCKS``; none if that was not measured.
    """

    candidate: Arm
    production: Arm
    clustered: tuple[Clusters, ...] = ()

    @property
    def weight(self) -> float:
        """Of the step's difference (Mantel and Haenszel): what equal variants of these sizes would tell.

        Never of the design effect: a step in which the challenger failed in bursts would count for less.
        """
        return 1 / (1 / self.candidate.trials + 1 / self.production.trials)

    @property
    def variance(self) -> float:
        """Of the difference, if the events were independent."""
        return sum(arm.share * (1 - arm.share) / arm.trials for arm in (self.candidate, self.production))


def arm(tallies: Tallies) -> Arm:
    """Everything of one variant in one step."""
    return Arm(sum(each[0] for each in tallies.values()), sum(each[1] for each in tallies.values()))


def pair(candidate: Tallies, production: Tallies) -> Pair:
    """Both variants of one step, with how much their difference varies from block to block."""
    own, base = arm(candidate), arm(production)
    said = dict.fromkeys(sorted({*candidate, *production}), 0.0)
    for sign, tallies, whole in ((1, candidate, own), (-1, production, base)):
        for minute, (events, trials) in tallies.items():
            said[minute] += sign * (events - whole.share * trials) / whole.trials
    taken = max(said) - min(said) + 1
    lengths = [1 if number is None else max(1, taken // number) for number in BLOCKS]
    return Pair(own, base, tuple(_clustered(said, length) for length in lengths))


def difference_interval(pairs: Sequence[Pair], confidence: float) -> Interval:
    """Interval of the Mantel-Haenszel difference of the shares, candidate less production.

    Its variance is Greenland and Robins' (1985, Biometrics 41:55-68), which asks for no common difference of
    all steps, recovered from score intervals instead of the observed shares (Zou and Donner 2008): so it has
    a width even where nothing happened, and errors are few. Of one step it is the judge's hybrid score
    interval.

    What bursts add to the variance is one part more of the same method, a t interval (the design effect has
    the quotient of t and z already), as far to both sides.
    Score intervals lean to one side, most of all those of few requests; bursts are as likely in the variant
    of many. Stretched instead, they lean as if nearly all bursts were those of the challenger's tenth.
    """
    whole = sum(each.weight for each in pairs)
    parts = [
        (sign * each.weight / whole, one.share, wilson(one.events, one.trials, confidence))
        for each in pairs
        for sign, one in ((1, each.candidate), (-1, each.production))
    ]
    added = (design_effect(pairs, confidence) - 1) * _expected(pairs)
    reach = NormalDist().inv_cdf(0.5 + confidence / 2) * math.sqrt(added) / whole
    return combined([*parts, (1.0, 0.0, (-reach, reach))])


def detectable(pairs: Sequence[Pair], confidence: float, power: float) -> float:
    """The least difference of the shares, 0 to 1, that such samples find with this ``power``.

    By the standard error that equal variants would have: it says nothing of the difference that was seen.
    """
    whole, effect = sum(each.weight for each in pairs), design_effect(pairs, confidence)
    variance = 0.0
    for each in pairs:
        share = _moderate(each, effect, confidence)
        variance += each.weight * share * (1 - share) * effect
    return distances(confidence, power) * math.sqrt(variance) / whole


def _moderate(each: Pair, effect: float, confidence: float) -> float:
    """The share of both variants, a little towards a half, so that no event is no certainty (Wilson's)."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    events = (each.candidate.events + each.production.events) / effect
    trials = (each.candidate.trials + each.production.trials) / effect
    return (events + z * z / 2) / (trials + z * z)


def distances(confidence: float, power: float) -> float:
    """Standard errors between no effect and one that is found with ``power``."""
    normal = NormalDist()
    return normal.inv_cdf(0.5 + confidence / 2) + normal.inv_cdf(power)


def design_effect(pairs: Sequence[Pair], confidence: float) -> float:
    """How much more the difference varies than that of independent events would, at least 1.

    By what each block of minutes contributes to the difference (the ratio estimator's variance of clusters,
    Kish 1965, Survey Sampling, 6.4): what befalls both variants alike, as the time of day, cancels out. The
    largest of all lengths of blocks, for nobody knows how long a burst is, and of twice the longest less the
    shorter, which makes up for bursts that a block cuts in two (lugsail batch means: Vats and Flegal 2022,
    Biometrika 109:735-750). Each is larger by what so few blocks may be off (Student's t to the normal).
    """
    measured, expected = [each for each in pairs if each.clustered], _expected(pairs)
    if expected <= 0:
        return 1.0
    weights = [each.weight**2 for each in measured]
    steps = zip(*(each.clustered for each in measured), strict=True)
    found = [_weighted(weights, blocks) for blocks in steps]
    (medium, _), (longest, freedom) = found[-2:]
    found.append((2 * longest - medium, freedom))
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    return max(1.0, *(each * (student(z, few) / z) ** 2 / expected for each, few in found))


def _expected(pairs: Sequence[Pair]) -> float:
    """Variance of the weighted sum of the differences that were cut in blocks, if events were independent."""
    return sum(each.weight**2 * each.variance for each in pairs if each.clustered)


def _weighted(weights: Sequence[float], blocks: Sequence[Clusters]) -> tuple[float, float]:
    """Variance of the weighted sum, and its degrees of freedom (Satterthwaite 1946, Biometrics Bulletin
    2:110-114)."""
    parts = [weight * each.variance for weight, each in zip(weights, blocks, strict=True)]
    freedom = [max(1, each.number - 1) for each in blocks]
    squares = sum(part * part / few for part, few in zip(parts, freedom, strict=True))
    return sum(parts), sum(parts) ** 2 / squares if squares else 1.0


def student(z: float, freedom: float) -> float:
    """The quantile of Student's t that is ``z`` of the normal distribution (Abramowitz and Stegun 26.7.5)."""
    powers = (z, z**3, z**5, z**7)
    terms = ((1, 1, 0, 0), (3, 16, 5, 0), (-15, 17, 19, 3))
    divisors = (4 * freedom, 96 * freedom**2, 384 * freedom**3)
    return z + sum(
        sum(factor * power for factor, power in zip(factors, powers, strict=True)) / divisor
        for factors, divisor in zip(terms, divisors, strict=True)
    )


def _clustered(said: Mapping[int, float], length: int) -> Clusters:
    """Variance of the sum of all minutes, from the sums of blocks of ``length`` minutes."""
    blocks: dict[int, float] = {}
    first = min(said)
    for minute, value in said.items():
        at = (minute - first) // length
        blocks[at] = blocks.get(at, 0.0) + value
    if len(blocks) < 2:
        return Clusters(0.0, len(blocks))
    squares = math.fsum(value * value for value in blocks.values())
    return Clusters(squares * len(blocks) / (len(blocks) - 1), len(blocks))
