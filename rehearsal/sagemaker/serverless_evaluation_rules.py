"""Rules of serverless evaluation jobs: what each type needs among hyperparameters and channels.

Sources: SageMaker developer guide, "Evaluation types and Job Submission" and "Evaluate with Preset and Custom
Scorers"; the requests that ``sagemaker-train`` 1.27 makes (``evaluate/pipeline_templates.py``,
``custom_scorer_evaluator.py``, ``llm_as_judge_evaluator.py``).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mlplatform.customization import catalog
from rehearsal.api import Parameters

INFERENCE = "inference_only"
"""The task of a job that only answers: what a judge then reads (``LLMAJ_TEMPLATE``)."""

SCORING = "gen_qa"
"""Task and strategy of every custom scorer (``CustomScorerEvaluator``)."""

AGGREGATIONS = ("mean", "min", "max", "sum")
"""Amazon Nova user guide, "Evaluation specific configurations": processor aggregation."""


def problems(request: Parameters) -> Iterator[str]:
    """Each rule that the request of an evaluation breaks."""
    job = request["ServerlessJobConfig"]
    given = request.get("HyperParameters", {})
    kind = job.get("EvaluationType")
    nova = "nova" in job["BaseModelArn"].rpartition("/Model/")[2].lower()
    train = any(channel["ChannelName"] == "train" for channel in request.get("InputDataConfig", []))
    if kind == "BenchmarkEvaluation":
        yield from _benchmark(given, train, nova=nova)
    elif kind == "CustomScorerEvaluation":
        yield from _scorer(given, train, own="EvaluatorArn" in job)
    elif kind == "LLMAJEvaluation":
        yield from _judge(given, nova=nova)


def _benchmark(given: Mapping[str, str], train: bool, *, nova: bool) -> Iterator[str]:
    """ "Benchmarking with standardized datasets": tasks, strategies, and which have subtasks."""
    task = given.get("task")
    known = catalog.benchmarks().get(str(task))
    if task == INFERENCE:
        if not train:
            yield f"task {INFERENCE} needs a channel train: the questions."
    elif known is None or ("nova" if nova else "open_weight") not in known.kinds:
        tasks = [name for name, one in catalog.benchmarks().items() if nova or "open_weight" in one.kinds]
        yield f"BenchmarkEvaluation needs the hyperparameter task: {', '.join(tasks)}, got {task}."
    else:
        if given.get("strategy", known.strategy) != known.strategy:
            yield f"strategy of {task} must be {known.strategy}, got {given['strategy']}."
        subtask = given.get("subtask")
        if subtask and subtask != "ALL" and subtask not in known.subtasks:
            yield f"subtask of {task} must be one of its {len(known.subtasks)} or ALL, got {subtask}."


def _scorer(given: Mapping[str, str], train: bool, *, own: bool) -> Iterator[str]:
    """ "Custom Scorers": a data set of one's own; the Lambda function is called only with
    postprocessing True (``_get_custom_scorer_template_additions``).
    """
    if not train:
        yield "CustomScorerEvaluation needs a channel train: the data set to score on."
    for name in ("task", "strategy"):
        if given.get(name) != SCORING:
            yield f"CustomScorerEvaluation needs the hyperparameter {name}: {SCORING}, got {given.get(name)}."
    processing = given.get("postprocessing")
    if own and processing != "True":
        yield f"EvaluatorArn needs the hyperparameter postprocessing: True, got {processing}."
    if given.get("aggregation", "mean") not in AGGREGATIONS:
        yield f"aggregation must be one of {', '.join(AGGREGATIONS)}, got {given['aggregation']}."
    preset = given.get("preset_reward_function")
    if preset is not None and preset not in catalog.preset_scorers():
        yield f"preset_reward_function must be one of {', '.join(catalog.preset_scorers())}, got {preset}."


def _judge(given: Mapping[str, str], *, nova: bool) -> Iterator[str]:
    """ "LLM as a Judge": a judge of Bedrock reads answers that another job gave (``LLMAJ_TEMPLATE``)."""
    if nova:
        yield "LLMAJEvaluation is not available for Amazon Nova models."
    for name in ("judge_model_id", "inference_data_s3_path", "output_path"):
        if not given.get(name):
            yield f"LLMAJEvaluation needs the hyperparameter {name}."
    if not given.get("llmaj_metrics") and not given.get("custom_metrics"):
        yield "LLMAJEvaluation needs the hyperparameter llmaj_metrics or custom_metrics."
    known = catalog.judge_metrics()
    for name in metrics(given.get("llmaj_metrics", "[]")):
        if name not in known:
            yield f"llmaj_metrics: {name} is not one of {', '.join(known)}."


def metrics(text: str) -> list[str]:
    """Built-in metrics in a hyperparameter, without ``Builtin.``; what is no JSON list is one name."""
    try:
        found: Any = json.loads(text)
    except ValueError:
        found = [text]
    names = found if isinstance(found, list) else [found]
    return [str(name).removeprefix(catalog.BUILT_IN) for name in names]
