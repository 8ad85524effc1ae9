"""Reads JSON that a model wrote: strictly, and never deeper than this can be walked through."""

import json
import math
import re
from typing import Any, NoReturn

from rewards.final_answers import conclusion
from rewards.scores import ANSWER_NESTED_TOO_DEEPLY, ScoreError

DEEPEST = 64
"""Arrays and objects within each other; deeper ones would exhaust Python's stack in the end."""

_FENCE = "```"
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
"""Strings, whose brackets do not count, and brackets."""


class NotJsonError(Exception):
    """A text is no JSON (RFC 8259), or repeats a name within an object."""


def parsed(text: str) -> Any:
    """The value of a text that is JSON, alone or as one fenced block of Markdown, after any reasoning.

    Refused are NaN and infinity (also 1e999), which JSON lacks, and an object that has a name twice, whose
    value each parser sees differently. Raises NotJsonError, and ScoreError if the value is nested deeper
    than ``DEEPEST``.
    """
    bare = _unfenced(conclusion(text))
    _refuse_deep(bare)
    try:
        value = json.loads(
            bare, parse_constant=_constant, parse_float=_float, object_pairs_hook=_without_repetition
        )
    except ValueError as error:
        raise NotJsonError(str(error)) from None
    return value


def _refuse_deep(text: str) -> None:
    """Raise ScoreError for a text that opens more brackets than allowed before it closes them.

    It is looked at before it is parsed: how deep Python's parser goes differs from version to version.
    """
    level = 0
    for match in _TOKENS.finditer(text):
        first = match.group()[0]
        level += (first in "[{") - (first in "]}")
        if level > DEEPEST:
            message = f"the answer is nested deeper than {DEEPEST} levels"
            raise ScoreError(ANSWER_NESTED_TOO_DEEPLY, message)


def _unfenced(text: str) -> str:
    """What is within a fence that begins and ends a text."""
    if not (text.startswith(_FENCE) and text.endswith(_FENCE) and len(text) >= 2 * len(_FENCE)):
        return text
    first, _, rest = text[len(_FENCE) : -len(_FENCE)].partition("\n")
    return rest if first.strip().lower() in ("", "json") else text


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _float(written: str) -> float:
    value = float(written)
    if not math.isfinite(value):
        raise ValueError(f"{written} is beyond the range of numbers")
    return value


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) < len(pairs):
        raise ValueError("a name is there twice")
    return named


def depth(value: object) -> int:
    """How many arrays and objects are within each other; not recursive, so any value will do."""
    levels, layer = 0, [value]
    while layer := [one for one in layer if isinstance(one, (dict, list))]:
        levels += 1
        layer = [inner for one in layer for inner in (one.values() if isinstance(one, dict) else one)]
    return levels


def same(left: object, right: object) -> bool:
    """Whether two JSON values are equal as JSON Schema has it: 1 is 1.0, but true is not 1.

    Neither may be nested deeper than ``DEEPEST``; a deeper one is equal to nothing.
    """
    return max(depth(left), depth(right)) <= DEEPEST and key(left) == key(right)


def key(value: object) -> tuple[str, object]:
    """Something hashable that equal JSON values share."""
    if isinstance(value, bool) or value is None:
        return "constant", value
    if isinstance(value, dict):
        return "object", frozenset((name, key(inner)) for name, inner in value.items())
    if isinstance(value, list):
        return "array", tuple(map(key, value))
    return ("number" if isinstance(value, (int, float)) else "string"), value
