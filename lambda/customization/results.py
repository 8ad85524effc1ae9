"""What evaluation jobs write to S3, as metrics of the gate.

Layout: SageMaker developer guide, "Evaluation Metrics Formats"
(``<path>/<job>/output/output/<evaluation>/eval_results/``); files: ``show_results_utils`` of sagemaker-train
1.27.
"""

import math
from collections.abc import Mapping
from typing import Any

from customization.errors import EvaluationFailed
from customization.ports import Files

UNSCORED = "byoc_failure_count"
"""The metric that counts answers for which a scorer of one's own gave no score."""


def folder(request: Mapping[str, Any]) -> str:
    """Where a job's results lie; its name is the hyperparameter ``name``."""
    root = request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    name = request["HyperParameters"]["name"]
    return f"{root}/{request['TrainingJobName']}/output/output/{name}/eval_results/"


def measured(files: Files, request: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, float]:
    """The metrics of a job. Raises EvaluationFailed if one is missing, or answers were not scored.

    ``result`` has the beginning of the file's name (``File``), the path to the values (``Path``, empty for
    ``results``), and the gate's name of each metric to the job's (``Metrics``).
    """
    values = _values(files, request, result)
    unscored = _number(values.get(UNSCORED, 0))
    if unscored is None or unscored > 0:
        count = "some" if unscored is None else f"{unscored:g}"
        job = request["TrainingJobName"]
        raise EvaluationFailed(f"{job}: the scorer failed for {count} answers; see the log of its function")
    found: dict[str, float] = {}
    for name, theirs in result["Metrics"].items():
        value = values.get(theirs)
        number = _number(value.get("score") if isinstance(value, dict) else value)
        if number is None:
            there = ", ".join(sorted(values)) or "nothing"
            raise EvaluationFailed(f"{request['TrainingJobName']} measured no {theirs}, but {there}")
        found[name] = number
    return found


def _values(files: Files, request: Mapping[str, Any], result: Mapping[str, Any]) -> Mapping[str, Any]:
    where = folder(request)
    names = [uri for uri in files.below(where) if uri.removeprefix(where).startswith(result["File"])]
    read = files.read(names[-1]) if names else None
    value: Any = read[0] if read else {}
    for part in ("results", *result["Path"]):
        value = value.get(part, {}) if isinstance(value, dict) else {}
    if not isinstance(value, dict) or not value:
        raise EvaluationFailed(f"{request['TrainingJobName']} wrote no {result['File']}*.json to {where}")
    return value


def _number(value: Any) -> float | None:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if plain and math.isfinite(value) else None
