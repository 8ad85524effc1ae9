"""CloudFormation's intrinsic functions, conditions and pseudo parameters, resolved against one stack."""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlplatform.regions import partition_of
from rehearsal.api import Place

NO_VALUE = object()
"""What ``AWS::NoValue`` resolves to: the property that has it is left out."""

_CONDITIONAL = ("Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals", "Fn::Contains")


class TemplateError(Exception):
    """A template that CloudFormation would refuse, or cannot resolve."""


@dataclass(frozen=True)
class Scope:
    """What the functions of one stack's template can refer to.

    ``attribute`` answers ``Fn::GetAtt`` and, with None for the attribute, ``Ref`` of a resource;
    ``imported`` answers ``Fn::ImportValue``. Both raise TemplateError.
    """

    place: Place
    stack_name: str
    stack_id: str
    parameters: Mapping[str, Any]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    zones: tuple[str, ...]
    attribute: Callable[[str, str | None], Any]
    imported: Callable[[str], str]

    def resolve(self, value: Any) -> Any:
        """``value`` with every function replaced by what it yields."""
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return self._ref(argument)
            if name.startswith("Fn::"):
                return self._call(name, argument)
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not NO_VALUE}

    def holds(self, condition: Any) -> bool:
        """Whether a condition, by name or spelled out, is true."""
        if isinstance(condition, str):
            if condition not in self.conditions:
                raise TemplateError(f"there is no condition {condition}")
            return self.holds(self.conditions[condition])
        if isinstance(condition, Mapping) and set(condition) == {"Condition"}:
            return self.holds(condition["Condition"])
        match condition:
            case {"Fn::And": list(parts)}:
                return all(map(self.holds, parts))
            case {"Fn::Or": list(parts)}:
                return any(map(self.holds, parts))
            case {"Fn::Not": [part]}:
                return not self.holds(part)
            case {"Fn::Equals": [left, right]}:
                return _text(self.resolve(left)) == _text(self.resolve(right))
            case {"Fn::Contains": [choices, value]}:
                return self.resolve(value) in self.resolve(choices)
        raise TemplateError(f"not a condition: {condition}")

    def _ref(self, name: str) -> Any:
        if name in self.parameters:
            return self.parameters[name]
        pseudo = {
            "AWS::AccountId": self.place.account,
            "AWS::NoValue": NO_VALUE,
            "AWS::NotificationARNs": [],
            "AWS::Partition": self.place.partition,
            "AWS::Region": self.place.region,
            "AWS::StackId": self.stack_id,
            "AWS::StackName": self.stack_name,
            "AWS::URLSuffix": partition_of(self.place.region)[1],
        }
        return pseudo[name] if name in pseudo else self.attribute(name, None)

    def _call(self, name: str, argument: Any) -> Any:
        if name in _CONDITIONAL:
            return self.holds({name: argument})
        if name == "Fn::If":
            condition, when_true, when_false = argument
            return self.resolve(when_true if self.holds(condition) else when_false)
        if name == "Fn::Sub":
            return self._substitute(argument)
        functions: Mapping[str, Callable[[Any], Any]] = {
            "Fn::GetAtt": self._get_attribute,
            "Fn::Join": lambda a: _text(a[0]).join(_text(part) for part in a[1]),
            "Fn::Select": lambda a: _select(int(a[0]), a[1]),
            "Fn::Split": lambda a: a[1].split(a[0]),
            "Fn::FindInMap": self._find_in_map,
            "Fn::ImportValue": self.imported,
            "Fn::GetAZs": lambda _: list(self.zones),
            "Fn::Base64": lambda a: base64.b64encode(_text(a).encode()).decode(),
        }
        if name not in functions:
            raise TemplateError(f"the function {name} is not known here")
        return functions[name](self.resolve(argument))

    def _get_attribute(self, argument: Any) -> Any:
        logical_id, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        return self.attribute(logical_id, attribute)

    def _find_in_map(self, argument: list[str]) -> Any:
        found: Any = self.mappings
        for key in argument[:3]:
            if key not in found:
                raise TemplateError(f"there is no {key} in the mapping {argument[0]}")
            found = found[key]
        return found

    def _substitute(self, argument: Any) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else argument
        values = self.resolve(own)

        def value_of(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in values:
                return _text(values[name])
            if "." in name:
                return _text(self._get_attribute(name))
            return _text(self._ref(name))

        return re.sub(r"\$\{([^}]*)\}", value_of, text)


def _select(index: int, choices: list[Any]) -> Any:
    if not 0 <= index < len(choices):
        raise TemplateError(f"Fn::Select: there is no item {index} in a list of {len(choices)}")
    return choices[index]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise TemplateError(f"not a text: {value!r}")
    return str(value)
