"""The usual shapes of records whose fields may be there or not, in any order, beside others of one's own."""

import json
from functools import lru_cache
from typing import Any

from dataset_check.formats import plain
from dataset_check.formats.plain import APART, NotPlainError, Plain, Take

_KINDS = {str: "s", int: "i", float: "f", bool: "b", type(None): "n"}
"""Marks of the types whose values have one way to be written."""
_MEANING = frozenset(
    (*plain.FIELDS, "ability", "data_source", "extra_info", "images", "metadata", "reward_model", "tools")
)
"""Fields that a format has rules for."""
_MOST = 1024
"""Sets of names that are kept in mind."""
Rule = tuple[str, bool, Take]
"""A field: its name, whether it must be there, and how its texts are taken."""


def by_fields(*rules: Rule, form: str = "") -> Plain:
    """The shape with the fields of ``rules``, the last of which may take any number of texts.

    Beside them there may be fields that no format knows. What is done with a record is found out once for
    the names of its fields, since the records of a data set share them.
    """

    @lru_cache(_MOST)
    def plan(names: tuple[str, ...]) -> tuple[str, list[tuple[int, Take]]]:
        """The names in order, and which field is taken how. Raises NotPlainError."""
        known = [name for name, _, _ in rules]
        more = sorted(set(names).difference(known))
        missing = any(needed and name not in names for name, needed, _ in rules)
        if missing or len(set(names)) < len(names) or not _MEANING.isdisjoint(more):
            raise NotPlainError
        takes = [(name, anything) for name in more] + [(name, take) for name, _, take in rules]
        taken = [(names.index(name), take) for name, take in takes if name in names]
        return json.dumps([names[at] for at, _ in taken], ensure_ascii=False), taken

    def shape(record: Any) -> list[str]:
        names, values = zip(*record, strict=True)
        found, taken = plan(names)
        if type(record) is not tuple:
            raise NotPlainError
        texts = [form, found]
        for at, take in taken:
            take(values[at], texts)
        return texts

    return shape


def a_text(value: Any, texts: list[str]) -> None:
    """Take a text."""
    if not value or value.isspace() or APART in value:
        raise NotPlainError
    texts.append(value)


def anything(value: Any, texts: list[str]) -> None:
    """Take any value that is no list and no object within an object."""
    if type(value) is tuple:
        an_object(value, texts)
    elif type(value) is not str:
        texts += _KINDS[type(value)], repr(value)
    elif "\0" in value:
        raise NotPlainError
    else:
        texts += "s", value


@lru_cache(_MOST)
def _order(names: tuple[str, ...]) -> tuple[str, list[int]]:
    """The names in order, and where in ``names`` they are. Raises NotPlainError."""
    if len(set(names)) < len(names):
        raise NotPlainError
    return json.dumps(sorted(names), ensure_ascii=False), sorted(range(len(names)), key=names.__getitem__)


def an_object(value: Any, texts: list[str]) -> None:
    """Take an object of texts, numbers and the like."""
    if type(value) is not tuple:
        raise NotPlainError
    names, values = zip(*value, strict=True) if value else ((), ())
    found, order = _order(names)
    texts += "o", found
    for at in order:
        one = values[at]
        if type(one) is not str:
            texts += _KINDS[type(one)], repr(one)
        elif "\0" in one:
            raise NotPlainError
        else:
            texts += "s", one


def a_reference(value: Any, texts: list[str]) -> None:
    """Take what an answer is compared with: neither null nor empty."""
    if value is None or value == () or (type(value) is str and (not value or value.isspace())):
        raise NotPlainError
    anything(value, texts)


def a_reward(value: Any, texts: list[str]) -> None:
    """Take verl's ``reward_model``."""
    (one, style), (two, truth) = value
    if one != "style" or two != "ground_truth" or style not in {"rule", "model"} or type(value) is not tuple:
        raise NotPlainError
    texts.append(style)
    a_reference(truth, texts)


def a_prompt(value: Any, texts: list[str]) -> None:
    """Take a text or messages; the form tells which."""
    if type(value) is list:
        texts[0] = "prompt as messages"
        plain.prompt(value, texts)
    else:
        texts[0] = "prompt"
        a_text(value, texts)


CHAT = plain.chat(by_fields(("id", False, anything), ("messages", True, plain.conversation)))
PROMPT_COMPLETION = plain.two_texts(
    ("prompt", "completion"),
    ("input", "output"),
    forms=True,
    more=by_fields(
        ("id", False, anything),
        ("prompt", True, a_text),
        ("completion", True, a_text),
        form="prompt and completion",
    ),
)
VERIFIABLE = by_fields(
    ("id", False, anything),
    ("data_source", False, a_text),
    ("ability", False, a_text),
    ("reward_model", False, a_reward),
    ("extra_info", False, an_object),
    ("prompt", True, a_prompt),
)
REINFORCEMENT = by_fields(
    ("id", False, a_text), ("reference_answer", True, a_reference), ("messages", True, plain.prompt)
)
EVALUATION = by_fields(
    ("id", False, anything),
    ("metadata", False, anything),
    ("response", False, a_text),
    ("system", False, a_text),
    ("query", True, a_text),
)
