"""Task states reach other services as the workflow's role, and fail as Step Functions lets them fail."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from state_machines import PLACE, ROLE, Account, Ended, account, allowing, trust

from rehearsal.api import ApiError, ApiRequest, Parameters
from rehearsal.emulator import RoleRecord
from rehearsal.states.errors import StateError
from rehearsal.states.integrations.call import exception_prefix
from rehearsal.states.integrations.shapes import spelled
from rehearsal.states.retries import Retries

pytestmark = pytest.mark.thorough

INVOKE = "arn:aws:states:::lambda:invoke"
TRAIN = "arn:aws:states:::sagemaker:createTrainingJob.sync"
NO_EXECUTION = PLACE.arn("states", "execution:machine:none")
FUNCTION = PLACE.arn("lambda", "function:work")


class Functions:
    """Answers ``lambda``: the function does what its payload says."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, request: ApiRequest) -> Parameters:
        self.calls += 1
        payload = json.loads(request.parameters["Payload"])
        if payload.get("throttled", 0) >= self.calls:
            raise ApiError("TooManyRequestsException", "Rate Exceeded.", 429)
        time.sleep(payload.get("sleep", 0))
        if "error" in payload:
            answer = json.dumps(payload["error"]).encode()
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": answer}
        return {"StatusCode": 200, "Payload": json.dumps({"echo": payload}).encode()}


class Jobs:
    """Answers ``sagemaker``: a training job ends at its second look, as its hyperparameter ``end`` says."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.stopped: list[str] = []

    def __call__(self, request: ApiRequest) -> Parameters:
        given = dict(request.parameters)
        name = given["TrainingJobName"]
        if request.operation == "CreateTrainingJob":
            if name in self.jobs:
                raise ApiError("ResourceInUse", "Training job names must be unique")
            self.jobs[name] = {**given, "looks": 0}
            return {"TrainingJobArn": PLACE.arn("sagemaker", f"training-job/{name}")}
        if request.operation == "StopTrainingJob":
            self.stopped.append(name)
            return {}
        return self._described(self.jobs[name])

    def _described(self, job: dict[str, Any]) -> Parameters:
        job["looks"] += 1
        end = job["HyperParameters"]["end"]
        return {
            "TrainingJobName": job["TrainingJobName"],
            "TrainingJobArn": PLACE.arn("sagemaker", "training-job/x"),
            "TrainingJobStatus": end if job["looks"] > 1 and end != "never" else "InProgress",
            "SecondaryStatus": "Training",
            "FailureReason": "AlgorithmError: exit code 1",
            "ModelArtifacts": {"S3ModelArtifacts": "s3://b/model.tar.gz"},
            "AlgorithmSpecification": {"TrainingInputMode": "File"},
            "ResourceConfig": {"VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "CreationTime": "2026-01-02T03:04:05Z",
        }


@pytest.fixture(scope="module")
def services() -> Iterator[tuple[Account, Functions, Jobs]]:
    with account() as made:
        functions, jobs = Functions(), Jobs()
        made.emulator.register("lambda", functions)
        made.emulator.register("sagemaker", jobs)
        yield made, functions, jobs


@pytest.fixture
def aws(services: tuple[Account, Functions, Jobs]) -> Account:
    services[1].calls = 0
    return services[0]


@pytest.fixture
def jobs(services: tuple[Account, Functions, Jobs]) -> Jobs:
    return services[2]


def task(resource: str, arguments: Any, **more: Any) -> dict[str, Any]:
    return {"T": {"Type": "Task", "Resource": resource, "Arguments": arguments, "End": True, **more}}


def invoke(payload: Any, **more: Any) -> dict[str, Any]:
    return task(INVOKE, {"FunctionName": FUNCTION, "Payload": payload}, **more)


def train(name: str, end: str, **more: Any) -> dict[str, Any]:
    arguments = {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "image"},
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": "s3://b/o"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "HyperParameters": {"end": end},
    }
    return task(TRAIN, arguments, **more)


def retry(*errors: str, **more: Any) -> list[dict[str, Any]]:
    return [{"ErrorEquals": list(errors), **more}]


def test_a_function_gets_its_payload_and_answers_in_payload(aws: Account) -> None:
    ended = aws.run(invoke({"n": "{% $states.input.n %}"}, Output="{% $states.result.Payload %}"), {"n": 1})
    assert ended.output == {"echo": {"n": 1}}
    assert ended.types()[1:6] == [
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
    ]
    scheduled = ended.history[2]["taskScheduledEventDetails"]
    assert (scheduled["resourceType"], scheduled["resource"]) == ("lambda", "invoke")


def test_a_functions_exception_is_the_error_and_its_answer_the_cause(aws: Account) -> None:
    raised = {"errorType": "DatasetEmpty", "errorMessage": "no rows"}
    ended = aws.run(invoke({"error": raised}))
    assert (ended.error, json.loads(ended.cause)) == ("DatasetEmpty", raised)


def test_a_function_that_ends_without_an_exception_is_unknown(aws: Account) -> None:
    ended = aws.run(invoke({"error": {"errorMessage": "Task timed out after 3.00 seconds"}}))
    assert (ended.status, ended.error) == ("FAILED", "Lambda.Unknown")


def test_throttling_is_retried_with_growing_intervals(aws: Account) -> None:
    rule = retry("Lambda.TooManyRequestsException", IntervalSeconds=10, BackoffRate=3, MaxAttempts=3)
    ended = aws.run(invoke({"throttled": 2}, Retry=rule, Output="{% $states.context.State.RetryCount %}"))
    assert (ended.status, ended.output) == ("SUCCEEDED", 2)
    times = [event["timestamp"] for event in ended.history if event["type"] == "TaskScheduled"]
    assert timedelta(seconds=10) <= times[1] - times[0] < timedelta(seconds=12)
    assert timedelta(seconds=30) <= times[2] - times[1] < timedelta(seconds=32)


@pytest.mark.parametrize(("rule", "attempts"), [({"MaxAttempts": 0}, 1), ({"MaxAttempts": 1}, 2), ({}, 4)])
def test_retries_end(aws: Account, rule: dict[str, Any], attempts: int) -> None:
    ended = aws.run(invoke({"throttled": 99}, Retry=retry("States.ALL", **rule)))
    assert (ended.error, ended.types().count("TaskFailed")) == ("Lambda.TooManyRequestsException", attempts)


def test_each_retrier_counts_for_itself_and_the_first_that_matches_decides() -> None:
    retries = Retries(
        [
            *retry("A", MaxAttempts=1, IntervalSeconds=7),
            *retry("B", MaxAttempts=2, IntervalSeconds=5, BackoffRate=10, MaxDelaySeconds=20),
            *retry("States.ALL"),
        ],
        "seed",
    )
    delays = [retries.delay(StateError(name)) for name in "BABAB"]
    assert delays == [5, 7, 20, None, None]
    assert retries.count == 3


def test_full_jitter_stays_between_nothing_and_the_interval() -> None:
    retries = Retries(
        retry("A", MaxAttempts=50, IntervalSeconds=10, BackoffRate=1, JitterStrategy="FULL"), "s"
    )
    delays = [retries.delay(StateError("A")) for _ in range(50)]
    assert all(delay is not None and 0 <= delay <= 10 for delay in delays)
    assert len(set(delays)) > 40


def test_a_task_longer_than_its_time_times_out(aws: Account) -> None:
    caught = [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}]
    states = invoke({"sleep": 1.5}, TimeoutSeconds=1, Catch=caught) | {"Late": {"Type": "Succeed"}}
    ended = aws.run(states)
    assert (ended.status, ended.output["Error"]) == ("SUCCEEDED", "States.Timeout")
    assert "TaskTimedOut" in ended.types()


def test_a_job_is_awaited_and_described_in_epoch_milliseconds(aws: Account) -> None:
    ended = aws.run(train("good", "Completed"))
    assert ended.output["ModelArtifacts"] == {"S3ModelArtifacts": "s3://b/model.tar.gz"}
    assert ended.output["CreationTime"] == 1767323045000
    assert "ResponseMetadata" not in ended.output
    assert "TaskSubmitted" in ended.types()


@pytest.mark.parametrize("end", ["Failed", "Stopped"])
def test_a_job_that_does_not_complete_fails_with_its_description(aws: Account, end: str) -> None:
    ended = aws.run(train(f"bad-{end}", end))
    assert ended.error == "States.TaskFailed"
    described = json.loads(ended.cause)
    assert (described["TrainingJobStatus"], described["FailureReason"]) == (
        end,
        "AlgorithmError: exit code 1",
    )


def test_a_declared_error_of_a_job_request_has_its_own_name_and_others_the_general(aws: Account) -> None:
    aws.run(train("twice", "Completed"))
    assert aws.run(train("twice", "Completed")).error == "SageMaker.ResourceInUseException"
    aws.emulator.faults.inject("throttling", "sagemaker:CreateTrainingJob")
    throttled = aws.run(train("slow-down", "Completed"))
    assert throttled.error == "SageMaker.AmazonSageMakerException"
    assert "ThrottlingException" in throttled.cause


def started(aws: Account, states: dict[str, Any]) -> str:
    machine = aws.create(states)
    return str(aws.client.start_execution(stateMachineArn=machine)["executionArn"])


def until(condition: Any) -> None:
    limit = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.02)


def test_stopping_an_execution_stops_its_job(aws: Account, jobs: Jobs) -> None:
    arn = started(aws, train("endless", "never"))
    until(lambda: "endless" in jobs.jobs)
    aws.client.stop_execution(executionArn=arn, error="Enough", cause="of it")
    ended = aws.ended(arn)
    assert (ended.status, ended.error, ended.cause) == ("ABORTED", "Enough", "of it")
    assert jobs.stopped[-1] == "endless"


def test_a_role_that_cannot_stop_its_job_still_times_out_and_leaves_a_note(aws: Account, jobs: Jobs) -> None:
    role = limited(
        aws, "no-stop", "sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", *ROLE_NEEDS
    )
    ended = aws.run(train("unstoppable", "never", TimeoutSeconds=1), role=role)
    assert (ended.status, ended.error) == ("FAILED", "States.Timeout")
    assert "unstoppable" not in jobs.stopped
    assert "unstoppable was not stopped" in aws.emulator.notes[-1]
    assert "sagemaker:StopTrainingJob" in aws.emulator.notes[-1]


def test_a_job_that_times_out_is_stopped(aws: Account, jobs: Jobs) -> None:
    ended = aws.run(train("slow", "never", TimeoutSeconds=1))
    assert (ended.status, ended.error) == ("FAILED", "States.Timeout")
    assert jobs.stopped[-1] == "slow"


def test_sdk_calls_speak_pascal_case_and_times_in_iso(aws: Account) -> None:
    aws.emulator.client("s3").create_bucket(
        Bucket="box", CreateBucketConfiguration={"LocationConstraint": PLACE.region}
    )
    states = {
        "Put": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:putObject",
            "Arguments": {"Bucket": "box", "Key": "k", "Body": {"n": "{% $states.input.n %}"}},
            "Next": "Get",
        },
        "Get": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
            "Arguments": {"Bucket": "box", "Key": "k"},
            "End": True,
        },
    }
    ended = aws.run(states, {"n": 1})
    assert json.loads(ended.output["Body"]) == {"n": 1}
    assert ended.output["LastModified"].endswith("Z")
    assert "ResponseMetadata" not in ended.output


@pytest.mark.parametrize(
    ("resource", "arguments", "error"),
    [
        ("s3:getObject", {"Bucket": "box-2", "Key": "absent"}, "S3.NoSuchKeyException"),
        ("s3:headObject", {"Bucket": "box-2", "Key": "absent"}, "S3.NoSuchKeyException"),
        ("s3:getObject", {"Bucket": "none", "Key": "k"}, "S3.NoSuchBucketException"),
        ("s3:getObject", {"Bucket": "box-2"}, "States.Runtime"),
        ("sfn:describeExecution", {"ExecutionArn": NO_EXECUTION}, "Sfn.ExecutionDoesNotExistException"),
    ],
)
def test_errors_of_sdk_calls_are_named_after_service_and_error(
    aws: Account, resource: str, arguments: dict[str, str], error: str
) -> None:
    s3 = aws.emulator.client("s3")
    if "box-2" not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket="box-2", CreateBucketConfiguration={"LocationConstraint": PLACE.region})
    assert aws.run(task(f"arn:aws:states:::aws-sdk:{resource}", arguments)).error == error


@pytest.mark.parametrize(
    ("service", "prefix"),
    [
        ("s3", "S3"),
        ("sagemaker", "SageMaker"),
        ("dynamodb", "DynamoDb"),
        ("sfn", "Sfn"),
        ("acm-pca", "AcmPca"),
    ],
)
def test_services_have_the_prefixes_of_the_sdk_for_java(service: str, prefix: str) -> None:
    assert exception_prefix(service) == prefix


@pytest.mark.parametrize(
    ("member", "name"),
    [("SSEKMSKeyId", "SsekmsKeyId"), ("ACL", "Acl"), ("ETag", "ETag"), ("executionArn", "ExecutionArn")],
)
def test_members_are_spelled_as_in_the_sdk_for_java(member: str, name: str) -> None:
    assert spelled(member) == name


def waiting(aws: Account, **more: Any) -> tuple[str, str]:
    """An execution that waits for a token, and the token."""
    sqs = aws.emulator.client("sqs")
    url = sqs.create_queue(QueueName="tokens")["QueueUrl"]
    body = {"QueueUrl": url, "MessageBody": {"token": "{% $states.context.Task.Token %}"}}
    arn = started(aws, task("arn:aws:states:::sqs:sendMessage.waitForTaskToken", body, **more))
    messages: list[dict[str, Any]] = []
    until(lambda: messages.extend(sqs.receive_message(QueueUrl=url).get("Messages", ())) or messages)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=messages[0]["ReceiptHandle"])
    return arn, json.loads(messages[0]["Body"])["token"]


def test_a_token_brings_the_result(aws: Account) -> None:
    arn, token = waiting(aws)
    aws.client.send_task_heartbeat(taskToken=token)
    aws.client.send_task_success(taskToken=token, output='{"by":"me"}')
    assert aws.ended(arn).output == {"by": "me"}
    with pytest.raises(ClientError) as late:
        aws.client.send_task_success(taskToken=token, output="1")
    assert late.value.response["Error"]["Code"] == "TaskTimedOut"


def test_a_token_brings_the_failure(aws: Account) -> None:
    arn, token = waiting(aws)
    aws.client.send_task_failure(taskToken=token, error="Refused", cause="by me")
    ended = aws.ended(arn)
    assert (ended.error, ended.cause) == ("Refused", "by me")


def test_a_missing_heartbeat_ends_the_wait(aws: Account) -> None:
    arn, _ = waiting(aws, HeartbeatSeconds=1)
    assert aws.ended(arn).error == "States.HeartbeatTimeout"


def test_a_workflow_can_await_another(aws: Account) -> None:
    inner = aws.create({"P": {"Type": "Pass", "Output": {"n": "{% $states.input.n + 1 %}"}, "End": True}})
    outer = task(
        "arn:aws:states:::states:startExecution.sync:2",
        {"StateMachineArn": inner, "Input": {"n": 1}},
        Output="{% $states.result.Output %}",
    )
    assert aws.run(outer).output == {"n": 2}


ROLE_NEEDS = ("iam:PassRole", "events:PutRule", "events:PutTargets", "events:DescribeRule")


def limited(aws: Account, name: str, *actions: str, resource: str = "*") -> str:
    return aws.role(f"arn:aws:iam::111111111111:role/workflow/{name}", allowing(*actions, resource=resource))


def test_a_task_may_only_what_the_workflows_role_may(aws: Account) -> None:
    able = limited(aws, "able", "lambda:InvokeFunction", resource=FUNCTION)
    unable = limited(aws, "unable", "lambda:InvokeFunction", resource=FUNCTION + "-other")
    assert aws.run(invoke({}), role=able).status == "SUCCEEDED"
    refused = aws.run(invoke({}), role=unable)
    assert refused.error == "Lambda.AWSLambdaException"
    assert "lambda:InvokeFunction" in refused.cause


def test_a_role_that_does_not_trust_step_functions_runs_nothing(aws: Account) -> None:
    role = aws.role("arn:aws:iam::111111111111:role/workflow/other", allowing("*"), "lambda.amazonaws.com")
    with pytest.raises(ClientError) as refused:
        aws.create(invoke({}), role=role)
    assert "AccessDenied" in refused.value.response["Error"]["Code"]


def test_a_trust_for_one_state_machine_does_not_serve_another(aws: Account) -> None:
    role = "arn:aws:iam::111111111111:role/workflow/mine"
    machine = PLACE.arn("states", "stateMachine:mine")
    policy = trust("states.amazonaws.com", Condition={"ArnLike": {"aws:SourceArn": machine}})
    aws.emulator.identities.roles[role] = RoleRecord(role, policy, {"all": allowing("*")})
    aws.create(invoke({}), role=role, name="mine")
    with pytest.raises(ClientError):
        aws.create(invoke({}), role=role, name="yours")


LOGGING = {"loggingConfiguration": {"level": "ALL", "destinations": []}}


@pytest.mark.parametrize(
    ("actions", "configuration", "states", "purpose"),
    [
        (["logs:CreateLogDelivery"], LOGGING, invoke({}), "access the Log Destination"),
        (["xray:PutTraceSegments"], {"tracingConfiguration": {"enabled": True}}, invoke({}), "X-Ray"),
        (["sagemaker:*", "events:PutRule"], {}, train("x", "Completed"), "create managed-rule"),
    ],
)
def test_a_role_without_what_the_service_needs_gets_no_machine(
    aws: Account, actions: list[str], configuration: dict[str, Any], states: dict[str, Any], purpose: str
) -> None:
    role = limited(aws, "little", *actions)
    with pytest.raises(ClientError, match=purpose):
        aws.create(states, role=role, **configuration)
    aws.create(states, **configuration)


def test_every_kind_of_job_asks_for_its_own_managed_rule(aws: Account) -> None:
    before = len(aws.emulator.trace)
    aws.create(train("x", "Completed"))
    asked = [call for call in list(aws.emulator.trace)[before:] if call.action == "events:PutRule"]
    rule = PLACE.arn("events", "rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule")
    assert [call.resource for call in asked] == [rule]


def test_children_of_a_distributed_map_need_the_right_to_start_executions(aws: Account) -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "P",
        "States": {"P": {"Type": "Succeed"}},
    }
    states = {"M": {"Type": "Map", "Items": [1], "ItemProcessor": processor, "End": True}}
    assert aws.run(states, role=limited(aws, "starter", "states:*")).status == "SUCCEEDED"
    refused: Ended = aws.run(states, role=limited(aws, "no-starter", "states:DescribeExecution"))
    assert (refused.status, refused.error) == ("FAILED", "States.Permissions")


def test_two_starts_of_one_name_at_once_are_one_execution(aws: Account) -> None:
    machine = aws.create(invoke({"sleep": 0.5}))
    arns: list[str] = []

    def start() -> None:
        answer = aws.client.start_execution(stateMachineArn=machine, name="same", input="{}")
        arns.append(answer["executionArn"])

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(arns) == 4
    assert len(set(arns)) == 1
    assert len(aws.client.list_executions(stateMachineArn=machine)["executions"]) == 1
