"""The jobs of one kind: created, run in a thread each, described, listed, stopped, ended."""

import threading
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from rehearsal.api import ApiError, Parameters, Principal
from rehearsal.sagemaker import requests, rules
from rehearsal.sagemaker.containers.images import ImageError
from rehearsal.sagemaker.instance import Placement
from rehearsal.sagemaker.job import (
    REASON_LENGTH,
    TERMINAL,
    TRAINING,
    FailedJobError,
    Job,
    Kind,
    StoppedJobError,
)
from rehearsal.sagemaker.store import Record, Shelf, now, page, selected
from rehearsal.sagemaker.transfer import TransferError

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator


class Jobs:
    """The jobs of one kind. ``body`` runs a job to its end; ``placement`` reads its machine off a request."""

    def __init__(
        self,
        emulator: "Emulator",
        kind: Kind,
        body: Callable[[Job], None],
        placement: Callable[[Parameters], Placement],
    ) -> None:
        self.emulator, self.kind = emulator, kind
        self.shelf = Shelf(emulator.place, kind.resource, kind.wording)
        self._body, self._placement = body, placement
        self._jobs: dict[str, Job] = {}

    def create(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """Create<kind>."""
        rules.check(f"Create{self.kind.noun}", request)
        return {f"{self.kind.noun}Arn": self.launch(request).record.arn}

    def launch(self, request: Parameters, **members: Any) -> Job:
        """Start a job; ``members`` are added to its description."""
        noun = self.kind.noun
        serverless = "ServerlessJobConfig" in request
        moment = self.emulator.clock.now() if serverless else now()
        description = {
            **requests.members(f"Describe{noun}", request),
            **members,
            f"{noun}Arn": self.shelf.arn(request[f"{noun}Name"]),
            f"{noun}Status": "InProgress",
            "CreationTime": moment,
            "LastModifiedTime": moment,
        }
        record = Record(request[f"{noun}Name"], description[f"{noun}Arn"], description)
        job = self._assumed(record, request)
        job.record = self.shelf.add(record.name, description, request.get("Tags", []))
        self._jobs[record.name] = job
        # What a serverless job does happens at one moment of the world's time, however long it takes here.
        seat = self.emulator.clock.seat() if serverless else nullcontext()
        threading.Thread(target=self._live, args=(job, seat), name=record.name, daemon=True).start()
        return job

    def describe(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """Describe<kind>."""
        return self.find(request[f"{self.kind.noun}Name"]).describe()

    def stop(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """Stop<kind>: the container is told to end; a job that has ended cannot be stopped."""
        job = self.find(request[f"{self.kind.noun}Name"])
        if job.status in TERMINAL:
            text = (
                f"The request was rejected because the {self.kind.words.lower()} is in status {job.status}."
            )
            raise ApiError("ValidationException", text)
        job.move("Stopping")
        if self.kind is TRAINING:
            job.secondary("Stopping", "Stopping the training job")
        job.stop.set()
        return {}

    def listing(self, request: Parameters, caller: Principal) -> dict[str, Any]:
        """List<kind>s."""
        noun = self.kind.noun
        found = selected(
            [job.describe() for job in self._jobs.values()],
            request,
            name=f"{noun}Name",
            status=f"{noun}Status",
        )
        items, token = page(found, request)
        members = requests.summary_members(f"List{noun}s", f"{noun}Summaries")
        summaries = [{k: v for k, v in item.items() if k in members} for item in items]
        return {f"{noun}Summaries": summaries} | ({"NextToken": token} if token else {})

    def find(self, name: str) -> Job:
        """The job of that name; ValidationException as the service words it."""
        return self._jobs[self.shelf.need(name).name]

    def close(self) -> None:
        """Stop what still runs and wait for it."""
        for job in self._jobs.values():
            job.stop.set()
        for job in self._jobs.values():
            job.done.wait(10)

    def _assumed(self, record: Record, request: Parameters) -> Job:
        placement = self._placement(request)
        try:
            return Job(self.emulator, self.kind, record, request, placement)
        except ApiError as error:
            raise ApiError(
                "ValidationException",
                f"Could not assume role {placement.role_arn}. Please ensure that the role exists and allows "
                f"principal 'sagemaker.amazonaws.com' to assume the role. ({error.message})",
            ) from error

    def _live(self, job: Job, seat: AbstractContextManager[object]) -> None:
        with seat:
            self._worked(job)

    def _worked(self, job: Job) -> None:
        try:
            job.announce()
            self._body(job)
            self._end(job, "Completed", "Completed", "Training job completed")
        except StoppedJobError as stopped:
            self._end(job, "Stopped", str(stopped) or "Stopped", "Training job stopped")
        except Exception as error:
            job.update(FailureReason=self._reason(job, error)[:REASON_LENGTH])
            self._end(job, "Failed", "Failed", "Training job failed")
        finally:
            job.done.set()

    def _reason(self, job: Job, error: Exception) -> str:
        if isinstance(error, FailedJobError):
            return str(error)
        if isinstance(error, TransferError | ImageError):
            return f"ClientError: {error}"
        if isinstance(error, ApiError):
            return f"ClientError: {error.code}: {error.message}"
        self.emulator.note(f"{job.name}: {traceback.format_exc()}")
        return f"InternalServerError: the rehearsal itself failed: {type(error).__name__}: {error}"

    def _end(self, job: Job, status: str, secondary: str, message: str) -> None:
        if self.kind is TRAINING:
            job.secondary(secondary, message)
        job.move(status)
