"""Whatever a sample holds, every reward function answers it: same length, same ids, same order, 0 to 1."""

import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reward_contract import assert_valid, errors

from rewards.batch import respond
from rewards.exact_match import ExactMatch
from rewards.json_schema_match import settings as schema_settings
from rewards.own import scorer
from rewards.scores import Scorer

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "reward_function.py"
BATCH = 10


def _template() -> Scorer:
    spec = importlib.util.spec_from_file_location("reward", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return scorer(module.score)


SCORERS: dict[str, Callable[[], Scorer]] = {
    "exact match": ExactMatch,
    "json schema": lambda: schema_settings({}),
    "template": _template,
}

ANSWERS = (
    "#### 42",
    r"\boxed{\frac{1}{2}}",
    "<answer>",
    "</think>",
    "The answer is",
    "1/0",
    "-1e309",
    '{"a": 1}',
    "```json\n[]\n```",
    "[" * 3000,
    "9" * 5000,
    "\ud800",
    "\x00",
)
NASTY = st.sampled_from(ANSWERS) | st.text(max_size=12)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | NASTY | st.sampled_from([10**200, -(10**400)])
)
FIELDS = (
    "id",
    "role",
    "content",
    "text",
    "type",
    "reference_answer",
    "json_schema",
    "ground_truth",
    "answer",
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | NASTY, inner, max_size=3)
    ),
    max_leaves=6,
)
KEYWORDS = ("type", "enum", "$ref", "anyOf", "properties", "items", "required", "minimum", "pattern", "$defs")
VALUES = st.sampled_from(["object", "string", "#", "#/$defs/a", 1, -1, True, None])
SCHEMAS = st.recursive(
    VALUES,
    lambda inner: (
        st.dictionaries(st.sampled_from(KEYWORDS), inner, max_size=3)
        | st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=6,
)
TURNS = st.fixed_dictionaries(
    {}, optional={"role": st.sampled_from(["user", "assistant", "nova_assistant", 1]), "content": JSON}
)
ODD = st.fixed_dictionaries(
    {},
    optional={
        "id": SCALARS | JSON,
        "messages": st.lists(TURNS | SCALARS, max_size=3) | JSON,
        "model_response": NASTY,
        "completion": JSON,
        "response": JSON,
        "prompt": JSON,
        "reference_answer": JSON | NASTY,
        "json_schema": SCHEMAS,
        "metadata": JSON,
        "reward_model": st.fixed_dictionaries({"ground_truth": JSON}) | JSON,
        "extra_info": JSON,
    },
)


WRITTEN = NASTY | st.lists(NASTY, min_size=2, max_size=4).map(" ".join)
USABLE = st.sampled_from(
    [
        {},
        {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
        {"anyOf": [{"type": "array", "items": {"$ref": "#"}}, {"type": "number"}]},
        {"$ref": "#"},
    ]
)
LIKELY = st.fixed_dictionaries(
    {
        "id": st.text(max_size=4) | st.integers(),
        "messages": WRITTEN.map(lambda text: [{"role": "assistant", "content": text}]),
        "reference_answer": WRITTEN | SCALARS | JSON,
        "json_schema": USABLE | USABLE | SCHEMAS,
    }
)
SAMPLES = st.one_of(LIKELY, LIKELY, ODD, JSON)
"""Half of them get as far as being scored; the others are refused on the way."""


def _fuzzed(name: str, batches: int) -> tuple[int, int]:
    """Answer batches of arbitrary samples in both forms; how many samples they had, how many were scored."""
    score, seen, scored = SCORERS[name](), 0, 0

    @given(st.lists(SAMPLES, min_size=BATCH, max_size=BATCH), st.sampled_from(["array", "http"]))
    @settings(max_examples=batches, deadline=None, suppress_health_check=list(HealthCheck))
    def answered(event: list[Any], form: str) -> None:
        nonlocal seen, scored
        seen += len(event)
        found = assert_valid(event, respond(event, score, form), form)
        assert "error_score_raised" not in {error for one in found for error in errors(one)}
        scored += sum(not {*errors(one)} - {"error_id_unusable"} for one in found)

    answered()
    return seen, scored


@pytest.mark.parametrize("name", SCORERS)
def test_any_sample_gets_a_valid_answer(name: str) -> None:
    seen, scored = _fuzzed(name, 10)
    assert seen >= 100
    assert scored > 0


@pytest.mark.thorough
@pytest.mark.parametrize("name", SCORERS)
def test_ten_thousand_samples_get_valid_answers(name: str) -> None:
    seen, scored = _fuzzed(name, 1_000)
    assert seen >= 10_000
    assert scored >= 2_500


@given(st.one_of(JSON, st.dictionaries(st.sampled_from(["body", "samples", "messages"]), JSON, max_size=2)))
@settings(max_examples=30, deadline=None)
def test_any_event_gets_an_answer(event: Any) -> None:
    answer = respond(event, ExactMatch(), "http")
    assert isinstance(answer, dict)
    alone = isinstance(event, dict) and "messages" in event
    if isinstance(event, list) or alone:
        assert_valid([event] if alone else event, answer, "http")
    elif answer["statusCode"] == 200:
        assert isinstance(event, dict)
    else:
        assert answer["statusCode"] == 400


SLOW = {
    "digits": "1" * 99_000,
    "thousands": "1,234" * 20_000,
    "separators": ",123" * 25_000,
    "signs": "+-" * 50_000,
    "slashes": "1 / " * 25_000,
    "boxes": r"\boxed{" * 14_000,
    "braces": r"\boxed" + "{" * 90_000,
    "commands": r"\text{" * 16_000,
    "marks": "#### " * 20_000,
    "answers": "answer is " * 10_000,
    "blank lines": "answer is" + "\n" * 90_000,
    "blanks": "answer" + " " * 90_000,
    "tags": "<answer>" * 12_000,
    "fractions": r"\frac{" * 16_000,
    "numbers in JSON": "[" + "1," * 49_000 + "1]",
    "brackets": "[" * 99_000,
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["exact match", "json schema"])
@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW)
def test_the_longest_answers_are_scored_in_time_that_grows_with_their_length(name: str, text: str) -> None:
    score = SCORERS[name]()
    schema = {"items": {"$ref": "#"}, "uniqueItems": True}
    event = [{"messages": [{"role": "assistant", "content": text}], "reference_answer": "7"}]
    event[0]["json_schema"] = schema
    started = time.process_time()
    assert_valid(event, respond(event, score, "array"))
    assert time.process_time() - started < 2
