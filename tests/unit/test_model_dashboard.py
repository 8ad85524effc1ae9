"""The dashboard of a model shows its traffic, what it promises, and its shadow beside production."""

import json
from typing import Any

import pytest
from serving_templates import AB_TEST, ASYNC, SERVERLESS, SHADOW, credit, settings_in

from mlplatform.serving.dashboard import dashboard
from mlplatform.serving.parts import Served
from mlplatform.settings import Environment


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment."""
    return settings_in(tmp_path_factory.mktemp("serving"))


def widgets(subject: Served) -> dict[str, dict[str, Any]]:
    """Properties of the dashboard's widgets by their title."""
    found = json.loads(dashboard(subject))["widgets"]
    return {widget["properties"]["title"]: widget["properties"] for widget in found}


def shown(widget: dict[str, Any]) -> set[tuple[str, str]]:
    """(variant, metric) of what a graph shows."""
    metrics = [metric for metric in widget["metrics"] if "VariantName" in metric]
    return {(metric[metric.index("VariantName") + 1], metric[1]) for metric in metrics}


@pytest.mark.parametrize(
    "section", [{}, SHADOW | AB_TEST, SERVERLESS, ASYNC], ids=["plain", "all", "less", "async"]
)
def test_every_widget_has_a_place_of_its_own_on_a_grid_that_is_24_wide(
    settings: Environment, section: dict[str, Any]
) -> None:
    placed = json.loads(dashboard(credit(settings, **section)))["widgets"]
    assert len({(widget["x"], widget["y"]) for widget in placed}) == len(placed) >= 6
    assert all(widget["x"] + widget["width"] <= 24 for widget in placed)


def test_the_shadow_stands_beside_production_in_the_same_graphs(settings: Environment) -> None:
    found = widgets(credit(settings, **SHADOW))
    assert shown(found["Requests per minute"]) == {("production", "Invocations"), ("shadow", "Invocations")}
    assert ("shadow", "ModelLatency") in shown(found["Model latency in microseconds"])
    assert ("shadow", "CPUUtilization") in shown(found["Instances"])
    alone = widgets(credit(settings))
    assert shown(alone["Requests per minute"]) == {("production", "Invocations")}


def test_objectives_are_lines_in_the_unit_of_their_graph(settings: Environment) -> None:
    objectives = {"p50_latency_ms": 20, "p99_latency_ms": 200, "overhead_p99_ms": 15, "error_percent": 1}
    found = widgets(credit(settings, objectives=objectives))
    lines = {
        title: [line["value"] for line in widget["annotations"]["horizontal"]]
        for title, widget in found.items()
        if "annotations" in widget
    }
    assert lines == {
        "Model latency in microseconds": [20_000, 200_000],
        "Overhead latency in microseconds": [15_000],
        "Errors in percent of the requests": [1],
    }


def test_releases_are_points_with_the_number_of_the_version(settings: Environment) -> None:
    [metric] = widgets(credit(settings))["Releases"]["metrics"]
    assert metric[:4] == ["acme/dev/releases/credit", "Released", "Endpoint", "acme-dev-credit"]
    assert metric[4]["stat"] == "Maximum"


def test_whether_the_objectives_are_kept_is_the_composite_alarm(settings: Environment) -> None:
    [alarms] = [w for title, w in widgets(credit(settings)).items() if title.endswith("objectives")]
    assert alarms["alarms"] == ["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:acme-dev/credit/operating"]


def test_a_graph_of_errors_shows_the_percentages_and_hides_what_they_are_made_of(
    settings: Environment,
) -> None:
    metrics = widgets(credit(settings, **SHADOW))["Errors in percent of the requests"]["metrics"]
    hidden = {metric[-1]["id"] for metric in metrics if metric[-1].get("visible") is False}
    expressions = {metric[0]["expression"].removeprefix("100*") for metric in metrics if len(metric) == 1}
    assert hidden == expressions
    assert len(hidden) == 6


def test_asynchronous_requests_have_a_backlog_and_serverless_endpoints_no_instances(
    settings: Environment,
) -> None:
    backlog = widgets(credit(settings, **ASYNC, objectives={"backlog_per_instance": 9}))
    [title] = [title for title in backlog if title.startswith("Backlog")]
    assert backlog[title]["annotations"]["horizontal"] == [{"label": "backlog objective", "value": 9.0}]
    assert not {"Instances", "Use of the instances in percent"} & set(widgets(credit(settings, **SERVERLESS)))


def test_use_of_gpus_is_shown_where_it_has_an_objective(settings: Environment) -> None:
    section = {"instance_type": "ml.g5.xlarge", "objectives": {"gpu_percent": 80}}
    found = widgets(credit(settings, **section))["Use of the instances in percent"]
    assert ("production", "GPUUtilization") in shown(found)
