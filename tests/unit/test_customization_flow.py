"""The workflow customize: every way through it ends with a clear cause, and nothing left running."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cfnlint.api
import cfnlint.config
import pytest
from customization_cloud import Cloud, cloud, product
from customized_account import lines
from state_machines import Ended
from workflow_models import SOURCE, evaluated, states, substituted, variables

from customization import errors
from customization.call import END, JUDGE
from customization.flow import ACTIONS
from customization.holding import UNMEASURED
from mlplatform import workflows
from mlplatform.permissions.customization_places import RUN_CHARACTERS
from mlplatform.workflows import advice, customizing
from rehearsal.running_costs import running_costs
from service_faults import ServiceFault

FAULTS = re.compile(r"(Lambda|SNS)\.\w*(Exception|Throttled)\w*|Sandbox\.Timedout|ServiceFault")


@pytest.fixture(scope="module")
def definition(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return workflows.compiled("customize", *product(tmp_path_factory.mktemp("model")), SOURCE)


def action_of(state: dict[str, Any]) -> str | None:
    """The action a state asks the model's function for, if it does."""
    arguments = state.get("Arguments", {})
    function = str(arguments.get("FunctionName", ""))
    return str(arguments["Payload"]["Action"]) if function.endswith("-customization") else None


def known(**work: Any) -> dict[str, Any]:
    failure = {"State": "Follow", "Error": "CustomizationJobFailed", "Cause": "no"}
    given = {"Next": END, "Seconds": 0, "Outcome": "registered", **work}
    return variables(work=given, failure=failure, verdict={"Summary": "failed", "Passed": False})


def chosen(state: dict[str, Any], **work: Any) -> str:
    """Where the hub leads."""
    for rule in state["Choices"]:
        condition = str(rule["Condition"])[2:-2]
        if evaluated(f"{{% ({condition}) = true %}}", known(**work)) is True:
            return str(rule["Next"])
    return str(state["Default"])


def test_each_action_of_the_function_has_its_state_and_each_state_its_action(
    definition: dict[str, Any],
) -> None:
    called = {action_of(state): name for name, state in states(definition) if action_of(state)}
    assert called == {action: action.replace("_", " ").capitalize() for action in ACTIONS}


def test_the_hub_leads_to_whatever_an_action_can_name(definition: dict[str, Any]) -> None:
    hub = definition["States"]["What is next?"]
    for action in set(ACTIONS) - {"reserve", "finish"}:
        assert chosen(hub, Next=action) == action.replace("_", " ").capitalize()
    assert chosen(hub, Next=JUDGE) == "Judge"
    assert chosen(hub, Next="follow", Seconds=60) == "Wait"
    assert chosen(hub) == "Notify"
    for outcome in ("rejected", "stopped"):
        assert chosen(hub, Outcome=outcome) == "Explain failure"


def test_every_task_retries_faults_of_services_and_catches_everything(definition: dict[str, Any]) -> None:
    for name, state in states(definition):
        if state["Type"] != "Task":
            continue
        assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
        assert 0 < state["TimeoutSeconds"] <= 900, name
        for retrier in state["Retry"]:
            assert retrier["JitterStrategy"] == "FULL", name
            assert all(FAULTS.fullmatch(error) for error in retrier["ErrorEquals"]), name


def test_whatever_fails_once_money_may_be_spent_is_stopped(definition: dict[str, Any]) -> None:
    for name, state in states(definition):
        if action_of(state) not in (None, "stop") or name == "Judge":
            assert [catcher["Next"] for catcher in state["Catch"]] == ["Stop"], name


def test_the_definition_says_why_a_function_starts_the_jobs() -> None:
    text = (workflows.template.FOLDER / "customize.asl.yaml").read_text(encoding="utf-8")
    assert all(name in text for name in ("ServerlessJobConfig", "MlflowConfig", "ModelPackageConfig"))


def test_there_is_advice_about_every_error_of_the_function() -> None:
    named = {one.__name__ for one in errors.CustomizationError.__subclasses__()}
    assert named <= advice.ADVICE.keys()


@pytest.mark.thorough
def test_the_definition_is_what_step_functions_takes(definition: dict[str, Any]) -> None:
    properties = {"RoleArn": "arn:aws:iam::111122223333:role/workflow", "Definition": substituted(definition)}
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    text = json.dumps({"Resources": {"Workflow": machine}})
    config = cfnlint.config.ManualArgs(regions=["us-east-1"])
    assert [str(match) for match in cfnlint.api.lint(text, config=config)] == []


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with cloud(tmp_path_factory.mktemp("cloud")) as made:
        yield made


def nothing_left(cloud: Cloud, before: dict[int, str]) -> None:
    """No job runs, and no version that this execution made waits for anybody."""
    assert not [name for name, status in cloud.jobs().items() if status in ("InProgress", "Stopping")]
    made = {number: status for number, status in cloud.versions().items() if number not in before}
    assert set(made.values()) <= {"Rejected"}
    assert running_costs(cloud.emulator) == []


def run_id(ended: Ended, cloud: Cloud) -> str:
    return str(cloud.functions.asked[-1]["Run"]["RunId"])


def failed(cloud: Cloud, error: str, cause: str, **given: Any) -> Ended:
    """Run to a failure; people are told of it, with what to do, and nothing is left."""
    before = cloud.versions()
    cloud.mail()
    ended = cloud.run(**given)
    assert (ended.status, ended.error) == ("FAILED", error), ended.cause
    assert cause in ended.cause
    assert ended.cause.endswith(f"(what to do: {advice.ADVICE[error]})")
    (told,) = cloud.mail()
    assert cause in told["Message"]
    nothing_left(cloud, before)
    return ended


def spending(cloud: Cloud) -> dict[str, Any]:
    (month,) = cloud.kept("spend").values()
    return dict(month["Runs"])


def test_a_spent_budget_ends_a_run_before_anything_costs(here: Cloud) -> None:
    month = f"{here.emulator.clock.now():%Y-%m}"
    key, bucket = f"customization/m/spend/{month}.json", here.settings.names.bucket("artifacts")
    ledger = {"Runs": {"others": {"Usd": 480, "State": "spent"}}}
    here.s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(ledger).encode())
    known = here.jobs()
    failed(here, "CustomizationBudgetSpent", "480 of 500 (monthly_budget_usd) are taken")
    assert here.jobs() == known
    assert here.kept("spend") == {f"{month}.json": ledger}
    here.s3.delete_object(Bucket=bucket, Key=key)


def test_two_runs_that_reserve_at_once_never_spend_the_same_money(here: Cloud) -> None:
    function, files = here.functions.answers["m-customization"], here.s3
    literal = customizing.customization_literal(here.product, here.settings)
    literal["Techniques"]["sft"]["SpendUsd"] = literal["BudgetUsd"] - 1
    event = {
        "Action": "reserve",
        "Execution": {"Id": "e", "Name": "e", "StartTime": "2031-05-01T00:00:00Z"},
        "Customization": literal,
    }
    runs = [{**event, "Run": {"RunId": letter * 16, "Technique": "sft"}} for letter in "abcdefgh"]
    with ThreadPoolExecutor(4) as pool:
        outcomes = [one.exception() for one in [pool.submit(function, run) for run in runs]]
    bucket, key = here.settings.names.bucket("artifacts"), "customization/m/spend/2031-05.json"
    ledger = json.loads(files.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert sum(outcome is None for outcome in outcomes) == len(ledger["Runs"]) == 1
    assert {type(one) for one in outcomes if one} <= {errors.CustomizationBudgetSpent, ServiceFault}
    files.delete_object(Bucket=bucket, Key=key)


@pytest.fixture(scope="module")
def trained(here: Cloud) -> Ended:
    """The first version, by SFT."""
    ended = here.run()
    assert ended.status == "SUCCEEDED", ended.cause
    return ended


@pytest.mark.thorough
def test_a_run_ends_in_a_version_that_waits_for_approval_and_tells_where_it_comes_from(
    here: Cloud, trained: Ended
) -> None:
    output = trained.output
    assert output["Metrics"] == pytest.approx(
        {"benchmark:mmlu": 0.7148, "scorer:exact_match": 1.0, "judge:Correctness": 1.0}
    )
    version = here.api.describe_model_package(ModelPackageName=output["ModelPackageArn"])
    noted = version["CustomerMetadataProperties"]
    assert version["ModelApprovalStatus"] == "PendingManualApproval"
    assert (noted["run"], noted["technique"]) == (output["RunId"], "sft")
    assert noted["base-model"] == "huggingface-reasoning-qwen3-8b@1.0.0"
    assert noted["customization-data"].endswith("/DataSet/acme-dev-m-sft-train/1.0.0")
    card = json.loads(version["ModelCard"]["ModelCardContent"])
    ours, base = card["evaluation_details"][0]["metric_groups"]
    assert {one["name"]: one["value"] for one in ours["metric_data"]} == output["Metrics"]
    assert {one["name"] for one in base["metric_data"]} == set(output["Metrics"])
    assert version["ApprovalDescription"] == "Gate: passed 4 checks"
    document = here.document(noted["evaluation"])
    assert (document["metrics"], document["base"]["benchmark:mmlu"]) == (output["Metrics"], 0.72)
    assert here.document(noted["gate"])["Passed"] is True
    produced = here.api.list_associations(AssociationType="Produced")["AssociationSummaries"]
    assert [one["SourceName"] for one in produced] == [f"acme-dev-m-{output['RunId'][:RUN_CHARACTERS]}"]


@pytest.mark.thorough
def test_what_is_known_is_neither_imported_nor_measured_again(here: Cloud, trained: Ended) -> None:
    ended = here.run()
    assert ended.status == "SUCCEEDED", ended.cause
    run = ended.output["RunId"][:RUN_CHARACTERS]
    names = sorted(name.removeprefix(f"acme-dev-m-{run}") for name in here.jobs() if run in name)
    assert names == ["", "-eval-1", "-eval-2", "-eval-3", "-eval-4"]
    assert here.document(ended.output["Evaluation"])["base"]["benchmark:mmlu"] == 0.72
    assets = here.functions.asked[-1]["Work"]["Assets"]
    assert {arn.rpartition("/")[2] for arn in assets.values()} == {"1.0.0"}
    here.data("evaluation", lines([{"query": "How?", "response": "So."}]))
    other = here.run()
    assert "base" in " ".join(name for name in here.jobs() if run_id(other, here)[:RUN_CHARACTERS] in name)
    assets = here.functions.asked[-1]["Work"]["Assets"]
    assert assets["evaluation"].endswith("/1.0.1")
    assert assets["train"].endswith("/1.0.0")


@pytest.mark.thorough
def test_nobody_approves_a_version_before_its_gate_has_judged_it(tmp_path: Path) -> None:
    with cloud(tmp_path) as made:
        usual, seen = made.functions.answers["m-customization"], []

        def watched(event: Any) -> Any:
            if event["Action"] in ("follow", "measure") and made.versions():
                made.approve(1)  # too early: before it is held, and again while it is measured
            answer = usual(event)
            if answer["Next"] == "evaluate":
                version = made.api.describe_model_package(ModelPackageName=answer["Package"])
                seen.append((version["ModelApprovalStatus"], version["ApprovalDescription"]))
            return answer

        made.functions.answers["m-customization"] = watched
        ended = made.run()
        assert ended.status == "SUCCEEDED", ended.cause
        ((status, why),) = seen
        assert (status, why.partition(" (run")[0]) == ("Rejected", UNMEASURED)
        assert made.versions() == {1: "PendingManualApproval"}
        made.approve(1)
        again = next(one for one in reversed(made.functions.asked) if one["Action"] == "finish")
        usual(again)
        assert made.versions() == {1: "Approved"}


@pytest.mark.thorough
def test_people_are_told_what_was_measured_what_it_cost_and_how_to_approve_it(tmp_path: Path) -> None:
    priced = {
        "customization": {
            "evaluate": {"judge": None, "usd_per_million_tokens": 0.5},
            "techniques": {"sft": {"usd_per_million_tokens": 8}},
        }
    }
    with cloud(tmp_path, priced) as made:
        ended = made.run()
        assert ended.status == "SUCCEEDED", ended.cause
        (told,) = made.mail()
        package = ended.output["ModelPackageArn"]
        assert told["Message"].splitlines()[5:] == [
            "benchmark:mmlu: 0.7148 (base model 0.72)",
            "scorer:exact_match: 1 (base model 0)",
            "Cost: 1 US dollars, estimated were 60, 92 tokens of training, 88 tokens of evaluation; "
            f"1 of 500 US dollars of {made.emulator.clock.now():%Y-%m} are taken",
            "To approve: aws sagemaker update-model-package --region us-east-1 "
            f"--model-package-arn {package} --model-approval-status Approved",
        ]
        assert ended.output["Report"] == told["Message"].splitlines()[5:]
        (entry,) = spending(made).values()
        assert (entry["State"], entry["Usd"], entry["Estimate"]) == ("spent", 1, 60)


# An emulated account ends the one before it: tests with one of their own come last.


@pytest.mark.thorough
def test_a_technique_that_goes_on_needs_an_approved_version(tmp_path: Path) -> None:
    with cloud(tmp_path) as made:
        failed(made, "CustomizationRefused", "none of arn:aws:sagemaker:us-east-1", technique="dpo")
        assert made.jobs() == {}
        assert made.kept("spend") == {}


@pytest.mark.thorough
def test_an_answer_that_is_lost_changes_nothing(tmp_path: Path) -> None:
    with cloud(tmp_path) as made:
        usual, lost = made.functions.answers["m-customization"], set()

        def losing(event: Any) -> Any:
            answer = usual(event)
            if event["Action"] not in lost:
                lost.add(event["Action"])
                raise ServiceFault("the answer was lost")
            return answer

        made.functions.answers["m-customization"] = losing
        ended = made.run()
        assert ended.status == "SUCCEEDED", ended.cause
        assert lost == set(ACTIONS) - {"stop"}
        assert len(made.jobs()) == 9
        assert list(made.versions()) == [1]
        assert [one["Usd"] for one in spending(made).values()] == [60]


@pytest.mark.thorough
@pytest.mark.parametrize("technique", ["dpo", "rlvr", "rlaif"])
def test_every_technique_goes_its_way(technique: str, tmp_path: Path) -> None:
    ungated = {"customization": {"gate": None, "evaluate": {"judge": None, "scorer": None, "data": None}}}
    with cloud(tmp_path, ungated) as made:
        assert made.run().status == "SUCCEEDED"
        made.approve(1)
        ended = made.run(technique=technique)
        assert ended.status == "SUCCEEDED", ended.cause
        job = made.api.describe_training_job(
            TrainingJobName=f"acme-dev-m-{ended.output['RunId'][:RUN_CHARACTERS]}"
        )
        assert job["ServerlessJobConfig"]["CustomizationTechnique"] == technique.upper()
        source = job["ModelPackageConfig"].get("SourceModelPackageArn", "")
        assert source.endswith("/1") is (technique == "dpo")
        assert ended.output["Version"] == 2


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("kind", "subject", "error", "cause"),
    [
        ("hub_import_failure", "acme-dev-m-*", "AssetImportFailed", "InternalServerError: the import failed"),
        ("job_quota", "acme-dev-m-*", "CustomizationRefused", "service limit"),
        ("capacity", "acme-dev-m-*", "CustomizationJobFailed", "CapacityError"),
        ("job_failure", "acme-dev-m-*", "CustomizationJobFailed", "exit code: 137"),
        ("job_failure", "*-eval-2", "EvaluationFailed", "-eval-2 failed: AlgorithmError"),
        ("job_quota", "*-eval-4", "CustomizationRefused", "service limit"),
        ("evaluation_hang", "*-eval-1", "EvaluationTimedOut", "was stopped after 60 minutes (evaluate."),
        ("throttling", "sagemaker:ImportHubContent", "ServiceFault", "ThrottlingException"),
    ],
)
def test_a_failure_ends_with_its_cause_and_nothing_left(
    kind: Any, subject: str, error: str, cause: str, tmp_path: Path
) -> None:
    with cloud(tmp_path) as made:
        made.emulator.faults.inject(kind, subject, 1000 if kind == "throttling" else 1)
        if error not in advice.ADVICE:
            ended = made.run()
            assert (ended.error, cause in ended.cause) == (error, True), ended.cause
            nothing_left(made, {})
        else:
            failed(made, error, cause)
        started = any(not re.search(r"-(eval|base)-\d$", name) for name in made.jobs())
        (entry,) = spending(made).values()
        assert (entry["State"], entry["Usd"]) == (("spent", 60) if started else ("given back", 0))


@pytest.mark.thorough
def test_a_service_that_throttles_for_a_while_only_takes_time(tmp_path: Path) -> None:
    with cloud(tmp_path) as made:
        for action in ("CreateTrainingJob", "DescribeTrainingJob", "UpdateModelPackage"):
            made.emulator.faults.inject("throttling", f"sagemaker:{action}", 6)
        ended = made.run()
        assert ended.status == "SUCCEEDED", ended.cause
        assert made.emulator.faults.left() == {}


@pytest.mark.thorough
def test_a_job_that_runs_too_long_is_stopped_and_makes_no_version(tmp_path: Path) -> None:
    short = {"customization": {"techniques": {"sft": {"max_runtime_minutes": 5}}}}
    with cloud(tmp_path, short) as made:
        failed(made, "CustomizationJobFailed", "was stopped after 5 minutes (max_runtime_minutes)")


@pytest.mark.thorough
def test_a_version_that_forgot_too_much_is_rejected_with_the_reason(tmp_path: Path) -> None:
    with cloud(tmp_path) as made:
        arn = made.emulator.place.arn("sagemaker", "model-package/acme-dev-m/1")
        made.sagemaker.customization.scores[arn, "mmlu"] = 0.3
        failed(made, "GateNotPassed", "not_worse_than_base_by benchmark:mmlu: fail")
        version = made.api.describe_model_package(ModelPackageName=arn)
        assert version["ModelApprovalStatus"] == "Rejected"
        assert "0.3 < 0.62 (the base model has 0.72)" in version["ApprovalDescription"]
        assert version["CustomerMetadataProperties"]["technique"] == "sft"


@pytest.mark.thorough
def test_data_that_teach_nothing_are_refused_before_money_is_reserved(tmp_path: Path) -> None:
    with cloud(tmp_path) as made:
        made.data("sft", '{"prompt": "Why?"}\n')
        failed(made, "DatasetInvalid", "train/sft.jsonl:1: ")
        made.data("sft", lines([{"prompt": "Why?", "completion": "So."}]))
        made.data("evaluation", "no JSON\n")
        failed(made, "DatasetInvalid", "evaluation/evaluation.jsonl:1: ")
        assert made.kept("spend") == {}


@pytest.mark.thorough
def test_what_cannot_even_be_stopped_is_said_with_the_names_of_the_jobs(tmp_path: Path) -> None:
    with cloud(tmp_path) as made:
        usual = made.functions.answers["m-customization"]

        def broken(event: Any) -> Any:
            if event["Action"] in ("follow", "stop"):
                raise PermissionError("not yours")
            return usual(event)

        made.functions.answers["m-customization"] = broken
        ended = made.run()
        run = run_id(ended, made)
        assert ended.error == "PermissionError"
        assert "not yours What still runs could not be stopped" in ended.cause
        assert f"see to the jobs acme-dev-m-{run[:RUN_CHARACTERS]}*: PermissionError" in ended.cause
