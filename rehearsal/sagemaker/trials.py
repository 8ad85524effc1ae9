"""The training jobs of a tuning job: their requests, summaries and the best of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.api import Parameters
from rehearsal.sagemaker.job import Job

_STATUSES = ("Completed", "InProgress", "Stopped")
_OUTCOMES = ("Succeeded", "Pending", "Failed")
_METRIC = "FinalHyperParameterTuningJobObjectiveMetric"
_MEMBERS = (
    "TrainingJobName", "TrainingJobArn", "TrainingJobStatus", "TunedHyperParameters", "CreationTime",
    "TrainingStartTime", "TrainingEndTime", "FailureReason",
)  # fmt: skip
_NOT_OF_TRAINING = (
    "StaticHyperParameters", "HyperParameterRanges", "TuningObjective", "DefinitionName",
    "HyperParameterTuningResourceConfig",
)  # fmt: skip


def request(tuning: Parameters, name: str, values: Mapping[str, str], metric: str) -> dict[str, Any]:
    """CreateTrainingJob of one trial: the definition with the trial's name and hyperparameters.

    SageMaker tells the container its objective, the hyperparameter ``_tuning_objective_metric``.
    """
    definition = tuning.get("TrainingJobDefinition") or tuning["TrainingJobDefinitions"][0]
    found = {key: value for key, value in definition.items() if key not in _NOT_OF_TRAINING}
    resources = definition.get("HyperParameterTuningResourceConfig")
    if resources:
        machine = {**resources, **(resources.get("InstanceConfigs") or [{}])[0]}
        apart = ("InstanceConfigs", "AllocationStrategy")
        found["ResourceConfig"] = {key: value for key, value in machine.items() if key not in apart}
    static = definition.get("StaticHyperParameters", {})
    return {
        **found,
        "TrainingJobName": name,
        "HyperParameters": {**static, **values, "_tuning_objective_metric": metric},
        "Tags": tuning.get("Tags", []),
    }


def value(trial: Job, objective: Parameters) -> float | None:
    """The trial's objective; None if it failed or logged none."""
    description = trial.describe()
    if description["TrainingJobStatus"] == "Failed":
        return None
    found = {m["MetricName"]: m["Value"] for m in description.get("FinalMetricDataList", [])}
    return found.get(objective["MetricName"])


def summary(trial: Job, objective: Parameters) -> dict[str, Any]:
    """HyperParameterTrainingJobSummary of one trial."""
    description, found = trial.describe(), value(trial, objective)
    shown = {name: description[name] for name in _MEMBERS if name in description}
    shown.setdefault("TunedHyperParameters", {})
    ended = trial.done.is_set()
    shown["ObjectiveStatus"] = "Pending" if not ended else "Failed" if found is None else "Succeeded"
    return shown if found is None else {**shown, _METRIC: {**objective, "Value": found}}


def counters(summaries: Iterable[Parameters]) -> dict[str, dict[str, int]]:
    """TrainingJobStatusCounters and ObjectiveStatusCounters."""
    known = list(summaries)
    statuses = [one["TrainingJobStatus"] for one in known]
    outcomes = [one["ObjectiveStatus"] for one in known]
    errors = {"RetryableError": 0, "NonRetryableError": statuses.count("Failed")}
    return {
        "TrainingJobStatusCounters": {name: statuses.count(name) for name in _STATUSES} | errors,
        "ObjectiveStatusCounters": {name: outcomes.count(name) for name in _OUTCOMES},
    }


def best(summaries: Iterable[Parameters], *, maximize: bool) -> Parameters | None:
    """API reference, BestTrainingJob: of those that completed; one stopped early may have no model."""
    known = [one for one in summaries if _METRIC in one and one["TrainingJobStatus"] == "Completed"]
    known.sort(key=lambda one: one[_METRIC]["Value"], reverse=maximize)
    return known[0] if known else None


def no_objective(trials: list[Job]) -> str:
    """Why a tuning job has no best training job, with what one of them said."""
    reasons = [trial.describe().get("FailureReason", "") for trial in trials]
    said = next((reason for reason in reasons if reason), "no training job reported its objective metric")
    return f"No objective metrics found after running {len(trials)} training jobs. {said}"
