"""One job of any kind: what its kind calls things, how it stands, how it ends."""

import threading
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.api import Parameters
from rehearsal.sagemaker.announcements import announce
from rehearsal.sagemaker.instance import Placement, assume
from rehearsal.sagemaker.store import Record, Wording, now

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

TERMINAL = ("Completed", "Failed", "Stopped")
REASON_LENGTH = 1024
"""API reference: FailureReason has at most so many characters."""


class FailedJobError(Exception):
    """A job that ends Failed; the text is its FailureReason."""


class StoppedJobError(Exception):
    """A job that ends Stopped; the text is why, as a secondary status."""


@dataclass(frozen=True)
class Kind:
    """What the kinds of jobs call things. ``started`` and ``ended`` are members of the description."""

    noun: str
    resource: str
    words: str
    event: str
    started: str | None
    ended: str
    missing: str

    @property
    def wording(self) -> Wording:
        """How names of this kind are refused."""
        text = self.words.lower()
        taken = (
            f"{self.words} names must be unique within an AWS account and region, "
            f"and a {text} with this name already exists ({{arn}})"
        )
        return Wording(self.missing, taken, taken_code="ResourceInUse")


TRAINING = Kind(
    "TrainingJob", "training-job", "Training job", "Training Job", "TrainingStartTime", "TrainingEndTime",
    "Requested resource not found.",
)  # fmt: skip
PROCESSING = Kind(
    "ProcessingJob", "processing-job", "Processing job", "Processing Job", "ProcessingStartTime",
    "ProcessingEndTime", "Could not find requested job with name: {name}",
)  # fmt: skip
TRANSFORM = Kind(
    "TransformJob", "transform-job", "Transform job", "Transform Job", "TransformStartTime",
    "TransformEndTime", "Could not find requested job with name: {name}",
)  # fmt: skip
TUNING = Kind(
    "HyperParameterTuningJob", "hyper-parameter-tuning-job", "Hyperparameter tuning job",
    "HyperParameter Tuning Job", None, "HyperParameterTuningEndTime",
    "Amazon SageMaker can't find a tuning job with the name {name}.",
)  # fmt: skip


class Job:
    """One job. Threads share it: change its description through its methods only."""

    def __init__(
        self, emulator: "Emulator", kind: Kind, record: Record, request: Parameters, placement: Placement
    ) -> None:
        self.emulator, self.kind, self.record, self.request = emulator, kind, record, request
        self.placement = placement
        self.principal = assume(emulator, placement, record.arn)
        self.stop = threading.Event()
        self.done = threading.Event()
        self._lock = threading.RLock()
        # A serverless job lives by the world's time; others take the seconds of this machine.
        self._now = emulator.clock.now if "ServerlessJobConfig" in request else now

    @property
    def name(self) -> str:
        """The job's name."""
        return self.record.name

    @property
    def status(self) -> str:
        """InProgress, Stopping, Completed, Failed or Stopped."""
        return str(self.record.description[f"{self.kind.noun}Status"])

    def describe(self) -> dict[str, Any]:
        """A copy of the description as it is now."""
        with self._lock:
            return deepcopy(self.record.description)

    def update(self, **members: Any) -> None:
        """Set members of the description."""
        with self._lock:
            self.record.description |= {**members, "LastModifiedTime": self._now()}

    def begin(self) -> None:
        """The container starts: the job's start time."""
        if self.kind.started and self.kind.started not in self.record.description:
            self.update(**{self.kind.started: self._now()})

    def secondary(self, status: str, message: str) -> None:
        """A step of a training job; the step before ends at the same moment."""
        with self._lock:
            moment = self._now()
            steps = self.record.description.setdefault("SecondaryStatusTransitions", [])
            if steps:
                steps[-1]["EndTime"] = moment
            steps.append({"Status": status, "StartTime": moment, "StatusMessage": message})
            self.update(SecondaryStatus=status)
        self.announce()

    def move(self, status: str) -> None:
        """Set the job's status; of an ended job also its end time."""
        ended = {self.kind.ended: self._now()} if status in TERMINAL else {}
        self.update(**{f"{self.kind.noun}Status": status, **ended})
        self.announce()

    def announce(self) -> None:
        """Tell EventBridge how the job stands."""
        announce(self.emulator, self.kind.event, self.record, self.describe())
