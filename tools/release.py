"""`make release MODEL= ENV=`: releases the newest approved version of a model, or the one named."""

import sys
from collections.abc import Sequence
from typing import Any

from mlplatform.settings import Environment
from tools.bringing import Bringing
from tools.releases import version_or_package


def wanted(version: str | None) -> dict[str, Any]:
    """The input of the execution. Raises UsageError for what names no version."""
    if not version:
        return {}
    named = version_or_package(version, "VERSION")
    return {"version": named} if isinstance(named, int) else {"model_package_arn": named}


def expectation(settings: Environment, model: str) -> str:
    """What a person who waits should know. The model must have ``serving``."""
    told = []
    if settings.release.after:
        told.append(f"it asks for an answer first: make confirm ENV={settings.name} MODEL={model}")
    (shadow,) = (p.serving.shadow for p in settings.products if p.name == model and p.serving)
    if shadow:
        told.append(f"it watches the version beside production for {shadow.bake_minutes} minutes")
    return "\n".join([*told, "it goes on when this command is stopped; make rollback stops it"])


def main(argv: Sequence[str] | None = None) -> int:
    """Start a release and follow it. Returns 1 if it does not end well, 2 if nothing was started."""
    return Bringing("release", "release", "number or ARN", wanted, expectation).main(argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
