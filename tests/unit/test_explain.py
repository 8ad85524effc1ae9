"""What editors and readers are told of the settings."""

import json
import shutil
from pathlib import Path

import pytest

from mlplatform.settings import read_environments
from tools.explain import main
from tools.schema import environment_schema, model_schema, rendered

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures" / "environments"


def test_the_json_schemas_are_current() -> None:
    for path, text in rendered().items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, "run `make schema`"


def test_the_schema_of_a_model_demands_what_a_file_must_say() -> None:
    assert set(model_schema()["required"]) == {"description", "owner", "task"}
    assert "name" not in model_schema()["properties"]


def test_editors_know_both_ways_to_write_a_user() -> None:
    short, long = environment_schema()["$defs"]["User"]["anyOf"]
    assert "approver" in short["enum"]
    assert set(long["properties"]) == {"persona", "sso_user"}


def test_the_schema_demands_what_a_file_must_say_and_not_its_name() -> None:
    schema = environment_schema()
    assert set(schema["required"]) == {"account", "region", "name_prefix", "tags"}
    assert "name" not in schema["properties"]
    assert schema["additionalProperties"] is False
    assert "eu-west-1" in schema["properties"]["region"]["enum"]


def test_every_environment_file_names_its_schema_for_editors() -> None:
    for path in (ROOT / "environments").glob("*.yaml"):
        assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=schema.json\n")
    for path in (ROOT / "models").glob("*/model.yaml"):
        assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=../schema.json\n")


def test_what_a_file_says_is_plain_and_what_it_leaves_out_is_marked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["small", "--folder", str(FIXTURES)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "region: eu-west-1" in lines
    assert "  availability_zones: [euw1-az1, euw1-az2]" in lines
    assert [" ".join(line.split()) for line in lines if line.startswith("  cidr")] == [
        "cidr: 10.40.0.0/20 # default"
    ]
    assert not [line for line in lines if line.startswith("name:")]


@pytest.mark.parametrize("name", ["small", "full", "ownvpc", "given", "china", "gov"])
def test_what_is_explained_is_itself_an_environment_with_the_same_settings(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([name, "--folder", str(FIXTURES)])
    shutil.copytree(FIXTURES.parent, tmp_path / "fixtures")
    folder = tmp_path / "fixtures" / "environments"
    (folder / f"{name}.yaml").write_text(capsys.readouterr().out, encoding="utf-8")
    (original,) = read_environments(FIXTURES, only=name)
    (explained,) = read_environments(folder, only=name)
    assert explained.model_dump() == original.model_dump()


def test_the_schema_is_json_that_an_editor_reads() -> None:
    assert {json.loads(text)["type"] for text in rendered().values()} == {"object"}
