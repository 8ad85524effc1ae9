"""Settings of a tuning job."""

from typing import Annotated, Any, Literal

from pydantic import Field

from mlplatform.settings.fields import Section, Text
from mlplatform.settings.values import HyperparameterName, Number, Scalar

Objective = Annotated[
    str, Text(r"(maximize|minimize) \S{1,255}", "maximize or minimize, a space, and the name of a metric")
]
TuningJobName = Annotated[
    str,
    Text(
        r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}", "the name of a tuning job, 1 to 32 letters, digits and hyphens"
    ),
]


class SearchRange(Section):
    """The values of one hyperparameter to search: one of integer, continuous and categorical."""

    integer: list[int] | None = Field(default=None, description="the least and the largest whole number")
    continuous: list[Number] | None = Field(default=None, description="the least and the largest number")
    categorical: list[Scalar] | None = Field(default=None, description="the values to try")
    scale: Literal["auto", "linear", "logarithmic", "reverse_logarithmic"] = Field(
        default="auto", description="how values between the two ends are chosen"
    )


class HyperbandSettings(Section):
    """How long Hyperband lets a training job run, in epochs."""

    minimum_resource: int = Field(ge=1, le=20_000, description="epochs before a job may be stopped")
    maximum_resource: int = Field(ge=1, le=20_000, description="epochs of a job that is not stopped")


class WarmStartSettings(Section):
    """Earlier tuning jobs whose results the search begins with."""

    parents: list[TuningJobName] = Field(description="names of finished tuning jobs")
    type: Literal["identical_data_and_algorithm", "transfer_learning"] = Field(
        default="identical_data_and_algorithm",
        description="what the earlier jobs have in common with this one",
    )


class TuneSettings(Section):
    """A tuning job: many training jobs with other hyperparameters."""

    strategy: Literal["bayesian", "random", "hyperband", "grid"] = Field(
        default="bayesian", description="how the next hyperparameters are chosen"
    )
    objective: Objective = Field(description="maximize or minimize, and the metric")
    max_jobs: int = Field(default=20, ge=1, le=10_000, description="training jobs in all")
    max_parallel_jobs: int = Field(default=2, ge=1, le=100, description="training jobs at a time")
    max_runtime_minutes: int = Field(
        default=120, ge=2, le=262_800, description="the tuning job is stopped after so many minutes"
    )
    early_stopping: bool = Field(default=False, description="stop training jobs that will not be the best")
    search: dict[HyperparameterName, SearchRange] = Field(description="the hyperparameters to search")
    hyperband: HyperbandSettings | None = Field(default=None, description="with strategy: hyperband")
    warm_start: WarmStartSettings | None = Field(
        default=None, description="earlier tuning jobs to begin with"
    )
    request: dict[str, Any] = Field(
        default={}, description="what else the request of the AWS API says, in the API's own words"
    )

    @property
    def direction(self) -> str:
        """``Maximize`` or ``Minimize``, as the API spells it."""
        return self.objective.partition(" ")[0].capitalize()

    @property
    def metric(self) -> str:
        """Name of the metric to maximize or minimize."""
        return self.objective.partition(" ")[2]
