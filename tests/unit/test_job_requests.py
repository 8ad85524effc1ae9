"""Requests of jobs: AWS's own API model accepts them, and what must always be on is on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from workflow_models import (
    BUILT_IN,
    PREPARED,
    RUN,
    SCORED,
    SOURCE,
    TUNED,
    evaluated,
    product,
    substituted,
    variables,
)

from mlplatform import workflows
from mlplatform.settings import Environment, ModelProduct
from mlplatform.settings.requests import problems

OPERATIONS = {
    "createTrainingJob": "CreateTrainingJob",
    "createProcessingJob": "CreateProcessingJob",
    "createHyperParameterTuningJob": "CreateHyperParameterTuningJob",
    "createTransformJob": "CreateTransformJob",
    "createModel": "CreateModel",
    "copyObject": "CopyObject",
    "putObject": "PutObject",
    "publish": "Publish",
    "describeTrainingJob": "DescribeTrainingJob",
    "describeModelPackage": "DescribeModelPackage",
    "listModelPackages": "ListModelPackages",
    "deleteModel": "DeleteModel",
}

VARIANTS: dict[str, tuple[Mapping[str, Any], ...]] = {
    "script": (),
    "prepared": (PREPARED,),
    "tuned": (TUNED, PREPARED),
    "scored": (SCORED,),
    "built-in": (BUILT_IN,),
    "built-in tuned": (
        BUILT_IN,
        {"data": {"validation": "data://credit/validation/"}},
        {
            "tune": {
                "objective": "minimize validation:logloss",
                "search": {"eta": {"continuous": [0.01, 0.3]}},
            }
        },
    ),
    "spot": ({"train": {"spot": True}},),
    "warm pool": ({"train": {"warm_pool_minutes": 30}},),
    "several instances": (
        {
            "train": {
                "framework": {"name": "pytorch", "version": "2.6.0"},
                "instance_type": "ml.g5.12xlarge",
                "instance_count": 2,
                "launcher": "torchrun",
            }
        },
    ),
    "pipeline": ({"inference": {"preprocess": "pre.py", "postprocess": "post.py"}},),
    "no test data": ({"data": {"test": None}},),
    "validation": ({"data": {"validation": "data://credit/validation/"}},),
    "more of the API": (
        {
            "train": {
                "request": {
                    "InputDataConfig": [
                        {
                            "ChannelName": "lookup",
                            "DataSource": {
                                "FileSystemDataSource": {
                                    "FileSystemId": "fs-0123456789abcdef0",
                                    "FileSystemAccessMode": "ro",
                                    "FileSystemType": "FSxLustre",
                                    "DirectoryPath": "/fsx/lookup",
                                }
                            },
                        }
                    ],
                }
            }
        },
    ),
}


def requests(definition: dict[str, Any], known: Mapping[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Name of the API's operation, and the request as the state sends it, by state."""
    found = {}
    for name, state in substituted(definition)["States"].items():
        action = state.get("Resource", "").split(":")[-1].removesuffix(".sync")
        if action in OPERATIONS:
            found[name] = OPERATIONS[action], evaluated(state["Arguments"], known)
    return found


@pytest.fixture(scope="module")
def shapes() -> dict[str, Any]:
    """Input shapes of botocore by operation."""
    session = botocore.session.get_session()
    models = [session.get_service_model(name) for name in ("sagemaker", "s3", "sns")]
    every = {name: model for model in models for name in model.operation_names}
    return {name: every[name].operation_model(name).input_shape for name in OPERATIONS.values()}


def request_of(folder: Path, workflow: str, state: str, *changes: Mapping[str, Any], **more: Any) -> Any:
    """The request of one state of a made-up model; ``more`` are variables of the run."""
    model, settings = product(folder, *changes)
    definition = workflows.compiled(workflow, model, settings, SOURCE)
    hyperparameters = {
        name: str(value) for name, value in (model.train.hyperparameters if model.train else {}).items()
    }
    run = {"Hyperparameters": hyperparameters, **more.pop("run", {})}
    state_of = substituted(definition)["States"][state]
    return evaluated(state_of["Arguments"], variables(run=run, **more))


def each(model: ModelProduct, settings: Environment) -> Any:
    """Every request of every workflow of a model."""
    known = variables(
        run={"Hyperparameters": {"n_estimators": "200"}, "ModelPackageArn": "arn"},
        registered={"Version": 3, "ModelPackageArn": "arn"},
        verdict={"Passed": True, "Summary": "passed", "Metrics": {"auc": 0.9}},
        failure={"State": "Train", "Error": "E", "Cause": "c", "Advice": "a"},
        best={"TrainingJobName": "acme-dev-mz3q5a-abcdefg-001-0a1b2c3d"},
        predictions="predictions/credit-approval/abcdefghij",
        check={"Rows": 3},
        job="arn",
    )
    for workflow in workflows.of(model, settings):
        definition = workflows.compiled(workflow, model, settings, SOURCE)
        for state, (operation, request) in requests(definition, known).items():
            yield f"{workflow}: {state}", operation, request


@pytest.mark.parametrize("variant", VARIANTS)
def test_aws_accepts_every_request(variant: str, tmp_path: Path, shapes: dict[str, Any]) -> None:
    model, settings = product(tmp_path, *VARIANTS[variant])
    seen = set()
    for where, operation, request in each(model, settings):
        if operation == "PutObject":  # Step Functions writes a Body that is an object as JSON
            request["Body"] = str(request["Body"])
        report = ParamValidator().validate(request, shapes[operation])
        assert not report.has_errors(), f"{where}: {report.generate_report()}"
        if operation.endswith("Job") and operation.startswith("Create"):
            assert not list(problems(operation, request, owned={})), where
        seen.add(operation)
    assert {"CreateTrainingJob", "CreateProcessingJob", "CopyObject", "Publish"} <= seen


def guarded(operation: str, request: dict[str, Any]) -> list[Any]:
    """What must be there of the guards of a job, in the order network, isolation, encryption, keys."""
    inner = request.get("TrainingJobDefinition", request)
    network = inner.get("NetworkConfig", inner)
    output = inner.get("OutputDataConfig") or inner.get("ProcessingOutputConfig") or inner["TransformOutput"]
    cluster = (
        inner.get("ResourceConfig")
        or inner.get("ProcessingResources", {}).get("ClusterConfig")
        or inner["TransformResources"]
    )
    keys = [output["KmsKeyId"], cluster["VolumeKmsKeyId"]]
    if operation == "CreateTransformJob":  # its network is its model's
        return keys
    guards = network["EnableNetworkIsolation"], network["EnableInterContainerTrafficEncryption"]
    return [*guards, network["VpcConfig"]["Subnets"], network["VpcConfig"]["SecurityGroupIds"], *keys]


def test_every_job_is_isolated_encrypted_tagged_and_in_the_network(tmp_path: Path) -> None:
    model, settings = product(tmp_path, PREPARED, TUNED, SCORED)
    jobs = [(o, r) for _, o, r in each(model, settings) if o.startswith("Create") and o.endswith("Job")]
    assert {operation for operation, _ in jobs} == {
        "CreateTrainingJob",
        "CreateProcessingJob",
        "CreateHyperParameterTuningJob",
        "CreateTransformJob",
    }
    for operation, request in jobs:
        found = guarded(operation, request)
        assert all(found)
        assert {tag["Key"]: tag["Value"] for tag in request["Tags"]} == {
            "cost-center": "4711",
            "environment": "dev",
            "model": "credit-approval",
            "owner": "risk-team",
        }


def test_a_model_made_to_score_is_isolated_and_in_the_network_of_models(tmp_path: Path) -> None:
    request = request_of(tmp_path, "batch", "Create model", SCORED)
    assert request["EnableNetworkIsolation"] is True
    assert request["VpcConfig"]["SecurityGroupIds"] == ["sg-0b1c2d3e"]
    assert request["Containers"] == [{"ModelPackageName": variables()["version"]}]


@pytest.mark.parametrize(("instance_type", "has_key"), [("ml.m5.xlarge", True), ("ml.g5.xlarge", False)])
def test_volumes_that_encrypt_themselves_get_no_key(
    instance_type: str, has_key: bool, tmp_path: Path
) -> None:
    change = {"train": {"framework": {"name": "pytorch", "version": "2.6.0"}, "instance_type": instance_type}}
    request = request_of(tmp_path, "train", "Train", change)
    assert ("VolumeKmsKeyId" in request["ResourceConfig"]) is has_key
    assert request["OutputDataConfig"]["KmsKeyId"]


def test_a_script_s_hyperparameters_are_json_and_an_algorithm_s_are_plain(tmp_path: Path) -> None:
    script = request_of(tmp_path / "script", "train", "Train")["HyperParameters"]
    assert (script["n_estimators"], script["criterion"]) == ("100", '"gini"')
    algorithm = request_of(tmp_path / "algorithm", "train", "Train", BUILT_IN)["HyperParameters"]
    assert algorithm["objective"] == "binary:logistic"
    assert algorithm["num_round"] == "60"
    assert not [name for name in algorithm if name.startswith("sagemaker_")]


def test_a_script_comes_as_a_channel_because_its_container_cannot_reach_s3(tmp_path: Path) -> None:
    request = request_of(tmp_path, "train", "Train")
    code = request["InputDataConfig"][-1]
    assert code["ChannelName"] == "code"
    archive = code["DataSource"]["S3DataSource"]["S3Uri"].rpartition("/")[2]
    assert request["HyperParameters"]["sagemaker_submit_directory"] == f'"/opt/ml/input/data/code/{archive}"'
    assert request["HyperParameters"]["sagemaker_program"] == '"train.py"'
    assert request["HyperParameters"]["sagemaker_region"] == '"eu-west-1"'


def test_a_built_in_algorithm_gets_its_channels_with_their_type_and_no_test_data(tmp_path: Path) -> None:
    change = {"data": {"validation": "data://credit/validation/"}}
    channels = request_of(tmp_path, "train", "Train", BUILT_IN, change)["InputDataConfig"]
    kinds = [(c["ChannelName"], c["ContentType"]) for c in channels]
    assert kinds == [("train", "text/csv"), ("validation", "text/csv")]


def test_only_what_a_preparation_job_writes_comes_from_it(tmp_path: Path) -> None:
    change = {"prepare": {"script": "prepare.py", "outputs": ["train"]}}
    inputs = request_of(tmp_path, "train", "Train", change)["InputDataConfig"]
    where = {i["ChannelName"]: i["DataSource"]["S3DataSource"]["S3Uri"] for i in inputs}
    assert where["train"].endswith("/runs/credit-approval/abcdefghij/prepared/train/")
    assert where["test"] == "s3://data/test/"


@pytest.mark.parametrize(
    ("channels", "tested"),
    [
        ({}, "test"),
        ({"test": None, "validation": "data://credit/v/"}, "validation"),
        ({"test": None}, "train"),
    ],
)
def test_the_evaluation_reads_test_data_or_the_next_best(
    channels: dict[str, str | None], tested: str, tmp_path: Path
) -> None:
    request = request_of(tmp_path, "train", "Evaluate", {"data": channels})
    where = {i["InputName"]: i["S3Input"]["S3Uri"] for i in request["ProcessingInputs"]}
    assert where["test"] == f"s3://data/{tested}/"
    assert where["model"] == "s3://artifacts/model.tar.gz"
    assert request["AppSpecification"]["ContainerArguments"] == [
        "--model",
        "/opt/ml/processing/input/model",
        "--test",
        "/opt/ml/processing/input/test",
        "--train",
        "/opt/ml/processing/input/train",
        "--output",
        "/opt/ml/processing/output/evaluation",
    ]


def test_a_processing_job_unpacks_the_source_and_becomes_the_script(tmp_path: Path) -> None:
    change = {"prepare": {"script": "prepare.py", "outputs": ["train"], "arguments": ["--seed", "7"]}}
    specification = request_of(tmp_path, "train", "Prepare", change)["AppSpecification"]
    assert specification["ContainerEntrypoint"] == [
        "/bin/sh",
        "-c",
        "mkdir -p /opt/ml/processing/code && tar -xzf /opt/ml/processing/input/code/*.tar.gz "
        '-C /opt/ml/processing/code && exec python3 /opt/ml/processing/code/prepare.py "$@"',
        "--",
    ]
    arguments = specification["ContainerArguments"]
    assert arguments[arguments.index("--output-train") + 1] == "/opt/ml/processing/output/train"
    assert arguments[-2:] == ["--seed", "7"]


def test_spot_waits_and_keeps_checkpoints_and_a_warm_pool_stays(tmp_path: Path) -> None:
    spot = request_of(tmp_path / "spot", "train", "Train", {"train": {"spot": True}})
    assert spot["EnableManagedSpotTraining"] is True
    assert spot["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200}
    assert spot["CheckpointConfig"]["S3Uri"].endswith("/runs/credit-approval/checkpoints/abcdefghij/")
    warm = request_of(tmp_path / "warm", "train", "Train", {"train": {"warm_pool_minutes": 30}})
    assert warm["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 1800
    assert "MaxWaitTimeInSeconds" not in warm["StoppingCondition"]
    assert "CheckpointConfig" not in warm


@pytest.mark.parametrize(
    ("launcher", "told"),
    [
        ("torchrun", {"sagemaker_torch_distributed_enabled": "true"}),
        ("mpirun", {"sagemaker_mpi_enabled": "true"}),
    ],
)
def test_a_launcher_is_one_of_the_toolkit_s_own(launcher: str, told: dict[str, str], tmp_path: Path) -> None:
    framework = {"name": "pytorch", "version": "2.6.0"}
    change = {"train": {"framework": framework, "instance_count": 2, "launcher": launcher}}
    given = request_of(tmp_path, "train", "Train", change)["HyperParameters"]
    assert told.items() <= given.items()


def test_an_execution_s_choices_reach_the_job_and_only_those_it_may_make(tmp_path: Path) -> None:
    ranges = {"n_estimators": {"minimum": 10, "maximum": 500}}
    change = {"train": {"hyperparameter_ranges": ranges, "instance_types": ["ml.m5.xlarge", "ml.m5.2xlarge"]}}
    run = {"Hyperparameters": {"n_estimators": "300", "criterion": '"entropy"'}}
    request = request_of(tmp_path, "train", "Train", change, run=run)
    assert request["HyperParameters"]["n_estimators"] == "300"
    assert request["HyperParameters"]["criterion"] == '"gini"'
    assert request["ResourceConfig"]["InstanceType"] == "ml.m5.2xlarge"


def test_an_execution_may_add_a_hyperparameter_that_otherwise_is_not_there(tmp_path: Path) -> None:
    change = {"train": {"hyperparameter_ranges": {"max-depth": {"minimum": 1, "maximum": 9}}}}
    told = {"n_estimators": "100", "criterion": '"gini"'}
    without = request_of(tmp_path / "a", "train", "Train", change, run={"Hyperparameters": told})
    assert "max-depth" not in without["HyperParameters"]
    run = {"Hyperparameters": {**told, "max-depth": "5"}}
    given = request_of(tmp_path / "b", "train", "Train", change, run=run)["HyperParameters"]
    assert given == {**without["HyperParameters"], "max-depth": "5"}
    assert given["sagemaker_submit_directory"].startswith('"/opt/ml/input/data/code/')


def test_a_tuning_job_holds_fast_what_it_does_not_search(tmp_path: Path) -> None:
    request = request_of(tmp_path, "tune", "Tune", TUNED)
    config, definition = request["HyperParameterTuningJobConfig"], request["TrainingJobDefinition"]
    (searched,) = config["ParameterRanges"]["IntegerParameterRanges"]
    assert (searched["Name"], searched["MinValue"], searched["MaxValue"]) == ("n_estimators", "10", "500")
    assert "n_estimators" not in definition["StaticHyperParameters"]
    assert definition["StaticHyperParameters"]["criterion"] == '"gini"'
    assert config["HyperParameterTuningJobObjective"] == {"Type": "Maximize", "MetricName": "auc"}


def test_a_search_among_words_is_json_for_a_script(tmp_path: Path) -> None:
    change = {"tune": {"search": {"n_estimators": None, "criterion": {"categorical": ["gini", "entropy"]}}}}
    request = request_of(tmp_path, "tune", "Tune", TUNED, change)
    ranges = request["HyperParameterTuningJobConfig"]["ParameterRanges"]
    assert ranges["CategoricalParameterRanges"] == [{"Name": "criterion", "Values": ['"gini"', '"entropy"']}]


def test_names_of_jobs_differ_at_every_attempt_and_stay_within_their_limits(tmp_path: Path) -> None:
    model, settings = product(tmp_path, TUNED, PREPARED)
    longest = dict.fromkeys(RUN["Jobs"], "x" * 61) | {"tune": "x" * 30}
    names = set()
    for shortages in range(3):
        for attempt in range(6):
            states = {"context": {"State": {"RetryCount": attempt}}}
            known = variables(run={"Jobs": longest}, states=states, shortages=shortages)
            definition = substituted(workflows.compiled("train", model, settings, SOURCE))
            names.add(evaluated(definition["States"]["Train"]["Arguments"]["TrainingJobName"], known))
    assert len(names) == 18
    assert max(map(len, names)) <= 63


def test_a_serial_pipeline_gives_every_container_its_own_script(tmp_path: Path) -> None:
    change = {"inference": {"preprocess": "pre.py", "postprocess": "post.py"}}
    model, settings = product(tmp_path, change)
    payload = workflows.compiled("train", model, settings, SOURCE)["States"]["Register"]["Arguments"][
        "Payload"
    ]
    specification = payload["InferenceSpecification"]
    programs = [c["Environment"]["SAGEMAKER_PROGRAM"] for c in specification["Containers"]]
    assert programs == ["pre.py", "inference.py", "post.py"]
    assert not [c for c in specification["Containers"] if "ModelDataUrl" in c]


def test_a_built_in_algorithm_answers_without_a_script(tmp_path: Path) -> None:
    model, settings = product(tmp_path, BUILT_IN)
    payload = workflows.compiled("train", model, settings, SOURCE)["States"]["Register"]["Arguments"][
        "Payload"
    ]
    (container,) = payload["InferenceSpecification"]["Containers"]
    assert container["Environment"] == {"MODEL_NAME": "credit-approval"}
    assert "xgboost:1.7-1" in container["Image"]


def test_a_transform_job_scores_line_by_line_unless_told_otherwise(tmp_path: Path) -> None:
    request = request_of(tmp_path / "line", "batch", "Score", SCORED)
    assert request["TransformInput"]["SplitType"] == request["TransformOutput"]["AssembleWith"] == "Line"
    assert request["BatchStrategy"] == "MultiRecord"
    assert request["TransformOutput"]["S3OutputPath"].endswith("/predictions/credit-approval/abcdefghij/")
    whole = request_of(tmp_path / "whole", "batch", "Score", SCORED, {"batch": {"split": "none"}})
    assert "BatchStrategy" not in whole
    assert "AssembleWith" not in whole["TransformOutput"]


def test_what_request_names_again_takes_the_place_of_ours_and_the_rest_stays(tmp_path: Path) -> None:
    change = VARIANTS["more of the API"][0]
    channels = request_of(tmp_path, "train", "Train", change)["InputDataConfig"]
    assert [c["ChannelName"] for c in channels] == ["train", "test", "code", "lookup"]


def test_groups_of_instances_take_the_place_of_the_instance_type(tmp_path: Path) -> None:
    groups = [{"InstanceGroupName": "cpu", "InstanceType": "ml.m5.xlarge", "InstanceCount": 1}]
    change = {"train": {"request": {"ResourceConfig": {"InstanceGroups": groups}}}}
    resources = request_of(tmp_path, "train", "Train", change)["ResourceConfig"]
    assert resources["InstanceGroups"] == groups
    assert not {"InstanceType", "InstanceCount"} & resources.keys()
