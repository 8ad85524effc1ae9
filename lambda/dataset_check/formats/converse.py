"""Formats of the Converse API: messages whose content is a list of blocks of text, images or videos.

Sources: Amazon Nova user guide, "Preparing data for multimodal fine-tuning" (roles, media, reserved words)
and "Direct Preference Optimization (DPO)" (candidates); Amazon Bedrock API reference, ``S3Location``.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from dataset_check.formats.messages import TURNS, judge_foreign, judge_order, judge_role
from dataset_check.problem import (
    Judged,
    Problem,
    judge_choice,
    judge_field,
    judge_kind,
    judge_list,
    judge_text,
    shown,
    within,
)

VERSION = "bedrock-conversation-2024"
MEDIA = {"image": ("png", "jpeg", "gif", "webp"), "video": ("mov", "mkv", "mp4", "webm")}
"""Formats of files by the kind of block."""
MOST_MEDIA = {"image": 10, "video": 1}
"""Blocks of a kind in one record."""
LABELS = ("preferred", "non-preferred")
RESERVED = ("User:", "Bot:", "Assistant:", "System:", "<image>", "<video>", "[EOS]")
"""Words that make a training job fail anywhere in a prompt of the user or the system."""
_FOREIGN = ("prompt", "completion", "input", "output", "chosen", "rejected", "reference_answer")
_ADDRESS = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+", re.S)
_OWNER = re.compile(r"[0-9]{12}")
_FEWEST = 2


def judge_converse(record: Mapping[str, Any]) -> Judged:
    """Supervised fine-tuning of Nova, and Bedrock's conversations: the last turn is the assistant's."""
    if "schemaVersion" not in record:
        return judge_foreign(record, _FOREIGN, "converse") or Problem("schemaVersion", "is missing")
    return _judge_conversation(record, "converse")


def judge_converse_preference(record: Mapping[str, Any]) -> Judged:
    """Direct preference optimization of Nova: the last turn has candidates instead of content."""
    return _judge_conversation(record, "converse_preference")


def _judge_conversation(record: Mapping[str, Any], name: str) -> Judged:
    return (
        judge_foreign(record, _FOREIGN, name)
        or _judge_version(record)
        or _judge_system(record)
        or _judge_turns(record, name)
        or _judge_media(record)
    )


def _judge_version(record: Mapping[str, Any]) -> Judged:
    if "schemaVersion" not in record:
        return None
    return judge_choice(record["schemaVersion"], (VERSION,), "schemaVersion")


def _judge_system(record: Mapping[str, Any]) -> Judged:
    if "system" not in record:
        return None
    if problem := judge_list(record["system"], "system"):
        return problem
    for number, block in enumerate(record["system"]):
        path = f"system[{number}]"
        problem = judge_kind(block, dict, path) or judge_field(block, "text", path)
        if problem := problem or _judge_words(block["text"], f"{path}.text"):
            return problem
    return None


def _judge_turns(record: Mapping[str, Any], name: str) -> Judged:
    if "messages" not in record:
        return Problem("messages", "is missing")
    messages = record["messages"]
    if problem := judge_list(messages, "messages"):
        return problem
    for number, message in enumerate(messages):
        path = f"messages[{number}]"
        chosen = name == "converse_preference" and number == len(messages) - 1
        if problem := judge_role(message, path, TURNS) or _judge_turn(message, path, chosen):
            return problem
    if problem := judge_order([one["role"] for one in messages], "messages", first="user", last="assistant"):
        return problem
    return None if len(messages) >= _FEWEST else Problem("messages", f"has 1 message, needed: {_FEWEST}")


def _judge_turn(message: Mapping[str, Any], path: str, chosen: bool) -> Judged:
    """``chosen`` says that people chose between several answers in this turn."""
    wanted, other = ("candidates", "content") if chosen else ("content", "candidates")
    if chosen and message["role"] != "assistant":
        return Problem(f"{path}.role", f"is '{message['role']}': the last message is of 'assistant'")
    if other in message:
        return Problem(f"{path}.{other}", f"is no field of this message, needed: {wanted}")
    if wanted not in message:
        return Problem(f"{path}.{wanted}", "is missing")
    if chosen:
        return _judge_candidates(message["candidates"], f"{path}.candidates")
    return _judge_blocks(message["content"], f"{path}.content", prompt=message["role"] == "user")


def _judge_candidates(candidates: Any, path: str) -> Judged:
    if problem := judge_list(candidates, path):
        return problem
    for number, candidate in enumerate(candidates):
        if problem := _judge_candidate(candidate, f"{path}[{number}]"):
            return problem
    if len(candidates) < _FEWEST:
        return Problem(path, f"has 1 candidate, needed: {_FEWEST}")
    labelled = {label: [one for one in candidates if one["preferenceLabel"] == label] for label in LABELS}
    if lacking := next((label for label, found in labelled.items() if not found), None):
        return Problem(path, f"has no candidate that is {lacking}")
    good = [one["content"] for one in labelled["preferred"]]
    for number, one in enumerate(candidates):
        if one["preferenceLabel"] == "non-preferred" and one["content"] in good:
            return Problem(f"{path}[{number}].content", "is the same as a preferred candidate's")
    return None


def _judge_candidate(candidate: Any, path: str) -> Judged:
    if problem := judge_kind(candidate, dict, path):
        return problem
    for name in ("content", "preferenceLabel"):
        if name not in candidate:
            return Problem(f"{path}.{name}", "is missing")
    return judge_choice(candidate["preferenceLabel"], LABELS, f"{path}.preferenceLabel") or _judge_blocks(
        candidate["content"], f"{path}.content", prompt=False
    )


def _judge_blocks(blocks: Any, path: str, *, prompt: bool) -> Judged:
    if problem := judge_list(blocks, path):
        return problem
    for number, block in enumerate(blocks):
        if problem := _judge_block(block, f"{path}[{number}]", prompt):
            return problem
    return None


def _judge_block(block: Any, path: str, prompt: bool) -> Judged:
    if problem := judge_kind(block, dict, path):
        return problem
    if len(block) != 1 or not block.keys() <= {"text", *MEDIA}:
        found = ", ".join(map(shown, block)) or "nothing"
        return Problem(path, f"has {found}, allowed: one of text, {', '.join(MEDIA)}")
    name, value = next(iter(block.items()))
    if name != "text":
        return _judge_file(value, name, f"{path}.{name}")
    return judge_text(value, f"{path}.text") or (_judge_words(value, f"{path}.text") if prompt else None)


def _judge_words(text: str, path: str) -> Judged:
    found = next((word for word in RESERVED if word in text), None)
    return Problem(path, f"has '{found}', which Amazon Nova reserves") if found else None


def _judge_file(value: Any, name: str, path: str) -> Judged:
    if problem := judge_kind(value, dict, path):
        return problem
    if "format" not in value:
        return Problem(f"{path}.format", "is missing")
    if problem := judge_choice(value["format"], MEDIA[name], f"{path}.format"):
        return problem
    for inner in ("source", "s3Location"):
        path = within(path, inner)
        if inner not in value:
            return Problem(path, "is missing")
        value = value[inner]
        if problem := judge_kind(value, dict, path):
            return problem
    return _judge_location(value, path)


def _judge_location(location: Mapping[str, Any], path: str) -> Judged:
    if problem := judge_field(location, "uri", path):
        return problem
    if not _ADDRESS.fullmatch(location["uri"]):
        return Problem(f"{path}.uri", f"is {shown(location['uri'])}, allowed: s3://<bucket>/<key>")
    owner = location.get("bucketOwner", "0" * 12)
    if not isinstance(owner, str) or not _OWNER.fullmatch(owner):
        return Problem(f"{path}.bucketOwner", f"is {shown(owner)}, allowed: the 12 digits of an account")
    return None


def media(record: Mapping[str, Any]) -> Iterator[str]:
    """Kind of every block of a sound record that is no text."""
    for message in record["messages"]:
        for block in message.get("content", ()):
            yield from (name for name in block if name in MEDIA)


def _judge_media(record: Mapping[str, Any]) -> Judged:
    found = list(media(record))
    for name, most in MOST_MEDIA.items():
        if found.count(name) > most:
            return Problem("messages", f"has {found.count(name)} {name} blocks, allowed: {most} in a record")
    return Problem("messages", "has images and videos, allowed: one of them") if len(set(found)) > 1 else None
