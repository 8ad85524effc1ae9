"""Requests as botocore writes them, read back; answers as the emulator writes them, read by botocore."""

from datetime import UTC, datetime
from typing import Any

import botocore.parsers
import botocore.serialize
import botocore.session
import pytest
from botocore.awsrequest import HeadersDict
from moto.core.request import Request
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from rehearsal import protocols
from rehearsal.api import ApiError

WHEN = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
SESSION = botocore.session.Session()

CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "json": (
        "sagemaker",
        "CreateTrainingJob",
        {
            "TrainingJobName": "a",
            "RoleArn": "arn:aws:iam::111122223333:role/acme/dev/job/credit",
            "OutputDataConfig": {"S3OutputPath": "s3://acme-dev-artifacts/models/"},
            "HyperParameters": {"depth": "3"},
            "EnableNetworkIsolation": True,
            "VpcConfig": {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
        },
    ),
    "json with times": (
        "logs",
        "PutLogEvents",
        {
            "logGroupName": "/acme/dev",
            "logStreamName": "1",
            "logEvents": [{"timestamp": 1, "message": "é"}],
        },
    ),
    "rest-json": (
        "scheduler",
        "CreateSchedule",
        {
            "Name": "monthly",
            "GroupName": "default",
            "ScheduleExpression": "rate(1 day)",
            "StartDate": WHEN,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": "arn:target", "RoleArn": "arn:role", "Input": "{}"},
        },
    ),
    "rest-json with a payload": (
        "lambda",
        "Invoke",
        {"FunctionName": "acme-dev-quality-gate", "InvocationType": "Event", "Payload": b'{"a": 1}'},
    ),
    "query": (
        "sns",
        "Publish",
        {"TopicArn": "arn:aws:sns:eu-west-1:111122223333:news", "Message": "x & y", "Subject": "s"},
    ),
    "query with lists": (
        "cloudformation",
        "CreateChangeSet",
        {
            "StackName": "acme-dev-serving",
            "ChangeSetName": "c",
            "Parameters": [{"ParameterKey": "A", "ParameterValue": "b"}],
        },
    ),
    "ec2": ("ec2", "CreateNetworkInterface", {"SubnetId": "subnet-1", "Groups": ["sg-1", "sg-2"]}),
    "rest-xml": (
        "s3",
        "ListObjectsV2",
        {"Bucket": "acme-dev-data", "Prefix": "raw/é ", "MaxKeys": 5},
    ),
    "rest-xml with a body": (
        "s3",
        "DeleteObjects",
        {"Bucket": "acme-dev-data", "Delete": {"Objects": [{"Key": "a/b c"}, {"Key": "d&e"}]}},
    ),
    "rest-xml with a key": ("s3", "GetObject", {"Bucket": "acme-dev-data", "Key": "raw//a b%2F+é.csv"}),
}


def model(service: str) -> Any:
    return SESSION.get_service_model(service)


def sent(service: str, operation: str, parameters: dict[str, Any]) -> Request:
    """The HTTP request an SDK makes."""
    described = model(service)
    protocol = described.resolved_protocol
    made = botocore.serialize.create_serializer(protocol).serialize_to_request(
        parameters, described.operation_model(operation)
    )
    body = made["body"]
    form = isinstance(body, dict)
    if isinstance(body, str):
        body = body.encode()
    builder = EnvironBuilder(
        method=made["method"],
        path=made["url_path"].partition("?")[0],
        query_string=_query(made),
        headers={key: str(value) for key, value in made["headers"].items()},
        data={key: str(value) for key, value in body.items()} if form else (body or b""),
    )
    environ = builder.get_environ()
    # What a server keeps of the path as it came.
    environ["RAW_URI"] = made["url_path"]
    return Request(environ)


def _query(made: dict[str, Any]) -> dict[str, str]:
    literal = made["url_path"].partition("?")[2]
    pairs = (part.partition("=")[::2] for part in literal.split("&") if part)
    return {**dict(pairs), **{key: str(value) for key, value in (made["query_string"] or {}).items()}}


@pytest.mark.parametrize("case", CALLS)
def test_a_request_of_every_protocol_is_read_as_its_caller_meant_it(case: str) -> None:
    service, operation, parameters = CALLS[case]
    read, given = protocols.parse(service, sent(service, operation, parameters))
    assert read == operation
    assert {name: given.get(name) for name in parameters} == parameters


ANSWERS: list[tuple[str, str, dict[str, Any]]] = [
    (
        "sagemaker",
        "DescribeTrainingJob",
        {
            "TrainingJobName": "a",
            "CreationTime": WHEN,
            "BillableTimeInSeconds": 7,
            "HyperParameters": {"a": "1"},
        },
    ),
    ("stepfunctions", "StartExecution", {"executionArn": "arn", "startDate": WHEN}),
    ("sts", "GetCallerIdentity", {"Account": "111122223333", "Arn": "arn:<&>"}),
    ("scheduler", "ListSchedules", {"Schedules": [{"Name": "a", "CreationDate": WHEN}]}),
]


@pytest.mark.parametrize(("service", "operation", "output"), ANSWERS, ids=lambda value: str(value)[:20])
def test_an_answer_is_read_by_an_sdk_as_it_was_meant(
    service: str, operation: str, output: dict[str, Any]
) -> None:
    response = protocols.answer(service, operation, output, _plain(service), "number")
    read = _read(service, operation, response)
    read.pop("ResponseMetadata")
    assert read == output


def _plain(service: str) -> Request:
    types = {"query": "application/x-www-form-urlencoded", "json": "application/x-amz-json-1.1"}
    content_type = types.get(model(service).metadata["protocol"], "application/json")
    return Request(EnvironBuilder(method="POST", content_type=content_type, data=b"").get_environ())


def _read(service: str, operation: str, response: Response) -> dict[str, Any]:
    described = model(service)
    protocol = described.resolved_protocol
    shape = described.operation_model(operation).output_shape
    raw = {
        "headers": HeadersDict(response.headers.items()),
        "status_code": response.status_code,
        "body": response.get_data(),
        "context": {"operation_name": operation},
    }
    read: dict[str, Any] = botocore.parsers.create_parser(protocol).parse(raw, shape)
    return read


def test_times_of_another_zone_reach_an_sdk_as_the_same_instant() -> None:
    elsewhere = datetime.fromisoformat("2026-11-20T14:30:00+02:00")
    response = protocols.answer(
        "stepfunctions",
        "StartExecution",
        {"executionArn": "a", "startDate": elsewhere},
        _plain("stepfunctions"),
        "n",
    )
    assert _read("stepfunctions", "StartExecution", response)["startDate"] == WHEN


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("sagemaker", "CreateTrainingJob", "AccessDeniedException"),
        ("lambda", "Invoke", "AccessDeniedException"),
        ("sts", "AssumeRole", "AccessDenied"),
        ("s3", "GetObject", "AccessDenied"),
        ("ec2", "CreateNetworkInterface", "UnauthorizedOperation"),
        ("sns", "Publish", "AuthorizationError"),
        ("sqs", "SendMessage", "AccessDenied"),
    ],
)
def test_a_refusal_reaches_an_sdk_under_the_name_its_service_uses(
    service: str, operation: str, code: str
) -> None:
    refused = protocols.access_denied(service, 'not <allowed> & "so"')
    read = _read(service, operation, protocols.failure(service, refused, "number"))
    assert read["Error"]["Code"] == code
    assert read["Error"]["Message"] == 'not <allowed> & "so"'


def test_what_is_no_operation_of_a_service_is_refused() -> None:
    environ = EnvironBuilder(
        method="POST", headers={"X-Amz-Target": "SageMaker.Dream"}, content_type="application/x-amz-json-1.1"
    ).get_environ()
    with pytest.raises(ApiError, match=r"sagemaker has no operation for SageMaker.Dream"):
        protocols.parse("sagemaker", Request(environ))


def test_a_body_that_does_not_fit_its_model_is_refused() -> None:
    environ = EnvironBuilder(
        method="POST",
        headers={"X-Amz-Target": "SageMaker.CreateTrainingJob"},
        content_type="application/x-amz-json-1.1",
        data=b'{"TrainingJobName": "a", "VpcConfig": "none"}',
    ).get_environ()
    with pytest.raises(ApiError, match="SerializationException: CreateTrainingJob"):
        protocols.parse("sagemaker", Request(environ))
