"""Mistakes in the template of a Serving stack, and the rule that is for each."""

import copy
from collections.abc import Callable
from typing import Any

from serving_templates import AB_TEST, ASYNC, CAPTURED, COMPONENTS, SCALED, SERVERLESS, SHADOW

Template = dict[str, Any]
Mistake = Callable[[Template], object]


def properties(body: Template, logical_id: str) -> dict[str, Any]:
    found: dict[str, Any] = body["Resources"][logical_id]["Properties"]
    return found


def guard(body: Template) -> dict[str, Any]:
    """What a guarded update says."""
    found: dict[str, Any] = properties(body, "Endpoint")["DeploymentConfig"]["Fn::If"][1]
    return found


def component_guard(body: Template) -> dict[str, Any]:
    """What a guarded update of copies says."""
    found: dict[str, Any] = properties(body, "InferenceComponent")["DeploymentConfig"]["Fn::If"][1]
    return found


def copy_of(body: Template) -> dict[str, Any]:
    found: dict[str, Any] = properties(body, "InferenceComponent")["Specification"]
    return found


def routing(body: Template) -> dict[str, Any]:
    found: dict[str, Any] = guard(body)["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    return found


def variant(body: Template, index: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = properties(body, "EndpointConfig")["ProductionVariants"][index]
    return found


def second_variant(body: Template) -> None:
    properties(body, "EndpointConfig")["ProductionVariants"].append(
        {**variant(body), "VariantName": "second"}
    )


def second_shadow(body: Template) -> None:
    [shadow] = properties(body, "EndpointConfig")["ShadowProductionVariants"]["Fn::If"][1]
    properties(body, "EndpointConfig")["ShadowProductionVariants"]["Fn::If"][1].append(
        {**shadow, "VariantName": "second"}
    )


def shadow(body: Template) -> None:
    properties(body, "EndpointConfig")["ShadowProductionVariants"] = [
        {**variant(body), "VariantName": "shadow"}
    ]


def in_vpc(body: Template) -> None:
    properties(body, "ProductionModel")["VpcConfig"] = {"Subnets": ["s"], "SecurityGroupIds": ["g"]}


def rename(body: Template, logical_id: str, name: Any) -> None:
    properties(body, logical_id)["AlarmName"] = name


def watch_both_fleets(body: Template) -> None:
    properties(body, "ReleaseCpuAlarm")["Dimensions"].pop()


def share_of_both_fleets(body: Template) -> None:
    properties(body, "ReleaseServerErrorsAlarm")["Metrics"][1]["MetricStat"]["Metric"]["Dimensions"] = [
        {"Name": "EndpointName", "Value": "acme-dev-credit"}
    ]


def copied(body: Template, logical_id: str, **changes: Any) -> None:
    resource = copy.deepcopy(body["Resources"][logical_id])
    resource["Properties"] |= changes
    body["Resources"][f"{logical_id}2"] = resource


def deleted(body: Template, logical_id: str, *attributes: str) -> None:
    for attribute in attributes:
        del body["Resources"][logical_id][attribute]


def parameter(body: Template, name: str, **changes: Any) -> None:
    body["Parameters"][name] = {**body["Parameters"].get(name, {}), **changes}


MISTAKES: dict[str, tuple[dict[str, Any], Mistake, str]] = {
    "two production variants beside a shadow": (SHADOW, second_variant, "ENDPOINT_VARIANTS"),
    "two shadows": (SHADOW, second_shadow, "ENDPOINT_VARIANTS"),
    "a shadow and a challenger that no rule excludes": (
        SHADOW | AB_TEST,
        lambda t: t["Rules"].pop("ShadowOrChallenger"),
        "ENDPOINT_VARIANTS",
    ),
    "a shadow that is always there beside a challenger": (AB_TEST, shadow, "ENDPOINT_VARIANTS"),
    "two variants of one name": (
        AB_TEST,
        lambda t: variant(t, 1)["Fn::If"][1].update(VariantName="production"),
        "ENDPOINT_VARIANTS",
    ),
    "one type and several": (
        {},
        lambda t: variant(t).update(InstancePools=[{"InstanceType": "ml.m5.large", "Priority": 1}]),
        "ENDPOINT_VARIANTS",
    ),
    "a shadow of an asynchronous endpoint": (ASYNC, shadow, "ENDPOINT_VARIANTS"),
    "a shadow of a serverless endpoint": (SERVERLESS, shadow, "ENDPOINT_VARIANTS"),
    "a serverless endpoint in a VPC": (SERVERLESS, in_vpc, "ENDPOINT_VARIANTS"),
    "an isolated serverless endpoint": (
        SERVERLESS,
        lambda t: properties(t, "ProductionModel").update(EnableNetworkIsolation=True),
        "ENDPOINT_VARIANTS",
    ),
    "serverless with instances": (
        SERVERLESS,
        lambda t: variant(t).update(InstanceType="ml.m5.large"),
        "ENDPOINT_VARIANTS",
    ),
    "serverless with data capture": (
        CAPTURED,
        lambda t: variant(t).update(ServerlessConfig={"MemorySizeInMB": 1024, "MaxConcurrency": 1}),
        "ENDPOINT_VARIANTS",
    ),
    "a named configuration": (
        {},
        lambda t: properties(t, "EndpointConfig").update(EndpointConfigName="credit"),
        "IMMUTABLE_NAME",
    ),
    "a named model": ({}, lambda t: properties(t, "ProductionModel").update(ModelName="c"), "IMMUTABLE_NAME"),
    "a configuration that an update deletes": (
        {},
        lambda t: deleted(t, "EndpointConfig", "UpdateReplacePolicy"),
        "SERVED_RETAINED",
    ),
    "a model that goes with its stack": (
        {},
        lambda t: deleted(t, "ProductionModel", "DeletionPolicy"),
        "SERVED_RETAINED",
    ),
    "a shadow's model that is kept only on failure": (
        SHADOW,
        lambda t: t["Resources"]["ShadowModel"].update(DeletionPolicy="RetainExceptOnCreate"),
        "SERVED_RETAINED",
    ),
    "a role beside the endpoint": (
        {},
        lambda t: t["Resources"].update(Role={"Type": "AWS::IAM::Role", "Properties": {}}),
        "SERVED_ALONE",
    ),
    "a parameter that is looked up": (
        {},
        lambda t: parameter(t, "Image", Type="AWS::SSM::Parameter::Value<String>", Default="/image"),
        "SERVED_ALONE",
    ),
    "a parameter without a default": ({}, lambda t: parameter(t, "Instance", Type="String"), "SERVED_ALONE"),
    "a version as a default": (
        {},
        lambda t: parameter(t, "ProductionModelPackageArn", Default="arn:aws:sagemaker:::x"),
        "SERVED_ALONE",
    ),
    "a canary of more than half": (
        {},
        lambda t: routing(t)["CanarySize"].update(Value=51),
        "GUARDRAILS",
    ),
    "a step of less than a tenth": (
        {"rollout": {"strategy": "linear"}},
        lambda t: routing(t)["LinearStepSize"].update(Value=9),
        "GUARDRAILS",
    ),
    "a batch of more than half": (
        {"rollout": {"strategy": "rolling"}},
        lambda t: guard(t)["RollingUpdatePolicy"]["MaximumBatchSize"].update(Value=60),
        "GUARDRAILS",
    ),
    "a canary of one instance": ({}, lambda t: variant(t).update(InitialInstanceCount=1), "GUARDRAILS"),
    "guardrails without alarms": (
        {},
        lambda t: guard(t).pop("AutoRollbackConfiguration"),
        "GUARDRAILS",
    ),
    "guardrails with eleven alarms": (
        {},
        lambda t: guard(t)["AutoRollbackConfiguration"]["Alarms"].extend([{"AlarmName": "x"}] * 11),
        "GUARDRAILS",
    ),
    "an update that is over before its waits": (
        {},
        lambda t: guard(t)["BlueGreenUpdatePolicy"].update(MaximumExecutionTimeoutInSeconds=1_500),
        "GUARDRAILS",
    ),
    "two policies": (
        {},
        lambda t: guard(t).update(
            RollingUpdatePolicy={
                "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
                "WaitIntervalInSeconds": 60,
                "MaximumExecutionTimeoutInSeconds": 3_600,
            }
        ),
        "GUARDRAILS",
    ),
    "a rolling update of two variants": (
        AB_TEST | {"rollout": {"strategy": "rolling"}},
        lambda t: None,
        "GUARDRAILS",
    ),
    "guardrails of a serverless endpoint": (
        {},
        lambda t: variant(t).update(ServerlessConfig={"MemorySizeInMB": 1024, "MaxConcurrency": 1}),
        "GUARDRAILS",
    ),
    "an alarm that watches both fleets": ({}, watch_both_fleets, "RELEASE_ALARM"),
    "a share of both fleets": ({}, share_of_both_fleets, "RELEASE_ALARM"),
    "an alarm that keeps its name": (
        {},
        lambda t: rename(t, "ReleaseCpuAlarm", "acme-dev/credit/cpu-of-release"),
        "RELEASE_ALARM",
    ),
    "an alarm that keeps its name for another attempt": (
        {},
        lambda t: rename(t, "ReleaseStopAlarm", {"Fn::Sub": "acme-dev/credit/release-${ReleaseId}/stop"}),
        "RELEASE_ALARM",
    ),
    "an alarm of another stack": (
        {},
        lambda t: guard(t)["AutoRollbackConfiguration"]["Alarms"].append(
            {"AlarmName": "acme-dev/credit/cpu"}
        ),
        "RELEASE_ALARM",
    ),
    "an alarm that rings without data": (
        {},
        lambda t: properties(t, "ReleaseCpuAlarm").update(TreatMissingData="breaching"),
        "RELEASE_ALARM",
    ),
    "an alarm that nobody hears": (
        {},
        lambda t: properties(t, "OperatingCpuAlarm").pop("AlarmActions"),
        "ALARM_ACTION",
    ),
    "a release alarm that no deployment reads": (
        {},
        lambda t: guard(t)["AutoRollbackConfiguration"]["Alarms"].pop(),
        "ALARM_ACTION",
    ),
    "a variant with a model beside a component": (
        COMPONENTS,
        lambda t: variant(t).update(ModelName="model"),
        "INFERENCE_COMPONENT",
    ),
    "a variant whose instances do not follow its copies": (
        COMPONENTS,
        lambda t: variant(t).pop("ManagedInstanceScaling"),
        "INFERENCE_COMPONENT",
    ),
    "components on two variants": (COMPONENTS, second_variant, "INFERENCE_COMPONENT"),
    "components in no network": (
        COMPONENTS,
        lambda t: properties(t, "EndpointConfig").pop("VpcConfig"),
        "INFERENCE_COMPONENT",
    ),
    "components with no role": (
        COMPONENTS,
        lambda t: properties(t, "EndpointConfig").pop("ExecutionRoleArn"),
        "INFERENCE_COMPONENT",
    ),
    "a copy of any size": (
        COMPONENTS,
        lambda t: copy_of(t)["ComputeResourceRequirements"].pop("MinMemoryRequiredInMb"),
        "INFERENCE_COMPONENT",
    ),
    "a batch of more than half of the copies": (
        COMPONENTS,
        lambda t: component_guard(t)["RollingUpdatePolicy"]["MaximumBatchSize"].update(Value=100),
        "GUARDRAILS",
    ),
    "copies that are replaced without alarms": (
        COMPONENTS,
        lambda t: component_guard(t)["AutoRollbackConfiguration"].update(Alarms=[]),
        "GUARDRAILS",
    ),
    "a component that is watched as a fleet": (
        COMPONENTS,
        lambda t: properties(t, "ReleaseCpuAlarm").update(Dimensions=[]),
        "RELEASE_ALARM",
    ),
    "two targets for one variant": (SCALED, lambda t: copied(t, "ScalableTarget"), "SCALED_ONCE"),
    "two tracking policies for one target": (
        SCALED,
        lambda t: copied(t, "ScalingPolicy", PolicyName="other"),
        "SCALED_ONCE",
    ),
}
"""The section ``serving``, what is done to the template it makes, and the rule that this breaks."""

SECTION_IS_THE_MISTAKE = "a rolling update of two variants"
"""The settings refuse it, the template would not."""
