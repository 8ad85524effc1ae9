"""Asks the grader of a reinforcement fine-tuning, as its job's role, and judges what it answers.

Amazon Bedrock user guide, "Setting up reward functions for Amazon Nova models": the function receives a list
of samples and returns a list of scores for the same samples.
"""

import math
from collections.abc import Sequence
from typing import Any

from rehearsal import language_model
from rehearsal.bedrock.datasets import Line
from rehearsal.bedrock.objects import JobError
from rehearsal.bedrock.role import RoleSession

BATCH = 16
"""Samples of the batch that is asked for; the least batchSize (API reference, RFTHyperParameters)."""


def graded(
    role: RoleSession, function: str, lines: Sequence[Line], base: language_model.Artifact | None
) -> list[float]:
    """The scores of the base model's answers to the first prompts. Raises JobError for no valid answer."""
    samples = [_sample(position, line, base) for position, line in enumerate(lines[:BATCH])]
    answer = role.call(function, samples)
    if not isinstance(answer, list) or len(answer) != len(samples):
        given = len(answer) if isinstance(answer, list) else type(answer).__name__
        raise JobError(f"{function} must answer a list of {len(samples)} scores, got {given}")
    return [_score(function, sample, one) for sample, one in zip(samples, answer, strict=True)]


def _sample(position: int, line: Line, base: language_model.Artifact | None) -> dict[str, Any]:
    prompt = language_model.text(line["messages"][-1].get("content", ""))
    said = {"role": "assistant", "content": language_model.answer(base, prompt)}
    return {"id": str(position), **line, "messages": [*line["messages"], said]}


def _score(function: str, sample: dict[str, Any], answer: Any) -> float:
    found = answer if isinstance(answer, dict) else {}
    score = found.get("aggregate_reward_score")
    if found.get("id") != sample["id"]:
        raise JobError(f"{function} must answer the sample {sample['id']}, got the id {found.get('id')}")
    if isinstance(score, bool) or not isinstance(score, int | float) or not math.isfinite(score):
        raise JobError(f"{function}: aggregate_reward_score of {sample['id']} must be a number, got {score}")
    return float(score)
