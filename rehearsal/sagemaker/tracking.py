"""How many instances a scalable variant shall have."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rehearsal.sagemaker.behaviour import Behaviour
from rehearsal.sagemaker.component import Component
from rehearsal.sagemaker.endpoint import Endpoint

SLOW_OUT, SLOW_IN = 180.0, 900.0
"""Seconds for which the metric must be above the target before instances are added, and below it before they
are taken away: target tracking's alarms look at 3 and at 15 minutes (developer guide of Auto Scaling)."""


_TRACKED = "SageMakerVariantInvocationsPerInstance"


@dataclass
class Target:
    """A variant whose instances are scaled; ``since`` is when each direction was first wanted."""

    request: dict[str, Any]
    endpoint: str
    variant: str
    arn: str
    created: float
    tags: dict[str, str] = field(default_factory=dict)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    actions: dict[str, dict[str, Any]] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)

    @property
    def limits(self) -> tuple[int, int]:
        """Least and most."""
        return self.request["MinCapacity"], self.request["MaxCapacity"]


def wanted(target: Target, endpoint: Endpoint, now: float) -> int:
    """The count within the limits that the policies ask for at ``now``.

    Looked at whenever somebody looks at the endpoint: a need is noticed then, and met at a later look.
    """
    low, high = target.limits
    count = endpoint.blue.variants[target.variant].desired if endpoint.blue else low
    needed = count
    for policy in target.policies.values():
        tracking = policy.get("TargetTrackingScalingPolicyConfiguration", {})
        kind = tracking.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
        if kind == _TRACKED and endpoint.segments:
            shares = {load.variant: load.share for load in endpoint.segments[-1].loads}
            rate = endpoint.per_minute * shares.get(target.variant, 0.0)
            needed = math.ceil(rate / float(tracking["TargetValue"])) or low
            shrinks = not tracking.get("DisableScaleIn") and not _stays(target)
            needed = _patient(target, count, needed, now, shrinks=shrinks)
    return min(high, max(low, needed))


def copies_wanted(target: Target, component: Component, ringing: list[dict[str, Any]], now: float) -> int:
    """Copies within the limits that the policies ask for; ``ringing`` are those whose alarm is in ALARM.

    Developer guide, "Scale an endpoint to zero instances": only a step policy leads away from none.
    """
    (low, high), count = target.limits, component.copies
    if count == 0:
        steps = [one.get("StepScalingPolicyConfiguration", {}).get("StepAdjustments", []) for one in ringing]
        count = max((int(step["ScalingAdjustment"]) for found in steps for step in found), default=0)
        return min(high, max(low, count))
    needed = count
    for policy in target.policies.values():
        tracking = policy.get("TargetTrackingScalingPolicyConfiguration", {})
        kind = tracking.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
        if kind in _OF_COPIES:
            needed = math.ceil(_OF_COPIES[kind](component) / float(tracking["TargetValue"])) or low
            needed = _patient(target, count, needed, now, shrinks=not tracking.get("DisableScaleIn"))
    return min(high, max(low, needed))


def _concurrent(component: Component) -> float:
    """Requests under way at a time: their rate times how long each takes (Little's law)."""
    subject = component.runs.subject if component.runs else ""
    latency = component.behaviours.get(subject, Behaviour()).latency_ms / 1000
    return component.per_minute / 60 * latency


_OF_COPIES: dict[str, Callable[[Component], float]] = {
    "SageMakerInferenceComponentInvocationsPerCopy": lambda component: component.per_minute,
    "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution": _concurrent,
}
"""What copies can be scaled by, all of them together."""


def _patient(target: Target, count: int, needed: int, now: float, *, shrinks: bool) -> int:
    """``needed`` if it has been wanted long enough, else what there is."""
    way, slow = ("out", SLOW_OUT) if needed > count else ("in", SLOW_IN)
    if needed == count or (way == "in" and not shrinks):
        target.since.clear()
        return count
    begun = target.since.setdefault(way, now)
    if now - begun < slow:
        return count
    target.since.clear()
    return needed


def _stays(target: Target) -> bool:
    """Whether no policy may take instances away (Application Auto Scaling API, SuspendedState)."""
    return bool(target.request.get("SuspendedState", {}).get("DynamicScalingInSuspended"))


def suspended(target: Target) -> bool:
    """Whether nothing may change the count by itself."""
    state = target.request.get("SuspendedState", {})
    return bool(state.get("DynamicScalingInSuspended") and state.get("DynamicScalingOutSuspended"))
