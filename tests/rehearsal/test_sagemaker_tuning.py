"""Tuning jobs of the rehearsal: trials that train, and the search over their hyperparameters."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from rehearsed_account import (
    BUCKET,
    ROLE,
    SCIKIT_LEARN,
    XGBOOST,
    Account,
    account,
    channel,
    script_mode,
)

from rehearsal.sagemaker.early_stopping import MedianStopping
from rehearsal.sagemaker.search import Range, Search, Trial, grid, ranges, rungs

pytestmark = pytest.mark.thorough

SCRIPT = """
import argparse, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--depth", type=int, default=0)
parser.add_argument("--shape", default="round")
parser.add_argument("--epochs", type=int, default=1)
given = parser.parse_args()
for epoch in range(given.epochs):
    print(f"validation:score={given.depth + epoch / 100};")
pathlib.Path(os.environ["SM_MODEL_DIR"], "depth").write_text(str(given.depth))
"""
DEPTH = {"IntegerParameterRanges": [{"Name": "depth", "MinValue": "1", "MaxValue": "9"}]}


@pytest.fixture(scope="module")
def here() -> Iterator[Account]:
    with account() as found:
        found.put("data/train/a.csv", "1\n")
        found.source("tuned", {"train.py": SCRIPT})
        yield found


def tuning(name: str, strategy: str = "Random", space: Any = None, **config: Any) -> dict[str, Any]:
    metric = [{"Name": "validation:score", "Regex": "validation:score=([0-9.]+);"}]
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": strategy,
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:score"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": DEPTH if space is None else space,
            **config,
        },
        "TrainingJobDefinition": {
            "StaticHyperParameters": script_mode(),
            "AlgorithmSpecification": {
                "TrainingImage": SCIKIT_LEARN,
                "TrainingInputMode": "File",
                "MetricDefinitions": metric,
            },
            "RoleArn": ROLE,
            "InputDataConfig": [
                channel("train", f"s3://{BUCKET}/data/train/"),
                channel("code", f"s3://{BUCKET}/source/tuned/"),
            ],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models/"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "EnableNetworkIsolation": True,
        },
    }


def tuned(here: Account, request: dict[str, Any]) -> dict[str, Any]:
    here.api.create_hyper_parameter_tuning_job(**request)
    return here.sagemaker.wait(request["HyperParameterTuningJobName"])


def trials(here: Account, name: str) -> list[dict[str, Any]]:
    found = here.api.list_training_jobs_for_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    return list(found["TrainingJobSummaries"])


def test_the_best_of_trials_that_really_train_is_found(here: Account) -> None:
    job = tuned(here, tuning("best"))
    assert job["HyperParameterTuningJobStatus"] == "Completed", job.get("FailureReason")
    assert job["TrainingJobStatusCounters"]["Completed"] == 4
    assert job["ObjectiveStatusCounters"]["Succeeded"] == 4
    depths = [int(trial["TunedHyperParameters"]["depth"]) for trial in trials(here, "best")]
    best = job["BestTrainingJob"]
    assert best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == max(depths)
    model = here.api.describe_training_job(TrainingJobName=best["TrainingJobName"])
    assert model["TuningJobArn"] == job["HyperParameterTuningJobArn"]
    assert here.keys(f"models/{best['TrainingJobName']}/output/model.tar.gz")


def test_trials_are_named_after_their_tuning_job_and_repeat_with_its_name(here: Account) -> None:
    tuned(here, tuning("named", ResourceLimits={"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 1}))
    names = sorted(trial["TrainingJobName"] for trial in trials(here, "named"))
    assert [name[: len("named-001-")] for name in names] == ["named-001-", "named-002-"]
    assert all(len(name) == len("named-001-") + 8 for name in names)


def test_a_grid_is_searched_completely(here: Account) -> None:
    space = {"CategoricalParameterRanges": [{"Name": "shape", "Values": ["round", "square", "flat"]}]}
    limits = {"MaxParallelTrainingJobs": 2}
    assert tuned(here, tuning("grid", "Grid", space, ResourceLimits=limits))["BestTrainingJob"]
    assert {t["TunedHyperParameters"]["shape"] for t in trials(here, "grid")} == {"round", "square", "flat"}


def test_hyperband_gives_more_of_the_resource_to_fewer_trials(here: Account) -> None:
    epochs = {"Name": "epochs", "MinValue": "1", "MaxValue": "9"}
    space = {"IntegerParameterRanges": [*DEPTH["IntegerParameterRanges"], epochs]}
    job = tuned(here, tuning("band", "Hyperband", space, ResourceLimits={
        "MaxNumberOfTrainingJobs": 13, "MaxParallelTrainingJobs": 2}))  # fmt: skip
    assert job["HyperParameterTuningJobStatus"] == "Completed", job.get("FailureReason")
    counts = [int(t["TunedHyperParameters"]["epochs"]) for t in trials(here, "band")]
    assert counts.count(1) > counts.count(3) > counts.count(9) == 1


def test_a_warm_start_takes_over_what_its_parents_saw(here: Account) -> None:
    one = {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1}
    tuned(here, tuning("parent", ResourceLimits=one))
    request = tuning("child", "Bayesian", ResourceLimits=one)
    request["WarmStartConfig"] = {
        "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "parent"}],
        "WarmStartType": "IdenticalDataAndAlgorithm",
    }
    assert tuned(here, request)["HyperParameterTuningJobStatus"] == "Completed"
    assert len(here.sagemaker.observations("child")) == 2


def test_a_target_value_ends_the_search_early(here: Account) -> None:
    criteria = {"TargetObjectiveMetricValue": 1.0}
    tuned(here, tuning("enough", TuningJobCompletionCriteria=criteria, ResourceLimits={
        "MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 1}))  # fmt: skip
    assert len(trials(here, "enough")) == 1


def test_a_tuning_job_without_any_objective_fails_and_says_why(here: Account) -> None:
    request = tuning("blind", ResourceLimits={"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1})
    request["TrainingJobDefinition"]["AlgorithmSpecification"]["MetricDefinitions"][0]["Regex"] = "none=(.*)"
    job = tuned(here, request)
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert "No objective metrics found after running 1 training jobs" in job["FailureReason"]


def test_the_built_in_algorithm_is_tuned_by_a_predefined_metric(here: Account) -> None:
    here.put("xgb/train/train.csv", "".join(f"{int(v > 50)},{v},{v % 3}\n" for v in range(100)))
    data = f"s3://{BUCKET}/xgb/train/"
    space = {"ContinuousParameterRanges": [{"Name": "eta", "MinValue": "0.01", "MaxValue": "0.3"}]}
    request = tuning("xgb", "Bayesian", space, TrainingJobEarlyStoppingType="Auto", ResourceLimits={
        "MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 2})  # fmt: skip
    objective = {"Type": "Minimize", "MetricName": "validation:logloss"}
    request["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"] = objective
    request["TrainingJobDefinition"] |= {
        "StaticHyperParameters": {"objective": "binary:logistic", "num_round": "5"},
        "AlgorithmSpecification": {"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
        "InputDataConfig": [
            channel("train", data, ContentType="text/csv"),
            channel("validation", data, ContentType="text/csv"),
        ],
    }
    job = tuned(here, request)
    assert job["HyperParameterTuningJobStatus"] == "Completed", job.get("FailureReason")
    assert 0 < job["BestTrainingJob"]["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] < 0.7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Strategy": "Hyperband", "TrainingJobEarlyStoppingType": "Auto"}, "must be Off"),
        ({"Strategy": "Grid"}, "only categorical"),
        (
            {"ResourceLimits": {"MaxParallelTrainingJobs": 1, "MaxRuntimeInSeconds": 15768001}},
            "less than or equal to 15768000",
        ),
    ],
)
def test_a_tuning_request_that_the_service_refuses_is_refused_here(
    here: Account, change: dict[str, Any], message: str
) -> None:
    request = tuning("refused")
    request["HyperParameterTuningJobConfig"] |= change
    with pytest.raises(ClientError, match=message):
        here.api.create_hyper_parameter_tuning_job(**request)


def test_a_tuning_name_has_at_most_32_characters(here: Account) -> None:
    with pytest.raises(ClientError, match="less than or equal to 32"):
        here.api.create_hyper_parameter_tuning_job(**tuning("a" * 33))


SPACE = [
    Range("integer", low=2, high=8, integer=True),
    Range("rate", low=0.001, high=0.9, scale="Logarithmic"),
    Range("keep", low=0.1, high=0.99, scale="ReverseLogarithmic"),
    Range("shape", choices=("round", "square")),
]


@given(st.sampled_from(["Random", "Bayesian"]), st.text(max_size=5), st.booleans())
def test_a_search_stays_within_its_ranges(strategy: str, seed: str, maximize: bool) -> None:
    search = Search(strategy, SPACE, seed, maximize=maximize)
    seen: list[Trial] = []
    for number in range(12):
        values = search.next(seen)
        assert values is not None
        assert 2 <= int(values["integer"]) <= 8
        assert 0.001 <= float(values["rate"]) <= 0.9
        assert 0.1 <= float(values["keep"]) <= 0.99
        assert values["shape"] in ("round", "square")
        seen.append(Trial(values, number))


def test_a_search_repeats_with_the_same_seed() -> None:
    first, second = (Search("Random", SPACE, "seed", maximize=True) for _ in range(2))
    assert [first.next([]) for _ in range(5)] == [second.next([]) for _ in range(5)]


def test_the_search_called_bayesian_comes_nearer_to_the_best() -> None:
    space = [Range("x", low=0.0, high=1.0)]

    def best(strategy: str, seed: int) -> float:
        search, seen = Search(strategy, space, str(seed), maximize=True), list[Trial]()
        for _ in range(30):
            values = search.next(seen) or {}
            seen.append(Trial(values, -abs(float(values["x"]) - 0.731)))
        return max(trial.objective for trial in seen)

    better = [best("Bayesian", seed) - best("Random", seed) for seed in range(30)]
    assert sum(better) > 0


@given(st.integers(1, 60), st.integers(1, 5), st.integers(6, 90))
def test_hyperband_ends_with_the_whole_resource(limit: int, low: int, high: int) -> None:
    found = rungs(limit, low, high)
    assert found[-1][1] == high
    assert [count for count, _ in found] == sorted((count for count, _ in found), reverse=True)
    assert all(low <= resource <= high for _, resource in found)


def test_a_grid_has_every_combination() -> None:
    space = ranges(
        {
            "CategoricalParameterRanges": [
                {"Name": "a", "Values": ["1", "2"]},
                {"Name": "b", "Values": ["x", "y"]},
            ]
        }
    )
    assert list(grid(space)) == [{"a": a, "b": b} for a, b in itertools.product("12", "xy")]


def test_a_trial_below_the_median_of_the_others_is_stopped() -> None:
    rule = MedianStopping(maximize=True)
    rule.add([0.5, 0.6])
    assert not rule.worse([0.1])
    rule.add([0.7, 0.8])
    assert rule.worse([0.4, 0.5])
    assert not rule.worse([0.6, 0.9])


def test_a_trial_that_was_stopped_early_is_not_the_best(here: Account) -> None:
    script = SCRIPT.replace("print(", "import time; time.sleep(0.1 * (given.depth == 9)); print(", 1)
    here.source("worse", {"train.py": script.replace("given.depth +", "10 - given.depth - ")})
    depths = {"CategoricalParameterRanges": [{"Name": "depth", "Values": ["1", "2", "9"]}]}
    limits = {"MaxParallelTrainingJobs": 1}
    request = tuning("early", "Grid", depths, TrainingJobEarlyStoppingType="Auto", ResourceLimits=limits)
    request["TrainingJobDefinition"]["StaticHyperParameters"] |= {"epochs": "100"}
    request["TrainingJobDefinition"]["InputDataConfig"][1] = channel("code", f"s3://{BUCKET}/source/worse/")
    job = tuned(here, request)
    assert job["TrainingJobStatusCounters"] == {
        "Completed": 2,
        "Stopped": 1,
        "InProgress": 0,
        "RetryableError": 0,
        "NonRetryableError": 0,
    }
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"depth": "1"}
