"""``sagemaker:create<Kind>Job.sync``: create a job and wait until it has ended.

Step Functions guide, "Create and manage Amazon SageMaker AI jobs with Step Functions" and its IAM policies.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from rehearsal.states.errors import TASK_FAILED, TIMEOUT, StateError
from rehearsal.states.integrations.call import Call
from rehearsal.states.integrations.shapes import epoch_milliseconds

FIRST_POLL, LONGEST_POLL = 0.05, 0.3
"""Seconds between two looks at the job."""

SERVERLESS, SERVERLESS_POLL = "ServerlessJobConfig", 60.0
"""What makes a training job a serverless one, and the seconds of the world's time between two looks at it."""


@dataclass(frozen=True)
class JobKind:
    """A kind of job: its name in the API and in its managed rule."""

    name: str
    rule: str

    @property
    def identifier(self) -> str:
        """The member that holds the job's name."""
        return f"{self.name}Name"


KINDS = {
    "createTrainingJob": JobKind("TrainingJob", "TrainingJobs"),
    "createProcessingJob": JobKind("ProcessingJob", "ProcessingJobs"),
    "createTransformJob": JobKind("TransformJob", "TransformJobs"),
    "createHyperParameterTuningJob": JobKind("HyperParameterTuningJob", "TuningJobs"),
}

REQUEST_RESPONSE = {"createModel", "createEndpointConfig", "createEndpoint", "updateEndpoint"}


def managed_rule(kind: JobKind) -> str:
    """The EventBridge rule that Step Functions keeps to learn of such jobs' ends."""
    return f"StepFunctionsGetEventsForSageMaker{kind.rule}Rule"


def create(call: Call) -> dict[str, Any]:
    """The call without ``.sync``: the answer of Create."""
    answer = call.send(call.resource.operation, call.arguments)
    return {**answer, "SdkHttpMetadata": {"HttpStatusCode": 200}}


def run(call: Call) -> dict[str, Any]:
    """The description of the completed job; raises StateError States.TaskFailed with the description of one
    that failed or was stopped."""
    if SERVERLESS in call.arguments:
        with call.emulator.clock.seat():
            return _ended(call, lambda: call.emulator.clock.drive(SERVERLESS_POLL, call.cancelled))
    pauses = iter(_pauses())
    return _ended(call, lambda: call.cancelled.wait(next(pauses)))


def _ended(call: Call, wait: Callable[[], object]) -> dict[str, Any]:
    kind = KINDS[call.resource.action]
    call.submitted(create(call))
    name = {kind.identifier: call.arguments[kind.identifier]}
    call.on_cancel.append(lambda: _stop(call, kind, name))
    if call.cancelled.is_set():  # while the job was being created: nobody has called what stops it
        _stop(call, kind, name)
    wait()
    while not call.cancelled.is_set():
        job = call.send(f"Describe{kind.name}", name, times=epoch_milliseconds)
        status = job[f"{kind.name}Status"]
        if status == "Completed":
            return job
        if status in {"Failed", "Stopped"}:
            raise StateError(TASK_FAILED, json.dumps(job, separators=(",", ":")))
        if SERVERLESS in call.arguments and call.until and call.emulator.clock.now() >= call.until:
            _stop(call, kind, name)
            raise StateError(TIMEOUT, f"The job {name[kind.identifier]} ran longer than TimeoutSeconds.")
        wait()
    return {}


def _pauses() -> Iterator[float]:
    pause = FIRST_POLL
    while True:
        yield pause
        pause = min(pause * 1.5, LONGEST_POLL)


def _stop(call: Call, kind: JobKind, name: dict[str, str]) -> None:
    """The guide, "Run a Job (.sync)": when the task is aborted or times out, the job is stopped at best
    effort; the task ends the same way when that fails."""
    try:
        call.send(f"Stop{kind.name}", name)
    except StateError as error:
        call.emulator.note(f"{kind.name} {name[kind.identifier]} was not stopped: {error.cause}")
