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
from mlplatform.customization.reward_package import pack
from mlplatform.names import LIMITS, MAX_ENVIRONMENT, MAX_MODEL, MAX_PREFIX, Names
from mlplatform.permissions import customization_function_roles, customization_places
from mlplatform.permissions.customization_job_roles import customization_job
from mlplatform.permissions.function_roles import dataset_check
from mlplatform.permissions.grant import Grant
from mlplatform.reward_functions import variables
from mlplatform.settings import Environment, ModelProduct

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
    section = {**SECTION, **(changes or {})}
    model = {"description": "Helps", "owner": "team", "task": "text_generation", "customization": section}
    (folder / "models" / "helper").mkdir(parents=True)
    (folder / "models" / "helper" / "model.yaml").write_text(yaml.safe_dump(model), encoding="utf-8")
    (folder / "models" / "helper" / "own.py").write_text(REWARD, encoding="utf-8")
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


@pytest.mark.parametrize(("reward", "handler"), [
    ("exact_match", "reward_exact_match.handler.handler"),
    ("json_schema", "reward_json_schema.handler.handler"),
    ("own.py", "rewards.own.handler"),
])  # fmt: skip
def test_a_packed_reward_function_answers_as_lambda_calls_it(
    tmp_path: Path, reward: str, handler: str
) -> None:
    (tmp_path / "own.py").write_text(REWARD, encoding="utf-8")
    package = pack(reward, tmp_path)
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
    first = pack("own.py", tmp_path)
    assert pack("own.py", tmp_path) == first
    (tmp_path / "own.py").write_text(f"{REWARD}\n", encoding="utf-8")
    assert pack("own.py", tmp_path).sha256 != first.sha256


def test_open_weight_models_are_answered_as_by_an_http_api_and_nova_with_the_list(tmp_path: Path) -> None:
    product, _ = made(tmp_path)
    assert variables("exact_match", product) == {"ANSWER_FORM": "http"}
    section = product.customization
    assert section is not None
    nova = section.model_copy(update={"base_model": "nova-textgeneration-lite-v2"})
    changed = product.model_copy(update={"customization": nova})
    assert variables("exact_match", changed) == {"ANSWER_FORM": "array"}
    alone = section.model_copy(update={"techniques": {}, "evaluate": None})
    assert variables("exact_match", product.model_copy(update={"customization": alone})) == {
        "ANSWER_FORM": "array"
    }
