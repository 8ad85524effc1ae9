"""Workflows that customize and ask models of Bedrock, as Step Functions does it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from rehearsed_account import allow
from rehearsed_bedrock import BUCKET, NOVA, PLACE, ROLE, TURNS, Account, account, request
from state_machines import Account as Machines
from state_machines import allowing

from rehearsal.language_model import GENERIC

pytestmark = pytest.mark.thorough

CUSTOMIZE = "arn:aws:states:::bedrock:createModelCustomizationJob"
INVOKE = "arn:aws:states:::bedrock:invokeModel"
ASKED, SAID = next(iter(TURNS.items()))
TURN = {"messages": [{"role": "user", "content": [{"text": ASKED}]}]}


class Both:
    """Bedrock and Step Functions of one account."""

    def __init__(self, here: Account) -> None:
        self.here, self.machines = here, Machines(here.emulator)

    def run(self, states: dict[str, Any], role: str | None = None) -> Any:
        """Run a workflow to its end."""
        return self.machines.run(states, role=role or self.machines.everything)


@pytest.fixture
def both() -> Iterator[Both]:
    with account() as found:
        yield Both(found)


def spelled(value: Any) -> Any:
    """Members in the spelling of Step Functions."""
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: spelled(inner) for key, inner in value.items()}
    return [spelled(inner) for inner in value] if isinstance(value, list) else value


def customizing(name: str = "one", pattern: str = ".sync", **more: Any) -> dict[str, Any]:
    """A state that customizes a model; hyperparameters keep their spelling."""
    given = request(name)
    arguments = {**spelled(given), "HyperParameters": given["hyperParameters"]}
    return {"Type": "Task", "Resource": CUSTOMIZE + pattern, "Arguments": arguments, "End": True, **more}


def test_a_job_is_waited_for_in_the_worlds_time_and_its_description_is_the_result(both: Both) -> None:
    before = both.here.emulator.clock.now()
    ended = both.run({"Customize": customizing()})
    assert ended.status == "SUCCEEDED", ended.cause
    assert ended.output["Status"] == "Completed"
    assert ended.output["OutputModelArn"].startswith(PLACE.arn("bedrock", f"custom-model/{NOVA}/"))
    assert both.here.emulator.clock.now() - before > timedelta(hours=1)
    assert "TaskSubmitted" in ended.types()


def test_a_job_that_fails_fails_the_task_with_its_description(both: Both) -> None:
    both.here.put("data/train.jsonl", "{}\n")
    ended = both.run({"Customize": customizing()})
    assert (ended.status, ended.error) == ("FAILED", "States.TaskFailed")
    assert "line 1: schemaVersion must be" in json.loads(ended.cause)["FailureMessage"]


def test_a_task_that_times_out_in_the_worlds_time_stops_its_job(both: Both) -> None:
    ended = both.run({"Customize": customizing(TimeoutSeconds=1200)})
    assert ended.error == "States.Timeout"
    both.here.later(10)
    assert both.here.api.get_model_customization_job(jobIdentifier="one")["status"] == "Stopped"


def test_a_request_that_bedrock_refuses_is_an_error_of_its_name(both: Both) -> None:
    state = customizing()
    state["Arguments"]["BaseModelIdentifier"] = "acme.none-v1:0"
    assert both.run({"Customize": state}).error == "Bedrock.ValidationException"
    role = both.machines.role(PLACE.arn("iam", "role/workflow/nothing", region=""), allowing("s3:GetObject"))
    ended = both.run({"Customize": customizing("two")}, role)
    assert ended.error == "Bedrock.AccessDeniedException"
    assert f"foundation-model/{NOVA}" in ended.cause


def test_the_workflows_role_needs_exactly_what_the_guide_lists(both: Both) -> None:
    jobs = PLACE.arn("bedrock", f"model-customization-job/{NOVA}/*")
    base = PLACE.arn("bedrock", f"foundation-model/{NOVA}", account="")
    custom = PLACE.arn("bedrock", f"custom-model/{NOVA}/*")
    passed = {"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}}
    statements = [
        allow("bedrock:CreateModelCustomizationJob", resource=[base, custom]),
        allow("bedrock:GetModelCustomizationJob", "bedrock:StopModelCustomizationJob", resource=jobs),
        {**allow("iam:PassRole", resource=ROLE), "Condition": passed},
    ]
    policy = {"Version": "2012-10-17", "Statement": statements}
    role = both.machines.role(PLACE.arn("iam", "role/workflow/customize", region=""), policy)
    assert both.run({"Customize": customizing()}, role).status == "SUCCEEDED"


def test_a_model_is_asked_with_a_body_or_an_object_and_answers_parsed_or_into_s3(both: Both) -> None:
    uri = both.here.put("ask.json", json.dumps(TURN))
    model, out = "amazon.nova-lite-v1:0", f"s3://{BUCKET}/out/answer.json"
    states: dict[str, dict[str, Any]] = {
        "Body": {"Arguments": {"ModelId": model, "Body": TURN}, "Next": "Object"},
        "Object": {
            "Arguments": {"ModelId": model, "Input": {"S3Uri": uri}, "Output": {"S3Uri": out}},
            "Assign": {"said": "{% $states.input.Body.output.message.content[0].text %}"},
            "Output": {"said": "{% $states.input.Body %}", "where": "{% $states.result.Body %}"},
            "End": True,
        },
    }
    ended = both.run({name: {"Type": "Task", "Resource": INVOKE, **one} for name, one in states.items()})
    assert ended.output["said"]["output"]["message"]["content"] == [{"text": GENERIC}]
    assert ended.output["where"] == out
    assert both.here.written() == ["out/answer.json"]


def test_a_model_is_served_asked_and_taken_away_by_calls_of_the_sdk(both: Both) -> None:
    sdk = "arn:aws:states:::aws-sdk:bedrock"
    model = both.here.model()
    asking = {"ModelId": "{% $arn %}", "Body": TURN}
    again = [{"ErrorEquals": ["BedrockRuntime.ModelNotReadyException"], "IntervalSeconds": 60}]
    steps: dict[str, dict[str, Any]] = {
        "Create": {
            "Resource": f"{sdk}:createCustomModelDeployment",
            "Arguments": {"ModelDeploymentName": "live", "ModelArn": model},
            "Assign": {"arn": "{% $states.result.CustomModelDeploymentArn %}"},
            "Next": "Ask",
        },
        "Ask": {
            "Resource": f"{sdk}runtime:invokeModel",
            "Arguments": asking,
            "Retry": [{**again[0], "MaxAttempts": 9, "BackoffRate": 1}],
            "Assign": {"said": "{% $states.result.Body %}"},
            "Next": "Delete",
        },
        "Delete": {
            "Resource": f"{sdk}:deleteCustomModelDeployment",
            "Arguments": {"CustomModelDeploymentIdentifier": "{% $arn %}"},
            "Output": "{% $parse($said) %}",
            "End": True,
        },
    }
    ended = both.run({name: {"Type": "Task", **one} for name, one in steps.items()})
    assert ended.status == "SUCCEEDED", ended.cause
    assert ended.output["output"]["message"]["content"][0]["text"] == SAID
    assert not list(both.here.bedrock.core.deployments)


@pytest.mark.parametrize(
    ("resource", "arguments"),
    [
        (f"{CUSTOMIZE}.sync:2", {}),
        (f"{INVOKE}.sync", {}),
        ("arn:aws:states:::bedrock:createModelImportJob", {}),
        (INVOKE, {"ModelID": "x"}),
    ],
)
def test_what_step_functions_does_not_have_is_refused_when_the_workflow_is_created(
    both: Both, resource: str, arguments: dict[str, Any]
) -> None:
    state = {"Type": "Task", "Resource": resource, "Arguments": arguments, "End": True}
    with pytest.raises(Exception, match="InvalidDefinition"):
        both.machines.create({"Do": state}, role=both.machines.everything)
