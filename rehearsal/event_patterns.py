"""EventBridge event patterns.

Each rule: EventBridge user guide, "Comparison operators for use in event patterns in Amazon EventBridge".
"""

import ipaddress
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

ABSENT = object()
COMPARISONS = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class PatternError(ValueError):
    """An event pattern that EventBridge would refuse."""


def check(pattern: Any) -> None:
    """Raise PatternError for a pattern with values outside lists, or with an operator that does not exist."""
    if not isinstance(pattern, Mapping) or not pattern:
        raise PatternError("an event pattern is a non-empty object")
    for field, wanted in pattern.items():
        if field == "$or":
            for alternative in wanted:
                check(alternative)
        elif isinstance(wanted, Mapping):
            check(wanted)
        elif not isinstance(wanted, Sequence) or isinstance(wanted, str) or not wanted:
            raise PatternError(
                f"{field}: an object or a non-empty array of what matches is needed, not {wanted!r}"
            )
        else:
            _check_operators(field, wanted)


def _check_operators(field: str, wanted: Sequence[Any]) -> None:
    for choice in wanted:
        if isinstance(choice, Mapping) and (len(choice) != 1 or next(iter(choice)) not in OPERATORS):
            raise PatternError(f"{field}: {dict(choice)} is none of the operators {', '.join(OPERATORS)}")


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Whether the event has all that the pattern names; what it does not name does not matter."""
    return all(_field(field, wanted, event) for field, wanted in pattern.items())


def _field(field: str, wanted: Any, event: Any) -> bool:
    if field == "$or":
        return any(matches(alternative, event) for alternative in wanted)
    value = event.get(field, ABSENT) if isinstance(event, Mapping) else ABSENT
    if isinstance(wanted, Mapping):
        # A list of objects matches when one of them does; nothing there matches only {"exists": false} below.
        inner = value if isinstance(value, list) else [{} if value is ABSENT else value]
        return any(matches(wanted, item) for item in inner)
    return any(_choice(choice, value) for choice in wanted)


def _choice(choice: Any, value: Any) -> bool:
    """A list in the event matches when one of its members does."""
    if isinstance(choice, Mapping) and "exists" in choice:
        return (value is not ABSENT) is bool(choice["exists"])
    if value is ABSENT:
        return False
    return any(_one(choice, item) for item in (value if isinstance(value, list) else [value]))


def _one(choice: Any, value: Any) -> bool:
    if not isinstance(choice, Mapping):
        return (type(choice) is type(value) and bool(choice == value)) or _numbers(choice, value)
    name, argument = next(iter(choice.items()))
    return OPERATORS[name](argument, value)


def _numbers(choice: Any, value: Any) -> bool:
    numbers = (int, float)
    both = isinstance(choice, numbers) and isinstance(value, numbers)
    return both and not isinstance(choice, bool) and not isinstance(value, bool) and bool(choice == value)


def _text(compare: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    """prefix and suffix also take ``{"equals-ignore-case": ...}``."""

    def compared(argument: Any, value: Any) -> bool:
        if not isinstance(value, str):
            return False
        if isinstance(argument, Mapping):
            return compare(value.lower(), str(argument["equals-ignore-case"]).lower())
        return compare(value, str(argument))

    return compared


def _anything_but(argument: Any, value: Any) -> bool:
    if isinstance(argument, Mapping):
        name, inner = next(iter(argument.items()))
        options = inner if isinstance(inner, list) else [inner]
        return not any(_one({name: option}, value) for option in options)
    return not any(_one(option, value) for option in (argument if isinstance(argument, list) else [argument]))


def _numeric(argument: Any, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    pairs = zip(argument[::2], argument[1::2], strict=True)
    return all(COMPARISONS[comparison](value, limit) for comparison, limit in pairs)


def _wildcard(argument: Any, value: Any) -> bool:
    """``*`` is any number of characters; ``\\*`` and ``\\\\`` are themselves."""
    tokens = re.findall(r"\\[*\\]|\*|[^*\\]+|\\", str(argument))
    pattern = "".join(
        ".*" if token == "*" else re.escape(re.sub(r"\\([*\\])", r"\1", token)) for token in tokens
    )
    return isinstance(value, str) and re.fullmatch(pattern, value, re.DOTALL) is not None


def _cidr(argument: Any, value: Any) -> bool:
    try:
        return ipaddress.ip_address(str(value)) in ipaddress.ip_network(str(argument))
    except ValueError:
        return False


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "prefix": _text(str.startswith),
    "suffix": _text(str.endswith),
    "equals-ignore-case": _text(lambda value, wanted: value.lower() == wanted.lower()),
    "anything-but": _anything_but,
    "numeric": _numeric,
    "wildcard": _wildcard,
    "cidr": _cidr,
    "exists": lambda wanted, _: bool(wanted),
}
