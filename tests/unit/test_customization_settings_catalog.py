"""The catalogue of what AWS customizes agrees with itself, with the API and with what settings can say."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import botocore.session
import pytest

from mlplatform import regions
from mlplatform.customization import catalog
from mlplatform.settings.customization import TECHNIQUES
from mlplatform.settings.customization_bedrock import BedrockSettings
from mlplatform.settings.customization_evaluation import BenchmarkSettings
from mlplatform.settings.customization_owned import BEDROCK, CUSTOMIZING
from mlplatform.settings.customization_values import BedrockModelId, DataFormat
from mlplatform.settings.requests import problems

DATA: dict[str, Any] = json.loads(
    (Path(catalog.__file__).parents[1] / "data" / "customization.json").read_text(encoding="utf-8")
)
SHAPES: dict[str, Any] = json.loads(
    (Path(catalog.__file__).parents[1] / "data" / "request_shapes.json").read_text(encoding="utf-8")
)
OWNED = {"CreateTrainingJob": CUSTOMIZING, "CreateModelCustomizationJob": BEDROCK}
FORMATS = [
    (name, format_)
    for kind in ("open_weight", "nova", "bedrock")
    for name, formats in DATA["formats"][kind].items()
    if name != "source"
    for format_ in formats
]


def entries() -> list[tuple[str, dict[str, Any]]]:
    """Every entry of every block but the sources, and what it is called."""
    found = []
    for block, content in DATA.items():
        if block != "sources":
            named = content.items() if isinstance(content, dict) else ((e["id"], e) for e in content)
            found += [(f"{block}.{name}", entry) for name, entry in named]
    return found


@pytest.mark.parametrize(("name", "entry"), entries(), ids=lambda part: part if isinstance(part, str) else "")
def test_every_entry_has_a_source_with_a_date(name: str, entry: dict[str, Any]) -> None:
    source = catalog.source(entry["source"])
    assert len(source.source) > 20
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", source.date)


def test_no_source_is_kept_that_nothing_comes_from() -> None:
    assert {entry["source"] for _, entry in entries()} == set(DATA["sources"])


def test_every_region_is_known_and_has_the_service_that_customizes() -> None:
    named = set(re.findall(r'"([a-z]{2}-[a-z]+-\d)"', json.dumps(DATA)))
    assert named == {"ap-northeast-1", "eu-west-1", "us-east-1", "us-west-2"}
    for name in named:
        assert {"sagemaker.api", "bedrock", "bedrock-runtime"} <= set(regions.region(name).endpoints)


def test_every_technique_is_one_of_the_api() -> None:
    shape = SHAPES["shapes"]["CustomizationTechnique"]
    assert [technique.upper() for technique in TECHNIQUES] == shape["enum"]
    named = {name for model in catalog.base_models().values() for name in model.techniques}
    assert named == set(TECHNIQUES) == set(DATA["hyperparameters"])


def test_every_model_has_an_id_of_the_apis_form_and_the_kind_that_its_id_tells() -> None:
    pattern = SHAPES["shapes"]["ServerlessJobBaseModelArn"]["pattern"]
    for model in catalog.base_models().values():
        arn = f"arn:x:sagemaker:us-east-1:aws:hub-content/SageMakerPublicHub/Model/{model.id}"
        assert re.fullmatch(pattern, arn)
        assert catalog.kind_of(model.id) == model.kind
        assert all(set(ways) <= {"lora", "full"} and ways for ways in model.techniques.values())


def test_the_models_that_have_a_licence_to_accept_name_an_address() -> None:
    gated = {model.id: model.licence for model in catalog.base_models().values() if model.licence}
    assert {name for name in gated if name.startswith("meta-")} == set(gated)
    assert all(address.startswith("https://www.llama.com/llama3_") for address in gated.values())


def test_every_model_of_bedrock_has_an_id_that_settings_and_the_api_take() -> None:
    pattern = SHAPES["shapes"]["bedrock.BaseModelIdentifier"]["pattern"]
    (form,) = BedrockModelId.__metadata__
    for name in (*catalog.bedrock_models(), *catalog.reward_models()):
        assert re.fullmatch(pattern, name)
        assert re.fullmatch(form.pattern, name)


def test_what_answers_on_demand_is_customized_there() -> None:
    assert set(DATA["bedrock_on_demand"]) <= set(catalog.bedrock_models())
    for model in catalog.bedrock_models().values():
        customized = {region for found in model.customizations.values() for region in found}
        assert set(model.on_demand) <= customized <= set(catalog.regions("bedrock"))
        assert bool(model.customizations) != bool(model.note)


@pytest.mark.parametrize(("name", "format_"), FORMATS)
def test_every_format_is_one_that_settings_can_say(name: str, format_: str) -> None:
    assert format_ in get_args(DataFormat)


def test_every_format_that_settings_can_say_is_taken_by_something() -> None:
    assert {format_ for _, format_ in FORMATS} == set(get_args(DataFormat))
    takes = {format_ for model in catalog.bedrock_models().values() for format_ in model.formats}
    assert takes <= set(catalog.formats("bedrock", "fine_tuning"))


def test_settings_know_the_benchmarks_and_customizations_of_the_catalogue() -> None:
    assert set(get_args(BenchmarkSettings.model_fields["task"].annotation)) == set(catalog.benchmarks())
    said = set(get_args(BedrockSettings.model_fields["customization"].annotation))
    assert said == {name for name in DATA["formats"]["bedrock"] if name != "source"}
    enum = SHAPES["shapes"]["bedrock.CustomizationType"]["enum"]
    assert {name.upper() for name in said} == set(enum) - {"IMPORTED"}


def test_the_ranges_of_reinforcement_are_those_of_the_api() -> None:
    known = catalog.bedrock_hyperparameters("amazon.nova-2-lite-v1:0:256k", "reinforcement_fine_tuning")
    members = SHAPES["shapes"]["bedrock.RFTHyperParameters"]["members"]
    assert set(known) == set(members)
    for name, range_ in known.items():
        shape = SHAPES["shapes"][members[name]]
        assert (range_.minimum, range_.maximum) == (shape.get("min"), shape.get("max"))
        assert list(range_.values) == shape.get("enum", [])


def test_subtasks_are_named_once() -> None:
    sizes = {task: len(benchmark.subtasks) for task, benchmark in catalog.benchmarks().items()}
    assert {task: size for task, size in sizes.items() if size} == {
        "mmlu": 57,
        "bbh": 27,
        "math": 7,
        "mmmu": 30,
    }
    assert all(len(set(b.subtasks)) == len(b.subtasks) for b in catalog.benchmarks().values())


@pytest.mark.parametrize(
    ("operation", "path"), [(operation, path) for operation, paths in OWNED.items() for path in paths]
)
def test_what_the_platform_sets_is_a_member_of_the_request(operation: str, path: str) -> None:
    shape = SHAPES["operations"][operation]
    for member in path.split("."):
        assert member in SHAPES["shapes"][shape]["members"]
        shape = SHAPES["shapes"][shape]["members"][member]


@pytest.mark.parametrize(("operation", "paths"), OWNED.items())
def test_everything_that_a_request_requires_is_set(operation: str, paths: dict[str, str]) -> None:
    assert list(problems(operation, {}, owned=paths)) == []


def test_the_shapes_of_bedrock_are_those_of_its_api() -> None:
    service: Any = botocore.session.get_session().get_service_model("bedrock")
    shape = service.operation_model("CreateModelCustomizationJob").input_shape
    facts = SHAPES["shapes"][SHAPES["operations"]["CreateModelCustomizationJob"]]
    assert facts["required"] == shape.required_members
    assert facts["members"] == {name: f"bedrock.{part.name}" for name, part in shape.members.items()}
