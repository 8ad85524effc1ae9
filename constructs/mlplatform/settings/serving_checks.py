"""What AWS does not take in how a model answers, and in batch scoring."""

from collections.abc import Iterator

from mlplatform.settings import instances
from mlplatform.settings.findings import Finding, finding
from mlplatform.settings.inference import BatchSettings, InferenceSettings
from mlplatform.settings.job_checks import one_image, own_variables
from mlplatform.settings.owned import TRANSFORM
from mlplatform.settings.products import ModelProduct
from mlplatform.settings.requests import problems

MAX_PAYLOADS = 100
"""MB of the requests under way at a time, MaxConcurrentTransforms times MaxPayloadInMB (SageMaker API)."""

MAX_VARIABLES = 90
"""Environment variables of a model's container: 100 (SageMaker API, EnvironmentMap), less the platform's."""

OWN_PROGRAM = ("SAGEMAKER_PROGRAM", "SAGEMAKER_SUBMIT_DIRECTORY")
"""Variables that tell a container which script answers."""

JOINABLE = ("application/json", "application/jsonlines", "text/csv")
"""Content types that SageMaker joins with their input (developer guide, "Associate Prediction Results")."""


def inference_problems(product: ModelProduct, inference: InferenceSettings) -> Iterator[Finding]:
    """Problems of the inference section, its image apart."""
    built_in = product.train is not None and product.train.algorithm is not None
    yield from one_image(inference, "inference")
    lists = (("realtime_instance_types", "hosting"), ("transform_instance_types", "transform"))
    for key, use in lists:
        yield from instances.unknown(getattr(inference, key), use, ("inference", key))
    for key in ("content_types", "response_types", "transform_instance_types", "realtime_instance_types"):
        if not getattr(inference, key):
            yield finding(f"inference.{key}", "is empty", allowed="at least one")
    if len(inference.environment) > MAX_VARIABLES:
        given, allowed = len(inference.environment), f"at most {MAX_VARIABLES}"
        yield finding("inference.environment", "too many variables", given=given, allowed=allowed)
    yield from own_variables(inference.environment, "inference", *OWN_PROGRAM)
    for key in ("preprocess", "postprocess"):
        if getattr(inference, key) and inference.script is None and not built_in:
            what = "does not go without script, the model's own"
            yield finding(f"inference.{key}", what, given=repr(getattr(inference, key)), allowed="script")


def batch_problems(product: ModelProduct, batch: BatchSettings) -> Iterator[Finding]:
    """Problems of the batch section."""
    for found in instances.unknown([batch.instance_type], "transform", ("batch", "instance_type")):
        yield Finding(found.path[:-1], found.message)
    payload, at_a_time = batch.max_payload_mb, batch.max_concurrent_transforms
    if payload * at_a_time > MAX_PAYLOADS:
        what = f"max_payload_mb times max_concurrent_transforms is more than {MAX_PAYLOADS}"
        allowed = f"at most {MAX_PAYLOADS // payload} with max_payload_mb: {payload}"
        yield finding("batch.max_concurrent_transforms", what, given=at_a_time, allowed=allowed)
    if payload == 0 and product.train and product.train.algorithm:
        what = "a built-in algorithm takes no requests of any size"
        yield finding("batch.max_payload_mb", what, given=0, allowed="1 to 100")
    if batch.split == "none" and "strategy" in batch.model_fields_set:
        allowed = "split: line, record_io or tf_record"
        yield finding("batch.strategy", "does not go with split: none", given=batch.strategy, allowed=allowed)
    yield from _join(batch)
    yield from problems("CreateTransformJob", batch.request, owned=TRANSFORM, at=("batch", "request"))


def _join(batch: BatchSettings) -> Iterator[Finding]:
    if batch.join == "none":
        return
    if batch.split != "line":
        what = f"does not go with split: {batch.split}"
        yield finding("batch.join", what, given=batch.join, allowed="split: line")
    types = (batch.content_type.partition(";")[0], batch.accept.partition(";")[0])
    if types[0] != types[1] or types[0] not in JOINABLE:
        what = f"does not go with content_type: {types[0]} and accept: {types[1]}"
        yield finding("batch.join", what, given=batch.join, allowed=f"both one of {', '.join(JOINABLE)}")
