"""Training jobs of the rehearsal: real scripts under SageMaker's container contract."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rehearsed_account import (
    BUCKET,
    KEY,
    ROLE,
    SCIKIT_LEARN,
    TRUST,
    VPC,
    XGBOOST,
    Account,
    account,
    allow,
    channel,
    job_policy,
    packed,
    script_mode,
    training,
    unpacked,
)

pytestmark = pytest.mark.thorough

ROWS = "label,income\n" + "".join(f"{int(value > 50)},{value}\n" for value in range(0, 100, 3))
TRAIN = """
import argparse, os, pathlib, pickle
import pandas as pd
from sklearn.linear_model import LogisticRegression

parser = argparse.ArgumentParser()
parser.add_argument("--strength", type=float)
parser.add_argument("--penalty-name")
parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
given = parser.parse_args()
data = pd.concat(pd.read_csv(path) for path in sorted(pathlib.Path(given.train).glob("*.csv")))
model = LogisticRegression(C=given.strength).fit(data[["income"]], data["label"])
print(f"train:accuracy={model.score(data[['income']], data['label'])};")
pathlib.Path(given.model_dir, "model.pkl").write_bytes(pickle.dumps(model))
"""
PLAIN = """
import json, os, pathlib, sys
print("train:accuracy=0.75;")
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text("model")
pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "seen.json").write_text(json.dumps(
    {"environment": dict(os.environ), "arguments": sys.argv[1:]}))
"""
METRIC = [{"Name": "train:accuracy", "Regex": "train:accuracy=([0-9.]+);"}]


@pytest.fixture(scope="module")
def here() -> Iterator[Account]:
    with account() as found:
        found.put("data/train/a.csv", ROWS)
        found.source("real", {"train.py": TRAIN})
        found.source("plain", {"train.py": PLAIN})
        yield found


def scikit_learn(name: str, source: str = "plain", **more: Any) -> dict[str, Any]:
    channels = [
        channel("train", f"s3://{BUCKET}/data/train/"),
        channel("code", f"s3://{BUCKET}/source/{source}/"),
    ]
    given = {"HyperParameters": script_mode(strength=0.5, **{"penalty-name": "l 2"})}
    return training(name, SCIKIT_LEARN, channels, **{**given, **more})


def ran(here: Account, request: dict[str, Any]) -> dict[str, Any]:
    here.api.create_training_job(**request)
    return here.sagemaker.wait(request["TrainingJobName"])


def test_a_script_trains_for_real_and_its_model_lies_in_s3(here: Account) -> None:
    job = ran(here, scikit_learn("real", "real"))
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{BUCKET}/models/real/output/model.tar.gz"
    files = unpacked(here.get(job["ModelArtifacts"]["S3ModelArtifacts"]))
    assert list(files) == ["model.pkl"]
    assert files["model.pkl"].startswith(b"\x80")


def test_a_script_finds_its_channels_hyperparameters_and_folders_as_the_toolkit_gives_them(
    here: Account,
) -> None:
    ran(here, scikit_learn("contract", Environment={"OWN": "/opt/ml/model/x"}))
    output = unpacked(here.get(f"s3://{BUCKET}/models/contract/output/output.tar.gz"))
    seen = json.loads(output["seen.json"])
    variables = seen["environment"]
    assert seen["arguments"] == ["--penalty-name", "l 2", "--strength", "0.5"]
    assert json.loads(variables["SM_HPS"]) == {"strength": 0.5, "penalty-name": "l 2"}
    assert variables["SM_CHANNEL_TRAIN"].endswith("/opt/ml/input/data/train")
    assert json.loads(variables["SM_CHANNELS"]) == ["code", "train"]
    assert variables["SM_USER_ENTRY_POINT"] == "train.py"
    assert variables["TRAINING_JOB_NAME"] == "contract"
    assert variables["OWN"] == variables["SM_MODEL_DIR"] + "/x"


def test_an_isolated_container_has_no_credentials_and_nothing_of_this_process(here: Account) -> None:
    ran(here, scikit_learn("isolated"))
    seen = json.loads(unpacked(here.get(f"s3://{BUCKET}/models/isolated/output/output.tar.gz"))["seen.json"])
    assert not {
        name for name in seen["environment"] if "KEY" in name or "TOKEN" in name or "ENDPOINT" in name
    }
    assert "PYTEST_CURRENT_TEST" not in seen["environment"]


def test_a_container_with_a_network_finds_its_role(here: Account) -> None:
    ran(here, scikit_learn("connected", EnableNetworkIsolation=False))
    seen = json.loads(unpacked(here.get(f"s3://{BUCKET}/models/connected/output/output.tar.gz"))["seen.json"])
    assert seen["environment"]["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert seen["environment"]["AWS_ENDPOINT_URL"] == here.emulator.endpoint


def test_metrics_are_read_from_the_real_log(here: Account) -> None:
    request = scikit_learn("metrics")
    request["AlgorithmSpecification"]["MetricDefinitions"] = METRIC
    job = ran(here, request)
    (metric,) = job["FinalMetricDataList"]
    assert metric["MetricName"] == "train:accuracy"
    assert any(f"train:accuracy={metric['Value']};" in line for line in here.log("Training", "metrics"))


def test_a_job_goes_through_the_secondary_statuses_in_order(here: Account) -> None:
    job = ran(here, scikit_learn("steps"))
    steps = [step["Status"] for step in job["SecondaryStatusTransitions"]]
    assert steps == ["Starting", "Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all("EndTime" in step for step in job["SecondaryStatusTransitions"][:-1])
    assert job["TrainingStartTime"] <= job["TrainingEndTime"]
    assert job["BillableTimeInSeconds"] >= 1


def test_a_script_that_fails_is_named_with_its_last_lines_and_exit_code(here: Account) -> None:
    here.source("bad", {"train.py": "raise ValueError('no such income')"})
    job = ran(here, scikit_learn("bad", "bad"))
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: ExecuteUserScriptError:\nExitCode 1")
    assert "ValueError: no such income" in job["FailureReason"]
    assert job["FailureReason"].endswith("exit code: 1")
    assert not here.keys("models/bad/")


def test_a_missing_program_and_a_missing_requirement_fail_the_job(here: Account) -> None:
    here.source("absent", {"other.py": ""})
    here.source("wants", {"train.py": TRAIN, "requirements.txt": "no-such-distribution-anywhere==1\n"})
    assert "train.py is not in the source" in ran(here, scikit_learn("absent", "absent"))["FailureReason"]
    assert "InstallRequirementsError" in ran(here, scikit_learn("wants", "wants"))["FailureReason"]


def test_an_image_without_a_library_here_fails_and_says_so(here: Account) -> None:
    image = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-training:2.10.0-cpu-py313"
    request = scikit_learn("torch")
    request["AlgorithmSpecification"]["TrainingImage"] = image
    assert "runs sagemaker-scikit-learn and sagemaker-xgboost only" in ran(here, request)["FailureReason"]


def test_data_that_is_not_there_fails_the_job_as_the_service_words_it(here: Account) -> None:
    request = scikit_learn("nothing")
    request["InputDataConfig"][0] = channel("train", f"s3://{BUCKET}/data/nothing/")
    assert "No S3 objects found under S3 URL" in ran(here, request)["FailureReason"]


def test_the_time_limit_ends_a_job_and_keeps_what_it_had(here: Account) -> None:
    slow = "import os, time, pathlib\npathlib.Path(os.environ['SM_MODEL_DIR'], 'half').write_text('x')\n"
    slow += "time.sleep(60)"
    here.source("slow", {"train.py": slow})
    job = ran(here, scikit_learn("slow", "slow", StoppingCondition={"MaxRuntimeInSeconds": 1}))
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert list(unpacked(here.get(job["ModelArtifacts"]["S3ModelArtifacts"]))) == ["half"]


def test_a_stopped_job_ends_stopped_and_cannot_be_stopped_again(here: Account) -> None:
    here.source("endless", {"train.py": "import time\nprint('begun')\ntime.sleep(60)"})
    here.api.create_training_job(**scikit_learn("endless", "endless"))
    here.api.stop_training_job(TrainingJobName="endless")
    assert here.sagemaker.wait("endless")["TrainingJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match="is in status Stopped"):
        here.api.stop_training_job(TrainingJobName="endless")


def test_names_are_unique_and_an_unknown_one_is_not_found(here: Account) -> None:
    ran(here, scikit_learn("once"))
    with pytest.raises(ClientError, match="ResourceInUse.*already exists"):
        here.api.create_training_job(**scikit_learn("once"))
    with pytest.raises(ClientError, match="Requested resource not found"):
        here.api.describe_training_job(TrainingJobName="never")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"EnableManagedSpotTraining": True}, "MaxWaitTimeInSeconds must be set"),
        (
            {
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 30},
            },
            "Invalid MaxWaitTimeInSeconds",
        ),
        ({"TrainingJobName": "a" * 64}, "less than or equal to 63"),
        ({"TrainingJobName": "under_score"}, "regular expression pattern"),
        (
            {"ResourceConfig": {"InstanceType": "ml.m5.tiny", "InstanceCount": 1, "VolumeSizeInGB": 1}},
            "enum value set",
        ),
        (
            {
                "ResourceConfig": {
                    "InstanceType": "ml.g5.xlarge",
                    "InstanceCount": 1,
                    "VolumeSizeInGB": 1,
                    "VolumeKmsKeyId": KEY,
                }
            },
            "local storage",
        ),
        ({"InputDataConfig": [channel("train", "s3://a/b"), channel("train", "s3://a/c")]}, "must be unique"),
    ],
)
def test_a_request_that_the_service_refuses_is_refused_here(
    here: Account, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        here.api.create_training_job(**{**scikit_learn("refused"), **change})


def test_a_job_uses_every_permission_of_its_machine(here: Account) -> None:
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}
    request = scikit_learn("machine", VpcConfig=VPC, ResourceConfig={**resources, "VolumeKmsKeyId": KEY})
    assert ran(here, request)["TrainingJobStatus"] == "Completed"
    granted = {action for statement in job_policy()["Statement"] for action in statement["Action"]}
    assert granted <= here.actions()


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("s3:GetObject", "s3:GetObject"),
        ("s3:PutObject", "s3:PutObject"),
        ("ecr:BatchGetImage", "ecr:BatchGetImage"),
        ("ec2:CreateNetworkInterface", "ec2:CreateNetworkInterface"),
    ],
)
def test_a_missing_permission_fails_the_job_and_is_named(missing: str, reason: str, here: Account) -> None:
    policy = job_policy()
    for statement in policy["Statement"]:
        statement["Action"] = [action for action in statement["Action"] if action != missing] or [
            "sts:GetCallerIdentity"
        ]
    here.give(policy)
    try:
        name = "without-" + missing.replace(":", "-")
        job = ran(here, scikit_learn(name, VpcConfig=VPC))
    finally:
        here.give(job_policy())
    assert job["TrainingJobStatus"] == "Failed"
    assert reason in job["FailureReason"]


def test_a_role_that_does_not_trust_sagemaker_is_refused_at_once(here: Account) -> None:
    trust = json.loads(json.dumps(TRUST).replace("sagemaker.amazonaws.com", "lambda.amazonaws.com"))
    here.give(job_policy(), trust)
    try:
        with pytest.raises(ClientError, match=f"Could not assume role {ROLE}"):
            here.api.create_training_job(**scikit_learn("untrusted"))
    finally:
        here.give(job_policy())


def test_a_log_that_cannot_be_written_is_noted_and_does_not_fail_the_job(here: Account) -> None:
    policy = job_policy()
    policy["Statement"] = [s for s in policy["Statement"] if "logs:PutLogEvents" not in s["Action"]]
    here.give(policy)
    try:
        assert ran(here, scikit_learn("silent"))["TrainingJobStatus"] == "Completed"
    finally:
        here.give(job_policy())
    assert any("logs:CreateLogGroup" in note for note in here.emulator.notes)


CHECKPOINTED = """
import os, pathlib, time
folder = pathlib.Path(os.environ["FOLDER"])
done = len(list(folder.glob("epoch-*")))
print(f"starting at {done}")
for epoch in range(done, 4):
    folder.joinpath(f"epoch-{epoch}").write_text("x")
    time.sleep(0.4)
pathlib.Path(os.environ["SM_MODEL_DIR"], "started").write_text(str(done))
"""


def test_an_interrupted_spot_job_goes_on_from_its_checkpoint(here: Account) -> None:
    here.source("spot", {"train.py": CHECKPOINTED})
    here.emulator.faults.inject("spot_interruption", "spot")
    job = ran(
        here,
        scikit_learn(
            "spot",
            "spot",
            EnableManagedSpotTraining=True,
            StoppingCondition={"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
            CheckpointConfig={"S3Uri": f"s3://{BUCKET}/checkpoints/spot/"},
            Environment={"FOLDER": "/opt/ml/checkpoints"},
        ),
    )
    assert job["TrainingJobStatus"] == "Completed"
    steps = [step["Status"] for step in job["SecondaryStatusTransitions"]]
    assert steps[2:] == [
        *("Downloading", "Training", "Interrupted", "Restarting"),
        *("Downloading", "Training", "Uploading", "Completed"),
    ]
    assert unpacked(here.get(job["ModelArtifacts"]["S3ModelArtifacts"]))["started"] != b"0"
    assert len(here.keys("checkpoints/spot/")) == 4


@pytest.mark.parametrize(
    ("fault", "name", "reason"),
    [
        ("capacity", "no-room", "CapacityError: Unable to provision requested ML compute capacity"),
        ("job_failure", "killed", "exit code: 137"),
    ],
)
def test_an_injected_fault_fails_the_job_once(here: Account, fault: Any, name: str, reason: str) -> None:
    here.emulator.faults.inject(fault, f"{name}-*")
    assert reason in ran(here, scikit_learn(f"{name}-1"))["FailureReason"]
    assert ran(here, scikit_learn(f"{name}-2"))["TrainingJobStatus"] == "Completed"


def test_events_tell_how_a_job_goes(here: Account) -> None:
    events: list[Any] = []
    here.emulator.subscribe(events.append)
    ran(here, scikit_learn("told"))
    here.emulator.settle()
    told = [e["detail"] for e in events if e["detail-type"] == "SageMaker Training Job State Change"]
    mine = [detail for detail in told if detail["TrainingJobName"] == "told"]
    assert mine[0]["TrainingJobStatus"] == "InProgress"
    assert mine[-1]["TrainingJobStatus"] == "Completed"
    assert isinstance(mine[-1]["TrainingEndTime"], int)


def test_jobs_are_listed_by_status_and_name(here: Account) -> None:
    ran(here, scikit_learn("listed-1"))
    ran(here, scikit_learn("listed-2"))
    found = here.api.list_training_jobs(
        NameContains="listed", StatusEquals="Completed", SortBy="Name", MaxResults=1
    )
    assert [job["TrainingJobName"] for job in found["TrainingJobSummaries"]] == ["listed-2"]
    more = here.api.list_training_jobs(
        NameContains="listed",
        StatusEquals="Completed",
        SortBy="Name",
        MaxResults=1,
        NextToken=found["NextToken"],
    )
    assert [job["TrainingJobName"] for job in more["TrainingJobSummaries"]] == ["listed-1"]


XGB_ROWS = "".join(f"{int(value > 50)},{value},{value % 7}\n" for value in range(0, 100, 2))


def built_in(name: str, **hyperparameters: str) -> dict[str, Any]:
    channels = [
        channel("train", f"s3://{BUCKET}/xgb/train/", ContentType="text/csv"),
        channel("validation", f"s3://{BUCKET}/xgb/validation/", ContentType="text/csv"),
    ]
    given = {
        "objective": "binary:logistic",
        "num_round": "4",
        "eval_metric": "auc,accuracy",
        **hyperparameters,
    }
    return training(name, XGBOOST, channels, HyperParameters=given)


@pytest.fixture(scope="module")
def xgb(here: Account) -> Account:
    here.put("xgb/train/train.csv", XGB_ROWS)
    here.put("xgb/validation/validation.csv", XGB_ROWS)
    return here


def test_the_built_in_algorithm_trains_and_reports_its_predefined_metrics(xgb: Account) -> None:
    job = ran(xgb, built_in("xgb"))
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    metrics = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    assert set(metrics) == {"train:auc", "train:accuracy", "validation:auc", "validation:accuracy"}
    assert metrics["validation:auc"] > 0.9
    assert any(line.startswith("[0]#011train-auc:") for line in xgb.log("Training", "xgb"))
    assert list(unpacked(xgb.get(job["ModelArtifacts"]["S3ModelArtifacts"]))) == ["xgboost-model"]


@pytest.mark.parametrize(
    ("hyperparameters", "reason"),
    [
        ({"learning_speed": "1"}, "Extraneous hyperparameter found: learning_speed"),
        ({"num_round": "many"}, "num_round"),
        ({"objective": "multi:softprob"}, "num_class"),
        ({"objective": "no:such"}, "no:such"),
    ],
)
def test_the_built_in_algorithm_refuses_unusable_hyperparameters(
    xgb: Account, hyperparameters: dict[str, str], reason: str
) -> None:
    name = "xgb-" + "-".join(hyperparameters).replace("_", "-")
    job = ran(xgb, built_in(f"{name}-{len(reason)}", **hyperparameters))
    assert job["TrainingJobStatus"] == "Failed"
    assert reason in job["FailureReason"]


def test_the_built_in_algorithm_refuses_a_header(xgb: Account) -> None:
    xgb.put("xgb/header/train.csv", "label,income\n" + XGB_ROWS)
    request = built_in("xgb-header")
    request["InputDataConfig"] = [channel("train", f"s3://{BUCKET}/xgb/header/", ContentType="text/csv")]
    assert ran(xgb, request)["TrainingJobStatus"] == "Failed"


def test_an_interrupted_built_in_job_resumes_and_has_all_its_rounds(xgb: Account) -> None:
    xgb.emulator.faults.inject("spot_interruption", "xgb-spot")
    request = built_in("xgb-spot", num_round="60")
    request |= {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
        "CheckpointConfig": {"S3Uri": f"s3://{BUCKET}/checkpoints/xgb/"},
    }
    assert ran(xgb, request)["TrainingJobStatus"] == "Completed"
    log = xgb.log("Training", "xgb-spot")
    assert any("resuming" in line for line in log)
    assert any(line.startswith("[59]") for line in log)


def test_an_archive_that_leaves_its_folder_is_not_unpacked(here: Account) -> None:
    here.put("source/outside/source.tar.gz", packed({"../../outside.py": "x"}))
    job = ran(here, scikit_learn("outside", "outside"))
    assert job["TrainingJobStatus"] == "Failed"
    assert "outside" in job["FailureReason"]


def test_without_permission_to_list_the_reason_is_the_refusal(here: Account) -> None:
    here.give({"Version": "2012-10-17", "Statement": [allow("ecr:*"), allow("s3:GetObject")]})
    try:
        job = ran(here, scikit_learn("unlisted"))
    finally:
        here.give(job_policy())
    assert "s3:ListBucket" in job["FailureReason"]
