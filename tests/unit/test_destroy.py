"""Deleting an environment, against an S3 that answers."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from mlplatform.settings import Environment, read_environments
from tools import destroy
from tools.deployed import deployed_stacks
from tools.destroy import dependents, empty, main, open_up, protected_stacks

FIXTURES = Path(__file__).parents[1] / "fixtures" / "environments"
STRANGER = "999999999999"
BUCKET = "acme-small-data-111122223333-eu-west-1"


@pytest.fixture
def s3(aws: None) -> Any:
    """An S3 client of an account with one versioned bucket."""
    client = boto3.client("s3", region_name="eu-west-1")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return client


@pytest.mark.thorough
def test_every_version_and_delete_marker_goes(s3: Any) -> None:
    for number in range(1100):
        s3.put_object(Bucket=BUCKET, Key=f"object-{number}", Body=b"first")
    s3.put_object(Bucket=BUCKET, Key="object-0", Body=b"second")
    s3.delete_object(Bucket=BUCKET, Key="object-1")
    assert empty(BUCKET, s3) == 1102
    listing = s3.list_object_versions(Bucket=BUCKET)
    assert "Versions" not in listing
    assert "DeleteMarkers" not in listing
    s3.delete_bucket(Bucket=BUCKET)


def test_a_bucket_that_does_not_exist_holds_nothing(s3: Any) -> None:
    open_up("acme-none", s3)
    assert empty("acme-none", s3) == 0


def test_the_policy_that_keeps_everyone_out_is_taken_away_first(s3: Any) -> None:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteObject*",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
    }
    s3.put_bucket_policy(
        Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    open_up(BUCKET, s3)
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=BUCKET)


def test_an_environment_that_retains_is_refused_before_anybody_is_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["full", "--folder", str(FIXTURES)]) == 2
    assert capsys.readouterr().err == (
        "destroy: environments/full.yaml says removal: retain, and acme-full-credit-approval would go on to "
        "run, with models and configurations, and to cost; docs/environments.md tells how to take such an "
        "environment down\n"
    )


def environment(tmp_path: Path, account: str) -> list[str]:
    """Arguments for an environment of this account that may be destroyed."""
    folder = tmp_path / "environments"
    folder.mkdir()
    text = (FIXTURES / "small.yaml").read_text(encoding="utf-8")
    (folder / "small.yaml").write_text(text.replace("111122223333", account), encoding="utf-8")
    return ["small", "--folder", str(folder)]


@pytest.mark.parametrize(("answer", "deleted"), [("small", True), ("yes", False), ("", False)])
def test_nothing_is_deleted_until_the_name_is_typed(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, deleted: bool
) -> None:
    account = boto3.client("sts", region_name="eu-west-1").get_caller_identity()["Account"]
    bucket = f"acme-small-data-{account}-eu-west-1"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=bucket, Key="object", Body=b"data")
    cdk = tmp_path / "cdk"
    cdk.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/called\n')
    cdk.chmod(0o755)
    monkeypatch.setattr(destroy.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr("builtins.input", lambda _: answer)
    monkeypatch.setattr(destroy, "deployed_stacks", lambda _: [])
    monkeypatch.setattr(destroy, "delete_hub_contents", lambda *_: 0)
    assert main(environment(tmp_path, account)) == (0 if deleted else 2)
    assert ("Contents" in s3.list_objects_v2(Bucket=bucket)) is not deleted
    called = tmp_path / "called"
    assert (called.read_text() if called.exists() else "") == ("destroy --force small/*\n" if deleted else "")


def stack(name: str, *, protected: bool = False) -> dict[str, Any]:
    """A stack as CloudFormation describes it."""
    return {"StackName": name, "StackStatus": "CREATE_COMPLETE", "EnableTerminationProtection": protected}


def test_stacks_that_were_deployed_to_be_retained_are_found(environments: dict[str, Environment]) -> None:
    names = {"acme-small-network": True, "acme-smaller-network": True, "acme-small-foundation": False}
    client = boto3.client("cloudformation", region_name="eu-west-1")
    when = {"CreationTime": datetime(2026, 1, 1, tzinfo=UTC)}
    with Stubber(client) as stubber:
        described = [{**stack(name, protected=protected), **when} for name, protected in names.items()]
        stubber.add_response("describe_stacks", {"Stacks": described})
        found = deployed_stacks(client)
    assert protected_stacks(environments["small"], found) == ["acme-small-network"]


def test_an_account_is_not_taken_from_under_the_environments_that_use_it(tmp_path: Path) -> None:
    folder = tmp_path / "environments"
    folder.mkdir()
    text = (FIXTURES / "small.yaml").read_text(encoding="utf-8")
    (folder / "small.yaml").write_text(text, encoding="utf-8")
    (folder / "lab.yaml").write_text(text.replace("owns_account: true", "owns_account: false"))
    lab, small = read_environments(folder)
    deployed = [stack("acme-lab-studio"), stack("acme-small-studio"), stack("other-lab-studio")]
    assert dependents(small, deployed) == ["acme-lab-studio"]
    assert dependents(lab, deployed) == []


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (
            ["acme-small-network"],
            "acme-small-network still retains what it holds: deploy removal: destroy first",
        ),
        ([], "nothing was deleted"),
    ],
    ids=["a protected stack", "nobody there to answer"],
)
def test_nothing_is_deleted_where_it_must_not_or_nobody_answers(
    s3: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kept: list[str],
    message: str,
) -> None:
    account = boto3.client("sts", region_name="eu-west-1").get_caller_identity()["Account"]
    stacks = [stack(name, protected=True) for name in kept]
    monkeypatch.setattr(destroy, "deployed_stacks", lambda _: stacks)
    monkeypatch.setattr(destroy.sys, "stdin", StringIO(""))
    assert main(environment(tmp_path, account)) == 2
    assert capsys.readouterr().err == f"destroy: {message}\n"


def test_credentials_that_may_not_look_at_the_stacks_are_refused_in_one_line(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def denied(*_: Any) -> list[str]:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeStacks")

    account = boto3.client("sts", region_name="eu-west-1").get_caller_identity()["Account"]
    monkeypatch.setattr(destroy, "deployed_stacks", denied)
    assert main(environment(tmp_path, account)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("destroy: An error occurred (AccessDenied)")


def test_another_account_and_an_unknown_environment_are_refused_in_one_line(
    s3: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(environment(tmp_path, STRANGER)) == 2
    assert capsys.readouterr().err.startswith(
        "destroy: small is account 999999999999, the credentials are of "
    )
    assert main(["nowhere", "--folder", str(tmp_path / "environments")]) == 2
    assert capsys.readouterr().err == (
        "destroy: environments:1: no such environment, given 'nowhere', allowed: small\n"
    )
