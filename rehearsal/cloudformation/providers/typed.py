"""Properties as an API wants them: CloudFormation takes the text of a number or truth value for the value."""

from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from rehearsal.cloudformation.schemas import Properties


def typed(service: str, operation: str, properties: Properties) -> dict[str, Any]:
    """``properties`` with the types of the operation's input, less those that are no members of it."""
    shape = _model(service).operation_model(operation).input_shape
    if shape is None:
        return {}
    known = {name: value for name, value in properties.items() if name in shape.members}
    return {name: _as(shape.members[name], value) for name, value in known.items()}


def _as(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {name: _as(shape.members[name], one) for name, one in value.items() if name in shape.members}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_as(shape.member, one) for one in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {name: _as(shape.value, one) for name, one in value.items()}
    if shape.type_name in ("integer", "long"):
        return int(value)
    if shape.type_name in ("float", "double"):
        return float(value)
    if shape.type_name == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    return str(value) if shape.type_name == "string" else value


@cache
def _model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)
