"""What a customized model is measured by: chains of evaluation jobs, and which of their numbers are metrics.

Hyperparameters: SageMaker developer guide, "Evaluation types and Job Submission"; ``pipeline_templates`` of
sagemaker-train 1.27. Amazon Nova calls ``metric`` what open-weight models call ``evaluation_metric``.
"""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

from mlplatform.customization import catalog
from mlplatform.settings import Environment, ModelProduct
from mlplatform.settings.customization import CustomizationSettings
from mlplatform.settings.customization_evaluation import (
    BenchmarkSettings,
    CustomizationEvaluateSettings,
    JudgeSettings,
)
from mlplatform.settings.customization_rewards import ScorerSettings
from mlplatform.workflows import customizing_requests as requests

SCORING = "gen_qa"
"""Task and strategy of questions of one's own."""

REWARD = "aggregate_reward_score"
"""What a scorer's number is called among the results, the mean over all answers."""

ANSWERS, SUMMARY, JUDGED = "inference_output.jsonl", "results_", "bedrock_llm_judge_results"
"""Files of results: of a job that only answers, and the beginnings of those with numbers."""


class _Chains:
    """Makes the measurements of a model; its jobs are numbered from 1."""

    def __init__(self, section: CustomizationSettings, product: ModelProduct, settings: Environment) -> None:
        self._section, self._product, self._settings = section, product, settings
        self._numbers = count(1)
        nova = catalog.kind_of(section.hub_model[0]) == "nova"
        self._metric = "metric" if nova else "evaluation_metric"

    def all_of(self, evaluate: CustomizationEvaluateSettings) -> Iterator[dict[str, Any]]:
        """Each measurement, in the order of the settings."""
        if evaluate.benchmark:
            yield self._benchmark(evaluate.benchmark)
        if evaluate.scorer:
            yield self._scorer(evaluate.scorer)
        if evaluate.judge:
            yield self._judge(evaluate.judge)

    def _benchmark(self, benchmark: BenchmarkSettings) -> dict[str, Any]:
        known = catalog.benchmarks()[benchmark.task]
        told = {"task": known.task, "strategy": known.strategy, self._metric: known.metric}
        part = {"subtask": benchmark.subtask} if benchmark.subtask else {}
        asked = self._request("BenchmarkEvaluation", {"name": "benchmark", **told, **part})
        return _measurement([asked], SUMMARY, ["all"], {f"benchmark:{known.task}": known.metric})

    def _scorer(self, scorer: ScorerSettings) -> dict[str, Any]:
        told = {"name": "scorer", "task": SCORING, "strategy": SCORING, self._metric: "all"}
        if scorer.preset:
            told["preset_reward_function"] = scorer.preset
        else:
            told |= {"postprocessing": "True", "aggregation": "mean"}
        own = scorer.preset is None
        asked = self._request("CustomScorerEvaluation", told, asked=True, evaluator=own)
        return _measurement([asked], SUMMARY, ["all"], {f"scorer:{scorer.name}": REWARD})

    def _judge(self, judge: JudgeSettings) -> dict[str, Any]:
        """One job answers, the next judges what it wrote."""
        told = {"name": "answers", "task": "inference_only"}
        answers = self._request("BenchmarkEvaluation", told, asked=True)
        where = requests.output("evaluation/", self._product, self._settings)
        names = [metric.removeprefix(catalog.BUILT_IN) for metric in judge.metrics]
        judging = {
            "name": "judge",
            "judge_model_id": judge.model,
            "inference_data_s3_path": f"{where}{answers['TrainingJobName']}/output/output/answers/"
            f"eval_results/{ANSWERS}",
            "output_path": f"{where}judge/<Subject>",
            "llmaj_metrics": json.dumps([f"{catalog.BUILT_IN}{name}" for name in names]),
        }
        asked = self._request("LLMAJEvaluation", judging)
        return _measurement([answers, asked], JUDGED, [], {f"judge:{name}": name for name in names})

    def _request(
        self, kind: str, told: dict[str, str], *, asked: bool = False, evaluator: bool = False
    ) -> dict[str, Any]:
        """The next job: ``asked`` questions of ours, or scored by an ``evaluator`` of ours."""
        name = requests.job(next(self._numbers), self._product, self._settings)
        request = requests.evaluation(name, kind, told, self._section, self._product, self._settings)
        if evaluator:
            request["ServerlessJobConfig"]["EvaluatorArn"] = "<Scorer>"
        if asked:
            request["InputDataConfig"] = [requests.dataset("train", "evaluation")]
        return request


def measurements(
    section: CustomizationSettings, product: ModelProduct, settings: Environment
) -> list[dict[str, Any]]:
    """Every measurement, as ``lambda/customization`` takes them."""
    chains = _Chains(section, product, settings)
    return list(chains.all_of(section.evaluate)) if section.evaluate else []


def _measurement(
    jobs: list[dict[str, Any]], file: str, path: list[str], metrics: dict[str, str]
) -> dict[str, Any]:
    return {"Requests": jobs, "Result": {"File": file, "Path": path, "Metrics": metrics}}
