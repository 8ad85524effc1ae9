"""What is wrong with one record of a data set, and the judgements of single fields that all formats share."""

from collections.abc import Mapping
from typing import Any, NamedTuple

_LONGEST_SHOWN = 40
"""Characters of a value that a message repeats."""
_KINDS = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


class Problem(NamedTuple):
    """``reason`` is what is wrong with ``field``, a path such as ``messages[2].content`` or ""."""

    field: str
    reason: str

    def __str__(self) -> str:
        """The message people read: field and reason."""
        return f"{self.field} {self.reason}" if self.field else self.reason


Judged = Problem | None
"""What a judgement returns: the first problem, or None for a sound value."""


def kind(value: Any) -> str:
    """JSON's word for the type of ``value``, with its article."""
    return _KINDS[type(value)]


def shown(value: Any) -> str:
    """``value`` as a message repeats it: quoted, and cut if it is long."""
    text = value if isinstance(value, str) else str(value)
    cut = text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
    return repr(cut) if isinstance(value, str) else cut


def within(path: str, name: str) -> str:
    """Path of the field ``name`` of the object at ``path``."""
    return f"{path}.{name}" if path else name


def judge_text(value: Any, path: str) -> Judged:
    """A text is a string that is neither empty nor white space alone."""
    if not isinstance(value, str):
        return Problem(path, f"must be a string, given {kind(value)}")
    return None if value and not value.isspace() else Problem(path, "is empty")


def judge_field(record: Mapping[str, Any], name: str, path: str = "") -> Judged:
    """The field ``name`` is there and is a text."""
    if name not in record:
        return Problem(within(path, name), "is missing")
    return judge_text(record[name], within(path, name))


def judge_kind(value: Any, expected: type, path: str) -> Judged:
    """``value`` is of the JSON type that ``expected`` (dict, list or str) stands for."""
    if isinstance(value, expected):
        return None
    return Problem(path, f"must be {_KINDS[expected]}, given {kind(value)}")


def judge_list(value: Any, path: str) -> Judged:
    """``value`` is a list with something in it."""
    return judge_kind(value, list, path) or (None if value else Problem(path, "is empty"))


def judge_choice(value: Any, allowed: tuple[str, ...], path: str) -> Judged:
    """``value`` is one of the words ``allowed``."""
    if isinstance(value, str) and value in allowed:
        return None
    given = shown(value) if isinstance(value, str) else kind(value)
    return Problem(path, f"is {given}, allowed: {', '.join(allowed)}")
