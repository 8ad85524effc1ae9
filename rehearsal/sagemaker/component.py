"""One inference component: copies of a model on an endpoint, by the world's time.

Developer guide, "Inference components" and "Update inference components with rolling deployments"; API
reference, DescribeInferenceComponent: its status is Updating also while it goes back.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rehearsal.cloudwatch import Key, Values
from rehearsal.cloudwatch.queries import moment_of
from rehearsal.sagemaker import behaviour, deployments
from rehearsal.sagemaker.behaviour import INSTANCES, INVOCATIONS, MINUTE
from rehearsal.sagemaker.endpoint import Endpoint
from rehearsal.sagemaker.fleets import Variant

COPIES = "/aws/sagemaker/InferenceComponents"
STARTING = 120.0
"""Seconds until another copy is in service on an instance that is there. A typical value."""

FAILURES = "NoCapacityInvocationFailures"
_STATUS = {"RollingBack": "Updating", "UpdateRollbackFailed": "Failed"}
_NORMALIZED = re.compile(r"(CPU|Memory)Utilization(Normalized)")


@dataclass
class Component(Endpoint):
    """A component deploys as an endpoint does: its fleets are the copies of one model each."""

    of_endpoint: str = ""
    variant: str = ""
    specification: Any = None
    copies: int = 0

    def announced(self, subject: str) -> None:
        """Nothing: SageMaker tells EventBridge nothing of components ("Events that SageMaker AI sends")."""

    @property
    def runs(self) -> Variant | None:
        """The copies that answer; None before the first ones do."""
        return next(iter(self.blue.variants.values()), None) if self.blue else None

    @property
    def current(self) -> int:
        """Copies in service."""
        return self.runs.count if self.runs else 0

    def scaled(self, count: int) -> Iterator[deployments.Pause]:
        """To another number of copies: more of them take an instance, fewer go at once."""
        more, self.copies = count > self.current, count
        yield deployments.Pause(deployments.PROVISIONING if more and not self.current else STARTING)
        if self.runs is not None:
            self.runs.count = self.runs.desired = count
        self.load()

    def described(self) -> dict[str, Any]:
        """DescribeInferenceComponent's answer."""
        told: dict[str, Any] = {
            "InferenceComponentName": self.record.name,
            "InferenceComponentArn": self.record.arn,
            "EndpointName": self.of_endpoint,
            "EndpointArn": self.emulator.place.arn("sagemaker", f"endpoint/{self.of_endpoint}"),
            "VariantName": self.variant,
            "RuntimeConfig": {"DesiredCopyCount": self.copies, "CurrentCopyCount": self.current},
            "CreationTime": moment_of(self.created),
            "LastModifiedTime": moment_of(self.modified),
            "InferenceComponentStatus": _STATUS.get(self.status, self.status),
        }
        # Until an update is through, what serves is what served (and after one that failed).
        told |= self.specification if self.blue is None else self.blue.description["Specified"]
        if self.reason:
            told["FailureReason"] = self.reason
        if self.policy:
            told["LastDeploymentConfig"] = self.policy
        return told

    def observed(self, key: Key, start: float, end: float) -> Iterator[tuple[float, Values]]:
        """What a metric of the component tells for each minute.

        Developer guide, "Amazon SageMaker AI metrics in Amazon CloudWatch": invocation metrics and those of
        use, normalized to what the copies have reserved, by InferenceComponentName.
        """
        if dict(key.dimensions) != {"InferenceComponentName": self.record.name}:
            return
        of_use = _NORMALIZED.fullmatch(key.name)
        namespace = INSTANCES if key.namespace == COPIES else key.namespace
        if (key.namespace == COPIES) != bool(of_use):
            return
        name = f"{of_use[1]}Utilization" if of_use else key.name
        own = frozenset({("EndpointName", self.record.name), ("VariantName", self.variant)})
        if key.name == FAILURES:
            yield from self._failures(start, end)
            return
        served = [one for one in self.segments if any(load.count for load in one.loads)]
        yield from behaviour.observations(
            self.record.name, self._answered(served), Key(namespace, name, own), start, end
        )

    def _answered(self, served: list[behaviour.Segment]) -> list[behaviour.Segment]:
        """All segments in order, those without a copy as ones without a load: nothing answers in them."""
        kept = {id(one) for one in served}
        return [
            one if id(one) in kept else behaviour.Segment(one.start, one.per_minute, ())
            for one in self.segments
        ]

    def _failures(self, start: float, end: float) -> Iterator[tuple[float, Values]]:
        """Requests that found no copy, minute by minute."""
        ends = [*(one.start for one in self.segments[1:]), end]
        for one, finish in zip(self.segments, ends, strict=False):
            asleep = not any(load.count for load in one.loads)
            minute = max(one.start, start) // MINUTE * MINUTE
            while asleep and one.per_minute and minute < min(finish, end):
                yield minute, Values([(1.0, one.per_minute)])
                minute += MINUTE

    def count_failure(self) -> None:
        """Note one request that found no copy."""
        key = Key(INVOCATIONS, FAILURES, frozenset({("InferenceComponentName", self.record.name)}))
        self.watch.metrics.put(key, self.watch.now(), Values([(1.0, 1.0)]))
