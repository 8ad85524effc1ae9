"""How an endpoint gets from one fleet to another, step by step.

Developer guide: "Blue/Green Deployments" (all at once, canary, linear), "Use rolling deployments",
"Auto-Rollback Configuration and Monitoring". A deployment is a generator: it changes the endpoint, then
yields how long that takes; the endpoint goes on with it when so much of the world's time has passed.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from rehearsal.sagemaker.fleets import Fleet

PROVISIONING = 240.0
"""Seconds until a fleet is in service: instances, images, model data, health checks. A typical value."""

TERMINATION = 30.0
"""Seconds in which the old instances go."""

RETURN = 120.0
"""Seconds in which traffic returns to the old fleet and the new one goes."""

INSUFFICIENT_CAPACITY = (
    "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. "
    "Please retry using a different ML instance type or after some time."
)


class FailedDeploymentError(Exception):
    """A deployment that cannot go on; the text is the endpoint's FailureReason."""


@dataclass(frozen=True)
class Pause:
    """Time that passes (seconds) before the next step."""

    seconds: float


Steps = Iterator[Pause]


@dataclass
class Work:
    """A deployment under way: ``until`` is when its present pause ends (seconds since the epoch)."""

    steps: Steps
    policy: Mapping[str, Any]
    begun: float
    until: float
    seen: float
    alarms: tuple[str, ...] = ()
    deadline: float = float("inf")


class Site(Protocol):
    """The endpoint as deployments see it."""

    blue: Fleet | None
    green: Fleet | None

    def provision(self, fleet: Fleet) -> None:
        """Get instances, images and model data for a fleet; FailedDeploymentError if that does not work."""

    def shift(self, share: float) -> None:
        """Let the new fleet have this share of all requests (0 to 1)."""

    def tell(self, fleet: Fleet, status: str, message: str = "") -> None:
        """Say what the variants of a fleet are at."""

    def promote(self) -> None:
        """The new fleet is the endpoint's fleet; the old one is gone."""

    def abandon(self) -> None:
        """The new fleet is gone."""


def creation(site: Site) -> Steps:
    """The first fleet of an endpoint."""
    yield from _provisioned(site)
    site.shift(1.0)
    site.promote()


def update(site: Site, policy: Mapping[str, Any]) -> Steps:
    """From the old fleet to the new one, as a DeploymentConfig says; without one all at once."""
    if rolling := policy.get("RollingUpdatePolicy"):
        yield from _rolling(site, rolling)
        return
    blue_green = policy.get("BlueGreenUpdatePolicy", {})
    routing = blue_green.get("TrafficRoutingConfiguration", {})
    yield from _provisioned(site)
    green = _need(site.green)
    *parts, _ = shares(routing, green)
    for share in parts:
        yield from _bake(site, share, routing.get("WaitIntervalInSeconds", 0), "WaitIntervalInSeconds")
    yield from _bake(site, 1.0, blue_green.get("TerminationWaitInSeconds", 0), "TerminationWaitInSeconds")
    site.tell(_need(site.blue), "Deleting")
    yield Pause(TERMINATION)
    site.promote()


def way_back(site: Site, policy: Mapping[str, Any], *, fails: bool) -> Steps:
    """All traffic returns to the old fleet. What a rolling deployment has taken of it must be made again."""
    old_is_whole = "RollingUpdatePolicy" not in policy
    if not old_is_whole:
        yield Pause(PROVISIONING)
    if fails:
        raise FailedDeploymentError(INSUFFICIENT_CAPACITY)
    site.shift(0.0)
    if site.green is not None:
        site.tell(site.green, "Deleting")
    yield Pause(RETURN)
    site.abandon()


def shares(routing: Mapping[str, Any], fleet: Fleet) -> list[float]:
    """Traffic of the new fleet after each step, the last is all of it.

    CanarySize and LinearStepSize are instances or a percentage of the variant's; the fleet with fewest
    instances decides here.
    """
    count = min((one.count for one in fleet.production), default=1)
    match routing.get("Type", "ALL_AT_ONCE"):
        case "CANARY":
            return [_share(routing["CanarySize"], count), 1.0]
        case "LINEAR":
            step = _share(routing["LinearStepSize"], count)
            return [min(1.0, step * number) for number in range(1, math.ceil(1 / step - 1e-9) + 1)]
        case _:
            return [1.0]


def _share(size: Mapping[str, Any], count: int) -> float:
    value = int(size["Value"])
    instances = value if size["Type"] == "INSTANCE_COUNT" else count * value / 100
    return max(1, math.ceil(instances - 1e-9)) / max(count, 1)


def _provisioned(site: Site) -> Steps:
    fleet = _need(site.green)
    site.tell(fleet, "Creating")
    failure = ""
    try:
        site.provision(fleet)
    except FailedDeploymentError as error:
        failure = str(error)
    yield Pause(PROVISIONING)
    if failure:
        raise FailedDeploymentError(failure)


def _bake(site: Site, share: float, seconds: float, member: str) -> Steps:
    green = _need(site.green)
    site.shift(share)
    site.tell(
        green,
        "Baking" if seconds else "ActivatingTraffic",
        f"Baking for {seconds} seconds ({member}) with traffic enabled on {share:.0%} of the capacity.",
    )
    yield Pause(seconds)


def _rolling(site: Site, policy: Mapping[str, Any]) -> Steps:
    """Batch by batch: new instances, traffic, wait, as many old instances gone."""
    green = _need(site.green)
    count = green.production[0].count
    step = _share(policy["MaximumBatchSize"], count)
    for number in range(1, math.ceil(1 / step - 1e-9) + 1):
        yield from _provisioned(site)
        yield from _bake(
            site, min(1.0, step * number), policy["WaitIntervalInSeconds"], "WaitIntervalInSeconds"
        )
    site.promote()


def _need(fleet: Fleet | None) -> Fleet:
    if fleet is None:
        raise FailedDeploymentError("the fleet of this deployment is gone")
    return fleet
