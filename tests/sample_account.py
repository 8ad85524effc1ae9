"""An emulated account with the samples of ``models/`` in it, as long as their owner has not deleted them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from landscapes import ROOT, environment

from mlplatform.settings import read_environments
from rehearsal.driver import Rehearsal, deployed
from tools.platform_app import platform_app

SAMPLES = ("credit-approval", "fraud-detector")

CONSUMER = "arn:aws:iam::111122223333:role/shop"
AB_TEST = {
    "steps": [20, 50, 100],
    "step_minutes": 60,
    "minimum_invocations": 1000,
    "metrics": [{"name": "repaid", "direction": "higher", "no_worse_by_points": 2}],
}
"""Steps that are long enough for the traffic of a rehearsal, and no longer."""

needs_samples = pytest.mark.skipif(
    any(not (ROOT / "models" / name / "model.yaml").exists() for name in SAMPLES),
    reason="models/ is the users' own: they may delete a sample, and with it what would run here",
)


@contextmanager
def sample_account(folder: Path, *names: str, serving: bool, tested: bool = False) -> Iterator[Rehearsal]:
    """A small environment with these samples in it, deployed; without ``serving`` nothing is released.

    ``tested``: what serves has A/B tests, and no approval starts a release.
    """
    (folder / "environments").mkdir()
    manual = {"release": {"start": "manual"}} if tested else {}
    settings = environment("111122223333", training=True, removal="destroy", **manual)
    (folder / "environments" / "dev.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    for name in names:
        shutil.copytree(ROOT / "models" / name, folder / "models" / name)
        _shorten(folder / "models" / name / "model.yaml", serving, tested)
    environments = read_environments(folder / "environments")
    platform_app(environments, folder / "cdk.out").synth()
    with deployed(environments[0], folder / "cdk.out") as rehearsal:
        rehearsal.models = folder / "models"
        yield rehearsal


def _shorten(file: Path, serving: bool, tested: bool) -> None:
    """Two trials show what six would."""
    model = yaml.safe_load(file.read_text(encoding="utf-8"))
    if "tune" in model:
        model["tune"]["max_jobs"] = 2
    if "customization" in model:  # Bedrock customizes no model in the account's region
        model["customization"].pop("bedrock", None)
    if tested:
        model["serving"] |= {"ab_test": AB_TEST, "consumers": [CONSUMER]}
    if not serving:
        model.pop("serving", None)
    file.write_text(yaml.safe_dump(model, sort_keys=False), encoding="utf-8")
