"""Formats whose records are texts side by side: prompt and answers, a question, a document.

Sources: the data set formats of SageMaker's serverless model customization (sagemaker-train 1.27,
``dataset_validation``), Amazon Bedrock user guide, "Prepare data for fine-tuning your models".
"""

from collections.abc import Mapping
from typing import Any

from dataset_check.formats.messages import judge_answer, judge_foreign, judge_prompt
from dataset_check.problem import Judged, Problem, judge_field, judge_kind, judge_list

_PAIRS = (("prompt", "completion"), ("input", "output"))
_OF_OTHERS = ("messages", "chosen", "rejected", "query", "schemaVersion")


def judge_prompt_completion(record: Mapping[str, Any]) -> Judged:
    """Supervised fine-tuning: ``prompt`` and ``completion``, or ``input`` and ``output``."""
    if problem := judge_foreign(record, _OF_OTHERS, "prompt_completion"):
        return problem
    asked, answered = _PAIRS["input" in record or "output" in record]
    if asked == "input" and (mixed := next((name for name in _PAIRS[0] if name in record), None)):
        return Problem(mixed, "is beside input and output: a record has one form")
    for name in (asked, answered):
        if name not in record:
            return Problem(name, "is missing")
    return judge_prompt(record[asked], asked) or judge_answer(record[answered], answered, record[asked])


def judge_preference(record: Mapping[str, Any]) -> Judged:
    """Direct preference optimization: ``prompt`` (or ``input``), ``chosen``, ``rejected``."""
    foreign = ("messages", "completion", "output", "query", "schemaVersion")
    if problem := judge_foreign(record, foreign, "preference"):
        return problem
    if "prompt" in record and "input" in record:
        return Problem("input", "is beside prompt: a record has one of them")
    asked = "input" if "input" in record else "prompt"
    for name in (asked, "chosen", "rejected"):
        if name not in record:
            return Problem(name, "is missing")
    prompt, chosen, rejected = record[asked], record["chosen"], record["rejected"]
    return (
        judge_prompt(prompt, asked)
        or judge_answer(chosen, "chosen", prompt)
        or judge_answer(rejected, "rejected", prompt)
        or (Problem("rejected", "is the same as chosen") if chosen == rejected else None)
    )


def judge_bedrock_prompt(record: Mapping[str, Any]) -> Judged:
    """Amazon Bedrock, without conversation: ``prompt`` and ``completion``, both texts."""
    return (
        judge_foreign(record, (*_OF_OTHERS, "input", "output"), "bedrock_prompt")
        or judge_field(record, "prompt")
        or judge_field(record, "completion")
    )


def judge_continued_pretraining(record: Mapping[str, Any]) -> Judged:
    """Amazon Bedrock, continued pre-training: ``input``, a text."""
    foreign = ("output", "prompt", "completion", *_OF_OTHERS)
    return judge_foreign(record, foreign, "continued_pretraining") or judge_field(record, "input")


def judge_evaluation(record: Mapping[str, Any]) -> Judged:
    """Questions of an evaluation: ``query``; at will ``response``, ``system``, ``images``, ``metadata``."""
    foreign = ("prompt", "completion", "messages", "input", "output", "chosen", "rejected")
    if problem := judge_foreign(record, foreign, "evaluation") or judge_field(record, "query"):
        return problem
    for name in ("response", "system"):
        if name in record and (problem := judge_field(record, name)):
            return problem
    return _judge_images(record["images"]) if "images" in record else None


def _judge_images(images: Any) -> Judged:
    if problem := judge_list(images, "images"):
        return problem
    for number, image in enumerate(images):
        path = f"images[{number}]"
        if problem := judge_kind(image, dict, path) or judge_field(image, "data", path):
            return problem
    return None
