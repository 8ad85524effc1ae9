"""Judges the lines of a data set as Bedrock does before it customizes a model.

Amazon Bedrock user guide, "Prepare data for fine-tuning your models", "Prepare your training datasets for
distillation", "Prepare data for Amazon Nova models" (reinforcement fine-tuning).
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.bedrock.foundation import DISTILLATION, PRE_TRAINING, REINFORCEMENT

CONVERSE = "bedrock-conversation-2024"
"""The schemaVersion of conversations."""

MOST_DISTILLATION_PROMPTS = 15_000
"""User guide, "Prepare your training datasets for distillation"."""

_MODALITIES = ("text", "image", "video", "document")

Line = Mapping[str, Any]


class DatasetError(Exception):
    """A data set that cannot be used; the text names the line and the field."""


def records(body: bytes, uri: str, customization: str, family: str) -> list[Line]:
    """The records of a JSONL file of the form that a customization of a model family takes.

    Raises DatasetError.
    """
    check = _form(customization, family)
    found: list[Line] = []
    for number, raw in enumerate(body.removesuffix(b"\n").split(b"\n"), 1):
        where = f"{uri}, line {number}"
        record = _parsed(raw, where)
        if problem := check(record):
            raise DatasetError(f"{where}: {problem}")
        found.append(record)
    if customization == DISTILLATION and len(found) > MOST_DISTILLATION_PROMPTS:
        raise DatasetError(f"{uri} has {len(found)} prompts, allowed: at most {MOST_DISTILLATION_PROMPTS}")
    return found


def _parsed(raw: bytes, where: str) -> Line:
    try:
        record = json.loads(raw.decode())
    except UnicodeDecodeError as error:
        raise DatasetError(f"{where}: not UTF-8 at byte {error.start + 1}") from error
    except ValueError as error:
        raise DatasetError(f"{where}: not JSON: {error}") from error
    if not isinstance(record, dict):
        raise DatasetError(f"{where}: a record is a JSON object, got {type(record).__name__}")
    return record


def _form(customization: str, family: str) -> Callable[[Line], str | None]:
    """The judge of one record: what is wrong with it, or None."""
    if customization == PRE_TRAINING:
        return lambda record: _texts(record, "input")
    if customization == REINFORCEMENT:
        return _reinforcement
    if customization == DISTILLATION:
        return lambda record: _conversation(record, answered=False)
    if family == "titan":
        return lambda record: _texts(record, "prompt", "completion")
    if family == "claude":
        return _messages
    if family == "llama":
        return lambda record: (
            _conversation(record) if "messages" in record else _texts(record, "prompt", "completion")
        )
    return _conversation


def _texts(record: Line, *names: str) -> str | None:
    for name in names:
        if not isinstance(record.get(name), str) or not record[name].strip():
            return f"{name} must be a text that is not empty"
    unknown = sorted(set(record) - set(names))
    return f"{unknown[0]} is not a field of this form: {', '.join(names)}" if unknown else None


def _conversation(record: Line, *, answered: bool = True) -> str | None:
    if record.get("schemaVersion") != CONVERSE:
        return f"schemaVersion must be {CONVERSE}, got {record.get('schemaVersion')}"
    system = record.get("system", [])
    if not isinstance(system, list) or any(_blocks([one], "system") for one in system):
        return "system must be a list of text blocks"
    return _turns(record.get("messages"), _blocks, answered=answered)


def _messages(record: Line) -> str | None:
    """``{"system": "...", "messages": [...]}`` with plain texts."""
    if not isinstance(record.get("system", ""), str):
        return "system must be a text"
    return _turns(record.get("messages"), _text, answered=True)


def _reinforcement(record: Line) -> str | None:
    messages = record.get("messages")
    if not isinstance(messages, list) or not messages:
        return "messages must be a list that is not empty"
    for position, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ("system", "user", "assistant"):
            return f"messages[{position}].role must be system, user or assistant"
    return None if messages[-1]["role"] == "user" else "messages must end with the user's turn"


def _turns(messages: Any, judge: Callable[[Any, str], str | None], *, answered: bool) -> str | None:
    if not isinstance(messages, list) or len(messages) < (2 if answered else 1):
        return f"messages must be a list of at least {2 if answered else 1}"
    for position, message in enumerate(messages):
        wanted = ("user", "assistant")[position % 2]
        role = message.get("role") if isinstance(message, dict) else None
        if role != wanted:
            return f"messages[{position}].role must be {wanted}, got {role}"
        if problem := judge(message.get("content"), f"messages[{position}].content"):
            return problem
    if answered and len(messages) % 2:
        return "messages must end with the assistant's turn"
    return None


def _text(content: Any, path: str) -> str | None:
    return None if isinstance(content, str) and content.strip() else f"{path} must be a text"


def _blocks(content: Any, path: str) -> str | None:
    if not isinstance(content, list) or not content:
        return f"{path} must be a list of content blocks that is not empty"
    for position, block in enumerate(content):
        kinds = [name for name in block if name in _MODALITIES] if isinstance(block, dict) else []
        if len(kinds) != 1:
            return f"{path}[{position}] must have exactly one of {', '.join(_MODALITIES)}"
        if "text" in kinds and (not isinstance(block["text"], str) or not block["text"].strip()):
            return f"{path}[{position}].text must be a text that is not empty"
    return None
