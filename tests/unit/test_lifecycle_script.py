"""The start-up script of Studio's applications: run for real, in a home and a Python of its own."""

import json
import os
import re
import subprocess
import sysconfig
import venv
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlplatform.lifecycle_script import MAX_CONTENT, content_hash, filled, imports, script
from mlplatform.settings import Environment
from mlplatform.settings.fields import Section

SELDOM = pytest.mark.thorough
"""Of cases like one that is always tried: each starts a Python of its own."""

PRIVATE = {"DomainId": "d-1", "SpaceName": "try-things", "UserProfileName": "ana"}


def with_settings(settings: Environment, section: str, **changes: Any) -> Environment:
    """A copy of an environment with one section changed."""
    old: Section = getattr(settings, section)
    return settings.model_copy(update={section: old.model_copy(update=changes)})


def values(settings: Environment) -> dict[str, str]:
    """What a deployment would have under each export."""
    key = f"arn:{settings.place.partition}:kms:{settings.region}:{settings.account}:key/"
    return {name: f"{key}{name}" if name.endswith("Arn") else f"id-of-{name}" for name in imports(settings)}


class Studio:
    """One application: a home, the administrator's folder, a Python without packages of its own."""

    def __init__(self, folder: Path) -> None:
        self.home, self.etc = folder / "home", folder / "etc"
        self.home.mkdir()
        self.etc.mkdir()
        venv.create(folder / "python", symlinks=True)
        self.python = folder / "python" / "bin" / "python3"
        self.metadata = folder / "resource-metadata.json"
        self.metadata.write_text(json.dumps(PRIVATE), encoding="utf-8")

    @property
    def environ(self) -> dict[str, str]:
        path = os.pathsep.join([str(self.python.parent), "/usr/bin", "/bin"])
        home = {"HOME": str(self.home), "XDG_CONFIG_DIRS": str(self.etc), "PATH": path}
        return {**home, "STUDIO_METADATA": str(self.metadata)}

    @property
    def config_file(self) -> Path:
        return self.etc / "sagemaker" / "config.yaml"

    def start(self, settings: Environment, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the script as the application would, before it starts."""
        return subprocess.run(
            ["bash", "-c", filled(script(settings), values(settings))],
            env=self.environ | environ,
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, code: str) -> Any:
        """What ``code`` prints as JSON, in a process of the application with the project's packages."""
        packages = {"PYTHONPATH": sysconfig.get_path("purelib")}
        command = [str(self.python), "-c", code]
        return json.loads(subprocess.check_output(command, env=self.environ | packages, text=True))


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """An application that has not started yet."""
    return Studio(tmp_path)


def test_a_person_has_the_defaults_of_the_sdk_after_an_application_has_started(
    studio: Studio, environments: dict[str, Environment]
) -> None:
    settings = environments["full"]
    started = studio.start(with_settings(settings, "network", package_index="none"))
    assert (started.returncode, started.stderr) == (0, "")
    config = yaml.safe_load(studio.config_file.read_text(encoding="utf-8"))
    sdk, resources = config["SageMaker"]["PythonSDK"]["Modules"], config["SageMaker"]
    assert sdk["Session"] == {
        "DefaultS3Bucket": "acme-full-artifacts-222233334444-us-east-1",
        "DefaultS3ObjectKeyPrefix": "studio/ana",
    }
    subnets = ["id-of-SubnetId1", "id-of-SubnetId2", "id-of-SubnetId3"]
    assert resources["TrainingJob"] == {
        "RoleArn": "arn:aws:iam::222233334444:role/acme/full/studio/acme-full-studio-job",
        "VpcConfig": {"SecurityGroupIds": ["id-of-JobSecurityGroupId"], "Subnets": subnets},
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": True,
    }
    assert sdk["ModelTrainer"]["networking"]["enable_inter_container_traffic_encryption"] is True


RUN_A_JOB = """
import json, boto3
from moto import mock_aws
with mock_aws():
    client = boto3.client("sagemaker", region_name="us-east-1")
    client.create_training_job(
        TrainingJobName="plain",
        AlgorithmSpecification={"TrainingImage": "image", "TrainingInputMode": "File"},
        RoleArn="arn:aws:iam::222233334444:role/acme/full/studio/acme-full-studio-job",
        OutputDataConfig={"S3OutputPath": "s3://elsewhere/output"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
        **MORE,
    )
    job = client.describe_training_job(TrainingJobName="plain")
    tags = client.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
print(json.dumps([job, tags], default=str))
"""
"""A training job that says nothing of network, keys and tags, and what SageMaker (moto's) was told."""


def run_a_job(studio: Studio, **more: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """The job and its tags as SageMaker describes them."""
    job, tags = studio.run(RUN_A_JOB.replace("MORE", repr(more)))
    return job, {tag["Key"]: tag["Value"] for tag in tags}


@pytest.fixture
def full(studio: Studio, environments: dict[str, Environment]) -> dict[str, str]:
    """What the keys of the full fixture environment are, in which the application has started."""
    settings = with_settings(environments["full"], "network", package_index="none")
    assert studio.start(settings).stderr == ""
    return values(settings)


def test_a_plain_job_of_any_sdk_says_everything_the_guards_ask_for(
    studio: Studio, full: dict[str, str]
) -> None:
    job, tags = run_a_job(studio)
    subnets = [f"id-of-SubnetId{number}" for number in (1, 2, 3)]
    assert job["VpcConfig"] == {"SecurityGroupIds": ["id-of-JobSecurityGroupId"], "Subnets": subnets}
    assert (job["EnableNetworkIsolation"], job["EnableInterContainerTrafficEncryption"]) == (True, True)
    assert job["ResourceConfig"]["VolumeKmsKeyId"] == full["DataKeyArn"]
    assert job["OutputDataConfig"]["KmsKeyId"] == full["ArtifactsKeyArn"]
    assert tags == {"cost-center": "4711", "environment": "full", "owner": "ml-platform"}


@pytest.mark.thorough
def test_nothing_that_a_request_says_is_changed(studio: Studio, full: dict[str, str]) -> None:
    mine = [{"Key": "owner", "Value": "me"}]
    job, tags = run_a_job(studio, EnableNetworkIsolation=False, Tags=mine)
    assert job["EnableNetworkIsolation"] is False
    assert tags["owner"] == "me"
    assert tags["cost-center"] == "4711"


@pytest.mark.thorough
def test_instances_with_storage_of_their_own_get_no_volume_key(studio: Studio, full: dict[str, str]) -> None:
    for instance_type, keys in (("ml.g5.xlarge", 1), ("ml.m5.large", 2)):
        request = {"ResourceConfig": {"InstanceType": instance_type}}
        assert len(fill(studio, "CreateTrainingJob", request)["ResourceConfig"]) == keys


@pytest.mark.parametrize(
    ("bucket", "key"),
    [
        ("acme-full-data-222233334444-us-east-1", "DataKeyArn"),
        pytest.param("acme-full-artifacts-222233334444-us-east-1", "ArtifactsKeyArn", marks=SELDOM),
        pytest.param("sagemaker-us-east-1-222233334444", "AccountKeyArn", marks=SELDOM),
    ],
)
def test_results_are_encrypted_with_the_key_of_the_bucket_they_go_to(
    studio: Studio, full: dict[str, str], bucket: str, key: str
) -> None:
    request = {"OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/output"}, "ResourceConfig": {}}
    assert fill(studio, "CreateTrainingJob", request)["OutputDataConfig"]["KmsKeyId"] == full[key]


CALL = """
import json, sys
from importlib import import_module
plugin = import_module("platform_job_defaults")
values = json.loads(open(plugin.__file__.replace(".py", ".json")).read())
print(json.dumps(plugin.filled({request!r}, {operation!r}, values)))
"""


def fill(studio: Studio, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """The request as it would be sent, of an operation that moto does not keep in full."""
    sent: dict[str, Any] = studio.run(CALL.format(operation=operation, request=request))
    return sent


def test_a_serverless_job_is_given_an_output_key_but_neither_volumes_nor_a_network(
    studio: Studio, full: dict[str, str]
) -> None:
    output = {"S3OutputPath": "s3://sagemaker-us-east-1-222233334444/output"}
    request = {"ServerlessJobConfig": {"JobType": "FineTuning"}, "OutputDataConfig": output}
    sent = fill(studio, "CreateTrainingJob", request)
    assert sent.keys() == {"ServerlessJobConfig", "OutputDataConfig", "Tags"}
    assert sent["OutputDataConfig"]["KmsKeyId"] == full["AccountKeyArn"]


@pytest.mark.thorough
def test_every_other_kind_of_job_is_filled_in_as_well(studio: Studio, full: dict[str, str]) -> None:
    m5 = {"InstanceType": "ml.m5.large"}
    processing = fill(studio, "CreateProcessingJob", {"ProcessingResources": {"ClusterConfig": dict(m5)}})
    assert processing["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] == full["DataKeyArn"]
    assert processing["ProcessingOutputConfig"] == {"Outputs": [], "KmsKeyId": full["ArtifactsKeyArn"]}
    assert processing["NetworkConfig"].keys() == {
        "VpcConfig",
        "EnableNetworkIsolation",
        "EnableInterContainerTrafficEncryption",
    }
    transform = fill(
        studio, "CreateTransformJob", {"TransformResources": dict(m5), "TransformOutput": {"A": 1}}
    )
    assert transform["TransformResources"]["VolumeKmsKeyId"] == full["DataKeyArn"]
    assert transform["TransformOutput"]["KmsKeyId"] == full["ArtifactsKeyArn"]
    definition = {
        "ResourceConfig": {"InstanceGroups": [m5]},
        "OutputDataConfig": {"S3OutputPath": "s3://a/b"},
    }
    for tuning in ({"TrainingJobDefinition": definition}, {"TrainingJobDefinitions": [definition]}):
        sent = fill(studio, "CreateHyperParameterTuningJob", tuning)
        tuned = sent.get("TrainingJobDefinition") or sent["TrainingJobDefinitions"][0]
        assert tuned["ResourceConfig"]["VolumeKmsKeyId"] == full["DataKeyArn"]
        assert tuned["OutputDataConfig"]["KmsKeyId"] == full["ArtifactsKeyArn"]
        assert tuned["EnableNetworkIsolation"] is True
    model = fill(studio, "CreateModel", {})
    assert model.keys() == {"Tags", "VpcConfig", "EnableNetworkIsolation"}
    endpoint = fill(studio, "CreateEndpointConfig", {"ProductionVariants": [m5]})
    assert endpoint["KmsKeyId"] == full["DataKeyArn"]


def test_asking_iam_is_denied_at_once_because_the_network_has_no_way_to_it(
    studio: Studio, full: dict[str, str]
) -> None:
    code = """
import boto3, botocore.exceptions, json, os
client = boto3.client("iam", aws_access_key_id="a", aws_secret_access_key="b")
try:
    client.get_role(RoleName="role")
except botocore.exceptions.ClientError as error:
    print(json.dumps([error.response["Error"], error.operation_name, os.environ["SAGEMAKER_VALIDATE_ROLE"]]))
"""
    error, operation, validation = studio.run(code)
    assert error == {"Code": "AccessDenied", "Message": "Studio's network has no way to IAM"}
    assert (operation, validation) == ("GetRole", "false")


CREATE_PIPELINE = """
import json, boto3
from moto import mock_aws
with mock_aws():
    client = boto3.client("sagemaker", region_name="us-east-1")
    output = {"S3OutputPath": {"Get": "Parameters.Output"}}
    step = {"Name": "Judge", "Arguments": {"RoleArn": ROLE, "OutputDataConfig": output}}
    definition = json.dumps({"Steps": [step, {"Name": "Trace"}]})
    request = {"PipelineName": NAME, "PipelineDefinition": definition, "RoleArn": ROLE}
    client.create_pipeline(**request, ClientRequestToken="0" * 32)
    created = client.describe_pipeline(PipelineName=NAME)
    client.update_pipeline(**request)
    updated = client.describe_pipeline(PipelineName=NAME)
print(json.dumps([[p["RoleArn"], json.loads(p["PipelineDefinition"])] for p in (created, updated)]))
"""
"""A pipeline as the SDK's evaluators create and update it, and what SageMaker (moto's) was told."""
PERSONA = "arn:aws:iam::222233334444:role/acme-full-data-scientist"
"""Without its path, as the SDK makes it up from the name of the session."""
STUDIO_JOB = "arn:aws:iam::222233334444:role/acme/full/studio/acme-full-studio-job"


@pytest.mark.parametrize(
    ("name", "given", "sent"),
    [
        pytest.param("SagemakerEvaluation-LLMAJEvaluation-1", PERSONA, STUDIO_JOB, marks=SELDOM),
        pytest.param("SagemakerEvaluation-BenchmarkEvaluation-1", STUDIO_JOB, STUDIO_JOB, marks=SELDOM),
        pytest.param("try-nightly", PERSONA, PERSONA, marks=SELDOM),
    ],
)
def test_evaluations_of_the_sdk_run_as_the_role_of_jobs_and_other_pipelines_as_they_say(
    studio: Studio, full: dict[str, str], name: str, given: str, sent: str
) -> None:
    created, updated = studio.run(CREATE_PIPELINE.replace("NAME", repr(name)).replace("ROLE", repr(given)))
    output: dict[str, Any] = {"S3OutputPath": {"Get": "Parameters.Output"}}
    if name.startswith("SagemakerEvaluation-"):
        output["KmsKeyId"] = full["ArtifactsKeyArn"]
    step = {"Name": "Judge", "Arguments": {"RoleArn": sent, "OutputDataConfig": output}}
    assert created == updated == [sent, {"Steps": [step, {"Name": "Trace"}]}]


@pytest.mark.thorough
def test_other_plugins_of_botocore_stay(studio: Studio, full: dict[str, str]) -> None:
    code = 'import json, os; print(json.dumps(os.environ["BOTOCORE_EXPERIMENTAL__PLUGINS"].split(",")))'
    ours = "platform_job_defaults=platform_job_defaults"
    assert studio.run(code) == [ours]
    environ = studio.environ | {"BOTOCORE_EXPERIMENTAL__PLUGINS": "other=module"}
    both = subprocess.check_output([str(studio.python), "-c", code], env=environ, text=True)
    assert json.loads(both) == ["other=module", ours]


@pytest.mark.thorough
def test_a_person_nobody_knows_has_the_defaults_all_the_same(
    studio: Studio, environments: dict[str, Environment]
) -> None:
    studio.metadata.unlink()
    studio.start(environments["small"])
    assert '"studio/unknown"' in studio.config_file.read_text(encoding="utf-8")


@pytest.mark.thorough
def test_in_a_shared_space_what_is_written_belongs_to_the_space(
    studio: Studio, environments: dict[str, Environment]
) -> None:
    studio.metadata.write_text(json.dumps({"DomainId": "d-1", "SpaceName": "team"}), encoding="utf-8")
    studio.start(environments["small"], SAGEMAKER_SPACE_TYPE_LOWERCASE="shared")
    assert '"DefaultS3ObjectKeyPrefix":"studio/team"' in studio.config_file.read_text(encoding="utf-8")


def test_in_a_private_space_the_owner_is_asked_for_and_the_space_stands_in_if_nobody_answers(
    studio: Studio, environments: dict[str, Environment]
) -> None:
    studio.metadata.write_text(json.dumps({"DomainId": "d-1", "SpaceName": "try-things"}), encoding="utf-8")
    studio.start(environments["small"])
    assert '"studio/try-things"' in studio.config_file.read_text(encoding="utf-8")
    aws = studio.python.parent / "aws"
    aws.write_text('#!/bin/sh\necho "$*" >"$HOME/asked"\necho bo\n', encoding="utf-8")
    aws.chmod(0o755)
    studio.start(environments["small"])
    assert '"studio/bo"' in studio.config_file.read_text(encoding="utf-8")
    asked = (studio.home / "asked").read_text(encoding="utf-8")
    assert "describe-space --region eu-west-1 --domain-id d-1 --space-name try-things" in asked


def test_without_the_administrators_folder_the_defaults_go_to_the_persons_own(
    studio: Studio, environments: dict[str, Environment]
) -> None:
    started = studio.start(environments["small"], XDG_CONFIG_DIRS="/proc/nowhere:/etc")
    assert started.stderr == ""
    assert (studio.home / ".config" / "sagemaker" / "config.yaml").exists()


def test_a_file_that_somebody_else_wrote_stays_as_it_is(
    studio: Studio, environments: dict[str, Environment]
) -> None:
    studio.config_file.parent.mkdir()
    studio.config_file.write_text("SchemaVersion: '1.0'\n", encoding="utf-8")
    started = studio.start(environments["small"])
    assert studio.config_file.read_text(encoding="utf-8") == "SchemaVersion: '1.0'\n"
    assert started.returncode == 0
    assert "install_config failed" in started.stderr


def test_whatever_fails_the_application_starts_and_the_rest_is_installed(
    studio: Studio, environments: dict[str, Environment]
) -> None:
    studio.metadata.unlink()
    packages = with_settings(environments["small"], "network", package_index="codeartifact")
    studio.config_file.mkdir(parents=True)
    started = studio.start(packages)  # there is no aws command either
    assert started.returncode == 0
    reports = [line.split()[2] for line in started.stderr.splitlines() if line.startswith("platform")]
    assert reports == ["install_config", "install_packages"]
    assert studio.run("import platform_job_defaults; print(1)") == 1


def test_pip_installs_from_the_index_of_the_settings(
    studio: Studio, environments: dict[str, Environment]
) -> None:
    address = "https://packages.example.com/it's/simple"
    settings = with_settings(environments["small"], "network", package_index=address)
    assert studio.start(settings, PYTHONPATH=sysconfig.get_path("purelib")).stderr == ""
    config = (studio.home / ".config" / "pip" / "pip.conf").read_text(encoding="utf-8")
    assert f"index-url = {address}" in config


def test_the_script_is_short_enough_for_sagemaker_in_every_environment(
    environments: dict[str, Environment],
) -> None:
    for settings in environments.values():
        assert len(filled(script(settings), values(settings)).encode()) * 4 / 3 < MAX_CONTENT
        tagged = settings.model_copy(update={"tags": {f"tag-{n}": "x" * 95 for n in range(10)}})
        assert script(tagged)  # which raises an error if it is too long
    many = {f"tag-{number}": "x" * 200 for number in range(40)}
    with pytest.raises(ValueError, match="lifecycle configuration: .* allowed: 16384"):
        script(environments["small"].model_copy(update={"tags": many}))


def test_the_hash_changes_with_the_script_and_with_what_it_refers_to(
    environments: dict[str, Environment],
) -> None:
    small = environments["small"]
    assert content_hash(small) == content_hash(small.model_copy())
    types = with_settings(small, "studio", job_instance_types=["ml.m5.large"])
    index = with_settings(small, "network", package_index="codeartifact")
    tags = small.model_copy(update={"tags": {**small.tags, "team": "fraud"}})
    assert len({content_hash(s) for s in (small, types, index, tags, environments["gov"])}) == 5


def test_an_adopted_bucket_of_the_sdk_is_encrypted_with_no_key_of_ours(
    environments: dict[str, Environment],
) -> None:
    small = environments["small"]
    adopted = replace(small.neighbours, adopted=frozenset({"sdk_default_bucket"}))
    settings = small.among(adopted, ())
    assert "AccountKeyArn" not in imports(settings)
    assert "AccountKeyArn" not in script(settings)


def test_no_expression_of_the_shell_holds_another_which_cloudformation_would_misread(
    environments: dict[str, Environment],
) -> None:
    found = re.findall(r"\$\{[^}]*\}", script(environments["full"]))
    assert [expression for expression in found if expression.count("{") > 1] == []
    ours = {expression[2:-1] for expression in found if not expression.startswith("${!")}
    assert ours == set(imports(environments["full"]))


def test_the_script_is_one_that_bash_can_read(environments: dict[str, Environment]) -> None:
    text = filled(script(environments["full"]), values(environments["full"]))
    checked = subprocess.run(["bash", "-n", "-c", text], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "@@" not in text
