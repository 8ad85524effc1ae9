"""Where Bedrock's part of a model is rehearsed that its environment does not rehearse, and how."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from bedrock_account import model
from landscapes import ROOT, environment

from mlplatform.customization import catalog
from mlplatform.settings import Environment, read_environments
from mlplatform.settings.products import ModelProduct
from rehearsal.elsewhere import ON_DEMAND, PROVISIONED, SERVING, elsewhere
from rehearsal.elsewhere_files import write

NAME = "support-assistant"
LINES = f"data://{NAME}/bedrock/train.jsonl"
TUNED = {
    "base_model": "huggingface-reasoning-qwen3-8b",
    "techniques": {"sft": {"train": LINES, "spend_usd": 9}},
    "evaluate": {"data": LINES.replace("train", "test"), "scorer": "exact_match"},
    "gate": {"at_least": {"scorer:exact_match": 0.1}},
}
WITHOUT = {"models": {NAME: {"customization": {"bedrock": None}}}}
AMERICA = {"region": "us-east-1", "network": {"availability_zones": ["use1-az1", "use1-az2"]}}
RICH: dict[str, Any] = {
    "iam": {"role_path": "/ml/", "require_mfa": "off"},
    "removal": "destroy",
    "customization": {"permissions": "tight"},
    "network": {
        "availability_zones": ["euw1-az1", "euw1-az2", "euw1-az3"],
        "cidr": "10.41.0.0/20",
        "interface_endpoints": ["kms", "bedrock-runtime"],
    },
    "data_sources": [
        {
            "bucket": "acme-lake",
            "kms_key_arn": "arn:aws:kms:eu-west-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
        }
    ],
}
NETWORK = {
    "network": {
        "existing": {
            "vpc_id": "vpc-0a1b2c3d4e5f67890",
            "endpoints": "create",
            "subnets": {
                "euw1-az1": "subnet-0a1b2c3d4e5f67890",
                "euw1-az2": "subnet-0a1b2c3d4e5f67891",
            },
            "route_table_ids": ["rtb-0a1b2c3d4e5f67890"],
        }
    }
}


def made(
    folder: Path, values: dict[str, Any], *, tuned: bool = True, **bedrock: Any
) -> tuple[Environment, ModelProduct]:
    """An environment with a model that Bedrock customizes, and SageMaker too if it is ``tuned``."""
    said = model(NAME, **bedrock)
    said["customization"] |= TUNED if tuned else {}
    for name, content in (("environments/dev.yaml", values), (f"models/{NAME}/model.yaml", said)):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    (folder / "models" / NAME / "notes.txt").write_text("beside it", encoding="utf-8")
    (found,) = read_environments(folder / "environments")
    return found, found.products[0]


def europe(**more: Any) -> dict[str, Any]:
    return environment("111122223333", **{"training": True, **WITHOUT, **more})


def test_what_the_region_does_not_offer_is_rehearsed_where_it_is_served_in_every_way(tmp_path: Path) -> None:
    place = elsewhere(*made(tmp_path, europe()))
    assert place is not None
    assert place.region in catalog.bedrock_models()["amazon.nova-lite-v1:0:300k"].on_demand
    assert place.ways == tuple(SERVING)
    assert "does not customize amazon.nova-lite-v1:0:300k in eu-west-1" in place.why
    assert place.region in place.why


def test_a_model_that_cannot_answer_on_demand_anywhere_only_gets_throughput(tmp_path: Path) -> None:
    claude = {
        "base_model": "anthropic.claude-3-haiku-20240307-v1:0:200k",
        "hyperparameters": {},
        "serving": SERVING[PROVISIONED],
    }
    place = elsewhere(*made(tmp_path, europe(), **claude))
    assert place is not None
    assert (place.region, place.ways) == ("us-west-2", (PROVISIONED,))


@pytest.mark.parametrize(
    ("serving", "other"), [("on_demand", PROVISIONED), (SERVING[PROVISIONED], ON_DEMAND)]
)
def test_where_bedrock_is_offered_only_the_other_way_of_serving_is_added(
    serving: Any, other: str, tmp_path: Path
) -> None:
    values = environment("111122223333", training=True, removal="destroy", **AMERICA)
    place = elsewhere(*made(tmp_path, values, tuned=False, serving=serving))
    assert place is not None
    assert (place.region, place.ways) == ("us-east-1", (other,))


def test_a_model_without_bedrock_or_whose_owner_does_not_want_it_there_stays_where_it_is(
    tmp_path: Path,
) -> None:
    unwanted = environment("111122223333", training=True, **AMERICA, **WITHOUT)
    assert elsewhere(*made(tmp_path / "unwanted", unwanted)) is None
    settings, product = made(tmp_path / "without", europe())
    file = product.folder / "model.yaml"
    said = yaml.safe_load(file.read_text(encoding="utf-8"))
    del said["customization"]["bedrock"]
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    assert elsewhere(settings, product) is None


@pytest.mark.parametrize("values", [RICH, NETWORK], ids=["rich", "existing network"])
def test_the_second_account_keeps_whatever_names_nothing_of_its_place(
    values: dict[str, Any], tmp_path: Path
) -> None:
    settings, product = made(tmp_path / "first", europe(**values))
    place = elsewhere(settings, product)
    assert place is not None
    for way in place.ways:
        folder = tmp_path / way
        write(folder, settings, product, place, way, tmp_path / "first" / "environments" / "dev.yaml")
        (there,) = read_environments(folder / "environments")
        assert (there.region, there.account, there.name) == (place.region, settings.account, "dev")
        assert len(there.network.zones) == len(settings.network.zones)
        for name in ("tags", "iam", "removal", "customization", "storage", "log_retention_days"):
            assert getattr(there, name) == getattr(settings, name)
        assert there.network.interface_endpoints == settings.network.interface_endpoints
        (moved,) = there.products
        assert moved.customization is not None
        assert moved.customization.target == "bedrock"
        assert moved.customization.bedrock is not None
        assert (moved.customization.bedrock.serving.provisioned is None) is (way == ON_DEMAND)
        assert (moved.folder / "notes.txt").read_text(encoding="utf-8") == "beside it"


def test_what_the_environment_changes_of_the_model_is_kept_but_for_how_it_serves(tmp_path: Path) -> None:
    settings, product = made(
        tmp_path / "first",
        environment(
            "111122223333",
            training=True,
            **AMERICA,
            models={NAME: {"customization": {"bedrock": {"sample": {"prompt": "Why?"}}}}},
        ),
    )
    place = elsewhere(settings, product)
    assert place is not None
    source = tmp_path / "first" / "environments" / "dev.yaml"
    write(tmp_path / "second", settings, product, place, PROVISIONED, source)
    (there,) = read_environments(tmp_path / "second" / "environments")
    section = there.products[0].customization
    assert section is not None
    assert section.bedrock is not None
    assert section.bedrock.sample.prompt == "Why?"


@pytest.mark.parametrize("name", [path.stem for path in sorted((ROOT / "environments").glob("*.yaml"))])
def test_the_environments_here_go_there(name: str, tmp_path: Path) -> None:
    """Even production, if it trained: a file that says everything a file can say."""
    first, product = made(tmp_path / "first", europe())
    place = elsewhere(first, product)
    assert place is not None
    (settings,) = read_environments(ROOT / "environments", only=name)
    source = ROOT / "environments" / f"{name}.yaml"
    write(tmp_path / "second", settings, product, place, ON_DEMAND, source)
    (there,) = read_environments(tmp_path / "second" / "environments")
    assert (there.region, there.training) == (place.region, True)
