"""What a rule is, and what it finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mlplatform.template import Place, Template

Finding = tuple[Place, str]
"""Where a rule is broken, and a message: what is wrong, what was given, what is allowed."""


@dataclass(frozen=True)
class Violation:
    """One breach of the rule with the id ``rule``.

    ``logical_id`` names the resource, empty for the template itself; ``location`` is the dotted path inside
    it, such as ``Properties.Policies.0.PolicyDocument.Statement.1``.
    """

    rule: str
    logical_id: str
    message: str
    location: str


@dataclass(frozen=True)
class Rule:
    """One rule: ``id`` as in ``Platform::<id>``, what it demands, and how breaches are found."""

    id: str
    description: str
    find: Callable[[Template], Iterator[Finding]]
