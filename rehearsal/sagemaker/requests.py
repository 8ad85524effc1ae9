"""Refuses a request that its service would refuse, by the constraints of botocore's service model.

botocore checks only required, unknown and mistyped members and minima; maxima, enumerations and patterns
are in the model's metadata and are enforced by the service alone. Messages are worded as the service's.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator

from rehearsal.api import ApiError, Parameters


@cache
def model(service: str = "sagemaker") -> ServiceModel:
    """botocore's description of an API, SageMaker's unless told."""
    return botocore.session.get_session().get_service_model(service)


def check(operation: str, parameters: Parameters, service: str = "sagemaker") -> None:
    """Raise ValidationException with every constraint of the model that ``parameters`` break."""
    shape = model(service).operation_model(operation).input_shape
    if shape is None:
        return
    report = ParamValidator().validate(dict(parameters), shape)
    if report.has_errors():
        raise ApiError("ValidationException", report.generate_report())
    broken = list(_broken(shape, parameters, ""))
    if broken:
        count = f"{len(broken)} validation error{'s' if len(broken) > 1 else ''} detected: "
        raise ApiError("ValidationException", count + "; ".join(broken))


def members(operation: str, values: Parameters, service: str = "sagemaker") -> dict[str, Any]:
    """Those of ``values`` that are members of the operation's output, without absent ones."""
    shape = model(service).operation_model(operation).output_shape
    names = shape.members if shape is not None else {}
    return {name: values[name] for name in names if values.get(name) is not None}


def summary_members(operation: str, listing: str, service: str = "sagemaker") -> frozenset[str]:
    """Names of the members of each item in the list ``listing`` of an operation's output."""
    shape = model(service).operation_model(operation).output_shape
    found = shape.members[listing] if shape is not None else None
    item = found.member if isinstance(found, ListShape) else None
    return frozenset(item.members) if isinstance(item, StructureShape) else frozenset()


def _broken(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _broken(member, value[name], f"{path}.{name}".lstrip("."))
        return
    yield from _size(shape, value, path)
    if isinstance(shape, ListShape):
        for index, item in enumerate(value):
            yield from _broken(shape.member, item, f"{path}.{index + 1}.member")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _broken(shape.key, key, f"{path}.{key}.key")
            yield from _broken(shape.value, item, f"{path}.{key}.value")
    elif shape.type_name == "string":
        yield from _text(shape, value, path)


def _size(shape: Shape, value: Any, path: str) -> Iterator[str]:
    numeric = shape.type_name in ("integer", "long", "float", "double")
    if not numeric and not hasattr(value, "__len__"):
        return
    size = value if numeric else len(value)
    noun = "value" if numeric else "length"
    lowest, highest = shape.metadata.get("min"), shape.metadata.get("max")
    if highest is not None and size > highest:
        yield _failed(value, path, f"Member must have {noun} less than or equal to {highest}")
    if lowest is not None and size < lowest:
        yield _failed(value, path, f"Member must have {noun} greater than or equal to {lowest}")


def _text(shape: Shape, value: str, path: str) -> Iterator[str]:
    choices = shape.metadata.get("enum")
    if choices and value not in choices:
        yield _failed(value, path, f"Member must satisfy enum value set: [{', '.join(choices)}]")
    pattern = shape.metadata.get("pattern")
    if pattern and "\\p{" not in pattern and not re.fullmatch(pattern, value, re.DOTALL):
        yield _failed(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _failed(value: Any, path: str, constraint: str) -> str:
    where = path[:1].lower() + path[1:]
    return f"Value '{value}' at '{where}' failed to satisfy constraint: {constraint}"
