"""The reward for JSON: its validator agrees with jsonschema, credit is partial, schemas are judged first."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reward_contract import assert_valid, chat, errors, metric

from reward_json_schema.handler import handler
from rewards.batch import ConfigurationError
from rewards.json_schemas import Validator
from rewards.json_texts import DEEPEST
from rewards.schema_keywords import check
from rewards.scores import ScoreError

PARTS = ("json_parses", "required_present", "types_match", "schema_valid")
TICKET = {
    "type": "object",
    "properties": {
        "category": {"enum": ["card", "account"]},
        "urgent": {"type": "boolean"},
        "amount": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "customer": {"$ref": "#/$defs/customer"},
    },
    "required": ["category", "urgent"],
    "additionalProperties": False,
    "$defs": {"customer": {"type": "object", "required": ["name"]}},
}


def _judged(answer: str, schema: object) -> dict[str, Any]:
    event = [chat(answer, json_schema=schema)]
    (found,) = assert_valid(event, handler(event, None))
    return found


@pytest.mark.parametrize(
    ("answer", "parts"),
    [
        ('{"category": "card", "urgent": true}', (1, 1, 1, 1)),
        ('```json\n{"category": "card", "urgent": true}\n```', (1, 1, 1, 1)),
        ('<think>{}</think> {"category": "card", "urgent": true}', (1, 1, 1, 1)),
        ('{"category": "card", "urgent": true, "amount": null, "customer": {"name": "A"}}', (1, 1, 1, 1)),
        ('{"category": "loan", "urgent": true}', (1, 1, 1, 0)),
        ('{"category": "card", "urgent": true, "colour": 1}', (1, 1, 1, 0)),
        ('{"category": "card", "urgent": "yes"}', (1, 1, 2 / 3, 0)),
        ('{"category": "card", "urgent": true, "amount": "1"}', (1, 1, 3 / 4, 0)),
        ('{"category": "card", "urgent": true, "customer": []}', (1, 1, 3 / 4, 0)),
        ('{"category": "card"}', (1, 1 / 2, 2 / 3, 0)),
        ("{}", (1, 0, 1 / 3, 0)),
        ("[]", (1, 0, 0, 0)),
        ("null", (1, 0, 0, 0)),
        ("", (0, 0, 0, 0)),
        ('Here you are: {"category": "card", "urgent": true}', (0, 0, 0, 0)),
        ('{"category": "card", "urgent": true, "urgent": true}', (0, 0, 0, 0)),
        ('{"category": "card", "urgent": true, "amount": NaN}', (0, 0, 0, 0)),
        ('{"category": "card", "urgent": true, "amount": 1e999}', (0, 0, 0, 0)),
        ('```json\n{"category": "card"', (0, 0, 0, 0)),
    ],
)
def test_credit_is_a_quarter_for_each_step_to_a_valid_answer(answer: str, parts: tuple[float, ...]) -> None:
    found = _judged(answer, TICKET)
    assert tuple(metric(found, name) for name in PARTS) == pytest.approx(parts)
    assert found["aggregate_reward_score"] == pytest.approx(sum(parts) / 4)


def test_what_is_no_object_has_no_credit_for_members_though_none_is_required() -> None:
    found = _judged("[]", {"type": "object", "properties": {"a": {"type": "null"}}})
    assert found["aggregate_reward_score"] == 0.25


@pytest.mark.parametrize(
    "sample",
    [
        chat("1", json_schema={"type": "integer"}),
        chat("1", json_schema='{"type": "integer"}'),
        chat("1", reference_answer={"json_schema": {"type": "integer"}}),
        chat("1", metadata={"json_schema": {"type": "integer"}}),
        chat("1", extra_info={"json_schema": {"type": "integer"}}),
        chat("1"),
    ],
)
def test_the_schema_comes_with_the_sample_or_from_the_environment(
    sample: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    general = "string" if len(sample) > 2 else "integer"
    monkeypatch.setenv("JSON_SCHEMA", json.dumps({"type": general}))
    (found,) = assert_valid([sample], handler([sample], None))
    assert found["aggregate_reward_score"] == 1.0


@pytest.mark.parametrize("written", ["{", "[]", '{"pattern": "a"}'])
def test_an_unusable_schema_in_the_environment_is_a_mistake_of_the_deployment(
    written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JSON_SCHEMA", written)
    with pytest.raises(ConfigurationError, match="JSON_SCHEMA: "):
        handler([], None)


DEEP: dict[str, Any] = {}
for _ in range(DEEPEST):
    DEEP = {"not": DEEP}

MALFORMED = "error_schema_malformed"
UNSUPPORTED = "error_schema_keyword_unsupported"
UNUSABLE: list[tuple[Any, str, str]] = [
    ([], MALFORMED, "at #, allowed: an object, true, false"),
    ({"type": "text"}, MALFORMED, "at #/type, allowed: one or more of array,"),
    ({"type": []}, MALFORMED, "at #/type"),
    ({"properties": []}, MALFORMED, "at #/properties, allowed: an object of schemas"),
    ({"properties": {"a": 1}}, MALFORMED, "at #/properties/a, allowed: an object, true, false"),
    ({"items": [{}]}, MALFORMED, "at #/items, allowed: an object, true, false"),
    ({"anyOf": []}, MALFORMED, "at #/anyOf, allowed: an array of schemas"),
    ({"required": ["a", 1]}, MALFORMED, "at #/required, allowed: an array of names"),
    ({"enum": 1}, MALFORMED, "at #/enum, allowed: an array"),
    ({"minLength": -1}, MALFORMED, "at #/minLength, allowed: an integer, 0 or more"),
    ({"maximum": "1"}, MALFORMED, "at #/maximum, allowed: a number"),
    ({"minimum": float("nan")}, MALFORMED, "at #/minimum, allowed: a number"),
    ({"uniqueItems": 1}, MALFORMED, "at #/uniqueItems, allowed: true, false"),
    ({"$ref": "#/$defs/a"}, MALFORMED, "at $ref #/$defs/a, allowed: # or #/$defs/<name>"),
    ({"$ref": "https://example.com/a"}, MALFORMED, "at $ref https://example.com/a"),
    ({"$schema": "http://json-schema.org/draft-07/schema#"}, MALFORMED, "at #/$schema, allowed: https://"),
    (DEEP, MALFORMED, "nested deeper than 64 levels"),
    ({"enum": [1], "anyOf": [{}] * 2000}, MALFORMED, "more than 2000 schemas"),
    ({"pattern": "^a"}, UNSUPPORTED, "#/pattern is not supported, allowed: $schema, $id,"),
    ({"allOf": [{"if": {}}]}, UNSUPPORTED, "#/allOf/0/if is not supported"),
    ({"items": {"$id": "b"}}, UNSUPPORTED, "#/items/$id is not supported"),
    ({"$defs": {"a": {"patternProperties": {}}}}, UNSUPPORTED, "#/$defs/a/patternProperties"),
]


@pytest.mark.parametrize(("schema", "error", "message"), UNUSABLE)
def test_a_schema_outside_the_supported_part_is_refused_whatever_the_answer(
    schema: Any, error: str, message: str
) -> None:
    found = _judged("1", schema)
    assert errors(found) == [error]
    assert found["aggregate_reward_score"] == 0.0
    with pytest.raises(ScoreError) as refused:
        check(schema)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("schema", "valid", "invalid"),
    [
        ({"type": "integer"}, [1, 1.0, -3], [1.5, True, "1", None]),
        ({"type": "number"}, [1, 1.5], [False, "1"]),
        ({"type": ["null", "boolean"]}, [None, True], [0, ""]),
        ({"const": 1}, [1, 1.0], [True, "1"]),
        ({"enum": [[1], {"a": False}]}, [[1.0], {"a": False}], [[True], {"a": 0}]),
        ({"oneOf": [{"minimum": 2}, {"maximum": 3}]}, [1, 4], [2, 3]),
        ({"oneOf": [{"type": "null"}, {"type": "string"}]}, [None, ""], [1]),
        ({"anyOf": [{"type": "null"}, {"minLength": 2}]}, [None, "ab", 1], ["a"]),
        ({"not": {"type": "null"}}, [1], [None]),
        (
            {"prefixItems": [{"type": "string"}], "items": {"type": "null"}},
            [[], ["a", None]],
            [["a", "b"], [1]],
        ),
        ({"uniqueItems": True}, [[1, True, "1"], "aa"], [[1, 1.0], [{"a": 1, "b": 2}, {"b": 2, "a": 1}]]),
        ({"exclusiveMinimum": 1, "exclusiveMaximum": 3}, [2, "x"], [1, 3]),
        ({"minLength": 2, "maxLength": 3}, ["😀😀", 1], ["😀", "abcd"]),
        ({"minProperties": 1, "maxProperties": 1}, [{"a": 1}, 1], [{}, {"a": 1, "b": 1}]),
        (
            {"properties": {"a": False}, "additionalProperties": {"type": "null"}},
            [{"b": None}],
            [{"a": 1}, {"b": 1}],
        ),
        ({"$ref": "#/$defs/a~1b%20c", "$defs": {"a/b c": {"type": "null"}}}, [None], [1]),
    ],
)
def test_keywords_mean_what_the_standard_says(schema: Any, valid: list[Any], invalid: list[Any]) -> None:
    judge, oracle = Validator(schema), jsonschema.Draft202012Validator(schema)
    assert [one for one in valid if not (judge.valid(one) and oracle.is_valid(one))] == []
    assert [one for one in invalid if judge.valid(one) or oracle.is_valid(one)] == []


def test_without_any_schema_the_sample_says_so() -> None:
    assert errors(_judged("1", None)) == ["error_schema_missing"]
    assert errors(_judged("1", "{")) == ["error_schema_malformed"]


TWICE = {"anyOf": [{"items": {"$ref": "#"}, "minItems": 1}, {"items": {"$ref": "#"}, "minItems": 1}]}


@pytest.mark.parametrize(
    ("schema", "answer"),
    [({"$ref": "#"}, "1"), ({"allOf": [{"$ref": "#"}]}, "1"), (TWICE, "[" * 60 + "]" * 60)],
)
def test_a_schema_that_would_take_for_ever_is_given_up(schema: Any, answer: str) -> None:
    assert errors(_judged(answer, schema)) == ["error_schema_too_costly"]


@pytest.mark.parametrize("text", ["[" * 65 + "]" * 65, "[" * 99_000, '{"a":' * 19_000, '["]", ' * 65])
def test_an_answer_that_is_nested_without_end_is_given_up(text: str) -> None:
    found = _judged(text, {})
    assert errors(found) == ["error_answer_nested_too_deeply"]
    assert found["aggregate_reward_score"] == 0.0


def test_the_end_of_an_answer_that_is_too_long_is_no_answer() -> None:
    found = _judged("[" + "1," * 50_000 + "1]", True)
    assert errors(found) == ["error_answer_too_long"]
    assert found["aggregate_reward_score"] == 0.0


def test_what_is_nested_as_deeply_as_allowed_is_validated() -> None:
    text = "[" * DEEPEST + "]" * DEEPEST
    assert _judged(text, {"type": "array", "items": {"$ref": "#"}})["aggregate_reward_score"] == 1.0
    assert _judged(json.dumps(["[" * 99]), {"type": "array"})["aggregate_reward_score"] == 1.0


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.0, 1.0, 1.5, -2.5]),
    st.text("ab", max_size=3),
)
NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
SMALL = st.integers(0, 3)
TYPES = st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"])


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keywords = {
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
        "enum": st.lists(VALUES, min_size=1, max_size=3),
        "const": VALUES,
        "required": st.lists(NAMES, max_size=2, unique=True),
        "uniqueItems": st.booleans(),
        **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), st.integers(-2, 2)),
        **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), SMALL),
        **dict.fromkeys(("minProperties", "maxProperties"), SMALL),
        "properties": st.dictionaries(NAMES, inner, max_size=3),
        **dict.fromkeys(("additionalProperties", "items", "not"), inner),
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), st.lists(inner, min_size=1, max_size=2)),
        "$ref": st.just("#/$defs/x"),
    }
    return st.lists(st.sampled_from(sorted(keywords)), max_size=3, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: keywords[name] for name in names})
    )


SCHEMAS = st.recursive(st.booleans() | _objects(st.booleans()), _objects, max_leaves=5)


def _agrees(schema: Any, definition: Any, value: Any) -> None:
    """Assert that both validators say the same, and that only what is valid is worth all."""
    whole = {"$defs": {"x": definition}, "allOf": [schema]}
    expected = jsonschema.Draft202012Validator(whole).is_valid(value)
    assert Validator(whole).valid(value) == expected
    found = _judged(
        json.dumps(value), {"$defs": {"x": definition}, **schema} if schema is not True else whole
    )
    assert (found["aggregate_reward_score"] == 1.0) == expected
    assert expected or found["aggregate_reward_score"] <= 0.75


CASES = st.tuples(SCHEMAS.filter(lambda one: isinstance(one, dict)), SCHEMAS, VALUES)


@given(CASES)
@settings(max_examples=60, deadline=None)
def test_the_validator_agrees_with_jsonschema(case: tuple[Any, Any, Any]) -> None:
    schema, definition, value = case
    if "$ref" not in json.dumps(definition):
        _agrees(schema, definition, value)


@pytest.mark.thorough
@given(CASES)
@settings(max_examples=3_000, deadline=None)
def test_the_validator_agrees_with_jsonschema_on_thousands_of_schemas(case: tuple[Any, Any, Any]) -> None:
    schema, definition, value = case
    if "$ref" not in json.dumps(definition):
        _agrees(schema, definition, value)
