"""A model whose folder is gone: which of its stacks stay, and the commands that remove them in order."""

from pathlib import Path

import pytest
from workflow_models import SERVED, product

from mlplatform.settings import Environment
from mlplatform.workflows.remaining import remains
from tools.left_behind import LeftBehind, left_behind, removed, told

PAGE = Path(__file__).parents[2] / "docs" / "releases.md"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the model credit-approval."""
    return product(tmp_path_factory.mktemp("left"), SERVED)[1]


def test_only_stacks_of_models_that_the_settings_do_not_have_are_named(settings: Environment) -> None:
    stacks = [
        "acme-dev-network",
        "acme-dev-model-credit-approval",
        "acme-dev-serving-credit-approval",
        "acme-dev-model-churn",
        "acme-dev-serving-churn",
        "acme-dev-model-lapse",
        "acme-prod-serving-other",
        "acme-dev2-serving-other",
    ]
    assert left_behind(settings, stacks) == [
        LeftBehind("churn", ("acme-dev-serving-churn", "acme-dev-model-churn")),
        LeftBehind("lapse", ("acme-dev-model-lapse",)),
    ]
    assert left_behind(settings, stacks[:3]) == []


def test_the_endpoint_is_retired_first_then_the_stacks_go_that_nothing_stands_on(
    settings: Environment,
) -> None:
    (one,) = left_behind(settings, ["acme-dev-model-churn", "acme-dev-serving-churn"])
    what, *commands, page = told(settings, [one])
    assert what.startswith("churn is no model of dev any more")
    assert "go on costing" in what
    assert [command.split(".")[0].strip() for command in commands] == ["1", "2", "3"]
    retire, serving, model = commands
    assert "stateMachine:acme-dev-churn-lifecycle" in retire
    assert '{"action":"retire"}' in retire
    assert "--stack-name acme-dev-serving-churn --role-arn" in serving
    assert "--stack-name acme-dev-model-churn --role-arn" in model
    assert "docs/releases.md" in page


def test_a_model_that_never_served_has_nothing_to_retire(settings: Environment) -> None:
    lines = told(settings, left_behind(settings, ["acme-dev-model-churn"]))
    assert not any("retire" in line for line in lines)


def test_a_comparison_names_the_models_whose_stacks_are_gone_once_each() -> None:
    lines = removed("dev", ["dev/Serving-credit-approval", "dev/Model-credit-approval", "dev/Studio"])
    assert len(lines) == 1
    assert "make retire ENV=dev MODEL=credit-approval" in lines[0]


def test_what_remains_of_a_model_is_what_the_page_lists(settings: Environment) -> None:
    page = PAGE.read_text(encoding="utf-8").partition("| remains | where |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1].split(":")[0].split(",")[0].strip() for line in page.splitlines()[2:]]
    told_of = [thing["What"].split(":")[0].split(",")[0] for thing in remains("credit-approval", settings)]
    assert [what for what in told_of if what in rows] == rows
    listed = page.replace("\n", " ")
    for thing in remains("credit-approval", settings):
        assert thing["What"].split(":")[0].split(",")[0] in listed
