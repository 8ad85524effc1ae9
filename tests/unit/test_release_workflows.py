"""The workflows release and rollback: a hub that knows every step of the release function, and no other."""

import base64
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cfnlint.api
import cfnlint.config
import jsonata
import pytest
from release_driver import TOLD
from workflow_models import SERVED, SOURCE, evaluated, expressions, product, states, substituted, variables

from mlplatform import workflows
from mlplatform.settings import Environment, ModelProduct, read_environments
from mlplatform.settings.ab_tests import AbTestSettings
from mlplatform.workflows import advice, releasing
from mlplatform.workflows.remaining import remains
from release.call import CONFIRM, END
from release.flow import STEPS

NAMES = {
    "admit": "Admit",
    "confirmed": "Note confirmation",
    "declined": "Note refusal",
    "take_lease": "Take lease",
    "turn_on_shadow": "Turn on shadow",
    "judge": "Judge",
    "turn_off_shadow": "Turn off shadow",
    "roll_out": "Roll out",
    "follow_update": "Follow update",
    "watch": "Watch",
    "revert": "Revert",
    "record": "Record",
    "give_up": "Give up",
    "admit_challenger": "Admit",
    "turn_on_challenger": "Turn on challenger",
    "shift": "Shift",
    "observe": "Observe",
    "weigh": "Weigh",
    "promote": "Promote",
    "turn_off_challenger": "Turn off challenger",
    "plan": "Plan",
    "take_over": "Take over",
    "mend_stack": "Mend stack",
    "plan_lifecycle": "Plan",
    "pause": "Pause",
    "resume": "Resume",
    "record_pause": "Record pause",
}
"""Step of the function to the state that takes it."""

FIRST = {
    "release": "admit",
    "ab-test": "admit_challenger",
    "rollback": "plan",
    "lifecycle": "plan_lifecycle",
}
CALLED = {"ab-test": "ab_test"}
"""What the function calls a workflow, where a name of a state machine has a hyphen."""

NOT_BY_HUB = {"admit", "admit_challenger", "plan", "plan_lifecycle", "confirmed", "declined", "give_up"}
"""Steps that follow a start, an answer or a failure, not another step."""

WELL = {
    "release": {"released", "nothing_to_do", "superseded", "declined", "paused", "resumed", "retired"},
    "ab-test": {"released", "nothing_to_do", "superseded", "declined"},
    "rollback": {"released", "nothing_to_do", "stopped"},
    "lifecycle": {"paused", "resumed", "retired", "nothing_to_do"},
}
SAYS = {"lifecycle": "Lifecycle"}
"""How the errors of a workflow begin, if not with ``Release``."""
OUTCOMES = (
    *("released", "nothing_to_do", "refused", "superseded", "declined"),
    *("rejected", "rolled_back", "reverted", "stopped", "failed"),
    *("paused", "resumed", "retired"),
)
REGISTRY = "arn:aws:sagemaker:eu-west-1:111122223333"
WORK = {
    "Next": "end",
    "Seconds": 0,
    "ReleaseId": "abcdefghij",
    "Version": 7,
    "Package": f"{REGISTRY}:model-package/acme-dev-credit-approval/7",
    "Message": "credit-approval version 7 serves",
    "Outcome": "released",
    "Report": "",
    "Subject": "credit-approval in dev: release released",
}
FAULTS = re.compile(r"(Lambda|SNS)\.\w*(Exception|Throttled)\w*|Sandbox\.Timedout|ServiceFault")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelProduct, Environment]:
    return product(tmp_path_factory.mktemp("served"), SERVED)


@pytest.fixture(scope="module")
def definitions(served: tuple[ModelProduct, Environment]) -> dict[str, dict[str, Any]]:
    (model, settings) = served
    assert model.serving is not None
    serving = model.serving.model_copy(update={"ab_test": AbTestSettings()})
    tested = model.model_copy(update={"serving": serving})
    return {name: workflows.compiled(name, tested, settings, SOURCE) for name in workflows.RELEASES}


def steps_of(workflow: str) -> Mapping[str, Any]:
    """The steps that a workflow may ask for."""
    return STEPS[CALLED.get(workflow, workflow)]


def step_of(state: Mapping[str, Any]) -> str | None:
    """The step a state has the function take, if it calls it."""
    payload = state.get("Arguments", {}).get("Payload")
    return payload["Step"] if payload else None


def known(**more: Any) -> dict[str, Any]:
    """Variables in the middle of a release."""
    failure = {"State": "Judge", "Error": "AccessDenied", "Cause": "no"}
    work = {**WORK, **more.pop("work", {})}
    return variables(**{"work": work, "serving": {}, "failures": 1, "failure": failure, **more})


def chosen(state: Mapping[str, Any], **more: Any) -> str:
    """Where a Choice leads."""
    given = known(**more)
    matching = (rule["Next"] for rule in state["Choices"] if truth(rule["Condition"], given))
    return str(next(matching, state["Default"]))


def truth(condition: str, given: Mapping[str, Any]) -> bool:
    return evaluated(f"{{% ({condition[2:-2]}) = true %}}", given) is True


@pytest.mark.parametrize("workflow", workflows.RELEASES)
def test_each_step_of_the_function_has_its_state_and_each_state_its_step(
    workflow: str, definitions: dict[str, dict[str, Any]]
) -> None:
    called = {step_of(state): name for name, state in states(definitions[workflow]) if step_of(state)}
    assert called == {step: NAMES[step] for step in steps_of(workflow)}
    assert definitions[workflow]["StartAt"] == NAMES[FIRST[workflow]]


@pytest.mark.parametrize("workflow", workflows.RELEASES)
def test_the_hub_leads_to_every_step_that_another_can_name(
    workflow: str, definitions: dict[str, dict[str, Any]]
) -> None:
    hub = definitions[workflow]["States"]["What is next?"]
    for step in set(steps_of(workflow)) - NOT_BY_HUB:
        assert chosen(hub, work={"Next": step}) == NAMES[step]
    asked = {rule["Next"] for rule in hub["Choices"]} - {"Wait", "Ask for confirmation", "Done"}
    assert asked == {NAMES[step] for step in set(steps_of(workflow)) - NOT_BY_HUB}
    assert chosen(hub, work={"Next": END}) == "Tell how it ended"
    assert chosen(hub, work={"Next": END, "Outcome": "nothing_to_do"}) == "Done"


def test_only_what_brings_a_version_asks_for_confirmation(definitions: dict[str, dict[str, Any]]) -> None:
    hubs = {name: definitions[name]["States"]["What is next?"] for name in workflows.RELEASES}
    for name in ("release", "ab-test"):
        assert chosen(hubs[name], work={"Next": CONFIRM}) == "Ask for confirmation"
    assert "Ask for confirmation" not in definitions["rollback"]["States"]


@pytest.mark.parametrize("workflow", workflows.RELEASES)
def test_a_step_that_names_a_time_is_waited_for_once(
    workflow: str, definitions: dict[str, dict[str, Any]]
) -> None:
    outer = definitions[workflow]["States"]
    assert chosen(outer["What is next?"], work={"Next": "record", "Seconds": 20}) == "Wait"
    waited = evaluated({k: outer["Wait"][k] for k in ("Seconds", "Assign")}, known(work={"Seconds": 20}))
    assert waited["Seconds"] == 20
    assert waited["Assign"]["work"] == {**WORK, "Seconds": 0}
    assert outer["Wait"]["Next"] == "What is next?"


@pytest.mark.parametrize("workflow", workflows.RELEASES)
def test_every_task_says_what_the_function_needs_to_know(
    workflow: str, definitions: dict[str, dict[str, Any]]
) -> None:
    for name, state in states(definitions[workflow]):
        if (step := step_of(state)) is None:
            continue
        payload = state["Arguments"]["Payload"]
        assert payload["Workflow"] == CALLED.get(workflow, workflow)
        assert payload["Now"] == "{% $states.context.State.EnteredTime %}", name
        assert set(payload["Execution"]) == {"Id", "Name", "StartTime"}
        assert payload["Work"] == ({} if step == FIRST[workflow] else "{% $work %}"), name
        assert state["Assign"]["work"] == "{% $states.result.Payload %}"


@pytest.mark.parametrize("workflow", workflows.RELEASES)
def test_every_task_tries_again_what_may_pass_and_catches_everything(
    workflow: str, definitions: dict[str, dict[str, Any]]
) -> None:
    tasks = [(name, state) for name, state in states(definitions[workflow]) if state["Type"] == "Task"]
    for name, task in tasks:
        assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
        assert 0 < task["TimeoutSeconds"] <= 168 * 3600
        for retrier in task["Retry"]:
            assert retrier["JitterStrategy"] == "FULL", name
            assert not [e for e in retrier["ErrorEquals"] if not FAULTS.fullmatch(e)], name
        if step_of(task):
            assert {"ServiceFault", "Sandbox.Timedout"} <= set(task["Retry"][0]["ErrorEquals"]), name


@pytest.mark.parametrize("workflow", workflows.RELEASES)
def test_a_failure_is_given_up_properly_and_giving_up_ends_whatever_fails(
    workflow: str, definitions: dict[str, dict[str, Any]]
) -> None:
    outer = definitions[workflow]["States"]
    for name, state in outer.items():
        for catcher in state.get("Catch", []):
            if catcher["Next"] == "Has it failed before?":
                assert evaluated(catcher["Assign"]["failures"], known()) == 2, name
    again = outer["Has it failed before?"]
    following = [chosen(again, failures=number) for number in (1, 3, 4)]
    assert following == ["Give up", "Give up", "Explain failure"]
    caught = {catcher["Next"] for state in outer.values() for catcher in state.get("Catch", [])}
    told = {"Did it end well?", "Failed", "What is next?"}
    assert caught <= {"Give up", "Has it failed before?", "Explain failure", "Note refusal", *told}
    given = evaluated(outer["Give up"]["Arguments"]["Payload"]["Input"], known())
    assert given == {"Error": {"State": "Judge", "Error": "AccessDenied", "Cause": "no"}}


@pytest.mark.parametrize("workflow", workflows.RELEASES)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_outcome_ends_the_execution_as_what_it_is(
    outcome: str, workflow: str, definitions: dict[str, dict[str, Any]]
) -> None:
    outer = definitions[workflow]["States"]
    end = chosen(outer["Did it end well?"], work={"Outcome": outcome})
    assert (outer[end]["Type"] == "Succeed") == (outcome in WELL[workflow])
    if outcome in WELL[workflow]:
        shown = evaluated(outer[end]["Output"], known(work={"Outcome": outcome, "Report": "s3://b/r"}))
        assert (shown["Outcome"], shown["Version"]) == (outcome, 7)
        return
    given = known(work={"Outcome": outcome})
    error = evaluated(outer["Did it end well?"]["Assign"]["error"], given)
    assert error == SAYS.get(workflow, "Release") + outcome.title().replace("_", "")
    cause = evaluated(outer[end]["Cause"], {**given, "error": error})
    todo = advice.ADVICE.get(error, advice.GENERAL)
    assert cause == f"{WORK['Message']} (what to do: {todo})"


def test_every_error_a_release_can_end_with_has_advice_of_its_own() -> None:
    bad = set(OUTCOMES) - set.union(*WELL.values()) | {"stopped"}
    errors = {"Release" + outcome.title().replace("_", "") for outcome in bad}
    assert errors <= set(advice.ADVICE)
    assert {f"Lifecycle{how}" for how in ("Failed", "Refused", "Stopped")} <= set(advice.ADVICE)


@pytest.mark.parametrize("workflow", workflows.RELEASES)
def test_people_are_told_how_it_ended_with_the_report(
    workflow: str, definitions: dict[str, dict[str, Any]]
) -> None:
    tell = definitions[workflow]["States"]["Tell how it ended"]["Arguments"]
    for report, line in (("s3://b/report.html", "Report: s3://b/report.html"), ("", "There is no report.")):
        mail = evaluated(tell, known(work={"Report": report, "Subject": "x" * 200}))
        assert len(mail["Subject"]) == 99
        assert mail["Message"].splitlines()[:2] == [WORK["Message"], line]
        assert mail["Message"].splitlines()[2].startswith("Execution: https://")


def test_who_is_asked_to_confirm_gets_the_commands_that_answer(tmp_path: Path) -> None:
    here = product(tmp_path, SERVED)
    definition = workflows.compiled("release", *here, SOURCE)["States"]
    given = known()
    given["states"]["context"]["Task"] = {"Token": "AQC8"}
    mail = evaluated(definition["Ask for confirmation"]["Arguments"], given)
    assert mail["Subject"] == "[dev] credit-approval version 7: release it?"
    lines = mail["Message"].splitlines()
    assert "  make confirm ENV=dev MODEL=credit-approval" in lines
    assert "  make confirm ENV=dev MODEL=credit-approval ANSWER=decline" in lines
    (command,) = (line for line in lines if "send-task-success" in line)
    assert command.strip() == (
        "aws stepfunctions send-task-success --region eu-west-1 --task-output "
        """'{"Confirmed":true,"By":"<your name>"}' --task-token AQC8"""
    )
    assert definition["Ask for confirmation"]["TimeoutSeconds"] == 72 * 3600


def test_an_answer_is_handed_on_and_no_answer_is_none(definitions: dict[str, dict[str, Any]]) -> None:
    outer = definitions["release"]["States"]
    answers = {"yes": {"Confirmed": True, "By": "ana"}, "no": {"Confirmed": False, "By": "ana"}, "odd": {}}
    found = {name: chosen(outer["Was it confirmed?"], answer=answer) for name, answer in answers.items()}
    assert found == {"yes": "Note confirmation", "no": "Note refusal", "odd": "Note refusal"}
    given = outer["Note confirmation"]["Arguments"]["Payload"]["Input"]
    assert evaluated(given, known(answer=answers["yes"])) == {"Answer": {"Confirmed": True, "By": "ana"}}
    (expiry, _) = outer["Ask for confirmation"]["Catch"]
    assert (expiry["ErrorEquals"], expiry["Next"]) == (["States.Timeout"], "Note refusal")
    assert expiry["Assign"]["answer"]["Confirmed"] is False


@pytest.mark.parametrize("workflow", workflows.RELEASES)
def test_a_definition_is_what_step_functions_takes(
    workflow: str, definitions: dict[str, dict[str, Any]]
) -> None:
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "RoleArn": "arn:aws:iam::111122223333:role/workflow",
            "Definition": substituted(definitions[workflow]),
        },
    }
    config = cfnlint.config.ManualArgs(regions=["eu-west-1"])
    found = cfnlint.api.lint(json.dumps({"Resources": {"Workflow": machine}}), config=config)
    assert [f"{match.rule.id} {match.message}" for match in found] == []
    for expression in expressions(definitions[workflow]):
        jsonata.Jsonata(expression)
    assert "${" not in json.dumps(definitions[workflow])


@pytest.mark.parametrize("workflow", workflows.RELEASES)
def test_every_state_can_be_reached(workflow: str, definitions: dict[str, dict[str, Any]]) -> None:
    outer, seen, waiting = definitions[workflow]["States"], set(), [definitions[workflow]["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            state = outer[name]
            waiting += [state[key] for key in ("Next", "Default") if key in state]
            waiting += [one["Next"] for key in ("Choices", "Catch") for one in state.get(key, [])]
    assert seen == set(outer)


def test_the_function_is_told_the_settings_as_it_reads_them(
    served: tuple[ModelProduct, Environment],
) -> None:
    literal = releasing.serving_literal(*served)
    changed = set(literal.pop("AllowedChanges"))
    assert {"Endpoint", "EndpointConfig", "ProductionModel", "ShadowModel", "ReleaseStopAlarm"} <= changed
    sample = literal.pop("Sample")
    assert base64.b64decode(sample.pop("Body")) == b"0.3,12,a\n"
    assert sample == {"ContentType": "text/csv", "Accept": "text/csv"}
    assert literal.pop("Links").keys() == {"Console", "Report"}
    assert literal == {
        "Model": "credit-approval",
        "Environment": "dev",
        "Endpoint": "acme-dev-credit-approval",
        "Mode": "realtime",
        "PackageGroup": f"{REGISTRY}:model-package-group/acme-dev-credit-approval",
        "After": None,
        "Shadow": {
            "SamplingPercent": 100,
            "BakeMinutes": 60,
            "MinimumInvocations": 2000,
            "ConfidencePercent": 95,
            "Limits": {
                "ErrorRateIncreasePercentagePoints": 0.5,
                "P50LatencyIncreasePercent": 20,
                "P99LatencyIncreasePercent": 20,
            },
        },
        "Rollout": {
            "Strategy": "canary",
            "WaitMinutes": 10,
            "WatchMinutes": 15,
            "MaximumMinutes": 120,
            "BakingMinutes": 15,
        },
        "AlarmPrefix": "acme-dev/credit-approval/release-",
        "AbTest": None,
        "OperatingAlarms": None,
    }


def test_whatever_step_ends_a_retirement_is_told_what_remains(
    served: tuple[ModelProduct, Environment], definitions: dict[str, dict[str, Any]]
) -> None:
    listed = remains(served[0].name, served[1])
    payloads = [
        (CALLED.get(name, name), state["Arguments"]["Payload"])
        for name, definition in definitions.items()
        for _, state in states(definition)
        if step_of(state)
    ]
    told = {(name, payload["Step"]): payload["Remains"] for name, payload in payloads if "Remains" in payload}
    assert told == dict.fromkeys(TOLD, listed)


def test_what_a_sample_holds_is_no_placeholder_and_no_expression(tmp_path: Path) -> None:
    model, settings = product(tmp_path, SERVED)
    (model.folder / "sample.csv").write_text("${Model},{% 1 %}\n", encoding="utf-8")
    (settings,) = read_environments(tmp_path / "environments")
    (model,) = settings.products
    text = workflows.written("release", model, settings, SOURCE)
    assert "{% 1 %}" not in text
    sample = json.loads(text)["States"]["Admit"]["Arguments"]["Payload"]["Serving"]["Sample"]
    assert base64.b64decode(sample["Body"]) == b"${Model},{% 1 %}\n"


def test_a_model_without_serving_has_neither_workflow(tmp_path: Path) -> None:
    bare = product(tmp_path)
    assert not set(workflows.RELEASES) & set(workflows.of(*bare))
    with pytest.raises(ValueError, match="credit-approval has no workflow 'release' in dev"):
        workflows.compiled("release", *bare, SOURCE)
