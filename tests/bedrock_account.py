"""An emulated account whose templates are those of models that are customized in Amazon Bedrock."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from landscapes import ROOT, environment

from mlplatform.settings import Environment, read_environments
from rehearsal.driver import Rehearsal, deployed
from tools.platform_app import platform_app

DATA = ROOT / "models" / "support-assistant" / "data" / "bedrock"
QUESTION = "How do I block my card?"
ON_DEMAND, PROVISIONED, COMMITTED = "support-assistant", "support-hourly", "support-yearly"
SERVING: dict[str, Any] = {
    ON_DEMAND: "on_demand",
    PROVISIONED: {"provisioned": {"model_units": 1}},
    COMMITTED: {"provisioned": {"model_units": 1, "commitment": "one_month"}},
}
"""How each model serves."""


def model(name: str, **bedrock: Any) -> dict[str, Any]:
    """model.yaml of a model that Bedrock alone customizes; ``bedrock`` replaces or adds settings."""
    return {
        "description": "Drafts the answer to a customer's question",
        "owner": "support-team",
        "task": "text_generation",
        "customization": {
            "monthly_budget_usd": 100,
            "bedrock": {
                "base_model": "amazon.nova-lite-v1:0:300k",
                "train": f"data://{name}/bedrock/train.jsonl",
                "hyperparameters": {"epochCount": 2},
                "sample": {"prompt": QUESTION},
                "spend_usd": 40,
                **bedrock,
            },
        },
    }


def settings(folder: Path, models: Mapping[str, Mapping[str, Any]]) -> Environment:
    """A small environment that trains, where Bedrock customizes, with these models."""
    (folder / "environments").mkdir(parents=True)
    zones = {"availability_zones": ["use1-az1", "use1-az2"]}
    file = environment("111122223333", training=True, region="us-east-1", network=zones)
    (folder / "environments" / "dev.yaml").write_text(yaml.safe_dump(file), encoding="utf-8")
    for name, content in models.items():
        here = folder / "models" / name
        shutil.copytree(DATA, here / "data" / "bedrock")
        (here / "model.yaml").write_text(yaml.safe_dump(dict(content)), encoding="utf-8")
    (found,) = read_environments(folder / "environments")
    return found


@contextmanager
def bedrock_account(folder: Path, models: Mapping[str, Mapping[str, Any]]) -> Iterator[Rehearsal]:
    """The environment of ``settings``, synthesized with every check and deployed."""
    environments = settings(folder, models)
    platform_app([environments], folder / "cdk.out").synth()
    with deployed(environments, folder / "cdk.out", folder / "models") as rehearsal:
        yield rehearsal
