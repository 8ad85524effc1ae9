"""Settings of an A/B test: a challenger beside production, and what it must be shown to be."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator
from pydantic.functional_validators import AfterValidator

from mlplatform.settings.fields import Resettable, Section, Text, refuse, unique
from mlplatform.settings.rollouts import LimitSettings
from mlplatform.settings.values import Number


def _points(value: float) -> float:
    if not 0 <= value < 100:
        raise refuse("out of range", given=value, allowed="a number from 0, below 100")
    return value


Points = Annotated[Number, AfterValidator(_points)]
"""A difference of two shares in percentage points, without its sign."""

OutcomeName = Annotated[
    str, Text(r"[A-Za-z][A-Za-z0-9_]{0,63}", "1 to 64 letters, digits and _, a letter first")
]

MAX_OUTCOMES = 8
"""Of a test. Each is a further thing to be shown before a challenger is promoted."""

LEAST_STEP_MINUTES = 60
"""Of a step: it is cut into blocks of minutes, and ten of them say how much their difference varies."""

_DEMANDS = ("better_by_points", "no_worse_by_points")


class OutcomeSettings(Section):
    """What became of the answers, as a share: how many of them were converted, repaid, right."""

    name: OutcomeName = Field(
        description="of the metric whose values, 0 or 1, are put by whoever calls the model"
    )
    direction: Literal["higher", "lower"] = Field(description="whether a higher or a lower share is better")
    better_by_points: Points | None = Field(
        default=None, description="the challenger must be shown to be better by more, in percentage points"
    )
    no_worse_by_points: Points | None = Field(
        default=None, description="the challenger must be shown to be worse by no more, in percentage points"
    )

    @model_validator(mode="after")
    def _demands_one_thing(self) -> "OutcomeSettings":
        given = [key for key in _DEMANDS if getattr(self, key) is not None]
        if len(given) != 1:
            said = " and ".join(given) or "neither"
            raise refuse("demands one thing", given=said, allowed=f"either {' or '.join(_DEMANDS)}")
        if self.no_worse_by_points == 0:
            what = "nothing is ever shown to be no worse by not even the least"
            raise refuse(what, given="no_worse_by_points: 0", allowed="a number above 0, or better_by_points")
        return self


class AbTestSettings(Resettable):
    """A challenger is deployed beside production and gets a share of its requests, step by step."""

    steps: list[int] = Field(
        default=[10, 25, 50, 100],
        description="the challenger's share of the requests, step by step, in percent; at 100 nothing is "
        "compared any more, only the alarms are watched",
    )
    step_minutes: int = Field(
        default=1_440,
        ge=60,
        le=10_080,
        description="how long a step takes; twice that, if it shows too little",
    )
    minimum_invocations: int = Field(
        default=1_000,
        ge=1,
        le=1_000_000_000,
        description="requests that each version must have had in each step; with fewer nothing is promoted",
    )
    confidence_percent: int = Field(
        default=95, ge=80, le=99, description="how sure the decision must be, in percent"
    )
    power_percent: int = Field(
        default=80, ge=50, le=99, description="how likely what the test looks for must be found, in percent"
    )
    limits: LimitSettings = Field(
        default_factory=LimitSettings, description="by how much it may be worse than production"
    )
    metrics: list[OutcomeSettings] = Field(
        default=[], description="what became of the answers, if that is to decide as well; at most 8"
    )
    maximum_days: int = Field(
        default=14,
        ge=1,
        le=14,
        description="how long a test may take; CloudWatch keeps its minutes for 15 days",
    )

    @field_validator("steps")
    @classmethod
    def _rising(cls, steps: list[int]) -> list[int]:
        if not steps or steps != sorted(set(steps)) or steps[0] < 1 or steps[-1] > 100:
            given = ", ".join(map(str, steps)) or "none"
            raise refuse("malformed", given=given, allowed="rising whole numbers from 1 to 100")
        if steps[0] == 100:
            raise refuse("compares nothing", given=100, allowed="a step below 100 first")
        return steps

    @field_validator("metrics")
    @classmethod
    def _few(cls, metrics: list[OutcomeSettings]) -> list[OutcomeSettings]:
        if len(metrics) > MAX_OUTCOMES:
            raise refuse("too many", given=len(metrics), allowed=f"at most {MAX_OUTCOMES}")
        unique([metric.name for metric in metrics])
        return metrics
