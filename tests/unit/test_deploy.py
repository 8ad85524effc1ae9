"""Deploying: only what was checked, and only to the account and region the file names."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from mlplatform.settings import Environment, read_environments
from tools import deploy, instance_types
from tools.deploy import command, main, unfit_for, unprotect_failed

ROOT = Path(__file__).parents[2]
USERS = ROOT / "environments"


@pytest.fixture
def mine() -> Environment:
    """The first of the user's own environments."""
    return read_environments(USERS)[0]


@pytest.fixture
def account_of_mine(
    mine: Environment, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Credentials of the account of that environment, in memory, with no region configured."""
    monkeypatch.setenv("MOTO_ACCOUNT_ID", mine.account)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    request.getfixturevalue("aws")


def arguments(mine: Environment, outdir: Path, *more: str) -> list[str]:
    """Arguments of `make deploy` for an environment and a synthesis."""
    return [mine.name, "--folder", str(USERS), "--outdir", str(outdir), *more]


def test_what_is_deployed_is_what_was_checked(mine: Environment) -> None:
    words = command(mine, Path("cdk.out"), None)
    assert words[1:] == ["deploy", f"{mine.name}/*", "--app", "cdk.out", "--require-approval", "broadening"]
    assert command(mine, Path("cdk.out"), "Studio")[2] == f"{mine.name}/Studio"
    assert command(mine, Path("cdk.out"), None, approved=True)[-1] == "never"


def test_a_synthesis_of_this_environment_fits(mine: Environment, synthesized: Path) -> None:
    assert unfit_for(mine, synthesized, None) == ""
    assert unfit_for(mine, synthesized, "Network") == ""


def test_an_environment_that_was_not_synthesized_is_refused(mine: Environment, tmp_path: Path) -> None:
    assert unfit_for(mine, tmp_path, None) == f"{tmp_path} has no {mine.name}: run make synth first"


def test_a_synthesis_for_another_account_is_refused(mine: Environment, synthesized: Path) -> None:
    moved = mine.model_copy(update={"account": "999999999999"})
    assert unfit_for(moved, synthesized, None) == (
        f"{synthesized} is for aws://{mine.account}/{mine.region}, "
        f"the file says aws://999999999999/{mine.region}: run make synth again"
    )


def test_a_stack_that_is_not_there_is_refused_with_those_that_are(
    mine: Environment, synthesized: Path
) -> None:
    refusal = unfit_for(mine, synthesized, "Netwrok")
    assert refusal.startswith(f"no stack Netwrok in {mine.name}, there is: ")
    assert "Network" in refusal


def test_credentials_of_another_account_deploy_nothing(
    mine: Environment,
    synthesized: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = f"{(int(mine.account) + 1) % 10**12:012}"
    monkeypatch.setenv("MOTO_ACCOUNT_ID", other)
    request.getfixturevalue("aws")
    assert main(arguments(mine, synthesized)) == 2
    what = f"{mine.name} is account {mine.account}, the credentials are of {other}"
    assert capsys.readouterr().err == f"deploy: {what}\n"


def test_a_profile_of_another_region_deploys_nothing(
    account_of_mine: None,
    mine: Environment,
    synthesized: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    assert main(arguments(mine, synthesized)) == 2
    what = f"{mine.name} is in {mine.region}, the profile's region is ap-south-1"
    assert capsys.readouterr().err == f"deploy: {what}\n"


def test_without_credentials_one_line_says_so(mine: Environment, synthesized: Path, tmp_path: Path) -> None:
    bare = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }
    words = [sys.executable, "-m", "tools.deploy", *arguments(mine, synthesized)]
    done = subprocess.run(words, cwd=ROOT, env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "deploy: no usable AWS credentials: Unable to locate credentials\n"


def test_a_stack_that_was_never_created_may_be_deleted_and_no_other_stack(mine: Environment) -> None:
    name = mine.names.stack
    client = boto3.client(
        "cloudformation",
        region_name=mine.region,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )

    def stack(name: str, status: str, *, protected: bool = True) -> dict[str, Any]:
        when = {"CreationTime": datetime(2026, 1, 1, tzinfo=UTC)}
        return {"StackName": name, "StackStatus": status, "EnableTerminationProtection": protected, **when}

    stacks = [
        stack(name("network"), "CREATE_COMPLETE"),
        stack(name("foundation"), "ROLLBACK_COMPLETE"),
        stack(name("studio"), "ROLLBACK_COMPLETE", protected=False),
        stack("others-dev-network", "ROLLBACK_COMPLETE"),
        stack(name("registry"), "UPDATE_ROLLBACK_COMPLETE"),
    ]
    lifted = {"StackName": name("foundation"), "EnableTerminationProtection": False}
    with Stubber(client) as stubber:
        stubber.add_response("describe_stacks", {"Stacks": stacks}, {})
        stubber.add_response("update_termination_protection", {}, lifted)
        assert unprotect_failed(mine, client) == [name("foundation")]
        stubber.assert_no_pending_responses()


def test_the_exit_code_is_that_of_the_deployment(
    account_of_mine: None,
    mine: Environment,
    synthesized: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = tmp_path / "calls"
    program = tmp_path / "cdk"
    program.write_text(f'#!/bin/sh\necho "$@" >{calls}\nexit 3\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(deploy.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(deploy, "deployed_stacks", lambda _: [])
    monkeypatch.setattr(instance_types, "deployed_stacks", lambda _: [])
    assert main(arguments(mine, synthesized, "--stack", "Network")) == 3
    assert calls.read_text(encoding="utf-8").startswith(f"deploy {mine.name}/Network --app {synthesized}")


def test_a_deployment_that_does_not_wait_for_endpoints_is_refused(
    mine: Environment, synthesized: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(mine, synthesized, "--express")) == 2
    assert capsys.readouterr().err.startswith("deploy: --express is not for this project: ")


def template(instance_type: str | list[str], *, scales: bool = True) -> dict[str, Any]:
    """A Serving stack's template as far as it matters here."""
    given: dict[str, Any] = {"InstanceType": instance_type}
    if isinstance(instance_type, list):
        given = {"InstancePools": [{"InstanceType": one} for one in instance_type]}
    shadow = {"Fn::If": ["HasShadow", [{"VariantName": "shadow", **given}], {"Ref": "AWS::NoValue"}]}
    config = {
        "ProductionVariants": [{"VariantName": "production", **given}],
        "ShadowProductionVariants": shadow,
    }
    target = {"ScalableTarget": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {}}}
    found = {"EndpointConfig": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": config}}
    return {"Resources": {**found, **(target if scales else {})}}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (template("ml.m5.large"), template("ml.m5.large"), None),
        (template("ml.m5.large"), template("ml.c5.large"), ("ml.m5.large", "ml.c5.large")),
        (template("ml.m5.large"), template("ml.c5.large", scales=False), ("ml.m5.large", "ml.c5.large")),
        (template("ml.m5.large", scales=False), template("ml.c5.large"), None),
        (template("ml.m5.large"), template("ml.m5.large", scales=False), None),
        (
            template("ml.m5.large"),
            template(["ml.m5.large", "ml.c5.large"]),
            ("ml.m5.large", "ml.m5.large, ml.c5.large"),
        ),
        (template("ml.m5.large"), {"Resources": {}}, None),
    ],
)
def test_an_instance_type_changes_only_where_nothing_scales(
    before: dict[str, Any], after: dict[str, Any], found: tuple[str, str] | None
) -> None:
    assert instance_types.one_step(before, after) == found


@pytest.fixture
def serving(mine: Environment, tmp_path: Path) -> Path:
    """A synthesis with one Serving stack of that environment, on another instance type than is deployed."""
    folder = tmp_path / "assembly-mine"
    folder.mkdir()
    artifact = {
        "type": "aws:cloudformation:stack",
        "environment": f"aws://{mine.account}/{mine.region}",
        "displayName": f"{mine.name}/Serving-credit-approval",
        "properties": {"templateFile": "serving.template.json"},
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {"a": artifact}}), encoding="utf-8")
    (folder / "serving.template.json").write_text(json.dumps(template("ml.c5.large")), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("released", "only", "refused"),
    [
        (True, None, True),
        (True, "Serving-credit-approval", True),
        (True, "Network", False),
        (False, None, False),
    ],
)
def test_a_deployment_that_sagemaker_would_refuse_is_refused_with_the_two_steps(
    mine: Environment, serving: Path, released: bool, only: str | None, refused: bool
) -> None:
    client = boto3.client(
        "cloudformation",
        region_name=mine.region,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    package = f"arn:aws:sagemaker:eu-west-1:{mine.account}:model-package/x/1" if released else "none"
    name = mine.names.stack("Serving-credit-approval")
    stack = {
        "StackName": name,
        "StackStatus": "UPDATE_COMPLETE",
        "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
        "Parameters": [{"ParameterKey": "ProductionModelPackageArn", "ParameterValue": package}],
    }
    with Stubber(client) as stubber:
        stubber.add_response("describe_stacks", {"Stacks": [stack]}, {})
        if refused:
            body = {"TemplateBody": json.dumps(template("ml.m5.large"))}
            stubber.add_response("get_template", body, {"StackName": name})
        found = instance_types.changed(mine, client, serving, only)
        stubber.assert_no_pending_responses()
    assert len(found) == refused
    assert all("goes from ml.m5.large to ml.c5.large" in line for line in found)
    assert all("serving.autoscaling.paused: true" in line for line in found)


def test_no_command_asks_cloudformation_for_a_difference_that_it_would_plan_with_the_defaults() -> None:
    code = [*ROOT.glob("tools/*.py"), *ROOT.glob(".github/**/*.y*ml"), ROOT / "Makefile"]
    texts = [path.read_text(encoding="utf-8") for path in (*code, *ROOT.glob("docs/**/*.md"))]
    # A list that begins with the CLI, a line of a recipe or of a shell, a command in prose with its options.
    runs = re.compile(r"(\[cdk, \"diff\"|(?:^|[$@;&]) *(?:npx )?cdk diff\b|`cdk diff -).*", re.M)
    found = [match[0] for text in texts for match in runs.finditer(text)]
    assert found
    assert not [line for line in found if "--method=template" not in line]
