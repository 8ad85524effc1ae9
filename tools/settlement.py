"""Holds what template scanners found against the exceptions that tools/exceptions.yaml makes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

EXCEPTIONS = Path(__file__).with_name("exceptions.yaml")

SHORTEST_REASON = 20
"""Characters below which a reason would convince nobody."""

Exceptions = Mapping[str, Mapping[str, str]]
"""Reasons by rule, by resource (``<stack>/<logical id>``, in which ``*`` stands for any characters)."""


@dataclass(frozen=True, order=True)
class Finding:
    """One thing a scanner objects to. ``stack`` is ``<environment>/<stack>``; ``logical_id`` may be empty."""

    tool: str
    rule: str
    stack: str
    logical_id: str
    what: str

    def __str__(self) -> str:
        return f"{self.tool} {self.rule} {self.stack} {self.logical_id}: {self.what}"

    @property
    def resource(self) -> str:
        """The resource as exceptions name it: ``<stack>/<logical id>``, whatever the environment."""
        return f"{self.stack.partition('/')[2]}/{self.logical_id}"


@dataclass(frozen=True)
class Settled:
    """Findings of one scanner, held against exceptions: ``problems`` is one line per thing to do."""

    problems: tuple[str, ...]
    excepted: int


def exceptions(tool: str, path: Path = EXCEPTIONS) -> Exceptions:
    """The exceptions from the rules of one scanner."""
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get(tool) or {}


def settle(findings: Iterable[Finding], excepted: Exceptions, tool: str) -> Settled:
    """Hold the ``findings`` of ``tool`` against exceptions.

    A finding nobody excepted, an exception without a finding and one without a reason are problems.
    """
    found = {(one.stack, one.logical_id, one.rule): one for one in sorted(findings, reverse=True)}
    taken = [
        (resource, one)
        for one in found.values()
        for resource, reasons in excepted.items()
        if one.rule in reasons and fnmatchcase(one.resource, resource)
    ]
    needed = {(resource, one.rule) for resource, one in taken}
    open_ones = set(found.values()) - {one for _, one in taken}
    problems = [str(one) for one in sorted(open_ones)]
    for resource, reasons in excepted.items():
        for rule, because in reasons.items():
            if (resource, rule) not in needed:
                problems.append(f"{tool} {rule} {resource}: excepted, but {tool} does not object: remove it")
            elif len(because) < SHORTEST_REASON:
                problems.append(f"{tool} {rule} {resource}: excepted without a reason")
    return Settled(tuple(problems), len(found) - len(open_ones))
