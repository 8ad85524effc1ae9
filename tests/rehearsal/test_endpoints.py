"""Endpoints of the rehearsal: fleets, deployment guardrails, shadows, invocations, scaling."""

import datetime
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rehearsed_account import (
    BUCKET,
    KEY,
    PLACE,
    ROLE,
    SCIKIT_LEARN,
    Account,
    account,
    allow,
    job_policy,
    packed,
)

from rehearsal.sagemaker.behaviour import Behaviour
from release.aws_endpoint import SageMakerEndpoint
from release.ports import ConflictError

NAME = "acme-dev-credit"
INFERENCE = """
import os
def model_fn(folder):
    return open(os.path.join(folder, "answer.txt")).read()
def input_fn(body, content_type):
    return body
def predict_fn(data, model):
    if b"bad" in (data if isinstance(data, bytes) else data.encode()):
        raise ValueError("bad request data")
    return model
def output_fn(prediction, accept):
    return prediction
"""


@pytest.fixture
def here() -> Iterator[Account]:
    with account() as found:
        policy = job_policy()
        policy["Statement"].append(allow("cloudwatch:DescribeAlarms"))
        found.give(policy)
        found.api.create_model_package_group(ModelPackageGroupName="credit")
        yield found


def model(here: Account, name: str, image: str = SCIKIT_LEARN) -> str:
    """A model of an approved version; the version's ARN."""
    files = {"answer.txt": name, "code/inference.py": INFERENCE}
    container = {"Image": image, "ModelDataUrl": here.put(f"models/{name}/model.tar.gz", packed(files))}
    container["Environment"] = {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
    }
    package = here.api.create_model_package(
        ModelPackageGroupName="credit",
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )["ModelPackageArn"]
    here.api.create_model(
        ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"ModelPackageName": package}
    )
    return str(package)


def variant(name: str, of: str, count: int = 2, **more: Any) -> dict[str, Any]:
    given = {"InstanceType": "ml.m5.large", "InitialInstanceCount": count, "InitialVariantWeight": 1.0}
    return {"VariantName": name, "ModelName": of, **given, **more}


def config(here: Account, name: str, *, shadow: str | None = None, **more: Any) -> str:
    """A configuration that runs the model of its own name."""
    shadows = {"ShadowProductionVariants": [variant("shadow", shadow)]} if shadow else {}
    given = {"ProductionVariants": [variant("production", name)], **shadows, **more}
    here.api.create_endpoint_config(EndpointConfigName=name, **given)
    return name


def serving(here: Account, name: str = "one") -> str:
    """An endpoint in service; the ARN of the version it serves."""
    package = model(here, name)
    here.api.create_endpoint(EndpointName=NAME, EndpointConfigName=config(here, name))
    later(here, 5)
    assert described(here)["EndpointStatus"] == "InService"
    return package


def later(here: Account, minutes: float) -> None:
    here.emulator.clock.drive(minutes * 60)


def described(here: Account) -> dict[str, Any]:
    return dict(here.api.describe_endpoint(EndpointName=NAME))


def wait_until(here: Account, *statuses: str, minutes: int = 120) -> dict[str, Any]:
    for _ in range(minutes * 2):
        found = described(here)
        if found["EndpointStatus"] in statuses:
            return found
        later(here, 0.5)
    raise AssertionError(f"still {found['EndpointStatus']}")


def alarm(here: Account, name: str, fleet: str | None, threshold: float = 0.05) -> str:
    """An alarm on the rate of server errors, of one fleet or of both."""
    dimensions = {"EndpointName": NAME, "VariantName": "production"}
    dimensions |= {"EndpointConfigName": fleet} if fleet else {}
    here.emulator.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=2,
        Threshold=threshold,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    return name


def canary(*alarms: str, wait: int = 600) -> dict[str, Any]:
    routing = {"Type": "CANARY", "WaitIntervalInSeconds": wait}
    routing["CanarySize"] = {"Type": "CAPACITY_PERCENT", "Value": 50}
    policy = {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": 300}
    given: dict[str, Any] = {"BlueGreenUpdatePolicy": policy}
    return given | (
        {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": a} for a in alarms]}} if alarms else {}
    )


def update(here: Account, name: str, **more: Any) -> None:
    here.api.update_endpoint(EndpointName=NAME, EndpointConfigName=name, **more)


def test_an_endpoint_is_in_service_once_its_fleet_is_provisioned(here: Account) -> None:
    model(here, "one")
    here.api.create_endpoint(EndpointName=NAME, EndpointConfigName=config(here, "one"))
    assert described(here)["EndpointStatus"] == "Creating"
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        update(here, "one")
    later(here, 5)
    found = described(here)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "one")
    assert found["ProductionVariants"][0]["CurrentInstanceCount"] == 2


def test_a_canary_shifts_traffic_step_by_step_and_then_ends_the_old_fleet(here: Account) -> None:
    serving(here)
    model(here, "two")
    here.sagemaker.endpoints.traffic(NAME, 600)
    update(here, config(here, "two"), DeploymentConfig=canary(alarm(here, "a", "two")))
    assert described(here)["PendingDeploymentSummary"]["EndpointConfigName"] == "two"
    later(here, 6)
    found = described(here)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("Updating", "one")
    told = found["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"][0]
    assert told["Status"] == "Baking"
    assert "50%" in told["StatusMessage"]
    later(here, 16)
    found = described(here)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "two")
    assert "PendingDeploymentSummary" not in found


def test_an_alarm_of_the_new_fleet_sends_a_canary_back(here: Account) -> None:
    serving(here)
    broken = model(here, "two")
    here.sagemaker.endpoints.traffic(NAME, 600)
    here.sagemaker.endpoints.behaviour(broken, Behaviour(error_rate=0.3))
    update(here, config(here, "two"), DeploymentConfig=canary(alarm(here, "a", "two")))
    later(here, 6)
    wait_until(here, "RollingBack", minutes=5)
    found = wait_until(here, "InService", minutes=5)
    assert found["EndpointConfigName"] == "one"
    assert found["FailureReason"] == "Deployment failed because alarm 'a' went into the ALARM state."


def test_a_version_that_fails_under_full_traffic_only_passes_the_canary_and_comes_back(here: Account) -> None:
    serving(here)
    broken = model(here, "two")
    here.sagemaker.endpoints.traffic(NAME, 600)
    here.sagemaker.endpoints.behaviour(broken, Behaviour(fails_above_share=0.6))
    update(here, config(here, "two"), DeploymentConfig=canary(alarm(here, "a", "two")))
    later(here, 13)
    assert described(here)["EndpointStatus"] == "Updating"
    later(here, 4)
    assert wait_until(here, "InService", minutes=5)["EndpointConfigName"] == "one"


def test_an_alarm_that_is_on_already_ends_a_deployment_at_once(here: Account) -> None:
    serving(here)
    model(here, "two")
    name = alarm(here, "both", None)
    here.emulator.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="x")
    update(here, config(here, "two"), DeploymentConfig=canary(name))
    assert described(here)["EndpointStatus"] == "RollingBack"


def test_an_alarm_on_both_fleets_vetoes_the_way_to_a_better_one(here: Account) -> None:
    broken = serving(here)
    model(here, "two")
    name = alarm(here, "both", None)
    here.sagemaker.endpoints.traffic(NAME, 600)
    here.sagemaker.endpoints.behaviour(broken, Behaviour(error_rate=0.4))
    later(here, 4)
    update(here, config(here, "two"), DeploymentConfig=canary(name))
    assert wait_until(here, "InService")["EndpointConfigName"] == "one"


def test_a_silent_rollback_gives_no_reason(here: Account) -> None:
    serving(here)
    model(here, "two")
    here.emulator.faults.inject("endpoint_capacity", NAME)
    here.emulator.faults.inject("silent_rollback", NAME)
    update(here, config(here, "two"))
    found = wait_until(here, "InService")
    assert found["EndpointConfigName"] == "one"
    assert "FailureReason" not in found


def test_no_capacity_fails_a_first_endpoint_and_returns_a_later_one(here: Account) -> None:
    model(here, "one")
    here.emulator.faults.inject("endpoint_capacity", NAME)
    here.api.create_endpoint(EndpointName=NAME, EndpointConfigName=config(here, "one"))
    found = wait_until(here, "Failed")
    assert "InsufficientInstanceCapacity" in found["FailureReason"]
    with pytest.raises(ClientError, match="Cannot update"):
        update(here, "one")
    here.api.delete_endpoint(EndpointName=NAME)
    here.api.create_endpoint(EndpointName=NAME, EndpointConfigName="one")
    wait_until(here, "InService")
    here.emulator.faults.inject("endpoint_quota", NAME)
    with pytest.raises(ClientError, match="account-level service limit 'ml.m5.large for endpoint usage'"):
        update(here, "one")


def test_a_configuration_can_be_deleted_in_use_and_then_nothing_can_be_updated(here: Account) -> None:
    serving(here)
    model(here, "two")
    config(here, "two")
    here.api.delete_endpoint_config(EndpointConfigName="one")
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        update(here, "two")
    assert described(here)["EndpointStatus"] == "InService"


def test_a_deployment_beyond_its_time_returns(here: Account) -> None:
    serving(here)
    model(here, "two")
    policy = canary()
    policy["BlueGreenUpdatePolicy"]["MaximumExecutionTimeoutInSeconds"] = 960
    policy["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["WaitIntervalInSeconds"] = 600
    update(here, config(here, "two"), DeploymentConfig=policy)
    later(here, 17)
    found = wait_until(here, "InService")
    assert found["EndpointConfigName"] == "one"
    assert "MaximumExecutionTimeoutInSeconds" in found["FailureReason"]


def test_a_rolling_deployment_goes_batch_by_batch(here: Account) -> None:
    serving(here)
    model(here, "two")
    size = {"Type": "CAPACITY_PERCENT", "Value": 50}
    policy = {"RollingUpdatePolicy": {"MaximumBatchSize": size, "WaitIntervalInSeconds": 120}}
    update(here, config(here, "two"), DeploymentConfig=policy)
    later(here, 5)
    told = described(here)["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"][0]
    assert "50% of the capacity" in told["StatusMessage"]
    later(here, 2)
    assert described(here)["EndpointStatus"] == "Updating"
    later(here, 6)
    assert described(here)["EndpointConfigName"] == "two"


def test_the_way_back_of_a_rolling_deployment_can_fail_too(here: Account) -> None:
    serving(here)
    broken = model(here, "two")
    here.sagemaker.endpoints.traffic(NAME, 600)
    here.sagemaker.endpoints.behaviour(broken, Behaviour(error_rate=0.3))
    here.emulator.faults.inject("endpoint_rollback", NAME)
    size = {"Type": "CAPACITY_PERCENT", "Value": 50}
    policy: dict[str, Any] = {"RollingUpdatePolicy": {"MaximumBatchSize": size, "WaitIntervalInSeconds": 300}}
    policy["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": alarm(here, "a", "two")}]}
    update(here, config(here, "two"), DeploymentConfig=policy)
    assert wait_until(here, "UpdateRollbackFailed")["EndpointConfigName"] == "one"


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        ({"Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 60}}, "must not exceed 50%"),
        ({"Type": "LINEAR", "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 5}}, "at least 10%"),
        ({"Type": "CANARY"}, "CanarySize is required"),
    ],
)
def test_traffic_shifting_has_limits(here: Account, policy: dict[str, Any], problem: str) -> None:
    serving(here)
    routing = {"WaitIntervalInSeconds": 60, **policy}
    with pytest.raises(ClientError, match=problem):
        update(
            here, "one", DeploymentConfig={"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}
        )


def test_a_canary_needs_the_same_variants(here: Account) -> None:
    serving(here)
    model(here, "two")
    with pytest.raises(ClientError, match="must be those of the endpoint"):
        update(here, config(here, "both", **both()), DeploymentConfig=canary())
    update(here, "both")


def both() -> dict[str, Any]:
    """Production and shadow, of the models one and two."""
    shadows = [variant("shadow", "two", InitialVariantWeight=0.5)]
    return {"ProductionVariants": [variant("production", "one")], "ShadowProductionVariants": shadows}


def test_a_shadow_gets_copies_and_nobody_sees_its_answers(here: Account) -> None:
    serving(here)
    model(here, "two")
    here.sagemaker.endpoints.traffic(NAME, 1000)
    update(here, config(here, "both", **both()))
    wait_until(here, "InService")
    later(here, 2)
    since = here.emulator.clock.now()
    later(here, 10)
    requests = [total(here, "Invocations", name, since) for name in ("production", "shadow")]
    assert requests[0] == pytest.approx(10_500, rel=0.1)
    assert requests[1] == pytest.approx(requests[0] / 2, rel=0.01)
    answer = invoke(here)
    assert answer["InvokedProductionVariant"] == "production"
    assert answer["Body"].read() == b"one"
    with pytest.raises(ClientError, match="not found"):
        invoke(here, TargetVariant="shadow")


def total(here: Account, metric: str, name: str, since: datetime.datetime) -> float:
    dimensions = [{"Name": "EndpointName", "Value": NAME}, {"Name": "VariantName", "Value": name}]
    stat = {
        "Metric": {"Namespace": "AWS/SageMaker", "MetricName": metric, "Dimensions": dimensions},
        "Stat": "Sum",
        "Period": 60,
    }
    found = here.emulator.client("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "m", "MetricStat": stat}],
        StartTime=since,
        EndTime=here.emulator.clock.now(),
    )
    return float(sum(found["MetricDataResults"][0]["Values"]))


def invoke(here: Account, body: str = "1,2", **more: Any) -> Any:
    runtime = here.emulator.client("sagemaker-runtime")
    given = {"EndpointName": NAME, "ContentType": "text/csv", "Accept": "text/csv", "Body": body, **more}
    return runtime.invoke_endpoint(**given)


def test_the_model_itself_answers_and_its_errors_are_model_errors(here: Account) -> None:
    serving(here)
    assert invoke(here, TargetVariant="production")["Body"].read() == b"one"
    with pytest.raises(ClientError, match=r"ModelError.*server error \(500\)"):
        invoke(here, "bad")
    with pytest.raises(ClientError, match=f"Endpoint none of account {PLACE.account} not found"):
        invoke(here, EndpointName="none")


def test_a_model_without_a_runtime_here_says_so_when_it_is_invoked(here: Account) -> None:
    image = SCIKIT_LEARN.replace("sagemaker-scikit-learn", "acme-own")
    model(here, "one", image)
    here.api.create_endpoint(EndpointName=NAME, EndpointConfigName=config(here, "one"))
    wait_until(here, "InService")
    with pytest.raises(ClientError, match="the rehearsal has no container runtime"):
        invoke(here)


@pytest.mark.thorough
def test_requests_and_answers_are_captured_as_the_models_role(here: Account) -> None:
    model(here, "one")
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{BUCKET}/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }
    here.api.create_endpoint(
        EndpointName=NAME, EndpointConfigName=config(here, "one", DataCaptureConfig=capture)
    )
    wait_until(here, "InService")
    invoke(here)
    (key,) = here.keys(f"captured/{NAME}/production/")
    kept = json.loads(here.get(f"s3://{BUCKET}/{key}"))["captureData"]
    assert kept["endpointInput"]["data"] == "1,2"
    assert kept["endpointOutput"]["data"] == "one"


@pytest.mark.thorough
def test_counts_and_weights_are_kept_only_if_that_is_asked_for(here: Account) -> None:
    serving(here)
    wanted = [{"VariantName": "production", "DesiredInstanceCount": 5, "DesiredWeight": 3}]
    here.api.update_endpoint_weights_and_capacities(EndpointName=NAME, DesiredWeightsAndCapacities=wanted)
    found = wait_until(here, "InService")["ProductionVariants"][0]
    assert (found["CurrentInstanceCount"], found["CurrentWeight"]) == (5, 3.0)
    model(here, "two")
    update(here, config(here, "two"), RetainAllVariantProperties=True)
    assert wait_until(here, "InService")["ProductionVariants"][0]["CurrentInstanceCount"] == 5
    update(here, "one")
    assert wait_until(here, "InService")["ProductionVariants"][0]["CurrentInstanceCount"] == 2


@pytest.mark.thorough
def test_weights_divide_the_requests_between_production_variants(here: Account) -> None:
    model(here, "one")
    model(here, "two")
    pair = [variant("production", "one", InitialVariantWeight=3.0), variant("challenger", "two")]
    config(here, "pair", ProductionVariants=pair)
    here.api.create_endpoint(EndpointName=NAME, EndpointConfigName="pair")
    wait_until(here, "InService")
    answered = [invoke(here)["InvokedProductionVariant"] for _ in range(20)]
    assert answered.count("production") == pytest.approx(15, abs=2)


def pair(here: Account) -> None:
    """An endpoint with a challenger that has no weight."""
    model(here, "one")
    both = [variant("production", "one"), variant("challenger", "one", InitialVariantWeight=0.0)]
    config(here, "pair", ProductionVariants=both)
    here.api.create_endpoint(EndpointName=NAME, EndpointConfigName="pair")
    wait_until(here, "InService")


def weights(here: Account, kind: str = "CurrentWeight") -> dict[str, float]:
    found = described(here)["ProductionVariants"]
    return {one["VariantName"]: one[kind] for one in found}


def adapter(here: Account) -> SageMakerEndpoint:
    """The endpoint as a release has it."""
    names = ("sagemaker", "sagemaker-runtime", "s3")
    clients = [here.emulator.client(name) for name in names]
    scaling = here.emulator.client("application-autoscaling")
    return SageMakerEndpoint(*clients, NAME, PLACE.arn("sagemaker", f"endpoint/{NAME}"), {}, scaling=scaling)


def test_a_release_sets_weights_and_instances_and_believes_what_is_described(here: Account) -> None:
    pair(here)
    endpoint = adapter(here)
    endpoint.weights(90, 10)
    with pytest.raises(ConflictError):
        endpoint.weights(50, 50)
    with pytest.raises(ConflictError):
        endpoint.capacity("production", 3)
    found = endpoint.describe()
    assert found is not None
    assert (found.status, found.weights) == ("Updating", {"production": 1.0, "challenger": 0.0})
    wait_until(here, "InService")
    endpoint.capacity("production", 3)
    wait_until(here, "InService")
    found = endpoint.describe()
    assert found is not None
    assert found.weights == {"production": 90.0, "challenger": 10.0}
    assert found.counts == {"production": 3, "challenger": 2}


def test_a_release_lets_autoscaling_forget_a_variant_so_that_it_can_go(here: Account) -> None:
    pair(here)
    api = here.emulator.client("application-autoscaling")
    which = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{NAME}/variant/challenger",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    api.register_scalable_target(**which, MinCapacity=1, MaxCapacity=4)
    config(here, "alone", ProductionVariants=[variant("production", "one")])
    with pytest.raises(ClientError, match="must be deregistered as scalable targets"):
        update(here, "alone")
    for _ in range(2):
        adapter(here).release_scaling("challenger")
    update(here, "alone")


def test_a_shift_of_weights_takes_a_moment_and_nothing_else_is_taken_meanwhile(here: Account) -> None:
    pair(here)
    wanted = {"production": 90.0, "challenger": 10.0}
    given = [{"VariantName": name, "DesiredWeight": weight} for name, weight in wanted.items()]
    here.api.update_endpoint_weights_and_capacities(EndpointName=NAME, DesiredWeightsAndCapacities=given)
    assert described(here)["EndpointStatus"] == "Updating"
    assert weights(here) == {"production": 1.0, "challenger": 0.0}
    assert weights(here, "DesiredWeight") == wanted
    with pytest.raises(ClientError, match="in-progress"):
        here.api.update_endpoint_weights_and_capacities(EndpointName=NAME, DesiredWeightsAndCapacities=given)
    wait_until(here, "InService")
    assert weights(here) == wanted


@pytest.mark.thorough
def test_weights_outlive_an_update_and_go_with_the_challenger_where_they_are_excluded(here: Account) -> None:
    pair(here)
    given = [
        {"VariantName": "production", "DesiredWeight": 0.0},
        {"VariantName": "challenger", "DesiredWeight": 5.0},
    ]
    here.api.update_endpoint_weights_and_capacities(EndpointName=NAME, DesiredWeightsAndCapacities=given)
    wait_until(here, "InService")
    both = [variant("production", "one"), variant("challenger", "one", InitialVariantWeight=0.0)]
    config(here, "again", ProductionVariants=both)
    update(here, "again", RetainAllVariantProperties=True)
    wait_until(here, "InService")
    assert weights(here) == {"production": 0.0, "challenger": 5.0}
    excluded = [{"VariantPropertyType": "DesiredWeight"}]
    model(here, "two")
    update(
        here,
        config(here, "two"),
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=excluded,
    )
    wait_until(here, "InService")
    assert weights(here) == {"production": 1.0}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"ShadowProductionVariants": [variant("production", "one")]}, "names must be unique"),
        ({"ProductionVariants": [variant("a", "one"), variant("b", "one")], **{
            "ShadowProductionVariants": [variant("s", "one")]}}, "exactly one production variant"),
        ({"ProductionVariants": [variant("a", "one", InstanceType="ml.g5.xlarge", VolumeSizeInGB=10)]},
         "local storage"),
        ({"ProductionVariants": [{"VariantName": "a", "ModelName": "one"}]}, "exactly one of InstanceType"),
        ({"ProductionVariants": [{"VariantName": "a", "ModelName": "one", "ServerlessConfig": {
            "MemorySizeInMB": 2048, "MaxConcurrency": 5}}], "KmsKeyId": KEY}, "not supported for serverless"),
        ({"ProductionVariants": [variant("a", "none")]}, "Could not find model"),
    ],
)  # fmt: skip
def test_parts_of_a_configuration_must_go_together(
    here: Account, given: dict[str, Any], problem: str
) -> None:
    model(here, "one")
    with pytest.raises(ClientError, match=problem):
        config(here, "one", **given)


def test_a_model_whose_data_the_role_may_not_read_is_never_served(here: Account) -> None:
    serving(here)
    model(here, "two")
    policy = job_policy()
    policy["Statement"] = [one for one in policy["Statement"] if "s3:GetObject" not in one["Action"]]
    here.give(policy)
    update(here, config(here, "two"))
    found = wait_until(here, "InService")
    assert found["EndpointConfigName"] == "one"
    assert "AccessDenied" in found["FailureReason"]


def test_a_role_that_may_not_see_the_alarms_gets_no_guarded_deployment(here: Account) -> None:
    here.give(job_policy())
    serving(here)
    with pytest.raises(ClientError, match="cloudwatch:DescribeAlarms"):
        update(here, "one", DeploymentConfig=canary(alarm(here, "a", "one")))


def test_a_volume_key_is_granted_by_whoever_makes_the_endpoint(here: Account) -> None:
    model(here, "one")
    config(here, "one", KmsKeyId=KEY)
    policy = {"Version": "2012-10-17", "Statement": [allow("sagemaker:*")]}
    here.give(policy)
    caller = here.emulator.client("sagemaker", here.emulator.assume(ROLE, "sagemaker.amazonaws.com"))
    with pytest.raises(ClientError, match="kms:CreateGrant"):
        caller.create_endpoint(EndpointName=NAME, EndpointConfigName="one")


def test_every_change_of_status_is_announced_at_its_own_time(here: Account) -> None:
    heard: list[Any] = []
    here.emulator.subscribe(heard.append)
    serving(here)
    later(here, 600)
    model(here, "two")
    begun = here.emulator.clock.now()
    update(here, config(here, "two"), DeploymentConfig=canary(alarm(here, "a", "two")))
    later(here, 480)
    described(here)
    here.emulator.settle()
    states = [e for e in heard if e["detail-type"] == "SageMaker Endpoint State Change"]
    assert [e["detail"]["EndpointStatus"] for e in states] == [
        "CREATING",
        "IN_SERVICE",
        "UPDATING",
        "IN_SERVICE",
    ]
    done = datetime.datetime.fromisoformat(states[-1]["time"])
    assert 19 * 60 <= (done - begun).total_seconds() < 21 * 60
    steps = [e for e in heard if e["detail-type"] == "SageMaker Endpoint Deployment State Change"]
    told = [e["detail"].get("PendingDeploymentSummary", {}).get("ProductionVariants", []) for e in steps]
    assert "Baking" in [one["VariantStatus"][0]["Status"] for variants in told for one in variants]


def test_maintenance_by_the_service_lets_nobody_update(here: Account) -> None:
    serving(here)
    here.sagemaker.endpoints.maintain(NAME, 600)
    assert described(here)["EndpointStatus"] == "SystemUpdating"
    with pytest.raises(ClientError, match="in-progress"):
        update(here, "one")
    later(here, 11)
    assert described(here)["EndpointStatus"] == "InService"


def target(here: Account, low: int = 2, high: int = 6) -> dict[str, str]:
    which = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{NAME}/variant/production",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    api = here.emulator.client("application-autoscaling")
    api.register_scalable_target(**which, MinCapacity=low, MaxCapacity=high)
    return which


def tracked(here: Account, which: dict[str, str], **more: Any) -> None:
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    here.emulator.client("application-autoscaling").put_scaling_policy(
        PolicyName="requests",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 600.0,
            "PredefinedMetricSpecification": metric,
            **more,
        },
        **which,
    )


def count(here: Account) -> int:
    return int(wait_until(here, "InService")["ProductionVariants"][0]["CurrentInstanceCount"])


@pytest.mark.thorough
def test_instances_follow_the_requests_within_limits_and_with_patience(here: Account) -> None:
    serving(here)
    tracked(here, target(here))
    here.sagemaker.endpoints.traffic(NAME, 2400)
    assert count(here) == 2
    later(here, 4)
    assert described(here)["EndpointStatus"] == "Updating"
    assert count(here) == 4
    here.sagemaker.endpoints.traffic(NAME, 60000)
    described(here)
    later(here, 4)
    assert count(here) == 6
    here.sagemaker.endpoints.traffic(NAME, 10)
    described(here)
    later(here, 10)
    assert count(here) == 6
    later(here, 10)
    assert count(here) == 2


def test_scale_in_can_be_switched_off(here: Account) -> None:
    serving(here)
    tracked(here, target(here, 1), DisableScaleIn=True)
    described(here)
    later(here, 20)
    assert count(here) == 2


def test_scale_in_can_be_suspended_for_a_target_and_taken_up_again(here: Account) -> None:
    serving(here)
    which, api = target(here, 1), here.emulator.client("application-autoscaling")
    tracked(here, which)
    for suspended, expected in ((True, 2), (False, 1)):
        api.register_scalable_target(**which, SuspendedState={"DynamicScalingInSuspended": suspended})
        described(here)
        later(here, 20)
        assert count(here) == expected


def test_tags_of_a_scalable_target_decide_who_may_deregister_it(here: Account) -> None:
    serving(here)
    which = target(here)
    action = "application-autoscaling:DeregisterScalableTarget"
    mine = allow(action) | {"Condition": {"StringEquals": {"aws:ResourceTag/model": "credit"}}}
    here.give({"Version": "2012-10-17", "Statement": [mine]})
    caller = here.emulator.assume(ROLE, "sagemaker.amazonaws.com", session="x")
    api = here.emulator.client("application-autoscaling", caller)
    with pytest.raises(ClientError, match="not authorized to perform"):
        api.deregister_scalable_target(**which)
    owner = here.emulator.client("application-autoscaling")
    (found,) = owner.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    owner.tag_resource(ResourceARN=found["ScalableTargetARN"], Tags={"model": "credit"})
    api.deregister_scalable_target(**which)


def test_a_scheduled_action_changes_the_limits_and_the_count_with_them(here: Account) -> None:
    serving(here)
    which, api = target(here), here.emulator.client("application-autoscaling")
    api.put_scheduled_action(
        ScheduledActionName="morning",
        Schedule="cron(0 6 * * ? *)",
        ScalableTargetAction={"MinCapacity": 4, "MaxCapacity": 8},
        **which,
    )
    here.sagemaker.scaling.act("morning")
    assert described(here)["EndpointStatus"] == "Updating"
    assert count(here) == 4


@pytest.mark.thorough
def test_another_instance_type_needs_the_variant_to_be_deregistered_first(here: Account) -> None:
    serving(here)
    which = target(here)
    larger = [variant("production", "one", InstanceType="ml.m5.xlarge")]
    config(here, "larger", ProductionVariants=larger)
    with pytest.raises(ClientError, match="must be deregistered as scalable targets"):
        update(here, "larger")
    model(here, "two")
    update(here, config(here, "two"))
    wait_until(here, "InService")
    here.emulator.client("application-autoscaling").deregister_scalable_target(**which)
    update(here, "larger")


def test_a_deleted_endpoint_takes_its_targets_along(here: Account) -> None:
    serving(here)
    which, api = target(here), here.emulator.client("application-autoscaling")
    here.api.delete_endpoint(EndpointName=NAME)
    assert api.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    with pytest.raises(ClientError, match="No scalable target registered"):
        api.deregister_scalable_target(**which)
    with pytest.raises(ClientError, match="Could not find endpoint"):
        target(here)


def test_tags_of_models_and_configurations_decide_who_may_delete_them(here: Account) -> None:
    model(here, "one")
    here.api.add_tags(ResourceArn=PLACE.arn("sagemaker", "model/one"), Tags=[{"Key": "model", "Value": "m"}])
    mine = allow("sagemaker:DeleteModel") | {"Condition": {"StringEquals": {"aws:ResourceTag/model": "m"}}}
    made = allow("sagemaker:CreateEndpointConfig", "sagemaker:AddTags")
    made |= {"Condition": {"StringEquals": {"aws:RequestTag/model": "m"}}}
    here.give({"Version": "2012-10-17", "Statement": [mine, made]})
    caller = here.emulator.client("sagemaker", here.emulator.assume(ROLE, "sagemaker.amazonaws.com"))
    given = {"EndpointConfigName": "c", "ProductionVariants": [variant("production", "one")]}
    with pytest.raises(ClientError, match="CreateEndpointConfig"):
        caller.create_endpoint_config(**given, Tags=[{"Key": "model", "Value": "other"}])
    caller.create_endpoint_config(**given, Tags=[{"Key": "model", "Value": "m"}])
    here.api.delete_tags(ResourceArn=PLACE.arn("sagemaker", "model/one"), TagKeys=["model"])
    with pytest.raises(ClientError, match="DeleteModel"):
        caller.delete_model(ModelName="one")
    here.api.add_tags(ResourceArn=PLACE.arn("sagemaker", "model/one"), Tags=[{"Key": "model", "Value": "m"}])
    caller.delete_model(ModelName="one")


@pytest.mark.thorough
def test_an_asynchronous_endpoint_answers_into_a_bucket(here: Account) -> None:
    model(here, "one")
    answers = {"S3OutputPath": f"s3://{BUCKET}/answers", "S3FailurePath": f"s3://{BUCKET}/failures"}
    config(here, "one", AsyncInferenceConfig={"OutputConfig": answers})
    here.api.create_endpoint(EndpointName=NAME, EndpointConfigName="one")
    wait_until(here, "InService")
    runtime = here.emulator.client("sagemaker-runtime")
    given = {"EndpointName": NAME, "ContentType": "text/csv", "InputLocation": here.put("asked/a.csv", "1,2")}
    found = runtime.invoke_endpoint_async(**given)
    assert here.get(found["OutputLocation"]) == b"one"
    found = runtime.invoke_endpoint_async(**{**given, "InputLocation": here.put("asked/b.csv", "bad")})
    assert here.keys("failures/") == [found["FailureLocation"].removeprefix(f"s3://{BUCKET}/")]
    with pytest.raises(ClientError, match="use InvokeEndpointAsync"):
        invoke(here)


def test_only_an_asynchronous_endpoint_takes_requests_from_a_bucket(here: Account) -> None:
    serving(here)
    with pytest.raises(ClientError, match="is not an asynchronous endpoint"):
        here.emulator.client("sagemaker-runtime").invoke_endpoint_async(
            EndpointName=NAME, InputLocation=f"s3://{BUCKET}/asked/a.csv"
        )


def test_there_are_no_metrics_of_the_future(here: Account) -> None:
    serving(here)
    since = here.emulator.clock.now()
    here.sagemaker.endpoints.traffic(NAME, 600)
    later(here, 5)
    api = here.emulator.client("cloudwatch")
    dimensions = [{"Name": "EndpointName", "Value": NAME}, {"Name": "VariantName", "Value": "production"}]
    found = api.get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="Invocations",
        Dimensions=dimensions,
        StartTime=since,
        EndTime=since + datetime.timedelta(hours=2),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    assert sum(point["Sum"] for point in found) == pytest.approx(3000, rel=0.1)


def test_latencies_have_the_percentiles_that_a_version_is_said_to_have(here: Account) -> None:
    package = serving(here)
    here.sagemaker.endpoints.behaviour(package, Behaviour(latency_ms=30, latency_p99_ms=150))
    here.sagemaker.endpoints.traffic(NAME, 6000)
    since = here.emulator.clock.now()
    later(here, 30)
    dimensions = [{"Name": "EndpointName", "Value": NAME}, {"Name": "VariantName", "Value": "production"}]
    dimensions.append({"Name": "EndpointConfigName", "Value": "one"})
    (point,) = here.emulator.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="ModelLatency",
        Dimensions=dimensions,
        StartTime=since,
        EndTime=here.emulator.clock.now(),
        Period=86400,
        ExtendedStatistics=["p50", "p99"],
    )["Datapoints"]
    assert point["ExtendedStatistics"]["p50"] == pytest.approx(30_000, rel=0.05)
    assert point["ExtendedStatistics"]["p99"] == pytest.approx(150_000, rel=0.1)
