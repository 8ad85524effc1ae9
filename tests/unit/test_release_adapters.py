"""The release function's ports in AWS: the ledger keeps the contract of the one in memory, and so on."""

import datetime
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, ClassVar

import boto3
import pytest
import release_world
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber
from release_driver import Operator
from workflow_models import SERVED, product

from mlplatform.release_function import variables
from mlplatform.serving import upkeep
from mlplatform.serving.dashboard import RELEASED_METRIC
from mlplatform.serving.parts import served
from release import aws, flow, handler
from release.aws_endpoint import DIMENSION, SageMakerEndpoint
from release.aws_ledger import DynamoDbLedger
from release.aws_registry import SageMakerRegistry
from release.aws_retained import SageMakerRetained
from release.aws_services import (
    CloudWatchMetrics,
    EventBridgeAnnouncements,
    S3Reports,
    StepFunctionsExecutions,
)
from release.aws_stack import CloudFormationStack
from release.ports import ConflictError, Ledger, Made, Query, World, Write
from service_faults import ServiceFault

REGION = "eu-west-1"
ENDPOINT, TABLE = "acme-dev-credit-approval", "acme-dev-release-ledger"
GROUP = "arn:aws:sagemaker:eu-west-1:111122223333:model-package-group/acme-dev-credit-approval"
VERSION = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/acme-dev-credit-approval/7"
STACK, ROLE, FIRST = "acme-dev-serving-credit-approval", "arn:aws:iam::1:role/u", "arn:aws:iam::1:role/f"
TYPES = ["AWS::SageMaker::Endpoint", "AWS::SageMaker::Model"]
SAMPLE = {"Body": "MC4zLDEyLGEK", "ContentType": "text/csv", "Accept": "application/json"}
RECORD = {
    "text": "s3://b/k",
    "empty": "",
    "none": None,
    "whole": 3,
    "part": 0.25,
    "yes": True,
    "list": ["a", 1, 0.5, None],
    "map": {"inner": {"number": 2}, "list": []},
}


def client(service: str) -> Any:
    sdk: Any = boto3
    return sdk.client(service, region_name=REGION)


def requests(service: Any, operation: str) -> list[Mapping[str, Any]]:
    """What a client is asked for by an operation from now on."""
    asked: list[Mapping[str, Any]] = []
    event = f"provide-client-params.{operation}"
    service.meta.events.register(event, lambda params, **_: asked.append(params))
    return asked


def in_memory() -> Ledger:
    made: Ledger = release_world.Ledger(release_world.Account())
    return made


def in_dynamodb() -> Ledger:
    """The table as the platform has it, with items of other endpoints in it."""
    dynamodb = client("dynamodb")
    keys = {"endpoint": "HASH", "record": "RANGE"}
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
    )
    others = DynamoDbLedger(dynamodb, TABLE, f"{ENDPOINT}-two")
    others.write([Write("lease", {"holder": "somebody"}), Write("good#1", {"n": 1})])
    return DynamoDbLedger(dynamodb, TABLE, ENDPOINT)


@pytest.fixture(params=[in_memory, in_dynamodb], ids=["in memory", "in DynamoDB"])
def ledger(request: pytest.FixtureRequest, aws: None) -> Ledger:
    make: Callable[[], Ledger] = request.param
    return make()


def test_what_is_written_is_read_as_it_was(ledger: Ledger) -> None:
    assert ledger.read("note") is None
    ledger.write([Write("note", RECORD)])
    assert ledger.read("note") == RECORD


def test_a_later_write_replaces_all_of_the_earlier(ledger: Ledger) -> None:
    ledger.write([Write("note", {"holder": "a", "term": 1})])
    ledger.write([Write("note", {"holder": "b"})])
    assert ledger.read("note") == {"holder": "b"}


def test_an_item_goes_when_nothing_is_written_in_its_place(ledger: Ledger) -> None:
    ledger.write([Write("good#1", {"n": 1})])
    ledger.write([Write("good#1", None), Write("good#2", None)])
    assert ledger.read("good#1") is None


@pytest.mark.parametrize(
    ("write", "holds"),
    [
        (Write("note", {"fence": 2}, expected={"holder": "a", "fence": 1}), True),
        (Write("note", {"fence": 2}, expected={"holder": "b", "fence": 1}), False),
        (Write("note", {"fence": 2}, expected={"holder": "a", "fence": 2}), False),
        (Write("note", {"fence": 2}, expected={"ended": None}), True),
        (Write("note", {"fence": 2}, expected={"nothing": None}), True),
        (Write("note", {"fence": 2}, expected={"holder": None}), False),
        (Write("note", {"fence": 2}, expected={"share": 0.5, "open": True}), True),
        (Write("note", {"fence": 2}, expected={}), True),
        (Write("note", {"fence": 2}, absent=True), False),
        (Write("note", None, expected={"holder": "a"}), True),
        (Write("note", None, expected={"holder": "b"}), False),
        (Write("none", {"fence": 2}, absent=True), True),
        (Write("none", {"fence": 2}, expected={"holder": None}), False),
        (Write("none", {"fence": 2}, expected={}), False),
        (Write("none", None, expected={"holder": "a"}), False),
    ],
)
def test_a_write_happens_only_as_its_condition_says(ledger: Ledger, write: Write, holds: bool) -> None:
    before = {"holder": "a", "fence": 1, "ended": None, "share": 0.5, "open": True}
    ledger.write([Write("note", before)])
    if holds:
        ledger.write([write])
        assert ledger.read(write.record) == write.content
        return
    with pytest.raises(ConflictError):
        ledger.write([write])
    assert ledger.read("note") == before
    assert ledger.read("none") is None


def test_either_all_writes_happen_or_none(ledger: Ledger) -> None:
    ledger.write([Write("note", {"fence": 1})])
    with pytest.raises(ConflictError):
        ledger.write(
            [
                Write("good#1", {"n": 1}),
                Write("note", {"fence": 3}, expected={"fence": 2}),
                Write("good#2", None),
            ]
        )
    assert ledger.read("good#1") is None
    assert ledger.read("note") == {"fence": 1}


def test_the_history_begins_with_the_last_and_keeps_to_its_prefix(ledger: Ledger) -> None:
    ledger.write([Write(f"good#{number:012d}", {"n": number}) for number in range(9)])
    ledger.write([Write("gone#1", {"n": -1}), Write("note", {"n": -2})])
    assert [item["n"] for item in ledger.history("good#")] == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert ledger.history("good#", 2) == [
        {"record": "good#000000000008", "n": 8},
        {"record": "good#000000000007", "n": 7},
    ]
    assert ledger.history("step#") == []


@pytest.mark.thorough
def test_whole_releases_and_a_rollback_leave_the_same_ledger_in_dynamodb_as_in_memory(aws: None) -> None:
    kept = in_dynamodb()

    class InDynamoDb(release_world.Account):
        def world(self) -> World:
            return replace(super().world(), ledger=kept)

    accounts = (release_world.Account(), InDynamoDb())
    for account in accounts:
        operator = Operator(account)
        account.approve(1)
        assert operator.release().outcome == "released"
        account.approve(2)
        assert operator.release().outcome == "released"
        account.approve(3, "slow")
        assert operator.release().outcome == "rejected"
        assert operator.rollback().outcome == "released"
    items = accounts[0].items
    assert {record: kept.read(record) for record in items} == items
    scanned = client("dynamodb").scan(TableName=TABLE)["Items"]
    assert {item["record"]["S"] for item in scanned if item["endpoint"]["S"] == ENDPOINT} == set(items)


def test_a_transaction_that_another_disturbed_is_a_fault_that_passes_and_no_conflict() -> None:
    dynamodb = client("dynamodb")
    with Stubber(dynamodb) as stub:
        stub.add_client_error(
            "transact_write_items",
            "TransactionCanceledException",
            modeled_fields={"CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}]},
        )
        with pytest.raises(ClientError, match="TransactionCanceled"):
            DynamoDbLedger(dynamodb, TABLE, ENDPOINT).write([Write("lease", {"fence": 1})])


@pytest.fixture
def stack() -> tuple[CloudFormationStack, Stubber]:
    cloudformation = client("cloudformation")
    stub = Stubber(cloudformation)
    stub.activate()
    return CloudFormationStack(cloudformation, STACK, ROLE, FIRST, TYPES), stub


def stacked(**more: Any) -> dict[str, Any]:
    described = {
        "StackName": STACK,
        "StackId": "arn:stack",
        "CreationTime": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        "StackStatus": "UPDATE_COMPLETE",
        **more,
    }
    return {"Stacks": [described]}


def test_the_stack_is_described_with_its_policy(stack: tuple[CloudFormationStack, Stubber]) -> None:
    made, stub = stack
    more = {
        "Parameters": [{"ParameterKey": "ReleaseId", "ParameterValue": "none"}],
        "Outputs": [{"OutputKey": "LiveEndpointConfigName", "OutputValue": "config-1"}],
        "EnableTerminationProtection": True,
    }
    stub.add_response("describe_stacks", stacked(**more), {"StackName": STACK})
    stub.add_response("get_stack_policy", {"StackPolicyBody": "{}"}, {"StackName": STACK})
    found = made.describe()
    assert found is not None
    assert (found.status, found.protected, found.policy) == ("UPDATE_COMPLETE", True, "{}")
    assert (found.parameters, found.outputs) == (
        {"ReleaseId": "none"},
        {"LiveEndpointConfigName": "config-1"},
    )
    stub.add_response("describe_stacks", stacked(), {"StackName": STACK})
    stub.add_response("get_stack_policy", {}, {"StackName": STACK})
    bare = made.describe()
    assert bare is not None
    assert (bare.protected, bare.policy) == (False, None)


def happened(resource: str, status: str, reason: str | None = None, *, number: int = 0) -> dict[str, Any]:
    """A stack event; the stack's own are those of the resource STACK."""
    return {
        "StackId": "arn:stack",
        "EventId": str(number),
        "StackName": STACK,
        "LogicalResourceId": resource,
        "PhysicalResourceId": "arn:stack" if resource == STACK else f"{resource}-1",
        "ResourceStatus": status,
        "Timestamp": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        **({"ResourceStatusReason": reason} if reason else {}),
    }


WENT_BACK = [
    happened(STACK, "UPDATE_ROLLBACK_COMPLETE"),
    happened("Endpoint", "UPDATE_COMPLETE"),
    happened(STACK, "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update: [Endpoint]."),
    happened("ReleaseErrorsAlarm", "CREATE_FAILED", "Resource creation cancelled"),
    happened("Endpoint", "UPDATE_FAILED", "the alarm p99-latency went off"),
]
"""Newest first."""
BEGAN = happened(STACK, "UPDATE_IN_PROGRESS", "User Initiated")
EARLIER = happened("ProductionModel", "CREATE_FAILED", "another update's")


def reason(made: tuple[CloudFormationStack, Stubber], status: str, *pages: Any, own: str = "") -> str:
    """What the stack is said to be in its status for; every page of events is asked for."""
    stack, stub = made
    more = {"StackStatusReason": own} if own else {}
    stub.add_response("describe_stacks", stacked(StackStatus=status, **more), {"StackName": STACK})
    stub.add_response("get_stack_policy", {}, {"StackName": STACK})
    for number, page in enumerate(pages):
        asked = {"StackName": STACK} | ({"NextToken": str(number)} if number else {})
        rest = {"NextToken": str(number + 1)} if number + 1 < len(pages) else {}
        stub.add_response("describe_stack_events", {"StackEvents": page, **rest}, asked)
    found = stack.describe()
    stub.assert_no_pending_responses()
    assert found is not None
    return found.reason


@pytest.mark.parametrize("size", [3, 4, 9])
def test_a_stack_that_went_back_says_which_resource_failed_first_and_why(
    stack: tuple[CloudFormationStack, Stubber], size: int
) -> None:
    events = [*WENT_BACK, BEGAN, EARLIER, happened(STACK, "UPDATE_IN_PROGRESS")]
    # Nothing is read of what happened before the last update.
    pages = [events[at : at + size] for at in range(0, len(WENT_BACK) + 1, size)]
    assert reason(stack, "UPDATE_ROLLBACK_COMPLETE", *pages) == "Endpoint: the alarm p99-latency went off"


def test_a_stack_whose_way_back_failed_says_both_reasons(stack: tuple[CloudFormationStack, Stubber]) -> None:
    own = "The following resource(s) failed to update: [ProductionModel]."
    events = [
        happened(STACK, "UPDATE_ROLLBACK_FAILED", own),
        happened("ProductionModel", "UPDATE_FAILED", "no"),
        *WENT_BACK[2:],
        BEGAN,
    ]
    found = reason(stack, "UPDATE_ROLLBACK_FAILED", events, own=own)
    assert found == f"Endpoint: the alarm p99-latency went off; {own}"


def test_a_failure_without_a_reason_is_said_by_its_status_and_none_by_nothing(
    stack: tuple[CloudFormationStack, Stubber],
) -> None:
    silent = [happened("Endpoint", "UPDATE_FAILED"), BEGAN]
    assert reason(stack, "UPDATE_ROLLBACK_COMPLETE", silent) == "Endpoint: UPDATE_FAILED"
    assert reason(stack, "UPDATE_ROLLBACK_COMPLETE", [BEGAN, EARLIER]) == ""
    # Of any other stack, no events are asked for.
    assert reason(stack, "UPDATE_IN_PROGRESS", own="User Initiated") == "User Initiated"


def test_a_stack_that_is_not_there_is_none(stack: tuple[CloudFormationStack, Stubber]) -> None:
    made, stub = stack
    stub.add_client_error("describe_stacks", "ValidationError", f"Stack with id {STACK} does not exist")
    assert made.describe() is None
    stub.add_client_error("describe_stacks", "AccessDenied", "no")
    with pytest.raises(ClientError, match="AccessDenied"):
        made.describe()


@pytest.mark.parametrize(("first", "role"), [(False, ROLE), (True, FIRST)])
def test_a_plan_is_of_the_same_template_with_all_parameters_as_a_role_of_releases(
    stack: tuple[CloudFormationStack, Stubber], first: bool, role: str
) -> None:
    made, stub = stack
    expected = {
        "StackName": STACK,
        "ChangeSetName": "rel-abc-roll-out-1",
        "ChangeSetType": "UPDATE",
        "UsePreviousTemplate": True,
        "Parameters": [
            {"ParameterKey": "ReleaseId", "ParameterValue": "abc"},
            {"ParameterKey": "RolloutMode", "ParameterValue": "guarded"},
        ],
        "ResourceTypes": TYPES,
        "RoleARN": role,
        "ClientToken": "rel-abc-roll-out-1",
    }
    stub.add_response("create_change_set", {}, expected)
    given = {"ReleaseId": "abc", "RolloutMode": "guarded"}
    made.create_change_set("rel-abc-roll-out-1", given, first=first)
    stub.assert_no_pending_responses()


BUSY = f"Stack:arn:stack/{STACK}/1 is in UPDATE_IN_PROGRESS state and can not be updated."
CALLS: dict[str, Callable[[CloudFormationStack], None]] = {
    "create_change_set": lambda made: made.create_change_set("rel-1", {}, first=False),
    "execute_change_set": lambda made: made.execute("rel-1"),
    "continue_update_rollback": lambda made: made.continue_rollback(),
}


@pytest.mark.parametrize("operation", CALLS)
def test_a_stack_that_is_not_as_believed_is_a_conflict_and_a_refusal_is_none(
    stack: tuple[CloudFormationStack, Stubber], operation: str
) -> None:
    made, stub = stack
    stub.add_client_error(operation, "ValidationError", BUSY)
    with pytest.raises(ConflictError, match="UPDATE_IN_PROGRESS"):
        CALLS[operation](made)
    stub.add_client_error(operation, "ValidationError", "Parameters: [Sandwich] do not exist in the template")
    with pytest.raises(ClientError, match="Sandwich"):
        CALLS[operation](made)
    stub.add_client_error(operation, "AccessDenied", "not authorized")
    with pytest.raises(ClientError, match="AccessDenied"):
        CALLS[operation](made)


@pytest.mark.parametrize(
    ("began", "mends"), [(FIRST, FIRST), (ROLE, ROLE), ("arn:aws:iam::1:role/cdk", ROLE)]
)
def test_a_way_back_is_mended_as_the_role_of_the_first_release_if_that_began_it(
    stack: tuple[CloudFormationStack, Stubber], began: str, mends: str
) -> None:
    made, stub = stack
    stub.add_response("describe_stacks", stacked(RoleARN=began), {"StackName": STACK})
    stub.add_response("get_stack_policy", {}, {"StackName": STACK})
    stub.add_response("continue_update_rollback", {}, {"StackName": STACK, "RoleARN": mends})
    made.describe()
    made.continue_rollback()
    stub.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["InvalidChangeSetStatus", "ChangeSetNotFound"])
def test_an_obsolete_plan_is_a_conflict(stack: tuple[CloudFormationStack, Stubber], code: str) -> None:
    made, stub = stack
    stub.add_client_error("execute_change_set", code, "ChangeSet is OBSOLETE")
    with pytest.raises(ConflictError):
        made.execute("rel-1")


def test_repeating_what_was_done_is_harmless(stack: tuple[CloudFormationStack, Stubber]) -> None:
    made, stub = stack
    stub.add_client_error("create_change_set", "AlreadyExistsException", "exists")
    made.create_change_set("rel-1", {}, first=False)
    for operation in ("execute_change_set", "continue_update_rollback"):
        stub.add_client_error(operation, "TokenAlreadyExistsException", "token")
        CALLS[operation](made)
    for code, message in (("InvalidChangeSetStatus", "executed"), ("ValidationError", "does not exist")):
        stub.add_client_error("delete_change_set", code, message)
        made.delete_change_set("rel-1")


def test_a_plan_is_read_to_its_last_page(stack: tuple[CloudFormationStack, Stubber]) -> None:
    made, stub = stack
    change = {"LogicalResourceId": "Endpoint", "ResourceType": TYPES[0], "Action": "Modify"}
    second = {**change, "LogicalResourceId": "ProductionModel", "Replacement": "True"}
    asked = {"StackName": STACK, "ChangeSetName": "rel-1"}
    page = {
        "Status": "CREATE_COMPLETE",
        "ExecutionStatus": "AVAILABLE",
        "Parameters": [{"ParameterKey": "ReleaseId", "ParameterValue": "abc"}],
        "Changes": [{"Type": "Resource", "ResourceChange": change}],
        "NextToken": "more",
    }
    rest = {
        "Status": "CREATE_COMPLETE",
        "Changes": [{"Type": "Resource", "ResourceChange": second}, {"Type": "Resource"}],
    }
    stub.add_response("describe_change_set", page, asked)
    stub.add_response("describe_change_set", rest, {**asked, "NextToken": "more"})
    found = made.change_set("rel-1")
    assert found is not None
    assert [(c.logical_id, c.replacement) for c in found.changes] == [
        ("Endpoint", ""),
        ("ProductionModel", "True"),
    ]
    assert (found.execution_status, found.parameters) == ("AVAILABLE", {"ReleaseId": "abc"})
    stub.add_client_error("describe_change_set", "ChangeSetNotFound", "gone")
    assert made.change_set("rel-1") is None


class Service:
    """A stubbed SageMaker and its runtime, and the endpoint on them."""

    def __init__(self, sample: Mapping[str, Any] = SAMPLE) -> None:
        self.sagemaker, self.runtime, self.s3 = (client(n) for n in ("sagemaker", "sagemaker-runtime", "s3"))
        self.stub, self.asked, self.stored = (Stubber(c) for c in (self.sagemaker, self.runtime, self.s3))
        for stub in (self.stub, self.asked, self.stored):
            stub.activate()
        self.endpoint = SageMakerEndpoint(
            self.sagemaker, self.runtime, self.s3, ENDPOINT, "arn:aws:sagemaker:::endpoint/e", sample
        )

    def describes(self, operation: str, answer: Mapping[str, Any], **asked: Any) -> None:
        """The next call is this, and gets ``answer`` with what else AWS says."""
        at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
        usual = {
            "describe_endpoint": {
                "EndpointName": ENDPOINT,
                "EndpointArn": f"arn:aws:sagemaker:e:1:e/{ENDPOINT}",
            },
            "describe_endpoint_config": {"EndpointConfigName": "c", "EndpointConfigArn": "a" * 20},
            "describe_model": {"ModelName": "m", "ModelArn": "a" * 20},
        }[operation]
        changed = {"LastModifiedTime": at} if operation == "describe_endpoint" else {}
        self.stub.add_response(operation, {**usual, "CreationTime": at, **changed, **answer}, asked)


def test_an_endpoint_is_described_with_the_packages_of_every_variant() -> None:
    here = Service()
    found = {"EndpointConfigName": "c", "EndpointStatus": "InService"}
    here.describes("describe_endpoint", found, EndpointName=ENDPOINT)
    variants = {
        "ProductionVariants": [{"VariantName": "production", "ModelName": "p"}],
        "ShadowProductionVariants": [{"VariantName": "shadow", "ModelName": "s"}],
    }
    here.describes("describe_endpoint_config", variants, EndpointConfigName="c")
    here.describes("describe_model", {"PrimaryContainer": {"ModelPackageName": VERSION}}, ModelName="p")
    pipeline = {"Containers": [{"Image": "i"}, {"ModelPackageName": f"{VERSION}1"}]}
    here.describes("describe_model", pipeline, ModelName="s")
    state = here.endpoint.describe()
    assert state is not None
    assert (state.status, state.config, state.pending, state.reason) == ("InService", "c", False, "")
    assert state.packages == {"production": VERSION, "shadow": f"{VERSION}1"}


def test_a_configuration_that_somebody_deleted_leaves_an_endpoint_without_packages() -> None:
    here = Service()
    pending = {
        "EndpointConfigName": "c",
        "EndpointStatus": "Updating",
        "PendingDeploymentSummary": {"EndpointConfigName": "d"},
    }
    here.describes("describe_endpoint", pending, EndpointName=ENDPOINT)
    here.stub.add_client_error("describe_endpoint_config", "ValidationException", 'Could not find "c".')
    state = here.endpoint.describe()
    assert state is not None
    assert (state.pending, state.packages) == (True, {})
    here.stub.add_client_error("describe_endpoint", "ValidationException", 'Could not find endpoint "e".')
    assert here.endpoint.describe() is None
    here.stub.add_client_error("describe_endpoint", "AccessDeniedException", "no")
    with pytest.raises(ClientError, match="AccessDenied"):
        here.endpoint.describe()


def answer() -> dict[str, Any]:
    return {"Body": StreamingBody(io.BytesIO(b"1"), 1), "ContentType": "text/csv"}


def test_the_sample_is_sent_to_the_variant_that_is_asked_and_its_refusal_is_told() -> None:
    here = Service()
    asked = {
        "EndpointName": ENDPOINT,
        "Body": b"0.3,12,a\n",
        "ContentType": "text/csv",
        "Accept": "application/json",
    }
    here.asked.add_response("invoke_endpoint", answer(), {**asked, "TargetVariant": "production"})
    assert here.endpoint.invoke("production") == ""
    here.asked.add_client_error("invoke_endpoint", "ModelError", "Received server error (500)", 424)
    assert "Received server error (500)" in here.endpoint.invoke("production")
    here.asked.add_client_error("invoke_endpoint", "ThrottlingException", "slow")
    with pytest.raises(ClientError, match="slow"):
        here.endpoint.invoke("production")


def test_a_serverless_endpoint_is_asked_without_a_variant() -> None:
    here = Service({**SAMPLE, "Serverless": True})
    asked = {
        "EndpointName": ENDPOINT,
        "Body": ANY,
        "ContentType": "text/csv",
        "Accept": "application/json",
    }
    here.asked.add_response("invoke_endpoint", answer(), asked)
    assert here.endpoint.invoke("production") == ""


def test_an_asynchronous_endpoint_takes_the_sample_from_s3() -> None:
    place = "s3://artifacts/predictions/credit-approval/async/sample"
    here = Service({**SAMPLE, "Input": place})
    put = {
        "Bucket": "artifacts",
        "Key": "predictions/credit-approval/async/sample",
        "Body": b"0.3,12,a\n",
        "ContentType": "text/csv",
    }
    here.stored.add_response("put_object", {}, {**put, "ChecksumAlgorithm": ANY} if checksums() else put)
    asked = {
        "EndpointName": ENDPOINT,
        "InputLocation": place,
        "ContentType": "text/csv",
        "Accept": "application/json",
    }
    here.asked.add_response("invoke_endpoint_async", {"InferenceId": "1"}, asked)
    assert here.endpoint.invoke("production") == ""
    here.asked.assert_no_pending_responses()


def checksums() -> bool:
    """Whether this botocore adds a checksum to what it stores before a stub sees it."""
    s3 = client("s3")
    seen = requests(s3, "s3.PutObject")
    with Stubber(s3) as stub:
        stub.add_response("put_object", {})
        s3.put_object(Bucket="b", Key="k", Body=b"")
    return "ChecksumAlgorithm" in seen[0]


def scaling(*targets: Mapping[str, Any]) -> tuple[SageMakerEndpoint, Stubber]:
    """An endpoint, and an Application Auto Scaling that answers with these targets of its challenger."""
    sdk: Any = boto3
    client = sdk.client("application-autoscaling", region_name="eu-west-1")
    stub = Stubber(client)
    asked = {"ResourceIds": [CHALLENGER], "ScalableDimension": DIMENSION, "ServiceNamespace": "sagemaker"}
    stub.add_response("describe_scalable_targets", {"ScalableTargets": list(targets)}, asked)
    stub.activate()
    return SageMakerEndpoint(None, None, None, "acme-dev-loans", "arn", {}, scaling=client), stub


CHALLENGER = "endpoint/acme-dev-loans/variant/challenger"
SCALED = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": CHALLENGER,
    "ScalableDimension": DIMENSION,
    "MinCapacity": 1,
    "MaxCapacity": 2,
    "RoleARN": "arn:aws:iam::111122223333:role/scaling",
    "CreationTime": 0,
}
DEREGISTERED = {key: SCALED[key] for key in ("ServiceNamespace", "ResourceId", "ScalableDimension")}


def test_autoscaling_is_to_forget_only_what_it_has() -> None:
    endpoint, stub = scaling(SCALED)
    stub.add_response("deregister_scalable_target", {}, DEREGISTERED)
    endpoint.release_scaling("challenger")
    stub.assert_no_pending_responses()
    endpoint, stub = scaling()
    endpoint.release_scaling("challenger")
    stub.assert_no_pending_responses()


def test_what_autoscaling_forgets_meanwhile_is_forgotten() -> None:
    endpoint, stub = scaling(SCALED)
    stub.add_client_error("deregister_scalable_target", "ObjectNotFoundException")
    endpoint.release_scaling("challenger")
    stub.assert_no_pending_responses()


def test_an_endpoint_that_served_is_tagged() -> None:
    here = Service()
    tags = [{"Key": "served", "Value": "true"}]
    asked = {"ResourceArn": "arn:aws:sagemaker:::endpoint/e", "Tags": tags}
    here.stub.add_response("add_tags", {"Tags": tags}, asked)
    here.endpoint.mark_served()
    here.stub.assert_no_pending_responses()


class Registered:
    """A version in a stubbed SageMaker; its image and model in moto's ECR and S3."""

    def __init__(self, *, owners: tuple[str, ...] = ("123456789012",), **more: Any) -> None:
        self.sagemaker, self.ecr, self.s3 = client("sagemaker"), client("ecr"), client("s3")
        self.stub = Stubber(self.sagemaker)
        self.stub.activate()
        self.registry = SageMakerRegistry(self.sagemaker, self.ecr, self.s3, GROUP, owners, ENDPOINT)
        self.s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
        self.more = more

    def package(self, *containers: Mapping[str, Any]) -> Any:
        described = {
            "ModelPackageName": "p",
            "ModelPackageArn": VERSION,
            "ModelPackageVersion": 7,
            "CreationTime": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": []},
            "ModelApprovalStatus": "Approved",
            **({"InferenceSpecification": {"Containers": list(containers)}} if containers else {}),
            **self.more,
        }
        self.stub.add_response("describe_model_package", described, {"ModelPackageName": VERSION})
        return self.registry.package(VERSION)


def image(registry: str = "123456789012", tag: str = "@sha256:" + "0f" * 32) -> str:
    return f"{registry}.dkr.ecr.{REGION}.amazonaws.com/credit{tag}"


def test_a_version_says_its_group_its_approval_and_who_decided(aws: None) -> None:
    ana = {"UserProfileName": "ana", "IamIdentity": {"Arn": "arn:aws:sts::1:assumed-role/approver-ana/ana"}}
    found = Registered(LastModifiedBy=ana, CustomerMetadataProperties={"served-in-staging": "x"}).package()
    assert (found.version, found.approval, found.group, found.approved_by) == (7, "Approved", GROUP, "ana")
    assert (found.metadata, found.missing) == ({"served-in-staging": "x"}, ())


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ({}, ""),
        ({"IamIdentity": {"Arn": "arn:aws:iam::1:user/bo"}}, "arn:aws:iam::1:user/bo"),
        ({"IamIdentity": {"Arn": "arn:aws:sts::1:assumed-role/x/y", "SourceIdentity": "cy"}}, "cy"),
        ({"IamIdentity": {"Arn": "arn:aws:sts::1:assumed-role/acme-staging-credit-release/f"}}, ""),
    ],
)
def test_a_release_that_noted_something_is_nobody_who_approved(
    aws: None, who: Mapping[str, Any], told: str
) -> None:
    assert Registered(LastModifiedBy=who).package().approved_by == told


def test_after_a_release_noted_where_a_version_serves_its_note_names_who_approved_it(aws: None) -> None:
    release = {"IamIdentity": {"Arn": "arn:aws:sts::111122223333:assumed-role/acme-dev-credit-release/x"}}
    notes = {
        "served-in-dev": "rolled-back r 2026-11-20T10:00:00Z",
        "served-in-staging": "r 2026-11-20T10:00:00Z ana",
    }
    found = Registered(LastModifiedBy=release, CustomerMetadataProperties=notes).package()
    assert found.approved_by == "ana"


def test_what_a_version_needs_and_is_not_there_is_named(aws: None) -> None:
    here = Registered()
    here.s3.put_object(Bucket="models", Key="there.tar.gz", Body=b"model")
    here.s3.put_object(Bucket="models", Key="folder/part", Body=b"model")
    there = {"Image": image("763104351884", ":1.4"), "ModelDataUrl": "s3://models/there.tar.gz"}
    assert here.package(there).missing == ()
    gone = here.package({"Image": image(), "ModelDataUrl": "s3://models/gone.tar.gz"}, there)
    assert gone.missing == (image(), "s3://models/gone.tar.gz")
    kinds = {"S3DataType": "S3Prefix", "CompressionType": "None"}
    folders = [{"S3DataSource": {"S3Uri": f"s3://models/{n}/", **kinds}} for n in ("folder", "none")]
    assert here.package(*({"ModelDataSource": one} for one in folders)).missing == ("s3://models/none/",)


def test_an_image_is_there_by_digest_or_tag_and_missing_without(aws: None) -> None:
    here = Registered()
    here.ecr.create_repository(repositoryName="credit")
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = {"schemaVersion": 2, "mediaType": kind, "config": {"digest": "sha256:" + "0" * 64}}
    put = here.ecr.put_image(
        repositoryName="credit", imageManifest=json.dumps({**manifest, "layers": []}), imageTag="v1"
    )
    digest = put["image"]["imageId"]["imageDigest"]
    kept = [image(tag=f"@{digest}"), image(tag=":v1")]
    assert here.package(*({"Image": one} for one in kept)).missing == ()
    assert here.package({"Image": image(tag=":v2")}).missing == (image(tag=":v2"),)


def test_the_newest_approved_version_is_the_one_with_the_highest_number(aws: None) -> None:
    here = Registered()
    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    pages: list[dict[str, Any]] = [
        {"ModelPackageVersion": number, "ModelPackageArn": VERSION.replace("/7", f"/{number}")}
        for number in (2, 11, 9)
    ]
    listed = [{**page, "CreationTime": at, "ModelPackageStatus": "Completed"} for page in pages]
    asked = {"ModelPackageGroupName": GROUP, "ModelApprovalStatus": "Approved"}
    here.stub.add_response("list_model_packages", {"ModelPackageSummaryList": listed}, asked)
    assert here.registry.newest_approved() == VERSION.replace("/7", "/11")
    here.stub.add_response("list_model_packages", {"ModelPackageSummaryList": []}, asked)
    assert here.registry.newest_approved() is None


def test_noting_where_a_version_served_says_nothing_of_its_approval(aws: None) -> None:
    here = Registered()
    asked = {
        "ModelPackageArn": VERSION,
        "CustomerMetadataProperties": {"served-in-dev": "abc 2026"},
        "ModelLifeCycle": {"Stage": "dev", "StageStatus": "Serving"},
    }
    here.stub.add_response("update_model_package", {"ModelPackageArn": VERSION}, asked)
    here.registry.note(VERSION, {"served-in-dev": "abc 2026"}, "dev", "Serving")
    here.stub.assert_no_pending_responses()


def test_a_version_that_does_not_exist_is_none(aws: None) -> None:
    here = Registered()
    here.stub.add_client_error(
        "describe_model_package", "ValidationException", "ModelPackage p does not exist."
    )
    assert here.registry.package(VERSION) is None


def test_metrics_come_by_query_with_their_times(aws: None) -> None:
    cloudwatch = client("cloudwatch")
    at = datetime.datetime(2026, 11, 20, 8, tzinfo=datetime.UTC)
    dimensions = {"EndpointName": ENDPOINT, "VariantName": "production"}
    for minute, value in enumerate((3.0, 5.0)):
        datum = {
            "MetricName": "Invocations",
            "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
            "Timestamp": at + datetime.timedelta(minutes=minute),
            "Value": value,
        }
        cloudwatch.put_metric_data(Namespace="AWS/SageMaker", MetricData=[datum])
    metrics = CloudWatchMetrics(cloudwatch, ENDPOINT, "acme/dev/releases")
    queries = [Query("p", "production", "Invocations", "Sum"), Query("s", "shadow", "Invocations", "Sum")]
    found = metrics.series(queries, "2026-11-20T08:00:00Z", "2026-11-20T08:10:00Z", 60)
    assert found == {"p": [["2026-11-20T08:00:00Z", 3.0], ["2026-11-20T08:01:00Z", 5.0]], "s": []}


def test_what_became_of_answers_is_asked_for_in_the_models_own_namespace_by_variant(aws: None) -> None:
    cloudwatch = client("cloudwatch")
    at = datetime.datetime(2026, 11, 20, 8, tzinfo=datetime.UTC)
    for value, variant in ((1.0, "production"), (0.0, "production"), (1.0, "challenger")):
        datum = {
            "MetricName": "repaid",
            "Dimensions": [{"Name": "Variant", "Value": variant}],
            "Timestamp": at,
            "Value": value,
        }
        cloudwatch.put_metric_data(Namespace="acme/dev/outcomes/loans", MetricData=[datum])
    metrics = CloudWatchMetrics(cloudwatch, ENDPOINT, "acme/dev/releases", "acme/dev/outcomes/loans")
    queries = [
        Query(f"{variant}_{statistic.lower()}", variant, "repaid", statistic, outcome=True)
        for variant in ("production", "challenger")
        for statistic in ("Sum", "SampleCount")
    ]
    found = metrics.series(queries, "2026-11-20T08:00:00Z", "2026-11-20T08:10:00Z", 60)
    assert {name: [value for _, value in pairs] for name, pairs in found.items()} == {
        "production_sum": [1.0],
        "production_samplecount": [2.0],
        "challenger_sum": [1.0],
        "challenger_samplecount": [1.0],
    }


def test_metrics_of_instances_and_of_a_fleet_are_asked_for_as_such() -> None:
    cloudwatch = client("cloudwatch")
    asked = requests(cloudwatch, "cloudwatch.GetMetricData")
    with Stubber(cloudwatch) as stub:
        stub.add_response("get_metric_data", {"MetricDataResults": []})
        queries = [Query("c", "production", "CPUUtilization", "Maximum", config="config-1")]
        start, end = "2026-11-20T08:00:00Z", "2026-11-20T08:10:00Z"
        CloudWatchMetrics(cloudwatch, ENDPOINT, "n").series(queries, start, end, 60)
    (query,) = asked[0]["MetricDataQueries"]
    metric = query["MetricStat"]["Metric"]
    assert metric["Namespace"] == "/aws/sagemaker/Endpoints"
    assert {"Name": "EndpointConfigName", "Value": "config-1"} in metric["Dimensions"]


def test_alarms_of_a_release_are_found_by_the_beginning_of_their_name(aws: None) -> None:
    cloudwatch = client("cloudwatch")
    for name in ("release-abc-1/errors", "release-abd-1/errors", "operating"):
        cloudwatch.put_metric_alarm(
            AlarmName=f"acme-dev/credit/{name}",
            MetricName="m",
            Namespace="n",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
    cloudwatch.set_alarm_state(
        AlarmName="acme-dev/credit/release-abc-1/errors", StateValue="ALARM", StateReason="x"
    )
    found = CloudWatchMetrics(cloudwatch, ENDPOINT, "n").alarms("acme-dev/credit/release-abc-")
    assert found == {"acme-dev/credit/release-abc-1/errors": "ALARM"}


def changed(old: str, new: str) -> dict[str, Any]:
    """A change of state as the history of an alarm has it."""
    states = {"oldState": {"stateValue": old}, "newState": {"stateValue": new}}
    return {"HistoryItemType": "StateUpdate", "HistoryData": json.dumps({"version": "1.0", **states})}


def test_changes_of_an_alarm_are_counted_to_the_last_page_and_what_cannot_be_read_counts() -> None:
    cloudwatch = client("cloudwatch")
    start, end = "2026-11-20T08:00:00Z", "2026-11-20T09:00:00Z"
    named = [{"AlarmName": f"release-abc-1/{name}", "StateValue": "OK"} for name in ("a", "b", "c")]
    asked = {"AlarmTypes": ["MetricAlarm"], "HistoryItemType": "StateUpdate", "StartDate": start}
    asked |= {"EndDate": end}
    pages: list[tuple[str, list[dict[str, Any]], dict[str, str], dict[str, str]]] = [
        ("a", [changed("ALARM", "OK"), changed("OK", "ALARM")], {}, {"NextToken": "more"}),
        ("a", [changed("INSUFFICIENT_DATA", "ALARM")], {"NextToken": "more"}, {}),
        ("b", [changed("INSUFFICIENT_DATA", "OK"), changed("OK", "INSUFFICIENT_DATA")], {}, {}),
        ("c", [{"HistoryData": '{"version": "1.0", "oldSt'}, {}, {"HistoryData": "[]"}], {}, {}),
    ]
    with Stubber(cloudwatch) as stub:
        prefix = {"AlarmNamePrefix": "release-abc-1/", "AlarmTypes": ["MetricAlarm"]}
        stub.add_response("describe_alarms", {"MetricAlarms": named}, prefix)
        for name, items, token, following in pages:
            expected = {"AlarmName": f"release-abc-1/{name}", **asked, **token}
            stub.add_response("describe_alarm_history", {"AlarmHistoryItems": items, **following}, expected)
        metrics = CloudWatchMetrics(cloudwatch, ENDPOINT, "n")
        assert metrics.alarm_changes("release-abc-1/", start, end) == {
            "release-abc-1/a": 3,
            "release-abc-1/c": 3,
        }
        stub.assert_no_pending_responses()


def test_asking_to_stop_puts_the_metric_of_one_release() -> None:
    cloudwatch = client("cloudwatch")
    asked = requests(cloudwatch, "cloudwatch.PutMetricData")
    with Stubber(cloudwatch) as stub:
        stub.add_response("put_metric_data", {})
        CloudWatchMetrics(cloudwatch, ENDPOINT, "acme/dev/releases").ask_to_stop(
            "abc", "2026-11-20T08:00:00Z"
        )
    assert asked[0]["Namespace"] == "acme/dev/releases"
    (datum,) = asked[0]["MetricData"]
    assert (datum["MetricName"], datum["Value"]) == ("StopRequested", 1)
    assert datum["Dimensions"] == [
        {"Name": "Endpoint", "Value": ENDPOINT},
        {"Name": "ReleaseId", "Value": "abc"},
    ]


def test_the_dashboard_is_told_which_version_serves() -> None:
    cloudwatch = client("cloudwatch")
    asked = requests(cloudwatch, "cloudwatch.PutMetricData")
    with Stubber(cloudwatch) as stub:
        stub.add_response("put_metric_data", {})
        CloudWatchMetrics(cloudwatch, ENDPOINT, "n").released(7, "2026-11-20T08:00:00Z")
    datum = {"Dimensions": [{"Name": "Endpoint", "Value": ENDPOINT}], "Timestamp": "2026-11-20T08:00:00Z"}
    assert asked == [{"Namespace": "n", "MetricData": [{"MetricName": RELEASED_METRIC, "Value": 7, **datum}]}]


def test_an_execution_runs_until_it_is_stopped_and_an_unknown_one_does_not(aws: None) -> None:
    states = client("stepfunctions")
    executions = StepFunctionsExecutions(states)
    definition = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}}
    machine = states.create_state_machine(
        name="m", definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/x"
    )["stateMachineArn"]
    arn = states.start_execution(stateMachineArn=machine, name="run")["executionArn"]
    assert executions.running(arn)
    executions.stop(arn, "a rollback")
    executions.stop(arn, "a rollback, again")
    assert not executions.running(arn)
    unknown = arn.replace(":run", ":none")
    assert not executions.running(unknown)
    executions.stop(unknown, "a rollback")


def test_reports_lie_below_their_model(aws: None) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": REGION})
    kept = S3Reports(s3, "artifacts", "credit").keep("abc/judgement.html", "<p>é</p>", "text/html")
    assert kept == "s3://artifacts/releases/credit/abc/judgement.html"
    stored = s3.get_object(Bucket="artifacts", Key="releases/credit/abc/judgement.html")
    assert (stored["Body"].read().decode(), stored["ContentType"]) == ("<p>é</p>", "text/html")


def test_an_announcement_that_is_not_taken_is_an_error() -> None:
    events = client("events")
    with Stubber(events) as stub:
        entry = {"Source": "acme.dev.releases", "DetailType": "Model Release", "Detail": '{"Version": 7}'}
        stub.add_response("put_events", {"FailedEntryCount": 0, "Entries": []}, {"Entries": [entry]})
        EventBridgeAnnouncements(events, "acme.dev.releases").announce({"Version": 7})
        stub.add_response("put_events", {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "x"}]})
        with pytest.raises(RuntimeError, match="did not take"):
            EventBridgeAnnouncements(events, "acme.dev.releases").announce({"Version": 7})


def test_what_the_stack_has_is_read_to_its_last_page(stack: tuple[CloudFormationStack, Stubber]) -> None:
    made, stub = stack
    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

    def summary(number: int, **more: str) -> dict[str, Any]:
        kind = {"ResourceType": "AWS::SageMaker::Model", "ResourceStatus": "CREATE_COMPLETE"}
        return {"LogicalResourceId": f"M{number}", "LastUpdatedTimestamp": at, **kind, **more}

    page = {"StackResourceSummaries": [summary(1, PhysicalResourceId="one")], "NextToken": "more"}
    stub.add_response("list_stack_resources", page, {"StackName": STACK})
    rest = {"StackResourceSummaries": [summary(2), summary(3, PhysicalResourceId="three")]}
    stub.add_response("list_stack_resources", rest, {"StackName": STACK, "NextToken": "more"})
    assert made.resources() == ["one", "three"]


class Left:
    """A stubbed SageMaker with what CloudFormation made for stacks, and what it did not."""

    OURS: ClassVar = {"model": "credit-approval", "environment": "dev"}
    AT = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

    def __init__(self) -> None:
        self.sagemaker = client("sagemaker")
        self.stub = Stubber(self.sagemaker)
        self.stub.activate()
        self.retained = SageMakerRetained(self.sagemaker, STACK, self.OURS)

    def lists(self, operation: str, noun: str, *names: str) -> None:
        """The next call lists these."""
        items = [
            {f"{noun}Name": name, f"{noun}Arn": self.arn(name), "CreationTime": self.AT} for name in names
        ]
        self.stub.add_response(operation, {f"{noun}s": items}, {})

    def tagged(self, name: str, tags: Mapping[str, str]) -> None:
        """The next call asks for its tags."""
        answer = {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        self.stub.add_response("list_tags", answer, {"ResourceArn": self.arn(name)})

    def arn(self, name: str) -> str:
        """ARN of something of that name."""
        return f"arn:aws:sagemaker:eu-west-1:111122223333:model/{name.lower()}"


def test_of_models_only_those_are_found_that_cloudformation_made_for_the_stack() -> None:
    here, stack_name = Left(), "aws:cloudformation:stack-name"
    named = [
        "ProductionModel-Ab12Cd34",
        f"{STACK}-ShadowModel-0a1b",
        "ProductionModel-Theirs",
        "ChallengerModel-1",
    ]
    here.lists("list_models", "Model", "acme-dev-credit-approval-batch-1", *named)
    shown = {"ModelName": "m", "ModelArn": "a" * 20, "CreationTime": here.AT}
    container = {"PrimaryContainer": {"ModelPackageName": VERSION}}
    here.tagged(named[0], {**here.OURS, stack_name: STACK, "owner": "risk"})
    here.stub.add_response("describe_model", {**shown, **container}, {"ModelName": named[0]})
    here.tagged(named[1], here.OURS)
    here.stub.add_client_error("describe_model", "ValidationException", "Could not find model")
    here.tagged(named[2], {**here.OURS, "environment": "prod"})
    here.tagged(named[3], {**here.OURS, stack_name: "another"})
    assert here.retained.models() == [Made(named[0], "2026-01-01T00:00:00Z", package=VERSION)]
    here.stub.assert_no_pending_responses()


def test_a_configuration_is_found_with_the_models_of_every_variant() -> None:
    here, name = Left(), "EndpointConfig-Ab12Cd34"
    here.lists("list_endpoint_configs", "EndpointConfig", "try-mine", name)
    here.tagged(name, here.OURS)
    config = {
        "EndpointConfigName": name,
        "EndpointConfigArn": "a" * 20,
        "CreationTime": here.AT,
        "ProductionVariants": [{"VariantName": "production", "ModelName": "p"}, {"VariantName": "other"}],
        "ShadowProductionVariants": [{"VariantName": "shadow", "ModelName": "s"}],
    }
    here.stub.add_response("describe_endpoint_config", config, {"EndpointConfigName": name})
    assert here.retained.configurations() == [Made(name, "2026-01-01T00:00:00Z", models=("p", "s"))]


def test_deleting_what_is_gone_is_harmless_and_a_refusal_is_none() -> None:
    here = Left()
    gone = ("ValidationException", "Could not find model")
    here.stub.add_client_error("delete_model", *gone, expected_params={"ModelName": "m"})
    here.retained.delete_model("m")
    here.stub.add_response("delete_endpoint_config", {}, {"EndpointConfigName": "c"})
    here.retained.delete_configuration("c")
    here.stub.add_client_error("delete_endpoint_config", "AccessDeniedException", "no")
    with pytest.raises(ClientError, match="AccessDenied"):
        here.retained.delete_configuration("c")


def test_upkeep_puts_what_it_found_for_the_alarm_and_what_it_deleted() -> None:
    cloudwatch = client("cloudwatch")
    asked = requests(cloudwatch, "cloudwatch.PutMetricData")
    with Stubber(cloudwatch) as stub:
        metrics = CloudWatchMetrics(cloudwatch, ENDPOINT, "n")
        for _ in range(3):
            stub.add_response("put_metric_data", {})
        metrics.differs(differs=True, now="2026-11-20T08:00:00Z")
        metrics.differs(differs=False, now="2026-11-20T08:00:00Z")
        metrics.swept(4, "2026-11-20T08:00:00Z")
    data = [(datum["MetricName"], datum["Value"]) for params in asked for datum in params["MetricData"]]
    assert data == [(upkeep.DIFFERS_METRIC, 1), (upkeep.DIFFERS_METRIC, 0), (upkeep.SWEPT_METRIC, 4)]


def test_the_function_is_given_every_variable_it_reads(tmp_path: Path) -> None:
    told = variables(served(*product(tmp_path, SERVED)))

    class Noting(dict[str, str]):
        def __getitem__(self, name: str) -> str:
            read.add(name)
            return super().__getitem__(name)

    read: set[str] = set()
    made = aws.world({name: client(name) for name in aws.SERVICES}, Noting(told), SAMPLE)
    assert read == set(told)
    assert all(getattr(made, port.name) is not None for port in fields(World))
    assert sum(len(name) + len(value) for name, value in told.items()) < 4096


def failing(error: Exception) -> Callable[..., Any]:
    def run(*_: Any) -> Any:
        raise error

    return run


def refused(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Call")


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (refused("ThrottlingException"), ServiceFault),
        (refused("TransactionCanceledException"), ServiceFault),
        (refused("Anything", 503), ServiceFault),
        (EndpointConnectionError(endpoint_url="https://x"), ServiceFault),
        (refused("AccessDeniedException"), ClientError),
        (KeyError("Unknown"), KeyError),
    ],
)
def test_only_what_may_pass_is_to_be_tried_again(
    error: Exception, raised: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    for name, value in variables(served(*product(tmp_path, SERVED))).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(flow, "run", failing(error))
    handler._clients.cache_clear()
    with pytest.raises(raised):
        handler.handler({"Step": "admit", "Serving": {"Sample": SAMPLE}}, None)
