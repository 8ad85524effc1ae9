"""An emulated account with the samples of ``models/`` in it, as long as their owner has not deleted them."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from landscapes import ROOT, environment

from mlplatform.settings import read_environments
from rehearsal.driver import Rehearsal, deployed
from tools.platform_app import platform_app

SAMPLES = ("credit-approval", "fraud-detector")

CONSUMER = "arn:aws:iam::111122223333:role/shop"
TESTED: dict[str, Any] = {
    "ab_test": {
        "steps": [20, 50, 100],
        "step_minutes": 60,
        "minimum_invocations": 1000,
        "metrics": [{"name": "repaid", "direction": "higher", "no_worse_by_points": 2}],
    },
    "consumers": [CONSUMER],
}
"""Serving with A/B tests whose steps are long enough for the traffic of a rehearsal, and no longer."""


def needs(*samples: str) -> pytest.MarkDecorator:
    """The mark of tests that run with these samples."""
    return pytest.mark.skipif(
        any(not (ROOT / "models" / name / "model.yaml").exists() for name in samples),
        reason="models/ is the users' own: they may delete a sample, and with it what would run here",
    )


needs_samples = needs(*SAMPLES)


@contextmanager
def sample_account(
    folder: Path, *names: str, serving: bool | Mapping[str, Any], **settings: Any
) -> Iterator[Rehearsal]:
    """A small environment with these samples in it, deployed; with False for ``serving`` nothing is released,
    what is given takes the place of parts of the samples' own. ``settings`` are the environment's besides.
    """
    (folder / "environments").mkdir()
    file = environment("111122223333", training=True, removal="destroy", **settings)
    (folder / "environments" / "dev.yaml").write_text(yaml.safe_dump(file), encoding="utf-8")
    for name in names:
        shutil.copytree(ROOT / "models" / name, folder / "models" / name)
        _shorten(folder / "models" / name / "model.yaml", serving)
    environments = read_environments(folder / "environments")
    platform_app(environments, folder / "cdk.out").synth()
    with deployed(environments[0], folder / "cdk.out", folder / "models") as rehearsal:
        yield rehearsal


def _shorten(file: Path, serving: bool | Mapping[str, Any]) -> None:
    """Two trials show what six would."""
    model = yaml.safe_load(file.read_text(encoding="utf-8"))
    if "tune" in model:
        model["tune"]["max_jobs"] = 2
    if "customization" in model:  # Bedrock customizes no model in the account's region
        model["customization"].pop("bedrock", None)
    if serving is False:
        model.pop("serving", None)
    elif serving is not True:
        model["serving"] |= serving
    file.write_text(yaml.safe_dump(model, sort_keys=False), encoding="utf-8")
