"""Events become executions: each meaning once, nothing for what is not understood."""

import json
import os
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from release_start import handler as module
from release_start.handler import handle
from release_start.logic import Here, Ignored, MalformedEventError, Start, decide

ACCOUNT, REGISTRY = "333344445555", "222233334444"
STATES = f"arn:aws:states:eu-west-1:{ACCOUNT}"
VERSION = f"arn:aws:sagemaker:eu-west-1:{REGISTRY}:model-package/acme-staging-credit-approval/7"
MACHINE = f"{STATES}:stateMachine:acme-prod-credit-approval-release"
HERE = Here(
    machines=f"{STATES}:stateMachine:acme-prod-",
    versions=f"arn:aws:sagemaker:eu-west-1:{REGISTRY}:model-package/acme-staging-",
    before="",
    served="served-in-prod",
)
AFTER = Here(HERE.machines, HERE.versions, "acme.staging.releases", HERE.served)


def approval(**detail: Any) -> dict[str, Any]:
    """The event of a version that was approved."""
    return {
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Model Package State Change",
        "detail": {
            "ModelPackageArn": VERSION,
            "ModelPackageGroupName": "acme-staging-credit-approval",
            "ModelApprovalStatus": "Approved",
            "LastModifiedTime": "2026-03-04T05:06:07Z",
            **detail,
        },
    }


def release(**detail: Any) -> dict[str, Any]:
    """What the environment before says when a version serves there."""
    return {
        "source": "acme.staging.releases",
        "detail-type": "Model Release",
        "detail": {
            "Environment": "staging",
            "Model": "credit-approval",
            "Outcome": "released",
            "ModelPackageArn": VERSION,
            "Version": 7,
            "ReleaseId": "abcdefghij",
            "Workflow": "release",
            **detail,
        },
    }


def death(
    name: str = "approved-v7-0123", status: str = "FAILED", workflow: str = "release"
) -> dict[str, Any]:
    """The event of an execution that ended badly."""
    arn = f"{STATES}:execution:acme-prod-credit-approval-{workflow}:{name}"
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {"executionArn": arn, "status": status, "name": name},
    }


def started(event: Any, here: Here = HERE) -> Start:
    """What an event starts; it must start something."""
    decided = decide(json.dumps(event), here)
    assert isinstance(decided, Start)
    return decided


def ignored(event: Any, here: Here = HERE) -> str:
    """Why an event starts nothing; it must not start anything."""
    decided = decide(json.dumps(event), here)
    assert isinstance(decided, Ignored)
    return decided.reason


# --- approvals -------------------------------------------------------------------------------------------


def test_an_approval_starts_the_release_of_its_model_with_its_version() -> None:
    wanted = started(approval())
    assert wanted.machine == MACHINE
    assert json.loads(wanted.content) == {"model_package_arn": VERSION}
    assert wanted.name.startswith("approved-v7-")
    assert len(wanted.name) <= 80


def test_the_same_approval_heard_again_starts_the_same_execution() -> None:
    later = {**approval(), "id": "another", "time": "2026-03-04T05:09:00Z"}
    assert started(approval(), HERE) == started(later, HERE)


def test_a_version_that_was_rejected_and_approved_again_is_offered_again() -> None:
    again = approval(LastModifiedTime="2026-03-05T00:00:00Z")
    assert started(approval()).name != started(again).name


def test_versions_and_models_never_share_the_name_of_an_execution() -> None:
    other = approval(ModelPackageArn=VERSION.replace("/7", "/77"))
    model = approval(ModelPackageArn=VERSION.replace("credit-approval", "fraud-detector"))
    wanted = [started(event) for event in (approval(), other, model)]
    assert len({(one.machine, one.name) for one in wanted}) == 3
    assert wanted[2].machine == MACHINE.replace("credit-approval", "fraud-detector")


@pytest.mark.parametrize("status", ["Rejected", "PendingManualApproval"])
def test_a_version_that_is_not_approved_starts_nothing(status: str) -> None:
    assert status in ignored(approval(ModelApprovalStatus=status))


def test_what_a_release_notes_on_its_version_starts_no_other_one() -> None:
    noted = approval(CustomerMetadataProperties={"served-in-prod": "abcdefghij 2026-03-04T05:06:07Z"})
    assert "served here already" in ignored(noted)


def test_what_another_environment_notes_does_not_matter() -> None:
    noted = approval(CustomerMetadataProperties={"served-in-staging": "abcdefghij 2026-03-04T05:06:07Z"})
    assert started(noted).content == started(approval()).content


def test_an_approval_starts_nothing_where_a_version_has_to_serve_elsewhere_first() -> None:
    assert "before" in ignored(approval(), AFTER)


# --- releases of the environment before ------------------------------------------------------------------


def test_a_release_of_the_environment_before_offers_its_version_here() -> None:
    wanted = started(release(), AFTER)
    assert wanted.machine == MACHINE
    assert json.loads(wanted.content) == {"model_package_arn": VERSION}
    assert wanted.name.startswith("served-v7-")


def test_a_version_released_before_once_more_is_offered_once_more() -> None:
    assert started(release(), AFTER) == started(release(), AFTER)
    assert started(release(), AFTER).name != started(release(ReleaseId="bcdefghijk"), AFTER).name


def test_what_an_a_b_test_promoted_goes_on_like_what_was_released() -> None:
    assert started(release(Workflow="ab_test"), AFTER) == started(release(), AFTER)
    ignored(release(Workflow="ab_test", Outcome="rejected"), AFTER)


@pytest.mark.parametrize(
    "detail", [{"Outcome": "rolled_back"}, {"Outcome": "nothing_to_do"}, {"Workflow": "rollback"}]
)
def test_only_what_a_release_brought_to_serve_goes_on(detail: dict[str, str]) -> None:
    ignored(release(**detail), AFTER)


# --- executions that died --------------------------------------------------------------------------------


@pytest.mark.parametrize("workflow", ["release", "ab-test", "rollback", "lifecycle"])
@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_an_execution_that_died_is_taken_over_by_a_release(workflow: str, status: str) -> None:
    event = death(status=status, workflow=workflow)
    wanted = started(event)
    assert wanted.machine == MACHINE
    assert wanted.name.startswith("recover-")
    assert json.loads(wanted.content) == {"recover": event["detail"]["executionArn"]}
    assert wanted == started(event)


def test_what_was_to_recover_is_not_recovered_in_turn() -> None:
    name = started(death()).name
    assert "people" in ignored(death(name=name))


@pytest.mark.parametrize(
    "error",
    [
        *("ReleaseRefused", "ReleaseRejected", "ReleaseRolledBack", "ReleaseReverted", "ReleaseStopped"),
        *("LifecycleRefused", "LifecycleStopped"),
    ],
)
def test_a_release_that_said_how_it_ended_leaves_nothing_to_take_over(error: str) -> None:
    event = death()
    event["detail"]["error"] = error
    assert error in ignored(event)


@pytest.mark.parametrize("error", ["ReleaseFailed", "States.Timeout", "States.Runtime", None])
def test_any_other_failure_is_taken_over(error: str | None) -> None:
    event = death()
    event["detail"]["error"] = error
    assert started(event) == started(death())


def test_an_execution_that_ended_well_is_left_alone() -> None:
    assert "SUCCEEDED" in ignored(death(status="SUCCEEDED"))


def test_the_death_of_a_model_whose_name_ends_like_a_workflow_is_its_own() -> None:
    event = death()
    event["detail"]["executionArn"] = f"{STATES}:execution:acme-prod-press-release-rollback:x"
    assert started(event).machine == f"{STATES}:stateMachine:acme-prod-press-release-release"


# --- what is not understood ------------------------------------------------------------------------------


def without(event: dict[str, Any], key: str) -> dict[str, Any]:
    """The event without one part of its detail."""
    return {**event, "detail": {name: v for name, v in event["detail"].items() if name != key}}


MALFORMED = {
    "no JSON": "{",
    "no object": "[]",
    "too deep": "[" * 100_000,
    "no detail": json.dumps({**approval(), "detail": "x"}),
    "no source": json.dumps({"detail-type": "x", "detail": {}}),
    "another source": json.dumps({**approval(), "source": "aws.ec2"}),
    "a release of another environment": json.dumps({**release(), "source": "acme.dev.releases"}),
    "no version": json.dumps(without(approval(), "ModelPackageArn")),
    "an empty status": json.dumps(approval(ModelApprovalStatus="")),
    "no status": json.dumps(without(approval(), "ModelApprovalStatus")),
    "a version of another registry": json.dumps(approval(ModelPackageArn=VERSION.replace("acme", "evil"))),
    "a version of another account": json.dumps(approval(ModelPackageArn=VERSION.replace(REGISTRY, ACCOUNT))),
    "a version that is no number": json.dumps(approval(ModelPackageArn=f"{VERSION}x")),
    "a version followed by another": json.dumps(approval(ModelPackageArn=f"{VERSION}\n{VERSION}")),
    "a model that is no name": json.dumps(approval(ModelPackageArn=VERSION.replace("credit", "Cre*dit"))),
    "a number for a text": json.dumps(approval(ModelPackageArn=7)),
    "an execution of another account": json.dumps(
        {**death(), "detail": {"executionArn": f"{STATES}:execution:x:y".replace(ACCOUNT, REGISTRY)}}
    ),
    "an execution of another workflow": json.dumps(death(workflow="train")),
    "an execution without status": json.dumps(without(death(), "status")),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_no_rule_sends_is_refused(body: str) -> None:
    with pytest.raises(MalformedEventError):
        decide(body, AFTER if "served" in body else HERE)


def test_a_release_is_refused_where_no_environment_comes_before() -> None:
    with pytest.raises(MalformedEventError, match=r"acme\.staging\.releases"):
        decide(json.dumps(release()), HERE)


def test_a_release_that_names_another_model_than_its_version_is_refused() -> None:
    with pytest.raises(MalformedEventError, match="no version of the model"):
        decide(json.dumps(release(Model="fraud-detector")), AFTER)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(
    body=st.text(max_size=200)
    | _values.map(json.dumps)
    | st.tuples(st.sampled_from([approval(), release(), death()]), _values).map(
        lambda pair: json.dumps({**pair[0], "detail": pair[1]})
    ),
    here=st.sampled_from([HERE, AFTER]),
)
def test_no_message_does_more_than_be_refused_or_ignored(body: str, here: Here) -> None:
    try:
        decided = decide(body, here)
    except MalformedEventError:
        return
    assert isinstance(decided, Ignored)


# --- the queue -------------------------------------------------------------------------------------------


@pytest.fixture
def states(aws: None) -> Any:
    """Step Functions of an account with the state machine of one model's release."""
    client = boto3.client("stepfunctions", region_name="eu-west-1")
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    role = f"arn:aws:iam::{ACCOUNT}:role/x"
    client.create_state_machine(name="acme-prod-credit-approval-release", definition=definition, roleArn=role)
    return client


@pytest.fixture
def here(states: Any) -> Here:
    """The environment in that account."""
    arn = states.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    return Here(arn.removesuffix("credit-approval-release"), HERE.versions, "", HERE.served)


def batch(*bodies: Any) -> dict[str, Any]:
    """Messages m0, m1, … as Lambda gets them from a queue."""
    return {
        "Records": [
            {"messageId": f"m{number}", "body": body if isinstance(body, str) else json.dumps(body)}
            for number, body in enumerate(bodies)
        ]
    }


def executions(states: Any, here: Here) -> list[str]:
    """Names of what was started."""
    found = states.list_executions(stateMachineArn=f"{here.machines}credit-approval-release")
    return [one["name"] for one in found["executions"]]


def test_an_approval_heard_three_times_starts_one_execution(states: Any, here: Here) -> None:
    answer = handle(batch(approval(), approval()), here=here, states=states)
    again = handle(batch(approval()), here=here, states=states)
    assert (answer, again) == ({"batchItemFailures": []}, {"batchItemFailures": []})
    assert executions(states, here) == [started(approval(), here).name]


def test_an_execution_of_that_name_that_ended_is_not_started_again(states: Any, here: Here) -> None:
    wanted = started(approval(), here)
    # Its name is taken for good: Step Functions answers so for one that ended, moto for one of other input.
    states.start_execution(stateMachineArn=wanted.machine, name=wanted.name, input="{}")
    assert handle(batch(approval()), here=here, states=states) == {"batchItemFailures": []}
    assert executions(states, here) == [wanted.name]


def test_a_bad_message_fails_alone_and_the_others_are_answered(states: Any, here: Here) -> None:
    other = approval(LastModifiedTime="2026-03-05T00:00:00Z")
    answer = handle(batch(approval(), "{", other), here=here, states=states)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert len(executions(states, here)) == 2


def test_a_model_that_does_not_serve_here_is_dropped(
    states: Any, here: Here, caplog: pytest.LogCaptureFixture
) -> None:
    unknown = approval(ModelPackageArn=VERSION.replace("credit-approval", "fraud-detector"))
    assert handle(batch(unknown), here=here, states=states) == {"batchItemFailures": []}
    assert "dropped" in caplog.text
    assert "acme-prod-fraud-detector-release" in caplog.text


class Refusing:
    """Step Functions that answers everything with an error."""

    def __init__(self, states: Any, error: Exception) -> None:
        self.exceptions, self._error = states.exceptions, error

    def start_execution(self, **_: Any) -> None:
        """Raise the error."""
        raise self._error


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ThrottlingException"}}, "StartExecution"),
        ClientError({"Error": {"Code": "AccessDeniedException"}}, "StartExecution"),
        ClientError({"Error": {"Code": "ExecutionLimitExceeded"}}, "StartExecution"),
        EndpointConnectionError(endpoint_url="https://states"),
    ],
    ids=["throttled", "denied", "too many", "no connection"],
)
def test_what_cannot_be_started_now_comes_back(states: Any, error: Exception) -> None:
    answer = handle(batch(approval()), here=HERE, states=Refusing(states, error))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def test_the_function_knows_its_environment_from_its_settings(
    states: Any, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_here = {"MACHINES": here.machines, "VERSIONS": here.versions, "BEFORE": "", "SERVED": here.served}
    for name, value in given_here.items():
        monkeypatch.setitem(os.environ, name, value)
    monkeypatch.setattr(module, "_states", lambda: states)
    assert module.handler(batch(approval()), None) == {"batchItemFailures": []}
    assert len(executions(states, here)) == 1
