"""Reads a state machine definition and refuses what Step Functions would refuse, or we cannot run.

Rules: the Amazon States Language specification and the Step Functions guide, one function each. Only
JSONata machines are run: JSONPath fields are refused by name, not ignored.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal.api import ApiError
from rehearsal.states.expressions import is_expression, syntax_problem

DEFINITION_LIMIT_BYTES = 1_048_576
"""Step Functions quotas: maximum request size of a definition."""

COMMON = {"Type", "Comment", "QueryLanguage"}
TRANSITION = {"Next", "End"}
RESULT = {"Output", "Assign"}
ERRORS = {"Retry", "Catch"}
FIELDS = {
    "Task": COMMON
    | TRANSITION
    | RESULT
    | ERRORS
    | {"Resource", "Arguments", "TimeoutSeconds", "HeartbeatSeconds"},
    "Pass": COMMON | TRANSITION | RESULT,
    "Choice": COMMON | RESULT | {"Choices", "Default"},
    "Wait": COMMON | TRANSITION | RESULT | {"Seconds", "Timestamp"},
    "Succeed": COMMON | {"Output"},
    "Fail": COMMON | {"Error", "Cause"},
    "Parallel": COMMON | TRANSITION | RESULT | ERRORS | {"Branches", "Arguments"},
    "Map": COMMON
    | TRANSITION
    | RESULT
    | ERRORS
    | {"Items", "ItemSelector", "ItemProcessor", "MaxConcurrency", "Label"}
    | {"ToleratedFailurePercentage", "ToleratedFailureCount"},
}
"""The guide, "State machine structure" and "Workflow states": the fields of a JSONata state by type."""

JSONPATH_FIELDS = {"InputPath", "OutputPath", "ResultPath", "ResultSelector", "Parameters", "ItemsPath"}
NOT_REHEARSED = {"ItemReader", "ItemBatcher", "ResultWriter", "Credentials"}

Problem = str
SupportedResource = Callable[[str, Any], str | None]


def read(definition: str, resource_problem: SupportedResource) -> dict[str, Any]:
    """The definition as JSON; ``resource_problem`` says what is wrong with a Task's Resource and Arguments.

    Raises ApiError InvalidDefinition with every problem found.
    """
    if len(definition.encode()) > DEFINITION_LIMIT_BYTES:
        raise _invalid(["the definition is longer than 1 MiB"])
    try:
        machine = json.loads(definition)
    except ValueError as problem:
        raise _invalid([f"INVALID_JSON_DESCRIPTION: {problem}"]) from problem
    if not isinstance(machine, dict):
        raise _invalid(["the definition is not an object"])
    problems = [
        *_machine(machine),
        *_scope(machine, machine.get("QueryLanguage"), "", resource_problem, set()),
    ]
    if problems:
        raise _invalid(problems)
    return machine


def _invalid(problems: list[Problem]) -> ApiError:
    return ApiError("InvalidDefinition", "Invalid State Machine Definition: '" + "; ".join(problems) + "'")


def _machine(machine: dict[str, Any]) -> Iterator[Problem]:
    known = {"Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage"}
    for field in sorted(machine.keys() - known):
        yield f"SCHEMA_VALIDATION_FAILED: Field is not supported at /{field}"


def _scope(
    scope: dict[str, Any], language: str | None, where: str, resource: SupportedResource, outer: set[str]
) -> Iterator[Problem]:
    """Problems of one set of states: the machine's, a branch's or an item processor's.

    A state may be the target only of states of its own set; every state must be reachable; and a variable
    may not have the name of one assigned outside (the guide, "Variable scope in workflows").
    """
    states = scope.get("States")
    if not isinstance(states, dict) or not states:
        yield f"SCHEMA_VALIDATION_FAILED: States is required at /{where}"
        return
    targets = {scope.get("StartAt")}
    names = {name for state in states.values() for name in _assigned(state)}
    for name in sorted(names & outer):
        yield f"the variable '{name}' of {where or 'the machine'} is already assigned in an outer scope"
    for name, state in states.items():
        targets |= _targets(state)
        yield from _state(state, language, f"{where}States/{name}", resource, outer | names)
    for name in sorted(str(target) for target in targets - states.keys()):
        yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {name} at /{where}States"
    for name in sorted(states.keys() - targets):
        yield f'MISSING_TRANSITION_TARGET: State "{name}" is not reachable. at /{where}States/{name}'


def _assigned(state: dict[str, Any]) -> set[str]:
    holders = [state, *state.get("Choices", ()), *state.get("Catch", ())]
    return {name for holder in holders for name in holder.get("Assign", {})}


def _targets(state: dict[str, Any]) -> set[str]:
    holders = [state, *state.get("Choices", ()), *state.get("Catch", ())]
    named = {holder["Next"] for holder in holders if "Next" in holder}
    return named | ({state["Default"]} if "Default" in state else set())


def _state(
    state: dict[str, Any], language: str | None, where: str, resource: SupportedResource, outer: set[str]
) -> Iterator[Problem]:
    kind = str(state.get("Type"))
    if kind not in FIELDS:
        yield f"SCHEMA_VALIDATION_FAILED: Type {kind} is not supported at /{where}"
        return
    if state.get("QueryLanguage", language) != "JSONata":
        yield f"only JSONata states are rehearsed, and this one uses JSONPath at /{where}"
    for field in sorted(state.keys() - FIELDS[kind]):
        yield f"SCHEMA_VALIDATION_FAILED: {_unsupported(field)} at /{where}/{field}"
    if FIELDS[kind] >= TRANSITION and ("Next" in state) == (state.get("End") is True):
        yield f"SCHEMA_VALIDATION_FAILED: exactly one of Next and End is required at /{where}"
    if "states" in _assigned(state):
        yield f"SCHEMA_VALIDATION_FAILED: the variable 'states' is reserved at /{where}/Assign"
    yield from _errors(state, where)
    yield from _parts(state, kind, language, where, resource, outer)
    yield from _syntax({key: value for key, value in state.items() if key not in NESTED}, where)


NESTED = {"Branches", "ItemProcessor"}


def _unsupported(field: str) -> Problem:
    if field in JSONPATH_FIELDS:
        return f"{field} belongs to JSONPath and is not supported in a JSONata state"
    return f"{field} is not rehearsed" if field in NOT_REHEARSED else "Field is not supported"


def _errors(state: dict[str, Any], where: str) -> Iterator[Problem]:
    """States.ALL stands alone, in the last retrier or catcher (ASL specification, "Errors")."""
    for field in ("Retry", "Catch"):
        rules = state.get(field, [])
        for index, rule in enumerate(rules):
            names = rule.get("ErrorEquals", [])
            if not names:
                yield f"SCHEMA_VALIDATION_FAILED: ErrorEquals is required at /{where}/{field}[{index}]"
            if "States.ALL" in names and (len(names) > 1 or index < len(rules) - 1):
                yield f"States.ALL must appear alone and in the last rule at /{where}/{field}[{index}]"
            if field == "Catch" and "Next" not in rule:
                yield f"SCHEMA_VALIDATION_FAILED: Next is required at /{where}/Catch[{index}]"


def _parts(
    state: dict[str, Any],
    kind: str,
    language: str | None,
    where: str,
    resource: SupportedResource,
    outer: set[str],
) -> Iterator[Problem]:
    """What each type needs: a Task its Resource, a Choice its rules, a Wait one duration, Parallel and Map
    their inner states. The states of a distributed Map see no outer variable, so they may reuse a name."""
    if kind == "Task":
        problem = resource(str(state.get("Resource")), state.get("Arguments"))
        yield from [f"{problem} at /{where}/Resource"] if problem else []
    if kind == "Choice" and not state.get("Choices"):
        yield f"SCHEMA_VALIDATION_FAILED: Choices is required at /{where}"
    if kind == "Wait" and ("Seconds" in state) == ("Timestamp" in state):
        yield f"SCHEMA_VALIDATION_FAILED: exactly one of Seconds and Timestamp is required at /{where}"
    for index, branch in enumerate(state.get("Branches", ())):
        yield from _scope(branch, language, f"{where}/Branches[{index}]/", resource, outer)
    if kind == "Map":
        processor = state.get("ItemProcessor", {})
        seen = set() if distributed(state) else outer
        yield from _scope(processor, language, f"{where}/ItemProcessor/", resource, seen)


def distributed(state: Mapping[str, Any]) -> bool:
    """Whether a Map runs each item as an execution of its own (ProcessorConfig.Mode DISTRIBUTED)."""
    config = state.get("ItemProcessor", {}).get("ProcessorConfig", {})
    return bool(config.get("Mode") == "DISTRIBUTED")


def _syntax(value: Any, where: str) -> Iterator[Problem]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _syntax(item, f"{where}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _syntax(item, f"{where}[{index}]")
    elif is_expression(value) and (problem := syntax_problem(value)):
        yield f"INVALID_JSONATA_EXPRESSION: {problem} at /{where}"
