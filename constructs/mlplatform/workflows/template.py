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
_HOLE = re.compile(r'(?<!\\)"\$\{(?P<whole>[A-Z][A-Za-z0-9]*)\}"(?!:)|\$\{(?P<part>[A-Z][A-Za-z0-9]*)\}')
"""A placeholder in JSON: a text of its own, not a key, or part of one. A quote within a text is escaped."""

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


def written(definition: Any) -> str:
    """A definition, or a value of one, as JSON: what Step Functions is given, without needless spaces."""
    return json.dumps(definition, separators=(",", ":"), ensure_ascii=False)


def placeholders(text: str) -> set[str]:
    """Names of the placeholders somewhere in a text."""
    return set(PLACEHOLDER.findall(text))


def filled(definition: str, values: Mapping[str, Any], *, later: frozenset[str]) -> str:
    """Return ``definition``, as ``written`` has it, with its placeholders filled from ``values``.

    A string that is nothing but a placeholder becomes the value, whatever its type; elsewhere the value is
    inserted as text, or as JSON if it is no text. Those of ``later`` stay for CloudFormation. Raises
    DefinitionError for a placeholder without a value and a value without a placeholder.
    """
    known = placeholders(definition)
    if unknown := known - values.keys() - later:
        raise DefinitionError(f"no value for {', '.join(sorted(unknown))}")
    if unused := values.keys() - known:
        raise DefinitionError(f"nothing is called {', '.join(sorted(unused))}")
    return _HOLE.sub(lambda found: _inserted(found, values), definition)


def _inserted(found: re.Match[str], values: Mapping[str, Any]) -> str:
    name = found["whole"] or found["part"]
    if name not in values:
        return found[0]
    value = values[name]
    if found["whole"]:
        return written(value)
    return written(value if isinstance(value, str) else json.dumps(value))[1:-1]


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
