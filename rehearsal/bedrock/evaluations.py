"""Evaluation jobs of models, scored by a judge.

API reference of Amazon Bedrock: Create-, Get- and StopEvaluationJob; user guide, "Evaluate model performance
using another LLM as a judge". A score here is how much of the reference's words an answer has, 0 to 1, for
every metric alike: nothing judges here.
"""

import json
from datetime import datetime
from typing import Any

from rehearsal import language_model
from rehearsal.api import ApiError, Parameters, Principal
from rehearsal.bedrock.core import Core, picked
from rehearsal.bedrock.objects import JobError
from rehearsal.bedrock.role import RoleSession
from rehearsal.bedrock.runtime import Runtime
from rehearsal.bedrock.store import Record, tag_map

_REQUEST = (
    "jobName",
    "jobDescription",
    "roleArn",
    "customerEncryptionKeyId",
    "applicationType",
    "evaluationConfig",
    "inferenceConfig",
    "outputDataConfig",
)


class Evaluations:
    """The evaluation jobs of the account."""

    def __init__(self, core: Core, runtime: Runtime) -> None:
        self._core, self._runtime = core, runtime

    def create(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """CreateEvaluationJob of models by a judge; human and RAG evaluations are not rehearsed."""
        core, moment = self._core, self._core.now()
        if "automated" not in request["evaluationConfig"] or "models" not in request["inferenceConfig"]:
            raise ApiError("ValidationException", "Only automated evaluations of models are rehearsed.")
        core.evaluations.free(request["jobName"])
        arn = core.evaluations.arn()
        description = {
            **picked(request, *_REQUEST),
            "jobArn": arn,
            "jobType": "Automated",
            "status": "InProgress",
            "creationTime": moment,
        }
        job = Record(request["jobName"], arn, description, tag_map(request.get("jobTags")))
        job.update(moment)
        core.evaluations.add(job)
        core.agenda.after(moment, core.durations.evaluation, lambda due: self._finish(job, due))
        return {"jobArn": arn}

    def get(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """GetEvaluationJob."""
        return self._core.evaluations.need(request["jobIdentifier"]).description

    def stop(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """StopEvaluationJob, of a job in progress."""
        core, job = self._core, self._core.evaluations.need(request["jobIdentifier"])
        if job.status != "InProgress":
            raise ApiError("ConflictException", f"The job {job.name} is {job.status}.")
        moment = core.now()
        job.update(moment, status="Stopping")
        core.agenda.after(moment, core.durations.stopping, lambda due: job.update(due, status="Stopped"))
        return {}

    def _finish(self, job: Record, due: datetime) -> None:
        if job.status != "InProgress" or self._core.suffers("stall", job.name):
            return
        try:
            if self._core.suffers("job_failure", job.name):
                raise JobError("An internal error occurred while the models were evaluated. Try again.")
            self._evaluated(job)
        except JobError as error:
            job.update(due, status="Failed", failureMessages=[str(error)[:2048]])
        except ApiError as error:
            job.update(due, status="Failed", failureMessages=[f"{error.code}: {error.message}"[:2048]])
        else:
            job.update(due, status="Completed")

    def _evaluated(self, job: Record) -> None:
        about = job.description
        role = RoleSession(self._core.emulator, about["roleArn"], job.arn)
        automated = about["evaluationConfig"]["automated"]
        for config in automated.get("evaluatorModelConfig", {}).get("bedrockEvaluatorModels", []):
            role.may("bedrock:InvokeModel", self._arn(config["modelIdentifier"]))
        for inference in about["inferenceConfig"]["models"]:
            model = inference.get("bedrockModel", {}).get("modelIdentifier")
            if model:
                role.may("bedrock:InvokeModel", self._arn(model))
            for metrics in automated["datasetMetricConfigs"]:
                self._scored(job, role, model, metrics)

    def _scored(self, job: Record, role: RoleSession, model: str | None, metrics: Parameters) -> None:
        """One data set with one model; the layout of the results is that of the user guide, "Review
        metrics for a model evaluation job"."""
        dataset, task = metrics["dataset"], metrics["taskType"]
        uri = dataset.get("datasetLocation", {}).get("s3Uri")
        if uri is None:
            raise JobError(
                f"The data set {dataset['name']} has no datasetLocation, which is rehearsed alone."
            )
        lines = [_record(raw, uri, n) for n, raw in enumerate(role.read(uri).splitlines(), 1)]
        results = [self._result(line, model, metrics["metricNames"]) for line in lines]
        folder = f"{job.description['outputDataConfig']['s3Uri'].rstrip('/')}/{job.name}"
        number, short = job.arn.rpartition("/")[2], (model or "precomputed").rpartition("/")[2]
        path = f"{folder}/{number}/models/{short}/taskTypes/{task}/datasets/{dataset['name']}"
        body = "".join(f"{json.dumps(one)}\n" for one in results)
        role.write(f"{path}/{number}_output.jsonl", body.encode())

    def _result(self, line: dict[str, Any], model: str | None, metrics: list[str]) -> dict[str, Any]:
        said, reference = self._said(line, model), str(line.get("referenceResponse", ""))
        score = language_model.similarity(said, reference)
        answers = [{"response": said, "modelIdentifier": model or "precomputed"}]
        scores = [{"metricName": name, "result": score} for name in metrics]
        return {
            "automatedEvaluationResult": {"scores": scores},
            "inputRecord": {k: line[k] for k in ("prompt", "referenceResponse", "category") if k in line},
            "modelResponses": answers,
        }

    def _said(self, line: dict[str, Any], model: str | None) -> str:
        if model is not None:
            return self._runtime.target(model).answer(line["prompt"])
        given = line.get("modelResponses") or [{}]
        return str(given[0].get("response", ""))

    def _arn(self, model: str) -> str:
        place = self._core.place
        arn = model.startswith("arn:")
        return model if arn else place.arn("bedrock", f"foundation-model/{model}", account="")


def _record(raw: bytes, uri: str, number: int) -> dict[str, Any]:
    """A line of a data set (user guide, "Create a prompt dataset for a model evaluation job")."""
    try:
        found = json.loads(raw)
    except ValueError as error:
        raise JobError(f"{uri}, line {number}: not JSON: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("prompt"), str):
        raise JobError(f"{uri}, line {number}: prompt must be a text")
    return found
