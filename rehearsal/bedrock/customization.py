"""Model customization jobs: asked for, read, listed, stopped; their work is in ``training``.

API reference of Amazon Bedrock: Create-, Get-, List- and StopModelCustomizationJob(s).
"""

from datetime import datetime
from typing import Any

from rehearsal.api import ApiError, Parameters, Principal
from rehearsal.bedrock import foundation, rules
from rehearsal.bedrock.announcements import announce
from rehearsal.bedrock.core import Core, picked
from rehearsal.bedrock.objects import JobError
from rehearsal.bedrock.store import Record, listing, tag_map
from rehearsal.bedrock.training import Training

TERMINAL = ("Completed", "Failed", "Stopped")
_REQUEST = (
    "jobName",
    "clientRequestToken",
    "roleArn",
    "customizationType",
    "trainingDataConfig",
    "outputDataConfig",
    "hyperParameters",
    "vpcConfig",
    "customizationConfig",
)


class Customization:
    """The customization jobs of the account."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def create(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """CreateModelCustomizationJob: everything that can be told from the request is refused here, what
        the role, the data and the grader decide fails the job."""
        core, kind = self._core, rules.customization_type(request)
        rules.imported(kind)
        parent = core.models.get(request["baseModelIdentifier"])
        base = parent.kept["base"] if parent else request["baseModelIdentifier"]
        model = foundation.need(base, kind, core.place)
        rules.check(request, model.family)
        core.jobs.free(request["jobName"])
        core.models.free(request["customModelName"])
        running = sum(job.status not in TERMINAL for job in core.jobs)
        core.within(core.quotas.customization_jobs, running + 1, "customization jobs at a time")
        job = self._made(request, model, kind)
        work = Training(core, job, request, model, parent)
        core.agenda.after(core.now(), core.durations.start, lambda due: self._begin(job, work, due))
        announce(core.emulator, job, job.description["creationTime"])
        return {"jobArn": job.arn}

    def get(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """GetModelCustomizationJob."""
        return self._core.jobs.need(request["jobIdentifier"]).description

    def summaries(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """ListModelCustomizationJobs."""
        items = [
            {
                **job.description,
                "customModelName": job.description["outputModelName"],
                "customModelArn": job.description.get("outputModelArn"),
            }
            for job in self._core.jobs
        ]
        return listing(
            "ListModelCustomizationJobs",
            [{k: v for k, v in item.items() if v is not None} for item in items],
            request,
            under="modelCustomizationJobSummaries",
            name="jobName",
        )

    def stop(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """StopModelCustomizationJob, of an active job."""
        core, job = self._core, self._core.jobs.need(request["jobIdentifier"])
        if job.status != "InProgress":
            text = f"The job {job.name} is {job.status}; only a job in progress can be stopped."
            raise ApiError("ConflictException", text)
        moment = core.now()
        self._move(job, moment, "Stopping")
        ends = core.durations.stopping
        core.agenda.after(moment, ends, lambda due: self._move(job, due, "Stopped"))
        return {}

    def _made(self, request: Parameters, model: foundation.Foundation, kind: str) -> Record:
        core, moment = self._core, self._core.now()
        key = core.key_arn(request.get("customModelKmsKeyId"))
        description = {
            **picked(request, *_REQUEST),
            "validationDataConfig": request.get("validationDataConfig", {"validators": []}),
            "customizationType": kind,
            "outputModelName": request["customModelName"],
            "baseModelArn": model.arn(core.place),
            "status": "InProgress",
            "creationTime": moment,
            **({"outputModelKmsKeyArn": key["arn"]} if key else {}),
        }
        arn = core.jobs.arn(model.id)
        job = Record(request["jobName"], arn, description | {"jobArn": arn}, tag_map(request.get("jobTags")))
        tag_map(request.get("customModelTags"))
        job.update(moment, statusDetails={})
        return core.jobs.add(job)

    def _begin(self, job: Record, work: Training, due: datetime) -> None:
        """Assume the role, read the data; the training follows."""
        core = self._core
        if job.status != "InProgress" or core.suffers("stall", job.name):
            return
        try:
            work.prepare(due)
        except JobError as error:
            self._failed(job, due, str(error))
            return
        seconds = core.durations.data_processing
        core.agenda.after(due, seconds, lambda then: self._train(job, work, then))

    def _train(self, job: Record, work: Training, due: datetime) -> None:
        core = self._core
        if job.status != "InProgress":
            return
        try:
            work.begin(due)
        except JobError as error:
            self._failed(job, due, str(error))
            return
        core.agenda.after(due, core.durations.training, lambda then: self._finish(job, work, then))

    def _finish(self, job: Record, work: Training, due: datetime) -> None:
        if job.status != "InProgress":
            return
        try:
            work.finish(due)
        except JobError as error:
            self._failed(job, due, str(error))
            return
        self._move(job, due, "Completed")

    def _failed(self, job: Record, due: datetime, message: str) -> None:
        """API reference: a failureMessage has at most 2,048 characters."""
        job.update(due, failureMessage=message[:2048])
        self._move(job, due, "Failed")

    def _move(self, job: Record, moment: datetime, status: str) -> None:
        if job.status in TERMINAL:
            return
        ended = {"endTime": moment} if status in TERMINAL else {}
        job.update(moment, status=status, **ended)
        announce(self._core.emulator, job, moment)
