"""The plain shape of each format, recognized at once: what nearly every record of a sound data set has.

Each function takes a record as pairs of key and value (``strict_json.DECODER``), its fields in the order of
``FIELDS``, and returns the form's name ("" in a format of one form) and the texts. Records that share these
are equal as JSON. It raises ValueError, TypeError, LookupError or AttributeError for every other record,
sound or not: that one is then judged field by field. What is no string fails by itself, for want of
``isspace``. A rule of a format that changes must change here too; the tests hold the two against each other.
"""

from collections.abc import Callable
from typing import Any

from dataset_check.formats.converse import RESERVED, VERSION

FIELDS = (
    "schemaVersion",
    "system",
    "messages",
    "role",
    "content",
    "text",
    "id",
    "prompt",
    "completion",
    "input",
    "output",
    "chosen",
    "rejected",
    "query",
    "response",
    "reference_answer",
)
"""The order in which people write the fields."""
_RANKS = {name: rank for rank, name in enumerate(FIELDS)}


APART = "\0"
"""Sets the texts of a record apart: no plain text has it."""
Plain = Callable[[Any], list[str]]


class NotPlainError(ValueError):
    """A record has another shape."""


def pairs(value: Any) -> Any:
    """``value`` with every object as pairs in the order of ``FIELDS``, then of their names."""
    if isinstance(value, dict):
        ordered = sorted(value, key=lambda name: (_RANKS.get(name, len(_RANKS)), name))
        return tuple((name, pairs(value[name])) for name in ordered)
    return [pairs(item) for item in value] if isinstance(value, list) else value


def two_texts(*names: tuple[str, str], forms: bool = False) -> Plain:
    """The plain shape with two fields of text; ``forms`` says that their names are the form's."""
    known = {pair: " and ".join(pair) if forms else "" for pair in names}

    def plain(record: Any) -> list[str]:
        (one, asked), (other, answered) = record
        if (
            asked
            and answered
            and not asked.isspace()
            and not answered.isspace()
            and APART not in answered  # which leaves one way to take the two apart
            and type(record) is tuple
        ):
            return [known[one, other], asked, answered]
        raise NotPlainError

    return plain


def one_text(name: str, form: str = "") -> Plain:
    """The plain shape with one field of text."""

    def plain(record: Any) -> list[str]:
        ((found, text),) = record
        if found == name and type(record) is tuple:
            return [form, _text(text)]
        raise NotPlainError

    return plain


def preference(record: Any) -> list[str]:
    """A prompt and two different answers."""
    (one, prompt), (two, chosen), (three, rejected) = record
    if one != "prompt" or two != "chosen" or three != "rejected" or type(record) is not tuple:
        raise NotPlainError
    if chosen == rejected:
        raise NotPlainError
    return ["prompt, chosen and rejected", _text(prompt), _text(chosen), _text(rejected)]


def chat(record: Any) -> list[str]:
    """Messages of the system, if there is one, and of user and assistant in turn."""
    ((name, messages),) = record
    if name != "messages" or type(record) is not tuple or type(messages) is not list:
        raise NotPlainError
    texts = [""]
    turns = messages
    if messages[0][0][1] == "system":
        texts.append(_text_of(messages[0], "system"))
        turns = messages[1:]
    return _turns(turns, texts)


def bedrock_chat(record: Any) -> list[str]:
    """Messages of user and assistant in turn, with a text of the system beside them or not."""
    texts = [""]
    if len(record) == 2:
        (name, system), messages = record
        if name != "system":
            raise NotPlainError
        texts.append(_text(system))
    else:
        (messages,) = record
    name, turns = messages
    if name != "messages" or type(record) is not tuple or type(turns) is not list:
        raise NotPlainError
    return _turns(turns, texts)


def converse(record: Any) -> list[str]:
    """Messages with one block of text each, with one of the system or without."""
    texts = [""]
    if len(record) == 3:
        version, (name, system), messages = record
        if name != "system" or type(system) is not list:
            raise NotPlainError
        texts.append(_unreserved(_block(system)))
    else:
        version, messages = record
    name, turns = messages
    if version != ("schemaVersion", VERSION) or name != "messages" or type(record) is not tuple:
        raise NotPlainError
    if not turns or type(turns) is not list or len(turns) % 2:
        raise NotPlainError
    for number, ((one, role), (other, content)) in enumerate(turns):
        if one != "role" or other != "content" or role != ("assistant" if number % 2 else "user"):
            raise NotPlainError
        text = _block(content)
        texts.append(text if number % 2 else _unreserved(text))
    if {type(turn) for turn in turns} != {tuple}:
        raise NotPlainError
    return texts


def _turns(turns: list[Any], texts: list[str]) -> list[str]:
    """Add the contents of ``turns`` to ``texts``."""
    expected, after = "user", "assistant"
    for turn in turns:
        (one, role), (two, content) = turn
        if (
            one != "role"
            or two != "content"
            or role != expected
            or type(turn) is not tuple
            or not content
            or content.isspace()
            or APART in content
        ):
            raise NotPlainError
        texts.append(content)
        expected, after = after, expected
    if expected == "assistant" or not turns:
        raise NotPlainError
    return texts


def _text_of(message: Any, role: str) -> str:
    (one, found), (other, content) = message
    if one == "role" and found == role and other == "content" and type(message) is tuple:
        return _text(content)
    raise NotPlainError


def _text(value: str) -> str:
    if value and not value.isspace() and APART not in value:
        return value
    raise NotPlainError


def _block(content: Any) -> str:
    """Text of a list with a single block of text."""
    (block,) = content
    ((name, text),) = block
    if name == "text" and type(content) is list and type(block) is tuple:
        return _text(text)
    raise NotPlainError


def _unreserved(text: str) -> str:
    # Each of the words has one of these characters, which are found faster than the words.
    if (":" in text or "<" in text or "[" in text) and any(word in text for word in RESERVED):
        raise NotPlainError
    return text
