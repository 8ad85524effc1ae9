"""The pictures of workflows whose function decides show every state, and only ways that there are."""

import ast
from pathlib import Path

import pytest

from mlplatform.workflows import template
from tools.workflow_ways import HUB, UNDRAWN, WAYS, state_of

CODE = Path(__file__).parents[2] / "lambda" / "release"


def drawn(workflow: str) -> set[str]:
    """The states that a picture has."""
    return {state_of(place) for source, target, _ in WAYS[workflow] for place in (source, target)}


@pytest.mark.parametrize("workflow", WAYS)
def test_a_picture_has_every_state_but_those_that_stand_between_any_two(workflow: str) -> None:
    assert drawn(workflow) == set(template.read(workflow)["States"]) - {HUB, *UNDRAWN}


@pytest.mark.parametrize("workflow", WAYS)
def test_every_way_is_one_of_the_state_machine_or_leads_through_the_hub(workflow: str) -> None:
    states = template.read(workflow)["States"]
    hub = {choice["Next"] for choice in states[HUB]["Choices"]} | {states[HUB]["Default"]}
    for source, target, _ in WAYS[workflow]:
        state = states[state_of(source)]
        own = {state.get("Next"), state.get("Default"), *(c["Next"] for c in state.get("Choices", ()))}
        ways = own | (hub if HUB in own else set())
        assert state_of(target) in ways, (source, target)


def test_every_step_that_the_function_names_is_drawn() -> None:
    named = {
        node.args[0].value
        for path in CODE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "reply"
        if node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value != "end"
    }
    states = {place.lower().replace(" ", "_") for workflow in WAYS for place in drawn(workflow)}
    assert len(named) >= 10
    assert named <= states
