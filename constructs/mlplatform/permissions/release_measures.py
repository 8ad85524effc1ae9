"""What a release may see and compare of a version, and of a challenger which requests it answers."""

from mlplatform.permissions.grant import Grant
from mlplatform.permissions.places import ours
from mlplatform.permissions.run_places import object_arns
from mlplatform.policy import Conditions, within
from mlplatform.serving.parts import Served, release_metrics


def shares(endpoint: tuple[str]) -> Grant:
    """Where a challenger answers: which share of the requests, on how many instances. One statement with what
    every release sees: the policy has little room.
    """
    return Grant(
        "ShiftRequests",
        ("sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"),
        endpoint,
        "what serves is verified; an A/B test gives the challenger its share of the requests, and takes it "
        "back at once",
    )


def observation(served: Served) -> list[Grant]:
    """The alarms of a release, and the metrics it puts itself."""
    own: Conditions = {"StringEquals": {"cloudwatch:namespace": release_metrics(served)}}
    alarms = (served.names.arn("cloudwatch", "alarm:*"),)
    return [
        Grant(
            "SeeAlarms",
            ("cloudwatch:DescribeAlarms",),
            alarms,
            "alarms of a release are named after it; CloudWatch describes alarms of an account",
        ),
        Grant(
            "PutReleaseMetrics",
            ("cloudwatch:PutMetricData",),
            ("*",),
            "the dashboard hears what serves, and SageMaker of a request to stop; metrics are of no resource "
            "in particular, the condition names whose",
            own,
        ),
    ]


def judgement(served: Served) -> list[Grant]:
    """Where a version is compared with what serves: what both showed; of a shadow, whether an alarm came and
    went as well.
    """
    if not (served.serving.shadow or served.serving.ab_test):
        return []
    alarms = served.names.alarm(served.product.name, "release-*")
    history = (served.names.arn("cloudwatch", f"alarm:{alarms}"),)
    here = within(served.settings.region)
    look, why = ["cloudwatch:GetMetricData"], "metrics are of no resource in particular"
    if served.serving.ab_test:
        # One statement: the policy has little room. Asked of every challenger, whether or not it scales.
        look.append("application-autoscaling:DescribeScalableTargets")
        why += ", nor are lists of what scales: what is gone has no tags to know it by"
    changes = Grant(
        "ReadAlarmHistory",
        ("cloudwatch:DescribeAlarmHistory",),
        history,
        "a bake during which an alarm of the release came and went shows nothing",
    )
    return [
        Grant("ReadMetrics", tuple(look), ("*",), why, here),
        *([changes] if served.serving.shadow else []),
    ]


def reports(served: Served) -> Grant:
    """Whatever ends has a report: releases without a shadow, rollbacks and pauses as well."""
    reports = object_arns(served.settings, f"releases/{served.product.name}/*")
    why = "reports lie below their release"
    return Grant("KeepReports", ("s3:PutObject",), reports, why, ours(served.settings))


def challenger(served: Served) -> Grant:
    """A challenger that scales can go once autoscaling has forgotten it."""
    targets = (served.names.arn("application-autoscaling", "scalable-target/*"),)
    mine: Conditions = {
        "StringEquals": {
            "aws:ResourceTag/model": served.product.name,
            "aws:ResourceTag/environment": served.settings.name,
        }
    }
    return Grant(
        "ReleaseScaling",
        ("application-autoscaling:DeregisterScalableTarget",),
        targets,
        "SageMaker removes no variant that scales; Application Auto Scaling numbers its targets, and tags "
        "say whose they are",
        mine,
    )
