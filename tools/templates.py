"""Reads templates: their resources, and values that hold intrinsic functions."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Json = Any


Resource = Mapping[str, Json]


@dataclass(frozen=True, order=True)
class Finding:
    """One thing a reviewer must know: ``loss`` and ``permission`` fail the review, ``note`` does not."""

    kind: Literal["loss", "permission", "note"]
    logical_id: str
    resource_type: str
    what: str

    def __str__(self) -> str:
        return f"{self.logical_id} ({self.resource_type}): {self.what}"


def resources_of(template: Json) -> Mapping[str, Resource]:
    found: Mapping[str, Resource] = template.get("Resources", {})
    return found


def as_list(value: Json) -> list[Json]:
    if value is None or value == {"Ref": "AWS::NoValue"}:
        return []
    return value if isinstance(value, list) else [value]


def is_intrinsic(node: Json) -> bool:
    return isinstance(node, dict) and len(node) == 1 and re.match(r"Ref$|Fn::", next(iter(node))) is not None


def text(value: Json) -> str:
    """A value as one string; what is known only at deployment becomes a placeholder ``${...}``."""
    match value:
        case str():
            return value
        case {"Ref": str(name)}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(map(text, parts))
        case {"Fn::Sub": str(template)}:
            return template
        case dict() | list():  # neither braces nor quotes: the text may stand in an ARN, or in JSON
            written = json.dumps(value, sort_keys=True).translate(str.maketrans('{}"', "()'"))
            return f"${{{written}}}"
    return json.dumps(value)


def names_in(value: Json) -> Iterator[str]:
    """Every logical id, mapping and condition a value refers to."""
    if isinstance(value, list):
        for item in value:
            yield from names_in(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            match key, item:
                case "Ref" | "Condition", str():
                    yield item
                case "Fn::GetAtt", str():
                    yield item.partition(".")[0]
                case "Fn::GetAtt" | "Fn::FindInMap" | "Fn::If", [str(name), *rest]:
                    yield name
                    yield from names_in(rest)
                case "Fn::Sub", str() | [str(), *_]:
                    yield from re.findall(r"\$\{(\w+)", item if isinstance(item, str) else item[0])
                    yield from names_in(item)
                case _:
                    yield from names_in(item)


def condition_of(template: Json, resource: Resource) -> str:
    """What must hold for a resource to exist, with named conditions spelled out; empty if nothing must."""

    def spelled_out(node: Json) -> Json:
        if isinstance(node, dict) and isinstance(name := node.get("Condition"), str):
            return spelled_out(template.get("Conditions", {}).get(name))
        if isinstance(node, dict):
            return {key: spelled_out(item) for key, item in node.items()}
        return [spelled_out(item) for item in node] if isinstance(node, list) else node

    if "Condition" not in resource:
        return ""
    return json.dumps(spelled_out({"Condition": resource["Condition"]}), sort_keys=True)
