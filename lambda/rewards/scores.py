"""What a reward function says of one sample, and the names of the errors it may report."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

SAMPLE_NOT_AN_OBJECT = "error_sample_not_an_object"
ID_UNUSABLE = "error_id_unusable"
ANSWER_MISSING = "error_answer_missing"
ANSWER_NOT_TEXT = "error_answer_not_text"
ANSWER_TOO_LONG = "error_answer_too_long"
ANSWER_NESTED_TOO_DEEPLY = "error_answer_nested_too_deeply"
REFERENCE_MISSING = "error_reference_missing"
REFERENCE_UNUSABLE = "error_reference_unusable"
SCHEMA_MISSING = "error_schema_missing"
SCHEMA_MALFORMED = "error_schema_malformed"
SCHEMA_KEYWORD_UNSUPPORTED = "error_schema_keyword_unsupported"
SCHEMA_TOO_COSTLY = "error_schema_too_costly"
SCORE_RAISED = "error_score_raised"
SCORE_NOT_A_NUMBER = "error_score_not_a_number"
SCORE_OUT_OF_RANGE = "error_score_out_of_range"

ERRORS = (
    SAMPLE_NOT_AN_OBJECT,
    ID_UNUSABLE,
    ANSWER_MISSING,
    ANSWER_NOT_TEXT,
    ANSWER_TOO_LONG,
    ANSWER_NESTED_TOO_DEEPLY,
    REFERENCE_MISSING,
    REFERENCE_UNUSABLE,
    SCHEMA_MISSING,
    SCHEMA_MALFORMED,
    SCHEMA_KEYWORD_UNSUPPORTED,
    SCHEMA_TOO_COSTLY,
    SCORE_RAISED,
    SCORE_NOT_A_NUMBER,
    SCORE_OUT_OF_RANGE,
)
"""Every error a sample may have; each is a metric of value 1.0 in the sample's ``metrics_list``."""


@dataclass(frozen=True)
class Score:
    """``value`` of an answer, 0 to 1, and what it is made of.

    ``rewards`` are the components of the value, ``metrics`` what is only reported; both by name, 0 to 1.
    ``errors`` are names of ``ERRORS``.
    """

    value: float
    rewards: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    errors: tuple[str, ...] = ()


class ScoreError(Exception):
    """A sample cannot be scored, through no fault of the answer; ``name`` is one of ``ERRORS``."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


Scorer = Callable[[str, object, Mapping[str, Any]], Score]
"""Takes the model's answer, the reference (None if there is none) and the sample. May raise."""


def number(value: object) -> float | None:
    """A finite number of what a function returned, True and False being 1 and 0; None if it is none."""
    if not isinstance(value, (int, float)):
        return None
    try:
        converted = float(value)
    except OverflowError:
        return None
    return converted if math.isfinite(converted) else None


def clamped(value: float) -> float:
    """``value`` within 0 and 1."""
    return min(1.0, max(0.0, value))
