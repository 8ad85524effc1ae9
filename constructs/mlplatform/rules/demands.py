"""Rules that are tables: which property a type of resource must have, and with which value."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mlplatform.rules.rule import Finding
from mlplatform.template import Template, text


@dataclass(frozen=True)
class Demand:
    """A property that every resource of ``types`` must have.

    ``path`` is dotted; a list on the way stands for each of its items, and below a step that ends in ``?``
    nothing is demanded of a resource without it. ``allowed`` are the texts of values that will do, whatever
    their case; none: any value does.
    """

    types: tuple[str, ...]
    path: str
    allowed: tuple[str, ...] = ()

    def refuses(self, value: Any) -> bool:
        """Whether a value, None where there is none, is not what is demanded."""
        return value is None or bool(
            self.allowed and _written(value).lower() not in map(str.lower, self.allowed)
        )


def unmet(template: Template, demands: Iterable[Demand]) -> Iterator[Finding]:
    """Yield one finding for every demand that a resource may not meet, whatever its conditions decide."""
    for demand in demands:
        where = demand.path.replace("?", "")
        for logical_id, properties in template.of_type(*demand.types):
            if refused := [value for value in at(properties, demand.path) if demand.refuses(value)]:
                given = "missing" if refused[0] is None else _written(refused[0])
                expected = f", allowed: {', '.join(demand.allowed)}" if demand.allowed else ""
                yield (logical_id, f"Properties.{where}"), f"{where} is {given}{expected}"


def at(node: Any, path: str) -> list[Any]:
    """Every value that may stand at ``path`` below ``node``, None where there may be none.

    Both branches of an ``Fn::If`` count, and any other intrinsic function stands for all that is below it.
    """
    found = [node]
    for step in path.split("."):
        children = [child for parent in found for child in _branches(_child(parent, step.removesuffix("?")))]
        found = [child for child in children if child is not None or not step.endswith("?")]
    return found


def _child(node: Any, name: str) -> Any:
    if not isinstance(node, dict):
        return None
    known_later = len(node) == 1 and next(iter(node)).startswith(("Ref", "Fn::"))
    return node if known_later else node.get(name)


def _branches(value: Any) -> list[Any]:
    match value:
        case {"Ref": "AWS::NoValue"}:
            return [None]
        case {"Fn::If": [_, yes, no]}:
            return _branches(yes) + _branches(no)
        case list():
            items = [_branches(item) for item in value]
            nothing = [None] if all(None in item for item in items) else []
            return [one for item in items for one in item if one is not None] + nothing
        case _:
            return [value]


def _written(value: Any) -> str:
    """A value as JSON writes it, without quotes."""
    return str(value).lower() if isinstance(value, bool) else text(value)
