"""What the Studio stack promises, on variants of the fixture environments."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
import yaml

from mlplatform.acknowledgements import accept_everywhere
from mlplatform.checks import install_checks
from mlplatform.regions import partition_of
from mlplatform.retention import keep_state, tag_costs
from mlplatform.settings import Environment, read_environments
from stacks.studio import StudioStack

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures" / "environments"
USERS = {"ana": "data_scientist", "bo": "ml_engineer", "chi": "studio_admin", "dee": "approver"}
IMAGE = f"444455556666.dkr.ecr.eu-west-1.amazonaws.com/studio@sha256:{'0' * 64}"
FULL = {
    "users": USERS,
    "home_efs": True,
    "docker_trusted_accounts": ["444455556666"],
    "shared_spaces": {"team": "ana"},
    "custom_image": IMAGE,
    "idle_timeout_minutes": 90,
}

Template = Mapping[str, Any]
Synthesize = Callable[..., Template]


def variant(folder: Path, studio: Mapping[str, Any], **others: Any) -> Environment:
    """The smallest fixture environment with other settings."""
    settings = yaml.safe_load((FIXTURES / "small.yaml").read_text(encoding="utf-8"))
    settings |= {"studio": dict(studio), **others}
    folder.mkdir(exist_ok=True)
    (folder / "small.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return read_environments(folder)[0]


def build(settings: Environment, outdir: Path) -> cdk.App:
    """An app of one environment that has a Studio stack only."""
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    app = cdk.App(outdir=str(outdir), context=context, builtin_cloud_formation_validation=False)
    place = cdk.Environment(account=settings.account, region=settings.region)
    stage = cdk.Stage(app, settings.name, env=place)
    StudioStack(stage, "Studio", settings=settings)
    keep_state(stage, settings)
    tag_costs(stage, settings)
    return app


def checked(app: cdk.App) -> None:
    """Synthesize ``app`` with every check."""
    install_checks(app, partition_of)
    rule = "NIST.800.53.R5::NIST.800.53.R5-IAMNoInlinePolicy"
    accept_everywhere(app, rule, because="as in app.py, which this test does not run")
    app.synth()


def of_type(template: Template, kind: str) -> dict[str, Any]:
    """Properties of the resources of one type by logical id."""
    return {n: r.get("Properties", {}) for n, r in template["Resources"].items() if r["Type"] == kind}
