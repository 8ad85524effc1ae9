"""Values that are neither one type nor a section: hyperparameters and what a request may hold."""

from typing import Annotated, Any

from pydantic import WithJsonSchema
from pydantic.functional_validators import PlainValidator

from mlplatform.settings.fields import Text, refuse

MAX_ENVIRONMENT = 100
"""Variables a training or processing job takes (SageMaker API, TrainingEnvironmentMap)."""

_SCALAR = "text, a number, true or false"


def _scalar(value: Any) -> str | int | float | bool:
    if isinstance(value, str | int | float | bool):
        return value
    shown = "nothing" if value is None else "a list" if isinstance(value, list) else "settings as `key: value`"
    raise refuse("wrong type", given=shown, allowed=_SCALAR)


Scalar = Annotated[
    str | int | float | bool,
    PlainValidator(_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean"], "description": _SCALAR}),
]
"""A hyperparameter's value as YAML gives it."""

VariableName = Annotated[str, Text(r"[A-Za-z_][A-Za-z0-9_]{0,511}", "letters, digits and _, no digit first")]
Variable = Annotated[str, Text(r"[\S\s]{0,512}", "text of at most 512 characters, numbers in quotes")]
