"""What customizing a model may do, by its settings; and the packages of its reward functions."""

import io
import json
import subprocess
import sys
import zipfile
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml
from landscapes import environment, landscape

from mlplatform.bucket_policies import exempt_principals
from mlplatform.customization.reward_deployments import RewardDeployment, deployments
from mlplatform.customization.reward_package import pack
from mlplatform.names import LIMITS, MAX_ENVIRONMENT, MAX_MODEL, MAX_PREFIX, Names
from mlplatform.permissions import bedrock_roles, customization_function_roles, customization_places
from mlplatform.permissions.customization_job_roles import customization_job
from mlplatform.permissions.function_roles import dataset_check
from mlplatform.permissions.grant import Grant
from mlplatform.settings import Environment, ModelProduct
from mlplatform.settings.customization_rewards import RewardSettings
from mlplatform.workflows import customizing
from rewards import exact_match, json_schema_match

REWARD = "def score(answer, reference, sample):\n    return float(answer == reference)\n"
SECTION: dict[str, Any] = {
    "base_model": "huggingface-reasoning-qwen3-8b",
    "techniques": {
        "rlvr": {"train": "data://helper/rlvr.jsonl", "reward_function": "exact_match", "spend_usd": 10},
    },
    "evaluate": {"data": "data://questions/evaluation.jsonl", "scorer": "own.py"},
    "monthly_budget_usd": 100,
}


def made(
    folder: Path, changes: dict[str, Any] | None = None, **settings: Any
) -> tuple[ModelProduct, Environment]:
    """A model that is customized as ``SECTION`` says, with ``changes``, in an environment that trains."""
    section = {key: value for key, value in {**SECTION, **(changes or {})}.items() if value is not None}
    model = {"description": "Helps", "owner": "team", "task": "text_generation", "customization": section}
    (folder / "models" / "helper").mkdir(parents=True)
    (folder / "models" / "helper" / "model.yaml").write_text(yaml.safe_dump(model), encoding="utf-8")
    (folder / "models" / "helper" / "own.py").write_text(REWARD, encoding="utf-8")
    (folder / "models" / "helper" / "answer.json").write_text(json.dumps(SCHEMA, indent=2), encoding="utf-8")
    file = environment("111122223333", **{"training": True, **settings})
    found = landscape(folder, {"dev": file}, {})["dev"]
    return found.products[0], found


def job(product: ModelProduct, settings: Environment) -> dict[str, Grant]:
    """What the jobs of a product may do, by Sid."""
    section = customization_places.customized(product, settings)
    assert section is not None
    return {grant.sid: grant for grant in customization_job(product, settings, section)}


def test_a_job_reads_the_areas_of_its_data_and_calls_the_functions_its_settings_name(tmp_path: Path) -> None:
    product, settings = made(tmp_path)
    grants = job(product, settings)
    data = settings.names.bucket_arn("data")
    assert grants["ReadData"].resources == (f"{data}/helper/*", f"{data}/questions/*")
    assert [arn.rpartition(":")[2] for arn in grants["AskRewardFunctions"].resources] == [
        "SageMaker-evaluator-acme-dev-helper-exact_match",
        "SageMaker-evaluator-acme-dev-helper-own",
    ]
    assert not {"AskJudges", "JudgeAnswers"} & set(grants)


def test_a_job_asks_the_judge_its_settings_name_and_no_other_model(tmp_path: Path) -> None:
    judge = {"model": "amazon.nova-pro-v1:0", "metrics": ["Builtin.Correctness"]}
    grants = job(*made(tmp_path, {"evaluate": {"data": "data://helper/e.jsonl", "judge": judge}}))
    model = "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-pro-v1:0"
    assert grants["AskJudges"].resources == (model,)
    assert model in grants["JudgeAnswers"].resources


@pytest.mark.parametrize(("mlflow", "tracks"), [("app", True), ("server", False), ("none", False)])
def test_runs_are_recorded_only_in_an_mlflow_app(tmp_path: Path, mlflow: str, tracks: bool) -> None:
    product, settings = made(tmp_path, studio={"mlflow": mlflow})
    assert ("TrackRuns" in job(product, settings)) is tracks
    section = customization_places.customized(product, settings)
    assert section is not None
    function = customization_function_roles.customization_function(product, settings, section)
    assert ("FindTracking" in {grant.sid for grant in function}) is tracks


def test_the_check_reads_what_customization_learns_from(tmp_path: Path) -> None:
    _, settings = made(tmp_path)
    read = {grant.sid: grant for grant in dataset_check(settings)}["ReadData"].resources
    assert f"{settings.names.bucket_arn('data')}/questions/*" in read


def test_only_the_role_of_serverless_jobs_reaches_data_from_outside_the_network(tmp_path: Path) -> None:
    _, settings = made(tmp_path)
    role = settings.names.role_arn("job", "helper-customize-job")
    assert role in exempt_principals("data", settings)
    assert role in exempt_principals("artifacts", settings)
    assert role not in exempt_principals("capture", settings)


def test_nothing_is_given_where_nothing_is_trained(tmp_path: Path) -> None:
    product, settings = made(tmp_path, training=False)
    assert customization_places.customized(product, settings) is None
    assert customization_places.rewards(product, settings) == {}
    role = settings.names.role_arn("job", "helper-customize-job")
    assert role not in exempt_principals("data", settings)


@pytest.mark.parametrize("more", ["-v2", "-abcdef", "-base-1", "-eval-1", "-" + "x" * 15])
def test_no_job_of_a_model_whose_name_begins_alike_is_matched(more: str) -> None:
    names, run = Names("acme", "dev", "aws", "eu-west-1", "1" * 12), "r" * customization_places.RUN_CHARACTERS
    base = f"{names.prefix}-{names.environment}-churn{more}"
    jobs = [f"{base}-{run}", f"{base}-{run}-eval-1", f"{base}-{run}-base-1"]
    jobs += [f"{base}-train-abc2340", f"{base}-train-abc23417"]
    arns = [names.arn("sagemaker", f"training-job/{one}") for one in jobs]
    patterns = customization_places.job_arns(names, "churn")
    assert not [arn for arn in arns if any(fnmatchcase(arn, pattern) for pattern in patterns)]


def test_the_names_of_roles_fit_the_longest_model() -> None:
    names = Names("p" * MAX_PREFIX, "e" * MAX_ENVIRONMENT, "aws", "eu-west-1", "1" * 12)
    places = customization_places
    for end in (places.FUNCTION_ROLE, places.JOB_ROLE, places.REWARD_ROLE, places.WORKFLOW_ROLE):
        assert len(names.name(f"{'m' * MAX_MODEL}{end}")) <= LIMITS["role"]


def rewarding(given: Any) -> RewardSettings:
    """A reward as model.yaml gives it."""
    return RewardSettings.model_validate(given)


@pytest.mark.parametrize(("reward", "handler"), [
    ("exact_match", "reward_exact_match.handler.handler"),
    ({"json_schema": "in_data"}, "reward_json_schema.handler.handler"),
    ("own.py", "rewards.own.handler"),
])  # fmt: skip
def test_a_packed_reward_function_answers_as_lambda_calls_it(
    tmp_path: Path, reward: Any, handler: str
) -> None:
    (tmp_path / "own.py").write_text(REWARD, encoding="utf-8")
    package = pack(rewarding(reward), tmp_path)
    assert package.handler == handler
    with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
        archive.extractall(tmp_path / "task")
    sample = {
        "id": "a",
        "messages": [{"role": "assistant", "content": "42"}],
        "reference_answer": "42",
        "json_schema": {"type": "integer"},
    }
    module, _, function = handler.rpartition(".")
    call = f"import json, {module} as m; print(json.dumps(m.{function}({[sample]!r}, None)))"
    told = {"ANSWER_FORM": "array", "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-S", "-c", call]
    said = subprocess.run(
        command, cwd=tmp_path / "task", env=told, capture_output=True, text=True, check=True
    )
    assert [(one["id"], one["aggregate_reward_score"]) for one in json.loads(said.stdout)] == [("a", 1.0)]


def test_the_same_files_give_the_same_package_and_another_file_another(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(REWARD, encoding="utf-8")
    own = rewarding("own.py")
    first = pack(own, tmp_path)
    assert pack(own, tmp_path) == first
    (tmp_path / "own.py").write_text(f"{REWARD}\n", encoding="utf-8")
    assert pack(own, tmp_path).sha256 != first.sha256


US: dict[str, Any] = {
    "region": "us-east-1",
    "network": {"availability_zones": ["use1-az1", "use1-az2"]},
}
GRADED: dict[str, Any] = {
    "base_model": "amazon.nova-2-lite-v1:0:256k",
    "customization": "reinforcement_fine_tuning",
    "train": "data://helper/rft.jsonl",
    "reward_function": "exact_match",
    "sample": {"prompt": "6 times 7?"},
}


def functions(folder: Path, **changes: Any) -> dict[str, RewardDeployment]:
    """The reward functions of a model, by name; ``made`` gives it a name and a folder."""
    product, _ = made(folder, changes, **US)
    assert product.customization is not None
    return {one.name: one for one in deployments(product.customization)}


def test_open_weight_models_are_answered_as_by_an_http_api_and_nova_with_the_list(tmp_path: Path) -> None:
    found = functions(tmp_path / "open")
    assert {name: one.form for name, one in found.items()} == {"exact_match": "http", "own": "http"}
    nova = functions(tmp_path / "nova", base_model="nova-textgeneration-lite-v2")
    assert {one.form for one in nova.values()} == {"array"}


def test_a_reward_that_bedrock_asks_too_has_a_second_function_where_the_form_differs(tmp_path: Path) -> None:
    found = functions(tmp_path / "open", bedrock=GRADED)
    assert {name: (one.form, one.services) for name, one in found.items()} == {
        "exact_match": ("http", ("sagemaker",)),
        "exact_match-bedrock": ("array", ("bedrock",)),
        "own": ("http", ("sagemaker",)),
    }
    nova = functions(tmp_path / "nova", bedrock=GRADED, base_model="nova-textgeneration-lite-v2")
    assert {name: one.services for name, one in nova.items()} == {
        "exact_match": ("sagemaker", "bedrock"),
        "own": ("sagemaker",),
    }
    alone = functions(
        tmp_path / "alone", bedrock=GRADED, **dict.fromkeys(("techniques", "base_model", "evaluate"))
    )
    assert {name: (one.form, one.services) for name, one in alone.items()} == {
        "exact_match": ("array", ("bedrock",))
    }


def test_each_service_may_ask_its_own_function_of_a_reward_alone(tmp_path: Path) -> None:
    product, settings = made(tmp_path, {"bedrock": GRADED}, **US)
    asked = job(product, settings)["AskRewardFunctions"].resources
    assert [arn.rpartition("-helper-")[2] for arn in asked] == ["exact_match", "own"]
    graded = {grant.sid: grant for grant in bedrock_roles.bedrock_job(product, settings)}[
        "AskGrader"
    ].resources
    assert [arn.rpartition("-helper-")[2] for arn in graded] == ["exact_match-bedrock"]
    assert customization_places.content_names(product, settings)["JsonDoc"] == (
        "acme-dev-helper-exact-match",
        "acme-dev-helper-own",
    )


SCHEMA = {"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]}


def test_what_settings_say_of_a_reward_reaches_its_function(tmp_path: Path) -> None:
    strict = {"exact_match": {"relative_tolerance": 0.01, "extraction": "strict"}}
    found = functions(
        tmp_path,
        techniques={"rlvr": {"train": "data://helper/r", "reward_function": strict, "spend_usd": 10}},
        evaluate={"data": "data://helper/e.jsonl", "scorer": {"json_schema": "answer.json"}},
    )
    assert dict(found["exact_match"].variables(tmp_path)) == {
        "ANSWER_FORM": "http",
        "RELATIVE_TOLERANCE": "0.01",
        "EXTRACTION": "strict",
    }
    told = dict(found["json_schema"].variables(tmp_path / "models" / "helper"))
    assert told == {"ANSWER_FORM": "http", "JSON_SCHEMA": json.dumps(SCHEMA, separators=(",", ":"))}
    assert exact_match.settings(found["exact_match"].variables(tmp_path)).tolerance == 0.01
    sample = {"model_response": '{"amount": 3}'}
    assert json_schema_match.settings(told)('{"amount": 3}', None, sample).value == 1.0
    assert "JSON_SCHEMA" not in functions(tmp_path / "other", evaluate={
        "data": "data://helper/e.jsonl", "scorer": {"json_schema": "in_data"},
    })["json_schema"].variables(tmp_path)  # fmt: skip


def test_what_a_function_is_told_changes_the_version_of_its_evaluator(tmp_path: Path) -> None:
    def code(folder: str, tolerance: float) -> str:
        reward = {"exact_match": {"relative_tolerance": tolerance}}
        technique = {"train": "data://helper/r", "reward_function": reward, "spend_usd": 10}
        product, settings = made(tmp_path / folder, {"techniques": {"rlvr": technique}})
        literal = customizing.customization_literal(product, settings)
        return str(literal["Techniques"]["rlvr"]["Evaluator"]["Code"])

    assert code("one", 0.01) == code("two", 0.01) != code("three", 0.1)


def test_a_job_reads_the_secret_its_hyperparameters_name_and_no_other(tmp_path: Path) -> None:
    assert "ReadSecrets" not in job(*made(tmp_path / "none"))
    token = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hub/token-AbCdEf"
    technique = {"train": "data://helper/s", "hyperparameters": {"hub_token": token}, "spend_usd": 10}
    grants = job(*made(tmp_path / "one", {"techniques": {"sft": technique}}))
    assert grants["ReadSecrets"].resources == (token,)
    assert grants["ReadSecrets"].actions == ("secretsmanager:GetSecretValue",)
