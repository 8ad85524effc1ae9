"""The workflows of Amazon Bedrock: their requests field by field, their states, what executions may say."""

import base64
import json
from pathlib import Path
from typing import Any

import botocore.session
import cfnlint.api
import cfnlint.config
import pytest
from bedrock_account import ON_DEMAND, QUESTION, model, settings
from botocore.validate import ParamValidator
from workflow_models import EXECUTION, SOURCE, evaluated, states, substituted, variables

from bedrock_customization import requests
from mlplatform import workflows
from mlplatform.settings import Environment, ModelProduct
from mlplatform.workflows import advice, bedrock
from mlplatform.workflows.bedrock_sample import body
from run_admission.logic import InvalidInput, admit

RUN_ID = "abcdefghijklmnop"
DATA = "s3://acme-dev-data-111122223333-us-east-1/support-assistant/bedrock/train.jsonl"
RECORDS = "s3://acme-dev-artifacts-111122223333-us-east-1/customization/support-assistant/bedrock"
ROLE = "arn:aws:iam::111122223333:role/acme/dev/job/acme-dev-support-assistant-bedrock"
MACHINE = "acme-dev-support-assistant-customize-bedrock"
NAME = f"acme-dev-support-assistant-{RUN_ID}"
REINFORCED = {
    "base_model": "amazon.nova-2-lite-v1:0:256k",
    "customization": "reinforcement_fine_tuning",
    "reward_function": "exact_match",
    "hyperparameters": {"epochCount": 3, "learningRate": 0.0001, "reasoningEffort": "low"},
}
YEARLY = {"serving": {"provisioned": {"model_units": 2, "commitment": "six_months"}}}
API = botocore.session.get_session().get_service_model("bedrock")


def made(folder: Path, **changes: Any) -> tuple[ModelProduct, Environment]:
    """A model that Bedrock customizes, with ``changes`` of its section, and its environment."""
    found = settings(folder, {ON_DEMAND: model(ON_DEMAND, **changes)})
    return found.products[0], found


def definition(workflow: str, product: ModelProduct, environment: Environment) -> dict[str, Any]:
    return dict(substituted(workflows.compiled(workflow, product, environment, SOURCE)))


def run(**changes: Any) -> dict[str, Any]:
    given = {"RunId": RUN_ID, "Data": {"train": DATA}, "Hyperparameters": {"epochCount": "2"}}
    return {**given, "Import": None, "DeleteModels": False, **changes}


def problems(operation: str, request: dict[str, Any]) -> str:
    """What botocore has against a request in the API's spelling."""
    return str(
        ParamValidator().validate(request, API.operation_model(operation).input_shape).generate_report()
    )


def as_api(value: Any) -> Any:
    """A request of the optimized integration in the API's spelling."""
    if isinstance(value, dict):
        return {
            key[:1].lower() + key[1:]: item if key == "HyperParameters" else as_api(item)
            for key, item in value.items()
        }
    return [as_api(item) for item in value] if isinstance(value, list) else value


def test_the_request_of_a_job_is_the_documented_one_field_by_field(tmp_path: Path) -> None:
    product, environment = made(tmp_path)
    state = definition("customize-bedrock", product, environment)["States"]["Customize"]
    assert state["Resource"] == "arn:aws:states:::bedrock:createModelCustomizationJob.sync"
    request = evaluated(state["Arguments"], variables(run=run()))
    tags = {"cost-center": "4711", "environment": "dev", "model": ON_DEMAND, "owner": "support-team"}
    listed = [{"Key": key, "Value": value} for key, value in {**tags, "workflow": MACHINE}.items()]
    assert request == {
        "JobName": NAME,
        "CustomModelName": NAME,
        "ClientRequestToken": RUN_ID,
        "RoleArn": ROLE,
        "BaseModelIdentifier": "amazon.nova-lite-v1:0:300k",
        "CustomizationType": "FINE_TUNING",
        "TrainingDataConfig": {"S3Uri": DATA},
        "OutputDataConfig": {"S3Uri": f"{RECORDS}/{RUN_ID}/"},
        "HyperParameters": {"epochCount": "2"},
        "CustomModelKmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/1f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
        "VpcConfig": {
            "SubnetIds": ["subnet-0a1b2c3d", "subnet-0b1c2d3e"],
            "SecurityGroupIds": ["sg-0a1b2c3d"],
        },
        "JobTags": listed,
        "CustomModelTags": listed,
    }
    assert problems("CreateModelCustomizationJob", as_api(request)) == ""


def event(product: ModelProduct, environment: Environment, state: str, **more: Any) -> dict[str, Any]:
    """What a state hands the function; ``more`` replaces members."""
    found = definition("customize-bedrock", product, environment)["States"][state]["Arguments"]["Payload"]
    literal = evaluated(found["Bedrock"], variables(run=run()))
    return {"Run": run(), "Work": {"Model": "m"}, "Bedrock": literal, **more}


def test_a_reinforcement_is_started_by_the_function_with_its_grader(tmp_path: Path) -> None:
    product, environment = made(tmp_path, **REINFORCED)
    assert "Customize" not in definition("customize-bedrock", product, environment)["States"]
    texts = {"epochCount": "3", "learningRate": "0.0001", "reasoningEffort": "low"}
    asked = event(product, environment, "Start", Run=run(Hyperparameters=texts))
    assert not asked["Bedrock"]["Documented"]
    request = requests.customization(asked)
    function = "SageMaker-evaluator-acme-dev-support-assistant-exact_match"
    arn = f"arn:aws:lambda:us-east-1:111122223333:function:{function}"
    assert request["customizationConfig"] == {
        "rftConfig": {
            "graderConfig": {"lambdaGrader": {"lambdaArn": arn}},
            "hyperParameters": {"epochCount": 3, "learningRate": 0.0001, "reasoningEffort": "low"},
        }
    }
    assert "hyperParameters" not in request
    assert problems("CreateModelCustomizationJob", request) == ""


def test_the_requests_of_serving_and_importing_are_the_documented_ones(tmp_path: Path) -> None:
    product, environment = made(tmp_path, **YEARLY)
    asked = event(product, environment, "Serve")
    token = {"clientRequestToken": RUN_ID, "tags": asked["Bedrock"]["Tags"]}
    bought = requests.throughput(asked)
    term = {"modelId": "m", "modelUnits": 2, "commitmentDuration": "SixMonths"}
    assert bought == {"provisionedModelName": NAME, **term, **token}
    assert problems("CreateProvisionedModelThroughput", bought) == ""
    deployed = requests.deployment(asked)
    assert deployed == {"modelDeploymentName": NAME, "modelArn": "m", **token}
    package = "arn:aws:sagemaker:us-east-1:111122223333:model-package/acme-dev-support-assistant/3"
    taken = requests.taking_over({**asked, "Run": run(Import=package)})
    assert taken["customModelDataSource"] == {"modelPackageArnDataSource": {"modelPackageArn": package}}
    assert problems("CreateCustomModel", taken) == ""
    imported = requests.importing(asked, "s3://b/job/output/model/")
    assert imported["modelDataSource"] == {
        "s3DataSource": {"s3Uri": "s3://b/job/output/model/checkpoints/hf_merged/"}
    }
    assert problems("CreateModelImportJob", imported) == ""


def test_throughput_without_a_term_names_none_and_asks_nobody(tmp_path: Path) -> None:
    product, environment = made(tmp_path, serving={"provisioned": {"model_units": 1}})
    compiled = definition("customize-bedrock", product, environment)["States"]
    assert "Ask for confirmation" not in compiled
    assert "commitmentDuration" not in requests.throughput(event(product, environment, "Serve"))
    assert bedrock.commitment(product) == ""


def test_the_question_before_a_term_says_plainly_what_cannot_be_undone(tmp_path: Path) -> None:
    product, environment = made(tmp_path, **YEARLY)
    message = definition("customize-bedrock", product, environment)["States"]["Ask for confirmation"]
    known = variables(run=run(), work={"Model": "arn:model"})
    known["states"]["context"]["Task"] = {"Token": "t0ken"}
    said = evaluated(message["Arguments"]["Message"], known)
    assert said.startswith("2 model units of Provisioned Throughput would be bought for six months. ")
    assert "AWS does not let anybody delete them before the term ends" in said
    assert "--task-token t0ken" in said


@pytest.mark.parametrize("workflow", workflows.BEDROCK)
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="on demand", marks=pytest.mark.thorough),
        pytest.param(YEARLY, id="term"),
        pytest.param(REINFORCED, id="reinforcement", marks=pytest.mark.thorough),
    ],
)
def test_a_definition_is_what_step_functions_takes(
    tmp_path: Path, workflow: str, changes: dict[str, Any]
) -> None:
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": ROLE, "Definition": definition(workflow, *made(tmp_path, **changes))},
    }
    config = cfnlint.config.ManualArgs(regions=["us-east-1"])
    text = json.dumps({"Resources": {"Workflow": machine}})
    assert [f"{m.rule.id} {m.message}" for m in cfnlint.api.lint(text, config=config)] == []


@pytest.mark.parametrize("workflow", workflows.BEDROCK)
def test_every_task_retries_with_jitter_ends_in_time_and_catches_everything(
    tmp_path: Path, workflow: str
) -> None:
    for name, task in states(definition(workflow, *made(tmp_path, **YEARLY))):
        if task["Type"] == "Task":
            assert task["TimeoutSeconds"] > 0, name
            assert all(retrier["JitterStrategy"] == "FULL" for retrier in task["Retry"]), name
            assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name


def test_whatever_fails_after_the_budget_was_reserved_cleans_up(tmp_path: Path) -> None:
    compiled = definition("customize-bedrock", *made(tmp_path, **YEARLY))["States"]
    steps = ["Begin", "Customize", "Start", "Follow", "Ask for confirmation", "Serve", "Follow serving"]
    for name in [*steps, "Ask", "Record"]:
        assert compiled[name]["Catch"][-1]["Next"] == "Clean up", name


def test_every_error_of_the_function_has_advice() -> None:
    own = Path(__file__).parents[2] / "lambda" / "bedrock_customization" / "errors.py"
    names = [line.partition("(")[0].removeprefix("class ") for line in own.read_text().splitlines()
             if line.startswith("class ")]  # fmt: skip
    assert set(names) <= set(advice.ADVICE)


@pytest.mark.parametrize(
    ("identifier", "path"),
    [
        ("amazon.nova-lite-v1:0:300k", ("messages", 0, "content", 0, "text")),
        ("amazon.titan-text-express-v1:0:8k", ("inputText",)),
        ("anthropic.claude-3-haiku-20240307-v1:0:200k", ("messages", 0, "content")),
        ("meta.llama3-3-70b-instruct-v1:0:128k", ("prompt",)),
        ("qwen.qwen3-32b", ("messages", 0, "content")),
    ],
)
def test_a_question_has_the_form_of_the_models_family(identifier: str, path: tuple[Any, ...]) -> None:
    found: Any = body(identifier, QUESTION)
    for step in path:
        found = found[step]
    assert found == QUESTION


def test_a_question_that_looks_like_an_expression_stays_a_question(tmp_path: Path) -> None:
    question = "{% $run %} ${Model} – ça va?"
    compiled = definition("customize-bedrock", *made(tmp_path, sample={"prompt": question}))
    given = json.dumps(compiled["States"]["Ask"]["Arguments"]["Body"])
    encoded = given.rpartition(": '")[2].partition("'")[0]
    found = json.loads(base64.b64decode(encoded).decode("ascii"))
    assert found["messages"][0]["content"][0]["text"] == question


def admission(workflow: str, given: Any, folder: Path) -> dict[str, Any]:
    product, environment = made(folder)
    payload = definition(workflow, product, environment)["States"]["Admit"]["Arguments"]["Payload"]
    execution = {"Id": EXECUTION, "Name": "run-1", "RedriveCount": 0, "StartTime": "2026-11-20T08:00:00Z"}
    return admit({**payload, "Execution": execution, "Input": given})


def test_an_execution_without_input_does_what_model_yaml_says(tmp_path: Path) -> None:
    found = admission("customize-bedrock", {}, tmp_path)
    assert (found["Data"], found["Hyperparameters"]) == ({"train": DATA}, {"epochCount": "2"})
    assert (found["Import"], found["Overrides"]) == (None, [])


def test_an_execution_may_change_hyperparameters_within_their_documented_ranges(tmp_path: Path) -> None:
    given = {"hyperparameters": {"epochCount": 5, "learningRate": 0.00005}}
    found = admission("customize-bedrock", given, tmp_path / "fits")
    assert found["Hyperparameters"] == {"epochCount": "5", "learningRate": "5e-05"}
    with pytest.raises(InvalidInput, match="epochCount: given 6; allowed: 1 to 5, whole numbers"):
        admission("customize-bedrock", {"hyperparameters": {"epochCount": 6}}, tmp_path / "not")


@pytest.mark.parametrize(
    ("workflow", "given", "message"),
    [
        ("customize-bedrock", {"import": "arn:other"}, "import: given"),
        ("customize-bedrock", {"serving": "on_demand"}, "serving: not known here"),
        ("retire-bedrock", {"delete_models": "yes"}, 'delete_models: given "yes"; allowed: true, false'),
        ("retire-bedrock", {"delete_models": 1}, "delete_models: given 1; allowed: true, false"),
        ("retire-bedrock", {"import": "x"}, "import: not known here; allowed: delete_models"),
    ],
)
def test_an_execution_may_say_nothing_else(tmp_path: Path, workflow: str, given: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        admission(workflow, given, tmp_path)


def test_a_version_of_the_models_own_group_is_imported_and_trains_nothing(tmp_path: Path) -> None:
    package = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/acme-dev-support-assistant/3"
    assert admission("customize-bedrock", {"import": package}, tmp_path / "alone")["Import"] == package
    given = {"import": package, "hyperparameters": {"epochCount": 3}}
    with pytest.raises(InvalidInput, match="hyperparameters: nothing is trained where a version is imported"):
        admission("customize-bedrock", given, tmp_path / "both")


def test_deleting_models_is_said_in_the_input(tmp_path: Path) -> None:
    assert admission("retire-bedrock", {}, tmp_path / "kept")["DeleteModels"] is False
    assert admission("retire-bedrock", {"delete_models": True}, tmp_path / "gone")["DeleteModels"] is True
