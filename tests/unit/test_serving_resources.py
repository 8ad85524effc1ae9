"""The configuration, guardrails, autoscaling and alarms of an endpoint are what its settings say."""

from typing import Any

import pytest
from serving_templates import (
    AB_TEST,
    ASYNC,
    SCALED,
    SERVERLESS,
    SHADOW,
    TO_ZERO,
    VERSION_2,
    credit,
    deployed,
    serving,
    settings_in,
)

from mlplatform.instance_types import instance_types
from mlplatform.serving.alarms import MAX_RELEASE_ALARMS
from mlplatform.serving.capacity import gpus, vcpus
from mlplatform.settings import Environment

RELEASE = "acme-dev/credit/release-abcdefghij-0"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment."""
    return settings_in(tmp_path_factory.mktemp("serving"))


def there(settings: Environment, **section: Any) -> dict[str, dict[str, Any]]:
    """What is deployed while version 1 serves, its last update guarded."""
    return deployed(credit(settings, **section), serving(RolloutMode="guarded"))


# --- configuration ---------------------------------------------------------------------------------------


def test_instances_are_of_one_type_or_of_several_in_the_order_they_are_tried(settings: Environment) -> None:
    [one] = there(settings)["EndpointConfig"]["ProductionVariants"]
    assert (one["InstanceType"], one["InitialInstanceCount"]) == ("ml.m5.large", 2)
    assert "InstancePools" not in one
    [several] = there(settings, fallback_instance_types=["ml.m6i.large"])["EndpointConfig"][
        "ProductionVariants"
    ]
    assert "InstanceType" not in several
    assert several["InstancePools"] == [
        {"InstanceType": "ml.m5.large", "Priority": 1},
        {"InstanceType": "ml.m6i.large", "Priority": 2},
    ]


def test_volumes_have_the_environments_key_unless_instances_encrypt_their_own(settings: Environment) -> None:
    assert there(settings)["EndpointConfig"]["KmsKeyId"] == "<acme-dev-foundation:DataKeyArn>"
    assert "KmsKeyId" not in there(settings, instance_type="ml.m5d.large")["EndpointConfig"]


def test_containers_run_isolated_in_every_subnet_with_the_models_security_group(
    settings: Environment,
) -> None:
    model = there(settings)["ProductionModel"]
    assert model["EnableNetworkIsolation"] is True
    assert model["VpcConfig"] == {
        "Subnets": ["<acme-dev-network:SubnetId1>", "<acme-dev-network:SubnetId2>"],
        "SecurityGroupIds": ["<acme-dev-network:ModelSecurityGroupId>"],
    }
    assert model["ExecutionRoleArn"].endswith(":role/acme/dev/endpoint/acme-dev-credit-endpoint")


def test_serverless_has_a_capacity_and_none_of_what_it_does_not_support(settings: Environment) -> None:
    found = there(settings, **SERVERLESS, serverless={"memory_mb": 4096, "maximum_concurrency": 8})
    [variant] = found["EndpointConfig"]["ProductionVariants"]
    assert variant["ServerlessConfig"] == {"MemorySizeInMB": 4096, "MaxConcurrency": 8}
    assert not {"InstanceType", "InitialInstanceCount", "RoutingConfig"} & set(variant)
    assert not {"VpcConfig", "EnableNetworkIsolation"} & set(found["ProductionModel"])
    assert not {"DataCaptureConfig", "ShadowProductionVariants", "MetricsConfig"} & set(
        found["EndpointConfig"]
    )
    assert "DeploymentConfig" not in found["Endpoint"]


def test_captured_requests_lie_below_the_model_in_the_capture_bucket_under_the_data_key(
    settings: Environment,
) -> None:
    capture = there(settings, capture={"sampling_percent": 5, "content": "output"})["EndpointConfig"]
    assert capture["DataCaptureConfig"] == {
        "EnableCapture": True,
        "InitialSamplingPercentage": 5,
        "DestinationS3Uri": "s3://acme-dev-capture-111122223333-eu-west-1/credit/",
        "KmsKeyId": "<acme-dev-foundation:DataKeyArn>",
        "CaptureOptions": [{"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {
            "CsvContentTypes": ["text/csv"],
            "JsonContentTypes": ["application/json", "application/jsonlines"],
        },
    }


def test_asynchronous_answers_lie_with_the_predictions_and_failures_are_told(settings: Environment) -> None:
    found = there(settings, **ASYNC)["EndpointConfig"]["AsyncInferenceConfig"]
    place = "s3://acme-dev-artifacts-111122223333-eu-west-1/predictions/credit/async/"
    assert found["OutputConfig"] == {
        "S3OutputPath": place,
        "S3FailurePath": f"{place}failures/",
        "KmsKeyId": "<acme-dev-foundation:ArtifactsKeyArn>",
        "NotificationConfig": {"ErrorTopic": "arn:aws:sns:eu-west-1:111122223333:acme-dev-notifications"},
    }
    silent = there(settings, **ASYNC, async_inference={"notify": False})["EndpointConfig"]
    assert "NotificationConfig" not in silent["AsyncInferenceConfig"]["OutputConfig"]


def test_what_the_api_knows_besides_is_added_to_every_variant_and_to_the_configuration(
    settings: Environment,
) -> None:
    request = {
        "ProductionVariants": [{"VariantInstanceProvisionTimeoutInSeconds": 900}],
        "MetricsConfig": {"EnableDetailedObservability": True},
    }
    subject = credit(settings, **SHADOW, request=request)
    values = serving(ShadowModelPackageArn=serving()["ProductionModelPackageArn"])
    config = deployed(subject, values)["EndpointConfig"]
    variants = [*config["ProductionVariants"], *config["ShadowProductionVariants"]]
    assert [v["VariantInstanceProvisionTimeoutInSeconds"] for v in variants] == [900, 900]
    assert config["MetricsConfig"] == {
        "EnableDetailedObservability": True,
        "EnableEnhancedMetrics": False,
        "MetricPublishFrequencyInSeconds": 60,
    }


# --- guardrails ------------------------------------------------------------------------------------------


def test_an_immediate_update_has_neither_steps_nor_alarms(settings: Environment) -> None:
    endpoint = deployed(credit(settings), serving(RolloutMode="immediate"))["Endpoint"]
    assert "DeploymentConfig" not in endpoint
    assert endpoint["RetainAllVariantProperties"] is True
    assert "RetainDeploymentConfig" not in endpoint


STRATEGIES: dict[str, dict[str, Any]] = {
    "canary": {"Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10}},
    "linear": {"Type": "LINEAR", "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 20}},
    "all_at_once": {"Type": "ALL_AT_ONCE"},
}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_guarded_update_goes_over_as_the_strategy_says(settings: Environment, strategy: str) -> None:
    endpoint = there(settings, rollout={"strategy": strategy, "wait_minutes": 7})["Endpoint"]
    assert endpoint["DeploymentConfig"]["BlueGreenUpdatePolicy"] == {
        "TrafficRoutingConfiguration": {**STRATEGIES[strategy], "WaitIntervalInSeconds": 420},
        "TerminationWaitInSeconds": 300,
        "MaximumExecutionTimeoutInSeconds": 7_200,
    }


def test_a_rolling_update_replaces_batches(settings: Environment) -> None:
    deployment = there(settings, rollout={"strategy": "rolling", "batch_percent": 25})["Endpoint"][
        "DeploymentConfig"
    ]
    assert deployment["RollingUpdatePolicy"] == {
        "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 25},
        "WaitIntervalInSeconds": 600,
        "MaximumExecutionTimeoutInSeconds": 7_200,
    }
    assert "BlueGreenUpdatePolicy" not in deployment


# --- alarms ----------------------------------------------------------------------------------------------


def test_a_guarded_update_is_watched_by_every_release_alarm_and_by_at_most_ten(settings: Environment) -> None:
    objectives = {"p50_latency_ms": 50, "p99_latency_ms": 90, "gpu_percent": 90, "gpu_memory_percent": 90}
    found = there(settings, instance_type="ml.g5.xlarge", objectives=objectives)
    names = {
        alarm["AlarmName"]
        for alarm in found["Endpoint"]["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
    }
    assert names == {f"<{name}>" for name in found if name.startswith("Release")}
    assert len(names) == MAX_RELEASE_ALARMS
    assert "<ReleaseStopAlarm>" in names


def test_release_alarms_are_made_anew_for_every_attempt_and_see_the_new_fleet_only(
    settings: Environment,
) -> None:
    found = {name: alarm for name, alarm in there(settings).items() if name.startswith("Release")}
    assert len(found) == 6
    for alarm in found.values():
        assert alarm["AlarmName"].startswith(f"{RELEASE}/")
        assert alarm["TreatMissingData"] == "notBreaching"
        assert "AlarmActions" not in alarm
    del found["ReleaseStopAlarm"]
    new_fleet = {
        "EndpointName": "acme-dev-credit",
        "VariantName": "production",
        "EndpointConfigName": "<EndpointConfig.EndpointConfigName>",
    }
    for alarm in found.values():
        watched = [q["MetricStat"]["Metric"] for q in alarm.get("Metrics", []) if "MetricStat" in q] or [
            alarm
        ]
        assert all({d["Name"]: d["Value"] for d in one["Dimensions"]} == new_fleet for one in watched)


def test_a_request_to_stop_trips_the_alarm_of_its_release_alone(settings: Environment) -> None:
    alarm = there(settings)["ReleaseStopAlarm"]
    assert alarm["AlarmName"] == f"{RELEASE}/stop-requested"
    assert (alarm["Namespace"], alarm["MetricName"]) == ("acme/dev/releases/credit", "StopRequested")
    assert {d["Name"]: d["Value"] for d in alarm["Dimensions"]} == {
        "Endpoint": "acme-dev-credit",
        "ReleaseId": "abcdefghij",
    }
    assert (alarm["Statistic"], alarm["Threshold"], alarm["DatapointsToAlarm"]) == ("Sum", 0, 1)


def test_latency_objectives_are_in_milliseconds_and_their_metrics_in_microseconds(
    settings: Environment,
) -> None:
    alarm = there(settings, objectives={"p99_latency_ms": 200})["ReleaseP99LatencyAlarm"]
    assert (alarm["MetricName"], alarm["ExtendedStatistic"], alarm["Threshold"]) == (
        "ModelLatency",
        "p99",
        200_000,
    )


def test_one_failed_request_of_a_quiet_minute_is_no_alarm(settings: Environment) -> None:
    alarm = there(settings, objectives={"error_percent": 2})["OperatingServerErrorsAlarm"]
    [share] = [query for query in alarm["Metrics"] if query["ReturnData"]]
    assert share["Expression"] == "IF(errors >= 2, 100 * errors / requests, 0)"
    assert alarm["Threshold"] == 2
    metrics = {
        q["Id"]: q["MetricStat"]["Metric"]["MetricName"] for q in alarm["Metrics"] if "MetricStat" in q
    }
    assert metrics == {"errors": "Invocation5XXErrors", "requests": "Invocations"}


def test_asynchronous_requests_are_counted_by_their_latencies(settings: Environment) -> None:
    alarm = there(settings, **ASYNC)["OperatingModelErrorsAlarm"]
    [requests] = [q["MetricStat"] for q in alarm["Metrics"] if q["Id"] == "requests"]
    assert (requests["Metric"]["MetricName"], requests["Stat"]) == ("ModelLatency", "SampleCount")


@pytest.mark.parametrize(
    ("types", "cpu", "gpu"),
    [
        (["ml.m5.large"], 180, None),
        (["ml.g5.12xlarge", "ml.g4dn.xlarge"], 360, 90),
        (["ml.g5.48xlarge"], 17_280, 720),
    ],
)
def test_use_is_measured_over_all_processors_and_gpus_of_the_smallest_type(
    settings: Environment, types: list[str], cpu: float, gpu: float | None
) -> None:
    section = {"instance_type": types[0], "fallback_instance_types": types[1:]}
    found = there(settings, **section, objectives={"gpu_percent": 90})
    assert found["OperatingCpuAlarm"]["Threshold"] == cpu
    assert found.get("OperatingGpuAlarm", {}).get("Threshold") == gpu
    assert found["OperatingMemoryAlarm"]["Threshold"] == 90


def test_operating_alarms_tell_people_and_add_up_to_one(settings: Environment) -> None:
    found = there(settings, objectives={"minimum_invocations_per_hour": 10, "overhead_p99_ms": 30})
    alarms = {n: a for n, a in found.items() if n.startswith("Operating") and n != "OperatingAlarm"}
    assert {"OperatingOverheadLatencyAlarm", "OperatingInvocationsMissingAlarm"} <= set(alarms)
    topic = ["arn:aws:sns:eu-west-1:111122223333:acme-dev-notifications"]
    assert all(alarm["AlarmActions"] == alarm["OKActions"] == topic for alarm in alarms.values())
    assert found["OperatingAlarm"]["AlarmName"] == "acme-dev/credit/operating"
    rule = found["OperatingAlarm"]["AlarmRule"]
    assert sorted(rule.split(" OR ")) == sorted(f'ALARM("<{name}>")' for name in alarms)


def test_no_requests_at_all_are_told_where_some_are_promised_and_nothing_else_is_without_data(
    settings: Environment,
) -> None:
    found = there(settings, objectives={"minimum_invocations_per_hour": 10})
    alarm = found["OperatingInvocationsMissingAlarm"]
    assert (alarm["Period"], alarm["ComparisonOperator"]) == (3_600, "LessThanThreshold")
    told = {name for name, alarm in found.items() if "InsufficientDataActions" in alarm}
    assert told == {"OperatingInvocationsMissingAlarm"}
    assert alarm["InsufficientDataActions"] == alarm["AlarmActions"]


def test_an_alarm_about_missing_requests_is_silent_until_the_first_ones_came(settings: Environment) -> None:
    found = there(settings, objectives={"minimum_invocations_per_hour": 10})
    silent = {alarm.get("TreatMissingData") for alarm in found.values() if "TreatMissingData" in alarm}
    assert silent == {"missing", "notBreaching"}
    assert found["OperatingInvocationsMissingAlarm"]["TreatMissingData"] == "missing"


def test_requests_that_production_alone_does_not_get_are_not_missed_while_there_is_a_challenger(
    settings: Environment,
) -> None:
    subject = credit(settings, **AB_TEST, objectives={"minimum_invocations_per_hour": 10})
    name, rule = "OperatingInvocationsMissingAlarm", "OperatingAlarm"
    alone = deployed(subject, serving())
    assert name in alone
    assert f'ALARM("<{name}>")' in alone[rule]["AlarmRule"]
    beside = deployed(subject, serving(ChallengerModelPackageArn=VERSION_2))
    assert name not in beside
    assert name not in beside[rule]["AlarmRule"]


def test_errors_of_a_challenger_ring_only_while_there_is_one(settings: Environment) -> None:
    subject = credit(settings, **AB_TEST)
    alone = deployed(subject, serving())
    beside = deployed(subject, serving(ChallengerModelPackageArn=VERSION_2))
    added = {"OperatingChallengerServerErrorsAlarm", "OperatingChallengerModelErrorsAlarm"}
    assert {name for name in set(beside) - set(alone) if name.startswith("Operating")} == added
    for name in added:
        alarm = beside[name]
        variants = {
            dimension["Value"]
            for query in alarm["Metrics"]
            if "MetricStat" in query
            for dimension in query["MetricStat"]["Metric"]["Dimensions"]
            if dimension["Name"] == "VariantName"
        }
        assert variants == {"challenger"}
        assert alarm["AlarmActions"]
        assert f'ALARM("<{name}>")' in beside["OperatingAlarm"]["AlarmRule"]
        assert name not in alone["OperatingAlarm"]["AlarmRule"]


def test_a_backlog_is_watched_where_the_settings_limit_it(settings: Environment) -> None:
    found = there(settings, **ASYNC, objectives={"backlog_per_instance": 50, "oldest_request_seconds": 600})
    assert found["OperatingBacklogPerInstanceAlarm"]["Threshold"] == 50
    assert found["OperatingOldestRequestAlarm"]["Threshold"] == 600
    assert [d["Name"] for d in found["OperatingOldestRequestAlarm"]["Dimensions"]] == ["EndpointName"]
    assert not [name for name in there(settings, **ASYNC) if "Backlog" in name]


@pytest.mark.parametrize(("kind", "without"), [(SERVERLESS, {"Cpu", "Disk"}), (ASYNC, {"OverheadLatency"})])
def test_no_alarm_watches_a_metric_that_the_mode_does_not_have(
    settings: Environment, kind: dict[str, Any], without: set[str]
) -> None:
    found = there(settings, **kind, objectives={"overhead_p99_ms": 10})
    assert not {f"Operating{name}Alarm" for name in without} & set(found)
    assert "OperatingMemoryAlarm" in found


def test_every_hosting_type_has_processors_and_those_of_the_accelerated_families_gpus() -> None:
    sizes = {name: vcpus(name) for name in instance_types("hosting")}
    assert {sizes["ml.t2.medium"], sizes["ml.m5.large"], sizes["ml.c5.18xlarge"]} == {2, 72}
    assert sizes["ml.c8g.medium"] == 1
    assert min(sizes.values()) >= 1
    accelerated = {name for name in sizes if name.split(".")[1][0] in "gp"}
    assert {name for name in sizes if gpus(name)} == accelerated


# --- autoscaling -----------------------------------------------------------------------------------------


def test_autoscaling_follows_the_target_between_the_limits(settings: Environment) -> None:
    found = there(settings, **SCALED)
    assert found["ScalableTarget"] == {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/acme-dev-credit/variant/production",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "MinCapacity": 2,
        "MaxCapacity": 6,
    }
    assert found["ScalingPolicy"]["TargetTrackingScalingPolicyConfiguration"] == {
        "TargetValue": 600,
        "ScaleInCooldown": 300,
        "ScaleOutCooldown": 60,
        "DisableScaleIn": False,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    }


def test_a_challenger_scales_like_production_which_keeps_its_instances_meanwhile(
    settings: Environment,
) -> None:
    subject = credit(settings, **AB_TEST, **SCALED)
    alone = deployed(subject, serving())
    assert "ChallengerScalableTarget" not in alone
    beside = deployed(subject, serving(ChallengerModelPackageArn=VERSION_2))
    state = {"DynamicScalingOutSuspended": False, "ScheduledScalingSuspended": False}
    for found, kept in ((alone, False), (beside, True)):
        assert found["ScalableTarget"]["SuspendedState"] == {"DynamicScalingInSuspended": kept, **state}
    of_challenger = beside["ChallengerScalableTarget"]
    assert "SuspendedState" not in of_challenger
    same = {key: value for key, value in beside["ScalableTarget"].items() if key != "SuspendedState"}
    assert of_challenger == same | {"ResourceId": "endpoint/acme-dev-credit/variant/challenger"}
    tracking = "TargetTrackingScalingPolicyConfiguration"
    assert beside["ChallengerScalingPolicy"][tracking] == beside["ScalingPolicy"][tracking]
    assert beside["ChallengerScalingPolicy"]["ScalingTargetId"] == "<ChallengerScalableTarget>"
    assert beside["ChallengerScalingPolicy"]["PolicyName"] != beside["ScalingPolicy"]["PolicyName"]


def test_weights_outlive_an_update_while_there_is_a_challenger_and_no_longer(settings: Environment) -> None:
    subject = credit(settings, **AB_TEST)
    alone = deployed(subject, serving())["Endpoint"]
    assert alone["RetainAllVariantProperties"] is True
    assert alone["ExcludeRetainedVariantProperties"] == [{"VariantPropertyType": "DesiredWeight"}]
    beside = deployed(subject, serving(ChallengerModelPackageArn=VERSION_2))["Endpoint"]
    assert "ExcludeRetainedVariantProperties" not in beside
    assert "ExcludeRetainedVariantProperties" not in there(settings)["Endpoint"]


def test_paused_autoscaling_leaves_no_target_so_that_the_instance_type_can_change(
    settings: Environment,
) -> None:
    paused = {**SCALED, "autoscaling": {**SCALED["autoscaling"], "paused": True}}
    assert not {"ScalableTarget", "ScalingPolicy"} & set(there(settings, **paused))


def test_scale_in_can_be_prevented_and_limits_can_change_with_the_time(settings: Environment) -> None:
    schedules = [
        {"name": "night", "schedule": "cron(0 22 * * ? *)", "timezone": "Europe/Berlin", "maximum": 3}
    ]
    autoscaling = {"target_concurrent_requests": 4, "scale_in": False, "schedules": schedules}
    found = there(settings, instances={"minimum": 2, "maximum": 6}, autoscaling=autoscaling)
    assert found["ScalingPolicy"]["TargetTrackingScalingPolicyConfiguration"]["DisableScaleIn"] is True
    assert found["ScalableTarget"]["ScheduledActions"] == [
        {
            "ScheduledActionName": "night",
            "Schedule": "cron(0 22 * * ? *)",
            "Timezone": "Europe/Berlin",
            "ScalableTargetAction": {"MaxCapacity": 3},
        }
    ]


def test_an_asynchronous_endpoint_goes_to_zero_and_the_first_request_brings_an_instance(
    settings: Environment,
) -> None:
    found = there(settings, **TO_ZERO)
    assert found["ScalableTarget"]["MinCapacity"] == 0
    assert found["EndpointConfig"]["ProductionVariants"][0]["InitialInstanceCount"] == 1
    assert found["ScalingAlarmFromZero"]["MetricName"] == "HasBacklogWithoutCapacity"
    assert found["ScalingAlarmFromZero"]["AlarmActions"] == ["<ScalingPolicyFromZero>"]
    step = found["ScalingPolicyFromZero"]["StepScalingPolicyConfiguration"]
    assert (step["AdjustmentType"], step["StepAdjustments"][0]["ScalingAdjustment"]) == ("ExactCapacity", 1)


def test_provisioned_concurrency_follows_its_use_as_a_share(settings: Environment) -> None:
    found = there(
        settings,
        **SERVERLESS,
        serverless={"provisioned_concurrency": 2, "maximum_concurrency": 10},
        autoscaling={"target_utilization_percent": 70},
    )
    target = found["ScalableTarget"]
    assert target["ScalableDimension"] == "sagemaker:variant:DesiredProvisionedConcurrency"
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 10)
    assert found["ScalingPolicy"]["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 0.7
