"""The rehearsal's CloudFormation: templates, updates and failures as in AWS."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlplatform.settings import Environment, read_environments
from rehearsal.api import Place
from rehearsal.cloudformation import AssemblyError, Engine, StackError
from rehearsal.cloudformation.assembly import files_of, stacks_of
from rehearsal.cloudformation.intrinsics import NO_VALUE, Scope, TemplateError
from rehearsal.cloudformation.order import creation_order
from rehearsal.cloudformation.schemas import resource_type
from rehearsal.emulator import Emulator
from rehearsal.events import Events
from rehearsal.functions import FunctionService
from rehearsal.sagemaker import SageMaker
from rehearsal.states import StateMachines
from tools.platform_app import platform_app

pytestmark = pytest.mark.thorough

FIXTURES = Path(__file__).parents[1] / "fixtures" / "environments"
PLACE = Place("aws", "eu-west-1", "111122223333")
SCRIPT = "AWS::SageMaker::StudioLifecycleConfig"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(PLACE) as started:
        SageMaker(started)
        StateMachines(started)
        Events(started)
        functions = FunctionService(started)
        yield started
        functions.stop()


@pytest.fixture(scope="module")
def engine(emulator: Emulator) -> Engine:
    return Engine(emulator)


def scope(**values: Any) -> Scope:
    """The functions of a stack with a parameter, a mapping, conditions and one resource."""

    def attribute(logical_id: str, name: str | None) -> str:
        if logical_id != "Bucket":
            raise TemplateError(f"no {logical_id}")
        return f"bucket.{name}" if name else "bucket"

    return Scope(
        place=PLACE,
        stack_name="stack",
        stack_id="arn:stack",
        parameters={"Stage": "dev", "Zones": ["a", "b"]},
        mappings={"Sizes": {"dev": {"disk": "10"}}},
        conditions={
            "IsDev": {"Fn::Equals": [{"Ref": "Stage"}, "dev"]},
            "IsProd": {"Fn::Not": [{"Condition": "IsDev"}]},
        },
        zones=("eu-west-1a", "eu-west-1b"),
        attribute=attribute,
        imported=lambda name: f"imported {name}",
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Stage"}, "dev"),
        ({"Ref": "Zones"}, ["a", "b"]),
        ({"Ref": "Bucket"}, "bucket"),
        ({"Ref": "AWS::AccountId"}, "111122223333"),
        ({"Ref": "AWS::URLSuffix"}, "amazonaws.com"),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, "bucket.Arn"),
        ({"Fn::GetAtt": "Bucket.Endpoint.Address"}, "bucket.Endpoint.Address"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Stage"}, 1]]}, "a-dev-1"),
        ({"Fn::Join": [",", {"Ref": "Zones"}]}, "a,b"),
        (
            {"Fn::Sub": "${AWS::Region}/${Stage}/${Bucket.Arn}/${!Literal}"},
            "eu-west-1/dev/bucket.Arn/${Literal}",
        ),
        ({"Fn::Sub": ["${Own}-${Stage}", {"Own": {"Ref": "Bucket"}}]}, "bucket-dev"),
        ({"Fn::Select": ["1", {"Fn::Split": [",", "a,b"]}]}, "b"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "disk"]}, "10"),
        ({"Fn::ImportValue": {"Fn::Sub": "${Stage}:VpcId"}}, "imported dev:VpcId"),
        ({"Fn::GetAZs": ""}, ["eu-west-1a", "eu-west-1b"]),
        ({"Fn::Base64": "text"}, "dGV4dA=="),
        ({"Fn::If": ["IsDev", "yes", "no"]}, "yes"),
        ({"Fn::If": ["IsProd", {"Ref": "Lost"}, "no"]}, "no"),
        ({"a": {"Ref": "AWS::NoValue"}, "b": [1, {"Ref": "AWS::NoValue"}]}, {"b": [1]}),
        ({"Ref": "AWS::NoValue"}, NO_VALUE),
        ({"Ref": "Stage", "other": 1}, {"Ref": "Stage", "other": 1}),
    ],
)
def test_intrinsic_functions_yield_what_cloudformation_yields(value: Any, expected: Any) -> None:
    assert scope().resolve(value) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("IsDev", True),
        ({"Condition": "IsProd"}, False),
        ({"Fn::And": [{"Condition": "IsDev"}, {"Fn::Not": [{"Condition": "IsProd"}]}]}, True),
        ({"Fn::Or": [{"Condition": "IsProd"}, {"Fn::Equals": ["1", 1]}]}, True),
        ({"Fn::Contains": [["prod", "staging"], {"Ref": "Stage"}]}, False),
    ],
)
def test_conditions_hold_as_in_cloudformation(condition: Any, expected: bool) -> None:
    assert scope().holds(condition) is expected


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"Fn::GetAtt": ["Lost", "Arn"]}, "no Lost"),
        ({"Fn::If": ["Unknown", 1, 2]}, "no condition Unknown"),
        ({"Fn::Select": [2, ["a", "b"]]}, "no item 2 in a list of 2"),
        ({"Fn::FindInMap": ["Sizes", "prod", "disk"]}, "no prod in the mapping Sizes"),
        ({"Fn::Transform": {}}, "Fn::Transform is not known"),
        ({"Fn::Sub": "${Zones}"}, "not a text"),
    ],
)
def test_what_cannot_be_resolved_is_an_error_that_says_so(value: Any, problem: str) -> None:
    with pytest.raises(TemplateError, match=problem):
        scope().resolve(value)


def test_resources_are_created_after_what_they_refer_to() -> None:
    order = creation_order(
        {
            "Policy": {"Properties": {"Text": {"Fn::Sub": "${Bucket.Arn}"}}, "DependsOn": "Topic"},
            "Bucket": {"Properties": {"Key": {"Fn::GetAtt": ["Key", "Arn"]}}},
            "Topic": {},
            "Key": {},
        }
    )
    assert order.index("Key") < order.index("Bucket") < order.index("Policy") > order.index("Topic")


def test_a_circle_and_a_lost_dependency_are_refused() -> None:
    with pytest.raises(TemplateError, match="Circular dependency between resources: .* -> "):
        creation_order({"A": {"Properties": {"b": {"Ref": "B"}}}, "B": {"DependsOn": ["A"]}})
    with pytest.raises(TemplateError, match="DependsOn names Lost"):
        creation_order({"A": {"DependsOn": "Lost"}})


@pytest.mark.parametrize(
    ("kind", "properties", "problem"),
    [
        ("AWS::SQS::Queue", {"QueueNmae": "q"}, "QueueNmae"),
        ("AWS::Lambda::Function", {"Role": "arn:aws:iam::111122223333:role/r"}, "'Code' is a required"),
        ("AWS::S3::Bucket", {"VersioningConfiguration": {"Status": "On"}}, "Status: 'On' is not one of"),
        ("AWS::Lambda::Function", {"Code": {}, "Role": "not an arn"}, "Role: 'not an arn' does not match"),
        ("AWS::SQS::Queue", {"VisibilityTimeout": "soon"}, "VisibilityTimeout: 'soon' is not of type"),
    ],
)
def test_properties_are_checked_against_the_registry(
    kind: str, properties: dict[str, Any], problem: str
) -> None:
    found = resource_type(kind, "eu-west-1")
    assert found is not None
    assert any(problem in each for each in found.problems(properties)), found.problems(properties)


def test_scalars_may_be_texts_as_parameters_make_them() -> None:
    found = resource_type("AWS::SQS::Queue", "eu-west-1")
    assert found is not None
    assert found.problems({"VisibilityTimeout": "30", "FifoQueue": "true", "QueueName": 7}) == []


def queue(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def template(resources: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"Resources": resources, **rest}


def queues(emulator: Emulator, prefix: str) -> list[str]:
    found = emulator.client("sqs").list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])
    return sorted(url.rpartition("/")[2] for url in found)


FAILING = {
    "Type": "AWS::Logs::LogGroup",
    "DependsOn": ["Kept", "Gone"],
    "Properties": {"LogGroupName": "taken"},
}


def test_a_failed_creation_is_rolled_back_with_the_reason_and_keeps_what_is_retained(
    emulator: Emulator, engine: Engine
) -> None:
    emulator.client("logs").create_log_group(logGroupName="taken")
    resources = {
        "Kept": {**queue(QueueName="first-kept"), "DeletionPolicy": "Retain"},
        "Gone": {**queue(QueueName="first-gone"), "DeletionPolicy": "RetainExceptOnCreate"},
        "Logs": FAILING,
    }
    with pytest.raises(
        StackError, match=r"first: ROLLBACK_COMPLETE: Logs \(AWS::Logs::LogGroup\): .*already exists"
    ):
        engine.apply("first", template(resources))
    assert queues(emulator, "first") == ["first-kept"]
    events = emulator.client("cloudformation").describe_stack_events(StackName="first")["StackEvents"]
    (failure,) = [event for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
    assert "already exists" in failure["ResourceStatusReason"]
    assert events[0]["ResourceStatus"] == "ROLLBACK_COMPLETE"


def test_an_update_touches_only_what_changed(emulator: Emulator, engine: Engine) -> None:
    before = template({"A": queue(VisibilityTimeout=30), "B": queue(VisibilityTimeout=30), "C": queue()})
    first = dict(engine.apply("second", before).resources)
    after = template({"A": queue(VisibilityTimeout=60), "B": queue(VisibilityTimeout=30), "D": queue()})
    stack = engine.apply("second", after)
    assert stack.resources["A"].physical_id == first["A"].physical_id
    told = [(e.logical_id, e.status) for e in stack.events if e.logical_id != "second"][6:]
    assert told == [
        ("A", "UPDATE_IN_PROGRESS"),
        ("A", "UPDATE_COMPLETE"),
        ("D", "CREATE_IN_PROGRESS"),
        ("D", "CREATE_COMPLETE"),
        ("C", "DELETE_COMPLETE"),
    ]
    url = stack.resources["A"].physical_id
    attributes = emulator.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    assert attributes["Attributes"]["VisibilityTimeout"] == "60"
    assert len(queues(emulator, "second")) == 3


def test_what_is_fixed_at_creation_is_replaced_and_the_old_one_deleted_unless_retained(
    emulator: Emulator, engine: Engine
) -> None:
    def stack(name: str, policy: str) -> dict[str, Any]:
        return template({"Queue": {**queue(QueueName=name), "UpdateReplacePolicy": policy}})

    engine.apply("third", stack("third-1", "Delete"))
    engine.apply("third", stack("third-2", "Retain"))
    assert queues(emulator, "third") == ["third-2"]
    engine.apply("third", stack("third-3", "Delete"))
    assert queues(emulator, "third") == ["third-2", "third-3"]


def test_a_named_resource_cannot_be_replaced_under_its_name(emulator: Emulator, engine: Engine) -> None:
    engine.apply("fourth", template({"Q": queue(QueueName="fourth.fifo", FifoQueue=True)}))
    with pytest.raises(StackError, match="custom-named resource requires replacing. Rename fourth"):
        # FifoQueue is fixed at creation.
        engine.apply("fourth", template({"Q": queue(QueueName="fourth.fifo")}))


def test_a_failed_update_puts_everything_back(emulator: Emulator, engine: Engine) -> None:
    trust = {"Version": "2012-10-17", "Statement": []}

    def role(sid: str) -> dict[str, Any]:
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Sid": sid, "Effect": "Deny", "Action": "*", "Resource": "*"}],
        }
        policies = [{"PolicyName": "P", "PolicyDocument": document}]
        said = {"RoleName": "fifth", "AssumeRolePolicyDocument": trust, "Policies": policies}
        return {"Type": "AWS::IAM::Role", "Properties": said}

    before = engine.apply("fifth", template({"Kept": queue(), "Gone": queue(), "Role": role("Old")}))
    resources = dict(before.resources)
    changed = {"Kept": queue(QueueName="fifth-new"), "Gone": queue(), "Role": role("New"), "Logs": FAILING}
    with pytest.raises(StackError, match="UPDATE_ROLLBACK_COMPLETE: Logs"):
        engine.apply("fifth", template(changed))
    assert engine.stacks["fifth"].resources == resources
    assert len(queues(emulator, "fifth")) == 2
    policies = emulator.identities.roles[PLACE.arn("iam", "role/fifth", region="")].policies
    assert policies["P"]["Statement"][0]["Sid"] == "Old"


def test_nothing_in_use_by_another_stack_can_be_deleted(engine: Engine) -> None:
    output = {"Url": {"Value": {"Ref": "Q"}, "Export": {"Name": "sixth:Url"}}}
    exporting = template({"Q": queue()}, Outputs=output)
    engine.apply("sixth", exporting)
    using = template({}, Outputs={"Url": {"Value": {"Fn::ImportValue": "sixth:Url"}}})
    assert engine.apply("seventh", using).outputs == engine.stacks["sixth"].outputs
    with pytest.raises(StackError, match="Cannot delete export sixth:Url as it is in use by seventh"):
        engine.apply("sixth", template({"Q": queue()}))
    with pytest.raises(StackError, match="in use by other stacks"):
        engine.delete("sixth")
    engine.delete("seventh")
    engine.delete("sixth")
    with pytest.raises(StackError, match="No export named sixth:Url found"):
        engine.apply("seventh", using)


def test_parameters_keep_their_values_and_must_be_allowed(emulator: Emulator, engine: Engine) -> None:
    emulator.client("ssm").put_parameter(Name="/version", Value="6", Type="String")
    rules = {
        "New": {
            "Assertions": [
                {
                    "Assert": {"Fn::Not": [{"Fn::Contains": [["5"], {"Ref": "Version"}]}]},
                    "AssertDescription": "too old",
                }
            ]
        }
    }
    declared = {
        "Mode": {"Type": "String", "Default": "guarded", "AllowedValues": ["guarded", "immediate"]},
        "Attempt": {"Type": "Number", "MinValue": 1},
        "Version": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/version"},
    }
    outputs = {name: {"Value": {"Ref": name}} for name in declared}
    wanted = template({}, Parameters=declared, Rules=rules, Outputs=outputs)
    first = engine.apply("eighth", wanted, {"Attempt": "1", "Mode": "immediate"}).outputs
    assert first == {"Mode": "immediate", "Attempt": "1", "Version": "6"}
    assert engine.apply("eighth", wanted, {"Attempt": "2"}).outputs == {**first, "Attempt": "2"}
    for given, problem in (
        ({"Mode": "fast"}, "Parameter 'Mode' failed to satisfy constraint"),
        ({"Attempt": "0"}, "MinValue is 1"),
        ({"Other": "1"}, r"\[Other\] do not exist"),
    ):
        with pytest.raises(StackError, match=problem):
            engine.apply("eighth", wanted, given)
    emulator.client("ssm").put_parameter(Name="/version", Value="5", Type="String", Overwrite=True)
    with pytest.raises(StackError, match="New: too old"):
        engine.apply("eighth", wanted, {"Attempt": "3"})


def test_policies_keys_and_endpoints_are_what_the_emulator_judges_by(
    emulator: Emulator, engine: Engine
) -> None:
    policy = {"Version": "2012-10-17", "Statement": []}
    encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]}}
    configuration = {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": encryption}]}
    resources: dict[str, Any] = {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy}},
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {"BucketName": "ninth", "BucketEncryption": configuration},
        },
        "Policy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": policy},
        },
        "Endpoint": {
            "Type": "AWS::EC2::VPCEndpoint",
            "Properties": {
                "VpcId": "vpc-0123456789abcdef0",
                "ServiceName": "com.amazonaws.eu-west-1.s3",
                "PolicyDocument": policy,
            },
        },
    }
    stack = engine.apply("ninth", template(resources))
    key = stack.resources["Key"].attributes["Arn"]
    assert emulator.bucket_keys["ninth"] == key
    assert {key, "arn:aws:s3:::ninth"} <= emulator.resource_policies.keys()
    assert emulator.vpc_endpoints["s3"] == (stack.resources["Endpoint"].physical_id, policy)
    engine.delete("ninth")
    assert not {key, "arn:aws:s3:::ninth"} & emulator.resource_policies.keys()
    assert "ninth" not in emulator.bucket_keys
    assert "s3" not in emulator.vpc_endpoints


def test_a_role_has_its_policies_and_needs_its_boundary(emulator: Emulator, engine: Engine) -> None:
    document = {"Version": "2012-10-17", "Statement": []}
    said = {"RoleName": "tenth", "Path": "/acme/", "AssumeRolePolicyDocument": document}
    arn = PLACE.arn("iam", "policy/tenth-boundary", region="")
    bounded = {"Type": "AWS::IAM::Role", "Properties": {**said, "PermissionsBoundary": arn}}
    with pytest.raises(StackError, match="tenth-boundary does not exist or is not attachable"):
        engine.apply("tenth", template({"Role": bounded}))
    boundary = {"ManagedPolicyName": "tenth-boundary", "PolicyDocument": document}
    resources = {
        "Role": {**bounded, "DependsOn": "Boundary"},
        "Boundary": {"Type": "AWS::IAM::ManagedPolicy", "Properties": boundary},
        "Inline": {
            "Type": "AWS::IAM::Policy",
            "Properties": {"PolicyName": "Inline", "PolicyDocument": document, "Roles": [{"Ref": "Role"}]},
        },
    }
    engine.apply("tenth", template(resources))
    record = emulator.identities.roles[PLACE.arn("iam", "role/acme/tenth", region="")]
    assert (record.boundary, set(record.policies)) == (document, {"Inline"})


ANSWERING = """
import json, urllib.request

def handler(event, context):
    if event["ResourceProperties"].get("Silent"):
        raise ValueError("nobody answers")
    wrong = event["ResourceProperties"].get("Wrong")
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer |= {"PhysicalResourceId": "mine", "Status": "FAILED" if wrong else "SUCCESS", "Reason": "as asked"}
    answer["Data"] = {"Type": event["RequestType"], "Number": event["ResourceProperties"].get("Number", "")}
    body = json.dumps(answer).encode()
    url, headers = event["ResponseURL"], {"Content-Type": ""}
    request = urllib.request.Request(url, data=body, method="PUT", headers=headers)
    urllib.request.urlopen(request).close()
"""


def answering(emulator: Emulator, **properties: Any) -> dict[str, Any]:
    """A template with a function from the staging bucket and a custom resource of it."""
    s3, buffer = emulator.client("s3"), io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("answering.py", ANSWERING)
    s3.create_bucket(Bucket="staging", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="staging", Key="code.zip", Body=buffer.getvalue())
    principal = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    trust = {"Version": "2012-10-17", "Statement": [principal]}
    function = {
        "Code": {"S3Bucket": "staging", "S3Key": "code.zip"},
        "Handler": "answering.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Runtime": "python3.14",
        "Timeout": 30,
    }
    token = {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}, "ServiceTimeout": 20}
    return template(
        {
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}},
            "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
            "Thing": {"Type": "Custom::Thing", "Properties": {**token, **properties}},
        },
        Outputs={name: {"Value": {"Fn::GetAtt": ["Thing", name]}} for name in ("Type", "Number")},
    )


@pytest.fixture
def no_staging(emulator: Emulator) -> Iterator[None]:
    yield
    emulator.client("s3").delete_object(Bucket="staging", Key="code.zip")
    emulator.client("s3").delete_bucket(Bucket="staging")


@pytest.mark.usefixtures("no_staging")
def test_a_custom_resource_is_what_its_function_answers(emulator: Emulator, engine: Engine) -> None:
    wanted = answering(emulator, Number=7)
    stack = engine.apply("eleventh", wanted)
    assert stack.outputs == {"Type": "Create", "Number": "7"}
    assert stack.resources["Thing"].physical_id == "mine"
    wanted["Resources"]["Thing"]["Properties"]["Number"] = 8
    assert engine.apply("eleventh", json.loads(json.dumps(wanted))).outputs == {
        "Type": "Update",
        "Number": "8",
    }
    engine.delete("eleventh")


@pytest.mark.usefixtures("no_staging")
@pytest.mark.parametrize(
    ("properties", "problem"), [({"Wrong": 1}, "as asked"), ({"Silent": 1}, "nobody answers")]
)
def test_a_custom_resource_that_fails_fails_its_stack(
    emulator: Emulator, engine: Engine, properties: dict[str, int], problem: str
) -> None:
    with pytest.raises(StackError, match=rf"Thing \(Custom::Thing\): Received response status .*{problem}"):
        engine.apply("twelfth", answering(emulator, **properties))


def test_recorded_types_answer_with_ids_and_are_noted(engine: Engine) -> None:
    engine.recorded.clear()
    said = {"FlexibleTimeWindow": 1}
    with pytest.raises(StackError, match="Properties validation failed: properties: Additional properties"):
        engine.apply("thirteenth", template({"Script": {"Type": SCRIPT, "Properties": said}}))
    names = {"StudioLifecycleConfigName": "mine", "StudioLifecycleConfigAppType": "JupyterLab"}
    script = {"Type": SCRIPT, "Properties": {**names, "StudioLifecycleConfigContent": "ZWNobw=="}}
    value = {"Arn": {"Value": {"Fn::GetAtt": ["Script", "StudioLifecycleConfigArn"]}}}
    stack = engine.apply("thirteenth", template({"Script": script}, Outputs=value))
    assert stack.outputs == {"Arn": PLACE.arn("sagemaker", "studio-lifecycle-config/mine")}
    assert engine.recorded == {SCRIPT}
    for attribute in ("Name", "StudioLifecycleConfigName"):
        wrong = {"Wrong": {"Value": {"Fn::GetAtt": ["Script", attribute]}}}
        with pytest.raises(StackError, match="does not exist in schema"):
            engine.apply("fourteenth", template({"Script": script}, Outputs=wrong))


def test_an_unknown_type_and_an_unknown_stack_are_refused(emulator: Emulator, engine: Engine) -> None:
    with pytest.raises(StackError, match=r"Unrecognized resource types: \[AWS::Made::Up\]"):
        engine.apply("fifteenth", template({"A": {"Type": "AWS::Made::Up"}}))
    with pytest.raises(ClientError, match="Stack with id nobody does not exist"):
        emulator.client("cloudformation").describe_stacks(StackName="nobody")


def test_stacks_describe_themselves(emulator: Emulator, engine: Engine) -> None:
    engine.apply("sixteenth", template({"Q": queue()}, Outputs={"Url": {"Value": {"Ref": "Q"}}}))
    client = emulator.client("cloudformation")
    (stack,) = client.describe_stacks(StackName="sixteenth")["Stacks"]
    (resource,) = client.list_stack_resources(StackName="sixteenth")["StackResourceSummaries"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Outputs"] == [{"OutputKey": "Url", "OutputValue": resource["PhysicalResourceId"]}]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Environment, Path]:
    """The smallest environment of the fixtures, and its cloud assembly."""
    (settings,) = read_environments(FIXTURES, only="small")
    outdir = tmp_path_factory.mktemp("small")
    platform_app([settings], outdir).synth()
    return settings, outdir


def test_the_stacks_of_an_environment_come_after_those_they_need(small: tuple[Environment, Path]) -> None:
    _, outdir = small
    names = [stack.display_name.removeprefix("small/") for stack in stacks_of(outdir, "small")]
    assert names.index("Network") < names.index("Foundation") < names.index("Orchestration")
    assert names.index("Orchestration") < names.index("Model-credit-approval")
    assert {file.content() for file in files_of(outdir, "small")} == {
        file.content() for file in files_of(outdir, "small")
    }
    with pytest.raises(AssemblyError, match="has no nowhere, there is: small"):
        stacks_of(outdir, "nowhere")


def test_an_environment_is_not_deployed_before_its_bootstrap(
    engine: Engine, small: tuple[Environment, Path]
) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        engine.deploy(small[1], "small")


def test_the_templates_of_a_whole_environment_are_deployed_used_and_deleted(
    emulator: Emulator, engine: Engine, small: tuple[Environment, Path]
) -> None:
    settings, outdir = small
    engine.bootstrap(settings)
    before = set(engine.stacks)
    deployed = engine.deploy(outdir, "small")
    assert deployed[settings.names.stack("network")]["VpcId"].startswith("vpc-")
    calls = [call for call in emulator.trace if "role/acme/small/" in (call.principal.arn or "")]
    assert calls
    assert [call for call in calls if not call.allowed] == []
    roles = [r for r in emulator.identities.roles.values() if "/acme/small/" in r.arn]
    assert all(record.boundary for record in roles)
    assert engine.difference(outdir, "small") == {}
    events = {name: len(stack.events) for name, stack in engine.stacks.items()}
    assert engine.deploy(outdir, "small") == deployed
    assert {name: len(stack.events) for name, stack in engine.stacks.items()} == events
    for name in reversed([name for name in engine.stacks if name not in before]):
        if engine.stacks[name].protected:
            with pytest.raises(StackError, match="TerminationProtection is enabled"):
                engine.delete(name)
            emulator.client("cloudformation").update_termination_protection(
                StackName=name, EnableTerminationProtection=False
            )
        engine.delete(name)
    assert [r.arn for r in emulator.identities.roles.values() if "/acme/small/" in r.arn] == []
