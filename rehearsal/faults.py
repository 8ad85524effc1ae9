"""What goes wrong on purpose in a rehearsal."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from threading import Lock
from typing import Literal, get_args

Kind = Literal[
    "throttling",
    "job_failure",
    "spot_interruption",
    "capacity",
    "function_timeout",
    "endpoint_capacity",
    "endpoint_quota",
    "endpoint_rollback",
    "silent_rollback",
    "job_quota",
    "evaluation_hang",
    "hub_import_failure",
    "deployment_failure",
    "stall",
]
"""``throttling`` befalls an API action (``sagemaker:CreateTrainingJob``), ``function_timeout`` a function,
``job_failure``, ``spot_interruption`` and ``capacity`` a job, each by name.

Endpoints, by name: ``endpoint_capacity`` lets a fleet find no instances, ``endpoint_quota`` refuses to begin,
``endpoint_rollback`` fails the way back of a deployment, ``silent_rollback`` goes it without a word: no
FailureReason, and CloudFormation takes it for a success.

Customization, by name: ``job_quota`` refuses a serverless job, ``evaluation_hang`` lets an evaluation run
until its limit ends it, ``hub_import_failure`` fails the import of a hub's content.

Bedrock, by name: ``job_failure`` fails a job of any kind and a model that is taken over,
``deployment_failure`` a deployment or Provisioned Throughput, ``stall`` leaves any of them as it is."""


@dataclass
class _Fault:
    kind: Kind
    subject: str
    times: int


class Faults:
    """The faults still to come; threads may share them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._faults: list[_Fault] = []

    def inject(self, kind: Kind, subject: str, times: int = 1) -> None:
        """Let the next ``times`` subjects that match a pattern (with ``*`` and ``?``) suffer a fault.

        Raises ValueError for a kind nobody would notice, and for less than one time.
        """
        if kind not in get_args(Kind):
            raise ValueError(f"no such fault: {kind!r}, allowed: {', '.join(get_args(Kind))}")
        if times < 1:
            raise ValueError(f"a fault happens at least once, got {times} times")
        with self._lock:
            self._faults.append(_Fault(kind, subject, times))

    def take(self, kind: Kind, subject: str) -> bool:
        """Whether ``subject`` suffers the fault now; that was then one of its times."""
        with self._lock:
            for fault in self._faults:
                if fault.kind == kind and fault.times and fnmatchcase(subject, fault.subject):
                    fault.times -= 1
                    return True
        return False

    def left(self) -> dict[str, int]:
        """Faults that have not happened yet: how often each, by ``<kind> <subject>``."""
        with self._lock:
            return {f"{fault.kind} {fault.subject}": fault.times for fault in self._faults if fault.times}
