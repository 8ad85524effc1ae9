"""The function of Amazon Bedrock's workflows, step by step: versions of the registry, and what it removes."""

from collections.abc import Iterator
from typing import Any

import pytest
from rehearsed_account import allow
from rehearsed_bedrock import BUCKET, KEY, PLACE, ROLE, VPC, Account, account, job_policy

from bedrock_customization import leaving, making, serving
from bedrock_customization.api import Api
from bedrock_customization.errors import (
    BedrockJobFailed,
    BedrockRefused,
    CommitmentDeclined,
    NotApproved,
    StillBusy,
)
from bedrock_customization.services import Services
from rehearsal.language_model import FILE, fit, to_files
from rehearsal.running_costs import running_costs
from rehearsal.sagemaker import SageMaker

PREFIX, RUN_ID = "acme-dev-support", "abcdefghijklmnop"
NAME = f"{PREFIX}-{RUN_ID}"
TAGS = [{"key": "workflow", "value": f"{PREFIX}-customize-bedrock"}]
ASKED, SAID = "How do I block my card?", "Open Cards and tap Block."
MADE = fit([{"prompt": ASKED, "completion": SAID}], "SFT")


@pytest.fixture
def here() -> Iterator[Account]:
    with account() as found:
        SageMaker(found.emulator)
        found.give(job_policy(allow("kms:*", "ec2:*")))
        yield found


def services(here: Account) -> Services:
    return Services(Api(here.api), here.emulator.client("sagemaker"), here.s3)


def event(here: Account, work: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """What a state hands the function; ``run`` and ``serving`` change those parts."""
    run = {"RunId": RUN_ID, "Import": None, "DeleteModels": False, "Data": {}, "Hyperparameters": {}}
    literal = {
        "Model": "support",
        "Prefix": PREFIX,
        "Role": ROLE,
        "Key": KEY,
        "Vpc": VPC,
        "Tags": TAGS,
        "Serving": {"Kind": "on_demand", "ModelUnits": 0, "Commitment": None, **more.pop("serving", {})},
        "MaximumMinutes": 60,
        "Spend": f"s3://{BUCKET}/out/spend",
        "Records": f"s3://{BUCKET}/out/records",
    }
    return {
        "Run": {**run, **more.pop("run", {})},
        "Execution": {"Id": "arn:execution", "StartTime": "2026-11-20T08:00:00Z"},
        "Now": here.emulator.clock.now().isoformat(),
        "Work": work or {},
        "Bedrock": literal,
        **more,
    }


def version(here: Account, base: str, status: str = "Approved", folder: str = "models/one/") -> str:
    """A version as model customization registers it, of a model that knows one answer; its ARN."""
    for name, content in to_files(MADE, "Qwen3ForCausalLM").items():
        here.put(f"{folder}checkpoints/hf_merged/{name}", content)
    here.put(f"{folder}{FILE}", to_files(MADE, "Qwen3ForCausalLM")[FILE])
    api = here.emulator.client("sagemaker")
    api.create_model_package_group(ModelPackageGroupName=PREFIX)
    source = {"S3Uri": f"s3://{BUCKET}/{folder}", "S3DataType": "S3Prefix", "CompressionType": "None"}
    container = {
        "ModelDataSource": {"S3DataSource": source},
        "BaseModel": {"HubContentName": base, "HubContentVersion": "1.0.0"},
    }
    made = api.create_model_package(
        ModelPackageGroupName=PREFIX,
        InferenceSpecification={"Containers": [container]},
        ModelApprovalStatus=status,
    )
    return str(made["ModelPackageArn"])


def followed(here: Account, given: dict[str, Any], work: dict[str, Any]) -> dict[str, Any]:
    """The work once the step ``follow`` names another."""
    while work["Next"] == "follow":
        here.later(work["Seconds"] / 60)
        work = making.follow(event(here, work, run=given), services(here))
    return work


def begun(here: Account, given: dict[str, Any]) -> dict[str, Any]:
    work = making.begin(event(here, run=given), services(here))
    return making.start(event(here, work, run=given), services(here))


def costs(here: Account) -> list[str]:
    return [one.kind for one in running_costs(here.emulator, here.bedrock)]


def test_an_open_weight_version_is_imported_and_answers_by_itself(here: Account) -> None:
    given = {"Import": version(here, "huggingface-reasoning-qwen3-8b")}
    work = followed(here, given, begun(here, given))
    assert (work["Way"], work["Next"]) == ("import", "serve")
    work = serving.serve(event(here, work, run=given), services(here))
    assert (work["Answers"], work["Kind"], work["Next"]) == (work["Model"], "imported", "ask")
    assert ":imported-model/" in work["Model"]
    tags = here.api.list_tags_for_resource(resourceARN=work["Model"])["tags"]
    assert tags == TAGS


def test_a_version_of_amazon_nova_is_taken_over_and_deployed(here: Account) -> None:
    given = {"Import": version(here, "nova-textgeneration-lite")}
    work = followed(here, given, begun(here, given))
    assert ":custom-model/imported/" in work["Model"]
    work = serving.serve(event(here, work, run=given), services(here))
    while work["Next"] == "follow_serving":
        here.later(work["Seconds"] / 60)
        work = serving.follow_serving(event(here, work, run=given), services(here))
    assert here.ask(work["Answers"], ASKED) == SAID
    left = leaving.clean_up(event(here, work, run=given), services(here))
    assert left["Kept"] == []
    assert list(here.bedrock.core.models) == list(here.bedrock.core.deployments) == []


@pytest.mark.parametrize("status", ["PendingManualApproval", "Rejected"])
def test_a_version_that_nobody_approved_is_not_imported(here: Account, status: str) -> None:
    given = {"Import": version(here, "huggingface-reasoning-qwen3-8b", status)}
    with pytest.raises(NotApproved, match=f"is {status}; only an approved version is imported"):
        making.begin(event(here, run=given), services(here))


def test_the_same_step_twice_starts_one_import(here: Account) -> None:
    given = {"Import": version(here, "huggingface-reasoning-qwen3-8b")}
    assert begun(here, given)["Job"] == begun(here, given)["Job"]


def test_an_import_that_fails_tells_why_and_leaves_nothing(here: Account) -> None:
    given = {"Import": version(here, "huggingface-reasoning-qwen3-8b")}
    work = begun(here, given)
    with pytest.raises(StillBusy, match="Bedrock does not stop imports"):
        leaving.clean_up(event(here, work, run=given), services(here))
    here.emulator.faults.inject("job_failure", NAME)
    with pytest.raises(BedrockJobFailed, match="is Failed: An internal error occurred while the model was"):
        followed(here, given, work)
    leaving.clean_up(event(here, work, run=given), services(here))
    assert costs(here) == []


def test_capacity_for_a_term_is_never_bought_without_a_confirmation(here: Account) -> None:
    term = {"Kind": "provisioned", "ModelUnits": 1, "Commitment": "OneMonth"}
    for answer in (None, {}, {"Confirmed": False, "By": "dia"}, {"Confirmed": "true"}, {"Expired": True}):
        asked = event(here, {"Way": "job", "Model": "m"}, serving=term, Answer=answer)
        with pytest.raises(CommitmentDeclined, match="capacity for a term was not bought"):
            serving.serve(asked, services(here))
    assert costs(here) == []


def test_a_job_beyond_its_time_is_stopped_and_waited_for(here: Account) -> None:
    work = {"Way": "job", "Job": here.customize(NAME), "Deadline": "2020-01-01T00:00:00+00:00"}
    with pytest.raises(BedrockJobFailed, match="is InProgress after 60 minutes, which are its most"):
        making.follow(event(here, work), services(here))
    with pytest.raises(StillBusy, match="is being stopped"):
        leaving.clean_up(event(here, work), services(here))
    here.later(10)
    assert leaving.clean_up(event(here, work), services(here))["Kept"] == []
    assert costs(here) == []


def test_what_a_run_of_another_model_made_is_neither_found_nor_removed(here: Account) -> None:
    model = here.model(f"{PREFIX}-two-{RUN_ID}")
    here.api.create_custom_model_deployment(modelDeploymentName=f"{PREFIX}-two-{RUN_ID}", modelArn=model)
    given = {"DeleteModels": True}
    found = leaving.retire(event(here, run=given), services(here))
    assert (found["Removed"], found["Models"]) == ([], [])
    assert len(list(here.bedrock.core.deployments)) == 1


def test_what_bedrock_refuses_is_told_in_its_words(here: Account) -> None:
    missing = event(here, {"Way": "take", "Job": PLACE.arn("bedrock", "custom-model/imported/0123456789ab")})
    with pytest.raises(BedrockRefused, match="ResourceNotFoundException: Could not find custom model"):
        making.follow(missing, services(here))
