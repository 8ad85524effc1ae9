"""Environments and models that a test makes up, and the templates of some of their stacks."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import yaml

from mlplatform.acknowledgements import accept_everywhere
from mlplatform.checks import install_checks
from mlplatform.regions import partition_of
from mlplatform.retention import keep_state, tag_costs
from mlplatform.settings import Environment, read_environments
from tools.assembly import stacks
from tools.platform_app import empty_app

ROOT = Path(__file__).parents[1]
REGISTRY_KEY = "arn:aws:kms:eu-west-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
MODELS = {
    "credit-approval": {
        "description": "Probability that a credit application is repaid",
        "owner": "risk-team",
        "task": "binary_classification",
    },
    "support-assistant": {
        "description": "Answers questions about support cases",
        "owner": "support-team",
        "task": "text_generation",
    },
}
CONSUMER = {"registry": {"environment": "hub", "artifacts_key_arn": REGISTRY_KEY}}
"""What a file says that uses the registry of the environment ``hub``."""

Stage = Callable[[cdk.Stage, Environment], object]


def environment(account: str, **settings: Any) -> dict[str, Any]:
    """A small environment file of ``account``, with further ``settings``."""
    return {
        "account": account,
        "region": "eu-west-1",
        "name_prefix": "acme",
        "owns_account": True,
        "tags": {"owner": "ml-platform", "cost-center": "4711"},
        "network": {"availability_zones": ["euw1-az1", "euw1-az2"]},
        **settings,
    }


def landscape(
    folder: Path, files: Mapping[str, Mapping[str, Any]], models: Mapping[str, Mapping[str, str]] = MODELS
) -> dict[str, Environment]:
    """Write these environment and model files below ``folder`` and read them; settings by name."""
    (folder / "environments").mkdir(parents=True)
    for name, values in files.items():
        (folder / "environments" / f"{name}.yaml").write_text(yaml.safe_dump(dict(values)), encoding="utf-8")
    for name, values in models.items():
        (folder / "models" / name).mkdir(parents=True)
        (folder / "models" / name / "model.yaml").write_text(yaml.safe_dump(dict(values)), encoding="utf-8")
    return {settings.name: settings for settings in read_environments(folder / "environments")}


def three_accounts(folder: Path, **hub: Any) -> dict[str, Environment]:
    """A registry ``hub``, and ``stage`` and ``prod`` in accounts of their own that use it."""
    return landscape(
        folder,
        {
            "hub": environment("111122223333", **hub),
            "prod": environment("333344445555", **CONSUMER),
            "stage": environment("222233334444", **CONSUMER),
        },
    )


def checked(outdir: Path, every: Mapping[str, Environment], build: Stage) -> dict[str, dict[str, Any]]:
    """Templates by ``environment/stack`` of what ``build`` puts into each stage; every check must pass."""
    app = empty_app(outdir)
    for settings in every.values():
        place = cdk.Environment(account=settings.account, region=settings.region)
        stage = cdk.Stage(app, settings.name, env=place)
        build(stage, settings)
        keep_state(stage, settings)
        tag_costs(stage, settings)
    install_checks(app, partition_of)
    rule = "NIST.800.53.R5::NIST.800.53.R5-IAMNoInlinePolicy"
    accept_everywhere(app, rule, because="as in app.py, which this test does not run")
    app.synth()
    return {f"{stack.environment}/{stack.name}": stack.template for stack in stacks(outdir)}


def properties(template: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    """Properties of every resource of one type."""
    return [r["Properties"] for r in template["Resources"].values() if r["Type"] == kind]


def logical_ids(template: Mapping[str, Any], *kinds: str) -> dict[str, str]:
    """Types of the resources of these types, by logical id."""
    return {name: r["Type"] for name, r in template["Resources"].items() if r["Type"] in kinds}
