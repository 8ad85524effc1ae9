"""Compares policy statements: what one grants or denies beyond others.

What cannot be compared (an intrinsic function, a statement of unknown form) counts as changed with its text.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

from tools.templates import Json, Resource, as_list, is_intrinsic, text

FULL_ACCESS = {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}


COMPARES = re.compile(r"(String|Arn)(Not)?(Equals|EqualsIgnoreCase|Like)|(Not)?IpAddress")
"""Condition operators that more values make true more often, or, with ``Not``, less often."""


STATEMENT_KEY = re.compile(r"Sid|Effect|Condition|(Not)?(Action|Resource|Principal)")


@dataclass(frozen=True)
class Element:
    """``Action``, ``Resource`` or ``Principal`` of a statement, or its ``Not...`` form."""

    negated: bool
    values: frozenset[str]


Elements = tuple[Element | None, ...]


@dataclass(frozen=True)
class Statement:
    """One policy statement in a form that can be compared; ``unknown`` holds one that has no such form."""

    effect: str
    elements: Elements
    """Action, resource and principal; None where the statement has none."""
    conditions: frozenset[tuple[str, str, frozenset[str]]] = frozenset()
    unknown: str = ""


def uncovered(statement: Statement, by: Collection[Statement]) -> str:
    """What of a statement no single statement of ``by`` covers, in words; empty if all of it is covered.

    Each combination of one action, one resource and one principal is looked for by itself, so statements may
    be merged and split freely.
    """
    if statement in by:
        return ""
    if statement.unknown:
        return f"a statement that cannot be compared: {statement.unknown}"
    by = [other for other in by if other.effect == statement.effect and _implies(statement, other)]
    atoms = product(*map(_atoms, statement.elements))
    left = [atom for atom in atoms if not any(_all_within(atom, other.elements) for other in by)]
    return _in_words(statement, left) if left else ""


def _implies(narrow: Statement, wide: Statement) -> bool:
    """Whether all conditions of ``wide`` hold whenever those of ``narrow`` do."""
    given = {(operator, key): values for operator, key, values in narrow.conditions}
    return all(_stricter(test[0], given.get(test[:2]), test[2]) for test in wide.conditions)


def _stricter(operator: str, narrow: frozenset[str] | None, wide: frozenset[str]) -> bool:
    if narrow is None or narrow == wide:
        return narrow is not None
    plain = operator.rpartition(":")[2].removesuffix("IfExists")
    if not COMPARES.fullmatch(plain):
        return False
    return narrow > wide if "Not" in plain else narrow < wide


def _atoms(element: Element | None) -> list[Element | None]:
    """One element per value; a ``Not...`` form cannot be taken apart."""
    if element is None or element.negated:
        return [element]
    return [Element(False, frozenset({value})) for value in sorted(element.values)]


def _all_within(atom: Elements, wide: Elements) -> bool:
    return all(map(_within, atom, wide, MATCHES))


def _within(inner: Element | None, outer: Element | None, matches: Callable[[str, str], bool]) -> bool:
    if inner is None or outer is None:
        return inner is outer
    if inner.negated or outer.negated:  # excluding more is narrower; a form is not compared with its opposite
        return inner.negated and outer.negated and outer.values <= inner.values
    [value] = inner.values
    return any(matches(pattern, value) for pattern in outer.values)


@cache
def covers(pattern: str, value: str) -> bool:
    """Whether everything ``value`` matches, ``pattern`` matches too; both may hold ``*`` and ``?``.

    A wildcard does not reach beyond its part of an ARN; ``?`` does not stand for the ``*`` of ``value``.
    """
    if pattern in ("*", value):
        return True
    outer, inner = _arn_parts(pattern), _arn_parts(value)
    return len(outer) == len(inner) and all(map(_glob_covers, outer, inner))


def _glob_covers(pattern: str, value: str) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "[^*]")
    return re.fullmatch(expression, value, re.DOTALL) is not None


def _arn_parts(value: str) -> list[str]:
    return re.split(r":(?![^{}]*\})", value, maxsplit=5)


def _covers_action(pattern: str, value: str) -> bool:
    return covers(pattern.lower(), value.lower())


def _same_principal(pattern: str, value: str) -> bool:
    return pattern == value or (pattern == "AWS:*" and value.startswith("AWS:"))


MATCHES: tuple[Callable[[str, str], bool], ...] = (_covers_action, covers, _same_principal)
"""How a pattern covers a value: of an action, a resource and a principal."""


def _in_words(statement: Statement, left: list[Elements]) -> str:
    words = [statement.effect]
    for position, preposition in enumerate(("", "on ", "to ")):
        elements = [element for atom in left if (element := atom[position])]
        values = sorted({value for element in elements for value in element.values})
        if values:
            more = f" and {len(values) - 6} more" if len(values) > 6 else ""
            all_but = "all but " if elements[0].negated else ""
            words.append(preposition + all_but + ", ".join(values[:6]) + more)
    tests = [
        f"{operator} {key} {', '.join(sorted(v))}"
        for operator, key, v in sorted(statement.conditions, key=str)
    ]
    return " ".join(words) + (" if " + " and ".join(tests) if tests else "")


def policy_statements(node: Json, path: str) -> Iterator[tuple[str, Json]]:
    """Every ``Statement`` below a node; list positions count only between the branches of Fn::If."""
    if isinstance(node, str) or is_intrinsic(node):
        written = text(node)
        if '"Statement"' in written:
            try:
                node = json.loads(written)
            except ValueError:
                yield path, written
                return
    if isinstance(node, list):
        for position, item in enumerate(node):
            yield from policy_statements(item, f"{path}/{position}" if path.endswith("Fn::If") else path)
    elif isinstance(node, dict) and "Statement" in node:
        yield path or "policy", node["Statement"]
    elif isinstance(node, dict):
        for key, item in node.items():
            yield from policy_statements(item, f"{path}/{key}".removeprefix("/"))


def parse_statement(raw: Json) -> Statement:
    """Normalise one statement: Sid dropped, single values as sets, intrinsic functions as text."""
    conditions = raw.get("Condition", {}) if isinstance(raw, dict) else {}
    readable = (
        isinstance(raw, dict)
        and all(map(STATEMENT_KEY.fullmatch, raw))
        and raw.get("Effect") in ("Allow", "Deny")
        and isinstance(conditions, dict)
        and all(isinstance(tests, dict) and not is_intrinsic(tests) for tests in conditions.values())
    )
    if not readable:
        return Statement("unknown", (None, None, None), unknown=json.dumps(raw, sort_keys=True))
    tests = frozenset(
        (operator, key.lower(), frozenset(map(text, as_list(values))))
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )
    elements = (_element(raw, "Action"), _element(raw, "Resource"), _element(raw, "Principal"))
    return Statement(raw["Effect"], elements, tests)


def _element(raw: Resource, name: str) -> Element | None:
    negated = f"Not{name}" in raw
    value = raw.get(f"Not{name}" if negated else name)
    if value is None:
        return None
    if name == "Principal":
        groups = value if isinstance(value, dict) and not is_intrinsic(value) else {"AWS": value}
        named = (f"{kind}:{text(item)}" for kind, items in groups.items() for item in as_list(items))
        return Element(negated, frozenset(named))
    return Element(negated, frozenset(map(text, as_list(value))))
