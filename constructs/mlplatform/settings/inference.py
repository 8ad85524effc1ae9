"""Settings of inference: how a registered model answers, and batch scoring."""

from typing import Annotated, Any, Literal

from pydantic import Field

from mlplatform.settings.data import DataLocation
from mlplatform.settings.fields import Section, Text
from mlplatform.settings.jobs import DEFAULT_INSTANCE_TYPE, ImageSettings, Script
from mlplatform.settings.values import LongVariable, VariableName

ContentType = Annotated[str, Text(r"[\w.+-]+/[\w.+-]+(;\s?[\w=.+-]+)*", "a content type such as text/csv")]


class InferenceSettings(ImageSettings):
    """How the container of a registered model answers: its scripts, content types and instance types."""

    script: Script | None = Field(default=None, description="lies in the artifact below code/")
    preprocess: Script | None = Field(default=None, description="of a container before the model's")
    postprocess: Script | None = Field(default=None, description="of a container after the model's")
    content_types: list[ContentType] = Field(default=["text/csv"], description="what requests may hold")
    response_types: list[ContentType] = Field(default=["text/csv"], description="what responses may hold")
    realtime_instance_types: list[str] = Field(
        default=[DEFAULT_INSTANCE_TYPE], description="instance types of endpoints"
    )
    transform_instance_types: list[str] = Field(
        default=[DEFAULT_INSTANCE_TYPE], description="instance types of batch transform jobs"
    )
    environment: dict[VariableName, LongVariable] = Field(
        default={}, description="environment variables of the containers; no secrets"
    )


class BatchSettings(Section):
    """A batch transform job of the approved version."""

    data: DataLocation = Field(description="what to score")
    instance_type: str = Field(default=DEFAULT_INSTANCE_TYPE, description="an instance type of SageMaker")
    instance_count: int = Field(default=1, ge=1, le=100, description="how many instances")
    content_type: ContentType = Field(default="text/csv", description="of the data")
    accept: ContentType = Field(default="text/csv", description="of the predictions")
    split: Literal["none", "line", "record_io", "tf_record"] = Field(
        default="line", description="how an object is split into records"
    )
    strategy: Literal["single_record", "multi_record"] = Field(
        default="multi_record", description="how many records a request holds"
    )
    max_payload_mb: int = Field(default=6, ge=0, le=100, description="size of a request, in MB; 0: any")
    max_concurrent_transforms: int = Field(
        default=1, ge=0, le=100, description="requests at a time; 0: SageMaker's choice"
    )
    join: Literal["none", "input"] = Field(
        default="none", description="input: predictions beside the records"
    )
    max_runtime_minutes: int = Field(
        default=60, ge=1, le=7_200, description="the workflow stops the job after so many minutes"
    )
    request: dict[str, Any] = Field(
        default={}, description="what else the request of the AWS API says, in the API's own words"
    )
