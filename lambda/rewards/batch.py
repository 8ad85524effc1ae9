"""Answers a whole event: one result per sample, in the order of the samples, whatever they hold.

The contract is that of "Evaluate with Preset and Custom Scorers" (SageMaker AI Developer Guide) and of
``rlvr_reward_verifier.py`` in the SageMaker Python SDK: the event is an array of samples, the answer an array
of ``{"id", "aggregate_reward_score", "metrics_list"}``. Nova's training takes the array itself, that of open
weights only the array as the body of an HTTP response; evaluation takes both.
"""

import json
import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any

from rewards.samples import answer, identity, reference
from rewards.scores import (
    ANSWER_TOO_LONG,
    SAMPLE_NOT_AN_OBJECT,
    SCORE_NOT_A_NUMBER,
    SCORE_OUT_OF_RANGE,
    SCORE_RAISED,
    Score,
    ScoreError,
    Scorer,
    clamped,
    number,
)

ARRAY, HTTP = "array", "http"
"""Forms of an answer: for Nova, and for open weights."""

LONGEST_ANSWER = 100_000
"""Characters of an answer that are scored, its last ones: the result stands at the end. Models are asked for
at most 32,768 tokens, which are about as many words of four characters."""

_ANSWER_FIELDS = ("messages", "model_response", "completion", "response", "prompt")
_LOG = logging.getLogger(__name__)

Result = dict[str, Any]


class ConfigurationError(Exception):
    """The function's environment variables do not say what it should do."""


class EventError(Exception):
    """The event is not an array of samples."""


def answer_form(environment: Mapping[str, str]) -> str:
    """The form that ``ANSWER_FORM`` names; ``array`` if it is absent. Raises ConfigurationError."""
    form = environment.get("ANSWER_FORM", ARRAY)
    if form not in (ARRAY, HTTP):
        raise ConfigurationError(f"ANSWER_FORM is {form!r}, allowed: {ARRAY}, {HTTP}")
    return form


def respond(event: object, scorer: Scorer, form: str) -> object:
    """The answer of a reward function to ``event``, in the form ``array`` or ``http``.

    Raises nothing. An event that is no array of samples gets an answer that says so: ``http`` with status
    400, which the containers count as failed; ``array`` as Lambda reports an error (``errorMessage``).
    """
    try:
        results = [result(sample, at, scorer) for at, sample in enumerate(samples(event))]
    except EventError as error:
        _LOG.error("%s", error)
        said = {"errorType": type(error).__name__, "errorMessage": str(error)}
        return said if form == ARRAY else _http(400, said)
    counts = Counter(metric["name"] for one in results for metric in one["metrics_list"] if _error(metric))
    if counts:
        _LOG.warning("%d samples, of which had errors: %s", len(results), json.dumps(counts))
    return results if form == ARRAY else _http(200, results)


def _error(metric: Mapping[str, Any]) -> bool:
    return str(metric["name"]).startswith("error_")


def _http(status: int, body: object) -> dict[str, Any]:
    """An HTTP response; ``body`` is a string of JSON, as the containers want it."""
    headers = {"Content-Type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body, allow_nan=False)}


def samples(event: object) -> list[object]:
    """The samples of an event. Raises EventError.

    One sample alone, as the guide on Nova draws its payload, is an array of one. Anything else is refused,
    also what the function would get behind an address of its own (``body``): nothing of AWS's sends it.
    """
    if isinstance(event, list):
        return event
    if isinstance(event, Mapping) and any(name in event for name in _ANSWER_FIELDS):
        return [event]
    given = f"an object with {_names(event)}" if isinstance(event, Mapping) else type(event).__name__
    allowed = "a JSON array of samples, or one sample with any of " + ", ".join(_ANSWER_FIELDS)
    raise EventError(f"the event is not an array of samples, given: {given}, allowed: {allowed}")


def _names(event: Mapping[str, Any]) -> str:
    """The first names of an object, short enough for a message."""
    names = ", ".join(ascii(name)[:40] for name in list(event)[:5])
    return names or "no fields"


def result(sample: object, position: int, scorer: Scorer) -> Result:
    """The result of one sample, in the documented form. Raises nothing."""
    given, unusable = identity(sample, position)
    score = _scored(sample, scorer)
    errors = ((unusable,) if unusable else ()) + score.errors
    metrics = [
        *(_metric(name, value, "Reward") for name, value in score.rewards.items()),
        *(_metric(name, value, "Metric") for name, value in score.metrics.items()),
        *(_metric(name, 1.0, "Metric") for name in dict.fromkeys(errors)),
    ]
    return {"id": given, "aggregate_reward_score": score.value, "metrics_list": metrics}


def _metric(name: str, value: float, kind: str) -> dict[str, Any]:
    return {"name": name, "value": value, "type": kind}


def _scored(sample: object, scorer: Scorer) -> Score:
    if not isinstance(sample, Mapping):
        return Score(0.0, errors=(SAMPLE_NOT_AN_OBJECT,))
    written, missing = answer(sample)
    if written is None:
        return Score(0.0, errors=(missing,) if missing else ())
    long = (ANSWER_TOO_LONG,) if len(written) > LONGEST_ANSWER else ()
    try:
        score = scorer(written[-LONGEST_ANSWER:], reference(sample), sample)
    except ScoreError as error:
        return Score(0.0, errors=(*long, error.name))
    except (Exception, SystemExit) as error:  # whatever it is, the other samples have to be scored
        _LOG.warning("scoring raised %s in %s", type(error).__name__, _place(error))
        return Score(0.0, errors=(*long, SCORE_RAISED))
    return _within(score, long)


def _within(score: Score, errors: tuple[str, ...]) -> Score:
    """``score`` with a value that is a number within 0 and 1, and what was wrong with it."""
    value = number(score.value)
    if value is None:
        return Score(0.0, score.rewards, score.metrics, (*errors, *score.errors, SCORE_NOT_A_NUMBER))
    beyond = (SCORE_OUT_OF_RANGE,) if value != clamped(value) else ()
    return Score(clamped(value), score.rewards, score.metrics, (*errors, *score.errors, *beyond))


def _place(error: BaseException) -> str:
    """File and line that raised; no message, which might hold what a sample holds."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
