"""Every reward function answers as AWS documents it: documented samples, broken samples, other events."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest
from reward_contract import assert_valid, chat, errors

from reward_exact_match.handler import handler
from reward_json_schema.handler import handler as schema_handler
from rewards.batch import LONGEST_ANSWER, ConfigurationError, respond
from rewards.own import scorer
from rewards.samples import answer, reference
from rewards.scores import ERRORS

PARIS = "The capital of France is Paris."
ASKED = {"role": "user", "content": "What is the capital of France?"}
DOCUMENTED = {
    "OpenAI chat": {
        "id": "123",
        "messages": [
            {"role": "system", "content": "You are helpful."},
            ASKED,
            {"role": "assistant", "content": "Paris"},
            {"role": "assistant", "content": PARIS},
        ],
        "reference_answer": {"text": "Paris"},
    },
    "verl": {
        "data_source": "openai/gsm8k",
        "prompt": [ASKED, {"role": "assistant", "content": PARIS}],
        "response": PARIS,
        "reward_model": {"style": "rule", "ground_truth": "Paris"},
        "extra_info": {"reference_answer": {"text": "Paris"}, "processor_config": {"aggregation": "mean"}},
    },
    "verl in training": {
        "prompt": [ASKED, {"role": "assistant", "content": PARIS}],
        "reward_model": {"style": "rule", "ground_truth": "Paris"},
        "extra_info": {"reference_answer": {"text": ""}},
    },
    "Hugging Face prompt-completion": {
        "id": "123",
        "prompt": ASKED["content"],
        "completion": PARIS,
        "reference_answer": {"text": "Paris"},
    },
    "Hugging Face, conversational": {
        "id": "123",
        "prompt": [ASKED],
        "completion": [{"role": "assistant", "content": PARIS}],
        "reference_answer": {"text": "Paris"},
    },
    "Hugging Face preference": {
        "id": "123",
        "prompt": ASKED["content"],
        "completion": PARIS,
        "chosen": "Paris",
        "rejected": "London",
        "reference_answer": {"text": "Paris"},
    },
    "SageMaker AI evaluation": {
        "id": "123",
        "model_response": PARIS,
        "query": ASKED["content"],
        "response": "Paris",
        "system": "You are a helpful assistant.",
        "reference_answer": {"text": "Paris"},
    },
    "Nova": {
        "id": "sample-001",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": ASKED["content"]}]},
            {"role": "nova_assistant", "content": [{"type": "text", "text": PARIS}]},
        ],
        "reference_answer": "Paris",
    },
    "Bedrock": {
        "id": "123",
        "messages": [ASKED, {"role": "assistant", "content": [{"text": PARIS[:9]}, {"text": PARIS[9:]}]}],
        "metadata": {"reference_answer": "Paris", "my_key": "sample-001"},
    },
}


@pytest.mark.parametrize("form", DOCUMENTED)
def test_answer_and_reference_are_found_in_every_documented_form(form: str) -> None:
    assert answer(DOCUMENTED[form]) == (PARIS, None)
    assert reference(DOCUMENTED[form]) == "Paris"


@pytest.mark.parametrize("form", ["array", "http"])
@pytest.mark.parametrize("function", [handler, schema_handler])
def test_documented_samples_get_a_documented_answer(
    form: str, function: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWER_FORM", form)
    monkeypatch.setenv("JSON_SCHEMA", '{"type": "string"}')
    event = list(DOCUMENTED.values())
    for found in assert_valid(event, function(event, None), form):
        assert not errors(found)


@pytest.mark.parametrize(
    ("sample", "error"),
    [
        (None, "error_sample_not_an_object"),
        (["id", "1"], "error_sample_not_an_object"),
        ({}, "error_answer_missing"),
        ({"id": "1", "messages": []}, "error_answer_missing"),
        ({"id": "1", "messages": "hello"}, "error_answer_missing"),
        ({"id": "1", "messages": [ASKED]}, "error_answer_missing"),
        ({"id": "1", "messages": [{"role": "assistant"}]}, "error_answer_missing"),
        (chat(None), "error_answer_missing"),
        (chat(42), "error_answer_not_text"),
        (chat([]), "error_answer_not_text"),
        (chat([{"image": {"format": "png"}}]), "error_answer_not_text"),
        (chat("42"), "error_reference_missing"),
        (chat("42", reference_answer=None), "error_reference_missing"),
        (chat("42", reference_answer={"text": ""}), "error_reference_missing"),
        (chat("42", reference_answer=[]), "error_reference_missing"),
        (chat("42", reference_answer=[["42"]]), "error_reference_unusable"),
        (chat("42", reference_answer=["1"] * 101), "error_reference_unusable"),
        ({**chat("42", reference_answer="42"), "id": {"a": 1}}, "error_id_unusable"),
        ({**chat("42", reference_answer="42"), "id": "\ud800"}, "error_id_unusable"),
        ({**chat("42", reference_answer="42"), "id": float("nan")}, "error_id_unusable"),
        ({**chat("42", reference_answer="42"), "id": 10**5000}, "error_id_unusable"),
        (chat("4" * (LONGEST_ANSWER + 1), reference_answer="5"), "error_answer_too_long"),
    ],
)
def test_what_is_wrong_with_a_sample_is_a_metric_of_it_alone(sample: object, error: str) -> None:
    good = chat("42", reference_answer="42")
    event = [good, sample, good]
    before, found, after = assert_valid(event, handler(event, None))
    assert errors(found) == [error]
    assert error in ERRORS
    assert found["aggregate_reward_score"] == float(error == "error_id_unusable")
    assert before == after
    assert before["aggregate_reward_score"] == 1.0


def test_ids_stay_as_they_are_also_when_they_repeat_or_are_no_text() -> None:
    event = [{**chat("1"), "id": one} for one in ("a", "a", 7, 0, "", 1.5, True, "ä😀", None)]
    found = assert_valid(event, handler(event, None))
    assert [one["id"] for one in found] == ["a", "a", 7, 0, "", 1.5, True, "ä😀", "sample-8"]
    assert "error_id_unusable" not in {name for one in found for name in errors(one)}


def test_only_the_end_of_a_very_long_answer_is_scored() -> None:
    long = chat("1 " * LONGEST_ANSWER + "#### 42", reference_answer="42")
    (found,) = assert_valid([long], handler([long], None))
    assert found["aggregate_reward_score"] == 1.0
    assert errors(found) == ["error_answer_too_long"]


def test_a_single_sample_is_an_array_of_one() -> None:
    sample = chat("42", reference_answer="42")
    assert handler(sample, None) == handler([sample], None)


OTHER_EVENTS = [
    (None, "NoneType"),
    ("[]", "str"),
    ({}, "an object with no fields"),
    ({"samples": [chat("42")]}, "an object with 'samples'"),
    ({"version": "2.0", "body": "[]"}, "an object with 'version', 'body'"),
]


@pytest.mark.parametrize(("event", "given"), OTHER_EVENTS)
def test_another_event_is_answered_by_what_is_wrong_with_it(
    event: object, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = handler(event, None)
    assert isinstance(said, dict)
    assert said["errorType"] == "EventError"
    assert f"given: {given}, allowed: a JSON array of samples" in said["errorMessage"]
    monkeypatch.setenv("ANSWER_FORM", "http")
    answered = handler(event, None)
    assert isinstance(answered, dict)
    assert answered["statusCode"] == 400
    assert json.loads(answered["body"]) == said


def test_an_unknown_form_of_answer_is_a_mistake_of_the_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWER_FORM", "xml")
    with pytest.raises(ConfigurationError, match="ANSWER_FORM is 'xml', allowed: array, http"):
        handler([], None)


def _exits(answer: str, reference: object, sample: Mapping[str, Any]) -> object:
    raise SystemExit(1)


def _recurses(answer: str, reference: object, sample: Mapping[str, Any]) -> object:
    return _recurses(answer, reference, sample)


@pytest.mark.parametrize(
    ("score", "worth", "error"),
    [
        (lambda answer, reference, sample: 0.25, 0.25, None),
        (lambda answer, reference, sample: 1, 1.0, None),
        (lambda answer, reference, sample: answer == "42", 1.0, None),
        (lambda answer, reference, sample: 7.5, 1.0, "error_score_out_of_range"),
        (lambda answer, reference, sample: -0.5, 0.0, "error_score_out_of_range"),
        (lambda answer, reference, sample: float("nan"), 0.0, "error_score_not_a_number"),
        (lambda answer, reference, sample: float("inf"), 0.0, "error_score_not_a_number"),
        (lambda answer, reference, sample: 10**400, 0.0, "error_score_not_a_number"),
        (lambda answer, reference, sample: None, 0.0, "error_score_not_a_number"),
        (lambda answer, reference, sample: "1.0", 0.0, "error_score_not_a_number"),
        (lambda answer, reference, sample: 1 / 0, 0.0, "error_score_raised"),
        (_recurses, 0.0, "error_score_raised"),
        (_exits, 0.0, "error_score_raised"),
    ],
)
def test_whatever_ones_own_function_does_is_within_the_contract(
    score: Any, worth: float, error: str | None
) -> None:
    event = [chat("42")]
    (found,) = assert_valid(event, respond(event, scorer(score), "array"))
    assert found["aggregate_reward_score"] == worth
    assert errors(found) == ([error] if error else [])


def test_a_function_that_changes_its_sample_changes_no_id() -> None:
    def score(answer: str, reference: object, sample: Any) -> float:
        sample.clear()
        return 1.0

    found = respond([chat("42")], scorer(score), "array")
    assert isinstance(found, list)
    assert found[0]["id"] == "123"


def test_the_log_counts_errors_and_names_the_place_but_holds_no_data(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def score(answer: str, reference: object, sample: Any) -> float:
        raise KeyError(answer)

    with caplog.at_level(logging.WARNING):
        respond([chat("a secret"), None], scorer(score), "array")
    assert "scoring raised KeyError in test_rewards.py:" in caplog.text
    counted = '2 samples, of which had errors: {"error_score_raised": 1, "error_sample_not_an_object": 1}'
    assert counted in caplog.text
    assert "secret" not in caplog.text
