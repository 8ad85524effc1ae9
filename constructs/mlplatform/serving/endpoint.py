"""The Endpoint: which configuration is live, and how SageMaker goes over to another."""

from typing import Any

from mlplatform.serving import parts
from mlplatform.serving.parts import Part, Served, attribute, ref, resource, when
from mlplatform.settings.rollouts import RolloutSettings

MINUTE = 60


def endpoint(served: Served, alarms: list[str]) -> Part:
    """The endpoint, guarded by the release ``alarms`` (logical ids, at most 10).

    Instance counts and weights stay as they are through every update (``RetainAllVariantProperties``):
    autoscaling and A/B tests change them. Without a challenger the weight is not kept but the
    configuration's, 1: production has the weight that a test left it with, and the promotion or removal of
    the challenger brings it back (SageMaker API, UpdateEndpoint, ExcludeRetainedVariantProperties). A first
    deployment that fails takes the endpoint away again.
    """
    properties: Part = {
        "EndpointName": served.endpoint,
        "EndpointConfigName": attribute(parts.ENDPOINT_CONFIG, "EndpointConfigName"),
        "RetainAllVariantProperties": True,
    }
    if served.serving.ab_test:
        weight: list[Part] = [{"VariantPropertyType": "DesiredWeight"}]
        properties["ExcludeRetainedVariantProperties"] = when(parts.HAS_CHALLENGER, parts.NO_VALUE, weight)
    if served.guarded and not served.has_components:  # whose copies have guardrails of their own
        properties["DeploymentConfig"] = when(parts.IS_GUARDED, _deployment(served.serving.rollout, alarms))
    # Not retained: it holds no data and costs by the hour, and a pause takes it away by the template. What
    # keeps it from any other update is the stack policy, termination protection and what roles may do.
    return resource(parts.ENDPOINT_TYPE, properties, condition=parts.HAS_PRODUCTION)


def _deployment(rollout: RolloutSettings, alarms: list[str]) -> Part:
    """SageMaker developer guide, "Deployment guardrails"; an immediate update has none of it."""
    policy = "RollingUpdatePolicy" if rollout.strategy == "rolling" else "BlueGreenUpdatePolicy"
    return {
        policy: _rolling(rollout) if rollout.strategy == "rolling" else _blue_green(rollout),
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": ref(alarm)} for alarm in alarms]},
    }


def _rolling(rollout: RolloutSettings) -> Part:
    return {
        "MaximumBatchSize": _percent(rollout.batch_percent),
        "WaitIntervalInSeconds": rollout.wait_minutes * MINUTE,
        "MaximumExecutionTimeoutInSeconds": rollout.maximum_minutes * MINUTE,
    }


def _blue_green(rollout: RolloutSettings) -> Part:
    routing: dict[str, Any] = {
        "Type": rollout.strategy.upper(),
        "WaitIntervalInSeconds": rollout.wait_minutes * MINUTE,
    }
    if rollout.strategy == "canary":
        routing["CanarySize"] = _percent(rollout.canary_percent)
    if rollout.strategy == "linear":
        routing["LinearStepSize"] = _percent(rollout.step_percent)
    return {
        "TrafficRoutingConfiguration": routing,
        "TerminationWaitInSeconds": rollout.termination_wait_minutes * MINUTE,
        "MaximumExecutionTimeoutInSeconds": rollout.maximum_minutes * MINUTE,
    }


def _percent(value: int) -> Part:
    return {"Type": "CAPACITY_PERCENT", "Value": value}
