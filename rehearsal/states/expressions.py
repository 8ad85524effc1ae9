"""JSONata in states: ``{% ... %}`` strings of a template become values.

Rules: Step Functions guide, "Transforming data with JSONata in Step Functions".
"""

import hashlib
import json
import math
import random
import uuid
from collections.abc import Mapping
from typing import Any

from jsonata import Jsonata
from jsonata.jexception import JException
from jsonata.utils import Utils

from rehearsal.states.errors import QUERY_EVALUATION, StateError

DATA_LIMIT_BYTES = 262_144
"""Step Functions quotas: the largest input or output of a state, as UTF-8."""

HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def is_expression(value: object) -> bool:
    """Whether a field's value is an expression: it starts with ``{%`` and ends with ``%}``, exactly."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}")


def syntax_problem(expression: str) -> str | None:
    """What is wrong with the text between ``{%`` and ``%}``, or None."""
    try:
        Jsonata(_body(expression))
    except JException as problem:
        return str(problem)
    return None


def fill(template: Any, variables: Mapping[str, Any], location: str) -> Any:
    """The template with every expression in it evaluated; keys and other strings stay as they are.

    ``variables`` are the names without ``$``. ``location`` names the field in errors. Raises StateError
    States.QueryEvaluationError when an expression fails or gives nothing.
    """
    if isinstance(template, dict):
        return {key: fill(value, variables, f"{location}/{key}") for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, variables, f"{location}[{index}]") for index, value in enumerate(template)]
    return evaluate(template, variables, location) if is_expression(template) else template


def evaluate(expression: str, variables: Mapping[str, Any], location: str) -> Any:
    """The value of one ``{% ... %}``; raises StateError States.QueryEvaluationError."""
    text = _body(expression)
    try:
        program = Jsonata(text)
        program.set_output_convert_nulls(False)  # else null and "nothing" look the same
        for name, function in _FUNCTIONS.items():
            program.register_lambda(name, function)
        result = program.evaluate(None, {name: _with_nulls(value) for name, value in variables.items()})
    except FAILURES as problem:
        raise _failure(f"The JSONata expression '{text}' failed: {problem}", location) from problem
    if result is None:
        raise _failure(f"{_specified(text, location)} returned nothing (undefined).", location)
    return _as_json(result, text, location)


FAILURES = (JException, ValueError, TypeError, KeyError, IndexError, ArithmeticError, RecursionError)
"""What jsonata-python raises for an expression that fails: not only its own exception."""


def _specified(text: str, location: str) -> str:
    return f"The JSONata expression '{text}' specified for the field '{location}'"


def _body(expression: str) -> str:
    return expression[2:-2].strip()


def _failure(cause: str, location: str) -> StateError:
    return StateError(QUERY_EVALUATION, cause, location)


def _with_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_nulls(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_nulls(item) for item in value]
    return Utils.NULL_VALUE if value is None else value


def _as_json(value: Any, text: str, location: str) -> Any:
    """Plain JSON of a result. A whole float is an integer: JavaScript, the reference, knows one number."""
    if value is None or value is Utils.NULL_VALUE:
        return None
    if isinstance(value, dict):
        return {str(key): _as_json(item, text, location) for key, item in value.items()}
    if isinstance(value, (list, range)):
        return [_as_json(item, text, location) for item in value]
    if isinstance(value, float) and math.isfinite(value):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, (str, bool, int)):
        return value
    raise _failure(f"{_specified(text, location)} returned an unsupported result type.", location)


def size(value: Any) -> int:
    """Bytes of a value as the service counts them."""
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def _partition(items: Any, length: Any) -> list[list[Any]]:
    if not isinstance(length, (int, float)) or length < 1:
        raise ValueError("$partition: the size must be a positive number")
    values, step = list(items), int(length)
    return [values[start : start + step] for start in range(0, len(values), step)]


def _range(first: Any, last: Any, step: Any) -> list[int]:
    if not step:
        raise ValueError("$range: the step must not be 0")
    return list(range(int(first), int(last) + (1 if step > 0 else -1), int(step)))


def _hash(content: Any, algorithm: Any) -> str:
    if algorithm not in HASHES:
        raise ValueError(f"$hash: {algorithm} is none of {', '.join(HASHES)}")
    text = content if isinstance(content, str) else json.dumps(_as_json(content, "$hash", ""))
    return hashlib.new(HASHES[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _random(seed: Any = None) -> float:
    return random.Random(seed).random()


def _parse(text: Any) -> Any:
    return _with_nulls(json.loads(text))


def _no_eval(*_: Any) -> Any:
    raise ValueError("$eval is not supported; use $parse")


# The guide, "JSONata functions provided by Step Functions". $eval of JSONata is not available there.
_FUNCTIONS = {
    "partition": _partition,
    "range": _range,
    "hash": _hash,
    "random": _random,
    "uuid": lambda: str(uuid.uuid4()),
    "parse": _parse,
    "eval": _no_eval,
}
