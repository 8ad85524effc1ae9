"""Fills the placeholders of a definition and leaves out the states a model does not have."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[3] / "workflows"
"""Where the state machines are written down: one file each, ``<name>.asl.yaml``."""

PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Za-z0-9]*)\}")

OPTIONAL = "When"
"""Key of a state that only some models have; its value is the section of model.yaml they have then."""

Definition = dict[str, Any]


class DefinitionError(ValueError):
    """A definition and the values for it do not fit together."""


@cache
def read(workflow: str) -> Definition:
    """The definition as its file has it. Callers must not change it."""
    text = (FOLDER / f"{workflow}.asl.yaml").read_text(encoding="utf-8")
    definition: Definition = yaml.load(text, Loader=yaml.CSafeLoader)
    return definition


def placeholders(value: Any) -> set[str]:
    """Names of the placeholders somewhere in a value."""
    if isinstance(value, str):
        return set(PLACEHOLDER.findall(value))
    if isinstance(value, Mapping):
        return {name for key, item in value.items() for name in placeholders(key) | placeholders(item)}
    return {name for item in value for name in placeholders(item)} if isinstance(value, list) else set()


def filled(definition: Definition, values: Mapping[str, Any], *, later: frozenset[str]) -> Definition:
    """Return ``definition`` with its placeholders filled from ``values``.

    A string that is nothing but a placeholder becomes the value, whatever its type; elsewhere the value is
    inserted as text, or as JSON if it is no text. Those of ``later`` stay for CloudFormation. Raises
    DefinitionError for a placeholder without a value and a value without a placeholder.
    """
    known = placeholders(definition)
    if unknown := known - values.keys() - later:
        raise DefinitionError(f"no value for {', '.join(sorted(unknown))}")
    if unused := values.keys() - known:
        raise DefinitionError(f"nothing is called {', '.join(sorted(unused))}")
    result: Definition = _filled(definition, values)
    return result


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        whole = PLACEHOLDER.fullmatch(value)
        if whole and whole[1] in values:
            return values[whole[1]]
        return PLACEHOLDER.sub(lambda found: _text(found, values), value) if "${" in value else value
    if isinstance(value, dict):
        return {key: _filled(item, values) for key, item in value.items()}
    return [_filled(item, values) for item in value] if isinstance(value, list) else value


def _text(found: re.Match[str], values: Mapping[str, Any]) -> str:
    value = values.get(found[1], found[0])
    return value if isinstance(value, str) else json.dumps(value)


def without(definition: Definition, present: frozenset[str]) -> Definition:
    """Leave out every state whose ``When`` is not in ``present``; what led to it leads to what follows it."""
    states = definition["States"]
    absent = {
        name: state["Next"] for name, state in states.items() if state.get(OPTIONAL, "") not in {"", *present}
    }
    kept = {
        name: _redirected({key: value for key, value in state.items() if key != OPTIONAL}, absent)
        for name, state in states.items()
        if name not in absent
    }
    return {**definition, "StartAt": _after(definition["StartAt"], absent), "States": kept}


def _redirected(value: Any, absent: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: _after(item, absent) if key in ("Next", "Default") else _redirected(item, absent)
            for key, item in value.items()
        }
    return [_redirected(item, absent) for item in value] if isinstance(value, list) else value


def _after(name: Any, absent: Mapping[str, str]) -> Any:
    while isinstance(name, str) and name in absent:
        name = absent[name]
    return name
