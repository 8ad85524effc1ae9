"""Serving stacks as CDK writes them: what the settings make, tagged, protected, every check passed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from landscapes import checked, environment, landscape
from serving_templates import AB_TEST, CAPTURED, SCALED, SERVERLESS, SHADOW, TO_ZERO, settings_in

from mlplatform.serving import parts
from mlplatform.serving.template import template
from mlplatform.settings import Environment, ModelProduct
from stacks.serving import ServingStack

SECTIONS: dict[str, dict[str, Any]] = {
    "canary": SHADOW | SCALED | CAPTURED,
    "challenged": SHADOW | AB_TEST,
    "idle": TO_ZERO,
    "local": {"instance_type": "ml.m5d.large"},
    "open": {"network_isolation": False},
    "serverless": SERVERLESS,
    "single": {"instances": {"minimum": 1, "maximum": 1}, "rollout": {"strategy": "all_at_once"}},
}
TAGGED = {
    parts.ALARM_TYPE,
    parts.COMPOSITE_TYPE,
    parts.ENDPOINT_CONFIG_TYPE,
    parts.ENDPOINT_TYPE,
    parts.MODEL_TYPE,
    parts.TARGET_TYPE,
}
"""Types that take tags."""

Templates = Mapping[str, Mapping[str, Any]]


def product(name: str) -> ModelProduct:
    """The model that serves as ``SECTIONS`` says."""
    values = {"name": name, "description": "Predicts", "owner": "risk-team", "task": "regression"}
    return ModelProduct.model_validate({**values, "serving": {"sample": {"file": "s.csv"}, **SECTIONS[name]}})


def build(stage: cdk.Stage, settings: Environment) -> None:
    """A Serving stack of every model."""
    for name in SECTIONS:
        ServingStack(stage, f"Serving-{name}", settings=settings, product=product(name))


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Environment]:
    """An environment whose stacks are kept and one whose stacks are not."""
    folder = tmp_path_factory.mktemp("landscape")
    files = {"dev": environment("111122223333"), "try": environment("222233334444", removal="destroy")}
    return landscape(folder, files, {})


@pytest.fixture(scope="module")
def outdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the cloud assembly lies."""
    return tmp_path_factory.mktemp("serving")


@pytest.fixture(scope="module")
def templates(every: dict[str, Environment], outdir: Path) -> Templates:
    """Templates by ``environment/stack``, of an assembly in which every check passed."""
    return checked(outdir, every, build)


@pytest.mark.parametrize("name", SECTIONS)
def test_what_cdk_writes_is_what_the_settings_make_and_tags(
    templates: Templates, every: dict[str, Environment], name: str
) -> None:
    """No parameter of CDK's own beside those of releases, no resource that it adds, no property it drops."""
    written = json.loads(json.dumps(templates[f"dev/Serving-{name}"]))
    for resource in written["Resources"].values():
        resource.pop("Metadata", None)
        resource["Properties"].pop("Tags", None)
    meant = template(parts.served(product(name), every["dev"]))
    assert {section: written[section] for section in meant} == meant
    assert set(written) - set(meant) <= {"Description"}


@pytest.mark.parametrize("name", SECTIONS)
def test_everything_that_takes_tags_says_whose_it_is(templates: Templates, name: str) -> None:
    wanted = {"model": name, "environment": "dev", "owner": "risk-team", "cost-center": "4711"}
    for resource in templates[f"dev/Serving-{name}"]["Resources"].values():
        tags = {tag["Key"]: tag["Value"] for tag in resource["Properties"].get("Tags", [])}
        assert tags == (wanted if resource["Type"] in TAGGED else {})


def test_no_tag_depends_on_a_release(templates: Templates) -> None:
    """Otherwise every release would touch everything."""
    body = templates["dev/Serving-canary"]
    tags = [resource["Properties"].get("Tags", []) for resource in body["Resources"].values()]
    assert "Ref" not in json.dumps(tags)


def test_what_serves_is_protected_in_every_environment(templates: Templates, outdir: Path) -> None:
    assert len(templates) == 2 * len(SECTIONS)
    for environment_name in ("dev", "try"):
        manifest = json.loads((outdir / f"assembly-{environment_name}" / "manifest.json").read_text())
        stacks = [a for a in manifest["artifacts"].values() if a["type"] == "aws:cloudformation:stack"]
        assert len(stacks) == len(SECTIONS)
        assert all(stack["properties"]["terminationProtection"] for stack in stacks)


def test_no_stack_needs_the_rights_to_change_roles(templates: Templates) -> None:
    kinds = {r["Type"] for body in templates.values() for r in body["Resources"].values()}
    assert kinds <= set(parts.RESOURCE_TYPES)


def test_a_product_without_an_endpoint_has_no_serving_stack(tmp_path: Path) -> None:
    values = {"name": "credit", "description": "Predicts", "owner": "risk-team", "task": "regression"}
    with pytest.raises(ValueError, match="credit has no serving section"):
        parts.served(ModelProduct.model_validate(values), settings_in(tmp_path))
