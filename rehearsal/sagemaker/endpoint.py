"""One endpoint: its fleets, the deployment under way, and what reaches them, by the world's time."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.api import ApiError
from rehearsal.cloudwatch.alarms import ALARM
from rehearsal.cloudwatch.queries import moment_of
from rehearsal.cloudwatch.watch import Watch
from rehearsal.sagemaker import deployments
from rehearsal.sagemaker.behaviour import MINUTE, Behaviour, Segment
from rehearsal.sagemaker.deployments import FailedDeploymentError, Steps, Work
from rehearsal.sagemaker.endpoint_events import announce
from rehearsal.sagemaker.fleets import Fleet
from rehearsal.sagemaker.hosts import Host
from rehearsal.sagemaker.store import Record

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

HostOf = Callable[[str, str], Host]
"""Makes the host of a variant: model's name, variant's name."""


@dataclass
class Endpoint:
    """One endpoint. Its ``settle`` must have been called before anything is read.

    ``config`` names the configuration that serves; ``blue`` is its fleet, ``green`` that of a deployment
    under way. ``segments`` are what reached the fleets, from the first moment on.
    """

    emulator: "Emulator"
    watch: Watch
    record: Record
    config: str
    host_of: HostOf
    status: str = "Creating"
    reason: str = ""
    blue: Fleet | None = None
    green: Fleet | None = None
    share: float = 0.0
    work: Work | None = None
    per_minute: float = 0.0
    behaviours: Mapping[str, Behaviour] = field(default_factory=dict)
    segments: list[Segment] = field(default_factory=list)
    policy: Mapping[str, Any] = field(default_factory=dict)
    created: float = 0.0
    modified: float = 0.0
    moment: float = 0.0
    hosts: dict[tuple[str, str], Host] = field(default_factory=dict)

    def begin(self, status: str, steps: Steps, policy: Mapping[str, Any], alarms: Iterable[str] = ()) -> None:
        """Start a deployment now; ``alarms`` send it back."""
        now = self.watch.now()
        self.moment = now
        waits = policy.get("BlueGreenUpdatePolicy") or policy.get("RollingUpdatePolicy") or {}
        limit = waits.get("MaximumExecutionTimeoutInSeconds")
        deadline = now + limit if limit else float("inf")
        self.work = Work(steps, policy, now, now, now, alarms=tuple(alarms), deadline=deadline)
        self.reason = ""
        self.become(status)
        self._next()

    def settle(self, now: float) -> None:
        """Go on with the deployment until ``now``: step by step, watching the alarms every minute."""
        while (work := self.work) is not None:
            end = min(work.until, work.deadline)
            if tripped := self._tripped(work, min(end, now)):
                name, self.moment = tripped
                self._return(f"Deployment failed because alarm '{name}' went into the ALARM state.")
            elif now < end:
                return
            elif work.deadline < work.until:
                self.moment = work.deadline
                self._return("Deployment exceeded MaximumExecutionTimeoutInSeconds.")
            else:
                self.moment = work.until
                self._next()

    def _tripped(self, work: Work, until: float) -> tuple[str, float] | None:
        """The alarm that was first in ALARM since the last look, and when; also one that was so before.

        API reference, AutoRollbackConfig: "If any alarms are tripped during a deployment, SageMaker AI rolls
        back the deployment."
        """
        moment = work.seen
        while work.alarms and moment <= until:
            for name in work.alarms:
                if self.watch.state(name, moment) == ALARM:
                    return name, moment
            work.seen = moment = moment - moment % MINUTE + MINUTE
        return None

    def _next(self) -> None:
        """The next step of the deployment, at ``moment``."""
        work = self.work
        if work is None:
            return
        try:
            pause = next(work.steps, None)
        except FailedDeploymentError as error:
            self._return(str(error))
            return
        if pause is None:
            self.work = None
            self.become("InService")
        else:
            work.until = self.moment + pause.seconds
            self.announced("Endpoint Deployment")

    def _return(self, reason: str) -> None:
        """The deployment has failed. A first one leaves a failed endpoint, any other returns to what was.

        Whether DescribeEndpoint says why is not certain: FailureReason may stay empty (fault
        ``silent_rollback``). API reference, DescribeEndpoint, EndpointStatus: ``UpdateRollbackFailed`` if the
        way back fails as well (fault ``endpoint_rollback``).
        """
        work, faults = self.work, self.emulator.faults
        if work is None:
            return
        if self.blue is None or self.status == "RollingBack":
            failed = "Failed" if self.blue is None else "UpdateRollbackFailed"
            self.work, self.reason = None, reason
            self.become(failed)
            return
        fails = faults.take("endpoint_rollback", self.record.name)
        self.reason = "" if faults.take("silent_rollback", self.record.name) else reason
        steps = deployments.way_back(self, work.policy, fails=fails)
        self.work = Work(steps, work.policy, work.begun, self.moment, self.moment)
        self.become("RollingBack")
        self._next()

    def become(self, status: str) -> None:
        """Be in another status from ``moment`` on."""
        self.status, self.modified = status, self.moment
        self.announced("Endpoint")

    def announced(self, subject: str) -> None:
        """Tell EventBridge of the change."""
        announce(self, subject)

    def provision(self, fleet: Fleet) -> None:
        """Get the machines of a fleet (Site)."""
        if self.emulator.faults.take("endpoint_capacity", self.record.name):
            raise FailedDeploymentError(deployments.INSUFFICIENT_CAPACITY)
        for variant in fleet.variants.values():
            key = (fleet.config, variant.name)
            if key not in self.hosts and "ModelName" in variant.config:
                host = self.host_of(variant.config["ModelName"], variant.name)
                host.start()
                self.hosts[key] = host

    def shift(self, share: float) -> None:
        """Let the new fleet have this share of all requests (Site)."""
        self.share = share
        self.load()

    def load(self) -> None:
        """Note what reaches which fleet from ``moment`` on."""
        loads = []
        for fleet, share in ((self.blue, 1 - self.share), (self.green, self.share)):
            if fleet is not None and (fleet is self.blue or share > 0):
                loads += list(fleet.loads(share, self.behaviours))
        self.segments.append(Segment(self.moment, self.per_minute, tuple(loads)))

    def tell(self, fleet: Fleet, status: str, message: str = "") -> None:
        """Say what the variants of a fleet are at (Site)."""
        fleet.tell(status, message, moment_of(self.moment))

    def promote(self) -> None:
        """The new fleet is the endpoint's (Site)."""
        old, self.blue, self.green, self.share = self.blue, self.green, None, 0.0
        if self.blue is not None:
            self.config = self.blue.config
            self.blue.tell("")
        self.load()
        if old is not None:
            self._clear(old)

    def abandon(self) -> None:
        """The new fleet is gone (Site)."""
        gone, self.green = self.green, None
        self.load()
        if gone is not None:
            self._clear(gone)

    def _clear(self, fleet: Fleet) -> None:
        """Stop the machines of a fleet that is gone, unless the other fleet has the same configuration."""
        kept = {one.config for one in (self.blue, self.green) if one is not None}
        for key in [key for key in self.hosts if key[0] == fleet.config and key[0] not in kept]:
            self.hosts.pop(key).stop()

    def close(self) -> None:
        """Stop every machine."""
        for key in list(self.hosts):
            self.hosts.pop(key).stop()

    def refuse_unstable(self) -> None:
        """Raise ApiError while a deployment is under way, and for an endpoint that can only be deleted."""
        if self.status not in ("InService", "UpdateRollbackFailed"):
            raise ApiError("ValidationException", f'Cannot update in-progress endpoint "{self.record.arn}".')
