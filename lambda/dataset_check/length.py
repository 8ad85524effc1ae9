"""Estimates how many tokens a record has, so that what a job would cut off is seen before it starts."""

import re
from collections.abc import Mapping
from typing import Any

from dataset_check.problem import Judged, Problem

BYTES_PER_TOKEN = 4
"""Bytes of UTF-8 for one token: the rule of thumb of English text and byte-pair encodings (OpenAI, "What are
tokens and how to count them": a token is about 4 characters). Other languages have shorter tokens but more
bytes per character, so that bytes mislead less than characters. Amazon Bedrock plans with 6 characters
("Character quota per sample: token quota x 6"), which would find fewer records too long."""
_KILO = 1024
"""Tokens of one K in SageMaker's ``SequenceLength`` (1K to 1024K)."""
_LENGTH = re.compile(r"([1-9][0-9]{0,3})K")
_APART = frozenset(
    (
        "role",
        "schemaVersion",
        "id",
        "image",
        "images",
        "video",
        "metadata",
        "preferenceLabel",
        "data_source",
        "ability",
        "reward_model",
        "extra_info",
        "reference_answer",
    )
)
"""Fields that the model never reads."""
_ALTERNATIVES = ("chosen", "rejected")
"""Answers to the same prompt: each makes a sequence of its own."""


def most_tokens(length: str | int | None) -> int | None:
    """Tokens of a ``SequenceLength`` such as ``8K``, or of a plain number. Raises ValueError."""
    if length is None or isinstance(length, int):
        return length
    if not (match := _LENGTH.fullmatch(length)):
        raise ValueError(f"SequenceLength is {length!r}, allowed: 1K to 1024K")
    return int(match[1]) * _KILO


def text_bytes(value: Any) -> int:
    """Bytes of UTF-8 of all text that the model reads, of the longest answer where there are several."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, list):
        return sum(map(text_bytes, value))
    if not isinstance(value, dict):
        return 0
    several = [text_bytes(value[name]) for name in _ALTERNATIVES if name in value]
    if isinstance(candidates := value.get("candidates"), list):
        several += map(text_bytes, candidates)
    apart = _APART.union(_ALTERNATIVES, ("candidates",))
    return max(several, default=0) + sum(text_bytes(one) for name, one in value.items() if name not in apart)


def judge_length(record: Mapping[str, Any], limit: int | None) -> Judged:
    """The estimate of a record's tokens is at most ``limit``."""
    if limit is None or (size := text_bytes(record)) <= limit * BYTES_PER_TOKEN:
        return None
    about = -(-size // BYTES_PER_TOKEN)
    return Problem(
        "",
        f"has about {about} tokens ({size} bytes of text / {BYTES_PER_TOKEN}), "
        f"allowed: {limit} (SequenceLength)",
    )
