"""The part of JSON Schema 2020-12 that ``json_schemas`` validates, and a check that a schema keeps to it.

A function has Python's standard library only, which has no validator. Covered is what Pydantic's
``model_json_schema`` writes of ordinary models. ``format`` is an annotation, as the standard has it by
default. Left out are ``pattern`` and ``patternProperties``, since Python's regular expressions may take for
ever on a text that a model chose, and what is rare: a schema that has them is refused, not half obeyed.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn
from urllib.parse import unquote

from rewards.json_texts import DEEPEST, depth
from rewards.scores import SCHEMA_KEYWORD_UNSUPPORTED, SCHEMA_MALFORMED, ScoreError

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
ANNOTATIONS = (
    "$comment",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "format",
    "contentEncoding",
    "contentMediaType",
)
NAMED_SCHEMAS = ("properties", "$defs")
LISTED_SCHEMAS = ("allOf", "anyOf", "oneOf", "prefixItems")
SINGLE_SCHEMAS = ("additionalProperties", "items", "not")
BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_DEFINITIONS = "#/$defs/"
LARGEST_SCHEMA = 2_000
"""Schemas within one schema."""


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _count(value: object) -> bool:
    return isinstance(value, (int, float)) and _number(value) and value >= 0 and value % 1 == 0


def _names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _type(value: object) -> bool:
    return bool(value) and all(name in TYPES for name in (value if isinstance(value, list) else [value]))


_VALUES: dict[str, tuple[Callable[[object], bool], str]] = {
    "$schema": (lambda value: isinstance(value, str) and value.rstrip("#") == DIALECT, DIALECT),
    "$id": (lambda value: isinstance(value, str), "a text"),
    "$ref": (lambda value: isinstance(value, str), "# or #/$defs/<name>"),
    "type": (_type, f"one or more of {', '.join(TYPES)}"),
    "enum": (lambda value: isinstance(value, list), "an array"),
    "const": (lambda value: True, "any value"),
    "required": (_names, "an array of names"),
    "uniqueItems": (lambda value: isinstance(value, bool), "true, false"),
    **dict.fromkeys(BOUNDS, (_number, "a number")),
    **dict.fromkeys(COUNTS, (_count, "an integer, 0 or more")),
}
KEYWORDS = (*_VALUES, *NAMED_SCHEMAS, *LISTED_SCHEMAS, *SINGLE_SCHEMAS, *ANNOTATIONS)
"""Every keyword a schema may have."""


def check(schema: object) -> None:
    """Raise ScoreError, naming the keyword and its path, if a schema is malformed or has another keyword."""
    if depth(schema) > DEEPEST:
        raise ScoreError(SCHEMA_MALFORMED, f"the schema is nested deeper than {DEEPEST} levels")
    waiting: list[tuple[str, object]] = [("#", schema)]
    looked_at = 0
    while waiting:
        path, one = waiting.pop()
        looked_at += 1
        if looked_at > LARGEST_SCHEMA:
            raise ScoreError(SCHEMA_MALFORMED, f"more than {LARGEST_SCHEMA} schemas are within the schema")
        waiting.extend(_within(path, one, schema))


def _within(path: str, schema: object, root: object) -> Iterator[tuple[str, object]]:
    """Yield the schemas of the next level, after a look at the keywords of this one."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        _malformed(path, "an object, true, false")
    for keyword, value in schema.items():
        place = f"{path}/{keyword}"
        _look_at(place, keyword, value, root)
        yield from _subschemas(place, keyword, value)


def _look_at(path: str, keyword: str, value: object, root: object) -> None:
    if keyword not in KEYWORDS or (keyword == "$id" and path != "#/$id"):
        raise ScoreError(
            SCHEMA_KEYWORD_UNSUPPORTED, f"{path} is not supported, allowed: {', '.join(KEYWORDS)}"
        )
    fits, allowed = _VALUES.get(keyword, (lambda value: True, "any value"))
    if not fits(value):
        _malformed(path, allowed)
    if keyword == "$ref":
        resolved(root, str(value))


def _subschemas(path: str, keyword: str, value: object) -> Iterator[tuple[str, object]]:
    if keyword in NAMED_SCHEMAS:
        if not isinstance(value, Mapping):
            _malformed(path, "an object of schemas")
        yield from ((f"{path}/{name}", inner) for name, inner in value.items())
    elif keyword in LISTED_SCHEMAS:
        if not isinstance(value, list) or not value:
            _malformed(path, "an array of schemas")
        yield from ((f"{path}/{number}", inner) for number, inner in enumerate(value))
    elif keyword in SINGLE_SCHEMAS:
        yield path, value


def resolved(root: object, reference: str) -> Any:
    """The schema that a ``$ref`` names: ``#`` or ``#/$defs/<name>``. Raises ScoreError if there is none."""
    if reference == "#":
        return root
    named = root.get("$defs") if isinstance(root, Mapping) else None
    name = unquote(reference.removeprefix(_DEFINITIONS)).replace("~1", "/").replace("~0", "~")
    if not reference.startswith(_DEFINITIONS) or not isinstance(named, Mapping) or name not in named:
        _malformed(f"$ref {reference}", "# or #/$defs/<name> of the schema itself")
    return named[name]


def _malformed(path: str, allowed: str) -> NoReturn:
    raise ScoreError(SCHEMA_MALFORMED, f"the schema is malformed at {path}, allowed: {allowed}")
