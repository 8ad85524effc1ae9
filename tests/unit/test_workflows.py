"""State machines: whole, linted, safe to retry, and each failure told to people."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cfnlint.api
import cfnlint.config
import jsonata
import pytest
from workflow_models import (
    BUILT_IN,
    EXECUTION,
    PREPARED,
    SCORED,
    SHA256,
    SOURCE,
    TUNED,
    evaluated,
    expressions,
    product,
    states,
    substituted,
    variables,
)

from mlplatform import workflows
from mlplatform.names import MAX_ENVIRONMENT, MAX_MODEL, MAX_PREFIX, Names
from mlplatform.settings import Environment, ModelProduct
from mlplatform.workflows import advice, template
from mlplatform.workflows.template import DefinitionError
from tools import workflow_pictures

FAILURE_PATH = {"Explain failure", "Notify of failure", "Failed"}
SERVICE_FAULTS = re.compile(
    r"(Lambda|S3|SNS|SageMaker)\.\w*(Throttl|Throttled|Exception|LimitExceeded)\w*"
    r"|ThrottlingException|RegistrationIncomplete"
)
BUILT_IN_VARIABLES = {"states"}
MEBIBYTE = 1_048_576
OTHERS = (*workflows.RELEASES, *workflows.CUSTOMIZATIONS, *workflows.BEDROCK)
"""They are built another way: test_release_workflows.py, test_customization_flow.py, test_bedrock_*.py."""

WITH_JOBS = tuple(name for name in workflows.NAMES if name not in OTHERS)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelProduct, Environment]:
    """A model with every section, in an environment that trains."""
    return product(tmp_path_factory.mktemp("full"), PREPARED, TUNED, SCORED)


@pytest.fixture(scope="module")
def definitions(model: tuple[ModelProduct, Environment]) -> dict[str, dict[str, Any]]:
    """Every workflow of that model."""
    return {name: workflows.compiled(name, *model, SOURCE) for name in WITH_JOBS}


@pytest.fixture(scope="module")
def smaller(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The workflows of a built-in algorithm without preparation."""
    least = product(tmp_path_factory.mktemp("small"), BUILT_IN)
    return {name: workflows.compiled(name, *least, SOURCE) for name in workflows.of(*least)}


def linted(definition: Mapping[str, Any]) -> list[str]:
    """What cfn-lint says of a template with this state machine in it."""
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "RoleArn": "arn:aws:iam::111122223333:role/workflow",
            "Definition": substituted(definition),
        },
    }
    template_text = json.dumps({"Resources": {"Workflow": machine}})
    config = cfnlint.config.ManualArgs(regions=["eu-west-1"])
    return [f"{match.rule.id} {match.message}" for match in cfnlint.api.lint(template_text, config=config)]


def tasks(definition: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((name, state) for name, state in states(definition) if state["Type"] == "Task")


def next_states(state: Mapping[str, Any]) -> list[str]:
    """Where a state leads, its catchers apart."""
    choices = [choice["Next"] for choice in state.get("Choices", [])]
    return [*(state[key] for key in ("Next", "Default") if key in state), *choices]


def caught_in(state: Mapping[str, Any]) -> list[str]:
    return [catcher["Next"] for catcher in state.get("Catch", [])]


@pytest.mark.parametrize("workflow", WITH_JOBS)
def test_a_definition_is_what_step_functions_takes(
    workflow: str, definitions: dict[str, dict[str, Any]], smaller: dict[str, dict[str, Any]]
) -> None:
    assert linted(definitions[workflow]) == []
    if workflow in smaller:
        assert linted(smaller[workflow]) == []


@pytest.mark.parametrize(
    "change",
    [
        {"InputPath": "$.run"},
        *(
            pytest.param(one, marks=pytest.mark.thorough)
            for one in ({"StartAt": "Nowhere"}, {"Type": "Tusk"})
        ),
    ],
)
def test_the_linter_sees_what_step_functions_would_refuse(
    change: dict[str, str], definitions: dict[str, dict[str, Any]]
) -> None:
    broken = json.loads(json.dumps(definitions["train"]))
    (broken if "StartAt" in change else broken["States"]["Train"]).update(change)
    assert linted(broken)


@pytest.mark.parametrize("workflow", WITH_JOBS)
def test_a_definition_is_far_below_its_limit(workflow: str, definitions: dict[str, dict[str, Any]]) -> None:
    assert len(json.dumps(substituted(definitions[workflow]))) < MEBIBYTE // 8


@pytest.mark.parametrize("workflow", WITH_JOBS)
def test_every_task_retries_ends_in_time_and_catches_everything(
    workflow: str, definitions: dict[str, dict[str, Any]]
) -> None:
    for name, task in tasks(definitions[workflow]):
        assert task["Retry"], name
        assert 0 < task["TimeoutSeconds"] <= 99_999_999, name
        assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name


@pytest.mark.parametrize("workflow", WITH_JOBS)
def test_only_throttling_and_faults_of_services_are_tried_again_with_jitter(
    workflow: str, definitions: dict[str, dict[str, Any]]
) -> None:
    for name, task in tasks(definitions[workflow]):
        for retrier in task["Retry"]:
            assert retrier["JitterStrategy"] == "FULL", name
            assert not [e for e in retrier["ErrorEquals"] if not SERVICE_FAULTS.fullmatch(e)], name


@pytest.mark.parametrize("workflow", WITH_JOBS)
def test_a_function_that_lost_its_network_interface_is_waited_for(
    workflow: str, definitions: dict[str, dict[str, Any]]
) -> None:
    checks = [task for _, task in tasks(definitions[workflow]) if "dataset-check" in json.dumps(task)]
    assert len(checks) == 3
    for task in checks:
        (waits,) = (r for r in task["Retry"] if "Lambda.ResourceNotReadyException" in r["ErrorEquals"])
        assert {"Lambda.ENINotReadyException", "Lambda.ResourceConflictException"} < set(waits["ErrorEquals"])
        longest = [
            min(waits["IntervalSeconds"] * waits["BackoffRate"] ** attempt, waits["MaxDelaySeconds"])
            for attempt in range(waits["MaxAttempts"])
        ]
        assert sum(longest) / 2 >= 300  # full jitter: half of it on average


@pytest.mark.parametrize("workflow", WITH_JOBS)
def test_whatever_is_caught_is_explained_to_people_and_fails_the_execution(
    workflow: str, definitions: dict[str, dict[str, Any]]
) -> None:
    known = dict(states(definitions[workflow]))
    own_end = {"Keep problem"}
    for name, state in known.items():
        for target in caught_in(state):
            at = target
            while at not in {"Failed", "Was capacity missing?"} | own_end:
                assert at in FAILURE_PATH | {"Delete unused model"}, name
                at = known[at]["Next"]
    assert known["Failed"]["Type"] == "Fail"
    assert known["Notify of failure"]["Resource"].endswith(":sns:publish")


@pytest.mark.parametrize("workflow", WITH_JOBS)
def test_every_state_can_be_reached_and_every_pointer_leads_somewhere(
    workflow: str, definitions: dict[str, dict[str, Any]], smaller: dict[str, dict[str, Any]]
) -> None:
    for definition in filter(None, (definitions[workflow], smaller.get(workflow))):
        outer = definition["States"]
        seen, waiting = set(), [definition["StartAt"]]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += [*next_states(outer[name]), *caught_in(outer[name])]
        assert seen == set(outer)


@pytest.mark.parametrize("workflow", WITH_JOBS)
def test_every_expression_can_be_parsed_and_knows_its_variables(
    workflow: str, definitions: dict[str, dict[str, Any]]
) -> None:
    assigned = {name for _, state in states(definitions[workflow]) for name in state.get("Assign", {})}
    for expression in expressions(definitions[workflow]):
        jsonata.Jsonata(expression)
        own = set(re.findall(r"\$(\w+)\s*:=", expression))
        used = set(re.findall(r"\$([a-z]\w*)(?!\w*\()", re.sub(r"'[^']*'", "", expression)))
        functions = set(re.findall(r"\$(\w+)\(", expression))
        assert used - functions <= assigned | own | BUILT_IN_VARIABLES, expression


@pytest.mark.parametrize("workflow", WITH_JOBS)
def test_only_copying_the_source_refers_to_the_bucket_of_deployments(
    workflow: str, definitions: dict[str, dict[str, Any]], model: tuple[ModelProduct, Environment]
) -> None:
    bucket, key = workflows.staged(SOURCE, model[1])
    referring = [
        name for name, state in definitions[workflow]["States"].items() if bucket in json.dumps(state)
    ]
    assert referring == ([] if workflow == "batch" else ["Copy source"])
    if referring:
        copy = definitions[workflow]["States"]["Copy source"]["Arguments"]
        assert copy["CopySource"] == f"{bucket}/{key}"
        assert copy["Key"] == f"models/credit-approval/source/{SHA256}.tar.gz"


def test_states_of_the_same_name_are_the_same_in_every_workflow() -> None:
    first: dict[str, tuple[str, Any]] = {}
    differing = {"Admit", "Prepare", "Evaluate", "Register", "Did it pass?", "Notify", "Report on data"}
    for workflow in WITH_JOBS:
        for name, state in template.read(workflow)["States"].items():
            text = json.dumps(state).replace(f"The workflow {workflow} of", "The workflow of")
            text = text.replace(f": {workflow} failed in", ": failed in")
            known, body = first.setdefault(name, (workflow, text))
            assert name in differing or body == text, f"{name} differs in {known} and {workflow}"


def test_a_model_without_preparation_goes_straight_from_the_check_to_training(
    definitions: dict[str, dict[str, Any]], smaller: dict[str, dict[str, Any]]
) -> None:
    assert definitions["train"]["States"]["Report on data"]["Next"] == "Prepare"
    assert smaller["train"]["States"]["Report on data"]["Next"] == "Train"
    assert "Prepare" not in smaller["train"]["States"]
    assert "When" not in json.dumps(list(definitions["train"]["States"].values()))


def test_an_environment_that_does_not_train_has_batch_only(tmp_path: Path) -> None:
    here, there = (
        product(tmp_path / "a", TUNED, SCORED),
        product(tmp_path / "b", TUNED, SCORED, training=False),
    )
    assert workflows.of(*here) == ("train", "tune", "register", "batch")
    assert workflows.of(*there) == ("batch",)
    with pytest.raises(ValueError, match="credit-approval has no workflow 'train' in dev"):
        workflows.compiled("train", *there, SOURCE)


def test_another_partition_is_in_every_arn(tmp_path: Path) -> None:
    zones = {"availability_zones": ["usgw1-az1", "usgw1-az2"]}
    model, settings = product(tmp_path, PREPARED, region="us-gov-west-1", network=zones)
    definition = workflows.compiled("train", model, settings, SOURCE)
    assert set(re.findall(r"arn:[a-z-]+:", json.dumps(definition))) == {"arn:aws-us-gov:"}
    assert "us-gov-west-1.console.amazonaws-us-gov.com" in json.dumps(definition)


def test_cloudformation_fills_in_networks_and_keys_from_exports(
    definitions: dict[str, dict[str, Any]], model: tuple[ModelProduct, Environment]
) -> None:
    assert workflows.substitutions(json.dumps(definitions["train"]), model[1]) == {
        "ArtifactsKeyArn": ("ArtifactsKeyArn",),
        "DataKeyArn": ("DataKeyArn",),
        "JobSecurityGroupId": ("JobSecurityGroupId",),
        "SubnetIds": ("SubnetId1", "SubnetId2"),
    }
    assert "ModelSecurityGroupId" in workflows.substitutions(json.dumps(definitions["batch"]), model[1])


def test_a_placeholder_without_a_value_and_a_value_without_a_placeholder_are_refused() -> None:
    definition = json.dumps({"Arguments": "${Request}", "Comment": "of ${Model}", "Key": "${DataKeyArn}"})
    later = frozenset({"DataKeyArn"})
    with pytest.raises(DefinitionError, match="no value for Model, Request"):
        template.filled(definition, {}, later=later)
    with pytest.raises(DefinitionError, match="nothing is called Other"):
        template.filled(definition, {"Model": "m", "Request": {}, "Other": 1}, later=later)
    text = template.filled(definition, {"Model": "m", "Request": {"a": 1}}, later=later)
    assert json.loads(text) == {"Arguments": {"a": 1}, "Comment": "of m", "Key": "${DataKeyArn}"}


@pytest.mark.parametrize(
    "value", ['"quoted"', "back\\slash", "line\nbreak", "${Other}", "é", 0.5, None, ["a"], {"b": "${Other}"}]
)
def test_whatever_is_filled_in_arrives_as_it_was_given(value: Any) -> None:
    states = {"Whole": "${Value}", "Part": 'the "${Value}" of ${Value}', "End": 'a "${Value}'}
    found = json.loads(template.filled(template.written(states), {"Value": value}, later=frozenset()))
    inserted = value if isinstance(value, str) else json.dumps(value)
    assert found == {
        "Whole": value,
        "Part": f'the "{inserted}" of {inserted}',
        "End": f'a "{inserted}',
    }


def test_filling_changes_nothing_of_what_was_read() -> None:
    before = json.dumps(template.read("train"))
    workflow = template.without(template.read("train"), frozenset())
    assert "Prepare" not in workflow["States"]
    assert json.dumps(template.read("train")) == before


CAUSES = {
    "a job": (
        "States.TaskFailed",
        json.dumps(
            {"TrainingJobName": "x", "FailureReason": 'AlgorithmError: KeyError: "income"\nexit code 1'}
        ),
        'AlgorithmError: KeyError: "income"\nexit code 1 (job x)',
    ),
    "a function": (
        "DatasetInvalid",
        json.dumps({"errorMessage": "train/a.csv:17: 4 fields, expected 7", "errorType": "DatasetInvalid"}),
        "train/a.csv:17: 4 fields, expected 7",
    ),
    "a function whose message JSON escapes": (
        "InvalidInput",
        '{"errorMessage": "a\\\\n is no line break, \\u2026 is one sign\\t", "errorType": "InvalidInput"}',
        "a\\n is no line break, … is one sign\t",
    ),
    "a function whose message is cut off": (
        "InvalidInput",
        '{"errorMessage": "no end \\u20',
        '{"errorMessage": "no end \\u20',
    ),
    "text that only looks like JSON": (
        "Some.Error",
        '{"errorMessage": "C:\\Users"}',
        '{"errorMessage": "C:\\Users"}',
    ),
    "a time-out": ("States.Timeout", "AWS gave no cause.", "AWS gave no cause."),
    "a service": (
        "S3.NoSuchKeyException",
        "The specified key does not exist.",
        "The specified key does not exist.",
    ),
    "an unknown error": ("Some.Error", "{not JSON", "{not JSON"),
}


@pytest.mark.parametrize("workflow", WITH_JOBS)
@pytest.mark.parametrize("kind", CAUSES)
def test_a_failure_is_told_with_its_state_its_cause_and_what_to_do(
    kind: str, workflow: str, definitions: dict[str, dict[str, Any]]
) -> None:
    error, cause, reason = CAUSES[kind]
    definition = definitions[workflow]["States"]
    given = {**variables()["states"], "input": {"State": "Check data", "Error": error, "Cause": cause}}
    failure = evaluated(definition["Explain failure"]["Assign"], variables(states=given))["failure"]
    todo = advice.ADVICE.get(error, advice.GENERAL)
    assert failure == {"State": "Check data", "Error": error, "Cause": reason, "Advice": todo}
    message = evaluated(definition["Notify of failure"]["Arguments"], variables(failure=failure))
    assert len(message["Subject"]) <= 100
    assert '"Check data"' in message["Message"]
    assert f"\n{reason}\nWhat to do: {todo}\n" in message["Message"]
    assert message["Message"].endswith(EXECUTION)
    ended = evaluated(definition["Failed"], variables(failure=failure))
    assert ended["Error"] == error
    assert todo in ended["Cause"]


def test_a_failure_without_a_cause_is_caught_all_the_same(definitions: dict[str, dict[str, Any]]) -> None:
    output = definitions["train"]["States"]["Train"]["Catch"][0]["Output"]
    given = {**variables()["states"], "errorOutput": {"Error": "States.Timeout"}}
    assert evaluated(output, variables(states=given)) == {
        "State": "Train",
        "Error": "States.Timeout",
        "Cause": "AWS gave no cause.",
    }


@pytest.mark.parametrize(
    ("cause", "shortages", "waits"),
    [
        ('{"FailureReason":"CapacityError: Unable to provision"}', 0, True),
        ('{"FailureReason":"CapacityError: Unable to provision"}', 2, False),
        ('{"FailureReason":"AlgorithmError: exit code 1"}', 0, False),
    ],
)
def test_training_waits_for_capacity_twice_and_never_repeats_a_script_that_failed(
    cause: str, shortages: int, waits: bool, definitions: dict[str, dict[str, Any]]
) -> None:
    (choice,) = definitions["train"]["States"]["Was capacity missing?"]["Choices"]
    states = {"input": {"State": "Train", "Error": "States.TaskFailed", "Cause": cause}}
    assert evaluated(choice["Condition"], {"states": states, "shortages": shortages}) is waits
    assert choice["Next"] == "Wait for capacity"
    seconds = evaluated(definitions["train"]["States"]["Wait for capacity"]["Seconds"], {})
    assert 240 <= seconds < 360


@pytest.mark.parametrize(
    ("results", "problems"),
    [
        ([], []),
        ([{"Part": 0}], []),
        (
            [{"Part": 0}, {"Error": "DatasetUnreadable", "Cause": "c"}],
            [{"Error": "DatasetUnreadable", "Cause": "c"}],
        ),
        ([{"Error": "A", "Cause": "c"}, {"Error": "B", "Cause": "c"}], None),
    ],
)
def test_a_part_that_cannot_be_read_is_reported_with_its_own_error(
    results: list[Any], problems: list[Any] | None, definitions: dict[str, dict[str, Any]]
) -> None:
    check = definitions["train"]["States"]["Check data"]
    kept = evaluated(check["Assign"], {"states": {"result": results}})["problems"]
    assert kept == (results if problems is None else problems)
    (choice,) = definitions["train"]["States"]["Is every part readable?"]["Choices"]
    assert evaluated(choice["Condition"], {"problems": kept}) is bool(kept)
    if kept:
        assert evaluated(choice["Output"], {"problems": kept})["Error"] == kept[0]["Error"]


@pytest.mark.parametrize(
    ("verdict", "source", "leads_to"),
    [(True, None, "Register"), (True, "s3://b/x.tar.gz", "Not registered"), (False, None, "Explain failure")],
)
def test_only_a_passing_model_of_unedited_scripts_is_registered(
    verdict: bool, source: str | None, leads_to: str, definitions: dict[str, dict[str, Any]]
) -> None:
    state = definitions["train"]["States"]["Did it pass?"]
    known = variables(run={"Source": source}, verdict={"Passed": verdict, "Summary": "s"})
    chosen = [c["Next"] for c in state["Choices"] if evaluated(c["Condition"], known)]
    assert [*chosen, state["Default"]][0] == leads_to


@pytest.mark.parametrize(
    ("source", "archive", "kept"),
    [(None, f"{SHA256}.tar.gz", "models"), ("s3://b/studio/ana/edited.tar.gz", "edited.tar.gz", "runs")],
)
def test_a_run_uses_the_model_s_scripts_or_the_edited_ones(
    source: str | None, archive: str, kept: str, definitions: dict[str, dict[str, Any]]
) -> None:
    payload = {**variables()["run"], "Source": source, "RunId": "abcdefghij"}
    assign = {k: v for k, v in definitions["train"]["States"]["Admit"]["Assign"].items() if k != "run"}
    found = evaluated(assign, {"states": {"result": {"Payload": payload}}})
    assert found["codeFile"] == archive
    assert found["code"].endswith(archive)
    assert found["records"].endswith(f"/{kept}/credit-approval/abcdefghij")
    assert found["workspace"].endswith("/runs/credit-approval/abcdefghij")


@pytest.mark.parametrize(("summaries", "approved"), [([], False), ([{"ModelPackageArn": "arn:1"}], True)])
def test_scoring_needs_an_approved_version(
    summaries: list[dict[str, str]], approved: bool, definitions: dict[str, dict[str, Any]]
) -> None:
    state = definitions["batch"]["States"]["Find approved version"]
    found = evaluated(state["Assign"], {"states": {"result": {"ModelPackageSummaryList": summaries}}})
    assert found == {"approved": approved, "version": "arn:1" if approved else "none"}
    (choice,) = definitions["batch"]["States"]["Is it approved?"]["Choices"]
    assert evaluated(choice["Condition"], found) is not approved


def test_the_model_made_to_score_is_deleted_whether_or_not_scoring_succeeds(
    definitions: dict[str, dict[str, Any]],
) -> None:
    batch = definitions["batch"]["States"]
    assert batch["Score"]["Next"] == "Delete model"
    assert caught_in(batch["Score"]) == ["Delete unused model"]
    assert {batch["Delete unused model"]["Next"], *caught_in(batch["Delete unused model"])} == {
        "Explain failure"
    }


def test_a_part_of_the_check_is_an_execution_that_returns_little(
    definitions: dict[str, dict[str, Any]],
) -> None:
    check = definitions["train"]["States"]["Check data"]
    assert check["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"
    part = check["ItemProcessor"]["States"]["Check part"]
    result = {"Payload": {"Part": 39_999, "Rows": 10**9, "BadRows": 3, "Problems": ["x" * 1000]}}
    kept = evaluated(part["Output"], {"states": {"result": result}})
    assert len(json.dumps(kept)) < 20


def test_every_error_a_function_names_comes_with_advice() -> None:
    folder = Path(__file__).parents[2] / "lambda"
    raised = set()
    for package in ("run_admission", "dataset_check", "quality_gate", "model_registration"):
        text = "\n".join(path.read_text(encoding="utf-8") for path in (folder / package).glob("*.py"))
        raised |= set(re.findall(r"^class (\w+)\((?:DatasetError|Exception)\)", text, re.M))
    assert {name for name in raised if not name.endswith("Error")} <= set(advice.ADVICE)


def test_defaults_and_what_is_allowed_go_to_the_admission(tmp_path: Path) -> None:
    ranges = {"n_estimators": {"minimum": 10}, "criterion": {"values": ["gini", "entropy"]}}
    change = {"train": {"hyperparameter_ranges": ranges, "instance_types": ["ml.m5.xlarge"]}}
    model, settings = product(tmp_path, change, SCORED)

    def payload(workflow: str) -> Any:
        definition = workflows.compiled(workflow, model, settings, SOURCE)
        return definition["States"]["Admit"]["Arguments"]["Payload"]

    train, register, batch = payload("train"), payload("register"), payload("batch")
    assert train["Defaults"]["Hyperparameters"] == {"n_estimators": "100", "criterion": '"gini"'}
    assert train["Defaults"]["Base"] == "acme-dev-credit-approval"
    assert train["Defaults"]["Tuning"] == settings.names.tuning("credit-approval")
    assert train["Allowed"]["Hyperparameters"]["n_estimators"]["Minimum"] == 10
    assert train["Allowed"]["Hyperparameters"]["criterion"] == {"Values": ["gini", "entropy"]}
    assert train["Allowed"]["InstanceTypes"] == ["ml.m5.xlarge"]
    assert train["Allowed"]["Source"] is True
    assert register["Allowed"]["Source"] is False
    assert register["Allowed"]["ModelDataPrefixes"] == [
        "s3://acme-dev-data-111122223333-eu-west-1/imports/credit-approval/",
    ]
    assert batch["Defaults"]["Data"] == {"batch": "s3://acme-dev-data-111122223333-eu-west-1/credit/batch/"}


def test_production_never_runs_edited_scripts(tmp_path: Path) -> None:
    people = {"email": ["on-call@example.com"]}
    model, settings = product(tmp_path, serves_production=True, notifications=people)
    admit = workflows.compiled("train", model, settings, SOURCE)["States"]["Admit"]
    assert admit["Arguments"]["Payload"]["Allowed"]["Source"] is False


def test_what_a_tuning_job_searches_is_not_an_execution_s_to_set(tmp_path: Path) -> None:
    ranges = {"n_estimators": {"minimum": 10, "maximum": 500}, "criterion": {"values": ["gini"]}}
    model, settings = product(tmp_path, TUNED, {"train": {"hyperparameter_ranges": ranges}})
    payload = workflows.compiled("tune", model, settings, SOURCE)["States"]["Admit"]["Arguments"]["Payload"]
    assert set(payload["Allowed"]["Hyperparameters"]) == {"criterion"}
    assert set(payload["Defaults"]["Hyperparameters"]) == {"criterion"}


def test_the_pictures_and_the_advice_in_the_documentation_are_today_s() -> None:
    pages = [Path(__file__).parents[2] / page for page in workflow_pictures.PAGES]
    texts = [page.read_text(encoding="utf-8") for page in pages]
    for text in texts:
        assert workflow_pictures.drawn(text) == text, "run `python -m tools.workflow_pictures`"
    marked = workflow_pictures.MARKED.findall("".join(texts))
    assert sorted(found[1] for found in marked) == sorted(workflows.NAMES)


def test_a_picture_shows_every_state_and_what_a_map_does_inside() -> None:
    drawing = workflow_pictures.picture("train")
    names = [name for name, _ in states(template.read("train"))]
    assert all(f'state "{name}' in drawing for name in names)
    assert "CheckPart --> KeepProblem: fails" in drawing
    assert "DidItPass --> NotRegistered: yes, with edited scripts" in drawing


def test_the_longest_names_leave_room_for_runs_and_attempts() -> None:
    longest = Names("p" * MAX_PREFIX, "e" * MAX_ENVIRONMENT, "aws", "eu-west-1", "1" * 12)
    assert len(longest.name(f"{'m' * MAX_MODEL}-register", kind="workflow")) <= 80
    assert len(f"{longest.tuning('m' * MAX_MODEL)}-{'h' * 7}") + 1 <= 32
    assert len(f"{longest.name('m' * MAX_MODEL, kind='model')}-train-{'h' * 6}") + 2 <= 63


def test_tuning_jobs_of_two_models_never_share_a_name() -> None:
    names = Names("acme", "dev", "aws", "eu-west-1", "1" * 12)
    found = {names.tuning(f"model-{number}") for number in range(1000)}
    assert len(found) == 1000
    assert all(re.fullmatch(r"acme-dev-[a-z2-7]{6}", name) for name in found)
