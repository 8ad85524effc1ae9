"""Settings of the training job."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from mlplatform.settings.fields import Section, Text
from mlplatform.settings.jobs import JobSettings, Script
from mlplatform.settings.values import HyperparameterName, Number, Scalar, literal

S3Uri = Annotated[str, Text(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/\S+", "an s3://<bucket>/<key> address")]
MetricName = Annotated[str, Text(r"\S{1,255}", "1 to 255 characters without spaces")]
MetricRegex = Annotated[
    str, Text(r".{1,500}", "a regular expression of at most 500 characters"), AfterValidator(literal)
]


class AlgorithmSettings(Section):
    """A built-in algorithm of SageMaker."""

    name: str = Field(description="the algorithm")
    version: str = Field(default="1", description="the version of its image; in quotes")


class JumpStartSettings(Section):
    """An algorithm that SageMaker offers through JumpStart: an image, a script and a model to start from."""

    image: str = Field(description="URI of the training image")
    source: S3Uri = Field(description="the packed script, *.tar.gz")
    entry_point: Script = Field(default="transfer_learning.py", description="the script in it")
    model: S3Uri = Field(description="the artifact training starts from, *.tar.gz")


class RangeSettings(Section):
    """What an execution may set a hyperparameter to."""

    minimum: Number | None = Field(default=None, description="the least value")
    maximum: Number | None = Field(default=None, description="the largest value")
    values: list[Scalar] | None = Field(default=None, description="the values, instead of a range")


class TrainSettings(JobSettings):
    """A training job: one of framework, algorithm, container and jumpstart, and how it runs."""

    algorithm: AlgorithmSettings | None = Field(default=None, description="a built-in algorithm of SageMaker")
    jumpstart: JumpStartSettings | None = Field(
        default=None, description="an algorithm that SageMaker offers through JumpStart"
    )
    script: Script | None = Field(default=None, description="with framework: the script that trains")
    max_runtime_minutes: int = Field(
        default=60, ge=1, le=40_320, description="the job is stopped after so many minutes"
    )
    instance_types: list[str] = Field(
        default=[], description="instance types that an execution may choose instead"
    )
    spot: bool = Field(default=False, description="run on spare capacity, which AWS may take back")
    max_wait_minutes: int | None = Field(
        default=None,
        ge=1,
        le=80_640,
        description="with spot: minutes to wait and run in all; twice the run time",
    )
    checkpoints: bool | None = Field(
        default=None, description="keep /opt/ml/checkpoints in S3, to go on from; as spot, unless given"
    )
    max_attempts: int = Field(
        default=3, ge=1, le=30, description="how often SageMaker tries again after a fault of its own"
    )
    warm_pool_minutes: int = Field(
        default=0, ge=0, le=360, description="how long instances stay for the next job, in minutes"
    )
    launcher: Literal["none", "torchrun", "mpirun"] = Field(
        default="none", description="what starts the script on several instances"
    )
    input_mode: Literal["File", "FastFile", "Pipe"] = Field(
        default="File", description="copied before the script starts, or streamed"
    )
    hyperparameters: dict[HyperparameterName, Scalar] = Field(
        default={}, description="what the script or algorithm is told"
    )
    hyperparameter_ranges: dict[HyperparameterName, RangeSettings] = Field(
        default={}, description="hyperparameters an execution may set, and to what"
    )
    metric_definitions: dict[MetricName, MetricRegex] = Field(
        default={}, description="metric: the regular expression that finds it in the log"
    )

    @field_validator("max_wait_minutes")
    @classmethod
    def _wait(cls, minutes: int | None, info: ValidationInfo) -> int | None:
        if minutes is None and info.data.get("spot"):
            return 2 * int(info.data.get("max_runtime_minutes", 60))
        return minutes

    @field_validator("checkpoints")
    @classmethod
    def _with_spot(cls, keep: bool | None, info: ValidationInfo) -> bool:
        return bool(info.data.get("spot")) if keep is None else keep
