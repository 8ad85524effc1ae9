"""Scores an answer that has to be JSON by a schema, with partial credit.

A quarter each for: the answer is JSON (``json_parses``); the share of the required members of its outermost
object that are there (``required_present``); the share of that object and its declared members that have the
right type (``types_match``; a required member that is missing has not); all of it is valid
(``schema_valid``). So a model that never succeeds still learns in which direction success lies, and nothing
but a valid answer is worth more than 0.75. Where a schema declares no members, the two in between are as the
last.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from rewards.batch import LONGEST_ANSWER, ConfigurationError
from rewards.json_schemas import Validator, of_type
from rewards.json_texts import NotJsonError, parsed
from rewards.samples import carried
from rewards.schema_keywords import resolved
from rewards.scores import ANSWER_TOO_LONG, SCHEMA_MALFORMED, SCHEMA_MISSING, Score, ScoreError, Scorer

FIELD = "json_schema"
"""Where a sample carries its schema: an object, or a text of JSON."""

VARIABLE = "JSON_SCHEMA"
"""Environment variable with the schema of samples that carry none; all variables have 4 KiB together."""

_MOST_REFERENCES = 32
"""``$ref`` that are followed to find a member's type."""


def settings(environment: Mapping[str, str]) -> Scorer:
    """A scorer with the schema of the environment, if it has one. Raises ConfigurationError."""
    return _scorer(environment.get(VARIABLE))


@lru_cache(maxsize=8)
def _scorer(written: str | None) -> Scorer:
    try:
        general = Validator(_schema(written)) if written is not None else None
    except ScoreError as error:
        raise ConfigurationError(f"{VARIABLE}: {error}") from error

    def score(answer: str, reference: object, sample: Mapping[str, Any]) -> Score:
        """What ``answer`` is worth. Raises ScoreError if there is no schema to judge by."""
        own = carried(sample, FIELD)
        validator = Validator(_schema(own)) if own is not None else general
        if validator is None:
            raise ScoreError(SCHEMA_MISSING, f"neither the sample ({FIELD}) nor {VARIABLE} has a schema")
        return judged(answer, validator)

    return score


def _schema(given: object) -> object:
    """A schema that may be written as text. Raises ScoreError."""
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except (ValueError, RecursionError) as error:
        raise ScoreError(SCHEMA_MALFORMED, f"the schema is no JSON: {error}") from error


def judged(answer: str, validator: Validator) -> Score:
    """What ``answer`` is worth by a schema, with its components. Raises ScoreError if it cannot be told."""
    try:
        value = parsed(_whole(answer))
    except NotJsonError:
        parts = dict.fromkeys(("json_parses", "required_present", "types_match", "schema_valid"), 0.0)
        return Score(0.0, rewards=parts)
    valid = float(validator.valid(value))
    outermost = _followed(validator.root, validator.root)
    required, types = (1.0, 1.0) if valid else _shares(value, outermost, validator.root)
    parts = {"json_parses": 1.0, "required_present": required, "types_match": types, "schema_valid": valid}
    return Score(sum(parts.values()) / len(parts), rewards=parts)


def _whole(answer: str) -> str:
    """An answer that was not cut: its end may be JSON where it is not. Raises ScoreError."""
    if len(answer) >= LONGEST_ANSWER:
        raise ScoreError(ANSWER_TOO_LONG, f"the answer has {LONGEST_ANSWER} characters or more")
    return answer


def _shares(value: object, schema: Any, root: object) -> tuple[float, float]:
    """Shares of required members that are there, and of types that are right."""
    if not isinstance(schema, dict) or not (schema.get("properties") or schema.get("required")):
        return 0.0, 0.0
    declared = schema.get("properties", {})
    required = set(schema.get("required", ()))
    members = value if isinstance(value, dict) else {}
    present = sum(name in members for name in required) / len(required) if required else 1.0
    expected = [name for name in declared if name in required or name in members]
    right = sum(name in members and _type_fits(members[name], declared[name], root) for name in expected)
    outermost = isinstance(value, dict)
    return present * outermost, (right + outermost) / (len(expected) + 1)


def _type_fits(value: object, schema: Any, root: object) -> bool:
    """Whether a member has its declared type; one that is declared otherwise has."""
    target = _followed(schema, root)
    if not isinstance(target, dict):
        return target is not False
    if "type" in target:
        return of_type(value, target["type"])
    choices = [_followed(one, root) for one in (*target.get("anyOf", ()), *target.get("oneOf", ()))]
    typed = [one["type"] for one in choices if isinstance(one, dict) and "type" in one]
    return len(typed) < len(choices) or not typed or any(of_type(value, one) for one in typed)


def _followed(schema: Any, root: object) -> Any:
    """The schema that stands behind references."""
    for _ in range(_MOST_REFERENCES):
        if not isinstance(schema, dict) or "$ref" not in schema or "type" in schema:
            break
        schema = resolved(root, schema["$ref"])
    return schema
