"""Requests and answers of a service in the spelling of Step Functions.

Step Functions guide, "Learning to use AWS service SDK integrations": parameters and results are PascalCase
as in the AWS SDK for Java 2, whose code generator writes ``SSEKMSKeyId`` as ``ssekmsKeyId``.
"""

import datetime
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from botocore.model import OperationModel, ServiceModel, Shape
from botocore.session import Session

from rehearsal.states.clock import iso
from rehearsal.states.errors import RUNTIME, StateError

TimeSpelling = Callable[[datetime.datetime], Any]

# Service names of the Java SDK where they differ from botocore's.
BOTOCORE_NAMES = {
    "sfn": "stepfunctions",
    "states": "stepfunctions",
    "eventbridge": "events",
    "cloudwatchlogs": "logs",
    "sagemakerruntime": "sagemaker-runtime",
    "applicationautoscaling": "application-autoscaling",
    "bedrockruntime": "bedrock-runtime",
    "resourcegroupstaggingapi": "resourcegroupstaggingapi",
}


@cache
def service_model(service: str) -> ServiceModel | None:
    """botocore's model of a service as Step Functions names it, or None."""
    session = Session()
    name = BOTOCORE_NAMES.get(service, service)
    return session.get_service_model(name) if name in session.get_available_services() else None


def operation_model(service: str, operation: str) -> OperationModel | None:
    """The operation's model; the Java SDK's spelling of an operation is the API's."""
    model = service_model(service)
    if model is None or operation not in model.operation_names:
        return None
    return model.operation_model(operation)


def spelled(member: str) -> str:
    """A member's name in Step Functions: the leading capitals down to the next word become one word."""
    end = 1
    while end < len(member) and member[end].isupper() and not _begins_word(member, end):
        end += 1
    return member[:1].upper() + member[1:end].lower() + member[end:]


def _begins_word(member: str, position: int) -> bool:
    return position < len(member) - 1 and member[position + 1].islower()


def to_request(operation: OperationModel, arguments: Any) -> dict[str, Any]:
    """Arguments as boto3 takes them. Raises StateError States.Runtime for a member the API does not have."""
    if operation.input_shape is None:
        return {}
    if not isinstance(arguments, Mapping):
        raise StateError(RUNTIME, f"The Arguments of {operation.name} are no object: {arguments!r}")
    return dict(_structure(operation.input_shape, arguments))


def _structure(shape: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    members = {spelled(name): name for name in shape.members}
    for field in values:
        if field not in members:
            known = ", ".join(sorted(members))
            raise StateError(
                RUNTIME,
                f"The Parameters '{json.dumps(values)}' could not be used to start the Task: "
                f"[The field '{field}' is not supported by Step Functions]; it knows {known}",
            )
    return {members[key]: _argument(shape.members[members[key]], value) for key, value in values.items()}


def _argument(shape: Any, value: Any) -> Any:
    kind = shape.type_name
    if kind == "structure" and isinstance(value, Mapping) and not getattr(shape, "is_document_type", False):
        return _structure(shape, value)
    if kind == "list" and isinstance(value, list):
        return [_argument(shape.member, item) for item in value]
    if kind == "map" and isinstance(value, Mapping):
        return {key: _argument(shape.value, item) for key, item in value.items()}
    if kind == "string" and isinstance(value, (dict, list)):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if kind == "blob":
        return (value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))).encode()
    return value


def to_result(shape: Shape | None, value: Any, times: TimeSpelling = iso) -> Any:
    """An answer's JSON; ``times`` spells timestamps."""
    if isinstance(shape, Shape):
        described: Any = shape
        if described.type_name == "structure" and isinstance(value, Mapping):
            known = {name: value[name] for name in described.members if name in value}
            return {spelled(k): to_result(described.members[k], v, times) for k, v in known.items()}
        if described.type_name == "list" and isinstance(value, list):
            return [to_result(described.member, item, times) for item in value]
        if described.type_name == "map" and isinstance(value, Mapping):
            return {key: to_result(described.value, item, times) for key, item in value.items()}
    return _plain(value, times)


def _plain(value: Any, times: TimeSpelling) -> Any:
    if isinstance(value, datetime.datetime):
        return times(value)
    if hasattr(value, "read"):
        value = value.read()
    return value.decode("utf-8", "replace") if isinstance(value, (bytes, bytearray)) else value


def epoch_milliseconds(moment: datetime.datetime) -> int:
    """How the .sync integrations spell times: as the services' own events do."""
    return int(moment.timestamp() * 1000)
