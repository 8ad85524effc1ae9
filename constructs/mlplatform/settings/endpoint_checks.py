"""What AWS does not take in an endpoint: what excludes what, its instance types, its objectives.

Source: SageMaker developer guide, "Deploy models with Amazon SageMaker Serverless Inference" (feature
exclusions), "Asynchronous inference", "Metrics for monitoring Amazon SageMaker AI with Amazon CloudWatch".
"""

from collections.abc import Iterator

from mlplatform.images import processor
from mlplatform.rules.jobs import has_local_storage
from mlplatform.settings import instances
from mlplatform.settings.findings import Finding, finding
from mlplatform.settings.inference import InferenceSettings
from mlplatform.settings.jobs import DEFAULT_INSTANCE_TYPE
from mlplatform.settings.owned import ENDPOINT_CONFIG
from mlplatform.settings.products import ModelProduct
from mlplatform.settings.requests import problems
from mlplatform.settings.rollout_checks import rollout_problems
from mlplatform.settings.scaling_checks import scaling_problems
from mlplatform.settings.serving import ServingSettings
from mlplatform.settings.values import shown

_NO_INSTANCES = "which has no instances"
_ONE_VARIANT = "which takes one variant"
_NO_BACKLOG = "where no request waits"
_NO_METRIC = "of which SageMaker has no such metric"

_ONE_CONTAINER = "which runs whole models, not copies"

EXCLUDED: dict[str, dict[str, str]] = {
    "realtime": {
        "serverless": "which has instances",
        "async_inference": "which answers at once",
        "components": _ONE_CONTAINER,
    },
    "serverless": {
        "instance_type": _NO_INSTANCES,
        "fallback_instance_types": _NO_INSTANCES,
        "instances": _NO_INSTANCES,
        "routing": _NO_INSTANCES,
        "volume_size_gib": _NO_INSTANCES,
        "startup_timeout_seconds": _NO_INSTANCES,
        "download_timeout_seconds": _NO_INSTANCES,
        "metrics": _NO_INSTANCES,
        "async_inference": "which answers at once",
        "capture": "whose requests SageMaker does not capture",
        "components": _NO_INSTANCES,
        "shadow": _ONE_VARIANT,
        "ab_test": _ONE_VARIANT,
    },
    "async": {
        "serverless": "which has instances",
        "shadow": "whose requests SageMaker does not mirror",
        "ab_test": "whose requests name no variant, nor do their answers",
        "components": _ONE_CONTAINER,
    },
    "inference_components": {
        "serverless": "which has instances",
        "async_inference": "which answers at once",
        "capture": "of which AWS documents no capture of requests",
        "shadow": "whose requests SageMaker does not mirror",
        "ab_test": _ONE_VARIANT,
    },
}
"""By mode: the settings that do not go with it, and why."""

UNMEASURED: dict[str, dict[str, str]] = {
    "realtime": {"backlog_per_instance": _NO_BACKLOG, "oldest_request_seconds": _NO_BACKLOG},
    "serverless": {
        "cpu_percent": _NO_INSTANCES,
        "memory_percent": _NO_INSTANCES,
        "gpu_percent": _NO_INSTANCES,
        "gpu_memory_percent": _NO_INSTANCES,
        "disk_percent": _NO_INSTANCES,
        "backlog_per_instance": _NO_BACKLOG,
        "oldest_request_seconds": _NO_BACKLOG,
    },
    "async": {"overhead_p99_ms": _NO_METRIC, "minimum_invocations_per_hour": _NO_METRIC},
    "inference_components": {
        "disk_percent": _NO_METRIC,
        "backlog_per_instance": _NO_BACKLOG,
        "oldest_request_seconds": _NO_BACKLOG,
    },
}
"""By mode: the objectives that nothing measures, and why. Those that are defaults do not apply there."""

MAX_FALLBACKS = 4
"""Beside the instance type itself (SageMaker API, InstancePools: 5)."""


def serving_problems(product: ModelProduct, serving: ServingSettings) -> Iterator[Finding]:
    """Problems of the serving section, its sample's file apart."""
    yield from _mode(product, serving)
    yield from _way_of_serving(product, serving)
    if serving.mode == "serverless":
        yield from _serverless_image(product)
    else:
        yield from _instance_types(product, serving)
    yield from scaling_problems(serving)
    yield from _objectives(serving)
    yield from _sample(product, serving)
    yield from rollout_problems(product, serving)
    yield from _request(serving)


def _mode(product: ModelProduct, serving: ServingSettings) -> Iterator[Finding]:
    for key, why in EXCLUDED[serving.mode].items():
        if key in serving.model_fields_set and (value := getattr(serving, key)) not in (None, []):
            what = f"does not go with mode: {serving.mode}, {why}"
            allowed = " or ".join(f"mode: {mode}" for mode in _modes_with(key, product)) or "none"
            given = shown(value) if isinstance(value, str | int) else None
            yield finding(f"serving.{key}", what, given=given, allowed=allowed)
    if serving.mode == "serverless" and serving.network_isolation:
        what = "does not go with mode: serverless, which SageMaker does not isolate"
        yield finding("serving.network_isolation", what, given="true", allowed="false")


def _modes_with(key: str, product: ModelProduct) -> list[str]:
    """The modes in which a setting may stand, of those that the model may have."""
    customized = product.customization is not None
    modes = [mode for mode in EXCLUDED if (mode == "inference_components") == customized]
    return [mode for mode in modes if key not in EXCLUDED[mode]]


def _way_of_serving(product: ModelProduct, serving: ServingSettings) -> Iterator[Finding]:
    """Customized language models answer as inference components, and others do not."""
    if product.customization and serving.mode != "inference_components":
        what = "does not go with customization, whose models answer as inference components"
        yield finding("serving.mode", what, given=serving.mode, allowed="inference_components")
    elif product.customization and product.customization.target == "bedrock":
        what = "does not go without customization.techniques: Amazon Bedrock serves what it customizes"
        yield finding("serving", what, allowed="customization.techniques, or no section serving")
    elif serving.mode == "inference_components" and not product.customization:
        what = "does not go without customization, whose versions hold no script of their own"
        allowed = "realtime, serverless, async, or a section customization"
        yield finding("serving.mode", what, given="inference_components", allowed=allowed)


def _answers_on(product: ModelProduct) -> str:
    """The instance type that the registered image is made for."""
    named = product.inference.realtime_instance_types if product.inference else []
    return named[0] if named else DEFAULT_INSTANCE_TYPE


def _needed(product: ModelProduct, serving: ServingSettings) -> tuple[str, str]:
    """The processor of the image that answers, and why it is that."""
    if serving.mode == "inference_components":
        return "gpu", "a server of language models"
    return processor(_answers_on(product)), "as inference.realtime_instance_types says"


def _serverless_image(product: ModelProduct) -> Iterator[Finding]:
    if (kind := processor(_answers_on(product))) != "cpu":
        what = f"the image that answers is for {kind}, and serverless has cpu only"
        yield finding("serving.mode", what, given="serverless", allowed="realtime, async")
    for key in ("preprocess", "postprocess"):
        if getattr(product.inference, key, None):
            what = f"does not go with inference.{key}: serverless runs one container"
            yield finding("serving.mode", what, given="serverless", allowed="realtime, async")


def _instance_types(product: ModelProduct, serving: ServingSettings) -> Iterator[Finding]:
    path, fallbacks = ("serving", "fallback_instance_types"), serving.fallback_instance_types
    first = serving.instance_type
    for found in instances.unknown([first], "hosting", ("serving", "instance_type")):
        yield Finding(found.path[:-1], found.message)
    for found in instances.unknown(serving.instance_types, "hosting", path):
        if isinstance(position := found.path[-1], int) and position > 0:
            yield Finding((*path, position - 1), found.message)
    yield from instances.mixed(first, fallbacks, path)
    if len(fallbacks) > MAX_FALLBACKS:
        yield finding(path, "too many", given=len(fallbacks), allowed=f"at most {MAX_FALLBACKS}")
    kind, why = _needed(product, serving)
    for position, name in enumerate(serving.instance_types):
        if processor(name) != kind:
            where = (*path, position - 1) if position else ("serving", "instance_type")
            what = f"the image that answers is for {kind}, {why}"
            yield finding(where, what, given=repr(name), allowed=f"instance types with {kind}")
    if serving.volume_size_gib is not None and has_local_storage(first):
        what = f"does not go with {first}, whose storage has its size"
        yield finding("serving.volume_size_gib", what, given=serving.volume_size_gib, allowed="none")


def _objectives(serving: ServingSettings) -> Iterator[Finding]:
    objectives, unmeasured = serving.objectives, UNMEASURED[serving.mode]
    given = {key for key in objectives.model_fields_set if getattr(objectives, key) is not None}
    for key in (key for key in unmeasured if key in given):
        what = f"does not go with mode: {serving.mode}, {unmeasured[key]}"
        yield finding(f"serving.objectives.{key}", what, given=getattr(objectives, key), allowed="none")
    without = next((name for name in serving.instance_types if processor(name) != "gpu"), None)
    for key in ("gpu_percent", "gpu_memory_percent"):
        if without and key in given:
            what = f"does not go with {without}, which has no GPU"
            yield finding(f"serving.objectives.{key}", what, given=getattr(objectives, key), allowed="none")
    p50, p99 = objectives.p50_latency_ms, objectives.p99_latency_ms
    if p50 is not None and p99 is not None and p50 > p99:
        what = f"is more than p99_latency_ms: {p99}"
        yield finding("serving.objectives.p50_latency_ms", what, given=p50, allowed=f"at most {p99}")


def _sample(product: ModelProduct, serving: ServingSettings) -> Iterator[Finding]:
    inference = product.inference or InferenceSettings()
    for key, known in (("content_type", inference.content_types), ("accept", inference.response_types)):
        value: str = getattr(serving.sample, key)
        if known and value.partition(";")[0] not in [one.partition(";")[0] for one in known]:
            other = "content_types" if key == "content_type" else "response_types"
            what = f"is not among inference.{other}"
            yield finding(f"serving.sample.{key}", what, given=repr(value), allowed=", ".join(known))


def _request(serving: ServingSettings) -> Iterator[Finding]:
    path = ("serving", "request")
    yield from problems("CreateEndpointConfig", serving.request, owned=ENDPOINT_CONFIG, at=path)
    needed = (
        ("AsyncInferenceConfig", serving.async_inference, "mode: async"),
        ("DataCaptureConfig", serving.capture, "a section serving.capture"),
    )
    for key, section, allowed in needed:
        if key in serving.request and section is None:
            yield finding((*path, key), f"does not go without {allowed}", allowed=allowed)
    variants = serving.request.get("ProductionVariants")
    if isinstance(variants, list) and len(variants) > 1:
        what = "what one entry says holds for every variant"
        yield finding((*path, "ProductionVariants"), what, given=f"{len(variants)} entries", allowed="one")
