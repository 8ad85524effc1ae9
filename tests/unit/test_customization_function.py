"""The function of the workflow customize: budgets that add up, versions of assets, results that count."""

import dataclasses
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from customization import assets, budget, costs, handler, results, training
from customization.aws_registry import AiRegistry
from customization.call import Call
from customization.costs import Bill
from customization.errors import CustomizationBudgetSpent, CustomizationRefused, EvaluationFailed
from customization.ports import Job, World
from customization_spend import total
from quality_gate import logic
from run_admission.handler import handler as admit
from run_admission.logic import InvalidInput
from s3_documents import ConflictError

EXECUTION = {
    "Id": "arn:aws:states:us-east-1:111111111111:execution:acme-dev-m-customize:one",
    "Name": "one",
    "StartTime": "2026-11-30T23:59:59.123Z",
}


class Memory:
    """Objects in memory, with ETags; ``before`` happens ahead of the next conditional write."""

    def __init__(self, **objects: Any) -> None:
        self.objects: dict[str, tuple[Any, str]] = {}
        self.before: list[Any] = []
        for uri, value in objects.items():
            self.write(uri, value)

    def read(self, uri: str) -> tuple[Any, str] | None:
        found = self.objects.get(uri)
        return (json.loads(json.dumps(found[0])), found[1]) if found else None

    def write(self, uri: str, value: Any) -> None:
        number = int(self.objects[uri][1]) + 1 if uri in self.objects else 1
        self.objects[uri] = (value, str(number))

    def swap(self, uri: str, value: Any, etag: str | None) -> None:
        if self.before:
            self.before.pop()()
        if (self.objects[uri][1] if uri in self.objects else None) != etag:
            raise ConflictError(uri)
        self.write(uri, value)

    def put(self, uri: str, content: bytes, content_type: str) -> None:
        self.objects[uri] = (content, "1")

    def below(self, uri: str) -> list[str]:
        return sorted(one for one in self.objects if one.startswith(uri))


class Described:
    """Jobs that are described and nothing else."""

    def __init__(self, jobs: dict[str, Job]) -> None:
        self._jobs = jobs

    def describe(self, name: str) -> Job | None:
        return self._jobs.get(name)

    def create(self, request: Mapping[str, Any]) -> bool:
        raise AssertionError(request)

    def stop(self, name: str) -> None:
        raise AssertionError(name)


SPEND = "s3://b/customization/m/spend/2026-11.json"


def call(files: Memory, run: str = "aaaaaaaaaaaaaaaa", usd: int = 60, most: int = 100) -> Call:
    literal = {
        "Model": "m",
        "BudgetUsd": most,
        "RunCharacters": 16,
        "Places": {"Spend": "s3://b/customization/m/spend/"},
        "Techniques": {"sft": {"SpendUsd": usd, "UsdPerMillionTokens": None}},
    }
    nothing: Any = None
    event = {"Run": {"RunId": run, "Technique": "sft"}, "Execution": EXECUTION, "Customization": literal}
    return Call(event, World(files, nothing, nothing, nothing, nothing, nothing))


def test_an_estimate_is_counted_once_however_often_it_is_reserved() -> None:
    files = Memory()
    for _ in range(3):
        budget.reserve(call(files))
    ledger = files.objects[SPEND][0]
    assert total(ledger["Runs"]) == 60
    assert ledger["Runs"]["aaaaaaaaaaaaaaaa"]["State"] == "reserved"
    assert files.objects[SPEND][1] == "1"


def test_what_has_no_room_is_refused_with_the_sums_and_changes_nothing() -> None:
    files = Memory()
    budget.reserve(call(files))
    with pytest.raises(CustomizationBudgetSpent) as refused:
        budget.reserve(call(files, "bbbbbbbbbbbbbbbb", usd=41))
    assert str(refused.value) == (
        "sft of m may cost 41 US dollars (spend_usd), but 60 of 100 (monthly_budget_usd) are taken in "
        f"2026-11 by 1 runs; see {SPEND}"
    )
    assert files.objects[SPEND][1] == "1"
    budget.reserve(call(files, "bbbbbbbbbbbbbbbb", usd=40))


def test_two_runs_at_once_never_spend_the_same_money() -> None:
    files = Memory()
    files.before.append(lambda: budget.reserve(call(files, "bbbbbbbbbbbbbbbb")))
    with pytest.raises(CustomizationBudgetSpent):
        budget.reserve(call(files))
    assert set(files.objects[SPEND][0]["Runs"]) == {"bbbbbbbbbbbbbbbb"}


def test_an_estimate_is_given_back_only_if_no_job_was_created() -> None:
    files = Memory()
    for run, billed in (("a" * 16, None), ("b" * 16, Bill(7, None, None))):
        budget.reserve(call(files, run, usd=50))
        told = [budget.settle(call(files, run), billed) for _ in range(2)]
        assert told[0] == told[1]
    runs = files.objects[SPEND][0]["Runs"]
    assert [(one["State"], one["Usd"], one.get("Tokens")) for one in runs.values()] == [
        ("given back", 0, None),
        ("spent", 50, 7),
    ]
    assert told[0] == [
        "Cost: 50 US dollars, as estimated (spend_usd), 7 tokens of training; "
        "50 of 100 US dollars of 2026-11 are taken"
    ]


def test_what_is_billed_takes_the_place_of_the_estimate_where_it_is_known() -> None:
    files = Memory()
    budget.reserve(call(files))
    told = budget.settle(call(files), Bill(1_000_000, 200_000, 23))
    entry = files.objects[SPEND][0]["Runs"]["a" * 16]
    assert (entry["Usd"], entry["Estimate"], entry["EvaluationTokens"]) == (23, 60, 200_000)
    assert told == [
        "Cost: 23 US dollars, estimated were 60, 1,000,000 tokens of training, 200,000 tokens of evaluation; "
        "23 of 100 US dollars of 2026-11 are taken"
    ]
    budget.reserve(call(files, "b" * 16, usd=77))
    with pytest.raises(CustomizationBudgetSpent):
        budget.reserve(call(files, "c" * 16, usd=1))


def test_a_job_that_cost_more_than_its_estimate_leaves_less_for_the_next() -> None:
    files = Memory()
    budget.reserve(call(files, usd=10))
    budget.settle(call(files), Bill(9, 0, 95))
    with pytest.raises(CustomizationBudgetSpent):
        budget.reserve(call(files, "b" * 16, usd=6))


@pytest.mark.parametrize(
    ("trained", "evaluated", "usd"),
    [
        (2_000_000, [100_000, 400_000], 17),  # 2 times 8 and half of 1.5, rounded up
        (1_000_000, [], 8),
        (None, [1], None),
        (1_000_000, [1, None], None),
    ],
)
def test_a_bill_is_known_only_if_every_job_tells_its_tokens(
    trained: int | None, evaluated: list[int | None], usd: int | None
) -> None:
    jobs = [
        Job(f"m-eval-{at}", "", "Completed", "", "", "", None, one) for at, one in enumerate(evaluated, 1)
    ]
    asked = call(Memory())
    asked.world = dataclasses.replace(asked.world, jobs=Described({job.name: job for job in jobs}))
    technique = {"UsdPerMillionTokens": {"Training": 8, "Evaluation": 1.5}}
    requests = [{"TrainingJobName": f"m-<Subject>-{at}"} for at in (1, 2)]
    literal = {**asked.literal, "Techniques": {"sft": technique}, "Measurements": [{"Requests": requests}]}
    asked.event = {**asked.event, "Customization": literal}
    training = Job("m", "", "Completed", "", "", "", None, trained)
    assert costs.bill(asked, training).usd == usd
    unpriced = {**literal, "Techniques": {"sft": {"UsdPerMillionTokens": None}}}
    asked.event = {**asked.event, "Customization": unpriced}
    assert costs.bill(asked, training).usd is None


def test_a_run_that_never_reserved_has_nothing_to_settle() -> None:
    files = Memory()
    assert budget.settle(call(files), Bill(None, None, None)) == []
    assert files.objects == {}


def test_a_month_that_others_never_stop_changing_is_tried_again_later() -> None:
    files = Memory()
    files.before = [lambda: files.write(SPEND, {"Runs": {}})] * 100
    with pytest.raises(ConflictError):
        budget.reserve(call(files))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9999), st.integers(0, 9999)), min_size=1))
def test_a_version_comes_after_every_other_and_has_four_digits_at_most(found: list[tuple[int, ...]]) -> None:
    following = assets.following([".".join(map(str, one)) for one in found])
    parts = tuple(int(part) for part in following.split("."))
    assert parts > max(found)
    assert max(parts) <= 9999
    assert assets.following([]) == "1.0.0"


@pytest.mark.parametrize(
    ("code", "ends"),
    [
        ("ResourceInUse", nullcontext()),
        ("ValidationException", pytest.raises(CustomizationRefused, match="refuses data 1.0.0: no")),
        ("ThrottlingException", pytest.raises(ClientError)),
    ],
)
def test_a_version_that_another_run_imports_first_is_no_error(
    code: str, ends: AbstractContextManager[Any]
) -> None:
    sdk: Any = boto3
    sagemaker = sdk.client("sagemaker", region_name="us-east-1")
    with Stubber(sagemaker) as stub, ends:
        stub.add_client_error("import_hub_content", code, "no")
        AiRegistry(sagemaker, "hub").add("DataSet", "data", "1.0.0", {}, keywords=[])


TRANSITIONS = ("Wait", "What is next?", "Follow", "What is next?")
"""Of each look at a job: Step Functions bills a standard workflow by the transition."""


@pytest.mark.parametrize(
    ("hours", "most"), [(0.25, 75), (8, 350), (28 * 24, 3_100)], ids=["short", "a night", "the longest"]
)
def test_the_longer_a_job_runs_the_rarer_it_is_looked_at(hours: float, most: int) -> None:
    waited = looks = 0
    while waited < hours * 3_600:
        waited += training.interval(waited)
        looks += 1
    assert looks * len(TRANSITIONS) <= most
    assert waited <= hours * 3_600 * 1.06
    assert training.interval(0) == 60


RESULT = {"File": "results_", "Path": ["all"], "Metrics": {"scorer:reward": "aggregate_reward_score"}}
REQUEST = {
    "TrainingJobName": "job",
    "OutputDataConfig": {"S3OutputPath": "s3://b/evaluation/"},
    "HyperParameters": {"name": "scorer"},
}
FOLDER = "s3://b/evaluation/job/output/output/scorer/eval_results/"


def found(value: Any) -> dict[str, float]:
    files = Memory()
    if value is not None:
        files.write(f"{FOLDER}results_2026.json", value)
    return results.measured(files, REQUEST, RESULT)


def test_a_metric_is_read_from_where_sagemaker_writes_it() -> None:
    assert found({"results": {"all": {"aggregate_reward_score": 0.5, "byoc_failure_count": 0}}}) == {
        "scorer:reward": 0.5
    }


def test_a_judge_s_metrics_are_the_scores_among_its_results() -> None:
    files = Memory()
    files.write(f"{FOLDER}bedrock_llm_judge_results.json", {"results": {"Correctness": {"score": 0.75}}})
    asked = {"File": "bedrock_llm_judge_results", "Path": [], "Metrics": {"judge:Correctness": "Correctness"}}
    assert results.measured(files, REQUEST, asked) == {"judge:Correctness": 0.75}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, f"job wrote no results_*.json to {FOLDER}"),
        ([], "job wrote no results_"),
        ({"results": []}, "job wrote no results_"),
        ({"results": {"all": {"f1": 1}}}, "job measured no aggregate_reward_score, but f1"),
        ({"results": {"all": {"aggregate_reward_score": True}}}, "measured no aggregate_reward_score"),
        (
            {"results": {"all": {"aggregate_reward_score": float("nan")}}},
            "measured no aggregate_reward_score",
        ),
        ({"results": {"all": {"aggregate_reward_score": "0.9"}}}, "measured no aggregate_reward_score"),
        (
            {"results": {"all": {"aggregate_reward_score": 1, "byoc_failure_count": 2}}},
            "the scorer failed for 2 answers",
        ),
    ],
)
def test_what_is_not_measured_is_no_result(value: Any, told: str) -> None:
    with pytest.raises(EvaluationFailed) as failed:
        found(value)
    assert told in str(failed.value)


GATE = {
    "BetterThanBaseBy": {"scorer:reward": 0.1},
    "NotWorseThanBaseBy": {"benchmark:mmlu": 0.03},
}


@pytest.mark.parametrize(
    ("scored", "known", "passed"),
    [(0.6, 0.70, True), (0.5, 0.67, True), (0.49, 0.70, False), (0.6, 0.66, False)],
)
def test_a_gate_compares_with_the_base_model(scored: float, known: float, passed: bool) -> None:
    evaluation = {
        "metrics": {"scorer:reward": scored, "benchmark:mmlu": known},
        "base": {"scorer:reward": 0.4, "benchmark:mmlu": 0.7},
    }
    checks = logic.judge(evaluation, GATE, None)
    assert all(check.outcome == logic.PASS for check in checks) is passed
    assert "the base model has 0.4" in checks[0].reason


def test_what_the_base_model_was_not_measured_by_does_not_pass() -> None:
    checks = logic.judge({"metrics": {"scorer:reward": 1.0, "benchmark:mmlu": 1.0}}, GATE, None)
    assert [check.outcome for check in checks] == [logic.NOT_EVALUABLE] * 2
    assert checks[0].reason == "evaluation.json has no scorer:reward in base"


DEFAULTS = {
    "Base": "acme-dev-m",
    "Techniques": {
        "sft": {"Hyperparameters": {"max_epochs": "2"}, "Data": {"train": "s3://d/m/sft.jsonl"}},
        "dpo": {"Hyperparameters": {}, "Data": {"train": "s3://d/m/dpo.jsonl"}},
    },
}
ALLOWED = {
    "Techniques": {
        "sft": {"Hyperparameters": {"max_epochs": {"Integer": True, "Minimum": 1, "Maximum": 2}}},
        "dpo": {"Hyperparameters": {}},
    },
    "DataBucket": "d",
    "DataAreas": ["m"],
}


def admitted(**given: Any) -> dict[str, Any]:
    event = {
        "Workflow": "customize",
        "Execution": EXECUTION,
        "Input": given,
        "Defaults": DEFAULTS,
        "Allowed": ALLOWED,
    }
    return admit(event, None)


def test_a_run_is_of_the_first_technique_unless_its_execution_says_otherwise() -> None:
    first = admitted()
    assert (first["Technique"], first["Hyperparameters"], first["Overrides"]) == (
        "sft",
        {"max_epochs": "2"},
        [],
    )
    other = admitted(technique="dpo", data={"train": "data://m/more/"})
    assert (other["Technique"], other["Hyperparameters"]) == ("dpo", {})
    assert other["Data"] == {"train": "s3://d/m/more/"}
    assert other["Overrides"] == ["data.train", "technique"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"technique": "rlvr"}, 'technique: given "rlvr"; allowed: sft, dpo'),
        ({"technique": ["sft"]}, 'technique: given ["sft"]; allowed: sft, dpo'),
        ({"hyperparameters": {"max_epochs": 3}}, "hyperparameters.max_epochs: given 3; allowed: 1 to 2"),
        ({"technique": "dpo", "hyperparameters": {"max_epochs": 1}}, "allowed: only none"),
        ({"data": {"validation": "data://m/x"}}, "allowed: the channels train"),
        ({"data": {"train": "data://other/x"}}, "below m"),
        ({"instance_type": "ml.g5.xlarge"}, "instance_type: not known here"),
    ],
)
def test_what_a_model_does_not_allow_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        admitted(**given)
    assert told in str(refused.value)


def test_an_unknown_action_is_an_error_of_the_caller() -> None:
    nothing: Any = None
    with pytest.raises(KeyError):
        handler.handle({"Action": "dance", "Customization": {"Hub": "h"}}, s3=nothing, sagemaker=nothing)
