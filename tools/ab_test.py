"""`make ab-test MODEL= ENV=`: lets the newest approved version, or the one named, answer some requests."""

import sys
from collections.abc import Sequence
from typing import Any

from mlplatform.settings import Environment
from tools.bringing import Bringing
from tools.model_commands import UsageError
from tools.releases import version_or_package

_MINUTES_OF_A_DAY = 1440


def wanted(version: str | None) -> dict[str, Any]:
    """The input of the execution. Raises UsageError for what is no version's number."""
    if not version:
        return {}
    named = version_or_package(version, "VERSION")
    if isinstance(named, str):
        raise UsageError(f"VERSION must be a version's number, given {version!r}")
    return {"version": named}


def expectation(settings: Environment, model: str) -> str:
    """What a person who waits should know. The model must have ``serving.ab_test``."""
    (test,) = (p.serving.ab_test for p in settings.products if p.name == model and p.serving)
    assert test is not None
    told = []
    if settings.release.after:
        told.append(f"it asks for an answer first: make confirm ENV={settings.name} MODEL={model}")
    steps = ", ".join(map(str, test.steps))
    days = len(test.steps) * test.step_minutes / _MINUTES_OF_A_DAY
    told.append(
        f"it gives the version {steps} % of the requests, {days:.3g} days in all, {test.maximum_days} at most"
    )
    again = f"make rollback ENV={settings.name} MODEL={model}"
    return "\n".join([*told, f"it goes on when this command is stopped; to end it: {again}"])


def main(argv: Sequence[str] | None = None) -> int:
    """Start an A/B test and follow it. Returns 1 if it promotes nothing, 2 if nothing was started."""
    return Bringing("ab-test", "A/B test of", "its number", wanted, expectation).main(argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
