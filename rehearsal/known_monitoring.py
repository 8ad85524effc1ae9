"""What requests to CloudWatch and Application Auto Scaling act on."""

import hashlib
from collections.abc import Callable, Iterator, Mapping

from rehearsal.api import Parameters, Place

UNKNOWN = "00000000000000000000"
"""Stands for the id of a scalable target, which AWS makes up and requests do not name."""


def _alarms(parameters: Parameters, place: Place) -> Iterator[str]:
    """Alarms by name; who asks for those with a prefix, or for all, asks for every alarm: CloudWatch names
    ``alarm:*`` when it refuses that, so only a wildcard may match.
    """
    names = parameters.get("AlarmNames") or [parameters.get("AlarmName") or UNKNOWN]
    yield from (place.arn("cloudwatch", f"alarm:{name}") for name in names)


def _scalable_target(parameters: Parameters, place: Place) -> Iterator[str]:
    """A scalable target has an id that AWS makes up: policies tell it by its tags, dimension and service."""
    if "ResourceARN" in parameters:
        yield str(parameters["ResourceARN"])
    elif {"ResourceId", "ScalableDimension"} <= parameters.keys():
        yield scalable_target(parameters, place)
    else:
        yield place.arn("application-autoscaling", f"scalable-target/{UNKNOWN}")


def scalable_target(parameters: Parameters, place: Place) -> str:
    """ARN of the target of a resource and a dimension: an id that nobody can foresee, and always the same."""
    what = f"{parameters['ResourceId']} {parameters['ScalableDimension']}"
    number = hashlib.sha256(what.encode()).hexdigest()[:17]
    return place.arn("application-autoscaling", f"scalable-target/{number}")


def _dashboards(parameters: Parameters, place: Place) -> Iterator[str]:
    for name in parameters.get("DashboardNames") or [parameters.get("DashboardName")]:
        if name:
            yield place.arn("cloudwatch", f"dashboard/{name}", region="")


def _dataset(_: Parameters, place: Place) -> Iterator[str]:
    """Metrics are data of the account's default dataset (Service Authorization Reference)."""
    yield place.arn("cloudwatch", "dataset/default")


def _tagged(parameters: Parameters, _: Place) -> Iterator[str]:
    if "ResourceARN" in parameters:
        yield str(parameters["ResourceARN"])


MONITORING: Mapping[str, Callable[[Parameters, Place], Iterator[str]]] = {
    "application-autoscaling:*": _scalable_target,
    "cloudwatch:DeleteAlarms": _alarms,
    "cloudwatch:DeleteDashboards": _dashboards,
    "cloudwatch:DescribeAlarmHistory": _alarms,
    "cloudwatch:DescribeAlarms": _alarms,
    "cloudwatch:GetDashboard": _dashboards,
    "cloudwatch:GetMetricData": _dataset,
    "cloudwatch:ListTagsForResource": _tagged,
    "cloudwatch:PutCompositeAlarm": _alarms,
    "cloudwatch:PutDashboard": _dashboards,
    "cloudwatch:PutMetricAlarm": _alarms,
    "cloudwatch:PutMetricData": _dataset,
    "cloudwatch:SetAlarmState": _alarms,
    "cloudwatch:TagResource": _tagged,
    "cloudwatch:UntagResource": _tagged,
}
"""Per action, or for all of a service."""
