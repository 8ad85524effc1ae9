"""Endpoints, alarms and scaling made by CloudFormation in the rehearsal; honest and silent rollbacks."""

from collections.abc import Iterator
from typing import Any

import pytest
from rehearsed_account import PLACE, ROLE, SCIKIT_LEARN, Account, account, allow, job_policy, packed

from rehearsal.cloudformation import Engine, StackError
from rehearsal.sagemaker.behaviour import Behaviour

STACK, NAME = "acme-dev-serving-m", "acme-dev-m"
RETAINED = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


def template() -> dict[str, Any]:
    """A stack that serves the version of a parameter, guarded by an alarm of its own."""
    released = {"Condition": "Released"}
    variant = {
        "VariantName": "production",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InstanceType": {"Ref": "InstanceType"},
        "InitialInstanceCount": "2",
        "InitialVariantWeight": 1,
    }
    config = {"Fn::GetAtt": ["Config", "EndpointConfigName"]}
    resources: dict[str, Any] = {
        "Always": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": '{"widgets": []}'}},
        "Model": {
            "Type": "AWS::SageMaker::Model",
            "Properties": {
                "ExecutionRoleArn": ROLE,
                "PrimaryContainer": {"ModelPackageName": {"Ref": "Package"}},
                "Tags": [{"Key": "model", "Value": "m"}],
            },
        },
        "Config": {
            "Type": "AWS::SageMaker::EndpointConfig",
            "Properties": {"ProductionVariants": [variant]},
        },
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": alarm(config),
        },
        "All": {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {"AlarmName": "all", "AlarmRule": {"Fn::Sub": 'ALARM("${Alarm}")'}},
        },
        "Endpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {
                "EndpointName": NAME,
                "EndpointConfigName": config,
                "RetainAllVariantProperties": True,
                "DeploymentConfig": {"Fn::If": ["Guarded", canary(), {"Ref": "AWS::NoValue"}]},
                "Tags": [{"Key": "model", "Value": "m"}, {"Key": "note", "Value": {"Ref": "Note"}}],
            },
        },
        "Target": {
            "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "DependsOn": "Endpoint",
            "Properties": target(),
        },
        "Policy": {
            "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
            "Properties": policy(),
        },
    }
    for name in resources.keys() - {"Always"}:
        resources[name] |= released | (RETAINED if name in ("Model", "Config") else {})
    names = {"Package": "none", "Id": "none", "Mode": "immediate", "Note": "a", "InstanceType": "ml.m5.large"}
    return {
        "Parameters": {name: {"Type": "String", "Default": value} for name, value in names.items()},
        "Conditions": {
            "Released": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Package"}, "none"]}]},
            "Guarded": {"Fn::Equals": [{"Ref": "Mode"}, "guarded"]},
        },
        "Resources": resources,
        "Outputs": {"Live": {"Condition": "Released", "Value": config}},
    }


def alarm(config: Any) -> dict[str, Any]:
    dimensions = {"EndpointName": NAME, "VariantName": "production", "EndpointConfigName": config}
    return {
        "AlarmName": {"Fn::Sub": "release-${Id}"},
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocation5XXErrors",
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 2,
        "Threshold": "0.05",
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "Tags": [{"Key": "model", "Value": "m"}],
    }


def canary() -> dict[str, Any]:
    size = {"Type": "CAPACITY_PERCENT", "Value": 50}
    routing = {"Type": "CANARY", "CanarySize": size, "WaitIntervalInSeconds": 600}
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": routing,
            "TerminationWaitInSeconds": 300,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": {"Ref": "Alarm"}}]},
    }


def target() -> dict[str, Any]:
    limits = {"MinCapacity": 2, "MaxCapacity": 4}
    action = {"ScheduledActionName": "morning", "Schedule": "cron(0 6 * * ? *)"}
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{NAME}/variant/production",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        **limits,
        "ScheduledActions": [{**action, "ScalableTargetAction": {"MinCapacity": 3, "MaxCapacity": 4}}],
    }


def policy() -> dict[str, Any]:
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    return {
        "PolicyName": "requests",
        "PolicyType": "TargetTrackingScaling",
        "ScalingTargetId": {"Ref": "Target"},
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 6000,
            "PredefinedMetricSpecification": metric,
        },
    }


class Serving:
    """The stack, two versions that it may serve, and the endpoint it makes."""

    def __init__(self, here: Account) -> None:
        self.here, self.engine, self.faults = here, Engine(here.emulator), here.emulator.faults
        here.api.create_model_package_group(ModelPackageGroupName="m")
        self.versions = [self.version(number) for number in range(3)]
        self.engine.apply(STACK, template())

    def version(self, number: int) -> str:
        uri = self.here.put(f"models/{number}/model.tar.gz", packed({"answer.txt": str(number)}))
        specification = {
            "Containers": [{"Image": SCIKIT_LEARN, "ModelDataUrl": uri}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        }
        made = self.here.api.create_model_package(
            ModelPackageGroupName="m",
            ModelApprovalStatus="Approved",
            InferenceSpecification=specification,
        )
        return str(made["ModelPackageArn"])

    def release(self, number: int, **values: str) -> str:
        """Serve a version; the stack's status."""
        given = {"Package": self.versions[number], "Id": f"r{number}", **values}
        try:
            self.engine.apply(STACK, template(), given)
        except StackError:
            assert self.engine.stacks[STACK].status != "UPDATE_COMPLETE"
        return self.engine.stacks[STACK].status

    def live(self) -> tuple[str, int]:
        """Configuration that serves, and the number of the version it runs."""
        api = self.here.api
        config = api.describe_endpoint(EndpointName=NAME)["EndpointConfigName"]
        variants = api.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
        model = api.describe_model(ModelName=variants[0]["ModelName"])
        return config, self.versions.index(model["PrimaryContainer"]["ModelPackageName"])

    def output(self) -> str:
        """Configuration that the stack says serves."""
        return self.engine.stacks[STACK].outputs["Live"]


@pytest.fixture
def serving() -> Iterator[Serving]:
    with account() as here:
        rights = job_policy()
        rights["Statement"].append(allow("cloudwatch:DescribeAlarms"))
        here.give(rights)
        yield Serving(here)


def test_a_first_release_makes_everything_in_the_time_a_fleet_takes(serving: Serving) -> None:
    begun = serving.here.emulator.clock.now()
    assert serving.release(0) == "UPDATE_COMPLETE"
    assert 240 <= (serving.here.emulator.clock.now() - begun).total_seconds() <= 300
    assert serving.live() == (serving.output(), 0)
    tags = serving.here.api.list_tags(ResourceArn=PLACE.arn("sagemaker", f"endpoint/{NAME}"))["Tags"]
    assert {"Key": "model", "Value": "m"} in tags
    scaling = serving.here.emulator.client("application-autoscaling")
    (found,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (found["MinCapacity"], found["MaxCapacity"]) == (2, 4)
    assert len(scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]) == 1
    assert len(scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"]) == 1


def test_another_version_replaces_model_and_configuration_and_keeps_the_old_ones(serving: Serving) -> None:
    serving.release(0)
    old = serving.output()
    assert serving.release(1, Mode="guarded") == "UPDATE_COMPLETE"
    assert serving.live() == (serving.output(), 1)
    assert old != serving.output()
    serving.here.api.describe_endpoint_config(EndpointConfigName=old)
    found = serving.here.emulator.client("cloudwatch").describe_alarms(AlarmNamePrefix="release-")
    assert [one["AlarmName"] for one in found["MetricAlarms"]] == ["release-r1"]


def test_an_honest_rollback_takes_the_stack_back_to_what_serves(serving: Serving) -> None:
    serving.release(0)
    serving.here.sagemaker.endpoints.traffic(NAME, 600)
    serving.here.sagemaker.endpoints.behaviour(serving.versions[1], Behaviour(error_rate=0.4))
    assert serving.release(1, Mode="guarded") == "UPDATE_ROLLBACK_COMPLETE"
    assert "alarm 'release-r1' went into the ALARM state" in told(serving)
    assert serving.live() == (serving.output(), 0)


def told(serving: Serving) -> str:
    """Reasons of everything that happened to the stack."""
    return " ".join(event.reason for event in serving.engine.stacks[STACK].events)


def test_a_silent_rollback_leaves_a_stack_that_says_what_does_not_serve(serving: Serving) -> None:
    serving.release(0)
    serving.here.sagemaker.endpoints.traffic(NAME, 600)
    serving.here.sagemaker.endpoints.behaviour(serving.versions[1], Behaviour(error_rate=0.4))
    serving.faults.inject("silent_rollback", NAME)
    assert serving.release(1, Mode="guarded") == "UPDATE_COMPLETE"
    config, number = serving.live()
    assert number == 0
    assert config != serving.output()
    assert serving.release(0, Id="r0-again") == "UPDATE_COMPLETE"
    assert serving.live() == (serving.output(), 0)


def test_a_first_endpoint_that_fails_is_deleted_again(serving: Serving) -> None:
    serving.faults.inject("endpoint_capacity", NAME)
    assert serving.release(0) == "UPDATE_ROLLBACK_COMPLETE"
    assert serving.here.api.list_endpoints()["Endpoints"] == []
    assert serving.release(0) == "UPDATE_COMPLETE"


def test_a_way_back_without_capacity_leaves_the_stack_in_between(serving: Serving) -> None:
    serving.release(0)
    serving.faults.inject("endpoint_capacity", NAME, times=2)
    assert serving.release(1) == "UPDATE_ROLLBACK_FAILED"
    assert serving.live()[1] == 0


def test_a_quota_refuses_at_once_and_the_endpoint_stays(serving: Serving) -> None:
    serving.release(0)
    serving.faults.inject("endpoint_quota", NAME)
    assert serving.release(1) == "UPDATE_ROLLBACK_COMPLETE"
    assert serving.live()[1] == 0


def test_other_tags_do_not_deploy_anything(serving: Serving) -> None:
    serving.release(0)
    begun, before = serving.here.emulator.clock.now(), serving.live()
    assert serving.release(0, Note="b") == "UPDATE_COMPLETE"
    assert (serving.here.emulator.clock.now() - begun).total_seconds() < 60
    assert serving.live() == before


def test_another_instance_type_of_a_scaled_variant_is_refused(serving: Serving) -> None:
    serving.release(0)
    assert serving.release(0, InstanceType="ml.m5.xlarge") == "UPDATE_ROLLBACK_COMPLETE"
    assert "must be deregistered as scalable targets" in told(serving)


def test_deleting_the_stack_leaves_no_endpoint_alarm_or_target(serving: Serving) -> None:
    serving.release(0)
    serving.engine.delete(STACK)
    emulator = serving.here.emulator
    assert serving.here.api.list_endpoints()["Endpoints"] == []
    assert emulator.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert emulator.client("cloudwatch").list_dashboards()["DashboardEntries"] == []
    scaling = emulator.client("application-autoscaling")
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
