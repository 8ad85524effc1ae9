"""Reads any AWS request by botocore's models of the services, and writes answers as the service would.

The parsers and serializers are moto's, which cover every protocol; the models are botocore's.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from rehearsal.api import ApiError, Parameters

_SERVICES = {
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}
"""botocore's name of a service whose requests are signed with another name."""

_SAME_SIGNING_NAME = {
    "sagemaker": (
        (r".*/(async-)?invocations(-response-stream)?$", "sagemaker-runtime"),
        (r".*BatchPutMetrics$", "sagemaker-metrics"),
        (r"/FeatureGroup/.*", "sagemaker-featurestore-runtime"),
    ),
    "bedrock": ((r"/model/.*", "bedrock-runtime"),),
    "s3": ((r"/v20180820/.*", "s3control"),),
}
"""Services that share a signing name, told apart by the path."""

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_STREAMED = {"PutObject", "UploadPart"}
_JSON = ("json", "rest-json", "smithy-rpc-v2-cbor")
REQUEST_ID = "x-amzn-RequestId"


def credential(request: Request) -> tuple[str, str, str] | None:
    """Access key, region and service (by botocore's name) a request is signed for; None if it is unsigned."""
    signed = request.headers.get("Authorization", "")
    if presigned := request.args.get("X-Amz-Credential"):
        signed = f"Credential={unquote(presigned)}"
    found = _CREDENTIAL.search(signed)
    return (found[1], found[2], _service(found[3].lower(), request)) if found else None


def _service(signing_name: str, request: Request) -> str:
    for path, service in _SAME_SIGNING_NAME.get(signing_name, ()):
        if re.fullmatch(path, request.path):
            return service
    if request.headers.get("X-Amz-Target", "").startswith("DynamoDBStreams"):
        return "dynamodbstreams"
    return _SERVICES.get(signing_name, signing_name)


def parse(service: str, request: Request) -> tuple[str, dict[str, Any]]:
    """Operation and parameters of a request to ``service``; the data of an uploaded object stays unread.

    Raises ApiError: UnknownOperationException for what is no operation of the service, SerializationException
    for what does not fit its model.
    """
    try:
        operation, labels = get_service_router(service).match(request)
        protocol = determine_request_protocol(get_service_model(service), request.content_type)
    # All that moto's router and its look at the protocol raise for what the service's model does not have.
    except (HTTPException, NotImplementedError, UnknownServiceError, KeyError):
        what = request.headers.get("X-Amz-Target") or f"{request.method} {request.path}"
        raise ApiError("UnknownOperationException", f"{service} has no operation for {what}", 404) from None
    name = str(operation.name)
    try:
        parsed = PROTOCOL_PARSERS[protocol](operation, timestamp_parser=_timestamp).parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": b"" if service == "s3" and name in _STREAMED else request.get_data(),
                "url_path": request.path,
                "url_params": labels,
            }
        )
    except (RequestParserError, ValueError, TypeError, AttributeError) as error:
        raise ApiError("SerializationException", f"{name}: {error}") from error
    return name, {member: value for member, value in parsed.items() if value is not None}


def _timestamp(value: str) -> datetime:
    if re.fullmatch(r"[\d.]+", str(value)):
        return datetime.fromtimestamp(float(value), UTC)
    return datetime.fromisoformat(str(value)).astimezone(UTC)


def answer(service: str, operation: str, output: Parameters, request: Request, request_id: str) -> Response:
    """The response that carries ``output``; times in it are aware, or taken for UTC."""
    model = get_service_model(service)
    protocol = determine_request_protocol(model, request.content_type)
    serializer = get_serializer_class(service, protocol)(
        model.operation_model(operation), SerializationContext(request_id)
    )
    written = serializer.serialize(output)
    headers = {**written["headers"], REQUEST_ID: request_id}
    return Response(written["body"], int(written["status_code"]), headers)


def failure(service: str | None, error: ApiError, request_id: str) -> Response:
    """The response that says how a call failed, in the protocol of ``service``."""
    protocol = _protocol(service)
    headers = {REQUEST_ID: request_id, "x-amz-request-id": request_id}
    if protocol in _JSON:
        body = json.dumps({"__type": error.code, "message": error.message, "Message": error.message})
        headers |= {"x-amzn-ErrorType": error.code, "Content-Type": "application/x-amz-json-1.1"}
        if service == "sqs":  # its clients know errors by the names of its older protocol
            headers["x-amzn-query-error"] = f"{error.code};Sender"
    else:
        body = _failure_in_xml(protocol, error, request_id)
        headers |= {"Content-Type": "application/xml"}
    return Response(body, error.status, headers)


def _failure_in_xml(protocol: str, error: ApiError, request_id: str) -> str:
    said = f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
    number = f"<RequestId>{request_id}</RequestId>"
    kind = "Receiver" if error.status >= 500 else "Sender"
    bodies = {
        "rest-xml": f"<Error>{said}{number}</Error>",
        "ec2": f"<Response><Errors><Error>{said}</Error></Errors>"
        f"<RequestID>{request_id}</RequestID></Response>",
        "query": f"<ErrorResponse><Error><Type>{kind}</Type>{said}</Error>{number}</ErrorResponse>",
    }
    return '<?xml version="1.0" encoding="UTF-8"?>' + bodies[protocol]


def _protocol(service: str | None) -> str:
    try:
        return str(get_service_model(service).protocol) if service else "json"
    except UnknownServiceError:
        return "json"


def access_denied(service: str, message: str) -> ApiError:
    """A refusal under the name and status that ``service`` gives it."""
    protocol = _protocol(service)
    code, status = {
        "json": ("AccessDeniedException", 400),
        "rest-json": ("AccessDeniedException", 403),
        "smithy-rpc-v2-cbor": ("AccessDeniedException", 400),
        "ec2": ("UnauthorizedOperation", 403),
    }.get(protocol, ("AccessDenied", 403))
    if service == "sns":
        code = "AuthorizationError"
    if service == "sqs":
        code = "AccessDenied"
    return ApiError(code, message, status)


def throttled(service: str) -> ApiError:
    """What ``service`` answers to too many requests."""
    code, status = {
        "s3": ("SlowDown", 503),
        "bedrock": ("ThrottlingException", 429),
        "bedrock-runtime": ("ThrottlingException", 429),
        "lambda": ("TooManyRequestsException", 429),
        "ec2": ("RequestLimitExceeded", 503),
    }.get(service, ("ThrottlingException", 400))
    if _protocol(service) == "query":
        code = "Throttling"
    return ApiError(code, "Rate exceeded", status)
