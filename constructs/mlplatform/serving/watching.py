"""How an alarm watches a metric: over which window, of which fleet, and what it compares."""

from typing import Any, NamedTuple

from mlplatform.serving import parts
from mlplatform.serving.measures import INVOCATIONS, MINIMUM_ERRORS, Measure, requests
from mlplatform.serving.parts import Part, Served

MINUTE, HOUR = 60, 3_600


class Window(NamedTuple):
    """An alarm rings when ``bad`` of the last ``of`` periods of ``period`` seconds are bad."""

    bad: int
    of: int
    period: int = MINUTE


def alarm(name: Any, says: str, window: Window, watched: Part, **rest: Any) -> Part:
    """The properties of an alarm; without data it does not ring, unless ``watched`` says otherwise."""
    return {
        "AlarmName": name,
        "AlarmDescription": says,
        "EvaluationPeriods": window.of,
        "DatapointsToAlarm": window.bad,
        "TreatMissingData": "notBreaching",
        **watched,
        **rest,
    }


def watch(served: Served, measure: Measure, dimensions: list[Part], window: Window) -> Part:
    """What says that ``measure`` exceeds its limit."""
    if measure.share:
        return _share(served, measure, dimensions, window)
    return metric(measure.namespace, measure.metric, measure.statistic, dimensions, measure.limit, window)


def metric(
    namespace: str, name: str, statistic: str, dimensions: list[Part], limit: float, window: Window
) -> Part:
    """What says that one metric exceeds ``limit``; a percentile of very few values says nothing."""
    how = {"ExtendedStatistic": statistic, "EvaluateLowSampleCountPercentile": "ignore"}
    return {
        "Namespace": namespace,
        "MetricName": name,
        "Dimensions": dimensions,
        **(how if statistic.startswith("p") else {"Statistic": statistic}),
        "Period": window.period,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": limit,
    }


def _share(served: Served, measure: Measure, dimensions: list[Part], window: Window) -> Part:
    """What says that too many percent of the requests fail.

    An alarm on an expression is a metric alarm as any other (CloudWatch API, PutMetricAlarm), and guardrails
    take metric alarms by their name.
    """

    def query(query_id: str, name: str, statistic: str) -> Part:
        watched = {"Namespace": INVOCATIONS, "MetricName": name, "Dimensions": dimensions}
        stat = {"Metric": watched, "Period": window.period, "Stat": statistic}
        return {"Id": query_id, "MetricStat": stat, "ReturnData": False}

    return {
        "Metrics": [
            {
                "Id": "share",
                "Label": f"{measure.metric} in percent of the requests",
                "Expression": f"IF(errors >= {MINIMUM_ERRORS}, 100 * errors / requests, 0)",
                "ReturnData": True,
            },
            query("errors", measure.metric, measure.statistic),
            query("requests", *requests(served)),
        ],
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": measure.limit,
    }


def of_endpoint(served: Served) -> Part:
    """The dimension of everything about the endpoint."""
    return {"Name": "EndpointName", "Value": served.endpoint}


def of_variant(served: Served, variant: str = parts.PRODUCTION) -> list[Part]:
    """The dimensions of a variant that answers, whatever fleet it runs on; of components, of all copies.

    SageMaker developer guide, "Amazon SageMaker AI metrics in Amazon CloudWatch".
    """
    if served.has_components:
        return [{"Name": "InferenceComponentName", "Value": served.component}]
    return [of_endpoint(served), {"Name": "VariantName", "Value": variant}]
