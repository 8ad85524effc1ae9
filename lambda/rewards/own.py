"""Handler of a reward function of one's own: the module ``reward`` beside this package has ``score``."""

import importlib
import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from rewards.batch import answer_form, respond
from rewards.scores import SCORE_NOT_A_NUMBER, Score, Scorer, number

OwnScore = Callable[[str, object, Mapping[str, Any]], object]


def handler(event: object, context: object) -> object:
    """Answer the training or evaluation job that asks what its samples are worth.

    Raises ConfigurationError, ModuleNotFoundError and AttributeError if the function was packed wrongly;
    whatever ``score`` raises is an error of its sample.
    """
    return respond(event, _own(), answer_form(os.environ))


@cache
def _own() -> Scorer:
    return scorer(importlib.import_module("reward").score)


def scorer(score: OwnScore) -> Scorer:
    """A scorer of a function that returns a number: the answer's worth, 0 to 1.

    What is beyond is clamped and reported, as is what is no finite number; True and False are 1 and 0.
    """

    def scored(answer: str, reference: object, sample: Mapping[str, Any]) -> Score:
        value = number(score(answer, reference, sample))
        return Score(0.0, errors=(SCORE_NOT_A_NUMBER,)) if value is None else Score(value)

    return scored
