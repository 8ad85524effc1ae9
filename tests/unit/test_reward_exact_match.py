"""The exact match knows the ways in which people and models write the same answer."""

from typing import Any

import pytest
from reward_contract import assert_valid, chat, metric

from reward_exact_match.handler import handler
from rewards.batch import ConfigurationError

RIGHT: list[tuple[str, Any]] = [
    ("Paris", "Paris"),
    (" paris.\n", "Paris"),
    ("**Paris**", "Paris"),
    ("“Paris”", "Paris"),
    ("New\u00a0York \n City", "new york city"),
    ("Cafe\u0301", "Café"),
    ("STRASSE", "Straße"),
    ("A", "a"),
    ("The answer is B.", "B"),
    ("Answer: Paris", "Paris"),
    ("**Answer:** Paris", "Paris"),
    ("The answer is Paris. I hope this helps.", "Paris"),
    ("<think>London? No.</think>\nParis", "Paris"),
    ("<answer> Paris </answer> as you know", "Paris"),
    ("<answer>The answer is Paris</answer>", "Paris"),
    ("Let me see.\n\nParis", "Paris"),
    (r"so \boxed{\text{Paris}}", "Paris"),
    (r"so \boxed{x^{2}}", r"x^{2}"),
    (r"\boxed{3} no, \boxed{4}", "4"),
    ("#### 42", "42"),
    ("48 / 2 = 24\n#### 1,234", "Natalia sold ...\n#### 1234"),
    ("so $42.00", 42),
    ("It is 42.", "42"),
    ("It is 42 apples", "42"),
    ("#### 42 apples", 42),
    ("−7", "-7"),
    ("+7", 7),
    ("7.", "7"),
    (".5", "0.5"),
    ("50%", "50"),
    (r"50\%", "50"),
    ("1/2", "0.5"),
    (r"\boxed{\frac{1}{2}}", "1/2"),
    (r"\boxed{-\dfrac{6}{4}}", "-1.5"),
    ("2/6", "1/3"),
    ("It is 3/4.", "0.75"),
    (r"It is -\frac{3}{4}", "-0.75"),
    ("1e3", "1000"),
    ("3.14159265", 3.1415927),
    ("12345678901234567890", 12345678901234567890),
    ("x = 4, so x = 4\n#### x = 4", 4),
    ("true", True),
    ("Lisbon", ["Lisboa", "Lisbon"]),
    ("42", {"answer": "42"}),
    ("42", {"text": "42", "note": "easy"}),
    ('{"b": [1.0], "a": null}', {"a": None, "b": [1]}),
    ('```json\n{"a": 1}\n```', {"a": 1}),
]
WRONG: list[tuple[str, Any]] = [
    ("London", "Paris"),
    ("Paris or London", "Paris"),
    ("It is not Paris", "Paris"),
    ("The answer is Paris or London", "Paris"),
    ("", "Paris"),
    ("...", "?"),
    ("", "?"),
    ("#### 3 or 4", "4"),
    ("#### 4 or 3", "4"),
    (r"\boxed{4} no, \boxed{3}", "4"),
    (r"\boxed{{Paris}", "Paris"),
    ("42 is wrong, 43", "42"),
    ("x42", "42"),
    ("4.2.42", "42"),
    ("12345678901234567891", 12345678901234567890),
    ("1,2345", "12345"),
    ("1/3", "0.3333"),
    ("It is 3/4", "4"),
    (r"It is \frac{3}{4}", "4"),
    ("1/0", "0"),
    (r"\frac{1}{0}", "0"),
    ("1e999", "1e998"),
    ("9" * 5000, "1"),
    ("10²", "102"),
    ("0.5", "50%"),
    ("true", 1),
    ("1", True),
    ('{"a": true}', {"a": 1}),
    ('{"a": 1, "a": 1}', {"a": 1}),
    ("{'a': 1}", {"a": 1}),
    ("[" * 100_000, {"a": 1}),
]


def _judged(answer: str, reference: object) -> dict[str, Any]:
    event = [chat(answer, reference_answer=reference)]
    (found,) = assert_valid(event, handler(event, None))
    return found


@pytest.mark.parametrize(("answer", "reference"), RIGHT, ids=lambda value: str(value)[:40])
def test_the_same_answer_is_recognised_however_it_is_written(answer: str, reference: object) -> None:
    assert _judged(answer, reference)["aggregate_reward_score"] == 1.0


@pytest.mark.parametrize(("answer", "reference"), WRONG, ids=lambda value: str(value)[:40])
def test_another_answer_is_worth_nothing(answer: str, reference: object) -> None:
    assert _judged(answer, reference)["aggregate_reward_score"] == 0.0


@pytest.mark.parametrize(
    ("answer", "flexible", "strict"),
    [("It is 42", 1.0, 0.0), ("I think:\n42", 1.0, 0.0), ("42", 1.0, 1.0), ("#### 42", 1.0, 1.0)],
)
def test_strict_extraction_wants_a_mark_or_nothing_else(
    answer: str, flexible: float, strict: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _judged(answer, "42")["aggregate_reward_score"] == flexible
    monkeypatch.setenv("EXTRACTION", "strict")
    assert _judged(answer, "42")["aggregate_reward_score"] == strict


def test_whether_the_answer_was_marked_is_reported() -> None:
    assert metric(_judged("#### 42", "42"), "answer_marked") == 1.0
    assert metric(_judged("42", "42"), "answer_marked") == 0.0


def test_the_tolerance_is_relative_and_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _judged("99.5", "100")["aggregate_reward_score"] == 0.0
    monkeypatch.setenv("RELATIVE_TOLERANCE", "0.01")
    assert _judged("99.5", "100")["aggregate_reward_score"] == 1.0
    assert _judged("99", "100")["aggregate_reward_score"] == 0.0, "integers are compared exactly"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RELATIVE_TOLERANCE", "a bit"),
        ("RELATIVE_TOLERANCE", "nan"),
        ("RELATIVE_TOLERANCE", "1"),
        ("EXTRACTION", "lenient"),
    ],
)
def test_unusable_settings_are_a_mistake_of_the_deployment(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=f"{name} is '{value}', allowed: "):
        handler([], None)
