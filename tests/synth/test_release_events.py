"""What starts releases: which events reach which environment, by which way, and what may not."""

import fnmatch
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from landscapes import CONSUMER, checked, environment, landscape, properties

from mlplatform.release_routes import forwarded, heard
from mlplatform.settings import Environment
from mlplatform.stack import PlatformStack
from rehearsal import event_patterns
from release_start.logic import Here, Start, decide
from stacks.orchestration import OrchestrationStack
from tools.assembly import stacks

ROOT = Path(__file__).parents[2]
HUB, STAGE, PROD = "111122223333", "222233334444", "333344445555"
FILES = {
    "hub": environment(HUB, training=True),
    # In the account of the registry, in one of its own, and one that asks for no releases.
    "lab": environment(HUB, owns_account=False, registry={"environment": "hub"}),
    "stage": environment(STAGE, **CONSUMER),
    "quiet": environment("444455556666", release={"start": "manual"}, **CONSUMER),
    "prod": environment(PROD, release={"start": {"after": "stage"}}, **CONSUMER),
    # Uses the registry, and serves nothing.
    "idle": environment(
        "555566667777",
        models={name: {"enabled": False} for name in ("credit-approval", "support-assistant")},
        **CONSUMER,
    ),
}
VERSION = f"arn:aws:sagemaker:eu-west-1:{HUB}:model-package/acme-hub-credit-approval/7"
Templates = Mapping[str, dict[str, Any]]


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Environment]:
    """The environments of ``FILES``, with the models of the fixtures."""
    folder = tmp_path_factory.mktemp("releases")
    shutil.copytree(ROOT / "tests" / "fixtures" / "models", folder / "models")
    return landscape(folder, FILES, {})


@pytest.fixture(scope="module")
def templates(every: dict[str, Environment], tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """The stack with what starts releases, of every environment that has one; every check passes."""

    def build(stage: Any, settings: Environment) -> PlatformStack | None:
        return OrchestrationStack(stage, "Orchestration", settings=settings) if settings.products else None

    found = checked(tmp_path_factory.mktemp("out"), every, build)
    return {place.partition("/")[0]: template for place, template in found.items()}


def rules(template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Rules by name."""
    return {rule["Name"]: rule for rule in properties(template, "AWS::Events::Rule")}


def targets(templates: Templates, name: str) -> dict[str, str]:
    """Where the rules of an environment deliver, by name of the rule."""
    return {rule: found["Targets"][0]["Arn"] for rule, found in rules(templates[name]).items()}


def queue(name: str, account: str) -> str:
    """ARN of the queue of an environment."""
    return f"arn:aws:sqs:eu-west-1:{account}:acme-{name}-release-events"


def bus(name: str, account: str) -> str:
    """ARN of the bus of an environment."""
    return f"arn:aws:events:eu-west-1:{account}:event-bus/acme-{name}-releases"


def test_approvals_reach_who_uses_the_registry_and_releases_who_waits_for_them(templates: Templates) -> None:
    assert targets(templates, "hub") == {
        "acme-hub-ended-releases": queue("hub", HUB),
        "acme-hub-approvals": queue("hub", HUB),
        "acme-hub-approvals-to-lab": bus("lab", HUB),
        "acme-hub-approvals-to-stage": bus("stage", STAGE),
    }
    assert targets(templates, "stage") == {
        "acme-stage-ended-releases": queue("stage", STAGE),
        "acme-stage-approvals": queue("stage", STAGE),
        "acme-stage-releases-to-prod": bus("prod", PROD),
    }
    assert targets(templates, "prod") == {
        "acme-prod-ended-releases": queue("prod", PROD),
        "acme-prod-served-before": queue("prod", PROD),
    }


def test_where_releases_are_started_by_hand_only_deaths_are_heard_of(templates: Templates) -> None:
    assert list(rules(templates["quiet"])) == ["acme-quiet-ended-releases"]
    assert not properties(templates["quiet"], "AWS::Events::EventBus")


def test_an_environment_that_serves_nothing_neither_hears_nor_is_told(every: dict[str, Environment]) -> None:
    assert heard(every["idle"]) == forwarded(every["idle"]) == []
    assert "acme-hub-approvals-to-idle" not in {route.name for route in forwarded(every["hub"])}


def test_every_delivery_is_tried_for_a_day_and_then_kept(templates: Templates) -> None:
    for template in templates.values():
        for rule in rules(template).values():
            (target,) = rule["Targets"]
            assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 86_400
            assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}


def test_rules_take_what_comes_from_elsewhere_only_from_the_bus_for_it(templates: Templates) -> None:
    for name in ("lab", "stage"):
        assert rules(templates[name])[f"acme-{name}-approvals"]["EventBusName"] == f"acme-{name}-releases"
    assert rules(templates["prod"])["acme-prod-served-before"]["EventBusName"] == "acme-prod-releases"
    assert "EventBusName" not in rules(templates["hub"])["acme-hub-approvals"]


def test_the_queue_keeps_what_fails_and_hides_what_is_worked_on_longer_than_that_takes(
    templates: Templates,
) -> None:
    every_queue = {q["QueueName"]: q for q in properties(templates["prod"], "AWS::SQS::Queue")}
    found = every_queue["acme-prod-release-events"]
    assert found["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    assert found["RedrivePolicy"]["maxReceiveCount"] >= 5
    assert found["KmsMasterKeyId"] == {"Fn::ImportValue": "acme-prod-foundation:LogsKeyArn"}
    assert found["MessageRetentionPeriod"] < every_queue["acme-prod-dead-letters"]["MessageRetentionPeriod"]
    functions = properties(templates["prod"], "AWS::Lambda::Function")
    (function,) = (f for f in functions if f["FunctionName"] == "acme-prod-release-start")
    assert found["VisibilityTimeout"] == 6 * function["Timeout"]
    (mapping,) = properties(templates["prod"], "AWS::Lambda::EventSourceMapping")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_somebody_hears_when_nothing_reads_the_queue(templates: Templates) -> None:
    alarms = {alarm["AlarmName"]: alarm for alarm in properties(templates["prod"], "AWS::CloudWatch::Alarm")}
    late = alarms["acme-prod-release-events"]
    assert late["MetricName"] == "ApproximateAgeOfOldestMessage"
    assert late["AlarmActions"] == [f"arn:aws:sns:eu-west-1:{PROD}:acme-prod-notifications"]
    visible = 720
    assert late["Threshold"] > 2 * visible


def test_patterns_are_no_longer_than_eventbridge_takes(templates: Templates) -> None:
    """EventBridge quotas: an event pattern has 2,048 characters."""
    longest = max(len(json.dumps(r["EventPattern"])) for t in templates.values() for r in rules(t).values())
    assert longest < 1_000


# --- from event to execution, through the rules' own patterns --------------------------------------------


def approval(**detail: Any) -> dict[str, Any]:
    """AWS's event of an approval in the registry."""
    group = "acme-hub-credit-approval"
    return {
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Model Package State Change",
        "account": HUB,
        "detail": {
            "ModelPackageArn": VERSION,
            "ModelPackageGroupName": group,
            "ModelApprovalStatus": "Approved",
            **detail,
        },
    }


def released(**detail: Any) -> dict[str, Any]:
    """What the release function of ``stage`` says."""
    return {
        "source": "acme.stage.releases",
        "detail-type": "Model Release",
        "account": STAGE,
        "detail": {
            "Environment": "stage",
            "Model": "credit-approval",
            "Outcome": "released",
            "ModelPackageArn": VERSION,
            "Version": 7,
            "ReleaseId": "abcdefghij",
            "Workflow": "release",
            **detail,
        },
    }


def ended(workflow: str, status: str = "FAILED", environment: str = "prod") -> dict[str, Any]:
    """AWS's event of an execution's end in the account of ``prod``."""
    machine = f"acme-{environment}-credit-approval-{workflow}"
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "account": PROD,
        "detail": {
            "executionArn": f"arn:aws:states:eu-west-1:{PROD}:execution:{machine}:x",
            "stateMachineArn": f"arn:aws:states:eu-west-1:{PROD}:stateMachine:{machine}",
            "status": status,
        },
    }


def taken(templates: Templates, name: str, event: Mapping[str, Any]) -> set[str]:
    """Names of the rules of an environment that match an event, without the environment's prefix."""
    return {
        rule.removeprefix(f"acme-{name}-")
        for rule, found in rules(templates[name]).items()
        if event_patterns.matches(found["EventPattern"], event)
    }


def test_rules_match_what_they_are_for_and_nothing_like_it(templates: Templates) -> None:
    assert taken(templates, "hub", approval()) == {"approvals", "approvals-to-lab", "approvals-to-stage"}
    assert taken(templates, "stage", approval()) == {"approvals"}
    assert taken(templates, "stage", released()) == {"releases-to-prod"}
    assert taken(templates, "prod", released()) == {"served-before"}
    nothing = [
        approval(ModelApprovalStatus="Rejected"),
        approval(ModelPackageGroupName="payroll"),
        {**approval(), "account": "999999999999"},
        {**approval(), "source": "acme.stage.releases"},
        released(Outcome="rolled_back"),
        released(Workflow="rollback"),
        {**released(), "account": HUB},
        {**released(), "source": "acme.hub.releases"},
    ]
    for event in nothing:
        assert not [name for name in templates if taken(templates, name, event)]


@pytest.mark.parametrize("workflow", ["release", "rollback"])
def test_deaths_of_releases_and_rollbacks_are_heard_of_and_of_nothing_else(
    templates: Templates, workflow: str
) -> None:
    for status in ("FAILED", "TIMED_OUT", "ABORTED"):
        assert taken(templates, "prod", ended(workflow, status)) == {"ended-releases"}
    for status in ("RUNNING", "SUCCEEDED", "PENDING_REDRIVE"):
        assert taken(templates, "prod", ended(workflow, status)) == set()
    assert taken(templates, "prod", ended("train")) == set()
    assert taken(templates, "prod", ended(workflow, environment="other")) == set()


def here(templates: Templates, name: str) -> Here:
    """What the function of an environment is told of it."""
    functions = properties(templates[name], "AWS::Lambda::Function")
    (found,) = (f for f in functions if f["FunctionName"] == f"acme-{name}-release-start")
    return Here(**{key.lower(): value for key, value in found["Environment"]["Variables"].items()})


def test_what_rules_let_through_the_function_understands(templates: Templates) -> None:
    for name, account, event in (
        ("hub", HUB, approval()),
        ("lab", HUB, approval()),
        ("stage", STAGE, approval()),
        ("prod", PROD, released()),
    ):
        started = decide(json.dumps(event), here(templates, name))
        assert isinstance(started, Start)
        machine = f"arn:aws:states:eu-west-1:{account}:stateMachine:acme-{name}-credit-approval-release"
        assert started.machine == machine
    taken_over = decide(json.dumps(ended("rollback")), here(templates, "prod"))
    assert isinstance(taken_over, Start)
    assert taken_over.machine.endswith(":acme-prod-credit-approval-release")


def test_the_function_may_start_exactly_what_it_decides_on(templates: Templates) -> None:
    for name in ("hub", "stage", "prod"):
        wanted = f"{here(templates, name).machines}credit-approval-release"
        roles = properties(templates[name], "AWS::IAM::Role")
        statements = [s for r in roles for s in r["Policies"][0]["PolicyDocument"]["Statement"]]
        (start,) = (s for s in statements if s["Sid"] == "StartReleases")
        assert fnmatch.fnmatchcase(wanted, start["Resource"])
        assert not fnmatch.fnmatchcase(wanted.replace("-release", "-rollback"), start["Resource"])


def test_a_registry_without_any_workflow_passes_approvals_on_all_the_same(build: Any, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tests" / "fixtures" / "models", tmp_path / "models")
    for model in (tmp_path / "models").iterdir():
        shutil.rmtree(model) if model.name != "credit-approval" else None
    nothing = {"credit-approval": {"serving": None, "batch": None, "schedule": None}}
    landscape(
        tmp_path, {"hub": environment(HUB, models=nothing), "stage": environment(STAGE, **CONSUMER)}, {}
    )
    build(tmp_path / "environments", tmp_path / "out").synth()
    found = {stack.name: stack.template for stack in stacks(tmp_path / "out") if stack.environment == "hub"}
    assert list(rules(found["Orchestration"])) == ["acme-hub-approvals-to-stage"]
    assert not properties(found["Orchestration"], "AWS::Lambda::Function")
