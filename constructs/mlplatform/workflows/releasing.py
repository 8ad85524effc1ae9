"""What the workflows release and rollback of a model are told: its serving settings as their function reads
them, and the addresses that people are shown.
"""

import base64
from typing import Any
from urllib.parse import quote

from mlplatform.permissions.run_places import PREDICTIONS
from mlplatform.serving import parts
from mlplatform.serving.alarms import operating_alarms
from mlplatform.serving.template import template
from mlplatform.settings import Environment, ModelProduct
from mlplatform.settings.ab_tests import AbTestSettings, OutcomeSettings
from mlplatform.settings.rollouts import LimitSettings, RolloutSettings, ShadowSettings
from mlplatform.settings.serving import ServingSettings
from mlplatform.workflows import links

REPORTS = "releases/"
"""Where in the artifacts bucket the reports of releases lie."""

_HOUR = 3_600

INSTANCE_MINUTES = 15
"""Until SageMaker has an instance, found none of the first type included: typically five to ten."""


def serving_literal(product: ModelProduct, settings: Environment) -> dict[str, Any]:
    """``Serving`` of every call of the release function. Raises ValueError for a product without serving."""
    served = parts.served(product, settings)
    serving = served.serving
    return {
        "Model": product.name,
        "Environment": settings.name,
        "Endpoint": served.endpoint,
        "Mode": serving.mode,
        "PackageGroup": settings.neighbours.registry.package_group_arn(product.name),
        "After": settings.release.after,
        "Shadow": _shadow(serving.shadow) if serving.shadow else None,
        "AbTest": _ab_test(serving.ab_test) if serving.ab_test else None,
        "Rollout": _rollout(serving.rollout) | _waking(serving),
        "AlarmPrefix": settings.names.alarm(product.name, "release-"),
        "OperatingAlarms": _operating_alarms(served) if serving.ab_test else None,
        "AllowedChanges": sorted(template(served)["Resources"]),
        "Links": _links(served.endpoint, product, settings),
        "Sample": _sample(product, serving, settings),
    }


def confirmation_hours(settings: Environment) -> int:
    """How long a named person may take to confirm, in hours."""
    return settings.release.confirm_within_hours


def confirmation_seconds(settings: Environment) -> int:
    """The same in seconds, as a state waits."""
    return confirmation_hours(settings) * _HOUR


def sample_address(product: ModelProduct, settings: Environment) -> str:
    """Where the sample request of an asynchronous endpoint is put, below what its role reads."""
    return f"s3://{settings.names.bucket('artifacts')}/{PREDICTIONS}{product.name}/async/sample"


def _shadow(shadow: ShadowSettings) -> dict[str, Any]:
    return {
        "SamplingPercent": shadow.sampling_percent,
        "BakeMinutes": shadow.bake_minutes,
        "MinimumInvocations": shadow.minimum_invocations,
        "ConfidencePercent": shadow.confidence_percent,
        "Limits": _limits(shadow.limits),
    }


def _ab_test(test: AbTestSettings) -> dict[str, Any]:
    return {
        "Steps": test.steps,
        "StepMinutes": test.step_minutes,
        "MinimumInvocations": test.minimum_invocations,
        "ConfidencePercent": test.confidence_percent,
        "PowerPercent": test.power_percent,
        "Limits": _limits(test.limits),
        "Metrics": [_outcome(metric) for metric in test.metrics],
        "MaximumDays": test.maximum_days,
    }


def _operating_alarms(served: parts.Served) -> dict[str, Any]:
    """The alarms of operation that end an A/B test: those that are there while it runs."""
    found = operating_alarms(served)
    names = [
        body["Properties"]["AlarmName"]
        for body in found.values()
        if body["Type"] == parts.ALARM_TYPE and body["Condition"] != parts.SERVES_ALONE
    ]
    return {"Prefix": served.names.alarm(served.product.name, ""), "Names": sorted(names)}


def _outcome(metric: OutcomeSettings) -> dict[str, Any]:
    """One demand of the two, so that whoever reads it cannot mistake the other for none."""
    demands = {"BetterByPoints": metric.better_by_points, "NoWorseByPoints": metric.no_worse_by_points}
    demanded = {key: value for key, value in demands.items() if value is not None}
    return {"Name": metric.name, "Direction": metric.direction, **demanded}


def _limits(limits: LimitSettings) -> dict[str, Any]:
    return {
        "ErrorRateIncreasePercentagePoints": limits.error_rate_increase_percentage_points,
        "P50LatencyIncreasePercent": limits.p50_latency_increase_percent,
        "P99LatencyIncreasePercent": limits.p99_latency_increase_percent,
    }


def _rollout(rollout: RolloutSettings) -> dict[str, Any]:
    return {
        "Strategy": rollout.strategy,
        "WaitMinutes": rollout.wait_minutes,
        "WatchMinutes": rollout.watch_minutes,
        "MaximumMinutes": rollout.maximum_minutes,
        "BakingMinutes": rollout.least_minutes,
    }


def _waking(serving: ServingSettings) -> dict[str, int]:
    """How long a release waits for the first copy of a model of which there is none."""
    if serving.components is None:
        return {}
    seconds = serving.download_timeout_seconds + serving.startup_timeout_seconds
    return {"WakeMinutes": INSTANCE_MINUTES + -(-seconds // 60)}


def _links(endpoint: str, product: ModelProduct, settings: Environment) -> dict[str, str]:
    """Pages of the AWS console: the endpoint, and the folder of the model's release reports."""
    console = links.console(settings)
    folder = quote(f"{REPORTS}{product.name}/")
    bucket = settings.names.bucket("artifacts")
    return {
        "Console": f"{console}/sagemaker/home?region={settings.region}#/endpoints/{endpoint}",
        "Report": f"{console}/s3/buckets/{bucket}?region={settings.region}&prefix={folder}",
    }


def _sample(product: ModelProduct, serving: ServingSettings, settings: Environment) -> dict[str, Any]:
    """The request that must succeed, encoded: what it holds is nobody's placeholder or expression."""
    given: dict[str, Any] = {
        "Body": base64.b64encode(product.sample.encode()).decode(),
        "ContentType": serving.sample.content_type,
        "Accept": serving.sample.accept,
    }
    if serving.mode == "serverless":
        given["Serverless"] = True
    if serving.mode == "inference_components":
        given["Component"] = settings.names.endpoint(product.name)
    if serving.mode == "async":
        given["Input"] = sample_address(product, settings)
    return given
