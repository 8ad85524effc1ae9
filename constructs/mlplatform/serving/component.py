"""The inference component: copies of a customized model on the instances of the endpoint.

SageMaker API reference, CreateInferenceComponent: the endpoint's variant has no model of its own, what
answers is attached to it. A release changes the component's model and nothing else; the endpoint stays as it
is.
"""

from typing import Any

from mlplatform.serving import parts
from mlplatform.serving.parts import Part, Served, attribute, ref, resource, when
from mlplatform.settings.components import ComponentsSettings
from mlplatform.settings.rollouts import RolloutSettings

MINUTE = 60


def component(served: Served, alarms: list[str]) -> dict[str, Part]:
    """The component by logical id, its updates guarded by ``alarms`` (logical ids); none in other modes.

    It has the endpoint's name: a name makes it another, and callers and autoscaling know it by that. A first
    deployment that fails takes it away again.
    """
    components = served.serving.components
    if not served.has_components or components is None:
        return {}
    properties: Part = {
        "EndpointName": attribute(parts.ENDPOINT, "EndpointName"),
        "InferenceComponentName": served.component,
        "RuntimeConfig": {"CopyCount": max(1, components.copies.minimum)},
        "VariantName": parts.PRODUCTION,
        **_specification(served, components),
    }
    if served.serving.rollout.strategy == "rolling":
        properties["DeploymentConfig"] = when(parts.IS_GUARDED, _deployment(served.serving.rollout, alarms))
    return {parts.COMPONENT: resource(parts.COMPONENT_TYPE, properties, condition=parts.HAS_PRODUCTION)}


def of_instances(served: Served) -> Part:
    """What a variant says without a model: SageMaker adds and removes instances as copies need them."""
    instances = served.serving.instances
    scaling = {
        "Status": "ENABLED",
        "MinInstanceCount": instances.minimum,
        "MaxInstanceCount": instances.maximum,
    }
    return {"ManagedInstanceScaling": scaling}


def _specification(served: Served, components: ComponentsSettings) -> Part:
    """One specification, or one for each instance type that may be taken (API, Specifications)."""
    types = served.serving.instance_types
    if len(types) == 1:
        return {"Specification": _of_copy(served, components)}
    several = [{"InstanceType": name, **_of_copy(served, components)} for name in types]
    return {"Specifications": several}


def _of_copy(served: Served, components: ComponentsSettings) -> Part:
    needs: dict[str, Any] = {
        "MinMemoryRequiredInMb": components.memory_mb,
        "NumberOfAcceleratorDevicesRequired": components.accelerators,
    }
    if components.cpu_cores is not None:
        needs["NumberOfCpuCoresRequired"] = components.cpu_cores
    return {
        "ModelName": attribute(parts.MODELS[parts.PRODUCTION], "ModelName"),
        "ComputeResourceRequirements": needs,
        "StartupParameters": {
            "ContainerStartupHealthCheckTimeoutInSeconds": served.serving.startup_timeout_seconds,
            "ModelDataDownloadTimeoutInSeconds": served.serving.download_timeout_seconds,
        },
    }


def _deployment(rollout: RolloutSettings, alarms: list[str]) -> Part:
    """API reference, InferenceComponentDeploymentConfig; an immediate update has none of it."""
    return {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": rollout.batch_percent},
            "WaitIntervalInSeconds": rollout.wait_minutes * MINUTE,
            "MaximumExecutionTimeoutInSeconds": rollout.maximum_minutes * MINUTE,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": ref(alarm)} for alarm in alarms]},
    }
