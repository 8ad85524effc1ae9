"""What the parts of a Serving stack are called, and what they are made from.

Whoever releases relies on these words: the parameters and outputs of the stack, its logical ids, the names of
variants, and the types of resources an update may touch.
"""

import math
from dataclasses import dataclass
from typing import Any

from mlplatform.names import Names
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct
from mlplatform.settings.serving import ServingSettings

Part = dict[str, Any]
"""A resource, a property or an intrinsic function, in CloudFormation's words."""

PRODUCTION, SHADOW, CHALLENGER = "production", "shadow", "challenger"
"""Names of variants. They never change: guardrails want the same names before and after an update, and
autoscaling is registered under them."""

NONE = "none"
"""Value of a parameter that names no version, and of ``ReleaseId`` before the first release."""

PRODUCTION_PACKAGE = "ProductionModelPackageArn"
SHADOW_PACKAGE = "ShadowModelPackageArn"
PREVIOUS_PACKAGE = "PreviousModelPackageArn"
CHALLENGER_PACKAGE = "ChallengerModelPackageArn"
RELEASE_ID = "ReleaseId"
ROLLOUT_MODE = "RolloutMode"
ATTEMPT = "ProductionAttempt"

PAUSED = "Paused"

GUARDED, IMMEDIATE = "guarded", "immediate"
"""Values of ``RolloutMode``: under the alarms and in the strategy's steps, or all at once."""

HAS_PRODUCTION, HAS_SHADOW, HAS_CHALLENGER = "HasProduction", "HasShadow", "HasChallenger"
IS_GUARDED, SERVES_ALONE = "Guarded", "ServesAlone"
"""Conditions of the template."""

MODELS = {PRODUCTION: "ProductionModel", SHADOW: "ShadowModel", CHALLENGER: "ChallengerModel"}
"""Logical id of the model of each variant."""

ENDPOINT_CONFIG, ENDPOINT, COMPONENT = "EndpointConfig", "Endpoint", "InferenceComponent"
SCALABLE_TARGET, SCALING_POLICY = "ScalableTarget", "ScalingPolicy"
CHALLENGER_TARGET, CHALLENGER_POLICY = "ChallengerScalableTarget", "ChallengerScalingPolicy"
WAKE_POLICY, WAKE_ALARM = "ScalingPolicyFromZero", "ScalingAlarmFromZero"
STOP_ALARM, COMPOSITE_ALARM = "ReleaseStopAlarm", "OperatingAlarm"
"""Logical ids."""

LIVE_CONFIG = "LiveEndpointConfigName"
"""Output that names the configuration the template describes: what serves, if nothing went wrong."""

LIVE_MODEL = "LiveModelName"
"""Output that names the model of the inference component: what serves where the configuration stays."""

SERVING_SPECIFICATION = "serving"
"""Name of the inference specification of a customized version that says which image serves it. Its first one
is SageMaker's own, from which the next customization starts, and names no image."""

STOP_METRIC = "StopRequested"
"""Metric that trips the stop alarm of a release; its dimensions are ``Endpoint`` and ``ReleaseId``."""

MODEL_TYPE = "AWS::SageMaker::Model"
ENDPOINT_CONFIG_TYPE = "AWS::SageMaker::EndpointConfig"
ENDPOINT_TYPE = "AWS::SageMaker::Endpoint"
COMPONENT_TYPE = "AWS::SageMaker::InferenceComponent"
ALARM_TYPE = "AWS::CloudWatch::Alarm"
COMPOSITE_TYPE = "AWS::CloudWatch::CompositeAlarm"
TARGET_TYPE = "AWS::ApplicationAutoScaling::ScalableTarget"
POLICY_TYPE = "AWS::ApplicationAutoScaling::ScalingPolicy"

RESOURCE_TYPES = (
    TARGET_TYPE,
    POLICY_TYPE,
    ALARM_TYPE,
    COMPOSITE_TYPE,
    ENDPOINT_TYPE,
    ENDPOINT_CONFIG_TYPE,
    MODEL_TYPE,
)
"""Every type a Serving stack without inference components has."""

NO_VALUE: Part = {"Ref": "AWS::NoValue"}


@dataclass(frozen=True)
class Served:
    """A model product that serves in an environment."""

    settings: Environment
    product: ModelProduct
    serving: ServingSettings

    @property
    def names(self) -> Names:
        """What things in the environment are called."""
        return self.settings.names

    @property
    def endpoint(self) -> str:
        """Name of the endpoint."""
        return self.names.endpoint(self.product.name)

    @property
    def has_components(self) -> bool:
        """Whether copies of the model answer that are attached to the endpoint."""
        return self.serving.mode == "inference_components"

    @property
    def component(self) -> str:
        """Name of the inference component: the endpoint's."""
        return self.endpoint

    @property
    def resource_types(self) -> tuple[str, ...]:
        """What a release may name as the ``ResourceTypes`` of a change set, sorted."""
        return tuple(sorted((*RESOURCE_TYPES, COMPONENT_TYPE) if self.has_components else RESOURCE_TYPES))

    @property
    def guarded(self) -> bool:
        """Whether SageMaker watches alarms while an update goes on, and goes back by itself."""
        if self.has_components:
            return self.serving.rollout.strategy == "rolling"
        return self.serving.mode != "serverless"  # which has no guardrails

    @property
    def scales(self) -> bool:
        """Whether the stack has an autoscaling target now."""
        return self.serving.autoscaling is not None and not self.serving.autoscaling.paused

    @property
    def most_instances(self) -> int:
        """Instances that production has when the traffic is at its most; at least one."""
        instances = self.serving.instances
        return max(1, instances.maximum if self.scales else instances.minimum)

    @property
    def shadow_instances(self) -> int:
        """Instances of the shadow: what its share of the most traffic needs, as it does not scale."""
        shadow = self.serving.shadow
        return math.ceil(self.most_instances * shadow.sampling_percent / 100) if shadow else 0

    @property
    def to_zero(self) -> bool:
        """Whether nothing need be running: asynchronous requests wait, others fail until a copy is there."""
        return self.serving.mode in ("async", "inference_components") and (
            self.scales and self.serving.capacity[0] == 0
        )


def served(product: ModelProduct, settings: Environment) -> Served:
    """What the Serving stack is made from. Raises ValueError for a product without ``serving``."""
    if product.serving is None:
        raise ValueError(f"{product.name} has no serving section")
    return Served(settings, product, product.serving)


def release_metrics(served: Served) -> str:
    """CloudWatch namespace of what the releases of a model say of themselves: ``acme/dev/releases/credit``.

    IAM tells metrics apart by namespace only: in one for all, the release of a model could stop another's.
    """
    return f"{served.names.prefix}/{served.names.environment}/releases/{served.product.name}"


def outcome_metrics(served: Served) -> str:
    """CloudWatch namespace of what became of the answers of a model, which its consumers put there during an
    A/B test: ``acme/dev/outcomes/credit``, a namespace of each model for the same reason.
    """
    return f"{served.names.prefix}/{served.names.environment}/outcomes/{served.product.name}"


def ref(name: str) -> Part:
    """The value of a parameter, or what a resource is referred to by."""
    return {"Ref": name}


def attribute(logical_id: str, name: str) -> Part:
    """An attribute of a resource."""
    return {"Fn::GetAtt": [logical_id, name]}


def when(condition: str, yes: Any, no: Any = None) -> Part:
    """``yes`` where the condition holds, else ``no``; without it, nothing."""
    return {"Fn::If": [condition, yes, NO_VALUE if no is None else no]}


def resource(kind: str, properties: Part, *, condition: str | None = None, **attributes: Any) -> Part:
    """A resource of type ``kind``; ``attributes`` are such as ``DependsOn`` and ``DeletionPolicy``."""
    body: Part = {"Type": kind}
    if condition:
        body["Condition"] = condition
    return {**body, **attributes, "Properties": properties}
