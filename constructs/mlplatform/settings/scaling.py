"""Settings of what an endpoint runs on, and how its capacity follows its load."""

from typing import Annotated, Any, Literal

from pydantic import Field

from mlplatform.settings.fields import Resettable, Section, Text
from mlplatform.settings.schedule import TimeZone

ScheduleName = Annotated[
    str, Text(r"[a-z0-9](-?[a-z0-9]){0,31}", "1 to 32 of a-z, 0-9 and single inner hyphens")
]

TARGETS: dict[str, tuple[str, ...]] = {
    "realtime": ("target_invocations_per_minute", "target_concurrent_requests"),
    "serverless": ("target_utilization_percent",),
    "async": ("target_backlog_per_instance",),
    "inference_components": ("target_invocations_per_minute", "target_concurrent_requests"),
}
"""What capacity may follow, by the endpoint's mode."""


def _as_minimum(given: dict[str, Any]) -> int:
    """What applies for the largest number if only the least is given."""
    return max(1, int(given.get("minimum", 1)))


class InstancesSettings(Resettable):
    """How many instances a variant has: so many at first and at least, and at most so many."""

    minimum: int = Field(
        default=2,
        ge=0,
        le=100,
        description="at first and at least; async and inference_components may have 0",
    )
    maximum: int = Field(
        default_factory=_as_minimum,
        ge=1,
        le=100,
        description="at most, with autoscaling; as minimum, unless given",
    )


class ServerlessSettings(Section):
    """Capacity of an endpoint without instances."""

    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = Field(
        default=2048, description="memory of a container, in MB"
    )
    maximum_concurrency: int = Field(default=20, ge=1, le=200, description="requests at a time")
    provisioned_concurrency: int = Field(
        default=0,
        ge=0,
        le=200,
        description="requests at a time that find a container running; is paid all the time",
    )


class AsyncInferenceSettings(Section):
    """An endpoint that takes requests from S3 and puts responses there."""

    concurrent_requests_per_instance: int = Field(
        default=4, ge=1, le=1_000, description="requests an instance works on at a time"
    )
    notify: bool = Field(default=True, description="tell the topic of notifications of every failure")


class ScalingScheduleSettings(Section):
    """Other limits of the capacity from a time on."""

    name: ScheduleName = Field(description="what it is called")
    schedule: str = Field(description="cron(…) or rate(…)")
    timezone: TimeZone = Field(default="UTC", description="the time zone of cron(…), such as Europe/Berlin")
    minimum: int | None = Field(default=None, ge=0, le=200, description="from then on at least")
    maximum: int | None = Field(default=None, ge=1, le=200, description="from then on at most")


class AutoscalingSettings(Resettable):
    """Capacity follows the load: exactly one of the targets says how."""

    target_invocations_per_minute: int | None = Field(
        default=None, ge=1, le=10_000_000, description="requests an instance, or a copy, gets in a minute"
    )
    target_concurrent_requests: int | None = Field(
        default=None, ge=1, le=10_000, description="requests an instance, or a copy, works on at a time"
    )
    target_utilization_percent: int | None = Field(
        default=None,
        ge=10,
        le=100,
        description="with serverless: share of the provisioned concurrency in use",
    )
    target_backlog_per_instance: int | None = Field(
        default=None, ge=1, le=1_000_000, description="with async: requests that wait, for each instance"
    )
    scale_in_cooldown_seconds: int = Field(
        default=300, ge=0, le=3_600, description="how long capacity stays before it is taken away"
    )
    scale_out_cooldown_seconds: int = Field(
        default=60, ge=0, le=3_600, description="how long it takes effect before more is added"
    )
    scale_in: bool = Field(default=True, description="whether capacity is taken away at all")
    paused: bool = Field(
        default=False, description="no autoscaling for now: needed while the instance type changes"
    )
    schedules: list[ScalingScheduleSettings] = Field(
        default=[], description="other limits of the capacity at certain times"
    )

    @property
    def targets(self) -> dict[str, int]:
        """The targets that are given, by the name of the setting."""
        every = (name for names in TARGETS.values() for name in names)
        return {name: value for name in every if (value := getattr(self, name)) is not None}
