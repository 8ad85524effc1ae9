"""The dashboard of a model, as CloudWatch takes it: traffic, answers, instances, and its releases.

Releases are points of a metric of their own, ``Released``, which the function of the release puts when a
version serves: a vertical annotation would stand in the template, which no release changes.
"""

import json
from typing import Any

from mlplatform.serving import parts
from mlplatform.serving.measures import COPIES, INSTANCES, INVOCATIONS, MICROSECONDS, requests
from mlplatform.serving.parts import PRODUCTION, SHADOW, Served

RELEASED_METRIC = "Released"
"""Number of the version that serves from now on, in ``release_metrics``; its dimension is ``Endpoint``."""

WIDTH, HEIGHT = 12, 6
"""Of a widget, in units of CloudWatch's grid, which is 24 wide."""

PERIOD = 60
"""Seconds of a datapoint: what alarms go by."""

Metric = list[Any]
Widget = dict[str, Any]


def dashboard(served: Served) -> str:
    """The body of the dashboard, JSON as text."""
    widgets = [
        _alarms(served),
        _releases(served),
        _traffic(served),
        _errors(served),
        _latency(served),
        _overhead(served) if served.serving.mode != "async" else _backlog(served),
    ]
    if served.serving.mode != "serverless":
        widgets += [_instances(served), _use(served)]
    placed = [
        {"x": WIDTH * (index % 2), "y": HEIGHT * (index // 2), "width": WIDTH, "height": HEIGHT, **widget}
        for index, widget in enumerate(widgets)
    ]
    return json.dumps({"widgets": placed}, separators=(",", ":"))


def _variants(served: Served) -> tuple[str, ...]:
    """Production, and what runs beside it at times."""
    beside = (SHADOW,) if served.serving.shadow else ()
    return (PRODUCTION, *beside, *((parts.CHALLENGER,) if served.serving.ab_test else ()))


def _graph(
    served: Served,
    title: str,
    metrics: list[Metric],
    lines: list[tuple[str, float]] | None = None,
    **rest: Any,
) -> Widget:
    """A graph of metrics over time; ``lines`` are the objectives, as horizontal annotations."""
    shown = {"title": title, "region": served.settings.region, "view": "timeSeries", "period": PERIOD}
    marks = [{"label": label, "value": value} for label, value in lines or []]
    annotations = {"annotations": {"horizontal": marks}} if marks else {}
    return {"type": "metric", "properties": {**shown, "metrics": metrics, **annotations, **rest}}


def _metric(served: Served, namespace: str, name: str, variant: str, statistic: str, **rest: Any) -> Metric:
    """A metric of a variant, labelled with the variant and what it is."""
    dimensions = ["EndpointName", served.endpoint, "VariantName", variant]
    if served.has_components and namespace != INSTANCES:
        dimensions = ["InferenceComponentName", served.component]
    return [namespace, name, *dimensions, {"stat": statistic, "label": f"{variant} {name}", **rest}]


def _alarms(served: Served) -> Widget:
    """The composite alarm: whether the model keeps to its objectives."""
    name = served.names.alarm(served.product.name, "operating")
    arn = served.names.arn("cloudwatch", f"alarm:{name}")
    return {"type": "alarm", "properties": {"title": f"{served.product.name}: objectives", "alarms": [arn]}}


def _releases(served: Served) -> Widget:
    """Which version serves since when, and every time a release was asked to stop."""
    namespace = parts.release_metrics(served)
    released = {"stat": "Maximum", "label": "version that serves from here"}
    metrics: list[Metric] = [[namespace, RELEASED_METRIC, "Endpoint", served.endpoint, released]]
    return _graph(served, "Releases", metrics, yAxis={"left": {"min": 0}})


def _traffic(served: Served) -> Widget:
    name, statistic = requests(served)
    metrics = [
        _metric(served, INVOCATIONS, name, variant, statistic, label=f"{variant} requests")
        for variant in _variants(served)
    ]
    return _graph(served, "Requests per minute", metrics, yAxis={"left": {"min": 0}})


def _errors(served: Served) -> Widget:
    """Requests that failed, in percent: the average of a metric that is 0 or 1 for each request."""
    metrics: list[Metric] = []
    for position, variant in enumerate(_variants(served)):
        for metric in ("Invocation4XXErrors", "Invocation5XXErrors", "InvocationModelErrors"):
            query = f"e{position}{metric[10:12].lower()}"
            metrics.append(_metric(served, INVOCATIONS, metric, variant, "Average", id=query, visible=False))
            metrics.append(
                [{"expression": f"100*{query}", "label": f"{variant} {metric}", "id": f"{query}p"}]
            )
    limit = served.serving.objectives.error_percent
    return _graph(served, "Errors in percent of the requests", metrics, [("objective", limit)])


def _latency(served: Served) -> Widget:
    """The model's time, shadow beside production (in microseconds, as CloudWatch has it)."""
    metrics = [
        _metric(served, INVOCATIONS, "ModelLatency", variant, statistic, label=f"{variant} {statistic}")
        for variant in _variants(served)
        for statistic in ("p50", "p90", "p99")
    ]
    objectives = served.serving.objectives
    limits = (("p50 objective", objectives.p50_latency_ms), ("p99 objective", objectives.p99_latency_ms))
    lines = [(label, limit * MICROSECONDS) for label, limit in limits if limit is not None]
    return _graph(served, "Model latency in microseconds", metrics, lines)


def _overhead(served: Served) -> Widget:
    metrics = [
        _metric(served, INVOCATIONS, "OverheadLatency", PRODUCTION, statistic, label=statistic)
        for statistic in ("p50", "p99")
    ]
    limit = served.serving.objectives.overhead_p99_ms
    lines = [("p99 objective", limit * MICROSECONDS)] if limit is not None else []
    return _graph(served, "Overhead latency in microseconds", metrics, lines)


def _backlog(served: Served) -> Widget:
    """Requests that wait for an instance, and how long the oldest has."""
    of_endpoint = ["EndpointName", served.endpoint]
    objectives = served.serving.objectives
    metrics: list[Metric] = [
        [INVOCATIONS, "ApproximateBacklogSize", *of_endpoint, {"stat": "Maximum"}],
        [INVOCATIONS, "ApproximateBacklogSizePerInstance", *of_endpoint, {"stat": "Maximum"}],
        [INVOCATIONS, "ApproximateAgeOfOldestRequest", *of_endpoint, {"stat": "Maximum", "yAxis": "right"}],
    ]
    limit = objectives.backlog_per_instance
    lines = [("backlog objective", float(limit))] if limit is not None else []
    return _graph(served, "Backlog, and seconds the oldest request waits", metrics, lines)


def _instances(served: Served) -> Widget:
    """How many instances there are: each sends one value a minute."""
    metrics = [
        _metric(served, INSTANCES, "CPUUtilization", variant, "SampleCount", label=f"{variant} instances")
        for variant in _variants(served)
    ]
    return _graph(served, "Instances", metrics, yAxis={"left": {"min": 0}})


def _use(served: Served) -> Widget:
    """Use of the instances; processors and GPUs add up to more than 100."""
    objectives = served.serving.objectives
    if served.has_components:
        return _use_of_copies(served)
    names = ["CPUUtilization", "MemoryUtilization", "DiskUtilization"]
    if objectives.gpu_percent is not None or objectives.gpu_memory_percent is not None:
        names += ["GPUUtilization", "GPUMemoryUtilization"]
    metrics = [
        _metric(served, INSTANCES, name, variant, "Average")
        for variant in _variants(served)
        for name in names
    ]
    return _graph(served, "Use of the instances in percent", metrics)


def _use_of_copies(served: Served) -> Widget:
    """Use of what the copies have reserved, in percent of it."""
    kinds = ("CPU", "Memory", "GPU", "GPUMemory")
    metrics = [
        _metric(served, COPIES, f"{kind}UtilizationNormalized", PRODUCTION, "Average") for kind in kinds
    ]
    return _graph(served, "Use of the copies in percent of their part", metrics)
