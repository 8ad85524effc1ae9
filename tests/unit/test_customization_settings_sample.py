"""The sample's data is what its generator writes, enough to learn from, and asks nothing it has told."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mlplatform.customization import reward_source
from mlplatform.names import Names

SAMPLE = Path(__file__).parents[2] / "models" / "support-assistant"
FILES = {
    "sft/train.jsonl": 60,
    "sft/validation.jsonl": 20,
    "dpo/train.jsonl": 40,
    "rlvr/train.jsonl": 30,
    "evaluation.jsonl": 40,
    "bedrock/train.jsonl": 60,
}
"""The least number of lines of each file."""


def module(name: str) -> ModuleType:
    """A Python file of the sample, imported by its path."""
    spec = importlib.util.spec_from_file_location(f"sample_{name}", SAMPLE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def lines(name: str) -> list[dict[str, Any]]:
    """The lines of a file of the sample's data."""
    return [json.loads(line) for line in (SAMPLE / "data" / name).read_text(encoding="utf-8").splitlines()]


def test_the_data_is_what_the_generator_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = module("generate_data")
    (tmp_path / "topics.yaml").write_bytes((SAMPLE / "topics.yaml").read_bytes())
    monkeypatch.setattr(generator, "FOLDER", tmp_path)
    generator.main()
    for name in FILES:
        assert (tmp_path / "data" / name).read_bytes() == (SAMPLE / "data" / name).read_bytes()


@pytest.mark.parametrize(("name", "least"), FILES.items())
def test_there_is_enough_of_it_and_no_line_twice(name: str, least: int) -> None:
    found = [json.dumps(line) for line in lines(name)]
    assert len(set(found)) == len(found) >= least


def test_no_question_is_asked_that_the_model_learnt() -> None:
    asked = {line["query"] for line in lines("evaluation.jsonl")}
    learnt = {question(line) for name in ("sft/train.jsonl", "dpo/train.jsonl") for line in lines(name)}
    assert not asked & learnt
    assert not asked & {question(line) for line in lines("sft/validation.jsonl")}


def question(line: dict[str, Any]) -> str:
    """What a line asks."""
    return str(line["prompt"][-1]["content"])


def test_the_model_is_told_the_same_in_training_and_in_evaluation() -> None:
    told = {line["system"] for line in lines("evaluation.jsonl")}
    for name in ("sft/train.jsonl", "sft/validation.jsonl", "dpo/train.jsonl", "rlvr/train.jsonl"):
        told |= {
            line["prompt"][0]["content"] for line in lines(name) if line["prompt"][0]["role"] == "system"
        }
        assert all(len(line["prompt"]) == 2 for line in lines(name))
    told |= {line["system"][0]["text"] for line in lines("bedrock/train.jsonl")}
    asked = json.loads((SAMPLE / "sample.json").read_text(encoding="utf-8"))["messages"]
    assert {*told, asked[0]["content"]} == {module("generate_data").SYSTEM}


def test_no_preferred_answer_is_a_rejected_one() -> None:
    chosen, rejected = (
        {line[key][0]["content"] for line in lines("dpo/train.jsonl")} for key in ("chosen", "rejected")
    )
    assert not chosen & rejected


def test_the_fees_follow_the_words_of_the_answers() -> None:
    truths = {
        line["prompt"][1]["content"]: line["reward_model"]["ground_truth"]
        for line in lines("rlvr/train.jsonl")
    }
    found = {
        question: truth for question, truth in truths.items() if "4 times" in question or " 240 " in question
    }
    assert sorted(found.values()) == ["2.00", "4.80"]


def test_the_reward_function_is_one_that_can_be_deployed() -> None:
    assert reward_source.faults((SAMPLE / "reward.py").read_bytes(), "reward.py") == []


REWARDS = {
    "the answer itself": ("Wait 3 working days.", "Wait 3 working days.", 1.0),
    "nothing of it": ("I do not know.", "Wait 3 working days.", 0.0),
    "the words without the number": ("Wait some working days.", "Wait 3 working days.", 0.375),
    "a reference without numbers": ("Wait and ask again.", "Wait, then ask again.", 2 / 3),
    "no answer": ("", "Wait 3 working days.", 0.0),
    "no reference": ("Wait 3 working days.", None, 0.0),
    "a request for the PIN": ("Tell me your PIN and wait 3 working days.", "Wait 3 working days.", 0.0),
    "too many words": ("Wait 3 working days. " + "please " * 90, "Wait 3 working days.", 0.8),
    "a reference that is no text": ("It costs 4.80.", {"answer": "4.80", "currency": "euro"}, 0.625),
}


@pytest.mark.parametrize(("answer", "reference", "expected"), REWARDS.values(), ids=REWARDS)
def test_an_answer_is_worth_the_facts_it_names(answer: str, reference: object, expected: float) -> None:
    assert module("reward").score(answer, reference, {}) == pytest.approx(expected)


LONGEST = Names("p" * 6, "e" * 8, "aws", "us-east-1", "1" * 12)
OURS = Names("acme", "dev", "aws", "eu-west-1", "1" * 12)


def test_names_of_customization_say_what_they_belong_to() -> None:
    assert OURS.reward_function("churn", "exact_match") == "SageMaker-evaluator-acme-dev-churn-exact_match"
    assert OURS.hub_content("churn", "sft_train") == "acme-dev-churn-sft-train"
    assert OURS.bedrock("churn") == "acme-dev-churn"


def test_the_longest_names_of_customization_are_ones_aws_accepts() -> None:
    model = "m" * 32
    assert len(LONGEST.reward_function(model, "x" * 41)) == 63
    assert len(LONGEST.hub_content(model, "rlaif-validation")) == 63
    assert len(f"{LONGEST.bedrock(model)}-{'r' * 16}") == 63
    for workflow in ("customize", "customize-bedrock", "retire-bedrock"):
        assert len(LONGEST.name(f"{model}-{workflow}", kind="workflow")) <= 80


def test_names_that_are_cut_stay_apart() -> None:
    model = "m" * 32
    names = {LONGEST.reward_function(model, f"reward_{number}") for number in range(20)}
    assert len(names) == 20
    assert LONGEST.bedrock(model) != LONGEST.bedrock("m" * 31)


def test_bedrock_takes_a_name_however_the_environment_is_called() -> None:
    name = Names("a", "b--c", "aws", "us-east-1", "1" * 12).bedrock("churn")
    assert name == "a-b-c-churn"
