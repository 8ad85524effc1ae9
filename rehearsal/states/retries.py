"""Retriers and catchers of one visit to a state.

Rules: ASL specification, "Retrying after error" and "Fallback states".
"""

import random
from collections.abc import Sequence
from typing import Any

from rehearsal.states.errors import StateError, matches

DEFAULT_ATTEMPTS, DEFAULT_INTERVAL, DEFAULT_RATE = 3, 1, 2.0


class Retries:
    """Counts the attempts of each retrier: each has its own MaxAttempts, and none is reset by another."""

    def __init__(self, retriers: Sequence[dict[str, Any]], seed: str) -> None:
        self._retriers, self._used = retriers, [0] * len(retriers)
        self._random = random.Random(seed)

    @property
    def count(self) -> int:
        """Retries so far: ``$states.context.State.RetryCount``."""
        return sum(self._used)

    def delay(self, error: StateError) -> float | None:
        """Seconds until the next attempt, or None when there is none.

        The first retrier that names the error decides; MaxAttempts 0 means never.
        """
        for index, retrier in enumerate(self._retriers):
            if matches(error.name, retrier["ErrorEquals"]):
                if self._used[index] >= retrier.get("MaxAttempts", DEFAULT_ATTEMPTS):
                    return None
                self._used[index] += 1
                return self._interval(retrier, self._used[index])
        return None

    def _interval(self, retrier: dict[str, Any], attempt: int) -> float:
        interval = retrier.get("IntervalSeconds", DEFAULT_INTERVAL)
        delay = float(interval * retrier.get("BackoffRate", DEFAULT_RATE) ** (attempt - 1))
        delay = min(delay, retrier.get("MaxDelaySeconds", delay))
        # FULL: "a random value between 0 and the delay" (the guide, "Retrying after an error").
        return self._random.uniform(0, delay) if retrier.get("JitterStrategy") == "FULL" else delay


def catcher(catchers: Sequence[dict[str, Any]], error: StateError) -> dict[str, Any] | None:
    """The first catcher that names the error."""
    return next((rule for rule in catchers if matches(error.name, rule["ErrorEquals"])), None)
