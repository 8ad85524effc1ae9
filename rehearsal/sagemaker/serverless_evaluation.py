"""A serverless evaluation job: benchmark, custom scorer, or a judge; its results as SageMaker writes them.

What is scored are real answers of ``rehearsal.language_model``, the base model's or the version's. Benchmarks
and judges are not there: their scores are made up by the rules below, always the same for the same model.
"""

import json
from collections.abc import Mapping
from typing import Any

from mlplatform.customization import catalog
from rehearsal import language_model
from rehearsal.sagemaker import serverless_data, serverless_metrics, serverless_results, serverless_rewards
from rehearsal.sagemaker.instance import Instance
from rehearsal.sagemaker.job import FailedJobError, Job
from rehearsal.sagemaker.serverless_data import Record
from rehearsal.sagemaker.serverless_evaluation_rules import INFERENCE, metrics
from rehearsal.sagemaker.serverless_timeline import ANSWER, Timeline
from rehearsal.sagemaker.serverless_timeline import INFERENCE as FIRST
from rehearsal.sagemaker.serverless_versions import Start

Scores = Mapping[tuple[str, str], float]
"""What a benchmark shall say of a version (by ARN) or base model (by id), if a test wants it so."""

BASE = {
    "mmlu": 0.72, "mmlu_pro": 0.51, "bbh": 0.66, "gpqa": 0.36, "math": 0.61, "strong_reject": 0.9,
    "ifeval": 0.75, "mmmu": 0.48,
}  # fmt: skip
"""Made-up scores of every base model, of the size that models with some 8 billion parameters have."""

FORGETTING, FORGOTTEN = 0.005, 0.0001
"""What a customized model loses of a benchmark per technique it went through, and per example it keeps."""


class Evaluation:
    """One evaluation job on its way."""

    def __init__(self, job: Job, instance: Instance, time: Timeline, begun: Start, scores: Scores) -> None:
        self._job, self._instance, self._time, self._begun, self._scores = job, instance, time, begun, scores
        self._given: Mapping[str, str] = job.request.get("HyperParameters", {})

    def run(self, records: list[Record]) -> dict[str, float]:
        """Evaluate and write the results; what was measured. Raises FailedJobError or StoppedJobError."""
        faults = self._job.emulator.faults
        if faults.take("evaluation_hang", self._job.name):
            self._time.hang()
        self._time.spend(FIRST + ANSWER * len(records))
        if faults.take("job_failure", self._job.name):
            raise FailedJobError("AlgorithmError: the evaluation process was killed, exit code: 137")
        self._job.update(BillableTokenCount=serverless_data.tokens(records))
        kind = self._job.request["ServerlessJobConfig"]["EvaluationType"]
        if kind == "LLMAJEvaluation":
            return self._judged()
        if kind == "CustomScorerEvaluation":
            return self._scored(records)
        return self._inferred(records) if self._given["task"] == INFERENCE else self._benchmarked()

    def _writer(self) -> serverless_results.Results:
        return serverless_results.Results(self._job, self._instance)

    def _answer(self, record: Record) -> str:
        return language_model.answer(self._begun.artifact, serverless_data.prompt(record))

    def _benchmarked(self) -> dict[str, float]:
        task = self._given["task"]
        subject = self._begun.source or self._begun.base
        known = self._begun.artifact or {}
        lost = FORGETTING * len(known.get("techniques", ())) + FORGOTTEN * len(known.get("examples", ()))
        score = self._scores.get((subject, task), max(0.0, BASE[task] - min(lost, 0.1)))
        metric = catalog.benchmarks()[task].metric
        found = {metric: round(score, 4), f"{metric}_stderr": 0.0035}
        self._writer().summary(f"custom|{task}|0", found)
        return found

    def _inferred(self, records: list[Record]) -> dict[str, float]:
        self._writer().answers([(record, self._answer(record)) for record in records])
        return {"samples": float(len(records))}

    def _scored(self, records: list[Record]) -> dict[str, float]:
        own = "EvaluatorArn" in self._job.request["ServerlessJobConfig"]
        function = serverless_rewards.function_of(self._job) if own else None
        scored, details, failures = [], [], 0
        for number, record in enumerate(records):
            answer = self._answer(record)
            found = serverless_metrics.all_of(answer, serverless_rewards.truth(record))
            try:
                found |= self._reward(function, record, number, answer)
            except serverless_rewards.RewardError as problem:
                failures += 1
                self._instance.log(f"record {number + 1}: {problem}")
            scored.append(found)
            details.append({"record": record, "answer": answer, "metrics": found})
        totals = serverless_metrics.summary(scored, self._given.get("aggregation", "mean"))
        totals |= {"byoc_failure_count": float(failures)} if own else {}
        self._writer().summary("custom|gen_qa_gen_qa|0", totals, details)
        return totals

    def _reward(self, function: str | None, record: Record, number: int, answer: str) -> dict[str, float]:
        """The scorer's own metrics of one answer."""
        if function is None:
            return self._preset(record, answer)
        sample = serverless_rewards.for_scoring(record, number, answer)
        (result,) = serverless_rewards.ask(self._job, function, [sample])
        found = {item["name"]: float(item["value"]) for item in result.get("metrics_list") or ()}
        return {**found, "aggregate_reward_score": float(result["aggregate_reward_score"])}

    def _preset(self, record: Record, answer: str) -> dict[str, float]:
        name = self._given["preset_reward_function"]
        if name != "prime_math":
            raise FailedJobError(f"ClientError: {name} runs generated code, which is not rehearsed")
        right = serverless_metrics.final_answer(serverless_rewards.truth(record))
        return {"aggregate_reward_score": float(serverless_metrics.final_answer(answer) == right)}

    def _judged(self) -> dict[str, float]:
        """What a judge of Bedrock would say; the job asks for it as its role."""
        judge, emulator = self._given["judge_model_id"], self._job.emulator
        arn = emulator.place.arn("bedrock", f"foundation-model/{judge}", account="")
        emulator.judge(self._job.principal, "bedrock:CreateEvaluationJob", arn)
        emulator.judge(self._job.principal, "bedrock:InvokeModel", arn)
        lines = serverless_data.lines(
            self._given["inference_data_s3_path"], self._instance.folder / "inference", self._instance
        )
        self._job.update(BillableTokenCount=serverless_data.tokens(lines))
        names = metrics(self._given.get("llmaj_metrics", "[]"))
        names += [custom_name(self._given["custom_metrics"])] if "custom_metrics" in self._given else []
        scored = [serverless_results.judgement(line, names) for line in lines]
        return self._writer().judgements(lines, scored, judge)


def custom_name(text: str) -> str:
    """The name of a metric that a judge was told to use (customMetricDefinition)."""
    said: Any = json.loads(text)
    one = said[0] if isinstance(said, list) else said
    return str(one["customMetricDefinition"]["name"])
