"""Change sets and updates by calls of the API: planned, compared, carried out under a role, and undone."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError
from small_account import PLACE, allow, deny, role

from rehearsal.api import Principal
from rehearsal.cloudformation import Engine, StackError
from rehearsal.cloudformation.differences import differences
from rehearsal.emulator import Emulator
from rehearsal.sagemaker import SageMaker

pytestmark = pytest.mark.thorough

CALLER = "cloudformation.amazonaws.com"
QUEUES = PLACE.arn("sqs", "served-*")
_number = count(1)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(PLACE) as started:
        sagemaker = SageMaker(started)
        yield started
        sagemaker.close()


@pytest.fixture(scope="module")
def engine(emulator: Emulator) -> Engine:
    emulator.client("logs").create_log_group(logGroupName="taken")
    return Engine(emulator)


@pytest.fixture
def api(emulator: Emulator) -> Any:
    return emulator.client("cloudformation")


@pytest.fixture
def update_role(emulator: Emulator) -> str:
    """A role that may make queues of our names, and nothing else."""
    return role(emulator, f"update-{next(_number)}", allow("Queues", "sqs:*", QUEUES), service=CALLER)


def queue(name: Any, **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name, **properties}}


def serving(name: str) -> dict[str, Any]:
    """Parameters decide what is there, as in a stack that serves: a chain of replacements, an update."""
    retained = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    model = queue({"Fn::Sub": f"served-{name}-model-${{Package}}"})
    config = queue({"Fn::Join": ["-", [f"served-{name}-config", {"Fn::GetAtt": ["Model", "QueueName"]}]]})
    endpoint = queue(
        f"served-{name}-endpoint",
        RedrivePolicy={"deadLetterTargetArn": {"Fn::GetAtt": ["Config", "Arn"]}, "maxReceiveCount": 3},
    )
    shadow = queue({"Fn::Sub": f"served-{name}-shadow-${{Shadow}}"})
    return {
        "Parameters": {
            "Package": {"Type": "String", "Default": "none", "AllowedPattern": "[a-z0-9]+"},
            "Shadow": {"Type": "String", "Default": "none"},
            "Delay": {"Type": "String", "Default": "0"},
        },
        "Rules": {
            "NotBoth": {
                "RuleCondition": {"Fn::Equals": [{"Ref": "Shadow"}, "refused"]},
                "Assertions": [{"Assert": {"Fn::Equals": [1, 2]}, "AssertDescription": "no such shadow"}],
            }
        },
        "Conditions": {
            "Released": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Package"}, "none"]}]},
            "Shadowed": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Shadow"}, "none"]}]},
        },
        "Resources": {
            "Always": queue(f"served-{name}-always", DelaySeconds={"Ref": "Delay"}),
            "Model": {**model, "Condition": "Released", **retained},
            "Config": {**config, "Condition": "Released", **retained},
            "Endpoint": {**endpoint, "Condition": "Released"},
            "ShadowModel": {**shadow, "Condition": "Shadowed", **retained},
        },
        "Outputs": {
            "Package": {"Value": {"Ref": "Package"}},
            "Live": {"Condition": "Released", "Value": {"Fn::GetAtt": ["Config", "QueueName"]}},
        },
    }


def given(**values: str) -> list[dict[str, Any]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def refusal(call: Callable[[], Any]) -> tuple[str, str]:
    """Code and message of the error that ``call`` meets."""
    with pytest.raises(ClientError) as refused:
        call()
    error = refused.value.response["Error"]
    return str(error["Code"]), str(error["Message"])


class Release:
    """A stack, and the calls that release into it."""

    def __init__(self, emulator: Emulator, engine: Engine, role: str) -> None:
        self.name = f"stack-{next(_number)}"
        self.emulator, self.engine, self.role = emulator, engine, role
        self.api = emulator.client("cloudformation")
        engine.apply(self.name, serving(self.name))

    def plan(self, name: str, **values: str) -> dict[str, Any]:
        """Create a change set and read its plan."""
        self.create(name, given(**values))
        self.emulator.clock.drive(5)
        return dict(self.api.describe_change_set(StackName=self.name, ChangeSetName=name))

    def create(self, name: str, parameters: list[dict[str, Any]], **more: Any) -> Any:
        asked = {"UsePreviousTemplate": True, "RoleARN": self.role, "Parameters": parameters, **more}
        return self.api.create_change_set(StackName=self.name, ChangeSetName=name, **asked)

    def execute(self, name: str, **more: Any) -> None:
        self.api.execute_change_set(StackName=self.name, ChangeSetName=name, **more)

    def release(self, name: str, **values: str) -> str:
        """Plan, execute, and wait; the stack's status."""
        self.plan(name, **values)
        self.execute(name)
        self.emulator.clock.drive(600)
        return self.status()

    def described(self) -> dict[str, Any]:
        found: dict[str, Any] = self.api.describe_stacks(StackName=self.name)["Stacks"][0]
        return found

    def status(self) -> str:
        return str(self.described()["StackStatus"])

    def outputs(self) -> dict[str, str]:
        return {one["OutputKey"]: one["OutputValue"] for one in self.described()["Outputs"]}

    def queues(self) -> list[str]:
        found = self.emulator.client("sqs").list_queues(QueueNamePrefix=f"served-{self.name}-")
        return sorted(url.partition(f"served-{self.name}-")[2] for url in found["QueueUrls"])

    def told(self) -> list[tuple[str, str]]:
        """What became of the resources and the stack, oldest first."""
        events = self.api.describe_stack_events(StackName=self.name)["StackEvents"]
        return [(one["LogicalResourceId"], one["ResourceStatus"]) for one in reversed(events)]


@pytest.fixture
def release(emulator: Emulator, engine: Engine, update_role: str) -> Release:
    return Release(emulator, engine, update_role)


def by_id(plan: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Action and replacement by logical id."""
    changes = [one["ResourceChange"] for one in plan["Changes"]]
    return {one["LogicalResourceId"]: (one["Action"], one.get("Replacement", "")) for one in changes}


def test_a_release_appears_with_its_condition_and_the_stack_says_what_it_is(release: Release) -> None:
    plan = release.plan("rel-1", Package="a", Shadow="none", Delay="0")
    assert by_id(plan) == {"Model": ("Add", ""), "Config": ("Add", ""), "Endpoint": ("Add", "")}
    assert (plan["Status"], plan["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    release.execute("rel-1")
    assert release.status() == "UPDATE_IN_PROGRESS"
    release.emulator.clock.drive(7)
    assert release.status() == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    release.emulator.clock.drive(60)
    assert release.status() == "UPDATE_COMPLETE"
    assert release.outputs() == {
        "Package": "a",
        "Live": f"served-{release.name}-config-served-{release.name}-model-a",
    }
    assert release.described()["RoleARN"] == release.role


def test_what_follows_a_replaced_resource_may_be_replaced_and_the_last_is_only_updated(
    release: Release,
) -> None:
    release.release("rel-1", Package="a", Shadow="none", Delay="0")
    plan = release.plan("rel-2", Package="b", Shadow="none", Delay="0")
    assert by_id(plan) == {
        "Model": ("Modify", "True"),
        "Config": ("Modify", "Conditional"),
        "Endpoint": ("Modify", "False"),
    }
    changes = {one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"] for one in plan["Changes"]}
    assert changes["Model"]["PolicyAction"] == "ReplaceAndRetain"
    (detail,) = changes["Config"]["Details"]
    assert (detail["Evaluation"], detail["Target"]["RequiresRecreation"]) == ("Dynamic", "Always")
    release.execute("rel-2")
    release.emulator.clock.drive(60)
    assert release.told()[-8:] == [
        ("Config", "UPDATE_IN_PROGRESS"),
        ("Config", "UPDATE_COMPLETE"),
        ("Endpoint", "UPDATE_IN_PROGRESS"),
        ("Endpoint", "UPDATE_COMPLETE"),
        (release.name, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        ("Config", "DELETE_SKIPPED"),
        ("Model", "DELETE_SKIPPED"),
        (release.name, "UPDATE_COMPLETE"),
    ]
    assert "model-a" in release.queues()


def test_a_shadow_disappears_with_its_condition_and_stays_behind_retained(release: Release) -> None:
    release.release("rel-1", Package="a", Shadow="s", Delay="0")
    plan = release.plan("rel-2", Package="a", Shadow="none", Delay="0")
    assert by_id(plan) == {"ShadowModel": ("Remove", "")}
    assert plan["Changes"][0]["ResourceChange"]["PolicyAction"] == "Retain"
    release.execute("rel-2")
    release.emulator.clock.drive(60)
    assert "shadow-s" in release.queues()
    assert "ShadowModel" not in release.engine.stacks[release.name].resources


def test_what_comes_back_gets_another_name_than_what_was_retained(engine: Engine, emulator: Emulator) -> None:
    template = {
        "Parameters": {"Shadow": {"Type": "String", "Default": "none"}},
        "Conditions": {"Shadowed": {"Fn::Equals": [{"Ref": "Shadow"}, "on"]}},
        "Resources": {
            "Always": {"Type": "AWS::SQS::Queue"},
            "Model": {"Type": "AWS::SQS::Queue", "Condition": "Shadowed", "DeletionPolicy": "Retain"},
        },
    }
    found = []
    for shadow in ("on", "off", "on"):
        stack = engine.apply("returning", template, {"Shadow": shadow})
        found += [stack.resources["Model"].physical_id] if shadow == "on" else []
    assert len(set(found)) == 2
    listed = emulator.client("sqs").list_queues(QueueNamePrefix="returning-Model")["QueueUrls"]
    assert sorted(listed) == sorted(found)


def test_a_parameter_that_is_left_out_takes_its_default_and_takes_everything_away(release: Release) -> None:
    release.release("rel-1", Package="a", Shadow="none", Delay="0")
    plan = release.plan("rel-2", Delay="0")
    assert by_id(plan) == dict.fromkeys(("Model", "Config", "Endpoint"), ("Remove", ""))
    previous = [{"ParameterKey": "Package", "UsePreviousValue": True}]
    release.create("rel-3", [*previous, *given(Delay="9")])
    release.emulator.clock.drive(5)
    kept = release.api.describe_change_set(StackName=release.name, ChangeSetName="rel-3")
    assert by_id(kept) == {"Always": ("Modify", "False")}


def test_a_plan_that_changes_nothing_fails_with_its_reason(release: Release) -> None:
    release.release("rel-1", Package="a", Shadow="none", Delay="0")
    plan = release.plan("rel-2", Package="a", Shadow="none", Delay="0")
    assert (plan["Status"], plan["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert plan["StatusReason"].startswith("The submitted information didn't contain changes.")
    code, message = refusal(lambda: release.execute("rel-2"))
    assert code == "InvalidChangeSetStatus"
    assert message.endswith("cannot be executed in its current status of [FAILED]")


def test_a_plan_takes_a_moment_and_cannot_be_executed_before(release: Release) -> None:
    release.create("rel-1", given(Package="a"))
    found = release.api.describe_change_set(StackName=release.name, ChangeSetName="rel-1")
    assert (found["Status"], found["Changes"]) == ("CREATE_IN_PROGRESS", [])
    assert "[CREATE_IN_PROGRESS]" in refusal(lambda: release.execute("rel-1"))[1]


def test_executing_a_change_set_deletes_the_others_and_any_update_does(release: Release) -> None:
    release.plan("rel-1", Package="a")
    release.plan("rel-2", Package="b")
    release.execute("rel-1")
    release.emulator.clock.drive(60)
    assert refusal(lambda: release.execute("rel-2")) == (
        "ChangeSetNotFound",
        "ChangeSet [rel-2] does not exist",
    )
    release.plan("rel-3", Package="c")
    changed = serving(release.name)
    changed["Resources"]["Always"]["Properties"]["VisibilityTimeout"] = 7
    release.engine.apply(release.name, changed)
    assert refusal(lambda: release.execute("rel-3"))[0] == "ChangeSetNotFound"
    release.plan("rel-4", Package="c")
    release.api.update_stack(
        StackName=release.name, UsePreviousTemplate=True, RoleARN=release.role, Parameters=given(Package="d")
    )
    release.emulator.clock.drive(60)
    code, message = refusal(lambda: release.execute("rel-4"))
    assert code == "InvalidChangeSetStatus"
    assert message.endswith("cannot be executed in its current execution status of [OBSOLETE]")


def test_a_call_that_is_repeated_with_its_token_is_answered_alike(release: Release) -> None:
    first = release.create("rel-1", given(Package="a"), ClientToken="t")
    assert release.create("rel-1", given(Package="a"), ClientToken="t")["Id"] == first["Id"]
    code, message = refusal(lambda: release.create("rel-1", given(Package="b"), ClientToken="t"))
    assert (code, message.rpartition(" ")[2]) == ("AlreadyExistsException", "Parameters")
    release.emulator.clock.drive(5)
    release.execute("rel-1", ClientRequestToken="t2")
    release.execute("rel-1", ClientRequestToken="t2")
    release.emulator.clock.drive(60)
    release.execute("rel-1", ClientRequestToken="t2")
    assert release.status() == "UPDATE_COMPLETE"
    assert "[EXECUTE_COMPLETE]" in refusal(lambda: release.execute("rel-1"))[1]


def test_a_stack_that_is_being_updated_takes_no_other_update(release: Release) -> None:
    release.plan("rel-1", Package="a")
    release.execute("rel-1")
    for busy in ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"):
        assert release.status() == busy
        wanted = f"Stack:{release.described()['StackId']} is in {busy} state and can not be updated."
        assert refusal(lambda: release.create("rel-2", given(Package="b"))) == ("ValidationError", wanted)
        with pytest.raises(StackError, match="can not be updated"):
            release.engine.apply(release.name, serving(release.name))
        release.emulator.clock.drive(6)


def test_a_deployment_after_a_release_changes_nothing_that_serves(release: Release) -> None:
    release.release("rel-1", Package="a", Shadow="none", Delay="3")
    before = release.described()
    resources = dict(release.engine.stacks[release.name].resources)
    release.engine.apply(release.name, serving(release.name))
    assert release.described() == before
    template = serving(release.name)
    template["Resources"]["Always"]["Properties"]["VisibilityTimeout"] = 7
    release.engine.apply(release.name, template)
    after = release.engine.stacks[release.name]
    assert after.parameters == {"Package": "a", "Shadow": "none", "Delay": "3"}
    assert {key for key in resources if after.resources[key] != resources[key]} == {"Always"}
    assert "RoleARN" not in release.described()


def test_the_resources_are_made_by_the_role_and_judged_by_its_policies(
    release: Release, emulator: Emulator
) -> None:
    emulator.trace.clear()
    release.release("rel-1", Package="a", Shadow="none", Delay="0")
    made = {(one.action, one.principal.arn) for one in emulator.trace if one.action.startswith("sqs:")}
    assert made == {("sqs:CreateQueue", release.role)}
    release.role = role(
        emulator, "powerless", allow("Queues", "sqs:*", QUEUES), deny("No", "sqs:CreateQueue"), service=CALLER
    )
    assert release.release("rel-2", Package="b", Shadow="none", Delay="0") == "UPDATE_ROLLBACK_COMPLETE"
    denied = {one.action for one in emulator.trace.denied() if one.principal.arn == release.role}
    assert denied == {"sqs:CreateQueue"}
    assert release.outputs()["Package"] == "a"


def test_a_role_that_cloudformation_may_not_assume_is_refused(release: Release, emulator: Emulator) -> None:
    release.role = role(emulator, "another", allow("All", "*"), service="sagemaker.amazonaws.com")
    code, message = refusal(lambda: release.create("rel-1", given(Package="a")))
    assert (code, message) == ("ValidationError", f"Role {release.role} is invalid or cannot be assumed")


def test_an_update_without_a_role_uses_the_last_one(release: Release, emulator: Emulator) -> None:
    release.release("rel-1", Package="a")
    emulator.trace.clear()
    release.api.create_change_set(
        StackName=release.name, ChangeSetName="rel-2", UsePreviousTemplate=True, Parameters=given(Package="b")
    )
    emulator.clock.drive(5)
    release.execute("rel-2")
    emulator.clock.drive(60)
    assert {one.principal.arn for one in emulator.trace if one.action == "sqs:CreateQueue"} == {release.role}


def failing(release: Release) -> dict[str, Any]:
    """The template with a resource that fails after all others."""
    template = serving(release.name)
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "taken"}}
    template["Resources"]["Logs"] = {**group, "DependsOn": ["Always", "Endpoint"]}
    return template


def test_a_failed_release_gives_everything_back_and_keeps_the_former_values(release: Release) -> None:
    release.release("rel-1", Package="a", Shadow="none", Delay="0")
    before = dict(release.engine.stacks[release.name].resources)
    release.create(
        "rel-2",
        given(Package="b", Shadow="none", Delay="9"),
        UsePreviousTemplate=False,
        TemplateBody=json.dumps(failing(release)),
    )
    release.emulator.clock.drive(5)
    release.execute("rel-2")
    release.emulator.clock.drive(60)
    found = release.described()
    assert found["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert {one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}["Package"] == "a"
    assert release.engine.stacks[release.name].resources == before
    assert release.queues() == [
        "always",
        f"config-served-{release.name}-model-a",
        "endpoint",
        "model-a",
    ]
    execution = release.api.describe_change_set(StackName=release.name, ChangeSetName="rel-2")
    assert execution["ExecutionStatus"] == "EXECUTE_FAILED"
    statuses = [status for name, status in release.told() if name == release.name]
    assert statuses[-3:] == [
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]


def test_a_way_back_that_failed_can_be_continued(release: Release, emulator: Emulator) -> None:
    release.release("rel-1", Package="a", Shadow="none", Delay="0")
    code, message = refusal(lambda: release.api.continue_update_rollback(StackName=release.name))
    assert (code, "UPDATE_COMPLETE state" in message) == ("ValidationError", True)
    emulator.faults.inject("throttling", "sqs:SetQueueAttributes", 2)
    assert release.release("rel-2", Package="a", Shadow="none", Delay="9") == "UPDATE_ROLLBACK_FAILED"
    assert "can not be updated" in refusal(lambda: release.create("rel-3", given(Package="a")))[1]
    with pytest.raises(StackError, match="UPDATE_ROLLBACK_FAILED state and can not be updated"):
        release.engine.apply(release.name, serving(release.name))
    release.api.continue_update_rollback(StackName=release.name, RoleARN=release.role)
    assert release.status() == "UPDATE_ROLLBACK_IN_PROGRESS"
    emulator.clock.drive(60)
    assert release.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert release.release("rel-4", Package="a", Shadow="none", Delay="9") == "UPDATE_COMPLETE"


POLICY = {
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["Update:Delete", "Update:Replace"],
            "Resource": "LogicalResourceId/Endpoint",
        },
    ]
}


def test_a_stack_policy_keeps_what_it_protects_from_everybody(release: Release) -> None:
    release.release("rel-1", Package="a", Shadow="none", Delay="0")
    api, policy = release.api, json.dumps(POLICY)
    assert "StackPolicyBody" not in api.get_stack_policy(StackName=release.name)
    api.set_stack_policy(StackName=release.name, StackPolicyBody=policy)
    assert json.loads(api.get_stack_policy(StackName=release.name)["StackPolicyBody"]) == POLICY
    assert release.release("rel-2", Shadow="none", Delay="0") == "UPDATE_ROLLBACK_COMPLETE"
    renamed = serving(release.name)
    renamed["Resources"]["Endpoint"]["Properties"]["QueueName"] = f"served-{release.name}-renamed"
    with pytest.raises(StackError, match=r"Action denied by stack policy: Statement \[#2\]"):
        release.engine.apply(release.name, renamed)
    assert release.release("rel-3", Package="b", Shadow="none", Delay="0") == "UPDATE_COMPLETE"
    assert "endpoint" in release.queues()
    wrong = json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "Delete"}]})
    told = refusal(lambda: api.set_stack_policy(StackName=release.name, StackPolicyBody=wrong))
    assert told == ("ValidationError", "Error validating stack policy: Invalid action Delete")


def test_a_protected_stack_is_not_deleted(release: Release) -> None:
    release.api.update_termination_protection(StackName=release.name, EnableTerminationProtection=True)
    assert release.described()["EnableTerminationProtection"] is True
    with pytest.raises(StackError, match="cannot be deleted while TerminationProtection is enabled"):
        release.engine.delete(release.name)
    release.api.update_termination_protection(StackName=release.name, EnableTerminationProtection=False)
    release.engine.delete(release.name)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a parameter that is none": ({"Parameters": given(Lost="1")}, r"Parameters: [Lost] do not exist"),
    "a value that is not allowed": ({"Parameters": given(Package="A")}, "failed to satisfy constraint"),
    "a broken rule": ({"Parameters": given(Shadow="refused")}, "no such shadow"),
    "a previous value of nothing": (
        {"Parameters": [{"ParameterKey": "Lost", "UsePreviousValue": True}]},
        "Cannot specify usePreviousValue as true",
    ),
    "types that are not named": (
        {"Parameters": [], "ResourceTypes": ["AWS::SNS::Topic"]},
        "Resource type AWS::SQS::Queue is not allowed by parameter ResourceTypes",
    ),
    "no template": ({"Parameters": [], "UsePreviousTemplate": False}, "Either Template URL or Template Body"),
    "no JSON": (
        {"Parameters": [], "UsePreviousTemplate": False, "TemplateBody": "x"},
        "Template format error",
    ),
    "a stack to be created": ({"Parameters": [], "ChangeSetType": "CREATE"}, "already exists"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_request_is_refused_at_once(release: Release, case: str) -> None:
    asked, problem = WRONG[case]
    code, message = refusal(
        lambda: release.create("rel-1", **{"parameters": asked.pop("Parameters"), **asked})
    )
    assert code == "ValidationError"
    assert problem in message


def test_resources_of_iam_need_an_acknowledgement(release: Release) -> None:
    template = serving(release.name)
    template["Resources"]["Role"] = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
    body = {"UsePreviousTemplate": False, "TemplateBody": json.dumps(template)}
    told = refusal(lambda: release.create("rel-1", [], **body))
    assert told == ("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]")


def test_change_sets_are_listed_and_deleted_and_long_plans_come_in_parts(release: Release) -> None:
    many = serving(release.name)
    many["Resources"] |= {f"Q{index}": queue(f"served-q{index}") for index in range(150)}
    release.create("rel-1", [], UsePreviousTemplate=False, TemplateBody=json.dumps(many))
    release.emulator.clock.drive(5)
    named = {"StackName": release.name, "ChangeSetName": "rel-1"}
    first = release.api.describe_change_set(**named)
    rest = release.api.describe_change_set(**named, NextToken=first["NextToken"])
    assert (len(first["Changes"]), len(rest["Changes"]), "NextToken" in rest) == (100, 50, False)
    (listed,) = release.api.list_change_sets(StackName=release.name)["Summaries"]
    assert (listed["ChangeSetName"], listed["Status"]) == ("rel-1", "CREATE_COMPLETE")
    release.api.delete_change_set(**named)
    release.api.delete_change_set(**named)
    assert release.api.list_change_sets(StackName=release.name)["Summaries"] == []
    assert refusal(lambda: release.api.describe_change_set(**named))[0] == "ChangeSetNotFound"


def test_an_update_without_a_change_set_is_refused_when_it_changes_nothing(release: Release) -> None:
    asked = {"StackName": release.name, "UsePreviousTemplate": True, "RoleARN": release.role}
    assert refusal(lambda: release.api.update_stack(**asked)) == (
        "ValidationError",
        "No updates are to be performed.",
    )
    release.api.update_stack(**asked, Parameters=given(Package="a"), ClientRequestToken="t")
    release.api.update_stack(**asked, Parameters=given(Package="a"), ClientRequestToken="t")
    release.emulator.clock.drive(60)
    assert release.outputs()["Package"] == "a"


def test_the_caller_is_judged_by_role_types_name_and_template(release: Release, emulator: Emulator) -> None:
    stack = PLACE.arn("cloudformation", f"stack/{release.name}/*")
    condition = {
        "StringEquals": {"cloudformation:RoleArn": release.role},
        "StringLike": {"cloudformation:ChangeSetName": "rel-*"},
        "Null": {"cloudformation:TemplateUrl": "true", "cloudformation:ResourceTypes": "false"},
        "ForAllValues:StringEquals": {"cloudformation:ResourceTypes": ["AWS::SQS::Queue"]},
    }
    passed = {"StringEquals": {"iam:PassedToService": CALLER}}
    statements = [
        allow("Plan", "cloudformation:CreateChangeSet", stack, Condition=condition),
        allow("Execute", "cloudformation:ExecuteChangeSet", stack),
    ]
    caller = role(emulator, f"caller-{next(_number)}", *statements)
    with_pass = role(
        emulator,
        f"caller-{next(_number)}",
        *statements,
        allow("Pass", "iam:PassRole", release.role, Condition=passed),
    )

    def create(who: str, name: str = "rel-1", **more: Any) -> Any:
        client = emulator.client("cloudformation", Principal(who))
        asked = {"UsePreviousTemplate": True, "Parameters": given(Package="a"), "RoleARN": release.role}
        asked |= {"ResourceTypes": ["AWS::SQS::Queue"], **more}
        return client.create_change_set(
            StackName=release.name, ChangeSetName=name, **{k: v for k, v in asked.items() if v is not None}
        )

    assert "iam:PassRole" in refusal(lambda: create(caller))[1]
    other = role(emulator, f"other-{next(_number)}", allow("All", "*"), service=CALLER)
    url = {"TemplateURL": "https://bucket.s3.eu-west-1.amazonaws.com/t.json", "UsePreviousTemplate": None}
    refused: list[dict[str, Any]] = [
        {"RoleARN": None},
        {"RoleARN": other},
        {"name": "cdk-deploy-change-set"},
        {"ResourceTypes": None},
        {"ResourceTypes": ["AWS::SQS::Queue", "AWS::IAM::Role"]},
        url,
    ]
    for more in refused:
        assert refusal(partial(create, with_pass, **more))[0] == "AccessDenied", more
    create(with_pass)
    emulator.clock.drive(5)
    emulator.client("cloudformation", Principal(with_pass)).execute_change_set(
        StackName=release.name, ChangeSetName="rel-1"
    )
    emulator.clock.drive(60)
    assert release.status() == "UPDATE_COMPLETE"


def test_what_the_rehearsal_cannot_do_it_says(release: Release) -> None:
    assert refusal(lambda: release.api.delete_stack(StackName=release.name))[0] == "InvalidAction"
    assert (
        refusal(lambda: release.api.describe_stacks(StackName="lost"))[1]
        == "Stack with id lost does not exist"
    )


def test_templates_are_compared_as_the_cli_does() -> None:
    deployed = {"Resources": {"A": {"Type": "T"}, "B": {"Type": "T"}}, "Description": "x"}
    wanted = {
        "Resources": {"A": {"Type": "U"}, "C": {"Type": "T"}, "CDKMetadata": {"Type": "AWS::CDK::Metadata"}},
        "Description": "y",
    }
    assert differences(deployed, wanted) == [
        "~ Description",
        "~ Resources/A",
        "- Resources/B",
        "+ Resources/C",
    ]
    assert differences(deployed, deployed) == []
