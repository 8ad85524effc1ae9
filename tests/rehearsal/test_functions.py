"""Functions of the rehearsal: real files in a process of their own, as their role."""

import io
import json
import time
import zipfile
from collections.abc import Iterator
from textwrap import dedent
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.api import ApiError, Place
from rehearsal.emulator import Emulator, RoleRecord
from rehearsal.functions import FunctionService
from rehearsal.functions.event_sources import POLL_SECONDS

pytestmark = pytest.mark.thorough

PLACE = Place("aws", "eu-west-1", "111122223333")
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def role(emulator: Emulator, name: str, *actions: str, trust: Any = TRUST) -> str:
    """A role that may do ``actions`` with everything, and write logs."""
    arn = PLACE.arn("iam", f"role/acme/dev/function/{name}", region="")
    statement = {"Sid": "All", "Effect": "Allow", "Action": [*actions, "logs:*"], "Resource": "*"}
    policy: dict[str, Any] = {"Version": "2012-10-17", "Statement": [statement]}
    emulator.identities.roles[arn] = RoleRecord(arn, trust, {"Permissions": policy})
    return arn


def zipped(source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("work/handler.py", dedent(source))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(PLACE) as started:
        yield started


@pytest.fixture(scope="module")
def service(emulator: Emulator) -> Iterator[FunctionService]:
    made = FunctionService(emulator)
    yield made
    made.stop()


class Function:
    """A deployed function of a test."""

    def __init__(self, emulator: Emulator, name: str, source: str, **settings: Any) -> None:
        self.name, self.emulator, self.client = name, emulator, emulator.client("lambda")
        self.group = f"/aws/lambda/{name}"
        emulator.client("logs").create_log_group(logGroupName=self.group)
        self.client.create_function(
            FunctionName=name,
            Runtime="python3.14",
            Handler="work.handler.handler",
            Code={"ZipFile": zipped(source)},
            **{"Role": role(emulator, name), "Timeout": 20, **settings},
        )

    def __call__(self, event: Any = None) -> Any:
        """The answer's payload; an error's too."""
        answer = self.client.invoke(FunctionName=self.name, Payload=json.dumps(event))
        return json.load(answer["Payload"])

    def logged(self) -> list[str]:
        found = self.emulator.client("logs").filter_log_events(logGroupName=self.group)["events"]
        return [event["message"] for event in found]


COUNTING = """
    count = 0

    def handler(event, context):
        global count
        count += 1
        print("event", event)
        return {"count": count, "event": event}
"""


def test_a_function_stays_warm_until_its_code_changes(emulator: Emulator, service: FunctionService) -> None:
    function = Function(emulator, "warm", COUNTING)
    assert function({"ä": 1}) == {"count": 1, "event": {"ä": 1}}
    assert function()["count"] == 2
    function.client.update_function_code(FunctionName="warm", ZipFile=zipped(COUNTING + "\n"))
    assert function()["count"] == 1


def test_it_has_boto3_and_nothing_else_of_this_project(emulator: Emulator, service: FunctionService) -> None:
    function = Function(
        emulator,
        "imports",
        """
        import importlib

        def handler(event, context):
            found = []
            for name in event:
                try:
                    importlib.import_module(name)
                    found.append(name)
                except ImportError:
                    pass
            return found
        """,
    )
    names = ["boto3", "botocore", "dateutil", "json", "moto", "yaml", "jsonschema", "pytest", "mlplatform"]
    assert function(names) == ["boto3", "botocore", "dateutil", "json"]


def test_a_library_that_was_not_shipped_fails_as_in_aws(emulator: Emulator, service: FunctionService) -> None:
    told = Function(emulator, "unshipped", "import yaml\n\ndef handler(event, context): ...\n")()
    assert told["errorType"] == "Runtime.ImportModuleError"
    assert told["errorMessage"] == "Unable to import module 'work.handler': No module named 'yaml'"


def test_its_environment_is_its_variables_and_those_of_lambda(
    emulator: Emulator, service: FunctionService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "of the person who rehearses")
    function = Function(
        emulator,
        "variables",
        "import os\n\ndef handler(event, context): return dict(os.environ)\n",
        Environment={"Variables": {"THING": "1"}},
    )
    found = function()
    assert found.pop("THING") == "1"
    assert found["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    lambdas = {"LAMBDA_TASK_ROOT", "LANG", "TZ", "_HANDLER", "_X_AMZN_TRACE_ID", "LC_CTYPE"}
    ours = {"SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT"}  # MLflow is asked at an address of its own, not at boto3's
    assert {name for name in found if not name.startswith("AWS_")} <= lambdas | ours


def test_an_error_is_reported_as_lambda_reports_it(emulator: Emulator, service: FunctionService) -> None:
    function = Function(
        emulator,
        "failing",
        """
        class InvalidInput(Exception): ...

        def handler(event, context):
            raise InvalidInput(f"given {event}, {context.aws_request_id}")
        """,
    )
    answer = function.client.invoke(FunctionName="failing", Payload=b"7")
    told = json.load(answer["Payload"])
    assert answer["FunctionError"] == "Unhandled"
    assert told["errorType"] == "InvalidInput"
    assert told["errorMessage"] == f"given 7, {told['requestId']}"
    assert [line.strip().partition("\n")[2].strip() for line in told["stackTrace"]] == [
        'raise InvalidInput(f"given {event}, {context.aws_request_id}")'
    ]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("return object()", "Runtime.MarshalError"),
        ("return float('nan')", "Runtime.MarshalError"),
        ("__import__('os')._exit(3)", "Runtime.ExitError"),
        ("__import__('time').sleep(60)", "Sandbox.Timedout"),
    ],
)
def test_a_function_that_cannot_answer_fails_and_the_next_event_finds_it_well(
    emulator: Emulator, service: FunctionService, body: str, kind: str
) -> None:
    source = f"def handler(event, context):\n    if event:\n        {body}\n    return 'well'\n"
    function = Function(emulator, f"broken-{abs(hash(body))}", source, Timeout=1)
    assert function(1)["errorType"] == kind
    assert function(0) == "well"


def test_a_timeout_can_be_injected_and_the_work_is_done_all_the_same(
    emulator: Emulator, service: FunctionService
) -> None:
    function = Function(emulator, "slow", COUNTING, Timeout=30)
    emulator.faults.inject("function_timeout", "slow")
    told = function()
    assert told["errorType"] == "Sandbox.Timedout"
    assert told["errorMessage"].endswith("Task timed out after 30.00 seconds")
    assert any(line.startswith("event") for line in function.logged())
    assert function()["count"] == 1


CALLING = """
    import boto3

    def handler(event, context):
        return [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]]
"""


def test_it_calls_as_its_role_and_is_refused_what_the_role_lacks(
    emulator: Emulator, service: FunctionService
) -> None:
    function = Function(emulator, "calling", CALLING)
    told = function()
    assert (
        "assumed-role/calling/calling is not authorized to perform: s3:ListAllMyBuckets"
        in told["errorMessage"]
    )
    role(emulator, "calling", "s3:ListAllMyBuckets")
    assert function() == []


def test_its_own_calls_are_told_from_those_lambda_makes_for_it(
    emulator: Emulator, service: FunctionService
) -> None:
    function = Function(emulator, "seen", CALLING, TracingConfig={"Mode": "Active"})
    role(emulator, "seen", "s3:ListAllMyBuckets", "xray:Put*")
    function()
    arn = PLACE.arn("lambda", "function:seen")
    calls = {
        call.action: call.context.get("lambda:SourceFunctionArn")
        for call in emulator.trace
        if call.principal.arn and call.principal.arn.endswith("/seen")
    }
    assert calls == {
        "s3:ListAllMyBuckets": arn,
        "logs:CreateLogStream": None,
        "logs:PutLogEvents": None,
        "xray:PutTraceSegments": None,
        "xray:PutTelemetryRecords": None,
    }


def test_lambda_may_only_assume_a_role_that_trusts_it(emulator: Emulator, service: FunctionService) -> None:
    trust = json.loads(json.dumps(TRUST).replace("lambda.amazonaws.com", "states.amazonaws.com"))
    untrusting = role(emulator, "untrusting", trust=trust)
    function = Function(emulator, "untrusted", COUNTING, Role=untrusting)
    with pytest.raises(ClientError, match="AccessDenied"):
        function()


def test_a_role_that_must_not_log_runs_the_function_without_a_log(
    emulator: Emulator, service: FunctionService
) -> None:
    function = Function(emulator, "silent", COUNTING)
    arn = PLACE.arn("iam", "role/acme/dev/function/silent", region="")
    emulator.identities.roles[arn] = RoleRecord(arn, TRUST, {})
    assert function()["count"] == 1
    assert function.logged() == []
    assert any(note.startswith("silent writes no log") for note in emulator.notes)


def test_json_logs_have_what_the_handler_logs(emulator: Emulator, service: FunctionService) -> None:
    source = """
        import logging

        def handler(event, context):
            logging.getLogger("rows").warning("bad", extra={"rows": 3})
    """
    function = Function(emulator, "logging", source, LoggingConfig={"LogFormat": "JSON"})
    assert function() is None
    (line,) = [json.loads(line) for line in function.logged() if "bad" in line]
    assert (line["level"], line["message"], line["logger"], line["rows"]) == ("WARNING", "bad", "rows", 3)


def test_a_function_in_the_network_attaches_once_and_calls_through_the_endpoint(
    emulator: Emulator, service: FunctionService
) -> None:
    emulator.vpc_endpoints["s3"] = ("vpce-0123456789abcdef0", None)
    network = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    function = Function(emulator, "inside", CALLING, VpcConfig=network)
    with pytest.raises(ClientError, match="EC2AccessDeniedException"):
        function()
    role(emulator, "inside", "s3:ListAllMyBuckets", "ec2:*")
    before = len(list(emulator.trace))
    assert function() == function() == []
    calls = [call for call in list(emulator.trace)[before:] if call.principal.arn]
    created = [call.resource for call in calls if call.action == "ec2:CreateNetworkInterface"]
    assert [arn.split(":")[5].split("/")[0] for arn in created] == [
        "network-interface",
        "subnet",
        "security-group",
    ]
    (endpoint,) = {call.context["aws:SourceVpce"] for call in calls if call.action == "s3:ListAllMyBuckets"}
    assert endpoint == "vpce-0123456789abcdef0"


def test_an_asynchronous_event_is_repeated_and_ends_in_the_dead_letter_queue(
    emulator: Emulator, service: FunctionService
) -> None:
    sqs = emulator.client("sqs")
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    source = "def handler(event, context):\n    print('tried')\n    raise ValueError\n"
    function = Function(
        emulator, "repeated", source, DeadLetterConfig={"TargetArn": PLACE.arn("sqs", "dead")}
    )
    role(emulator, "repeated", "sqs:SendMessage")
    function.client.invoke(FunctionName="repeated", InvocationType="Event", Payload=b'{"a": 1}')
    service.settle()
    assert function.logged().count("tried") == 3
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == {"a": 1}


def about_feeding(emulator: Emulator) -> list[str]:
    return [note for note in emulator.notes if "gets nothing from feeding" in note]


def test_a_queue_feeds_its_function_until_what_waits_is_dealt_with(
    emulator: Emulator, service: FunctionService
) -> None:
    sqs = emulator.client("sqs")
    url = sqs.create_queue(QueueName="feeding", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    source = """
        tries = {}

        def handler(event, context):
            failed = []
            for record in event["Records"]:
                name = record["body"]
                tries[name] = tries.get(name, 0) + 1
                print(name, tries[name])
                if name == "twice" and tries[name] == 1:
                    failed.append({"itemIdentifier": record["messageId"]})
            return {"batchItemFailures": failed}
    """
    function = Function(emulator, "fed", source)
    role(emulator, "fed", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    made = function.client.create_event_source_mapping(
        FunctionName="fed",
        EventSourceArn=PLACE.arn("sqs", "feeding"),
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    for body in ("once", "twice"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    wanted = {"once 1", "twice 1", "twice 2"}
    deadline = time.monotonic() + 20
    while not wanted <= set(function.logged()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert sorted(line for line in function.logged() if line[:2] in ("on", "tw")) == sorted(wanted)
    sqs.delete_queue(QueueUrl=url)
    deadline = time.monotonic() + 20
    while not (told := about_feeding(emulator)) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(3 * POLL_SECONDS)
    assert len(told) == len(about_feeding(emulator)) == 1
    function.client.delete_event_source_mapping(UUID=made["UUID"])
    assert function.client.list_event_source_mappings()["EventSourceMappings"] == []


def test_a_service_invokes_only_where_the_functions_policy_lets_it(
    emulator: Emulator, service: FunctionService
) -> None:
    function = Function(emulator, "routed", COUNTING)
    rule = PLACE.arn("events", "rule/mine")
    with pytest.raises(ApiError, match="events.amazonaws.com is not authorized"):
        service.invoke_for("events.amazonaws.com", "routed", {}, source_arn=rule)
    function.client.add_permission(
        FunctionName="routed",
        StatementId="FromRule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    assert not service.invoke_for("events.amazonaws.com", "routed", {}, source_arn=rule).failed
    with pytest.raises(ApiError):
        service.invoke_for("events.amazonaws.com", "routed", {}, source_arn=f"{rule}-of-others")
    function.client.remove_permission(FunctionName="routed", StatementId="FromRule")
    with pytest.raises(ApiError):
        service.invoke_for("events.amazonaws.com", "routed", {}, source_arn=rule)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"FunctionName": "nobody"}, "ResourceNotFoundException"),
        ({"FunctionName": "refusing", "Payload": b"{"}, "InvalidRequestContentException"),
        ({"FunctionName": "refusing", "Payload": b'"' + b"x" * 6291456 + b'"'}, "RequestTooLargeException"),
    ],
)
def test_bad_requests_are_refused_by_name(
    emulator: Emulator, service: FunctionService, request_: dict[str, Any], code: str
) -> None:
    if "refusing" not in service.functions:
        Function(emulator, "refusing", COUNTING)
    with pytest.raises(ClientError, match=code):
        emulator.client("lambda").invoke(**request_)
