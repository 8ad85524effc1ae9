"""The requests that reach an endpoint, minute by minute."""

from itertools import pairwise

import pytest

from rehearsal.cloudwatch import Key
from rehearsal.sagemaker.behaviour import INVOCATIONS, Behaviour, Load, Segment, observations

SHARES = {0.0: 0.2, 130.0: 0.5, 150.0: 1.0}
"""The challenger's part of ten requests in a second, from a moment on."""

SEGMENTS = [
    Segment(start, 600.0, (Load("config", "challenger", share, 1, Behaviour()),))
    for start, share in SHARES.items()
]
KEY = Key(INVOCATIONS, "Invocations", frozenset({("EndpointName", "loans"), ("VariantName", "challenger")}))


@pytest.mark.parametrize("end", [60.0, 120.0, 125.0, 130.0, 140.0, 149.0, 150.0, 170.0])
def test_what_comes_after_a_window_takes_nothing_from_it(end: float) -> None:
    edges = [*(start for start in SHARES if start < end), end]
    expected = sum((after - before) * 10 * SHARES[before] for before, after in pairwise(edges))
    found = [values for _, values in observations("loans", SEGMENTS, KEY, 0.0, end)]
    pairs = [pair for values in found for pair in values.pairs]
    assert all(count > 0 for _, count in pairs)
    assert sum(value * count for value, count in pairs) == pytest.approx(expected, rel=0.1)
