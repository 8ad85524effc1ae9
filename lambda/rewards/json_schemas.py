"""Validates a JSON value against a schema of the keywords that ``schema_keywords`` has."""

from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from typing import Any

from rewards.json_texts import key
from rewards.schema_keywords import check, resolved
from rewards.scores import SCHEMA_TOO_COSTLY, ScoreError

MOST_STEPS = 50_000
"""Schemas that are applied to parts of one answer; ``anyOf`` within itself might take 2 ** 64."""


class Validator:
    """Validates values against ``schema``. Raises ScoreError if the schema is malformed or unsupported."""

    def __init__(self, schema: object) -> None:
        check(schema)
        self.root = schema
        self._steps = 0

    def valid(self, value: object) -> bool:
        """Whether ``value`` (nested no deeper than DEEPEST) is valid. Raises ScoreError if too costly."""
        self._steps = 0
        try:
            return self._valid(value, self.root)
        except RecursionError:
            raise ScoreError(SCHEMA_TOO_COSTLY, "the schema refers to itself without end") from None

    def _valid(self, value: object, schema: Any) -> bool:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise ScoreError(SCHEMA_TOO_COSTLY, f"the schema takes more than {MOST_STEPS} steps")
        if isinstance(schema, bool):
            return schema
        return (
            _fits(value, schema)
            and self._combined(value, schema)
            and (not isinstance(value, list) or self._items(value, schema))
            and (not isinstance(value, dict) or self._members(value, schema))
        )

    def _combined(self, value: object, schema: Mapping[str, Any]) -> bool:
        """Whether the schemas that ``schema`` applies to the same value let it pass."""
        if "$ref" in schema and not self._valid(value, resolved(self.root, schema["$ref"])):
            return False
        if not all(self._valid(value, one) for one in schema.get("allOf", ())):
            return False
        if "anyOf" in schema and not any(self._valid(value, one) for one in schema["anyOf"]):
            return False
        if "oneOf" in schema and sum(self._valid(value, one) for one in schema["oneOf"]) != 1:
            return False
        return "not" not in schema or not self._valid(value, schema["not"])

    def _items(self, value: list[Any], schema: Mapping[str, Any]) -> bool:
        """Whether the items of an array are valid."""
        first = schema.get("prefixItems", ())
        rest = schema.get("items", True)
        return all(map(self._valid, value, first)) and (
            rest is True or all(self._valid(item, rest) for item in value[len(first) :])
        )

    def _members(self, value: dict[str, Any], schema: Mapping[str, Any]) -> bool:
        """Whether the members of an object are valid."""
        known = schema.get("properties", {})
        other = schema.get("additionalProperties", True)
        return all(
            self._valid(inner, known[name]) if name in known else other is True or self._valid(inner, other)
            for name, inner in value.items()
        )


def _fits(value: object, schema: Mapping[str, Any]) -> bool:
    """Whether ``value`` fits the keywords that look at it alone."""
    return all(test(value, schema[keyword]) for keyword, test in _TESTS.items() if keyword in schema)


def of_type(value: object, types: object) -> bool:
    """Whether ``value`` is of a type, or of one of several; 1.0 is an integer, true is not."""
    return any(_TYPES[str(name)](value) for name in (types if isinstance(types, list) else [types]))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_TYPES: dict[str, Callable[[object], bool]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, (int, float)) and _is_number(value) and value % 1 == 0,
    "null": lambda value: value is None,
    "number": _is_number,
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}


def _bound(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, limit: not _is_number(value) or holds(value, limit)


def _size(
    kind: type[str] | type[list[Any]] | type[dict[str, Any]], holds: Callable[[Any, Any], bool]
) -> Callable[[Any, Any], bool]:
    return lambda value, limit: not isinstance(value, kind) or holds(len(value), limit)


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "type": of_type,
    "const": lambda value, wanted: key(value) == key(wanted),
    "enum": lambda value, wanted: key(value) in map(key, wanted),
    "minimum": _bound(ge),
    "maximum": _bound(le),
    "exclusiveMinimum": _bound(gt),
    "exclusiveMaximum": _bound(lt),
    "minLength": _size(str, ge),
    "maxLength": _size(str, le),
    "minItems": _size(list, ge),
    "maxItems": _size(list, le),
    "minProperties": _size(dict, ge),
    "maxProperties": _size(dict, le),
    "required": lambda value, names: not isinstance(value, dict) or all(name in value for name in names),
    "uniqueItems": lambda value, wanted: (
        not (wanted and isinstance(value, list)) or len(set(map(key, value))) == len(value)
    ),
}
