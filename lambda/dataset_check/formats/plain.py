"""The usual shapes of a record, recognized at once: what nearly every record of a sound data set has.

A recognizer takes a record as pairs of key and value (``strict_json.DECODER``) and returns the name of its
form ("" in a format of one form) and its texts. Records that share these are equal as JSON. It raises
ValueError, TypeError, LookupError or AttributeError for every other record, sound or not: that one is then
judged field by field. What is no string fails by itself, for want of ``isspace``. A rule of a format that
changes must change here too; the tests hold the two against each other.

An object is a tuple of tuples and a list is a list, so what equals a tuple of strings is a member of an
object: comparing with ``USER`` tells that a message is an object and who speaks, at once.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

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
    "style",
    "ground_truth",
)
"""The order in which people write the fields."""
_RANKS = {name: rank for rank, name in enumerate(FIELDS)}
APART = "\0"
"""Sets the texts of a record apart. Who joins them sees that none of them holds it."""
USER, ASSISTANT, SYSTEM = (("role", role) for role in ("user", "assistant", "system"))
TURNS = (USER, ASSISTANT)
LONGEST = 100
"""Messages of a conversation that is known at once."""
Plain = Callable[[Any], list[str]]
Take = Callable[[Any, list[str]], None]
"""Adds the texts of a value to those of the record, so that one can tell where they end."""


class NotPlainError(ValueError):
    """A record has another shape."""


def not_plain(_: Any) -> list[str]:
    """No record is of this shape."""
    raise NotPlainError


def pairs(value: Any) -> Any:
    """``value`` with every object as pairs in the order of ``FIELDS``, then of their names."""
    if isinstance(value, dict):
        return tuple((name, pairs(value[name])) for name in _ordered(tuple(value)))
    return [pairs(item) for item in value] if isinstance(value, list) else value


@lru_cache(1024)
def _ordered(names: tuple[str, ...]) -> list[str]:
    return sorted(names, key=lambda name: (_RANKS.get(name, len(_RANKS)), name))


def joined(texts: list[str]) -> bytes:
    """``texts`` as bytes from which one could tell them again, as none of them holds ``APART``."""
    return APART.join(texts).encode()


def text(value: str) -> str:
    """``value``, which is a text."""
    if value and not value.isspace() and APART not in value:
        return value
    raise NotPlainError


def _speakers(count: int, last: int) -> tuple[tuple[str, str], ...]:
    """Who speaks in ``count`` messages up to ``TURNS[last]``: user and assistant, after the system."""
    turns = tuple(TURNS[(last - count + 1 + number) % 2] for number in range(count))
    return turns if not count or turns[0] == USER else (SYSTEM, *turns[1:])


_ASKED, _ANSWERED = (tuple(_speakers(count, last) for count in range(LONGEST + 1)) for last in (0, 1))
"""Who speaks, by the number of messages."""


def spoken(messages: Any, speakers: tuple[Any, ...], texts: list[str]) -> list[str]:
    """Add the texts of messages, which ``speakers`` say."""
    for (speaker, (name, content)), expected in zip(messages, speakers, strict=True):
        if speaker != expected or name != "content" or not content or content.isspace() or "\0" in content:
            raise NotPlainError
        texts.append(content)
    return texts


def prompt(messages: Any, texts: list[str]) -> None:
    """Add the texts of messages up to the user's last."""
    spoken(messages, _ASKED[len(messages) or LONGEST], texts)


def conversation(messages: Any, texts: list[str]) -> None:
    """Add the texts of messages up to the assistant's last."""
    count = len(messages)
    spoken(messages, _ANSWERED[count if count > 1 else LONGEST], texts)


def one_text(name: str) -> Plain:
    """The shape with one field, of text."""

    def plain(record: Any) -> list[str]:
        ((found, value),) = record
        if found == name and type(record) is tuple:
            return ["", text(value)]
        raise NotPlainError

    return plain


def two_texts(*names: tuple[str, str], forms: bool = False, more: Plain = not_plain) -> Plain:
    """The shape with two fields of text; ``forms`` says that their names are the form's.

    ``more`` knows records with more fields.
    """
    known = {pair: " and ".join(pair) if forms else "" for pair in names}

    def plain(record: Any) -> list[str]:
        if len(record) != 2:
            return more(record)
        (one, asked), (other, answered) = record
        if type(record) is not tuple:
            raise NotPlainError
        if forms and type(asked) is list:
            texts = [f"{known[one, other]} as messages", _answer(answered)]
            prompt(asked, texts)
            return texts
        if (
            asked
            and answered
            and not asked.isspace()
            and not answered.isspace()
            and APART not in asked
            and APART not in answered
        ):
            return [known[one, other], asked, answered]
        raise NotPlainError

    return plain


def preference(record: Any) -> list[str]:
    """A prompt and two different answers."""
    (one, asked), (two, chosen), (three, rejected) = record
    if one != "prompt" or two != "chosen" or three != "rejected" or type(record) is not tuple:
        raise NotPlainError
    if chosen == rejected:
        raise NotPlainError
    if type(asked) is list:
        texts = ["prompt, chosen and rejected as messages", _answer(chosen), _answer(rejected)]
        prompt(asked, texts)
        return texts
    return ["prompt, chosen and rejected", text(asked), text(chosen), text(rejected)]


def _answer(messages: Any) -> str:
    """Text of messages that are one, of the assistant."""
    ((speaker, (name, content)),) = messages
    if speaker == ASSISTANT and name == "content" and type(messages) is list:
        return text(content)
    raise NotPlainError


def chat(more: Plain) -> Plain:
    """Messages of the system, if there is one, and of user and assistant in turn; ``more``: more fields."""

    def plain(record: Any) -> list[str]:
        if len(record) != 1:
            return more(record)
        ((name, messages),) = record
        if name != "messages" or type(record) is not tuple:
            raise NotPlainError
        if 1 < len(messages) <= LONGEST:
            return spoken(messages, _ANSWERED[len(messages)], [""])
        raise NotPlainError

    return plain


def bedrock_chat(record: Any) -> list[str]:
    """Messages of user and assistant in turn, with a text of the system beside them or not."""
    texts = [""]
    if len(record) == 2:
        (name, system), messages = record
        if name != "system":
            raise NotPlainError
        texts.append(text(system))
    else:
        (messages,) = record
    name, said = messages
    if name != "messages" or type(record) is not tuple or len(said) % 2 or not said:
        raise NotPlainError
    return spoken(said, _ANSWERED[len(said)], texts)
