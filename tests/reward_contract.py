"""The answer of a reward function, judged by what AWS documents of it.

Sources: "Evaluate with Preset and Custom Scorers" (SageMaker AI Developer Guide), and
``sagemaker/train/common_utils/rlvr_reward_verifier.py`` of the SageMaker Python SDK, whose models of an
output this repeats.
"""

import json
import math
from typing import Any

KINDS = ("Metric", "Reward")


def chat(answer: object, **fields: object) -> dict[str, Any]:
    """A sample in the form of OpenAI's chat, with the model's answer."""
    turns = [{"role": "user", "content": "How many?"}, {"role": "assistant", "content": answer}]
    return {"id": "123", "messages": turns, **fields}


def results(answer: Any, form: str = "array") -> list[dict[str, Any]]:
    """The results that an answer has after its way through Lambda, as the container reads it."""
    # Lambda's runtime for Python writes UTF-8, not escapes: half of a surrogate pair would fail here.
    arrived = json.loads(json.dumps(answer, ensure_ascii=False, allow_nan=False).encode())
    if form == "http":
        assert set(arrived) == {"statusCode", "headers", "body"}
        assert arrived["statusCode"] == 200
        assert isinstance(arrived["body"], str)
        arrived = json.loads(arrived["body"], parse_constant=lambda name: 1 / 0)
    assert isinstance(arrived, list)
    return arrived


def assert_valid(event: list[Any], answer: Any, form: str = "array") -> list[dict[str, Any]]:
    """Assert that ``answer`` is one to ``event``: length, order, ids, fields, ranges. Return its results."""
    found = results(answer, form)
    assert len(found) == len(event)
    for position, (sample, one) in enumerate(zip(event, found, strict=True)):
        assert set(one) == {"id", "aggregate_reward_score", "metrics_list"}
        assert one["id"] == _wanted_id(sample, position)
        assert type(one["aggregate_reward_score"]) is float
        assert 0 <= one["aggregate_reward_score"] <= 1
        for metric in one["metrics_list"]:
            assert set(metric) == {"name", "value", "type"}
            assert isinstance(metric["name"], str)
            assert type(metric["value"]) is float
            assert 0 <= metric["value"] <= 1
            assert metric["type"] in KINDS
        names = [metric["name"] for metric in one["metrics_list"]]
        assert len(names) == len(set(names))
    return found


def _wanted_id(sample: object, position: int) -> object:
    """The sample's id where JSON in UTF-8 has a place for it, else one by position."""
    given = sample.get("id") if isinstance(sample, dict) else None
    usable = isinstance(given, str) and not any("\ud800" <= char <= "\udfff" for char in given)
    if isinstance(given, int):
        usable = abs(given) < 10**100
    elif isinstance(given, float):
        usable = math.isfinite(given)
    return given if usable else f"sample-{position}"


def errors(result: dict[str, Any]) -> list[str]:
    """Names of the errors that a result reports."""
    return [metric["name"] for metric in result["metrics_list"] if metric["name"].startswith("error_")]


def metric(result: dict[str, Any], name: str) -> float:
    """Value of a metric of a result."""
    (value,) = (one["value"] for one in result["metrics_list"] if one["name"] == name)
    return float(value)
