"""The server of the rehearsal: who is answered, by whom, and what else happens."""

import statistics
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, cast

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from small_account import HERE, PLACE, allow, role
from werkzeug.wrappers import Request, Response

from rehearsal.api import REHEARSAL, ApiError, ApiRequest, Principal
from rehearsal.emulator import Emulator
from rehearsal.faults import Kind
from rehearsal.server import PRINCIPAL

BUCKET = "acme-dev-data"
WHEN = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(PLACE) as emulator:
        emulator.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        yield emulator


@pytest.fixture
def job(emulator: Emulator) -> Principal:
    """A session of a role that may do everything."""
    return emulator.assume(role(emulator, "job", allow("All", "*")), "sagemaker.amazonaws.com")


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as failed:
        call()
    return str(failed.value.response["Error"]["Code"])


def test_our_own_service_gets_the_parsed_call_and_its_answer_reaches_the_sdk(
    emulator: Emulator, job: Principal
) -> None:
    calls: list[ApiRequest] = []

    def handler(request: ApiRequest) -> dict[str, Any]:
        calls.append(request)
        return {"TrainingJobName": request.parameters["TrainingJobName"], "CreationTime": WHEN}

    emulator.register("sagemaker", handler)
    answer = emulator.client("sagemaker", job).describe_training_job(TrainingJobName="acme-dev-x")
    assert (answer["TrainingJobName"], answer["CreationTime"]) == ("acme-dev-x", WHEN)
    assert calls == [ApiRequest("sagemaker", "DescribeTrainingJob", {"TrainingJobName": "acme-dev-x"}, job)]


def test_an_error_of_our_own_service_reaches_the_sdk_as_its_exception(emulator: Emulator) -> None:
    def handler(_: ApiRequest) -> dict[str, Any]:
        raise ApiError("ResourceNotFound", "there is no such job")

    emulator.register("sagemaker", handler)
    client = emulator.client("sagemaker")
    with pytest.raises(client.exceptions.ResourceNotFound, match="there is no such job"):
        client.describe_training_job(TrainingJobName="gone")


def test_a_fault_of_our_own_service_says_that_it_is_the_emulators(emulator: Emulator) -> None:
    def handler(_: ApiRequest) -> dict[str, Any]:
        raise KeyError("colour")

    emulator.register("sagemaker", handler)
    client = emulator.client("sagemaker")
    with pytest.raises(ClientError, match="the emulator failed: KeyError: 'colour'"):
        client.describe_training_job(TrainingJobName="gone")
    assert "in handler" in emulator.notes[-1]


def test_a_function_gets_and_returns_its_payload_byte_for_byte(emulator: Emulator, job: Principal) -> None:
    emulator.register(
        "lambda", lambda request: {"StatusCode": 200, "Payload": request.parameters["Payload"] + b"!"}
    )
    answer = emulator.client("lambda", job).invoke(FunctionName="acme-dev-echo", Payload=b'{"a": "\xc3\xa9"}')
    assert answer["Payload"].read() == b'{"a": "\xc3\xa9"}!'


def test_a_service_that_is_not_ours_is_motos_in_the_emulated_account(
    emulator: Emulator, job: Principal
) -> None:
    topic = emulator.client("sns", job).create_topic(Name="news")["TopicArn"]
    assert topic == f"arn:aws:sns:eu-west-1:{HERE}:news"


def test_callers_learn_who_they_are(emulator: Emulator, job: Principal) -> None:
    assert emulator.client("sts", job).get_caller_identity()["Arn"].endswith("assumed-role/job/session")
    assert emulator.client("sts").get_caller_identity()["Account"] == HERE


def test_credentials_of_nobody_are_refused(emulator: Emulator) -> None:
    stranger = boto3.client(
        "sqs",
        endpoint_url=emulator.endpoint,
        region_name="eu-west-1",
        aws_access_key_id="AKIASTRANGER",
        aws_secret_access_key="x",
    )
    assert code_of(stranger.list_queues) == "UnrecognizedClientException"
    stranger.close()


def test_an_unsigned_request_is_refused(emulator: Emulator) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{emulator.endpoint}/{BUCKET}/x")
    assert (refused.value.code, b"MissingAuthenticationToken" in refused.value.read()) == (403, True)
    refused.value.close()


def test_another_region_is_not_there(emulator: Emulator) -> None:
    keys = emulator.credentials(REHEARSAL)
    elsewhere = boto3.client(
        "sqs",
        endpoint_url=emulator.endpoint,
        region_name="eu-north-1",
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
    )
    assert code_of(elsewhere.list_queues) == "InvalidRegion"
    elsewhere.close()


def test_what_moto_keeps_for_itself_is_not_reached(emulator: Emulator, job: Principal) -> None:
    emulator.client("sqs").create_queue(QueueName="kept")
    client = emulator.client("s3", job)
    assert code_of(lambda: client.put_object(Bucket="moto-api", Key="reset", Body=b"")) == "InvalidBucketName"
    assert len(emulator.client("sqs").list_queues(QueueNamePrefix="kept")["QueueUrls"]) == 1


def test_a_service_nobody_emulates_says_so(emulator: Emulator) -> None:
    client = emulator.client("braket")
    assert code_of(lambda: client.search_devices(filters=[])) == "NotImplemented"


def test_throttling_strikes_deployed_roles_as_often_as_asked(emulator: Emulator, job: Principal) -> None:
    emulator.register("sagemaker", lambda _: {"ModelPackageGroupSummaryList": []})
    emulator.faults.inject("throttling", "sagemaker:ListModelPackage*", times=2)
    client = emulator.client("sagemaker", job)
    emulator.client("sagemaker").list_model_package_groups()
    codes = [code_of(client.list_model_package_groups) for _ in range(2)]
    assert codes == ["ThrottlingException", "ThrottlingException"]
    assert client.list_model_package_groups()["ModelPackageGroupSummaryList"] == []
    assert emulator.faults.left() == {}


def test_a_fault_nobody_would_notice_is_refused(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="no such fault: 'flood'"):
        emulator.faults.inject(cast("Kind", "flood"), "*")
    with pytest.raises(ValueError, match="at least once"):
        emulator.faults.inject("capacity", "*", times=0)


def test_new_objects_are_announced_however_they_are_made(emulator: Emulator, job: Principal) -> None:
    events: list[dict[str, Any]] = []
    emulator.settle()
    emulator.subscribe(events.append)
    client = emulator.client("s3", job)
    client.put_object(Bucket=BUCKET, Key="raw/a b.csv", Body=b"1")
    client.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "raw/a b.csv"})
    client.get_object(Bucket=BUCKET, Key="copy")["Body"].close()
    client.delete_object(Bucket=BUCKET, Key="copy")
    emulator.settle()
    assert [(event["detail"]["object"]["key"], event["detail"]["reason"]) for event in events] == [
        ("raw/a b.csv", "PutObject"),
        ("copy", "CopyObject"),
    ]
    assert events[0]["detail-type"] == "Object Created"
    assert events[0]["detail"]["bucket"] == {"name": BUCKET}
    assert events[0]["detail"]["object"]["size"] == 1


def test_a_refused_upload_is_not_announced(emulator: Emulator) -> None:
    events: list[dict[str, Any]] = []
    emulator.settle()
    emulator.subscribe(events.append)
    powerless = emulator.assume(role(emulator, "powerless"), "sagemaker.amazonaws.com")
    client = emulator.client("s3", powerless)
    assert code_of(lambda: client.put_object(Bucket=BUCKET, Key="x", Body=b"1")) == "AccessDenied"
    emulator.settle()
    assert events == []


def test_a_subscriber_that_fails_is_noted_and_keeps_nothing_from_the_others(emulator: Emulator) -> None:
    taken: list[str] = []

    def failing(event: dict[str, Any]) -> None:
        if event["detail-type"] == "Test":
            raise RuntimeError("not today")

    emulator.subscribe(failing)
    emulator.subscribe(lambda event: taken.append(event["detail-type"]))
    emulator.publish({"detail-type": "Test", "source": "test", "detail": {"bucket": {}, "object": {}}})
    emulator.settle()
    assert taken == ["Test"]
    assert "not today" in emulator.notes[-1]


def test_a_routed_application_knows_who_calls_it(emulator: Emulator, job: Principal) -> None:
    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        caller = environ[PRINCIPAL]
        said = f"{Request(environ).get_data().decode()} from {caller.arn if caller else 'nobody'}"
        return Response(said)(environ, start_response)

    emulator.route("/mlflow", application)
    address = f"{emulator.endpoint}/mlflow/api/runs"
    keys = emulator.credentials(job)
    signed = AWSRequest(method="POST", url=address, data=b"run")
    SigV4Auth(
        Credentials(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], keys["AWS_SESSION_TOKEN"]),
        "sagemaker-mlflow",
        "eu-west-1",
    ).add_auth(signed)
    for headers, caller in ((dict(signed.headers), job.arn), ({}, "nobody")):
        request = urllib.request.Request(address, data=b"run", headers=headers, method="POST")
        with urllib.request.urlopen(request) as answer:
            assert answer.read().decode() == f"run from {caller}"


def test_many_callers_at_once_are_told_apart(emulator: Emulator) -> None:
    emulator.client("s3").put_object(Bucket=BUCKET, Key="shared", Body=b"1")
    sessions = [
        emulator.assume(
            role(emulator, f"caller-{number}", *([allow("Read", "s3:GetObject")] if number % 2 else [])),
            "sagemaker.amazonaws.com",
        )
        for number in range(8)
    ]

    def read(session: Principal) -> bool:
        try:
            emulator.client("s3", session).get_object(Bucket=BUCKET, Key="shared")["Body"].close()
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        allowed = list(pool.map(read, sessions * 4))
    assert allowed == [bool(number % 2) for number in range(8)] * 4


def test_the_same_session_always_has_the_same_credentials(emulator: Emulator, job: Principal) -> None:
    other = Principal(job.arn, job.session, {"aws:SourceVpce": "vpce-1"})
    assert emulator.credentials(job) == emulator.credentials(Principal(job.arn, job.session))
    assert emulator.credentials(job) != emulator.credentials(other)


def test_a_judged_read_takes_no_more_than_15_milliseconds(emulator: Emulator, job: Principal) -> None:
    client = emulator.client("s3", job)
    client.put_object(Bucket=BUCKET, Key="fast", Body=b"1")

    def seconds() -> float:
        begun = time.perf_counter()
        client.get_object(Bucket=BUCKET, Key="fast")["Body"].close()
        return time.perf_counter() - begun

    # The quickest tenth: what else runs on this machine is not the server's.
    assert statistics.quantiles([seconds() for _ in range(40)], n=10)[0] < 0.015


def test_an_emulator_starts_within_two_seconds_and_remembers_nothing() -> None:
    begun = time.perf_counter()
    with Emulator(PLACE) as first:
        first.client("sqs").create_queue(QueueName="left")
    with Emulator(PLACE) as second:
        assert "QueueUrls" not in second.client("sqs").list_queues()
    assert time.perf_counter() - begun < 4
