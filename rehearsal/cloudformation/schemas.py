"""The schemas of the CloudFormation registry, as cfn-lint ships them: what a resource of a type may say."""

import importlib.util
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jsonschema
import regex

Properties = Mapping[str, Any]

_CHECKER = jsonschema.Draft7Validator.TYPE_CHECKER

CUSTOM_RESOURCE = "AWS::CloudFormation::CustomResource"
"""What every ``Custom::*`` type is (CloudFormation User Guide, "Custom resources")."""


@dataclass(frozen=True)
class ResourceType:
    """One type of the registry in one region."""

    name: str
    schema: Mapping[str, Any]

    def problems(self, properties: Properties) -> list[str]:
        """What CloudFormation would refuse, one line for each property."""
        return [
            f"{'/'.join(map(str, error.path)) or 'properties'}: {error.message[:200]}"
            for error in self._validator.iter_errors(properties)
        ]

    @property
    def identifier(self) -> tuple[str, ...]:
        """The properties that name a resource of the type among all others (``primaryIdentifier``)."""
        return tuple(_dotted(self.schema["primaryIdentifier"]))

    @property
    def attributes(self) -> frozenset[str]:
        """What ``Fn::GetAtt`` may ask for that no template says (``readOnlyProperties``)."""
        return frozenset(_dotted(self.schema.get("readOnlyProperties", ())))

    @property
    def names(self) -> tuple[str, ...]:
        """The properties by which a template may itself name a resource of the type."""
        said = [name for name in self.identifier if name not in self.attributes]
        usual = ("Name", f"{self.name.rpartition('::')[2]}Name")
        fixed = set(_dotted(self.schema.get("createOnlyProperties", ())))
        return tuple(said or (name for name in usual if name in fixed))

    def replaced_by(self, old: Properties, new: Properties) -> bool:
        """Whether going from ``old`` to ``new`` needs another resource (``createOnlyProperties``)."""
        pointers = self.schema.get("createOnlyProperties", ())
        return any(
            list(_found(old, pointer.split("/")[2:])) != list(_found(new, pointer.split("/")[2:]))
            for pointer in pointers
        )

    @cached_property
    def _validator(self) -> Any:
        return _Validator(self.schema)


@cache
def resource_type(name: str, region: str) -> ResourceType | None:
    """The type called ``name``; None if the region has none of that name."""
    wanted = CUSTOM_RESOURCE if name.startswith("Custom::") else name
    digest = _index(region).get(wanted)
    if digest is None:
        return None
    text = (_folder() / "resources" / f"{digest}.json").read_text(encoding="utf-8")
    schema = json.loads(text)
    if wanted == CUSTOM_RESOURCE:  # its own properties are whatever the function understands
        schema["additionalProperties"] = True
    return ResourceType(name, schema)


@cache
def _index(region: str) -> Mapping[str, str]:
    parsed: dict[str, str] = json.loads((_folder() / "providers" / f"{region}.json").read_text("utf-8"))
    return parsed


@cache
def _folder() -> Path:
    # Found without importing cfn-lint, which takes longer than to validate every template.
    found = importlib.util.find_spec("cfnlint")
    if found is None or found.origin is None:
        raise FileNotFoundError("cfn-lint is not installed: run make test once, which sets it up")
    return Path(found.origin).parent / "data" / "schemas"


def _dotted(pointers: Iterable[str]) -> Iterator[str]:
    """``/properties/Endpoint/Address`` as ``Fn::GetAtt`` spells it: ``Endpoint.Address``."""
    for pointer in pointers:
        yield ".".join(pointer.split("/")[2:])


def _found(value: Any, path: list[str]) -> Iterator[Any]:
    if not path:
        yield value
    elif path[0] == "*" and isinstance(value, list):
        for item in value:
            yield from _found(item, path[1:])
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _found(value[path[0]], path[1:])


def _type(_: Any, wanted: str | list[str], value: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
    """CloudFormation takes the text of a number or truth value for the value itself, and the other way."""
    names = [wanted] if isinstance(wanted, str) else wanted
    if not any(_is(name, value) for name in names):
        yield jsonschema.ValidationError(f"{value!r} is not of type {' or '.join(names)}")


def _is(name: str, value: Any) -> bool:
    match name:
        case "boolean":
            return isinstance(value, bool) or value in ("true", "false")
        case "string":
            return isinstance(value, str | int | float)
        case "number":
            return _number(value) is not None
        case "integer":
            return (_number(value) or 0.0).is_integer() and _number(value) is not None
    return bool(_CHECKER.is_type(value, name))


def _number(value: Any) -> float | None:
    """A number, or a text that is one, as a number."""
    if isinstance(value, str) and regex.fullmatch(r"-?\d+(\.\d+)?", value):
        return float(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _least(_: Any, least: float, value: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
    if (number := _number(value)) is not None and number < least:
        yield jsonschema.ValidationError(f"{value!r} is less than the minimum of {least}")


def _most(_: Any, most: float, value: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
    if (number := _number(value)) is not None and number > most:
        yield jsonschema.ValidationError(f"{value!r} is greater than the maximum of {most}")


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
    if isinstance(value, str) and not regex.search(pattern, value):
        yield jsonschema.ValidationError(f"{value!r} does not match {pattern}")


def _one_of(_: Any, names: list[str], value: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
    if isinstance(value, Mapping) and len(given := [name for name in names if name in value]) != 1:
        yield jsonschema.ValidationError(f"needs exactly one of {', '.join(names)}, got {given or 'none'}")


def _any_of(_: Any, names: list[str], value: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
    if isinstance(value, Mapping) and not any(name in value for name in names):
        yield jsonschema.ValidationError(f"needs one of {', '.join(names)}")


def _excludes(
    _: Any, rules: Mapping[str, list[str]], value: Any, __: Any
) -> Iterator[jsonschema.ValidationError]:
    for name, others in rules.items():
        if isinstance(value, Mapping) and name in value and (found := [o for o in others if o in value]):
            yield jsonschema.ValidationError(f"{name} excludes {', '.join(found)}")


def _needs(
    _: Any, rules: Mapping[str, list[str]], value: Any, __: Any
) -> Iterator[jsonschema.ValidationError]:
    for name, others in rules.items():
        if (
            isinstance(value, Mapping)
            and name in value
            and (lacking := [o for o in others if o not in value])
        ):
            yield jsonschema.ValidationError(f"{name} needs {', '.join(lacking)}")


_extend: Any = jsonschema.validators.extend  # its types say nothing of what it takes
_Validator = _extend(
    jsonschema.Draft7Validator,
    # cfn-lint's own keywords; "format" says which resource an id belongs to, not how it is spelled.
    {
        "maximum": _most,
        "minimum": _least,
        "pattern": _pattern,
        "requiredXor": _one_of,
        "requiredOr": _any_of,
        "dependentExcluded": _excludes,
        "dependentRequired": _needs,
        "type": _type,
    },
)
