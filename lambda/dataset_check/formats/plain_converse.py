"""The usual shapes of conversations whose content is a list of blocks: one block of text in each message."""

from typing import Any

from dataset_check.formats.converse import LABELS, RESERVED, VERSION
from dataset_check.formats.plain import APART, ASSISTANT, LONGEST, TURNS, NotPlainError, text

_LABELS = set(LABELS)
_SPEAKERS = tuple((TURNS * count)[:count] for count in range(LONGEST + 1))
_VERSION = ("schemaVersion", VERSION)


def converse(record: Any) -> list[str]:
    """Messages of user and assistant in turn, with a text of the system or without."""
    messages, texts = _opened(record)
    if record[0] != _VERSION or not messages or len(messages) % 2:
        raise NotPlainError
    said = _spoken(messages)
    _refuse_reserved(texts + said[::2])
    return texts + said


def converse_preference(record: Any) -> list[str]:
    """Messages up to the user's last, then two candidates, one of them preferred."""
    messages, texts = _opened(record)
    *before, (answerer, (candidates, (one, other))) = messages
    first, second = _candidate(one), _candidate(other)
    if answerer != ASSISTANT or candidates != "candidates" or len(before) % 2 == 0:
        raise NotPlainError
    if {first[0], second[0]} != _LABELS or first[1] == second[1]:
        raise NotPlainError
    said = _spoken(before)
    _refuse_reserved(texts + said[::2])
    return [*texts, "" if record[0] == _VERSION else "-", *first, *second, *said]


def _opened(record: Any) -> tuple[list[Any], list[str]]:
    """The messages, and what the record's texts begin with: no form, a mark for the system, its text."""
    if type(record) is not tuple or record[-1][0] != "messages":
        raise NotPlainError
    messages, head = record[-1][1], record[1:-1] if record[0] == _VERSION else record[:-1]
    if not head:
        return messages, ["", "-"]
    ((name, blocks),) = head
    if name != "system":
        raise NotPlainError
    return messages, ["", "", _block(blocks)]


def _spoken(messages: list[Any]) -> list[str]:
    """Texts of the messages of user and assistant in turn."""
    texts: list[str] = []
    for (speaker, (one, (block,))), expected in zip(messages, _SPEAKERS[len(messages)], strict=True):
        ((name, said),) = block
        if (
            speaker != expected
            or one != "content"
            or name != "text"
            or type(block) is not tuple
            or not said
            or said.isspace()
            or "\0" in said
        ):
            raise NotPlainError
        texts.append(said)
    return texts


def _candidate(value: Any) -> tuple[str, str]:
    """Label and text."""
    (one, content), (two, label) = value
    if one != "content" or two != "preferenceLabel" or type(value) is not tuple:
        raise NotPlainError
    return label, _block(content)


def _block(content: Any) -> str:
    """Text of a list with a single block of text."""
    (block,) = content
    ((name, value),) = block
    if name == "text" and type(block) is tuple:
        return text(value)
    raise NotPlainError


def _refuse_reserved(asked: list[str]) -> None:
    # Each of the words has one of these characters, which are found faster than the words.
    prompts = APART.join(asked)
    if (":" in prompts or "<" in prompts or "[" in prompts) and any(word in prompts for word in RESERVED):
        raise NotPlainError
