"""Holds what template scanners found against the exceptions that templates carry."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlplatform.exceptions import SHORTEST_REASON, excepted

EXCEPTING = ("checkov", "guard")
"""Scanners that templates carry exceptions for."""


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


@dataclass(frozen=True)
class Settled:
    """Findings of one scanner, held against exceptions: ``problems`` is one line per thing to do."""

    problems: tuple[str, ...]
    excepted: int


def settle(findings: Iterable[Finding], templates: Mapping[str, Mapping[str, Any]], tool: str) -> Settled:
    """Hold the ``findings`` of ``tool`` against the exceptions in ``templates`` (by ``Finding.stack``).

    A finding nobody excepted, an exception without a finding and one without a reason are problems.
    """
    found: dict[tuple[str, str, str], Finding] = {}
    for finding in sorted(findings):
        found.setdefault((finding.stack, finding.logical_id, finding.rule), finding)
    exceptions = dict(_exceptions(templates, tool))
    problems = [str(finding) for key, finding in found.items() if key not in exceptions]
    for key, because in sorted(exceptions.items()):
        stack, logical_id, rule = key
        if key not in found:
            problems.append(
                f"{tool} {rule} {stack} {logical_id}: excepted, but {tool} does not object: remove it"
            )
        elif len(because) < SHORTEST_REASON:
            problems.append(f"{tool} {rule} {stack} {logical_id}: excepted without a reason")
    return Settled(tuple(problems), len(found.keys() & exceptions.keys()))


def _exceptions(
    templates: Mapping[str, Mapping[str, Any]], tool: str
) -> Iterator[tuple[tuple[str, str, str], str]]:
    if tool in EXCEPTING:
        for stack, template in templates.items():
            for logical_id, resource in template.get("Resources", {}).items():
                for rule, because in excepted(resource.get("Metadata", {}), tool).items():
                    yield (stack, logical_id, rule), because
