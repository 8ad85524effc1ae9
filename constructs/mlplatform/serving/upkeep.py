"""Upkeep of an endpoint: what the function is called with by the clock, and the alarm on what it finds."""

import json
from typing import Any

from mlplatform.serving.parts import Served, release_metrics

RATE = "rate(1 hour)"
"""Every time it looks whether what serves is what the stack declares; once a day it sweeps as well."""

DIFFERS_METRIC, SWEPT_METRIC = "ServingDiffersFromStack", "SweptResources"
"""Metrics of the endpoint, in the namespace of its model's releases (lambda/release/aws_services.py)."""

PERIOD_SECONDS = 300


def event(served: Served) -> str:
    """The schedule's input: one step of ``lambda/release``, as JSON.

    EventBridge Scheduler fills in the words in angle brackets (its user guide, "Adding context attributes").
    The schedule's own attempt is who holds the lease meanwhile.
    """
    return json.dumps(
        {
            "Workflow": "upkeep",
            "Step": "upkeep",
            "Now": "<aws.scheduler.scheduled-time>",
            "Execution": {
                "Id": "<aws.scheduler.schedule-arn>/<aws.scheduler.execution-id>",
                "StartTime": "<aws.scheduler.scheduled-time>",
            },
            "Serving": {
                "Model": served.product.name,
                "Environment": served.settings.name,
                "Endpoint": served.endpoint,
                "KeepVersions": served.serving.keep_versions,
            },
        }
    )


def alarm(served: Served) -> dict[str, Any]:
    """Properties of the alarm on what is not as it is to be, as CloudFormation has them.

    While somebody changes the endpoint nobody looks, and the alarm stays as it is: what is being mended is
    not mended yet. It belongs to the model's own stack: also a paused model has it, and no A/B test ends
    because of it.
    """
    topic = served.names.arn("sns", served.names.name("notifications"))
    return {
        "AlarmName": served.names.alarm(served.product.name, "serving-differs"),
        "AlarmDescription": _says(served),
        "Namespace": release_metrics(served),
        "MetricName": DIFFERS_METRIC,
        "Dimensions": [{"Name": "Endpoint", "Value": served.endpoint}],
        "Statistic": "Maximum",
        "Period": PERIOD_SECONDS,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0,
        "TreatMissingData": "ignore",
        "AlarmActions": [topic],
        "OKActions": [topic],
    }


def _says(served: Served) -> str:
    model, environment = served.product.name, served.settings.name
    return (
        f"{model}: what serves is not what its stack declares, or the stack is not protected. "
        f"make status ENV={environment} says what it is. To mend it: "
        f"make rollback ENV={environment} MODEL={model} TO=<the version that should serve>; "
        f"a stack without protection: make protect ENV={environment}"
    )
