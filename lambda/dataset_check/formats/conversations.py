"""Formats whose records are conversations with text as content, and those of reinforcement learning.

Sources: OpenAI's chat form as SageMaker's model customization takes it; Amazon Bedrock user guide, "Prepare
data for fine-tuning your models" and "Prepare data for open-weight models"; verl, "Prepare Data for
Post-Training".
"""

from collections.abc import Mapping
from typing import Any

from dataset_check.formats.messages import TURNS, judge_foreign, judge_messages, judge_prompt
from dataset_check.problem import Judged, Problem, judge_choice, judge_field, judge_kind, judge_list

STYLES = ("rule", "model")
"""How a reward is found (verl, ``reward_model.style``)."""
_FEWEST = 2
"""Messages of a conversation to learn from: a question and its answer."""


def judge_chat(record: Mapping[str, Any]) -> Judged:
    """Supervised fine-tuning: ``messages`` that end with the assistant's."""
    foreign = ("prompt", "completion", "input", "output", "chosen", "rejected", "schemaVersion", "system")
    return judge_foreign(record, foreign, "chat") or _judge_conversation(record)


def judge_bedrock_chat(record: Mapping[str, Any]) -> Judged:
    """Amazon Bedrock, Claude: ``system`` if wanted, ``messages`` of user and assistant, nothing else."""
    if other := next((name for name in record if name not in ("system", "messages")), None):
        return Problem(other, "is no field of bedrock_chat, allowed: system, messages")
    if "system" in record and (problem := judge_field(record, "system")):
        return problem
    return _judge_conversation(record, TURNS)


def _judge_conversation(
    record: Mapping[str, Any], roles: tuple[str, ...] = ("system", "user", "assistant")
) -> Judged:
    if "messages" not in record:
        return Problem("messages", "is missing")
    messages = record["messages"]
    return judge_messages(messages, "messages", roles=roles) or (
        None if len(messages) >= _FEWEST else Problem("messages", f"has 1 message, needed: {_FEWEST}")
    )


def judge_verifiable(record: Mapping[str, Any]) -> Judged:
    """RLVR and RLAIF of open-weight models: ``prompt``; if wanted verl's other fields."""
    foreign = ("messages", "completion", "chosen", "rejected", "input", "output", "reference_answer")
    if problem := judge_foreign(record, foreign, "verifiable"):
        return problem
    if "prompt" not in record:
        return Problem("prompt", "is missing")
    if problem := judge_prompt(record["prompt"], "prompt"):
        return problem
    for name in ("data_source", "ability"):
        if name in record and (problem := judge_field(record, name)):
            return problem
    if "extra_info" in record and (problem := judge_kind(record["extra_info"], dict, "extra_info")):
        return problem
    return _judge_reward_model(record["reward_model"]) if "reward_model" in record else None


def _judge_reward_model(model: Any) -> Judged:
    if problem := judge_kind(model, dict, "reward_model"):
        return problem
    if "style" not in model:
        return Problem("reward_model.style", "is missing")
    if problem := judge_choice(model["style"], STYLES, "reward_model.style"):
        return problem
    if model["style"] == "rule" or "ground_truth" in model:
        return _judge_reference(model, "ground_truth", "reward_model.ground_truth")
    return None


def _judge_reference(record: Mapping[str, Any], name: str, path: str) -> Judged:
    """What an answer is compared with: any JSON value but null and what is empty."""
    if name not in record:
        return Problem(path, "is missing")
    value = record[name]
    if value is None:
        return Problem(path, "is null")
    empty = value.isspace() or not value if isinstance(value, str) else value in ([], {})
    return Problem(path, "is empty") if empty else None


def judge_reinforcement(record: Mapping[str, Any]) -> Judged:
    """Reinforcement fine-tuning (Nova, Bedrock): ``messages`` up to the user's, and ``reference_answer``."""
    foreign = ("prompt", "completion", "input", "output", "chosen", "rejected", "schemaVersion")
    if problem := judge_foreign(record, foreign, "reinforcement"):
        return problem
    if "id" in record and (problem := judge_field(record, "id")):
        return problem
    if "messages" not in record:
        return Problem("messages", "is missing")
    if problem := judge_messages(record["messages"], "messages", last="user"):
        return problem
    if "tools" in record and (problem := judge_list(record["tools"], "tools")):
        return problem
    return _judge_reference(record, "reference_answer", "reference_answer")
