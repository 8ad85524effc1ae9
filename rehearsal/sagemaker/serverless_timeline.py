"""How time passes for a serverless job: by the world's clock, up to the longest runtime it may have.

How long AWS's jobs take is not documented; the seconds here are made up, so that a job can be looked at,
stopped and overtaken by its limit. Nothing is computed meanwhile.
"""

from rehearsal.sagemaker.job import Job, StoppedJobError
from rehearsal.sagemaker.training import DAY

PENDING, DOWNLOADING, EPOCH, UPLOADING = 60.0, 60.0, 600.0, 60.0
"""Seconds until capacity is there, for the data, for one epoch, for the results."""

INFERENCE, ANSWER = 300.0, 1.0
"""Seconds until a model answers, and for each of its answers."""


class Timeline:
    """The time of one job; it begins to count with ``begin``."""

    def __init__(self, job: Job) -> None:
        self._job, self._clock = job, job.emulator.clock
        self._limit = float(job.request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DAY))
        self._begun: float | None = None

    def begin(self) -> None:
        """The job runs from now on."""
        self._job.begin()
        self._begun = self._clock.now().timestamp()

    def spend(self, seconds: float) -> None:
        """Let time pass. Raises StoppedJobError: Stopped, or MaxRuntimeExceeded at the limit."""
        left = seconds if self._begun is None else self._limit - self.spent
        if not self._clock.sleep(min(seconds, max(left, 0.0)), self._job.stop):
            raise StoppedJobError("Stopped")
        if left < seconds:
            raise StoppedJobError("MaxRuntimeExceeded")

    def hang(self) -> None:
        """Never end; the limit does."""
        self.spend(self._limit + 1)

    @property
    def spent(self) -> float:
        """Seconds since it began."""
        return 0.0 if self._begun is None else self._clock.now().timestamp() - self._begun
