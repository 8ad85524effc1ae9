"""CreateHyperParameterTuningJob: trials that really train, the search over them, and the best of them."""

import hashlib
import math
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from rehearsal.api import ApiError, Parameters
from rehearsal.sagemaker import trials
from rehearsal.sagemaker.early_stopping import MedianStopping
from rehearsal.sagemaker.instance import Placement
from rehearsal.sagemaker.job import FailedJobError, Job, StoppedJobError
from rehearsal.sagemaker.metrics import Observer
from rehearsal.sagemaker.search import Range, Search, Trial, ranges, rungs

PARALLEL = 2
"""Trials at a time, whatever the job allows: as many as a small machine has cores."""
EPOCHS = ("epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs")
"""Hyperparameters Hyperband takes as its resource (developer guide, "How Hyperband works")."""

Launch = Callable[[dict[str, Any], str, Observer], Job]
"""Starts a training job: request, ARN of its tuning job, observer of its metrics."""


def placement(request: Parameters) -> Placement:
    """Role and machine of a tuning job: those of its training jobs."""
    definition = request.get("TrainingJobDefinition") or request["TrainingJobDefinitions"][0]
    return Placement(definition["RoleArn"], (definition["AlgorithmSpecification"].get("TrainingImage", ""),))


class Tuning:
    """One tuning job at work."""

    def __init__(self, job: Job, launch: Launch, parents: Callable[[str], list[Trial]]) -> None:
        self.job, self.launch = job, launch
        self.config = job.request["HyperParameterTuningJobConfig"]
        self.definition = job.request.get("TrainingJobDefinition") or job.request["TrainingJobDefinitions"][0]
        objective = self.config.get("HyperParameterTuningJobObjective")
        self.objective = objective or self.definition["TuningObjective"]
        self.maximize = self.objective["Type"] == "Maximize"
        self.space = ranges(self.config.get("ParameterRanges", {}))
        self.search = Search(self.config["Strategy"], self.space, job.name, maximize=self.maximize)
        self.seen = _inherited(job.request, parents)
        self._parents = len(self.seen)
        self.deadline = time.monotonic() + self.config["ResourceLimits"].get("MaxRuntimeInSeconds", 2592000)
        self.median = MedianStopping(self.maximize)
        self._count = 0
        self._lock = threading.Lock()
        self.jobs: list[Job] = []

    def run(self) -> None:
        """Run the job to its end; raises FailedJobError or StoppedJobError otherwise."""
        if "TrainingJobDefinitions" in self.job.request:
            raise FailedJobError("ClientError: several TrainingJobDefinitions are not rehearsed")
        limits = self.config["ResourceLimits"]
        parallel = min(limits["MaxParallelTrainingJobs"], PARALLEL)
        with ThreadPoolExecutor(parallel) as pool:
            if self.config["Strategy"] == "Hyperband":
                self._hyperband(pool, limits.get("MaxNumberOfTrainingJobs", 30))
            else:
                self._sequential(pool, limits.get("MaxNumberOfTrainingJobs", math.inf), parallel)
        self._report()
        if self.job.stop.is_set():
            raise StoppedJobError
        if "BestTrainingJob" not in self.job.describe():
            raise FailedJobError(trials.no_objective(self.jobs))

    def _sequential(self, pool: ThreadPoolExecutor, limit: float, parallel: int) -> None:
        running: set[Future[None]] = set()
        while True:
            while len(running) < parallel and self._count < limit and self._going():
                with self._lock:
                    values = self.search.next(self.seen)
                if values is None:
                    limit = self._count
                    break
                running.add(pool.submit(self._trial, values))
                self._count += 1
            if not running:
                return
            running = self._waited(running)

    def _hyperband(self, pool: ThreadPoolExecutor, limit: int) -> None:
        settings = self.config.get("StrategyConfig", {}).get("HyperbandStrategyConfig", {})
        name, low, high = _resource(self.space, settings)
        space = [one for one in self.space if one.name != name]
        search = Search("Random", space, self.job.name, maximize=self.maximize)
        chosen: list[dict[str, str]] = []
        for count, resource in rungs(limit, low, high):
            if chosen:
                best = self._ranked(chosen, space)
                chosen = best[:count]
            else:
                chosen = [search.next([]) or {} for _ in range(count)]
            running = set()
            for values in chosen:
                if self._going():
                    running.add(pool.submit(self._trial, {**values, name: str(resource)}))
                    self._count += 1
            while running:
                running = self._waited(running)

    def _ranked(self, chosen: list[dict[str, str]], space: list[Range]) -> list[dict[str, str]]:
        """The last rung's values by their latest objective, best first; those without one are left out."""
        names = [one.name for one in space]
        with self._lock:
            latest = {tuple(t.values.get(n, "") for n in names): t.objective for t in self.seen}
        known = [values for values in chosen if tuple(values[n] for n in names) in latest]
        return sorted(known, key=lambda v: latest[tuple(v[n] for n in names)], reverse=self.maximize)

    def _waited(self, running: set[Future[None]]) -> set[Future[None]]:
        done, rest = wait(running, timeout=0.1, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()
        if not self._going():
            for trial in self.jobs:
                trial.stop.set()
        if done:
            self._report()
        return rest

    def _going(self) -> bool:
        if self.job.stop.is_set() or time.monotonic() > self.deadline:
            return False
        criteria = self.config.get("TuningJobCompletionCriteria", {})
        with self._lock:
            seen = [trial.objective for trial in self.seen[self._parents :]]
        target = criteria.get("TargetObjectiveMetricValue")
        reached = [v for v in seen if target is not None and (v >= target if self.maximize else v <= target)]
        patience = criteria.get("BestObjectiveNotImproving", {}).get("MaxNumberOfTrainingJobsNotImproving")
        best = (max if self.maximize else min)(seen, default=0.0)
        stale = patience is not None and len(seen) > patience and len(seen) - 1 - seen.index(best) >= patience
        return not reached and not stale

    def _trial(self, values: Mapping[str, str]) -> None:
        """Train once and observe the objective."""
        with self._lock:
            number = len(self.jobs) + 1
            suffix = hashlib.sha256(f"{self.job.name}/{number}".encode()).hexdigest()[:8]
            watch = self.median.watch(self.objective["MetricName"], self._early())
            name = f"{self.job.name}-{number:03d}-{suffix}"
            request = trials.request(self.job.request, name, values, self.objective["MetricName"])
            trial = self.launch(request, self.job.record.arn, watch)
            watch.trial = trial
            trial.update(TunedHyperParameters=dict(values))
            self.jobs.append(trial)
        trial.done.wait()
        watch.finish()
        found = trials.value(trial, self.objective)
        if found is not None:
            with self._lock:
                self.seen.append(Trial(dict(values), found))

    def _early(self) -> bool:
        return bool(self.config.get("TrainingJobEarlyStoppingType", "Off") == "Auto")

    def summary(self, trial: Job) -> dict[str, Any]:
        """HyperParameterTrainingJobSummary of one trial."""
        return trials.summary(trial, self.objective)

    def _report(self) -> None:
        summaries = [self.summary(trial) for trial in self.jobs]
        self.job.update(**trials.counters(summaries))
        best = trials.best(summaries, maximize=self.maximize)
        if best is not None:
            self.job.update(BestTrainingJob=best)


def _inherited(request: Parameters, parents: Callable[[str], list[Trial]]) -> list[Trial]:
    """Observations of the parents of a warm start."""
    named = request.get("WarmStartConfig", {}).get("ParentHyperParameterTuningJobs", [])
    return [trial for parent in named for trial in parents(parent["HyperParameterTuningJobName"])]


def _resource(space: list[Range], settings: Mapping[str, int]) -> tuple[str, int, int]:
    """Name and bounds of Hyperband's resource: the tuned hyperparameter that counts epochs."""
    for one in space:
        if one.name in EPOCHS or one.name == "num_round":
            low = settings.get("MinResource", int(one.low))
            return one.name, max(1, low), settings.get("MaxResource", int(one.high))
    raise FailedJobError(
        f"ClientError: Hyperband needs one of {', '.join(EPOCHS)} among the tuned hyperparameters"
    )


def refuse_parents(request: Parameters, status: Callable[[str], str]) -> None:
    """API reference, HyperParameterTuningJobWarmStartConfig: parents must have ended."""
    for parent in request.get("WarmStartConfig", {}).get("ParentHyperParameterTuningJobs", []):
        name = parent["HyperParameterTuningJobName"]
        if status(name) not in ("Completed", "Stopped", "Failed"):
            raise ApiError("ValidationException", f"Parent tuning job {name} has not ended.")
