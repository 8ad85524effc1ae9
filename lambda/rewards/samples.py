"""Reads one sample of a reward function's event: its id, the model's answer and the reference.

A sample mirrors the line of the data set it came from, with the model's answer added. The forms are those of
two documents: "Evaluate with Preset and Custom Scorers" (SageMaker AI Developer Guide: OpenAI chat, verl,
Hugging Face prompt-completion and preference, SageMaker AI evaluation) and "Implementing reward functions"
(the same guide, and the Amazon Nova and Amazon Bedrock User Guides). Nothing here raises for any JSON value.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from rewards.scores import ANSWER_MISSING, ANSWER_NOT_TEXT, ID_UNUSABLE

ASSISTANT = ("assistant", "nova_assistant")
"""Roles of the model; Nova's evaluation container sends the second."""

_LARGEST_ID = 10**100
"""JSON has no largest number; Python refuses to write one of more than 4,300 digits."""

_MISSING = object()


def identity(sample: object, position: int) -> tuple[object, str | None]:
    """The id that the result of a sample carries, and what was wrong with the sample's own.

    AWS sends an id with every form but verl, where only the data set may have one: without it the result has
    ``sample-<position>``, counted from 0. So it has if the id cannot be written as JSON in UTF-8 (NaN, half
    of a surrogate pair) or is no string, number or boolean.
    """
    given = sample.get("id") if isinstance(sample, Mapping) else None
    if given is None:
        return f"sample-{position}", None
    if _writable(given):
        return given, None
    return f"sample-{position}", ID_UNUSABLE


def _writable(value: object) -> bool:
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, int):
        return abs(value) < _LARGEST_ID
    return isinstance(value, float) and math.isfinite(value)


def encodable(text: str) -> bool:
    """Whether a text is without halves of surrogate pairs, which JSON may escape but UTF-8 lacks."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def answer(sample: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """What the model wrote, or None and the name of the error.

    Looked for in ``model_response`` (SageMaker AI evaluation), the last turn of the assistant in ``messages``
    (OpenAI chat, Nova), ``completion`` (Hugging Face), ``response`` and the last turn of the assistant in
    ``prompt`` (verl), in this order: ``response`` is the reference where there is a ``model_response``.
    """
    for found in _answers(sample):
        if found is not _MISSING and found is not None:
            written = text_of(found)
            return (None, ANSWER_NOT_TEXT) if written is None else (written, None)
    return None, ANSWER_MISSING


def _answers(sample: Mapping[str, Any]) -> Iterator[object]:
    yield sample.get("model_response", _MISSING)
    yield _last_turn(sample.get("messages"))
    yield sample.get("completion", _MISSING)
    yield sample.get("response", _MISSING)
    yield _last_turn(sample.get("prompt"))


def _last_turn(messages: object) -> object:
    """Content of the assistant's last turn."""
    turns = messages if isinstance(messages, list) else []
    for turn in reversed(turns):
        if isinstance(turn, Mapping) and turn.get("role") in ASSISTANT:
            return turn.get("content", _MISSING)
    return _MISSING


def text_of(content: object) -> str | None:
    """The text of a turn's content: a string, or a list of blocks of which those without text are left out.

    A list of messages (Hugging Face's conversational form of ``completion``) is read at its last turn. None
    if there is no text at all.
    """
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    last = _last_turn(content)
    if isinstance(last, str):
        return last
    blocks = last if isinstance(last, list) else content
    texts = [text for text in map(_block_text, blocks) if text is not None]
    return "".join(texts) if texts else None


def _block_text(block: object) -> str | None:
    text = block.get("text") if isinstance(block, Mapping) else block
    return text if isinstance(text, str) else None


def reference(sample: Mapping[str, Any]) -> object:
    """What the answer is measured by, or None.

    Looked for in ``reference_answer`` of the sample, of its ``metadata`` (Bedrock) and of its ``extra_info``
    (verl), then in ``reward_model.ground_truth`` (verl), in this order. ``{"text": …}``, as the evaluation
    container writes it, stands for its text, so training and evaluation give the same reference. Empty
    values count as none: the container writes ``{"text": ""}`` where the data set has no reference.
    """
    for found in (
        sample.get("reference_answer"),
        _member(sample, "metadata", "reference_answer"),
        _member(sample, "extra_info", "reference_answer"),
        _member(sample, "reward_model", "ground_truth"),
    ):
        plain = found["text"] if isinstance(found, Mapping) and list(found) == ["text"] else found
        if plain is not None and plain not in ("", [], {}):
            return plain
    return None


def carried(sample: Mapping[str, Any], name: str) -> object:
    """A field that a sample has itself or in ``reference_answer``, ``metadata``, ``extra_info``; or None."""
    held = (_member(sample, part, name) for part in ("reference_answer", "metadata", "extra_info"))
    return next((value for value in (sample.get(name), *held) if value is not None), None)


def _member(sample: Mapping[str, Any], part: str, name: str) -> object:
    inner = sample.get(part)
    return inner.get(name) if isinstance(inner, Mapping) else None
