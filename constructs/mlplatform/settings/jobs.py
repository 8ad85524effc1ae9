"""Settings every job has: where it runs, on what, for how long, and in which image."""

from typing import Annotated, Any, Literal

from pydantic import Field

from mlplatform.settings.fields import Section, Text
from mlplatform.settings.values import Argument, Variable, VariableName

DEFAULT_INSTANCE_TYPE = "ml.m5.large"
"""What a job runs on, and a model answers on, unless settings say otherwise."""

FrameworkName = Literal["djl-lmi", "huggingface", "pytorch", "scikit-learn", "tensorflow", "vllm", "xgboost"]
Script = Annotated[
    str,
    Text(
        r"(?!/|\.\.?/)([\w-][\w.-]*/)*[\w-][\w.-]*\.py",
        "a Python file of the model's folder such as train.py",
    ),
]
Digest = Annotated[str, Text(r"sha256:[0-9a-f]{64}", "the digest of an image, sha256: and 64 of 0-9 and a-f")]


class FrameworkSettings(Section):
    """A framework image of AWS that runs a script of ours."""

    name: FrameworkName = Field(description="the framework")
    version: str = Field(description="the framework's version, as AWS's images have it; in quotes")
    transformers_version: str | None = Field(
        default=None, description="with huggingface: the version of transformers"
    )
    python_version: str | None = Field(
        default=None, description="such as py312; the newest the version has, unless given"
    )


class ContainerSettings(Section):
    """An image of the model's own repository."""

    digest: Digest = Field(description="the image's digest; `make image` writes it")


class ImageSettings(Section):
    """An image of its own, instead of the one that trains the model."""

    framework: FrameworkSettings | None = Field(
        default=None, description="the image to run in; that of train, unless given"
    )
    container: ContainerSettings | None = Field(
        default=None, description="the image to run in; that of train, unless given"
    )


class JobSettings(ImageSettings):
    """What a job runs on, for how long, and what it is given."""

    instance_type: str = Field(default=DEFAULT_INSTANCE_TYPE, description="an instance type of SageMaker")
    instance_count: int = Field(default=1, ge=1, le=100, description="how many instances")
    volume_size_gib: int = Field(default=30, ge=1, le=16_384, description="size of the volume, in GiB")
    max_runtime_minutes: int = Field(
        default=60, ge=1, le=12_960, description="the job is stopped after so many minutes"
    )
    environment: dict[VariableName, Variable] = Field(
        default={}, description="environment variables of the container; no secrets"
    )
    arguments: list[Argument] = Field(default=[], description="further arguments of the script")
    request: dict[str, Any] = Field(
        default={}, description="what else the request of the AWS API says, in the API's own words"
    )


class PrepareSettings(JobSettings):
    """A processing job that makes the training job's channels out of the data."""

    script: Script = Field(description="the script that prepares the data")
    outputs: list[Literal["train", "validation", "test"]] = Field(
        default=["train"], description="channels it writes; the others are read from data as they are"
    )


class EvaluateSettings(JobSettings):
    """A processing job that writes evaluation.json for the gate."""

    script: Script = Field(description="the script that writes evaluation.json")
