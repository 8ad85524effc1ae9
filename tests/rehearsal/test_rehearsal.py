"""The samples live their whole life on this machine, in the templates that would be deployed."""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sample_account import needs_samples, sample_account

from rehearsal.api import REHEARSAL
from rehearsal.coverage import silent, stale_reasons, unneeded
from rehearsal.customization_scenarios import CUSTOMIZATION_SCENARIOS
from rehearsal.driver import Rehearsal
from rehearsal.life import live
from rehearsal.release_scenarios import RELEASE_SCENARIOS
from rehearsal.scenarios import SCENARIOS
from rehearsal.step import Step

RECORDED = {
    "AWS::CloudTrail::Trail",
    "AWS::EC2::FlowLog",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::SageMaker::Domain",
    "AWS::SageMaker::StudioLifecycleConfig",
}
"""Types whose properties are checked and which then do nothing: a rehearsal proves nothing about them."""

QUICK = ("missing_permission",)
"""A fault that ends the workflow early; the others take longer."""

TRAINING = [name for name in SCENARIOS if name not in {**RELEASE_SCENARIOS, **CUSTOMIZATION_SCENARIOS}]
"""Those of releases and of customization have tests of their own (test_release_life.py,
test_customization_faults.py)."""

pytestmark = needs_samples


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A small environment with a sample in it, deployed; nothing is released."""
    with sample_account(tmp_path_factory.mktemp("account"), "credit-approval", serving=False) as rehearsal:
        yield rehearsal


@pytest.fixture(scope="module")
def steps(account: Rehearsal) -> list[Step]:
    """Every workflow of a sample, run once; those of all of them are in test_release_life.py."""
    return list(live(account, account.product("credit-approval")))


@pytest.fixture(scope="module")
def packages(account: Rehearsal, steps: list[Step]) -> dict[str, dict[str, Any]]:
    """The versions registered, as SageMaker describes them, by ARN."""
    client = account.emulator.client("sagemaker", REHEARSAL)
    arns = [s.ended.output["ModelPackageArn"] for s in steps if s.workflow != "batch" and s.ended.succeeded]
    return {arn: client.describe_model_package(ModelPackageName=arn) for arn in arns}


def stored(account: Rehearsal, uri: str) -> bytes:
    """What lies at an s3:// address."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bytes(account.emulator.client("s3", REHEARSAL).get_object(Bucket=bucket, Key=key)["Body"].read())


def test_every_workflow_of_a_sample_does_what_it_promises(steps: list[Step]) -> None:
    failed = [
        f"{s.model} {s.workflow}: {s.ended.error} {s.ended.cause}" for s in steps if not s.ended.succeeded
    ]
    assert not failed
    assert [(step.model, step.workflow) for step in steps] == [
        ("credit-approval", "train"),
        ("credit-approval", "register"),
        ("credit-approval", "batch"),
    ]


@pytest.mark.thorough
def test_the_registered_metrics_are_those_of_the_scripts_run_by_hand(
    account: Rehearsal, packages: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    first = next(package for arn, package in packages.items() if arn.endswith("credit-approval/1"))
    registered = json.loads(stored(account, first["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]))
    assert registered == evaluated_by_hand(account.models / "credit-approval", account, tmp_path)


def evaluated_by_hand(model: Path, account: Rehearsal, scratch: Path) -> Any:
    """What evaluate.py writes when a person prepares, trains and evaluates on this machine."""

    def run(script: str, *arguments: str, **variables: str) -> None:
        words = [sys.executable, script, *arguments]
        subprocess.run(words, cwd=model, env=os.environ | variables, check=True, capture_output=True)

    train, test, artifact = scratch / "train", scratch / "test", scratch / "artifact"
    artifact.mkdir()
    made = ["--output-train", str(train), "--output-test", str(test)]
    run("prepare.py", "--train", "data/train", "--test", "data/test", *made)
    settings = account.product("credit-approval").train
    assert settings is not None
    told = [word for name, value in settings.hyperparameters.items() for word in (f"--{name}", str(value))]
    run("train.py", *told, SM_CHANNEL_TRAIN=str(train), SM_CHANNEL_TEST=str(test), SM_MODEL_DIR=str(artifact))
    with tarfile.open(scratch / "model.tar.gz", "w:gz") as packed:
        packed.add(artifact, ".")
    given = ["--model", str(scratch), "--test", str(test), "--train", str(train), "--output", str(scratch)]
    run("evaluate.py", *given)
    return json.loads((scratch / "evaluation.json").read_text(encoding="utf-8"))


def test_no_statement_of_a_rehearsed_role_could_be_left_out(account: Rehearsal, steps: list[Step]) -> None:
    assert [str(statement) for statement in unneeded(account.emulator)] == []
    assert silent(account.emulator) == []
    assert stale_reasons(account.emulator) == []


def test_every_call_of_every_role_is_allowed(account: Rehearsal, steps: list[Step]) -> None:
    assert [str(call) for call in account.emulator.trace if not call.allowed] == []
    assert len(account.emulator.trace) > 600


def test_what_is_only_recorded_is_known(account: Rehearsal) -> None:
    assert account.engine.recorded == RECORDED


def test_versions_wait_for_approval_and_say_where_they_come_from(
    account: Rehearsal, packages: dict[str, dict[str, Any]]
) -> None:
    for arn, package in packages.items():
        card = json.loads(package["ModelCard"]["ModelCardContent"])
        group = package["ModelPackageGroupName"]
        assert package["ModelApprovalStatus"] in ("PendingManualApproval", "Approved"), arn
        product = account.product(group.removeprefix("acme-dev-"))
        assert card["intended_uses"]["purpose_of_model"] == product.description
        assert package["CustomerMetadataProperties"]
    oldest = min(packages, key=lambda arn: packages[arn]["CreationTime"])
    assert packages[oldest]["ModelApprovalStatus"] == "PendingManualApproval"


def test_no_version_and_no_job_refers_to_the_bucket_of_deployments(
    account: Rehearsal, packages: dict[str, dict[str, Any]]
) -> None:
    client = account.emulator.client("sagemaker", REHEARSAL)
    jobs = [
        client.describe_training_job(TrainingJobName=job["TrainingJobName"])
        for job in client.list_training_jobs()["TrainingJobSummaries"]
    ]
    jobs += [
        client.describe_processing_job(ProcessingJobName=job["ProcessingJobName"])
        for job in client.list_processing_jobs()["ProcessingJobSummaries"]
    ]
    assert len(jobs) >= 5
    assert "cdk-hnb659fds" not in json.dumps([*packages.values(), *jobs], default=str)


def test_a_version_is_registered_once_however_often_its_state_runs(
    account: Rehearsal, steps: list[Step]
) -> None:
    states = account.emulator.client("stepfunctions", REHEARSAL)
    history = states.get_paginator("get_execution_history").paginate(executionArn=steps[0].ended.arn)
    asked = [
        json.loads(event["taskScheduledEventDetails"]["parameters"])
        for page in history
        for event in page["events"]
        if event["type"] == "TaskScheduled"
    ]
    again = next(a for a in asked if "model-registration" in a.get("FunctionName", ""))
    answer = account.emulator.client("lambda", REHEARSAL).invoke(
        FunctionName=again["FunctionName"], Payload=json.dumps(again["Payload"])
    )
    result = json.loads(answer["Payload"].read())
    assert result["ModelPackageArn"] == steps[0].ended.output["ModelPackageArn"]
    assert result["Created"] is False


def test_predictions_are_those_of_the_approved_version(account: Rehearsal, steps: list[Step]) -> None:
    scored = next(step for step in steps if step.workflow == "batch")
    bucket = account.settings.names.bucket("artifacts")
    client = account.emulator.client("s3", REHEARSAL)
    keys = [
        one["Key"]
        for one in client.list_objects_v2(Bucket=bucket, Prefix="predictions/credit-approval/")["Contents"]
    ]
    (predicted,) = [key for key in keys if key.endswith(".out")]
    lines = stored(account, f"s3://{bucket}/{predicted}").decode().splitlines()
    assert len(lines) == 40
    assert {line.split(",")[1] for line in lines} == {"approve", "refuse"}
    record = json.loads(
        stored(account, f"s3://{bucket}/{next(k for k in keys if k.endswith('record.json'))}")
    )
    assert record["ModelPackageArn"] == scored.ended.output["ModelPackageArn"]


@pytest.mark.parametrize(
    "fault",
    [pytest.param(fault, marks=[] if fault in QUICK else [pytest.mark.thorough]) for fault in TRAINING],
)
def test_with_a_fault_the_workflow_ends_as_promised(
    account: Rehearsal, steps: list[Step], fault: str
) -> None:
    """After the life, whose calls are all to be allowed: one fault takes a permission away."""
    product = account.product("credit-approval")
    account.upload(product)
    outcome = SCENARIOS[fault].rehearse(account, product)
    assert outcome.as_promised, outcome.seen
