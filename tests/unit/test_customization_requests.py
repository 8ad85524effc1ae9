"""The requests that the workflow customize makes: field by field, and as AWS and we check them."""

import base64
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from customization_cloud import PROMPT, product

from customization import evaluation, training
from customization.call import Call
from customization.errors import CustomizationRefused
from customization.ports import World
from mlplatform.names import MAX_ENVIRONMENT, MAX_MODEL, MAX_PREFIX, Names
from mlplatform.permissions.customization_places import MOST_NAME, RUN_CHARACTERS, content_names, job_arns
from mlplatform.settings import Environment, ModelProduct, requests
from mlplatform.settings.customization_owned import CUSTOMIZING
from mlplatform.workflows import admission, customizing

RUN = "abcdefghijklmnop"
JOB = f"acme-dev-m-{RUN[:RUN_CHARACTERS]}"
APP = "arn:aws:sagemaker:us-east-1:111111111111:mlflow-app/app-ABCDEF"
HUB = "arn:aws:sagemaker:us-east-1:111111111111:hub-content/HUB"
VERSION = "arn:aws:sagemaker:us-east-1:111111111111:model-package/acme-dev-m/3"
CANDIDATE = VERSION[:-1] + "4"
GROUP = "arn:aws:sagemaker:us-east-1:111111111111:model-package-group/acme-dev-m"
BASE = "arn:aws:sagemaker:us-east-1:aws:hub-content/SageMakerPublicHub/Model/huggingface-reasoning-qwen3-8b"
KEY = "arn:aws:kms:us-east-1:111111111111:key/11111111-2222-3333-4444-555555555555"
BUCKET = "s3://acme-dev-artifacts-111111111111-us-east-1"
ASSETS = {
    "train": f"{HUB}/DataSet/acme-dev-m-train/1.0.0",
    "validation": f"{HUB}/DataSet/acme-dev-m-validation/1.0.0",
    "evaluation": f"{HUB}/DataSet/acme-dev-m-evaluation/1.0.0",
    "reward": f"{HUB}/JsonDoc/acme-dev-m-exact-match/1.0.0",
    "scorer": f"{HUB}/JsonDoc/acme-dev-m-exact-match/1.0.0",
}
TAGS = [
    {"Key": "cost-center", "Value": "1"},
    {"Key": "environment", "Value": "dev"},
    {"Key": "model", "Value": "m"},
    {"Key": "owner", "Value": "support"},
]
ROLE = "arn:aws:iam::111111111111:role/acme/dev/job/acme-dev-m-customize-job"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelProduct, Environment]:
    return product(tmp_path_factory.mktemp("model"))


def call(model: tuple[ModelProduct, Environment], technique: str, app: str | None = APP, **work: Any) -> Call:
    """A call in the middle of a run, as CloudFormation has filled in the key."""
    literal = json.dumps(customizing.customization_literal(*model)).replace("${ArtifactsKeyArn}", KEY)
    defaults = admission.defaults("customize", *model)["Techniques"][technique]
    nothing: Any = None
    world = World(nothing, nothing, nothing, nothing, nothing, lambda name: app)
    event = {"Run": {"RunId": RUN, "Technique": technique, **defaults}, "Customization": json.loads(literal)}
    known = {"Assets": ASSETS, "Source": VERSION, "Package": CANDIDATE, **work}
    return Call(event, world, known)


def request(model: tuple[ModelProduct, Environment], technique: str) -> dict[str, Any]:
    return training.request(call(model, technique))


def measuring(
    model: tuple[ModelProduct, Environment], number: int, subject: str, step: int = 0
) -> dict[str, Any]:
    entry = {"Measurement": number, "Subject": subject, "Step": step}
    return evaluation.request(call(model, "sft"), entry)


def refused(asked: Mapping[str, Any]) -> list[str]:
    """What botocore's validator and our stricter one say of a request."""
    shape = botocore.session.get_session().get_service_model("sagemaker")
    members = shape.operation_model("CreateTrainingJob").input_shape
    report = ParamValidator().validate(asked, members)
    ours = requests.problems("CreateTrainingJob", asked, owned={})
    return [*([report.generate_report()] if report.has_errors() else []), *(str(one) for one in ours)]


def common(name: str, folder: str, seconds: int, **output: str) -> dict[str, Any]:
    """What every request has."""
    return {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "OutputDataConfig": {
            "S3OutputPath": f"{BUCKET}/models/m/{RUN}/{folder}/",
            "KmsKeyId": KEY,
            **output,
        },
        "MlflowConfig": {
            "MlflowResourceArn": APP,
            "MlflowExperimentName": "m",
            "MlflowRunName": name,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
        "Tags": TAGS,
    }


def data(channel: str, key: str) -> dict[str, Any]:
    return {"ChannelName": channel, "DataSource": {"DatasetSource": {"DatasetArn": ASSETS[key]}}}


def fine_tuning(technique: str, seconds: int = 36_000, **serverless: str) -> dict[str, Any]:
    """A request that trains on one data set; ``serverless`` is what else the configuration has."""
    config = {"BaseModelArn": BASE, "JobType": "FineTuning", "CustomizationTechnique": technique}
    return {
        **common(JOB, "customization", seconds),
        "ServerlessJobConfig": {**config, **serverless},
        "InputDataConfig": [data("train", "train")],
        "ModelPackageConfig": {"ModelPackageGroupArn": GROUP},
        "HyperParameters": {},
    }


WANTED: dict[str, dict[str, Any]] = {
    "sft": {
        **fine_tuning("SFT", 14_400, Peft="LORA", SequenceLength="4K"),
        "InputDataConfig": [data("train", "train"), data("validation", "validation")],
        "HyperParameters": {"learning_rate": "0.0002", "max_epochs": "2"},
    },
    "dpo": {
        **fine_tuning("DPO", Peft="LORA"),
        "ModelPackageConfig": {"ModelPackageGroupArn": GROUP, "SourceModelPackageArn": VERSION},
    },
    "rlvr": fine_tuning("RLVR", Peft="LORA", EvaluatorArn=ASSETS["reward"]),
    "rlaif": {
        **fine_tuning("RLAIF", EvaluatorArn=ASSETS["reward"]),
        "HyperParameters": {"judge_model_id": "bedrock/openai.gpt-oss-120b-1:0"},
    },
}


@pytest.mark.parametrize("technique", WANTED)
def test_a_technique_asks_for_exactly_the_documented_members(
    technique: str, model: tuple[ModelProduct, Environment]
) -> None:
    assert request(model, technique) == WANTED[technique]


@pytest.mark.parametrize("technique", WANTED)
def test_a_request_is_taken_by_the_service_model_and_its_patterns(
    technique: str, model: tuple[ModelProduct, Environment]
) -> None:
    assert refused(request(model, technique)) == []


@pytest.mark.parametrize(
    ("technique", "peft"), [("sft", "full"), ("dpo", "full"), ("rlvr", "full"), ("rlaif", "lora")]
)
def test_an_adapter_is_asked_for_by_its_name_and_all_weights_by_saying_nothing(
    technique: str, peft: str, tmp_path: Path
) -> None:
    changed = product(tmp_path, {"customization": {"techniques": {technique: {"peft": peft}}}})
    asked = request(changed, technique)
    without = {key: value for key, value in WANTED[technique]["ServerlessJobConfig"].items() if key != "Peft"}
    assert asked["ServerlessJobConfig"] == {**without, **({"Peft": "LORA"} if peft == "lora" else {})}
    assert {**asked, "ServerlessJobConfig": None} == {**WANTED[technique], "ServerlessJobConfig": None}
    assert refused(asked) == []


@pytest.mark.parametrize("technique", WANTED)
def test_what_only_jobs_with_instances_take_is_in_no_request(
    technique: str, model: tuple[ModelProduct, Environment]
) -> None:
    """A serverless job runs in AWS's network (sagemaker-train sends VpcConfig only if told, and no document
    says that it is honoured); its results are encrypted with the platform's key all the same.
    """
    asked = request(model, technique)
    assert set(asked) == {
        "TrainingJobName",
        "RoleArn",
        "ServerlessJobConfig",
        "InputDataConfig",
        "OutputDataConfig",
        "ModelPackageConfig",
        "MlflowConfig",
        "HyperParameters",
        "StoppingCondition",
        "Tags",
    }
    assert asked["OutputDataConfig"]["KmsKeyId"] == KEY
    assert {"VpcConfig", "ResourceConfig", "AlgorithmSpecification"} <= CUSTOMIZING.keys()


def test_the_validators_see_what_the_service_would_refuse(model: tuple[ModelProduct, Environment]) -> None:
    asked = request(model, "sft")
    unknown = {**asked, "ServerlessJobConfig": {**asked["ServerlessJobConfig"], "Epochs": "3"}}
    assert refused({**asked, "RoleArn": 3})
    assert refused(unknown)
    blank = {**asked, "ModelPackageConfig": {"ModelPackageGroupArn": "<Source>"}}
    assert refused(blank)


def test_a_run_without_an_mlflow_app_is_tracked_nowhere(model: tuple[ModelProduct, Environment]) -> None:
    asked = training.request(call(model, "sft", app=None))
    assert asked == {key: value for key, value in WANTED["sft"].items() if key != "MlflowConfig"}


def test_hyperparameters_are_those_of_the_run(model: tuple[ModelProduct, Environment]) -> None:
    given = call(model, "sft")
    run = {**given.run, "Hyperparameters": {"max_epochs": "1"}}
    changed = Call({**given.event, "Run": run}, given.world, given.work)
    assert training.request(changed)["HyperParameters"] == {"max_epochs": "1"}


def test_what_model_yaml_adds_is_laid_over_the_request(tmp_path: Path) -> None:
    added = {"StoppingCondition": {"MaxPendingTimeInSeconds": 7200}}
    changed = product(tmp_path, {"customization": {"request": added}})
    assert request(changed, "dpo")["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 36_000,
        "MaxPendingTimeInSeconds": 7_200,
    }


def test_a_licence_that_settings_accept_is_accepted_in_every_job(tmp_path: Path) -> None:
    gated = {
        "customization": {
            "base_model": "meta-textgeneration-llama-3-3-70b-instruct@1.2.3",
            "accept_eula": "https://www.llama.com/llama3_3/license/",
        }
    }
    changed = product(tmp_path, gated)
    for asked in (request(changed, "sft"), measuring(changed, 0, "base")):
        assert asked["ServerlessJobConfig"]["AcceptEula"] is True
        assert asked["ServerlessJobConfig"]["BaseModelArn"].endswith("llama-3-3-70b-instruct/1.2.3")
        assert refused(asked) == []


def measured(name: str, kind: str, told: dict[str, str], *, asked: bool, **serverless: str) -> dict[str, Any]:
    config = {"BaseModelArn": BASE, "JobType": "Evaluation", "EvaluationType": kind, **serverless}
    questions = {"InputDataConfig": [data("train", "evaluation")]} if asked else {}
    return {
        **common(f"{JOB}-{name}", "evaluation", 3_600, CompressionType="NONE"),
        "ServerlessJobConfig": config,
        "ModelPackageConfig": {"ModelPackageGroupArn": GROUP, "SourceModelPackageArn": CANDIDATE},
        "HyperParameters": told,
        **questions,
    }


EVALUATION = f"{BUCKET}/models/m/{RUN}/evaluation/"
MEASURED: dict[tuple[int, int], dict[str, Any]] = {
    (0, 0): measured(
        "eval-1",
        "BenchmarkEvaluation",
        {"name": "benchmark", "task": "mmlu", "strategy": "zs_cot", "evaluation_metric": "accuracy"},
        asked=False,
    ),
    (1, 0): measured(
        "eval-2",
        "CustomScorerEvaluation",
        {
            "name": "scorer",
            "task": "gen_qa",
            "strategy": "gen_qa",
            "evaluation_metric": "all",
            "postprocessing": "True",
            "aggregation": "mean",
        },
        asked=True,
        EvaluatorArn=ASSETS["scorer"],
    ),
    (2, 0): measured(
        "eval-3", "BenchmarkEvaluation", {"name": "answers", "task": "inference_only"}, asked=True
    ),
    (2, 1): measured(
        "eval-4",
        "LLMAJEvaluation",
        {
            "name": "judge",
            "judge_model_id": "amazon.nova-pro-v1:0",
            "inference_data_s3_path": f"{EVALUATION}{JOB}-eval-3/output/output/answers/"
            "eval_results/inference_output.jsonl",
            "output_path": f"{EVALUATION}judge/eval",
            "llmaj_metrics": '["Builtin.Correctness"]',
        },
        asked=False,
    ),
}


@pytest.mark.parametrize(("number", "step"), MEASURED)
def test_an_evaluation_of_the_candidate_asks_for_exactly_the_documented_members(
    number: int, step: int, model: tuple[ModelProduct, Environment]
) -> None:
    asked = measuring(model, number, "eval", step)
    assert asked == MEASURED[number, step]
    assert refused(asked) == []


@pytest.mark.parametrize(("number", "step"), MEASURED)
def test_an_evaluation_of_the_base_model_differs_in_name_and_version_alone(
    number: int, step: int, model: tuple[ModelProduct, Environment]
) -> None:
    asked = measuring(model, number, "base", step)
    named = json.dumps(MEASURED[number, step]).replace(f"{JOB}-eval-", f"{JOB}-base-")
    wanted = json.loads(named.replace("judge/eval", "judge/base"))
    assert asked == {key: value for key, value in wanted.items() if key != "ModelPackageConfig"}
    assert refused(asked) == []


def test_models_of_amazon_nova_call_the_metric_otherwise(tmp_path: Path) -> None:
    nova = {
        "customization": {
            "base_model": "nova-textgeneration-lite-v2",
            "techniques": {"dpo": None, "rlaif": None, "sft": {"peft": "lora"}},
            "evaluate": {"judge": None},
        }
    }
    changed = product(tmp_path, nova)
    told = measuring(changed, 0, "eval")["HyperParameters"]
    assert told == {"name": "benchmark", "task": "mmlu", "strategy": "zs_cot", "metric": "accuracy"}


def test_a_preset_scorer_needs_no_function_of_ours(tmp_path: Path) -> None:
    preset = {
        "customization": {
            "evaluate": {"scorer": "prime_math"},
            "gate": None,
        }
    }
    changed = product(tmp_path, preset)
    asked = measuring(changed, 1, "eval")
    assert asked["HyperParameters"]["preset_reward_function"] == "prime_math"
    assert "EvaluatorArn" not in asked["ServerlessJobConfig"]
    assert customizing.customization_literal(*changed)["Scorer"] is None


def test_a_prompt_is_carried_encoded_and_kept_by_its_content(model: tuple[ModelProduct, Environment]) -> None:

    evaluator = customizing.customization_literal(*model)["Techniques"]["rlaif"]["Evaluator"]
    assert base64.b64decode(evaluator["Base64"]).decode() == PROMPT
    assert evaluator["Reference"] == f"{BUCKET}/customization/m/prompts/{evaluator['Code']}.jinja"
    assert evaluator["Type"] == "RewardPrompt"


def kept_at(model: tuple[ModelProduct, Environment], **work: Any) -> list[str]:
    """Where the results of the base model lie."""
    prints = {"evaluation": "e1", "scorer": "s1"}
    asked = call(model, "sft", **{"BaseVersion": "1.0.0", "Fingerprints": prints, **work})
    return [evaluation.kept_at(asked, one) for one in asked.literal["Measurements"]]


def test_what_the_base_model_showed_is_kept_by_model_data_scorer_and_request_alone(tmp_path: Path) -> None:
    model = product(tmp_path / "one")
    known = kept_at(model)
    assert len(set(known)) == 3
    later = product(
        tmp_path / "two", {"owner": "sales", "customization": {"evaluate": {"max_runtime_minutes": 99}}}
    )
    assert kept_at(later) == known
    newer = kept_at(model, BaseVersion="1.0.1")
    assert not set(newer) & set(known)
    data = kept_at(model, Fingerprints={"evaluation": "e2", "scorer": "s1"})
    assert [one == other for one, other in zip(data, known, strict=True)] == [True, False, False]
    scorer = kept_at(model, Fingerprints={"evaluation": "e1", "scorer": "s2"})
    assert [one == other for one, other in zip(scorer, known, strict=True)] == [True, False, True]
    judged = {"judge": {"metrics": ["Builtin.Completeness"]}}
    other = kept_at(product(tmp_path / "three", {"customization": {"evaluate": judged}}))
    assert [one == before for one, before in zip(other, known, strict=True)] == [True, True, False]


class Hub:
    """A public hub with one version of one model."""

    def base_version(self, model: str) -> str | None:
        return "1.2.0" if model.endswith("qwen3-8b") else None


@pytest.mark.parametrize(
    ("base", "told"),
    [
        ("huggingface-reasoning-qwen3-8b@1.1.0", "which is 1.2.0; base_model names 1.1.0: try the newer one"),
        ("huggingface-llm-unheard-of", "has no model huggingface-llm-unheard-of (base_model)"),
    ],
)
def test_a_base_model_that_aws_would_not_take_ends_a_run_before_anything_costs(
    base: str, told: str, tmp_path: Path
) -> None:
    asked = call(product(tmp_path, {"customization": {"base_model": base}}), "sft")
    nothing: Any = None
    hub: Any = Hub()
    asked.world = World(nothing, hub, nothing, nothing, nothing, nothing)
    with pytest.raises(CustomizationRefused, match=re.escape(told)):
        training.reserve(asked)


def test_everything_in_the_registry_is_what_the_roles_may_use(
    model: tuple[ModelProduct, Environment],
) -> None:
    literal = customizing.customization_literal(*model)
    techniques = literal["Techniques"].values()
    named = {name for one in techniques for name in one["Datasets"].values()} | {literal["EvaluationDataset"]}
    assert named == set(content_names(*model)["DataSet"])
    evaluators = {one["Evaluator"]["Name"] for one in techniques if one["Evaluator"]}
    assert evaluators | {literal["Scorer"]["Name"]} == set(content_names(*model)["JsonDoc"])


def test_the_longest_names_of_jobs_fit_and_are_those_the_roles_allow() -> None:
    longest = Names("p" * MAX_PREFIX, "e" * MAX_ENVIRONMENT, "aws", "us-east-1", "1" * 12)
    assert len(f"{longest.name('m' * MAX_MODEL, kind='model')}-{'r' * RUN_CHARACTERS}-base-9") == MOST_NAME
    assert RUN_CHARACTERS >= 7
    assert job_arns(longest, "m" * MAX_MODEL)[0].endswith("-" + "?" * RUN_CHARACTERS)


def test_more_epochs_than_were_estimated_are_refused(model: tuple[ModelProduct, Environment]) -> None:
    ranges = admission.allowed("customize", *model)["Techniques"]
    assert ranges["sft"]["Hyperparameters"]["max_epochs"] == {"Integer": True, "Minimum": 1, "Maximum": 2}
    assert set(ranges["sft"]["Hyperparameters"]) == {"learning_rate", "max_epochs"}
    assert ranges["rlaif"]["Hyperparameters"] == {}
