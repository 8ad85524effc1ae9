"""Settings of how a version comes to serve: beside the live one first, then step by step."""

import math
from typing import Annotated, Literal

from pydantic import Field
from pydantic.functional_validators import AfterValidator

from mlplatform.settings.fields import Resettable, Section, refuse
from mlplatform.settings.values import Number

Strategy = Literal["canary", "linear", "rolling", "all_at_once"]

SHARES: dict[str, str] = {"canary": "canary_percent", "linear": "step_percent", "rolling": "batch_percent"}
"""The setting that says how much a strategy does at a time."""


def _increase(value: float) -> float:
    if value < 0:
        raise refuse("out of range", given=value, allowed="a number from 0")
    return value


Increase = Annotated[Number, AfterValidator(_increase)]
"""By how much something may be worse: 0 or more."""


class LimitSettings(Section):
    """By how much the candidate may be worse than production while it runs beside it."""

    error_rate_increase_percentage_points: Increase = Field(
        default=0.5, description="more requests that fail, in percentage points"
    )
    p50_latency_increase_percent: Increase = Field(default=20, description="a longer median, in percent")
    p99_latency_increase_percent: Increase = Field(
        default=20, description="a longer 99th percentile, in percent"
    )


class ShadowSettings(Resettable):
    """A candidate runs beside production first, gets a copy of its requests and answers nobody."""

    sampling_percent: int = Field(
        default=100, ge=1, le=100, description="share of the requests it gets a copy of"
    )
    bake_minutes: int = Field(default=60, ge=5, le=10_080, description="how long it runs before it is judged")
    minimum_invocations: int = Field(
        default=2_000,
        ge=1,
        le=1_000_000_000,
        description="requests it must have had; with fewer it is not released",
    )
    confidence_percent: int = Field(
        default=95, ge=80, le=99, description="how sure the judgement must be, in percent"
    )
    limits: LimitSettings = Field(
        default_factory=LimitSettings, description="by how much it may be worse than production"
    )


class RolloutSettings(Resettable):
    """How the endpoint goes over to a new version: SageMaker's deployment guardrails."""

    strategy: Strategy = Field(
        default="canary",
        description="canary: a part of the instances, then the others; linear: in equal steps; rolling: the "
        "instances are replaced in batches; all_at_once",
    )
    canary_percent: int = Field(
        default=10, ge=1, le=50, description="with canary: capacity that takes traffic first"
    )
    step_percent: int = Field(default=20, ge=10, le=50, description="with linear: capacity per step")
    batch_percent: int = Field(default=50, ge=5, le=50, description="with rolling: capacity per batch")
    wait_minutes: int = Field(
        default=10, ge=1, le=60, description="how long the alarms are watched after each step"
    )
    termination_wait_minutes: int = Field(
        default=5, ge=0, le=60, description="how long the old instances stay afterwards; not with rolling"
    )
    watch_minutes: int = Field(
        default=15, ge=1, le=1_440, description="how long the release watches what serves then"
    )
    maximum_minutes: int = Field(
        default=120, ge=10, le=480, description="SageMaker gives up an update that takes longer"
    )

    @property
    def steps(self) -> int:
        """After how many shifts of traffic SageMaker waits ``wait_minutes``."""
        if self.strategy == "linear":
            return math.ceil(100 / self.step_percent)
        if self.strategy == "rolling":
            return math.ceil(100 / self.batch_percent)
        return 2 if self.strategy == "canary" else 1

    @property
    def baking_minutes(self) -> int:
        """The most minutes a guarded update waits: its waits, and until the old instances go."""
        return self.steps * self.wait_minutes + self._termination_minutes

    @property
    def least_minutes(self) -> int:
        """The least minutes a guarded update takes: nothing says that the last step waits like the others."""
        return (self.steps - 1) * self.wait_minutes + self._termination_minutes

    @property
    def _termination_minutes(self) -> int:
        return 0 if self.strategy == "rolling" else self.termination_wait_minutes
