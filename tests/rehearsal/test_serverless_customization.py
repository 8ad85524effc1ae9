"""Serverless jobs of the rehearsal: fine-tuning by each technique, evaluations, their rules and ends."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from customized_account import (
    BASE,
    DPO,
    EVALUATION,
    GATED,
    GROUP,
    OUTPUT,
    SCORING,
    SFT,
    VERIFIABLE,
    Customized,
    base_arn,
    channel,
    customization_policy,
    customized,
    evaluation,
    fine_tuning,
    lines,
)
from rehearsed_account import BUCKET, PLACE, ROLE, allow

from rehearsal.emulator import RoleRecord
from rehearsal.functions import FunctionService
from rehearsal.language_model import GENERIC
from rehearsal.sagemaker import serverless_metrics
from rehearsal.sagemaker.serverless_rewards import RewardError, for_scoring
from rehearsal.sagemaker.serverless_rewards import results as results_of
from rehearsal.states import StateMachines

JUDGE = "anthropic.claude-3-7-sonnet-20250219-v1:0"


@pytest.fixture(scope="module")
def here() -> Iterator[Customized]:
    with customized() as found:
        found.put("data/evaluation.jsonl", lines(EVALUATION))
        found.put("data/sft.jsonl", lines(SFT))
        found.put("data/dpo.jsonl", lines(DPO))
        yield found


@pytest.fixture(scope="module")
def functions(here: Customized) -> Iterator[FunctionService]:
    service = FunctionService(here.emulator)
    yield service
    service.stop()


@pytest.fixture(scope="module")
def scorer(here: Customized, functions: FunctionService) -> str:
    """The evaluator with the reward function."""
    return here.reward(functions)


@pytest.fixture(scope="module")
def sft(here: Customized) -> dict[str, Any]:
    """A model that was shown how to answer; its job."""
    here.dataset("sft", SFT)
    data = PLACE.arn("sagemaker", "hub-content/registry/DataSet/sft")
    return here.run(fine_tuning("acme-dev-sft", data, here.group, HyperParameters={"max_epochs": "2"}))


@pytest.fixture
def policy(here: Customized) -> Iterator[dict[str, Any]]:
    """The policy of the jobs' role, to be given changed; afterwards it is as it was."""
    yield customization_policy()
    here.give(customization_policy())


def where(name: str) -> str:
    return f"s3://{BUCKET}/data/{name}.jsonl"


def source(version: str) -> dict[str, Any]:
    """ModelPackageConfig of a job that starts from, or evaluates, a version."""
    group = PLACE.arn("sagemaker", f"model-package-group/{GROUP}")
    return {"ModelPackageConfig": {"ModelPackageGroupArn": group, "SourceModelPackageArn": version}}


def results(here: Customized, job: str, name: str = "None") -> dict[str, float]:
    """What an evaluation found."""
    (key,) = here.keys(f"customized/{job}/output/output/{name}/eval_results/results_")
    found: dict[str, float] = here.document(f"s3://{BUCKET}/{key}")["results"]["all"]
    return found


def test_a_fine_tuned_model_becomes_a_version_that_nobody_has_approved(
    here: Customized, sft: dict[str, Any]
) -> None:
    assert (sft["TrainingJobStatus"], sft["SecondaryStatus"]) == ("Completed", "Completed")
    steps = [step["Status"] for step in sft["SecondaryStatusTransitions"]]
    assert steps == ["Pending", "Downloading", "Training", "Uploading", "Completed"]
    assert sft["ProgressInfo"] == {
        "TotalStepCountPerEpoch": 1, "CurrentStep": 1, "CurrentEpoch": 2, "MaxEpoch": 2,
    }  # fmt: skip
    assert sft["BillableTokenCount"] > 0
    assert sft["TrainingTimeInSeconds"] == pytest.approx(2 * 600 + 120, abs=20)
    version = here.api.describe_model_package(ModelPackageName=sft["OutputModelPackageArn"])
    assert version["ModelPackageGroupName"] == GROUP
    assert version["ModelApprovalStatus"] == "PendingManualApproval"
    (container,) = version["InferenceSpecification"]["Containers"]
    assert container["BaseModel"]["HubContentName"] == BASE
    data = container["ModelDataSource"]["S3DataSource"]
    assert data["S3Uri"] == f"{OUTPUT}/acme-dev-sft/output/model/"
    model = here.document(f"{data['S3Uri']}checkpoints/hf_merged/language_model.json")
    assert model["techniques"] == ["SFT"]
    assert here.document(f"{data['S3Uri']}checkpoints/hf_merged/config.json")["architectures"]
    assert f"{data['S3Uri']}checkpoints/hf/adapter_config.json".removeprefix(f"s3://{BUCKET}/") in here.keys(
        ""
    )


def test_a_job_is_told_of_and_takes_its_time(here: Customized) -> None:
    told: list[dict[str, Any]] = []
    here.emulator.subscribe(lambda event: told.append(dict(event)))
    here.api.create_training_job(**fine_tuning("acme-dev-slow", where("sft"), here.group))
    here.later(90)
    found = here.api.describe_training_job(TrainingJobName="acme-dev-slow")
    assert (found["TrainingJobStatus"], found["SecondaryStatus"]) == ("InProgress", "Downloading")
    assert "OutputModelPackageArn" not in found
    here.later(3600)
    here.emulator.settle()
    events = [one for one in told if one["detail-type"] == "SageMaker Training Job State Change"]
    assert {one["detail"]["TrainingJobName"] for one in events} == {"acme-dev-slow"}
    assert events[-1]["detail"]["TrainingJobStatus"] == "Completed"
    assert events[-1]["detail"]["ServerlessJobConfig"]["JobType"] == "FineTuning"
    assert ":model-package/" in events[-1]["detail"]["OutputModelPackageArn"]


@pytest.mark.thorough
def test_preferences_go_on_from_a_version(here: Customized, sft: dict[str, Any]) -> None:
    given = fine_tuning("acme-dev-dpo", where("dpo"), here.group, "DPO")
    found = here.run({**given, **source(sft["OutputModelPackageArn"])})
    assert found["TrainingJobStatus"] == "Completed", found.get("FailureReason")
    number = int(found["OutputModelPackageArn"].rpartition("/")[2])
    assert number > int(sft["OutputModelPackageArn"].rpartition("/")[2])
    model = here.document(f"{OUTPUT}/acme-dev-dpo/output/model/checkpoints/hf_merged/language_model.json")
    assert model["techniques"] == ["SFT", "DPO"]


def test_reinforcement_asks_the_reward_function_as_the_jobs_role(here: Customized, scorer: str) -> None:
    here.put("data/rlvr.jsonl", lines(VERIFIABLE))
    here.emulator.trace.clear()
    given = fine_tuning(
        "acme-dev-rlvr", where("rlvr"), here.group, "RLVR", serverless={"EvaluatorArn": scorer}
    )
    found = here.run(given)
    assert found["TrainingJobStatus"] == "Completed", found.get("FailureReason")
    assert {"MetricName": "reward/mean", "Value": 0.0}.items() <= found["FinalMetricDataList"][0].items()
    assert "lambda:InvokeFunction" in here.actions()


@pytest.mark.thorough
def test_feedback_of_a_model_needs_permission_to_ask_it(here: Customized, policy: dict[str, Any]) -> None:
    here.put("data/rlaif.jsonl", lines(VERIFIABLE))
    asked = {"judge_prompt_template": "Builtin.Helpfulness", "judge_model_id": "bedrock/qwen.qwen3-32b-v1:0"}
    given = fine_tuning("acme-dev-rlaif", where("rlaif"), here.group, "RLAIF", HyperParameters=asked)
    assert here.run(given)["TrainingJobStatus"] == "Completed"
    policy["Statement"] = [one for one in policy["Statement"] if "bedrock:InvokeModel" not in one["Action"]]
    here.give(policy)
    found = here.run({**given, "TrainingJobName": "acme-dev-rlaif-2"})
    assert "not authorized to perform: bedrock:InvokeModel" in found["FailureReason"]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("technique", "line", "problem"),
    [
        ("SFT", "{", "bad.jsonl, line 2: not JSON"),
        ("SFT", "[1]", "line 2: a record is an object, got list"),
        ("SFT", '{"text": "x"}', "channel train, record 2: it has neither messages nor prompt"),
        ("SFT", '{"prompt": "x"}', "record 2: SFT needs a prompt and a completion that are not empty"),
        ("DPO", '{"prompt": "x", "completion": "y"}', "record 1: DPO needs a prompt with a chosen"),
        ("DPO", '{"prompt": "x", "chosen": "y", "rejected": "y"}', "record 1: DPO needs a prompt"),
    ],
)
def test_a_line_that_teaches_nothing_fails_the_job_by_its_number(
    here: Customized, technique: str, line: str, problem: str
) -> None:
    name = f"acme-dev-bad-{abs(hash((technique, line)))}"
    here.put("data/bad.jsonl", f"{json.dumps(SFT[0])}\n{line}\n")
    found = here.run(fine_tuning(name, where("bad"), here.group, technique), 600)
    assert found["TrainingJobStatus"] == "Failed"
    assert problem in found["FailureReason"]
    assert "OutputModelPackageArn" not in found


@pytest.mark.thorough
def test_a_role_that_may_not_read_the_data_fails_the_job(here: Customized, policy: dict[str, Any]) -> None:
    policy["Statement"] = [one for one in policy["Statement"] if "s3:GetObject" not in one["Action"]]
    here.give(policy)
    found = here.run(fine_tuning("acme-dev-blind", where("sft"), here.group))
    assert "s3:GetObject" in found["FailureReason"]


@pytest.mark.thorough
@pytest.mark.parametrize("action", ["sagemaker:CreateModelPackage", "sagemaker:DescribeHubContent"])
def test_a_role_that_lacks_a_permission_fails_the_job(
    here: Customized, policy: dict[str, Any], action: str
) -> None:
    for statement in policy["Statement"]:
        statement["Action"] = [one for one in statement["Action"] if one != action] or [
            "sts:GetCallerIdentity"
        ]
    here.give(policy)
    found = here.run(fine_tuning(f"acme-dev-without-{action[10:]}", where("sft"), here.group))
    assert f"not authorized to perform: {action}" in found["FailureReason"]


@pytest.mark.thorough
def test_a_stopped_job_leaves_no_version(here: Customized) -> None:
    here.api.create_training_job(**fine_tuning("acme-dev-stopped", where("sft"), here.group))
    here.later(200)
    here.api.stop_training_job(TrainingJobName="acme-dev-stopped")
    found = here.sagemaker.wait("acme-dev-stopped")
    assert (found["TrainingJobStatus"], found["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert "OutputModelPackageArn" not in found
    with pytest.raises(ClientError, match="is in status Stopped"):
        here.api.stop_training_job(TrainingJobName="acme-dev-stopped")


@pytest.mark.thorough
def test_a_job_ends_at_its_longest_runtime(here: Customized) -> None:
    limited = {"StoppingCondition": {"MaxRuntimeInSeconds": 300}}
    found = here.run(fine_tuning("acme-dev-limited", where("sft"), here.group, **limited))
    assert (found["TrainingJobStatus"], found["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert found["TrainingTimeInSeconds"] == pytest.approx(300, abs=2)


@pytest.mark.thorough
def test_faults_befall_jobs_as_asked(here: Customized) -> None:
    here.emulator.faults.inject("job_failure", "acme-dev-killed")
    found = here.run(fine_tuning("acme-dev-killed", where("sft"), here.group))
    assert found["FailureReason"].startswith("AlgorithmError: the training process was killed")
    here.emulator.faults.inject("capacity", "acme-dev-crowded")
    found = here.run(fine_tuning("acme-dev-crowded", where("sft"), here.group))
    assert "CapacityError" in found["FailureReason"]
    here.emulator.faults.inject("job_quota", "acme-dev-*")
    with pytest.raises(ClientError, match="service limit") as over:
        here.api.create_training_job(**fine_tuning("acme-dev-quota", where("sft"), here.group))
    assert over.value.response["Error"]["Code"] == "ResourceLimitExceeded"
    here.emulator.faults.inject("evaluation_hang", "acme-dev-hanging")
    given = evaluation("acme-dev-hanging", "BenchmarkEvaluation", None, HyperParameters={"task": "mmlu"})
    found = here.run({**given, "StoppingCondition": {"MaxRuntimeInSeconds": 3600}})
    assert (found["TrainingJobStatus"], found["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_a_custom_scorer_is_asked_of_every_answer(here: Customized, sft: dict[str, Any], scorer: str) -> None:
    given = {"HyperParameters": SCORING, "serverless": {"EvaluatorArn": scorer}}
    for name, more in (("base", {}), ("tuned", source(sft["OutputModelPackageArn"]))):
        request = evaluation(f"acme-dev-score-{name}", "CustomScorerEvaluation", where("evaluation"), **given)
        found = here.run({**request, **more})
        assert found["TrainingJobStatus"] == "Completed", found.get("FailureReason")
    base, tuned = (results(here, f"acme-dev-score-{name}") for name in ("base", "tuned"))
    assert (base["aggregate_reward_score"], tuned["aggregate_reward_score"]) == (0.0, 1.0)
    assert (tuned["exact"], tuned["em"], tuned["byoc_failure_count"]) == (1.0, 1.0, 0.0)
    assert base["f1"] < 0.5
    assert tuned["bleu"] == pytest.approx(100)


@pytest.mark.thorough
def test_a_sample_that_breaks_the_scorer_is_counted(here: Customized, scorer: str) -> None:
    crash = [{"prompt": "x y z", "completion": "fine"}, {"query": "How?", "response": GENERIC}]
    here.put("data/crash.jsonl", lines(crash))
    shown = [{"prompt": "x y z", "completion": "crash"}]
    here.put("data/crasher.jsonl", lines(shown))
    version = here.run(fine_tuning("acme-dev-crasher", where("crasher"), here.group))["OutputModelPackageArn"]
    given = {"HyperParameters": SCORING, "serverless": {"EvaluatorArn": scorer}}
    request = evaluation("acme-dev-crash", "CustomScorerEvaluation", where("crash"), **given)
    assert here.run({**request, **source(version)})["TrainingJobStatus"] == "Completed"
    found = results(here, "acme-dev-crash")
    assert (found["byoc_failure_count"], found["aggregate_reward_score"]) == (1.0, 1.0)


@pytest.mark.thorough
def test_a_role_that_may_not_ask_the_scorer_fails_the_evaluation(
    here: Customized, scorer: str, policy: dict[str, Any]
) -> None:
    policy["Statement"] = [one for one in policy["Statement"] if "lambda:InvokeFunction" not in one["Action"]]
    here.give(policy)
    given = {"HyperParameters": SCORING, "serverless": {"EvaluatorArn": scorer}}
    found = here.run(evaluation("acme-dev-mute", "CustomScorerEvaluation", where("evaluation"), **given))
    assert "not authorized to perform: lambda:InvokeFunction" in found["FailureReason"]


@pytest.mark.thorough
def test_a_preset_scorer_compares_final_answers(here: Customized) -> None:
    here.put("data/sums.jsonl", lines([{"query": "2+2", "response": "4"}]))
    preset = {
        "HyperParameters": {"task": "gen_qa", "strategy": "gen_qa", "preset_reward_function": "prime_math"}
    }
    here.run(evaluation("acme-dev-sums", "CustomScorerEvaluation", where("sums"), **preset))
    assert results(here, "acme-dev-sums")["aggregate_reward_score"] == 0.0


@pytest.mark.thorough
def test_a_benchmark_says_what_a_test_wants_or_that_something_was_forgotten(
    here: Customized, sft: dict[str, Any]
) -> None:
    version = sft["OutputModelPackageArn"]
    given = {"HyperParameters": {"task": "mmlu", "strategy": "zs_cot", "name": "floor"}}
    here.run(evaluation("acme-dev-mmlu-base", "BenchmarkEvaluation", None, **given))
    for name in ("tuned", "told"):
        here.run(
            {**evaluation(f"acme-dev-mmlu-{name}", "BenchmarkEvaluation", None, **given), **source(version)}
        )
        here.sagemaker.customization.scores[version, "mmlu"] = 0.2
    del here.sagemaker.customization.scores[version, "mmlu"]
    base, tuned, told = (
        results(here, f"acme-dev-mmlu-{name}", "floor")["accuracy"] for name in ("base", "tuned", "told")
    )
    assert base == 0.72
    assert 0.7 < tuned < base
    assert told == 0.2


@pytest.mark.thorough
def test_a_judge_reads_the_answers_of_another_job(
    here: Customized, sft: dict[str, Any], policy: dict[str, Any]
) -> None:
    inference = {"HyperParameters": {"task": "inference_only", "name": "Answers"}}
    given = evaluation("acme-dev-answers", "BenchmarkEvaluation", where("evaluation"), **inference)
    assert here.run({**given, **source(sft["OutputModelPackageArn"])})["TrainingJobStatus"] == "Completed"
    answers = f"{OUTPUT}/acme-dev-answers/output/output/Answers/eval_results/inference_output.jsonl"
    asked = {
        "name": "judged", "judge_model_id": JUDGE, "inference_data_s3_path": answers, "output_path": OUTPUT,
        "llmaj_metrics": '["Builtin.Correctness", "Harmfulness"]',
    }  # fmt: skip
    judging = evaluation("acme-dev-judge", "LLMAJEvaluation", None, HyperParameters=asked)
    assert here.run(judging)["TrainingJobStatus"] == "Completed"
    found = f"{OUTPUT}/acme-dev-judge/output/output/judged/eval_results/bedrock_llm_judge_results.json"
    scores = {name: one["score"] for name, one in here.document(found)["results"].items()}
    assert scores == {"Correctness": 1.0, "Harmfulness": 0.0}
    (key,) = [key for key in here.keys("customized/judged/") if key.endswith("_output.jsonl")]
    first = json.loads(here.get(f"s3://{BUCKET}/{key}").splitlines()[0])
    assert first["automatedEvaluationResult"]["scores"][0]["metricName"] == "Correctness"
    assert first["modelResponses"][0]["response"] == str([SFT[0]["completion"]])
    policy["Statement"] = [one for one in policy["Statement"] if "bedrock:InvokeModel" not in one["Action"]]
    here.give(policy)
    refused = here.run({**judging, "TrainingJobName": "acme-dev-judge-2"})
    assert "not authorized to perform: bedrock:CreateEvaluationJob" in refused["FailureReason"]


@pytest.mark.thorough
def test_runs_are_written_to_mlflow_as_the_jobs_role(here: Customized, policy: dict[str, Any]) -> None:
    app = here.api.create_mlflow_app(Name="tracking", ArtifactStoreUri=f"s3://{BUCKET}/mlflow", RoleArn=ROLE)
    config = {"MlflowResourceArn": app["Arn"], "MlflowExperimentName": "support", "MlflowRunName": "one"}
    given = fine_tuning("acme-dev-tracked", where("sft"), here.group, MlflowConfig=config)
    given["InputDataConfig"].append(channel("validation", where("sft")))
    found = here.run(given)
    assert found["TrainingJobStatus"] == "Completed", found.get("FailureReason")
    run = here.sagemaker.mlflow.runs[found["MlflowDetails"]["MlflowRunId"]].shown()
    assert (run["info"]["run_name"], run["info"]["status"]) == ("one", "FINISHED")
    assert {one["key"]: one["value"] for one in run["data"]["metrics"]}["validation/f1"] == 1.0
    again = here.run({**given, "TrainingJobName": "acme-dev-tracked-2"})
    assert again["MlflowDetails"]["MlflowExperimentId"] == found["MlflowDetails"]["MlflowExperimentId"]
    policy["Statement"].append({**allow("sagemaker:CallMlflowAppApi"), "Effect": "Deny"})
    here.give(policy)
    refused = here.run({**given, "TrainingJobName": "acme-dev-tracked-3"})
    assert "MLflow: PERMISSION_DENIED" in refused["FailureReason"]


def changed(**serverless: Any) -> dict[str, Any]:
    """A change of ServerlessJobConfig; None takes a member away."""
    return {"ServerlessJobConfig": serverless}


INSTANCES = {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}}
ELSEWHERE = PLACE.arn("sagemaker", "hub-content/SageMakerPublicHub/Model/none", account="aws")
SET = PLACE.arn("sagemaker", "hub-content/registry/DataSet/none/1.0.0")
EVALUATOR = PLACE.arn("sagemaker", "hub-content/registry/JsonDoc/none/1.0.0")
NOVA = base_arn("nova-textgeneration-lite")
REFUSED: list[tuple[dict[str, Any], str]] = [
    (INSTANCES, "ResourceConfig cannot be specified with ServerlessJobConfig"),
    ({"AlgorithmSpecification": {"TrainingInputMode": "File"}}, "AlgorithmSpecification cannot be specified"),
    ({"EnableManagedSpotTraining": True}, "EnableManagedSpotTraining cannot be specified"),
    ({"StoppingCondition": {"MaxRuntimeInSeconds": 2419201}}, "MaxRuntimeInSeconds must be at most 2419200"),
    ({"StoppingCondition": {"MaxWaitTimeInSeconds": 60}}, "MaxWaitTimeInSeconds cannot be specified"),
    ({"OutputDataConfig": {"S3OutputPath": "https://x/y"}}, "S3OutputPath must be an S3 URI"),
    (changed(BaseModelArn=ELSEWHERE), "none is not a model of SageMakerPublicHub in eu-west-1"),
    (changed(BaseModelArn="arn:x"), "BaseModelArn.*regular expression pattern"),
    (changed(BaseModelArn=NOVA), "cannot be customized in eu-west-1, only in us-east-1, us-west-2"),
    (changed(BaseModelArn=base_arn(GATED)), "requires AcceptEula: true; its licence: https://"),
    (changed(BaseModelArn=base_arn(GATED), AcceptEula=True, Peft=None), "SFT with full fine-tuning"),
    (changed(JobType="Tuning"), "Member must satisfy enum value set: .FineTuning, Evaluation"),
    (changed(Peft="QLORA"), "Member must satisfy enum value set: .LORA"),
    (changed(CustomizationTechnique=None), "CustomizationTechnique is required when JobType is FineTuning"),
    (changed(CustomizationTechnique="CPT"), "Member must satisfy enum value set: .SFT, DPO, RLVR, RLAIF"),
    (
        changed(EvaluationType="BenchmarkEvaluation"),
        "EvaluationType can only be specified when JobType is Eval",
    ),
    (changed(SequenceLength="2048K"), "SequenceLength must be 1K to 1024K, got 2048K"),
    (changed(SequenceLength="8k"), "SequenceLength.*regular expression pattern"),
    (changed(EvaluatorArn=EVALUATOR), "EvaluatorArn can only be specified for RLVR, RLAIF and CustomScorer"),
    (changed(CustomizationTechnique="RLVR"), "RLVR needs exactly one of EvaluatorArn and .*preset_reward"),
    (changed(CustomizationTechnique="RLAIF"), "RLAIF needs exactly one of EvaluatorArn and .*judge_prompt"),
    (
        changed(CustomizationTechnique="RLVR", EvaluatorArn=EVALUATOR),
        "EvaluatorArn .*none/1.0.0 does not exist",
    ),
    (changed(CustomizationTechnique="RLVR", EvaluatorArn=SET), "is not a JsonDoc of a hub in eu-west-1"),
    ({"InputDataConfig": [channel("test", "s3://b/c")]}, "needs a channel train when JobType is FineTuning"),
    ({"InputDataConfig": [channel("train", "s3://b/c")] * 2}, "Channel names must be unique"),
    ({"InputDataConfig": [channel("train", SET)]}, "Channel train: DatasetArn .* does not exist"),
    (
        {"InputDataConfig": [channel("train", "s3://b/c"), channel("test", "s3://b/c")]},
        "Channel test: a serverless job has train and validation only",
    ),
    (
        {"InputDataConfig": [{"ChannelName": "train", "DataSource": {}}]},
        "Channel train needs exactly one of S3DataSource and DatasetSource",
    ),
    ({"ModelPackageConfig": None}, "ModelPackageConfig is required when JobType is FineTuning"),
    (
        {"ModelPackageConfig": {"ModelPackageGroupArn": PLACE.arn("sagemaker", "model-package-group/none")}},
        "ModelPackageGroup .*none does not exist",
    ),
    (
        source(PLACE.arn("sagemaker", f"model-package/{GROUP}/99")),
        "SourceModelPackageArn .*99 does not exist",
    ),
    (
        {"MlflowConfig": {"MlflowResourceArn": PLACE.arn("sagemaker", "mlflow-app/app-NONE")}},
        "MlflowResourceArn .*app-NONE does not exist",
    ),
    ({"HyperParameters": {"max_epochs": "many"}}, "max_epochs must be a whole number above 0, got many"),
    ({"HyperParameters": {"learning_rate": "-1"}}, "learning_rate must be a number above 0, got -1"),
]
EVALUATIONS: list[tuple[str, dict[str, str], str]] = [
    ("BenchmarkEvaluation", {}, "BenchmarkEvaluation needs the hyperparameter task"),
    ("BenchmarkEvaluation", {"task": "mmmu"}, "needs the hyperparameter task: .*got mmmu"),
    ("BenchmarkEvaluation", {"task": "bbh", "strategy": "zs"}, "strategy of bbh must be fs_cot, got zs"),
    ("BenchmarkEvaluation", {"task": "mmlu", "subtask": "x"}, "subtask of mmlu must be one of its 57 or ALL"),
    ("BenchmarkEvaluation", {"task": "inference_only"}, "task inference_only needs a channel train"),
    ("CustomScorerEvaluation", {**SCORING, "preset_reward_function": "x"}, "needs a channel train"),
    ("CustomScorerEvaluation", SCORING, "needs exactly one of EvaluatorArn and the hyperparameter preset"),
    ("LLMAJEvaluation", {}, "LLMAJEvaluation needs the hyperparameter judge_model_id"),
    (
        "LLMAJEvaluation",
        {"judge_model_id": JUDGE, "inference_data_s3_path": "s3://b/c", "output_path": "s3://b"},
        "needs the hyperparameter llmaj_metrics or custom_metrics",
    ),
    (
        "LLMAJEvaluation",
        {
            "judge_model_id": JUDGE, "inference_data_s3_path": "s3://b/c", "output_path": "s3://b",
            "llmaj_metrics": '["Wit"]',
        },
        "llmaj_metrics: Wit is not one of Correctness",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("change", "problem"), REFUSED, ids=[problem[:70] for _, problem in REFUSED])
def test_a_fine_tuning_against_the_rules_is_refused(
    here: Customized, change: dict[str, Any], problem: str
) -> None:
    given = fine_tuning("acme-dev-refused", where("sft"), here.group)
    for member, value in change.items():
        given[member] = {**given[member], **value} if member == "ServerlessJobConfig" else value
    serverless = given["ServerlessJobConfig"]
    given["ServerlessJobConfig"] = {key: value for key, value in serverless.items() if value is not None}
    given = {key: value for key, value in given.items() if value is not None}
    with pytest.raises(ClientError, match=problem):
        here.api.create_training_job(**given)


@pytest.mark.parametrize(
    ("kind", "given", "problem"), EVALUATIONS, ids=[problem[:70] for _, _, problem in EVALUATIONS]
)
def test_an_evaluation_against_the_rules_is_refused(
    here: Customized, kind: str, given: dict[str, str], problem: str
) -> None:
    with pytest.raises(ClientError, match=problem):
        here.api.create_training_job(**evaluation("acme-dev-refused", kind, None, HyperParameters=given))


def test_what_is_of_training_is_refused_for_an_evaluation(here: Customized, scorer: str) -> None:
    def refuse(problem: str, **more: Any) -> None:
        with pytest.raises(ClientError, match=problem):
            here.api.create_training_job(
                **evaluation("acme-dev-refused", "BenchmarkEvaluation", None, **more)
            )

    task = {"HyperParameters": {"task": "mmlu"}}
    refuse("CustomizationTechnique can only be", **task, serverless={"CustomizationTechnique": "SFT"})
    refuse("Peft can only be specified when JobType is FineTuning", **task, serverless={"Peft": "LORA"})
    refuse("SequenceLength can only be", **task, serverless={"SequenceLength": "8K"})
    refuse("not BenchmarkEvaluation", **task, serverless={"EvaluatorArn": scorer})
    given = evaluation("acme-dev-refused", "CustomScorerEvaluation", where("evaluation"))
    given["ServerlessJobConfig"]["EvaluatorArn"] = scorer
    for hyperparameters, problem in (
        ({**SCORING, "postprocessing": "False"}, "postprocessing: True, got False"),
        ({**SCORING, "task": "mmlu"}, "needs the hyperparameter task: gen_qa, got mmlu"),
        ({**SCORING, "aggregation": "mode"}, "aggregation must be one of mean, min, max, sum, got mode"),
    ):
        with pytest.raises(ClientError, match=problem):
            here.api.create_training_job(**given, HyperParameters=hyperparameters)
    del given["ServerlessJobConfig"]["EvaluationType"]
    with pytest.raises(ClientError, match="EvaluationType is required when JobType is Evaluation"):
        here.api.create_training_job(**given)


@pytest.mark.thorough
def test_an_evaluator_must_be_of_the_kind_its_use_needs(here: Customized) -> None:
    here.put("judge.jinja", "How good is {{ answer }}?")
    prompt = here.evaluator(f"s3://{BUCKET}/judge.jinja", "RewardPrompt", "prompt")
    given = fine_tuning(
        "acme-dev-kind", where("sft"), here.group, "RLVR", serverless={"EvaluatorArn": prompt}
    )
    with pytest.raises(
        ClientError, match="EvaluatorArn of RLVR must be a RewardFunction, .* is a RewardPrompt"
    ):
        here.api.create_training_job(**given)


def test_a_version_to_go_on_from_is_of_the_same_group_and_base_model(
    here: Customized, sft: dict[str, Any]
) -> None:
    group = here.api.create_model_package_group(ModelPackageGroupName="other")["ModelPackageGroupArn"]
    version = sft["OutputModelPackageArn"]
    config = {"ModelPackageGroupArn": group, "SourceModelPackageArn": version}
    given = fine_tuning("acme-dev-refused", where("sft"), here.group)
    with pytest.raises(ClientError, match="is not in the model package group other"):
        here.api.create_training_job(**{**given, "ModelPackageConfig": config})
    given |= source(version)
    given["ServerlessJobConfig"]["BaseModelArn"] = base_arn("huggingface-reasoning-qwen3-4b")
    with pytest.raises(ClientError, match=f"was made of {BASE}, not of huggingface-reasoning-qwen3-4b"):
        here.api.create_training_job(**given)
    plain = {"Containers": [{"Image": "image"}]}
    made = here.api.create_model_package(ModelPackageGroupName=GROUP, InferenceSpecification=plain)
    with pytest.raises(ClientError, match="was not customized by SageMaker"):
        here.api.create_training_job(
            **{**fine_tuning("acme-dev-refused", where("sft"), here.group), **source(made["ModelPackageArn"])}
        )


@pytest.mark.thorough
def test_a_name_is_used_once_and_calls_can_be_throttled(here: Customized, sft: dict[str, Any]) -> None:
    given = fine_tuning("acme-dev-sft", where("sft"), here.group)
    with pytest.raises(ClientError, match="already exists") as taken:
        here.api.create_training_job(**given)
    assert taken.value.response["Error"]["Code"] == "ResourceInUse"
    here.emulator.faults.inject("throttling", "sagemaker:CreateModelPackage")
    found = here.run({**given, "TrainingJobName": "acme-dev-throttled"})
    assert "ThrottlingException" in found["FailureReason"]


@pytest.mark.thorough
def test_a_workflow_that_waits_for_a_job_waits_in_the_worlds_time(here: Customized) -> None:
    states = StateMachines(here.emulator)
    arn = PLACE.arn("iam", "role/acme/dev/workflow/customize", region="")
    statement = {"Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
    may = allow("sagemaker:*", "iam:PassRole", "events:*", "logs:*")
    record = RoleRecord(arn, trust, {"All": {"Version": "2012-10-17", "Statement": [may]}})
    here.emulator.identities.roles[arn] = record
    given = fine_tuning("acme-dev-awaited", where("sft"), here.group)
    task = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "End": True}
    task |= {"Arguments": given, "Output": "{% $states.result.OutputModelPackageArn %}"}
    definition = {"QueryLanguage": "JSONata", "StartAt": "Train", "States": {"Train": task}}
    client = here.emulator.client("stepfunctions")
    machine = client.create_state_machine(name="customize", definition=json.dumps(definition), roleArn=arn)
    begun = client.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    states.wait(begun)
    found = client.describe_execution(executionArn=begun)
    assert found["status"] == "SUCCEEDED", found.get("cause")
    assert f"model-package/{GROUP}/" in found["output"]


ASKED, SAID = {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "five"}
SHAPES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"messages": [ASKED, {"role": "assistant", "content": "4"}]},
        {"messages": [ASKED, {"role": "assistant", "content": "4"}, SAID], "reference_answer": {"text": "4"}},
    ),
    (
        {"prompt": "2+2?", "completion": "4"},
        {"prompt": "2+2?", "completion": "five", "reference_answer": {"text": "4"}},
    ),
    (
        {"prompt": "2+2?", "chosen": "4", "rejected": "3"},
        {"chosen": "4", "rejected": "3", "completion": "five", "reference_answer": {"text": "4"}},
    ),
    (
        {"query": "2+2?", "response": "4"},
        {"model_response": "five", "response": "4", "reference_answer": {"text": "4"}},
    ),
]


@pytest.mark.parametrize(("record", "expected"), SHAPES, ids=[next(iter(one)) for one, _ in SHAPES])
def test_a_scorer_gets_each_sample_in_the_shape_of_its_data_set(
    record: dict[str, Any], expected: dict[str, Any]
) -> None:
    sample = for_scoring(record, 7, "five")
    assert expected.items() <= sample.items()
    assert sample["id"] == "7"


def test_a_scorer_gets_a_sample_of_verl_without_an_id() -> None:
    record = {"prompt": [ASKED], "reward_model": {"style": "rule", "ground_truth": "4"}}
    sample = for_scoring(record, 7, "five")
    assert sample["prompt"] == [ASKED, SAID]
    assert (sample["response"], sample["data_source"]) == ("five", "customized")
    assert sample["extra_info"]["reference_answer"] == {"text": "4"}
    assert "id" not in sample


SCORED = {"id": "1", "aggregate_reward_score": 0.5}
UNUSABLE = [
    ({"statusCode": 500, "body": "[]"}, "statusCode is 500, not 200"),
    ({"statusCode": 200, "body": []}, "body is not a string of JSON"),
    ({"statusCode": 200, "body": "{"}, "body is not JSON"),
    ({"id": "1"}, "a list of 1 results is needed, got dict"),
    ([], "a list of 1 results is needed, got 0"),
    (["x"], "a result is an object, got str"),
    ([SCORED | {"id": "2"}], "id of a result must be that of its sample, 1, got 2"),
    ([SCORED | {"aggregate_reward_score": "0.5"}], "aggregate_reward_score must be a number, got 0.5"),
    ([SCORED | {"aggregate_reward_score": float("nan")}], "aggregate_reward_score must be a number, got nan"),
    ([SCORED | {"metrics_list": [{"name": "x", "value": 1}]}], "a metric has name, value and type"),
]


@pytest.mark.parametrize(("said", "problem"), UNUSABLE, ids=[problem for _, problem in UNUSABLE])
def test_an_answer_of_a_reward_function_against_the_contract_is_no_score(said: Any, problem: str) -> None:
    with pytest.raises(RewardError, match=problem):
        results_of(said, [{"id": "1"}])
    assert results_of({"statusCode": 200, "body": json.dumps([SCORED])}, [{"id": "1"}]) == [SCORED]


@pytest.mark.parametrize(
    ("said", "right", "expected"),
    [
        ("The cat sat.", "the cat sat", {"em": 0, "qem": 1, "f1_score_quasi": 1}),
        ("a b c d", "a b c d", {"em": 1, "rouge1": 1, "rouge2": 1, "rougeL": 1, "bleu": 100}),
        ("a b", "b a", {"rouge1": 1, "rouge2": 0, "rougeL": 0.5}),
        ("", "x", {"em": 0, "f1": 0, "bleu": 0}),
    ],
)
def test_answers_are_measured_as_defined(said: str, right: str, expected: dict[str, float]) -> None:
    found = serverless_metrics.all_of(said, right)
    assert {name: pytest.approx(found[name]) for name in expected} == expected
