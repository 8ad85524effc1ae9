"""Settings of serving: the endpoint on which an approved version answers requests."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from mlplatform.settings.ab_tests import AbTestSettings
from mlplatform.settings.components import ComponentsSettings
from mlplatform.settings.fields import Resettable, RoleArn, Section, Text, unique
from mlplatform.settings.inference import ContentType
from mlplatform.settings.jobs import DEFAULT_INSTANCE_TYPE
from mlplatform.settings.objectives import CaptureSettings, MetricsSettings, ObjectivesSettings
from mlplatform.settings.rollouts import RolloutSettings, ShadowSettings, Strategy
from mlplatform.settings.scaling import (
    AsyncInferenceSettings,
    AutoscalingSettings,
    InstancesSettings,
    ServerlessSettings,
)

LEAST_COPIES = 2
"""Of a model that is replaced step by step: a step takes half of the copies at most (SageMaker API,
InferenceComponentRollingUpdatePolicy)."""

Mode = Literal["realtime", "serverless", "async", "inference_components"]
SampleFile = Annotated[
    str,
    Text(r"(?!/|\.\.?/)([\w-][\w.-]*/)*[\w-][\w.-]*", "a file of the model's folder such as sample.csv"),
]


class SampleSettings(Section):
    """A request that must succeed: a release sends it before a version counts as serving."""

    file: SampleFile = Field(description="a file of the model's folder, UTF-8 text of at most 4 KiB")
    content_type: ContentType = Field(default="text/csv", description="of the request")
    accept: ContentType = Field(default="text/csv", description="of the response")


def _network_isolation(given: dict[str, Any]) -> bool:
    return given.get("mode") != "serverless"


def _instances(given: dict[str, Any]) -> InstancesSettings:
    components = given.get("components")
    if components is not None and components.copies.minimum == 0:
        return InstancesSettings(minimum=0)
    return InstancesSettings()


def _strategy(given: dict[str, Any]) -> Strategy:
    """What applies unless the settings say otherwise, by the mode and the number of copies."""
    if given.get("mode") == "inference_components":
        copies = given["components"].copies.minimum if given.get("components") else 1
        return "rolling" if copies >= LEAST_COPIES else "all_at_once"
    return "all_at_once" if given.get("mode") == "serverless" else "canary"


def _rollout(given: dict[str, Any]) -> RolloutSettings:
    return RolloutSettings(strategy=_strategy(given))


class ServingSettings(Resettable):
    """An endpoint: what it runs on, what it promises, and how a version comes to serve there."""

    mode: Mode = Field(
        default="realtime",
        description="realtime: instances that answer at once; serverless: no instances; async: requests and "
        "responses in S3; inference_components: copies of a customized language model on GPUs",
    )
    instance_type: str = Field(
        default=DEFAULT_INSTANCE_TYPE, description="an instance type of SageMaker; not with serverless"
    )
    fallback_instance_types: list[str] = Field(
        default=[], description="instance types to take, in this order, when there is no capacity; at most 4"
    )
    components: ComponentsSettings | None = Field(
        default=None, description="with inference_components: what a copy of the model needs"
    )
    instances: InstancesSettings = Field(default_factory=_instances, description="how many instances")
    routing: Literal["least_outstanding_requests", "random"] = Field(
        default="least_outstanding_requests", description="which instance gets a request"
    )
    volume_size_gib: int | None = Field(
        default=None,
        ge=1,
        le=512,
        description="size of the volume of an instance, in GiB; none: AWS's choice",
    )
    startup_timeout_seconds: int = Field(
        default=600, ge=60, le=3_600, description="how long a container may take until it is healthy"
    )
    download_timeout_seconds: int = Field(
        default=600, ge=60, le=3_600, description="how long an instance may take to fetch the model"
    )
    network_isolation: bool = Field(
        default_factory=_network_isolation,
        description="containers reach no network; true, but for serverless, which has none",
    )
    serverless: ServerlessSettings | None = Field(default=None, description="with serverless: its capacity")
    async_inference: AsyncInferenceSettings | None = Field(
        default=None, description="with async: how requests are worked on"
    )
    capture: CaptureSettings | None = Field(
        default=None, description="keep requests and responses, to monitor the model by"
    )
    autoscaling: AutoscalingSettings | None = Field(default=None, description="capacity follows the load")
    metrics: MetricsSettings = Field(
        default_factory=MetricsSettings, description="what CloudWatch is told of the instances"
    )
    objectives: ObjectivesSettings = Field(
        default_factory=ObjectivesSettings, description="what the endpoint must keep to"
    )
    sample: SampleSettings = Field(description="a request that must succeed")
    shadow: ShadowSettings | None = Field(
        default=None, description="run a candidate beside production and judge it before it serves"
    )
    rollout: RolloutSettings = Field(
        default_factory=_rollout, description="how the endpoint goes over to a new version"
    )
    ab_test: AbTestSettings | None = Field(
        default=None, description="a second version may answer a share of the requests"
    )
    keep_versions: int = Field(
        default=5,
        ge=1,
        le=20,
        description="how many of the versions that served last keep their models and configurations",
    )
    consumers: list[RoleArn] = Field(
        default=[], description="roles that may send requests, also of other accounts"
    )
    request: dict[str, Any] = Field(
        default={},
        description="what else CreateEndpointConfig of the AWS API says, in the API's own words; what the "
        "entry of ProductionVariants says holds for every variant",
    )

    @field_validator("serverless")
    @classmethod
    def _without_instances(
        cls, section: ServerlessSettings | None, info: ValidationInfo
    ) -> ServerlessSettings | None:
        return section or (ServerlessSettings() if info.data.get("mode") == "serverless" else None)

    @field_validator("async_inference")
    @classmethod
    def _from_a_queue(
        cls, section: AsyncInferenceSettings | None, info: ValidationInfo
    ) -> AsyncInferenceSettings | None:
        return section or (AsyncInferenceSettings() if info.data.get("mode") == "async" else None)

    @field_validator("rollout")
    @classmethod
    def _as_the_mode_has_it(cls, section: RolloutSettings, info: ValidationInfo) -> RolloutSettings:
        if "strategy" in section.model_fields_set:
            return section
        return section.model_copy(update={"strategy": _strategy(info.data)})

    @field_validator("consumers")
    @classmethod
    def _once(cls, arns: list[str]) -> list[str]:
        return unique(arns)

    @property
    def instance_types(self) -> tuple[str, ...]:
        """Instance types in the order they are tried; none with serverless."""
        return () if self.mode == "serverless" else (self.instance_type, *self.fallback_instance_types)

    @property
    def capacity(self) -> tuple[int, int]:
        """Least and largest capacity: instances, copies, or the provisioned concurrency of serverless."""
        if self.mode == "inference_components" and self.components is not None:
            return self.components.copies.minimum, self.components.copies.maximum
        if self.mode == "serverless" and self.serverless is not None:
            return self.serverless.provisioned_concurrency, self.serverless.maximum_concurrency
        return self.instances.minimum, self.instances.maximum
