"""Rules on what runs and what is stored: models, endpoints, monitoring jobs, notebooks, feature groups.

They are the SageMaker controls of AWS Security Hub and AWS Config (docs/security/controls.md).
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mlplatform.rules.demands import Demand, at, unmet
from mlplatform.rules.rule import Finding
from mlplatform.template import Template, text

MODEL = "AWS::SageMaker::Model"
ENDPOINT_CONFIG = "AWS::SageMaker::EndpointConfig"
PROCESSING = "AWS::SageMaker::ProcessingJob"
SCHEDULE = "AWS::SageMaker::MonitoringSchedule"
NOTEBOOK = "AWS::SageMaker::NotebookInstance"
JOB_DEFINITIONS = tuple(
    f"AWS::SageMaker::{kind}JobDefinition"
    for kind in ("DataQuality", "ModelBias", "ModelExplainability", "ModelQuality")
)

_INLINE = "MonitoringScheduleConfig.MonitoringJobDefinition?"
"""A monitoring schedule either names a job definition or holds one."""

_NETWORK = (
    ((MODEL,), ""),
    ((*JOB_DEFINITIONS, PROCESSING), "NetworkConfig."),
    ((SCHEDULE,), f"{_INLINE}.NetworkConfig."),
)
"""Types that run a container, and where they say with which network."""

_ISOLATED = [Demand(types, f"{prefix}EnableNetworkIsolation", ("true",)) for types, prefix in _NETWORK]
_ENCRYPTED = [
    Demand(types, f"{prefix}EnableInterContainerTrafficEncryption", ("true",))
    for types, prefix in _NETWORK[1:]
]
_IN_VPC = [
    Demand(types, f"{prefix}VpcConfig.{part}")
    for types, prefix in _NETWORK
    for part in ("Subnets", "SecurityGroupIds")
]


def network_isolation(template: Template) -> Iterator[Finding]:
    """Containers that could reach a network."""
    yield from unmet(template, _ISOLATED)


def traffic_encryption(template: Template) -> Iterator[Finding]:
    """Jobs whose containers talk to each other in the clear."""
    yield from unmet(template, _ENCRYPTED)


def in_vpc(template: Template) -> Iterator[Finding]:
    """Containers outside a VPC."""
    yield from unmet(template, _IN_VPC)


# --- keys ------------------------------------------------------------------------------------------------

_KEYS = [
    Demand(("AWS::SageMaker::Domain",), "KmsKeyId"),
    Demand((NOTEBOOK,), "KmsKeyId"),
    Demand((ENDPOINT_CONFIG,), "DataCaptureConfig?.KmsKeyId"),
    Demand((ENDPOINT_CONFIG,), "AsyncInferenceConfig?.OutputConfig.KmsKeyId"),
    Demand((ENDPOINT_CONFIG,), "ProductionVariants.CoreDumpConfig?.KmsKeyId"),
    Demand(("AWS::SageMaker::FeatureGroup",), "OfflineStoreConfig?.S3StorageConfig.KmsKeyId"),
    Demand(("AWS::SageMaker::FeatureGroup",), "OnlineStoreConfig?.SecurityConfig.KmsKeyId"),
    Demand(("AWS::SageMaker::InferenceExperiment",), "DataStorageConfig?.KmsKey"),
    Demand(("AWS::SageMaker::ModelCard",), "SecurityConfig.KmsKeyId"),
    Demand((PROCESSING,), "ProcessingOutputConfig.KmsKeyId"),
    Demand((SCHEDULE,), f"{_INLINE}.MonitoringOutputConfig.KmsKeyId"),
    *(
        Demand(
            (kind,), f"{kind.removeprefix('AWS::SageMaker::').replace('Definition', 'OutputConfig')}.KmsKeyId"
        )
        for kind in JOB_DEFINITIONS
    ),
]
"""Where data is stored under a key of ours."""

_VOLUMES: Mapping[tuple[str, ...], tuple[str, ...]] = {
    (ENDPOINT_CONFIG,): (
        "KmsKeyId",
        "ProductionVariants.InstanceType?",
        "ProductionVariants.InstancePools?.InstanceType?",
    ),
    ("AWS::SageMaker::InferenceExperiment",): (
        "KmsKey",
        "ModelVariants.InfrastructureConfig.RealTimeInferenceConfig.InstanceType?",
    ),
    (PROCESSING,): (
        "ProcessingResources.ClusterConfig.VolumeKmsKeyId",
        "ProcessingResources.ClusterConfig.InstanceType?",
    ),
    (SCHEDULE,): (
        f"{_INLINE}.MonitoringResources.ClusterConfig.VolumeKmsKeyId",
        f"{_INLINE}.MonitoringResources.ClusterConfig.InstanceType?",
    ),
    JOB_DEFINITIONS: (
        "JobResources.ClusterConfig.VolumeKmsKeyId",
        "JobResources.ClusterConfig.InstanceType?",
    ),
}
"""Types with volumes: where their key stands, and the instance types the volumes are attached to."""


@cache
def facts() -> Mapping[str, Any]:
    """What AWS says of notebook platforms and of instances with local storage (data/controls.json)."""
    path = Path(__file__).parents[1] / "data" / "controls.json"
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def has_local_storage(instance_type: str) -> bool:
    """Whether an instance type encrypts local storage itself and is refused with a key for its volume."""
    return instance_type.removeprefix("ml.").partition(".")[0] in facts()["local_storage"]


def customer_keys(template: Template) -> Iterator[Finding]:
    """What would be stored under a key of AWS, and volume keys that SageMaker refuses."""
    yield from unmet(template, _KEYS)
    for types, (key, *instances) in _VOLUMES.items():
        for logical_id, properties in template.of_type(*types):
            named = (text(name) for path in instances for name in at(properties, path))
            local = [name for name in named if has_local_storage(name)]
            keys, where = at(properties, key), key.replace("?", "")
            if not local and None in keys:
                yield (logical_id, f"Properties.{where}"), f"{where} is missing"
            if local and any(value is not None for value in keys):
                message = (
                    f"{where} is given, but {local[0]} encrypts its own storage: SageMaker refuses a key"
                )
                yield (logical_id, f"Properties.{where}"), message


# --- endpoints and notebooks -----------------------------------------------------------------------------


def endpoint_instances(template: Template) -> Iterator[Finding]:
    """Production variants that one failing instance would take away."""
    for logical_id, properties in template.of_type(ENDPOINT_CONFIG):
        for variant in at(properties, "ProductionVariants"):
            if isinstance(variant, dict) and None in at(variant, "ServerlessConfig"):
                for count in at(variant, "InitialInstanceCount"):
                    if not _at_least_two(count, template):
                        given = "missing" if count is None else text(count)
                        message = f"InitialInstanceCount is {given}, allowed: 2 or more, so that one may fail"
                        yield (logical_id, "Properties.ProductionVariants"), message


def _at_least_two(count: Any, template: Template) -> bool:
    """Whether a number is 2 or more, or is a parameter that must be."""
    parameters = template.body.get("Parameters", {})
    if isinstance(count, dict) and (parameter := parameters.get(count.get("Ref"))):
        count = parameter.get("MinValue")
    return str(count).isdigit() and int(count) >= 2


def notebook_instances(template: Template) -> Iterator[Finding]:
    """Notebook instances that are open, unencrypted or out of date. The platform creates none."""
    fixed = {
        "DirectInternetAccess": ("Disabled",),
        "InstanceMetadataServiceConfiguration.MinimumInstanceMetadataServiceVersion": ("2",),
        "PlatformIdentifier": tuple(facts()["notebook_platforms"]),
        "RootAccess": ("Disabled",),
        "SecurityGroupIds": (),
        "SubnetId": (),
    }
    yield from unmet(template, [Demand((NOTEBOOK,), path, allowed) for path, allowed in fixed.items()])
