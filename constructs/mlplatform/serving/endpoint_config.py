"""The EndpointConfig: what the variants run on, what is captured of their requests, where answers go."""

from collections.abc import Mapping
from typing import Any

from mlplatform.exports import imported
from mlplatform.permissions.guards import takes_volume_key
from mlplatform.serving import parts
from mlplatform.serving.component import of_instances
from mlplatform.serving.models import RETAINED, endpoint_role, in_network
from mlplatform.serving.parts import MODELS, Part, Served, attribute, resource, when

PRODUCTION_WEIGHT = 1.0
"""What the weights of the other variants are relative to."""

CSV_TYPES, JSON_TYPES = ("text/csv",), ("application/json", "application/jsonlines")
"""Content types that are captured as text; any other is captured in base64 (SageMaker API,
CaptureContentTypeHeader)."""

_CAPTURED = {"input": ("Input",), "output": ("Output",), "input_and_output": ("Input", "Output")}
_ROUTING = {"least_outstanding_requests": "LEAST_OUTSTANDING_REQUESTS", "random": "RANDOM"}


def endpoint_config(served: Served) -> Part:
    """The configuration; everything in it but its tags makes a new one, so it is never named."""
    serving = served.serving
    properties: Part = {"ProductionVariants": _production(served)}
    if serving.shadow:
        properties["ShadowProductionVariants"] = when(parts.HAS_SHADOW, [_shadow(served)])
    if served.has_components:  # whose variant has no model that would say these
        properties |= {"ExecutionRoleArn": endpoint_role(served), **in_network(served)}
    if has_key(served):
        properties["KmsKeyId"] = imported("DataKeyArn", served.settings)
    if serving.capture:
        properties["DataCaptureConfig"] = _capture(served)
    if serving.mode == "async":
        properties["AsyncInferenceConfig"] = _async_inference(served)
    if serving.mode != "serverless":
        # Said explicitly: what AWS takes if nothing is said costs, and has changed before.
        properties["MetricsConfig"] = {
            "EnableEnhancedMetrics": serving.metrics.enhanced,
            "EnableDetailedObservability": False,
            "MetricPublishFrequencyInSeconds": serving.metrics.interval_seconds,
        }
    rest = {key: value for key, value in serving.request.items() if key != "ProductionVariants"}
    return resource(
        parts.ENDPOINT_CONFIG_TYPE, merged(properties, rest), condition=parts.HAS_PRODUCTION, **RETAINED
    )


def has_key(served: Served) -> bool:
    """Whether a configuration names a key: of volumes, or of the image where it is serverless (SageMaker
    developer guide, "Create an endpoint configuration"). Types with a disk of their own take none.
    """
    return all(map(takes_volume_key, served.serving.instance_types))


def _production(served: Served) -> list[Part]:
    """The variants that answer. A challenger has no weight at first: it is verified before it gets any."""
    count = max(1, served.serving.instances.minimum)
    variants = [_variant(served, parts.PRODUCTION, PRODUCTION_WEIGHT, count)]
    if served.serving.ab_test:
        variants.append(when(parts.HAS_CHALLENGER, _variant(served, parts.CHALLENGER, 0.0, count)))
    return variants


def _shadow(served: Served) -> Part:
    """The variant that answers nobody. The share it gets is its weight relative to production's.

    It does not scale with production, so it has the instances that its share of the most traffic needs: with
    fewer, it would be slower than production for that reason alone.
    """
    assert served.serving.shadow is not None
    share = served.serving.shadow.sampling_percent / 100
    return _variant(served, parts.SHADOW, PRODUCTION_WEIGHT * share, served.shadow_instances)


def _variant(served: Served, name: str, weight: float, count: int) -> Part:
    serving = served.serving
    variant: Part = {
        "VariantName": name,
        "InitialVariantWeight": weight,
    }
    if not served.has_components:
        variant["ModelName"] = attribute(MODELS[name], "ModelName")
    if serving.serverless is not None:
        variant["ServerlessConfig"] = {
            "MemorySizeInMB": serving.serverless.memory_mb,
            "MaxConcurrency": serving.serverless.maximum_concurrency,
        }
        if provisioned := serving.serverless.provisioned_concurrency:
            variant["ServerlessConfig"]["ProvisionedConcurrency"] = provisioned
    else:
        variant |= {"InitialInstanceCount": count, **_instances(served)}
    (given,) = serving.request.get("ProductionVariants") or [{}]
    return merged(variant, given)


def _instances(served: Served) -> Part:
    """On what the instances of a variant run: a type, or several with the order in which they are tried."""
    serving = served.serving
    found: Part = {"RoutingConfig": {"RoutingStrategy": _ROUTING[serving.routing]}}
    if served.has_components:
        found |= of_instances(served)
    else:
        found |= {
            "ModelDataDownloadTimeoutInSeconds": serving.download_timeout_seconds,
            "ContainerStartupHealthCheckTimeoutInSeconds": serving.startup_timeout_seconds,
        }
    if serving.fallback_instance_types:
        found["InstancePools"] = [
            {"InstanceType": instance_type, "Priority": priority}
            for priority, instance_type in enumerate(serving.instance_types, start=1)
        ]
    else:
        found["InstanceType"] = serving.instance_type
    if serving.volume_size_gib:
        found["VolumeSizeInGB"] = serving.volume_size_gib
    return found


def _capture(served: Served) -> Part:
    """Requests and responses in the capture bucket: ``<model>/<endpoint>/<variant>/<date>/``."""
    capture = served.serving.capture
    assert capture is not None
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": capture.sampling_percent,
        "DestinationS3Uri": f"s3://{served.names.bucket('capture')}/{served.product.name}/",
        "KmsKeyId": imported("DataKeyArn", served.settings),
        "CaptureOptions": [{"CaptureMode": mode} for mode in _CAPTURED[capture.content]],
        "CaptureContentTypeHeader": {"CsvContentTypes": [*CSV_TYPES], "JsonContentTypes": [*JSON_TYPES]},
    }


def _async_inference(served: Served) -> Part:
    """Responses and failures in the artifacts bucket, beside those of batch jobs."""
    settings = served.serving.async_inference
    assert settings is not None
    place = f"s3://{served.names.bucket('artifacts')}/predictions/{served.product.name}/async/"
    output: Part = {
        "S3OutputPath": place,
        "S3FailurePath": f"{place}failures/",
        "KmsKeyId": imported("ArtifactsKeyArn", served.settings),
    }
    if settings.notify:
        topic = served.names.arn("sns", served.names.name("notifications"))
        output["NotificationConfig"] = {"ErrorTopic": topic}
    limit = {"MaxConcurrentInvocationsPerInstance": settings.concurrent_requests_per_instance}
    return {"ClientConfig": limit, "OutputConfig": output}


def merged(properties: Mapping[str, Any], given: Mapping[str, Any]) -> Part:
    """``properties`` and what a settings file adds: maps merge, everything else is added."""
    result = dict(properties)
    for key, value in given.items():
        mine = result.get(key)
        result[key] = merged(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return result
