"""Policy statements as sentences that people can check."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_TESTS = {
    "ArnEquals": "is",
    "ArnLike": "is like",
    "ArnNotEquals": "is not",
    "ArnNotLike": "is not like",
    "NumericLessThan": "is below",
    "StringEquals": "is",
    "StringLike": "is like",
    "StringNotEquals": "is not",
    "StringNotLike": "is not like",
}
"""What condition operators ask."""

_NONE = {"ArnNotEquals": "is none of", "ArnNotLike": "is like none of"}
_NONE |= {"StringNotEquals": "is none of", "StringNotLike": "is like none of"}

Words = Callable[[str], str]
"""Puts a text of one environment in words that are the same in all of them."""


def sentence(statement: Mapping[str, Any], words: Words) -> str:
    """Who reads it knows about whom it is: ``May `s3:GetObject` on `…`, if ….``, with its Sid at the end.

    Raises KeyError for a condition operator without words.
    """
    allows = statement["Effect"] == "Allow"
    parts = [f"{'May' if allows else 'Never'} {_actions(statement)}", _resources(statement, words)]
    if tests := list(conditions(statement, words)):
        parts.append(f"{', if' if allows else ', when'} {' and '.join(tests)}")
    sid = f" ({statement['Sid']})" if "Sid" in statement else ""
    return "".join(parts) + sid


def trust_sentence(statement: Mapping[str, Any], words: Words) -> str:
    """Who may assume a role, under which conditions."""
    kinds = {"AWS": "roles and users of", "Service": "the service", "Federated": "holders of tokens of"}
    principal = statement["Principal"]
    who = [
        f"{kinds[kind]} {_many(values, words)}"
        for kind, values in (principal.items() if isinstance(principal, dict) else [("AWS", principal)])
    ]
    tests = list(conditions(statement, words))
    return " and ".join(who) + (f", if {' and '.join(tests)}" if tests else "")


def conditions(statement: Mapping[str, Any], words: Words) -> Iterator[str]:
    """What a statement asks of a request, one text for each key."""
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, values in keys.items():
            yield _condition(operator, key, values, words)


def _condition(operator: str, key: str, values: Any, words: Words) -> str:
    quantifier, _, plain = operator.rpartition(":")
    optional = plain.endswith("IfExists")
    plain = plain.removesuffix("IfExists")
    subject = {"": "", "ForAnyValue": "any value of ", "ForAllValues": "every value of "}[quantifier]
    if plain == "Null":
        return f"`{key}` is {'missing' if values == 'true' else 'present'}"
    if plain == "Bool":
        test = f"is {values}"
    else:
        several = "Not" in plain and isinstance(values, list) and len(values) > 1
        test = f"{_NONE[plain] if several else _TESTS[plain]} {_many(values, words, 'or')}"
    return f"{subject}`{key}` {test}{' or missing' if optional else ''}"


def _actions(statement: Mapping[str, Any]) -> str:
    if "NotAction" in statement:
        return f"everything but {_many(statement['NotAction'], str)}"
    return _many(statement["Action"], str)


def _resources(statement: Mapping[str, Any], words: Words) -> str:
    if "NotResource" in statement:
        return f" on anything but {_many(statement['NotResource'], words, 'or')}"
    resources = statement.get("Resource", "*")
    return "" if resources in ("*", ["*"]) else f" on {_many(resources, words)}"


def _many(values: Any, words: Words, last: str = "and") -> str:
    """One or several texts as a list in a sentence, each marked as code."""
    texts = sorted({words(value) for value in ([values] if isinstance(values, str) else values)})
    marked = [f"`{re.sub(r'`', '', text)}`" for text in texts]
    return marked[0] if len(marked) == 1 else f"{', '.join(marked[:-1])} {last} {marked[-1]}"
