"""Processing and transform jobs of the rehearsal: real scripts and real model servers."""

import gzip
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rehearsed_account import (
    BUCKET,
    ROLE,
    SCIKIT_LEARN,
    VPC,
    XGBOOST,
    Account,
    account,
    channel,
    job_policy,
    packed,
    training,
)

from rehearsal.sagemaker.containers import ServedContainer, serve

pytestmark = pytest.mark.thorough

SHELL = (
    "mkdir -p /opt/ml/processing/code && "
    "tar -xzf /opt/ml/processing/input/code/source.tar.gz -C /opt/ml/processing/code && "
    'exec python3 /opt/ml/processing/code/evaluate.py "$@"'
)
EVALUATE = """
import argparse, json, pathlib, sys
parser = argparse.ArgumentParser()
parser.add_argument("--test")
parser.add_argument("--output")
given = parser.parse_args()
rows = sum(len(path.read_text().splitlines()) for path in pathlib.Path(given.test).iterdir())
pathlib.Path(given.output, "evaluation.json").write_text(json.dumps({"metrics": {"rows": rows}}))
"""


@pytest.fixture(scope="module")
def here() -> Iterator[Account]:
    with account() as found:
        found.put("data/test/a.csv", "1\n2\n3\n")
        found.source("evaluate", {"evaluate.py": EVALUATE})
        yield found


def processing(name: str, source: str = "evaluate", **more: Any) -> dict[str, Any]:
    folder = "/opt/ml/processing"

    def given(channel: str, uri: str) -> dict[str, Any]:
        location = {"S3Uri": uri, "LocalPath": f"{folder}/input/{channel}"}
        return {
            "InputName": channel,
            "S3Input": {**location, "S3DataType": "S3Prefix", "S3InputMode": "File"},
        }

    output = {"S3Uri": f"s3://{BUCKET}/runs/{name}/evaluation", "LocalPath": f"{folder}/output/evaluation"}
    arguments = ["--test", f"{folder}/input/test", "--output", output["LocalPath"]]
    return {
        "ProcessingJobName": name,
        "RoleArn": ROLE,
        "AppSpecification": {
            "ImageUri": SCIKIT_LEARN,
            "ContainerEntrypoint": ["/bin/sh", "-c", SHELL, "--"],
            "ContainerArguments": arguments,
        },
        "ProcessingInputs": [
            given("code", f"s3://{BUCKET}/source/{source}/source.tar.gz"),
            given("test", f"s3://{BUCKET}/data/test/"),
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {"OutputName": "evaluation", "S3Output": {**output, "S3UploadMode": "EndOfJob"}},
            ]
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "NetworkConfig": {"EnableNetworkIsolation": True, "VpcConfig": VPC},
        **more,
    }


def processed(here: Account, request: dict[str, Any]) -> dict[str, Any]:
    here.api.create_processing_job(**request)
    return here.sagemaker.wait(request["ProcessingJobName"])


def test_a_processing_script_runs_for_real_and_its_output_lies_in_s3(here: Account) -> None:
    job = processed(here, processing("evaluated"))
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    report = here.get(f"s3://{BUCKET}/runs/evaluated/evaluation/evaluation.json")
    assert json.loads(report) == {"metrics": {"rows": 3}}
    assert job["ProcessingStartTime"] <= job["ProcessingEndTime"]


def test_a_failing_processing_script_says_why(here: Account) -> None:
    here.source("broken", {"evaluate.py": "import sys\nsys.exit('no labels in the test data')"})
    job = processed(here, processing("broken", "broken"))
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: no labels in the test data, exit code: 1"
    assert not here.keys("runs/broken/")


def test_the_message_file_is_the_exit_message(here: Account) -> None:
    script = (
        "import os, sys, pathlib\n"
        "root = sys.argv[sys.argv.index('--test') + 1].split('/opt/ml')[0]\n"
        "pathlib.Path(root + '/opt/ml/output/message').write_text('three rows')\n"
    )
    here.source("message", {"evaluate.py": script})
    assert processed(here, processing("message", "message"))["ExitMessage"] == "three rows"


def test_the_configuration_files_name_the_job_and_its_host(here: Account) -> None:
    script = EVALUATE + (
        "root = given.test.split('/opt/ml')[0] + '/opt/ml/config/'\n"
        "for name in ('processingjobconfig', 'resourceconfig'):\n"
        "    pathlib.Path(given.output, name).write_text(pathlib.Path(root + name + '.json').read_text())\n"
    )
    here.source("configured", {"evaluate.py": script})
    processed(here, processing("configured", "configured"))
    config = json.loads(here.get(f"s3://{BUCKET}/runs/configured/evaluation/processingjobconfig"))
    hosts = json.loads(here.get(f"s3://{BUCKET}/runs/configured/evaluation/resourceconfig"))
    assert config["ProcessingJobName"] == "configured"
    assert hosts == {"current_host": "algo-1", "hosts": ["algo-1"]}


def test_a_processing_job_over_its_time_is_stopped(here: Account) -> None:
    here.source("slow", {"evaluate.py": "import time; time.sleep(60)"})
    request = processing("slow", "slow", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert processed(here, request)["ProcessingJobStatus"] == "Stopped"


def test_a_processing_path_outside_its_folder_is_refused(here: Account) -> None:
    request = processing("elsewhere")
    request["ProcessingInputs"][0]["S3Input"]["LocalPath"] = "/opt/ml/model"
    with pytest.raises(ClientError, match="must start with /opt/ml/processing/"):
        here.api.create_processing_job(**request)


def test_a_processing_job_that_may_not_read_names_the_permission(here: Account) -> None:
    policy = job_policy()
    policy["Statement"] = [s for s in policy["Statement"] if "s3:GetObject" not in s["Action"]]
    here.give(policy)
    try:
        job = processed(here, processing("unreadable"))
    finally:
        here.give(job_policy())
    assert "s3:GetObject" in job["FailureReason"]


INFERENCE = """
import io, pathlib, pickle
import numpy as np

def model_fn(model_dir):
    return pickle.loads(pathlib.Path(model_dir, "model.pkl").read_bytes())

def input_fn(body, content_type):
    assert content_type == "text/csv", content_type
    assert isinstance(body, str)
    return np.loadtxt(io.StringIO(body), delimiter=",", ndmin=2)

def predict_fn(data, model):
    return data.sum(axis=1) * model

def output_fn(prediction, accept):
    return "".join(f"{value:g}\\n" for value in prediction), "text/csv"
"""
PREPROCESS = """
def model_fn(model_dir):
    return None

def transform_fn(model, body, content_type, accept):
    return "".join(line.split(",", 1)[1] + "\\n" for line in body.splitlines()), "text/csv"
"""


def container(program: str | None = "inference.py") -> dict[str, Any]:
    environment = {"SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
    environment |= {"SAGEMAKER_PROGRAM": program} if program else {}
    return {
        "Image": SCIKIT_LEARN,
        "ModelDataUrl": f"s3://{BUCKET}/models/m/model.tar.gz",
        "Environment": environment,
    }


def model(here: Account, name: str, *containers: dict[str, Any]) -> str:
    archive = {
        "model.pkl": pickle.dumps(10),
        "code/inference.py": INFERENCE,
        "code/preprocess.py": PREPROCESS,
    }
    here.put("models/m/model.tar.gz", packed(archive))
    here.api.create_model(
        ModelName=name,
        ExecutionRoleArn=ROLE,
        Containers=list(containers),
        VpcConfig=VPC,
        EnableNetworkIsolation=True,
    )
    return name


def transform(name: str, model: str, data: str = "batch/in/", **more: Any) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{data}"}}
    return {
        "TransformJobName": name,
        "ModelName": model,
        "TransformInput": {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
        "TransformOutput": {
            "S3OutputPath": f"s3://{BUCKET}/predictions/{name}",
            "Accept": "text/csv",
            "AssembleWith": "Line",
        },
        "BatchStrategy": "MultiRecord",
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **more,
    }


def transformed(here: Account, request: dict[str, Any]) -> dict[str, Any]:
    here.api.create_transform_job(**request)
    return here.sagemaker.wait(request["TransformJobName"])


@pytest.fixture(scope="module")
def scored(here: Account) -> Account:
    here.put("batch/in/a.csv", "1,2\n3,4\n")
    here.put("batch/in/more/b.csv", "5,6\n")
    model(here, "simple", container())
    return here


def test_a_model_scores_every_object_below_a_prefix(scored: Account) -> None:
    job = transformed(scored, transform("batch", "simple"))
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    assert scored.get(f"s3://{BUCKET}/predictions/batch/a.csv.out") == b"30\n70\n"
    assert scored.get(f"s3://{BUCKET}/predictions/batch/more/b.csv.out") == b"110\n"


@pytest.mark.parametrize("strategy", ["MultiRecord", "SingleRecord"])
def test_predictions_are_joined_with_their_input(scored: Account, strategy: str) -> None:
    name = f"joined-{strategy.lower()}"
    request = transform(name, "simple", DataProcessing={"JoinSource": "Input"}, BatchStrategy=strategy)
    assert transformed(scored, request)["TransformJobStatus"] == "Completed"
    assert scored.get(f"s3://{BUCKET}/predictions/{name}/a.csv.out") == b"1,2,30\n3,4,70\n"


def test_filters_choose_columns_for_the_model_and_for_the_output(scored: Account) -> None:
    scored.put("batch/ids/a.csv", "id1,1,2\nid2,3,4\n")
    data = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,3]"}
    request = transform("filtered", "simple", "batch/ids/", DataProcessing=data)
    assert transformed(scored, request)["TransformJobStatus"] == "Completed"
    assert scored.get(f"s3://{BUCKET}/predictions/filtered/a.csv.out") == b"id1,30\nid2,70\n"


def test_compressed_input_is_read(scored: Account) -> None:
    scored.put("batch/gz/a.csv.gz", gzip.compress(b"1,1\n"))
    request = transform("compressed", "simple", "batch/gz/")
    request["TransformInput"]["CompressionType"] = "Gzip"
    transformed(scored, request)
    assert scored.get(f"s3://{BUCKET}/predictions/compressed/a.csv.gz.out") == b"20\n"


def test_containers_of_a_pipeline_are_called_in_order(scored: Account) -> None:
    model(scored, "pipeline", container("preprocess.py"), container())
    scored.put("batch/ids/a.csv", "id1,1,2\nid2,3,4\n")
    job = transformed(scored, transform("serial", "pipeline", "batch/ids/"))
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    assert scored.get(f"s3://{BUCKET}/predictions/serial/a.csv.out") == b"30\n70\n"


def test_an_inference_script_that_fails_fails_the_job_and_says_why(scored: Account) -> None:
    scored.put("batch/bad/a.csv", "one,two\n")
    job = transformed(scored, transform("bad", "simple", "batch/bad/"))
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: a.csv: the model answered 500: ValueError")


def test_a_model_server_that_does_not_start_fails_the_job(scored: Account) -> None:
    model(scored, "unservable", container("no_such_module.py"))
    reason = transformed(scored, transform("unservable", "unservable"))["FailureReason"]
    assert "the model server did not start" in reason
    assert "No module named 'no_such_module'" in reason


def test_the_scikit_learn_image_needs_an_inference_script(scored: Account) -> None:
    model(scored, "scriptless", container(None))
    assert "SAGEMAKER_PROGRAM" in transformed(scored, transform("scriptless", "scriptless"))["FailureReason"]


def test_a_record_larger_than_the_payload_fails_the_job(scored: Account) -> None:
    scored.put("batch/large/a.csv", "1," + "0" * (2**20 + 1) + "1\n")
    request = transform("large", "simple", "batch/large/", MaxPayloadInMB=1)
    assert "exceeds MaxPayloadInMB" in transformed(scored, request)["FailureReason"]


def test_the_built_in_algorithm_serves_what_it_trained(here: Account) -> None:
    here.put("xgb/train/train.csv", "".join(f"{int(v > 50)},{v}\n" for v in range(100)))
    channels = [channel("train", f"s3://{BUCKET}/xgb/train/", ContentType="text/csv")]
    hyperparameters = {"objective": "binary:logistic", "num_round": "5"}
    here.api.create_training_job(**training("served", XGBOOST, channels, HyperParameters=hyperparameters))
    data = here.sagemaker.wait("served")["ModelArtifacts"]["S3ModelArtifacts"]
    model(here, "xgb", {"Image": XGBOOST, "ModelDataUrl": data})
    here.put("batch/xgb/a.csv", "5\n95\n")
    job = transformed(here, transform("xgb", "xgb", "batch/xgb/"))
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    low, high = map(float, here.get(f"s3://{BUCKET}/predictions/xgb/a.csv.out").split())
    assert low < 0.5 < high


def test_a_model_whose_data_cannot_be_read_is_refused(here: Account) -> None:
    with pytest.raises(ClientError, match="Could not access model data at s3://acme-dev-data/models/none"):
        model(here, "dataless", {"Image": SCIKIT_LEARN, "ModelDataUrl": f"s3://{BUCKET}/models/none.tar.gz"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2}, "must not exceed 100 MB"),
        ({"ModelName": "nobody"}, "Could not find model"),
    ],
)
def test_a_transform_that_the_service_refuses_is_refused_here(
    scored: Account, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        scored.api.create_transform_job(**{**transform("refused", "simple"), **change})


def test_a_model_is_described_listed_and_deleted(scored: Account) -> None:
    model(scored, "passing", container())
    assert scored.api.describe_model(ModelName="passing")["EnableNetworkIsolation"] is True
    found = scored.api.list_models(NameContains="passing")["Models"]
    assert [one["ModelName"] for one in found] == ["passing"]
    scored.api.delete_model(ModelName="passing")
    with pytest.raises(ClientError, match="Could not find model"):
        scored.api.describe_model(ModelName="passing")


def test_a_model_is_served_without_a_job_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(packed({"model.pkl": pickle.dumps(10), "code/inference.py": INFERENCE}))
    with serve([ServedContainer(SCIKIT_LEARN, archive, container()["Environment"])]) as fleet:
        assert fleet.ping()
        answer = fleet.invoke(b"1,2\n", "text/csv", "text/csv")
    assert (answer.status, answer.body, answer.content_type) == (200, b"30\n", "text/csv")
    assert list(tmp_path.iterdir()) == [archive]
