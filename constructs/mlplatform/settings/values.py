"""Values that are neither one type nor a section: hyperparameters, numbers, what a script is told."""

import math
from typing import Annotated, Any

from pydantic import WithJsonSchema
from pydantic.functional_validators import AfterValidator, PlainValidator

from mlplatform.settings.fields import Text, refuse

STATES_SYNTAX = ("{%", "${")
"""What Step Functions and CloudFormation evaluate in the definition of a workflow."""

_SCALAR = "text, a number, true or false"


def evaluated(text: str) -> str | None:
    """What of ``text`` a workflow would evaluate instead of passing it on, or None."""
    return next((syntax for syntax in STATES_SYNTAX if syntax in text), None)


def literal(text: str) -> str:
    """Refuse a text that a workflow would evaluate."""
    if syntax := evaluated(text):
        raise refuse(
            f"a workflow would evaluate {syntax!r}", given=repr(text)[:80], allowed="text without it"
        )
    return text


def shown(value: object) -> str:
    """How a message calls a value."""
    if isinstance(value, dict):
        return "settings as `key: value`"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)[:80]


def _scalar(value: Any) -> str | int | float | bool:
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, bool) or (isinstance(value, int | float) and math.isfinite(value)):
        return value
    raise refuse("wrong type", given=shown(value), allowed=_SCALAR)


def _number(value: Any) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return value
    raise refuse("wrong type", given=shown(value), allowed="a number")


Scalar = Annotated[
    str | int | float | bool,
    PlainValidator(_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean"], "description": _SCALAR}),
]
"""A hyperparameter's value as YAML gives it."""

Number = Annotated[int | float, PlainValidator(_number), WithJsonSchema({"type": "number"})]
"""A finite number; whole ones stay whole."""

Argument = Annotated[
    str, Text(r"[\S\s]{0,256}", "text of at most 256 characters, numbers in quotes"), AfterValidator(literal)
]
VariableName = Annotated[
    str, Text(r"[A-Za-z_][A-Za-z0-9_]{0,255}", "1 to 256 letters, digits and _, no digit first")
]
Variable = Annotated[
    str, Text(r"[\S\s]{0,256}", "text of at most 256 characters, numbers in quotes"), AfterValidator(literal)
]
LongVariable = Annotated[
    str,
    Text(r"[\S\s]{0,1024}", "text of at most 1024 characters, numbers in quotes"),
    AfterValidator(literal),
]
"""Of a model's container (SageMaker API, EnvironmentValue)."""

HyperparameterName = Annotated[
    str,
    Text(
        r"(?!sagemaker_)[\w.:/-]{1,256}",
        "1 to 256 letters, digits and _ . : / -, not beginning with sagemaker_",
    ),
]
