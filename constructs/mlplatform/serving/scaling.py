"""Autoscaling of what answers: its target, what it tracks, and what happens at certain times.

While a challenger answers part of the requests it scales as production does, and production gives none of
its instances back: all requests can return to it at once.
"""

from mlplatform.serving import parts
from mlplatform.serving.parts import (
    CHALLENGER,
    HAS_CHALLENGER,
    HAS_PRODUCTION,
    POLICY_TYPE,
    PRODUCTION,
    TARGET_TYPE,
    Part,
    Served,
    ref,
    resource,
    when,
)
from mlplatform.settings.scaling import AutoscalingSettings, ScalingScheduleSettings

_PREDEFINED = {
    "target_invocations_per_minute": "SageMakerVariantInvocationsPerInstance",
    "target_concurrent_requests": "SageMakerVariantConcurrentRequestsPerModelHighResolution",
    "target_utilization_percent": "SageMakerVariantProvisionedConcurrencyUtilization",
}
"""What SageMaker variants can be scaled by (Application Auto Scaling API, MetricType)."""

_OF_COPIES = {
    "target_invocations_per_minute": "SageMakerInferenceComponentInvocationsPerCopy",
    "target_concurrent_requests": "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution",
}
"""And inference components."""

_CONDITIONS = {PRODUCTION: HAS_PRODUCTION, CHALLENGER: HAS_CHALLENGER}
_TARGETS = {PRODUCTION: parts.SCALABLE_TARGET, CHALLENGER: parts.CHALLENGER_TARGET}
"""Condition and logical id of the target of each variant that scales."""

PERCENT = 100

WAKE_AFTER = 1
"""Datapoints of a minute with requests that wait for an instance which is not there."""


def scaling(served: Served) -> dict[str, Part]:
    """The resources of autoscaling by logical id: none while it is paused.

    Its role is the service-linked one, which Application Auto Scaling takes unless told otherwise.
    """
    if not served.scales or served.serving.autoscaling is None:
        return {}
    found = {
        parts.SCALABLE_TARGET: _target(served, served.serving.autoscaling),
        parts.SCALING_POLICY: _tracking(served, served.serving.autoscaling),
    }
    if served.serving.ab_test:
        found |= {
            parts.CHALLENGER_TARGET: _target(served, served.serving.autoscaling, CHALLENGER),
            parts.CHALLENGER_POLICY: _tracking(served, served.serving.autoscaling, CHALLENGER),
        }
    if served.to_zero:
        found |= _from_zero(served, served.serving.autoscaling.scale_out_cooldown_seconds)
    return found


def _dimension(served: Served) -> str:
    if served.has_components:
        return "sagemaker:inference-component:DesiredCopyCount"
    what = "ProvisionedConcurrency" if served.serving.mode == "serverless" else "InstanceCount"
    return f"sagemaker:variant:Desired{what}"


def _target(served: Served, autoscaling: AutoscalingSettings, variant: str = PRODUCTION) -> Part:
    least, most = served.serving.capacity
    properties: Part = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": _resource(served, variant),
        "ScalableDimension": _dimension(served),
        "MinCapacity": least,
        "MaxCapacity": most,
    }
    if autoscaling.schedules:
        properties["ScheduledActions"] = [_scheduled(schedule) for schedule in autoscaling.schedules]
    if served.serving.ab_test and variant == PRODUCTION:
        properties["SuspendedState"] = when(HAS_CHALLENGER, _suspended(True), _suspended(False))
    what = parts.COMPONENT if served.has_components else parts.ENDPOINT
    return resource(TARGET_TYPE, properties, condition=_CONDITIONS[variant], DependsOn=[what])


def _suspended(scale_in: bool) -> Part:
    """Always said in full: what a target is not told anew stays as it was (Application Auto Scaling API
    reference, RegisterScalableTarget).
    """
    return {
        "DynamicScalingInSuspended": scale_in,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": False,
    }


def _resource(served: Served, variant: str) -> str:
    """What is scaled, as Application Auto Scaling names it."""
    if served.has_components:
        return f"inference-component/{served.component}"
    return f"endpoint/{served.endpoint}/variant/{variant}"


def _scheduled(schedule: ScalingScheduleSettings) -> Part:
    limits = {"MinCapacity": schedule.minimum, "MaxCapacity": schedule.maximum}
    return {
        "ScheduledActionName": schedule.name,
        "Schedule": schedule.schedule,
        "Timezone": schedule.timezone,
        "ScalableTargetAction": {key: value for key, value in limits.items() if value is not None},
    }


def _tracking(served: Served, autoscaling: AutoscalingSettings, variant: str = PRODUCTION) -> Part:
    ((setting, target),) = autoscaling.targets.items()
    tracking: Part = {
        "TargetValue": target / PERCENT if setting == "target_utilization_percent" else target,
        "ScaleInCooldown": autoscaling.scale_in_cooldown_seconds,
        "ScaleOutCooldown": autoscaling.scale_out_cooldown_seconds,
        "DisableScaleIn": not autoscaling.scale_in,
    }
    known = _OF_COPIES if served.has_components else _PREDEFINED
    if setting in known:
        tracking["PredefinedMetricSpecification"] = {"PredefinedMetricType": known[setting]}
    else:
        tracking["CustomizedMetricSpecification"] = {
            "Namespace": "AWS/SageMaker",
            "MetricName": "ApproximateBacklogSizePerInstance",
            "Dimensions": [{"Name": "EndpointName", "Value": served.endpoint}],
            "Statistic": "Average",
        }
    own = "" if variant == PRODUCTION else f"-{variant}"
    properties = {
        "PolicyName": f"{served.endpoint}{own}-target",
        "PolicyType": "TargetTrackingScaling",
        "ScalingTargetId": ref(_TARGETS[variant]),
        "TargetTrackingScalingPolicyConfiguration": tracking,
    }
    return resource(POLICY_TYPE, properties, condition=_CONDITIONS[variant])


def _from_zero(served: Served, cooldown_seconds: int) -> dict[str, Part]:
    """The first instance or copy: without one there is nothing to divide requests by, and none to track.

    SageMaker developer guide, "Autoscale an asynchronous endpoint", scaling up from zero, and "Scale an
    endpoint to zero instances" for inference components.
    """
    step = {
        "AdjustmentType": "ExactCapacity",
        "MetricAggregationType": "Maximum" if served.has_components else "Average",
        "Cooldown": cooldown_seconds,
        "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
    }
    policy = {
        "PolicyName": f"{served.endpoint}-from-zero",
        "PolicyType": "StepScaling",
        "ScalingTargetId": ref(parts.SCALABLE_TARGET),
        "StepScalingPolicyConfiguration": step,
    }
    alarm = {
        "AlarmName": served.names.alarm(served.product.name, "from-zero"),
        **_asked_in_vain(served),
        "Period": 60,
        "EvaluationPeriods": WAKE_AFTER,
        "DatapointsToAlarm": WAKE_AFTER,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": 1,
        "TreatMissingData": "missing",  # as in the guide: no data, no requests
        "AlarmActions": [ref(parts.WAKE_POLICY)],
    }
    return {
        parts.WAKE_POLICY: resource(POLICY_TYPE, policy, condition=HAS_PRODUCTION),
        parts.WAKE_ALARM: resource(parts.ALARM_TYPE, alarm, condition=HAS_PRODUCTION),
    }


def _asked_in_vain(served: Served) -> Part:
    """What says that somebody asks and nothing answers."""
    model = served.product.name
    if served.has_components:
        return {
            "AlarmDescription": f"Requests of {model} fail as there is no copy of it: starts one",
            "Namespace": "AWS/SageMaker",
            "MetricName": "NoCapacityInvocationFailures",
            "Dimensions": [{"Name": "InferenceComponentName", "Value": served.component}],
            "Statistic": "Sum",
        }
    return {
        "AlarmDescription": f"Requests of {model} wait and there is no instance: starts one",
        "Namespace": "AWS/SageMaker",
        "MetricName": "HasBacklogWithoutCapacity",
        "Dimensions": [{"Name": "EndpointName", "Value": served.endpoint}],
        "Statistic": "Average",
    }
