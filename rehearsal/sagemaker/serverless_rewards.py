"""Reward functions as serverless jobs ask them: the payload of each data format, and what may come back.

Sources: SageMaker developer guide, "Evaluate with Preset and Custom Scorers" (evaluation: one call per
sample, a list of one, in the shape of the data set; answers as a list or with statusCode and body), and
Amazon Nova user guide, "Implementing reward functions" (training: messages with the answer appended).
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.language_model import text
from rehearsal.sagemaker.hub_documents import evaluator
from rehearsal.sagemaker.hub_names import content_of
from rehearsal.sagemaker.job import FailedJobError, Job
from rehearsal.sagemaker.serverless_data import Record, prompt

Result = dict[str, Any]
"""``aggregate_reward_score``, perhaps ``id`` and ``metrics_list``."""


class RewardError(Exception):
    """Why the answer of a reward function cannot be used."""


def function_of(job: Job) -> str:
    """The function behind the job's evaluator, which its role must be allowed to see."""
    content = content_of(job.request["ServerlessJobConfig"]["EvaluatorArn"], job.emulator.place)
    if content is None:
        raise FailedJobError("ClientError: EvaluatorArn is no content of a hub")
    version = {"HubContentVersion": content.version} if content.version else {}
    found = job.emulator.client("sagemaker", job.principal).describe_hub_content(
        HubName=content.hub, HubContentType=content.type, HubContentName=content.name, **version
    )
    return evaluator(found["HubContentDocument"])[1]


def ask(job: Job, function: str, samples: Sequence[Record]) -> list[Result]:
    """Invoke a function as the job's role. Raises RewardError; botocore's ClientError if it may not."""
    client = job.emulator.client("lambda", job.principal)
    answer = client.invoke(FunctionName=function, Payload=json.dumps(samples).encode())
    said = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer:
        problem = said.get("errorMessage", said) if isinstance(said, dict) else said
        raise RewardError(f"{function} failed: {problem}")
    return results(said, samples)


def results(said: Any, samples: Sequence[Record]) -> list[Result]:
    """The results in either envelope, one per sample. Raises RewardError."""
    if isinstance(said, dict) and "statusCode" in said:
        if said["statusCode"] != 200:
            raise RewardError(f"statusCode is {said['statusCode']}, not 200")
        if not isinstance(said.get("body"), str):
            raise RewardError("body is not a string of JSON")
        try:
            said = json.loads(said["body"])
        except ValueError as error:
            raise RewardError(f"body is not JSON: {error}") from error
    if not isinstance(said, list) or len(said) != len(samples):
        count = len(said) if isinstance(said, list) else type(said).__name__
        raise RewardError(f"a list of {len(samples)} results is needed, got {count}")
    for one, sample in zip(said, samples, strict=True):
        _check(one, sample)
    return said


def _check(one: Any, sample: Record) -> None:
    if not isinstance(one, dict):
        raise RewardError(f"a result is an object, got {type(one).__name__}")
    if "id" in sample and one.get("id") != sample["id"]:
        raise RewardError(f"id of a result must be that of its sample, {sample['id']}, got {one.get('id')}")
    if not _finite(one.get("aggregate_reward_score")):
        score = one.get("aggregate_reward_score")
        raise RewardError(f"aggregate_reward_score must be a number, got {score}")
    for metric in one.get("metrics_list") or []:
        named = isinstance(metric, dict) and isinstance(metric.get("name"), str)
        if not named or not _finite(metric.get("value")) or metric.get("type") not in ("Metric", "Reward"):
            raise RewardError(f"a metric has name, value and type Metric or Reward, got {metric}")


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def for_training(record: Record, number: int, answer: str) -> Record:
    """The sample of a reinforcement job: all fields, an id, messages that end with the answer."""
    asked = record.get("messages", record.get("prompt"))
    messages = asked if isinstance(asked, list) else [{"role": "user", "content": prompt(record)}]
    right = record.get("reference_answer", _mapping(record.get("reward_model")).get("ground_truth"))
    given = {"id": str(record.get("id", number)), "reference_answer": right}
    turns = [*messages, {"role": "assistant", "content": answer}]
    return {**record, **given, "messages": turns}


def for_scoring(record: Record, number: int, answer: str) -> Record:
    """The sample of an evaluation, in the shape of its data set, as the guide lists them."""
    said = {"role": "assistant", "content": answer}
    reference = {"reference_answer": {"text": truth(record)}}
    named = {"id": str(record.get("id", number))}
    if isinstance(record.get("messages"), list):
        return {**record, **named, "messages": [*record["messages"], said], **reference}
    if "query" in record:
        return {**record, **named, "model_response": answer, **reference}
    if "completion" in record or "chosen" in record:
        return {**record, **named, "completion": answer, **reference}
    if isinstance(record.get("prompt"), list) or "reward_model" in record or "data_source" in record:
        asked = record.get("prompt", "")
        turns = asked if isinstance(asked, list) else [{"role": "user", "content": asked}]
        extra = {
            **_mapping(record.get("extra_info")),
            **reference,
            "processor_config": {"aggregation": "mean"},
        }
        named_source = {"data_source": record.get("data_source", "customized")}
        turned = {"prompt": [*turns, said], "response": answer, "extra_info": extra}
        return {**record, **named_source, **turned}
    return {**record, **named, "completion": answer, **reference}


def truth(record: Mapping[str, Any]) -> str:
    """The right answer of a record, or nothing: ``reference_answer.text``, "" when there is none."""
    given = record.get("reference_answer")
    options = [
        given.get("text", given) if isinstance(given, Mapping) else given,
        _mapping(record.get("reward_model")).get("ground_truth"),
        *(record.get(name) for name in ("response", "completion", "output", "chosen")),
    ]
    messages = record.get("messages")
    last = _mapping(messages[-1]) if isinstance(messages, list) and messages else {}
    if last.get("role") == "assistant":
        options.append(last.get("content"))
    found = next((one for one in options if one is not None), None)
    return "" if found is None else text(found)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
