"""A template's parameters and rules: the values a stack is created with, and what they must fulfil."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.cloudformation.intrinsics import TemplateError

ReadParameter = Callable[[str], str]
"""Value of a parameter of AWS Systems Manager by name."""

_LISTS = re.compile(r"CommaDelimitedList|List<.*>")
_STORED = re.compile(r"AWS::SSM::Parameter::Value<(.*)>")


def values(
    template: Mapping[str, Any], given: Mapping[str, str], previous: Mapping[str, str], read: ReadParameter
) -> dict[str, Any]:
    """The parameters' values, as ``Ref`` yields them: texts, or lists of them.

    What is not ``given`` keeps its ``previous`` value, else takes the default. Raises TemplateError.
    """
    declared = template.get("Parameters", {})
    if unknown := sorted(set(given) - set(declared)):
        raise TemplateError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    texts = texts_of(template, given, previous)
    if missing := sorted(set(declared) - set(texts)):
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    return {name: _value(name, rules, texts[name], read) for name, rules in declared.items()}


def texts_of(
    template: Mapping[str, Any], given: Mapping[str, str], previous: Mapping[str, str]
) -> dict[str, str]:
    """The parameters' values as texts, as the stack keeps them for its next update."""
    declared = template.get("Parameters", {})
    defaults = {name: str(rules["Default"]) for name, rules in declared.items() if "Default" in rules}
    kept = {name: value for name, value in previous.items() if name in declared}
    return {**defaults, **kept, **{name: str(value) for name, value in given.items()}}


def _value(name: str, rules: Mapping[str, Any], text: str, read: ReadParameter) -> Any:
    kind = rules["Type"]
    if stored := _STORED.fullmatch(kind):
        kind, text = stored[1], read(text)
    items = [item.strip() for item in text.split(",")] if _LISTS.fullmatch(kind) else [text]
    for item in items:
        _check(name, rules, kind, item)
    return (items if text else []) if _LISTS.fullmatch(kind) else text


def _check(name: str, rules: Mapping[str, Any], kind: str, text: str) -> None:
    """CloudFormation User Guide, "Parameters": the properties that limit a value."""
    limits: Mapping[str, Callable[[Any], bool]] = {
        "AllowedValues": lambda allowed: text in map(str, allowed),
        "AllowedPattern": lambda pattern: re.fullmatch(pattern, text) is not None,
        "MinLength": lambda length: len(text) >= int(length),
        "MaxLength": lambda length: len(text) <= int(length),
        "MinValue": lambda least: float(text) >= float(least),
        "MaxValue": lambda most: float(text) <= float(most),
    }
    if kind == "Number" and not re.fullmatch(r"-?\d+(\.\d+)?", text):
        raise TemplateError(f"Parameter '{name}' must be a number, got {text!r}")
    for limit, holds in limits.items():
        if limit in rules and not holds(rules[limit]):
            wanted = rules.get("ConstraintDescription", f"{limit} is {rules[limit]}")
            raise TemplateError(f"Parameter '{name}' failed to satisfy constraint: {wanted}, got {text!r}")


def broken_rules(template: Mapping[str, Any], holds: Callable[[Any], bool]) -> list[str]:
    """The assertions of the template's ``Rules`` that do not hold, as described there."""
    return [
        f"{name}: {assertion.get('AssertDescription', assertion['Assert'])}"
        for name, rule in template.get("Rules", {}).items()
        if "RuleCondition" not in rule or holds(rule["RuleCondition"])
        for assertion in rule["Assertions"]
        if not holds(assertion["Assert"])
    ]
