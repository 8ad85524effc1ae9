"""Autoscaling of the production variant: its target, what it tracks, and what happens at certain times."""

from mlplatform.serving import parts
from mlplatform.serving.parts import HAS_PRODUCTION, POLICY_TYPE, TARGET_TYPE, Part, Served, ref, resource
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
    if served.to_zero:
        found |= _from_zero(served, served.serving.autoscaling.scale_out_cooldown_seconds)
    return found


def _dimension(served: Served) -> str:
    if served.has_components:
        return "sagemaker:inference-component:DesiredCopyCount"
    what = "ProvisionedConcurrency" if served.serving.mode == "serverless" else "InstanceCount"
    return f"sagemaker:variant:Desired{what}"


def _target(served: Served, autoscaling: AutoscalingSettings) -> Part:
    least, most = served.serving.capacity
    properties: Part = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": _resource(served),
        "ScalableDimension": _dimension(served),
        "MinCapacity": least,
        "MaxCapacity": most,
    }
    if autoscaling.schedules:
        properties["ScheduledActions"] = [_scheduled(schedule) for schedule in autoscaling.schedules]
    what = parts.COMPONENT if served.has_components else parts.ENDPOINT
    return resource(TARGET_TYPE, properties, condition=HAS_PRODUCTION, DependsOn=[what])


def _resource(served: Served) -> str:
    """What is scaled, as Application Auto Scaling names it."""
    if served.has_components:
        return f"inference-component/{served.component}"
    return f"endpoint/{served.endpoint}/variant/{parts.PRODUCTION}"


def _scheduled(schedule: ScalingScheduleSettings) -> Part:
    limits = {"MinCapacity": schedule.minimum, "MaxCapacity": schedule.maximum}
    return {
        "ScheduledActionName": schedule.name,
        "Schedule": schedule.schedule,
        "Timezone": schedule.timezone,
        "ScalableTargetAction": {key: value for key, value in limits.items() if value is not None},
    }


def _tracking(served: Served, autoscaling: AutoscalingSettings) -> Part:
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
    properties = {
        "PolicyName": f"{served.endpoint}-target",
        "PolicyType": "TargetTrackingScaling",
        "ScalingTargetId": ref(parts.SCALABLE_TARGET),
        "TargetTrackingScalingPolicyConfiguration": tracking,
    }
    return resource(POLICY_TYPE, properties, condition=HAS_PRODUCTION)


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
