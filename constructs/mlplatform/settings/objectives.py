"""Settings of what an endpoint promises and what is kept of its requests."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.functional_validators import AfterValidator

from mlplatform.settings.fields import Section, refuse
from mlplatform.settings.values import Number


def _share(value: float) -> float:
    if not 0 < value <= 100:
        raise refuse("out of range", given=value, allowed="a number above 0, up to 100")
    return value


def _duration(value: float) -> float:
    if not 0 < value <= 3_600_000:
        raise refuse("out of range", given=value, allowed="a number above 0, up to 3600000")
    return value


Percent = Annotated[Number, AfterValidator(_share)]
Milliseconds = Annotated[Number, AfterValidator(_duration)]


class CaptureSettings(Section):
    """Requests and responses that are kept in the capture bucket."""

    sampling_percent: int = Field(default=20, ge=1, le=100, description="share of the requests that is kept")
    content: Literal["input", "output", "input_and_output"] = Field(
        default="input_and_output", description="what of them is kept"
    )


class MetricsSettings(Section):
    """What SageMaker tells CloudWatch of the endpoint's instances."""

    enhanced: bool = Field(
        default=False, description="also for every instance and container, which costs per metric"
    )
    interval_seconds: Literal[10, 30, 60, 120, 180, 240, 300] = Field(default=60, description="how often")


class ObjectivesSettings(Section):
    """What the endpoint must keep to: alarms watch it, and a release that breaks it is undone."""

    p50_latency_ms: Milliseconds | None = Field(
        default=None, description="median of the model's time for a request, in milliseconds"
    )
    p99_latency_ms: Milliseconds | None = Field(
        default=None, description="99th percentile of the model's time for a request, in milliseconds"
    )
    overhead_p99_ms: Milliseconds | None = Field(
        default=None, description="99th percentile of what SageMaker adds to it, in milliseconds"
    )
    error_percent: Percent = Field(default=0.5, description="share of the requests that may fail")
    minimum_invocations_per_hour: int | None = Field(
        default=None, ge=1, le=1_000_000_000, description="fewer requests say that a consumer is cut off"
    )
    cpu_percent: Percent | None = Field(default=90, description="use of the processors")
    memory_percent: Percent | None = Field(default=90, description="use of the memory")
    gpu_percent: Percent | None = Field(default=None, description="use of the GPUs")
    gpu_memory_percent: Percent | None = Field(default=None, description="use of the GPUs' memory")
    disk_percent: Percent | None = Field(
        default=75, description="use of the disk; capturing stops when it is full"
    )
    backlog_per_instance: int | None = Field(
        default=None, ge=1, le=1_000_000, description="with async: requests that wait, for each instance"
    )
    oldest_request_seconds: int | None = Field(
        default=None, ge=1, le=21_600, description="with async: how long a request may wait"
    )
