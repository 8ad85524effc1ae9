"""Models live in Amazon Bedrock, in the templates that would be deployed: served, asked, retired, failed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from bedrock_account import COMMITTED, ON_DEMAND, PROVISIONED, QUESTION, SERVING, bedrock_account, model

from mlplatform.workflows import bedrock
from rehearsal.api import REHEARSAL
from rehearsal.bedrock_life import bedrock_life
from rehearsal.customization_life import upload_lines
from rehearsal.driver import Rehearsal
from rehearsal.language_model import fit, to_files
from rehearsal.running_costs import running_costs
from rehearsal.step import Step
from tools.executions import Ended

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Three models, each of which serves another way."""
    models = {name: model(name, serving=serving) for name, serving in SERVING.items()}
    with bedrock_account(tmp_path_factory.mktemp("bedrock"), models) as rehearsal:
        for name in SERVING:
            upload_lines(rehearsal, rehearsal.product(name))
        yield rehearsal
        assert [str(call) for call in rehearsal.emulator.trace if not call.allowed] == []


@pytest.fixture(autouse=True)
def nothing_left(account: Rehearsal) -> Iterator[None]:
    """Every test begins with the month's budget and ends with nothing billed, but what a term holds."""
    s3, bucket = account.emulator.client("s3", REHEARSAL), account.settings.names.bucket("artifacts")
    for item in s3.list_objects_v2(Bucket=bucket, Prefix="customization/").get("Contents", []):
        s3.delete_object(Bucket=bucket, Key=item["Key"])
    yield
    assert [one for one in billed(account) if "OneMonth" not in one] == []


def billed(account: Rehearsal) -> list[str]:
    return [str(one) for one in running_costs(account.emulator, account.bedrock)]


def customized(account: Rehearsal, name: str, given: dict[str, Any] | None = None) -> Ended:
    return account.run(name, bedrock.CUSTOMIZE, given or {})


def retired(account: Rehearsal, name: str, given: dict[str, Any] | None = None) -> dict[str, Any]:
    ended = account.run(name, bedrock.RETIRE, given or {})
    assert ended.succeeded, ended.cause
    return dict(ended.output)


def stored(account: Rehearsal, uri: str) -> dict[str, Any]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = account.emulator.client("s3", REHEARSAL).get_object(Bucket=bucket, Key=key)["Body"]
    found: dict[str, Any] = json.loads(body.read())
    return found


@contextmanager
def restored(account: Rehearsal) -> Iterator[Any]:
    """The quotas of Bedrock, which a test may change."""
    quotas = account.bedrock.core.quotas
    before = dict(vars(quotas))
    yield quotas
    vars(quotas).update(before)


def lived(account: Rehearsal, name: str) -> list[Step]:
    return list(bedrock_life(account, account.product(name)))


def test_a_deployment_answers_what_the_model_learnt_and_is_retired(account: Rehearsal) -> None:
    made, ended = lived(account, ON_DEMAND)
    assert made.ended.output["Serving"] == "on_demand"
    record = stored(account, made.ended.output["Record"])
    assert "Open the app" in record["Sample"]["Answer"]
    assert record["Sample"]["Request"]["messages"][0]["content"] == [{"text": QUESTION}]
    assert record["Made"]["Answers"] == made.ended.output["InvokeArn"]
    assert record["DataCheck"]["BadRows"] == 0
    assert ended.ended.output["Removed"] == [f"deployment {record['Made']['Answers']}"]
    assert ended.ended.output["Models"] == [f"custom model {made.ended.output['ModelArn']}"]


def test_hourly_throughput_is_billed_until_it_is_retired_with_its_model(account: Rehearsal) -> None:
    made = customized(account, PROVISIONED)
    assert made.succeeded, made.cause
    assert made.output["Serving"] == "provisioned"
    assert len(billed(account)) == 1
    gone = retired(account, PROVISIONED, {"delete_models": True})
    assert gone["Removed"] == [
        f"Provisioned Throughput {made.output['InvokeArn']}",
        f"custom model {made.output['ModelArn']}",
    ]
    assert (gone["Committed"], gone["Models"]) == ([], [])


def test_a_retired_model_leaves_those_of_other_models_alone(account: Rehearsal) -> None:
    made = customized(account, ON_DEMAND)
    assert made.succeeded, made.cause
    assert retired(account, PROVISIONED)["Removed"] == []
    assert retired(account, ON_DEMAND)["Removed"] == [f"deployment {made.output['InvokeArn']}"]


def waiting(account: Rehearsal, execution: str) -> dict[str, Any]:
    """What an execution asks a person, once it asks; the message tells the token."""
    client = account.emulator.client("stepfunctions", REHEARSAL)
    while True:
        events = client.get_execution_history(executionArn=execution, maxResults=1000)["events"]
        for event in events:
            details = event.get("taskScheduledEventDetails", {})
            if details.get("resource") == "publish.waitForTaskToken":
                asked: dict[str, Any] = json.loads(details["parameters"])
                return asked
        if any(
            event["type"].startswith("Execution") and event["type"] != "ExecutionStarted" for event in events
        ):
            raise AssertionError(events[-1])


def answered(account: Rehearsal, given: dict[str, Any]) -> tuple[str, Ended]:
    """The question before capacity is bought, and how the execution ends once it is answered."""
    execution = account.start(COMMITTED, bedrock.CUSTOMIZE, {})
    asked = waiting(account, execution)
    token = asked["Message"].partition("--task-token ")[2].splitlines()[0]
    client = account.emulator.client("stepfunctions", REHEARSAL)
    client.send_task_success(taskToken=token, output=json.dumps(given))
    return asked["Message"], account.follow(execution)


def test_capacity_for_a_term_is_not_bought_unless_a_person_confirms(account: Rehearsal) -> None:
    message, ended = answered(account, {"Confirmed": False, "By": "dia"})
    assert "1 model unit of Provisioned Throughput would be bought for one month" in message
    assert "does not let anybody delete them before the term ends" in message
    assert (ended.status, ended.error) == ("FAILED", "CommitmentDeclined")
    assert "declined by dia" in ended.cause
    assert billed(account) == []
    retired(account, COMMITTED, {"delete_models": True})


def test_a_commitment_beyond_the_quota_ends_with_the_cause_and_nothing_bought(account: Rehearsal) -> None:
    _, ended = answered(account, {"Confirmed": True, "By": "dia"})
    assert ended.error == "BedrockQuotaExceeded"
    assert "model units of Provisioned Throughput with commitment: 0" in ended.cause
    assert "stays: it can be deployed, or deleted with retire-bedrock" in ended.cause
    assert billed(account) == []
    retired(account, COMMITTED, {"delete_models": True})


def test_a_commitment_that_was_confirmed_serves_and_is_named_with_its_end_when_retired(
    account: Rehearsal,
) -> None:
    with restored(account) as quotas:
        quotas.committed_model_units = 1
        _, ended = answered(account, {"Confirmed": True, "By": "dia"})
    assert ended.succeeded, ended.cause
    record = stored(account, ended.output["Record"])
    assert record["Made"]["ConfirmedBy"] == "dia"
    gone = retired(account, COMMITTED, {"delete_models": True})
    assert gone["Removed"] == []
    (kept,) = gone["Committed"]
    assert f"{ended.output['InvokeArn']} is committed: it cannot be deleted, and is billed, until" in kept
    assert gone["Models"] == [f"custom model {ended.output['ModelArn']}, which is in use"]


FAILURES = {
    "job_failure": ("States.TaskFailed", "An internal error occurred while the model was being customized"),
    "deployment_failure": ("BedrockServingFailed", "An internal error occurred while the model was being"),
}


@pytest.mark.parametrize("fault", FAILURES)
def test_a_failure_ends_with_bedrocks_reason(account: Rehearsal, fault: Any) -> None:
    account.emulator.faults.inject(fault, "acme-dev-support-assistant-*")
    error, cause = FAILURES[fault]
    ended = customized(account, ON_DEMAND)
    assert ended.error == error
    assert cause in ended.cause
    assert "(what to do: " in ended.cause
    retired(account, ON_DEMAND, {"delete_models": True})


@pytest.mark.parametrize("action", ["CreateModelCustomizationJob", "CreateCustomModelDeployment"])
def test_throttling_is_waited_out(account: Rehearsal, action: str) -> None:
    account.emulator.faults.inject("throttling", f"bedrock:{action}", 4)
    ended = customized(account, ON_DEMAND)
    assert ended.succeeded, ended.cause
    assert account.emulator.faults.left() == {}
    retired(account, ON_DEMAND)


def test_throughput_beyond_the_quota_ends_with_the_quota(account: Rehearsal) -> None:
    with restored(account) as quotas:
        quotas.uncommitted_model_units = 0
        ended = customized(account, PROVISIONED)
    assert ended.error == "BedrockQuotaExceeded"
    assert "Ask for a higher quota" in ended.cause


def test_a_deployment_that_does_not_come_into_service_is_removed_after_two_hours(account: Rehearsal) -> None:
    account.bedrock.core.durations.deployment = 1e6
    try:
        ended = customized(account, ON_DEMAND)
    finally:
        account.bedrock.core.durations.deployment = 300.0
    assert ended.error == "BedrockServingFailed"
    assert "is Creating after 120 minutes" in ended.cause
    assert list(account.bedrock.core.deployments) == []


def spend(account: Rehearsal) -> dict[str, Any]:
    """What the month has cost: the runs of the only object."""
    s3, bucket = account.emulator.client("s3", REHEARSAL), account.settings.names.bucket("artifacts")
    (item,) = s3.list_objects_v2(Bucket=bucket, Prefix=f"customization/{ON_DEMAND}/spend/")["Contents"]
    return dict(stored(account, f"s3://{bucket}/{item['Key']}")["Runs"])


def test_a_run_that_the_budget_has_no_room_for_starts_nothing(account: Rehearsal) -> None:
    for _ in range(2):
        assert customized(account, ON_DEMAND).succeeded
    jobs = len(list(account.bedrock.core.jobs))
    ended = customized(account, ON_DEMAND)
    assert ended.error == "CustomizationBudgetSpent"
    assert "may cost 40 US dollars (spend_usd), but 80 of 100" in ended.cause
    assert len(list(account.bedrock.core.jobs)) == jobs
    assert [entry["State"] for entry in spend(account).values()] == ["spent", "spent"]
    removed = retired(account, ON_DEMAND, {"delete_models": True})["Removed"]
    assert [one.partition(" ")[0] for one in removed[:3]] == ["deployment", "deployment", "custom"]


def test_the_estimate_of_a_job_that_never_started_is_given_back(account: Rehearsal) -> None:
    account.emulator.faults.inject("throttling", "bedrock:CreateModelCustomizationJob", 6)
    ended = customized(account, ON_DEMAND)
    assert "ThrottlingException" in ended.cause
    assert [(entry["State"], entry["Usd"]) for entry in spend(account).values()] == [("given back", 0)]


def test_a_bad_line_of_the_data_ends_before_anything_costs(account: Rehearsal) -> None:
    s3 = account.emulator.client("s3", REHEARSAL)
    bucket, key = account.settings.names.bucket("data"), f"{ON_DEMAND}/bedrock/train.jsonl"
    sound = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.put_object(Bucket=bucket, Key=key, Body=sound + b"{}\n")
    jobs = len(list(account.bedrock.core.jobs))
    ended = customized(account, ON_DEMAND)
    s3.put_object(Bucket=bucket, Key=key, Body=sound)
    assert ended.error == "DatasetInvalid"
    assert len(list(account.bedrock.core.jobs)) == jobs


LINES = f"data://{ON_DEMAND}/bedrock/train.jsonl"
TUNED = {
    "base_model": "huggingface-reasoning-qwen3-8b",
    "techniques": {"sft": {"train": LINES, "spend_usd": 9}},
    "evaluate": {"data": f"data://{ON_DEMAND}/evaluation.jsonl", "scorer": "exact_match"},
    "gate": {"at_least": {"scorer:exact_match": 0.1}},
}


@pytest.fixture(scope="module")
def importing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A model that SageMaker customizes too, so that it has versions to import."""
    both = model(ON_DEMAND)
    both["customization"] |= TUNED
    with bedrock_account(tmp_path_factory.mktemp("importing"), {ON_DEMAND: both}) as rehearsal:
        yield rehearsal
        assert [str(call) for call in rehearsal.emulator.trace if not call.allowed] == []


def version(here: Rehearsal, base: str, status: str) -> str:
    """A version as model customization registers it, of a model that knows one answer; its ARN."""
    s3, bucket = here.emulator.client("s3", REHEARSAL), here.settings.names.bucket("artifacts")
    folder = f"models/{ON_DEMAND}/{base}/customization/job/output/model/"
    made = fit([{"prompt": QUESTION, "completion": "Tap Block."}], "SFT")
    for name, content in to_files(made, "Qwen3ForCausalLM").items():
        for place in (folder, f"{folder}checkpoints/hf_merged/"):
            s3.put_object(Bucket=bucket, Key=f"{place}{name}", Body=content)
    source = {"S3Uri": f"s3://{bucket}/{folder}", "S3DataType": "S3Prefix", "CompressionType": "None"}
    container = {
        "ModelDataSource": {"S3DataSource": source},
        "BaseModel": {"HubContentName": base, "HubContentVersion": "1.0.0"},
    }
    package = here.emulator.client("sagemaker", REHEARSAL).create_model_package(
        ModelPackageGroupName=here.settings.names.name(ON_DEMAND, kind="model"),
        InferenceSpecification={"Containers": [container]},
        ModelApprovalStatus=status,
    )
    return str(package["ModelPackageArn"])


@pytest.mark.parametrize(
    ("base", "serving", "removed"),
    [
        ("huggingface-reasoning-qwen3-8b", "imported", ["imported"]),
        ("nova-textgeneration-lite", "on_demand", ["deployment", "custom"]),
    ],
)
def test_an_approved_version_answers_in_bedrock(
    importing: Rehearsal, base: str, serving: str, removed: list[str]
) -> None:
    ended = customized(importing, ON_DEMAND, {"import": version(importing, base, "Approved")})
    assert ended.succeeded, ended.cause
    assert ended.output["Serving"] == serving
    assert stored(importing, ended.output["Record"])["Sample"]["Answer"] == "Tap Block."
    gone = retired(importing, ON_DEMAND, {"delete_models": True})
    assert [one.partition(" ")[0] for one in gone["Removed"]] == removed
    importing.emulator.clock.drive(600)  # the last window of the imported model's copy
    assert billed(importing) == []


def test_a_version_that_nobody_approved_is_not_imported(importing: Rehearsal) -> None:
    waiting = version(importing, "nova-textgeneration-lite", "PendingManualApproval")
    ended = customized(importing, ON_DEMAND, {"import": waiting})
    assert ended.error == "NotApproved"
    assert "is PendingManualApproval; only an approved version is imported" in ended.cause
