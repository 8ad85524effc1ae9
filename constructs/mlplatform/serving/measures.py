"""What is measured of a variant that answers, and the value that no alarm lets it exceed: its objectives.

Namespaces, metrics and units: SageMaker developer guide, "Amazon SageMaker AI metrics in Amazon CloudWatch"
and "Alarms and logs for tracking metrics from asynchronous endpoints" (latencies are in microseconds).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mlplatform.serving.capacity import gpus, vcpus
from mlplatform.serving.parts import Served
from mlplatform.settings.objectives import ObjectivesSettings

INVOCATIONS, INSTANCES = "AWS/SageMaker", "/aws/sagemaker/Endpoints"
COPIES = "/aws/sagemaker/InferenceComponents"
"""Namespaces: of what is asked of an endpoint, of the instances it runs on, and of copies of a model."""

MICROSECONDS = 1_000
"""In a millisecond."""

MINIMUM_ERRORS = 2
"""In a minute, for the share of errors to count: a quiet minute's one failed request may be 100 percent."""


@dataclass(frozen=True)
class Measure:
    """One metric of the production variant and its limit.

    ``name`` is in kebab case; ``statistic`` is CloudWatch's (``Sum``, ``Average``, ``p99``); ``limit`` is in
    the metric's own unit, and ``says`` has it in people's. ``share``: it is in percent of the requests.
    """

    name: str
    namespace: str
    metric: str
    statistic: str
    limit: float
    says: str
    share: bool = False

    @property
    def pascal(self) -> str:
        """The name as a logical id has it."""
        return "".join(part.capitalize() for part in self.name.split("-"))


def requests(served: Served) -> tuple[str, str]:
    """Metric and statistic that count requests; asynchronous endpoints publish no ``Invocations``."""
    return ("ModelLatency", "SampleCount") if served.serving.mode == "async" else ("Invocations", "Sum")


def measures(served: Served) -> list[Measure]:
    """What both a new fleet and the whole variant are measured by: at most 9."""
    return [*errors(served), *_latencies(served.serving.objectives), *_utilizations(served)]


def overhead(served: Served) -> list[Measure]:
    """What SageMaker adds to a request: not of a version's making, so no release is judged by it."""
    limit = served.serving.objectives.overhead_p99_ms
    if limit is None or served.serving.mode == "async":
        return []
    return [_latency("overhead-latency", "OverheadLatency", "p99", limit, "what SageMaker adds to it")]


def errors(served: Served) -> Iterator[Measure]:
    """Requests that fail, whichever variant answers them."""
    for name, metric, what in (
        ("server-errors", "Invocation5XXErrors", "are answered with a 5XX status"),
        ("model-errors", "InvocationModelErrors", "get no 2XX answer of the model"),
    ):
        limit = served.serving.objectives.error_percent
        says = f"more than {limit:g} % of the requests {what}"
        yield Measure(name, INVOCATIONS, metric, "Sum", limit, says, share=True)


def _latencies(objectives: ObjectivesSettings) -> Iterator[Measure]:
    for statistic, limit in (("p50", objectives.p50_latency_ms), ("p99", objectives.p99_latency_ms)):
        if limit is not None:
            yield _latency(f"{statistic}-latency", "ModelLatency", statistic, limit, "the model's time")


def _latency(name: str, metric: str, statistic: str, limit: float, what: str) -> Measure:
    says = f"{statistic} of {what} is above {limit:g} ms"
    return Measure(name, INVOCATIONS, metric, statistic, limit * MICROSECONDS, says)


def _utilizations(served: Served) -> Iterator[Measure]:
    """Use of the instances. Where several types may be taken, the one with the fewest units decides."""
    if served.has_components:
        yield from _of_copies(served.serving.objectives)
        return
    objectives, types = served.serving.objectives, served.serving.instance_types
    processors = min(map(vcpus, types), default=1)
    accelerators = min(map(gpus, types), default=0)
    found = (
        ("cpu", "CPUUtilization", objectives.cpu_percent, processors if types else 0),
        ("memory", "MemoryUtilization", objectives.memory_percent, 1),
        ("gpu", "GPUUtilization", objectives.gpu_percent, accelerators),
        ("gpu-memory", "GPUMemoryUtilization", objectives.gpu_memory_percent, accelerators),
        ("disk", "DiskUtilization", objectives.disk_percent, 1 if types else 0),
    )
    for name, metric, percent, units in found:
        if percent is not None and units:
            says = f"{name.replace('-', ' ')} use is above {percent:g} % of an instance's"
            yield Measure(name, INSTANCES, metric, "Average", percent * units, says)


def _of_copies(objectives: ObjectivesSettings) -> Iterator[Measure]:
    """Use of what the copies have reserved: normalized metrics are percent of that."""
    found = (
        ("cpu", "CPUUtilizationNormalized", objectives.cpu_percent),
        ("memory", "MemoryUtilizationNormalized", objectives.memory_percent),
        ("gpu", "GPUUtilizationNormalized", objectives.gpu_percent),
        ("gpu-memory", "GPUMemoryUtilizationNormalized", objectives.gpu_memory_percent),
    )
    for name, metric, percent in found:
        if percent is not None:
            says = f"{name.replace('-', ' ')} use is above {percent:g} % of a copy's"
            yield Measure(name, COPIES, metric, "Average", percent, says)
