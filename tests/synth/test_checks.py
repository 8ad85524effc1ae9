"""The checks of a synthesis, on an app of two small environments: what stops it, what is recorded.

Run as a script, this file is that app with one finding planted in ``dev``.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm

from mlplatform.acknowledgements import ACKNOWLEDGED, accept, accept_everywhere
from mlplatform.checks import install_checks
from mlplatform.regions import partition_of
from tools import findings

ROOT = Path(__file__).parents[2]
ACCOUNTS = {"dev": "111122223333", "prod": "444455556666"}
NO_INLINE_POLICY = "NIST.800.53.R5::NIST.800.53.R5-IAMNoInlinePolicy"
REASON = "the other partition's copy is what this parameter is about"

Furnish = Callable[[cdk.Stack], None]


def small_app(furnish: Furnish, outdir: Path | None = None) -> cdk.App:
    """An app with all checks and, in each of two environments, the stack ``Network`` as furnished."""
    app = cdk.App(outdir=str(outdir) if outdir else None, builtin_cloud_formation_validation=False)
    for environment, account in ACCOUNTS.items():
        place = cdk.Environment(account=account, region="eu-west-1")
        stage = cdk.Stage(app, environment, env=place)
        furnish(cdk.Stack(stage, "Network", stack_name=f"acme-{environment}-network"))
    install_checks(app, partition_of)
    return app


def parameter(stack: cdk.Stack, construct_id: str = "Parameter") -> ssm.CfnParameter:
    """A parameter with a finding of the platform's own: an ARN of another partition."""
    return ssm.CfnParameter(stack, construct_id, type="String", value="arn:aws-cn:s3:::acme")


def plant_in_dev(stack: cdk.Stack) -> None:
    if stack.node.path.startswith("dev/"):
        parameter(stack)


def cdk_synth(*patterns: str, app: str, outdir: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the CDK CLI; ``app`` is a command, or the folder of an assembly."""
    programs = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    cli = shutil.which("cdk", path=programs)
    assert cli, "the pinned CDK CLI is not installed"
    command = [cli, "synth", "--quiet", "--no-notices", "--app", app, *patterns]
    return run(*command, *(["--output", str(outdir)] if outdir else []), PATH=programs)


def run(*command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    # CDK raises instead of exiting while it believes itself inside a test.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    paths = {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "constructs")))}
    return subprocess.run(
        command, env=inherited | paths | environ, capture_output=True, text=True, check=False
    )


@pytest.mark.thorough
def test_a_finding_in_one_stack_of_one_environment_stops_the_cli(tmp_path: Path) -> None:
    outdir = tmp_path / "cdk.out"
    refused = cdk_synth("**", app=f"{sys.executable} {__file__}", outdir=outdir)
    assert refused.returncode == 1
    assert "dev/Network/Parameter" in refused.stderr
    assert "Acknowledge with 'Platform::PARTITION'" in refused.stderr
    assert cdk_synth("dev/*", app=str(outdir)).returncode == 1
    assert cdk_synth("prod/*", app=str(outdir)).returncode == 0


def test_a_finding_stops_the_app_without_the_cli(tmp_path: Path) -> None:
    refused = run(sys.executable, __file__, CDK_OUTDIR=str(tmp_path))
    assert refused.returncode == 1
    assert "Platform::PARTITION" in refused.stderr
    found = findings.read(tmp_path)
    assert (found.open("dev", "Network"), found.open("prod", "Network")) == (1, 0)
    [problem] = found.problems
    assert problem.startswith("dev/Network/Parameter: Platform::PARTITION: an ARN is in partition 'aws-cn'")


def test_a_stack_name_with_a_forbidden_word_stops_the_synthesis(tmp_path: Path) -> None:
    app = small_app(lambda stack: None, tmp_path)
    cdk.Stack(app.node.find_child("dev"), "Studio", stack_name="acme-dev-sagemaker")
    with pytest.raises(RuntimeError, match=r"stack name 'acme-dev-sagemaker' contains 'sagemaker'"):
        app.synth()


def test_rules_that_could_not_run_stop_the_synthesis(tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    stage = cdk.Stage(app, "dev", env=cdk.Environment(account="111122223333", region="xx-nowhere-1"))
    parameter(cdk.Stack(stage, "Network"))
    install_checks(app, partition_of)
    with pytest.raises(RuntimeError, match="could not be checked: KeyError"):
        app.synth()
    # The CLI, too: it would pass over a plugin that raised.
    assert cdk_synth("**", app=str(tmp_path)).returncode == 1


def with_roles(stack: cdk.Stack) -> None:
    """A finding of the platform's own and wildcards on a role of each level, all of them accepted."""
    accept(parameter(stack), "Platform::PARTITION", because=REASON)
    region, account = stack.region, stack.account
    logs = f"arn:aws:logs:{region}:{account}:log-group:/acme/*"
    writes = iam.PolicyStatement(actions=["logs:PutLogEvents"], resources=[logs])
    level_1 = iam.CfnRole(
        stack,
        "Level1",
        assume_role_policy_document={"Version": "2012-10-17", "Statement": []},
        policies=[
            iam.CfnRole.PolicyProperty(
                policy_name="Permissions",
                policy_document={"Version": "2012-10-17", "Statement": [writes.to_statement_json()]},
            )
        ],
    )
    level_2 = iam.Role(stack, "Level2", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    level_2.add_to_policy(writes)
    for role in (level_1, level_2):
        accept(
            role,
            "AwsSolutions::AwsSolutions-IAM5[Resource::arn:{partition}:logs:{region}:{account}:log-group:/acme/*]",
            because=f"{role.node.id} writes to every log group of the platform",
        )


def test_findings_are_accepted_where_cdk_itself_records_them() -> None:
    assert cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY == ACKNOWLEDGED


def test_an_accepted_finding_passes_and_is_recorded(tmp_path: Path) -> None:
    app = small_app(with_roles, tmp_path)
    accept_everywhere(app, NO_INLINE_POLICY, because="an inline policy cannot be attached to another role")
    app.synth()
    found = findings.read(tmp_path)
    assert found.problems == []
    for environment, account in ACCOUNTS.items():
        assert (found.open(environment, "Network"), found.acknowledged(environment, "Network")) == (0, 5)
        stack = f"{environment}/Network"
        wildcard = f"Resource::arn:aws:logs:eu-west-1:{account}:log-group:/acme/*"
        assert {
            (one.path, one.at, one.finding) for one in found.acknowledgements if one.path.startswith(stack)
        } == {
            (f"{stack}/Parameter", f"{stack}/Parameter", "Platform::PARTITION"),
            (f"{stack}/Level1", f"{stack}/Level1", f"AwsSolutions::AwsSolutions-IAM5[{wildcard}]"),
            (
                f"{stack}/Level2/DefaultPolicy/Resource",
                f"{stack}/Level2",
                f"AwsSolutions::AwsSolutions-IAM5[{wildcard}]",
            ),
            (f"{stack}/Level1", "", NO_INLINE_POLICY),
            (f"{stack}/Level2/DefaultPolicy/Resource", "", NO_INLINE_POLICY),
        }
    assert cdk_synth("**", app=str(tmp_path)).returncode == 0


def untidy(stack: cdk.Stack) -> None:
    """Acknowledgements that let the synthesis pass and still must not stay."""
    for number in range(4):
        accept(parameter(stack, f"Parameter{number}"), "Platform::PARTITION", because=REASON)
    accept(stack.node.find_child("Parameter0"), "Platform::LOG_GROUP", because="it was a log group yesterday")
    wide = cdk.Acknowledgment(id="Platform::PARTITION", reason="this whole stack is about China")
    cdk.Validations.of(stack).acknowledge(wide)
    parameter(stack, "Another")


def test_acknowledgements_that_are_unused_shared_or_too_wide_are_problems(tmp_path: Path) -> None:
    small_app(untidy, tmp_path).synth()
    resources = ", ".join(f"Network/Parameter{number}" for number in range(4))
    assert findings.read(tmp_path).problems == [
        "dev/Network: Platform::PARTITION is accepted for all of it; accept it beside its resource",
        "prod/Network: Platform::PARTITION is accepted for all of it; accept it beside its resource",
        "dev/Network/Parameter0: Platform::LOG_GROUP is accepted, but no check finds it (any more)",
        "prod/Network/Parameter0: Platform::LOG_GROUP is accepted, but no check finds it (any more)",
        f"one reason for 4 resources, allowed: 3: {REASON!r} ({resources})",
    ]


def acknowledged_bare(stack: cdk.Stack) -> None:
    queue = cdk.CfnResource(stack, "Queue", type="AWS::SQS::Queue")
    cdk.Validations.of(queue).acknowledge(cdk.Acknowledgment(id="Platform-TLS_ONLY", reason=REASON))


def test_an_acknowledgement_without_the_pack_is_a_problem_because_no_check_records_it(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="Platform::TLS_ONLY"):
        small_app(acknowledged_bare, tmp_path).synth()
    unrecorded = "Annotation::Platform-TLS_ONLY is accepted, but no check finds it (any more)"
    assert f"dev/Network/Queue: {unrecorded}" in findings.read(tmp_path).problems


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(cdk.Stage(cdk.App(), "dev"), "Network")


def test_an_id_without_its_pack_is_refused(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match=r"use Pack::RuleId, got 'AwsSolutions-IAM5\[Resource::\*\]'"):
        accept(parameter(stack), "AwsSolutions-IAM5[Resource::*]", because=REASON)


@pytest.mark.parametrize("because", ["", "not needed", " " * 30])
def test_a_reason_that_says_nothing_is_refused(stack: cdk.Stack, because: str) -> None:
    with pytest.raises(ValueError, match="needs 20 characters or more"):
        accept(parameter(stack), "Platform::PARTITION", because=because)


def test_a_whole_stack_environment_or_app_cannot_be_accepted(stack: cdk.Stack) -> None:
    for whole in (stack, stack.node.scope, stack.node.root):
        with pytest.raises(ValueError, match="beside its resource"):
            accept(whole, "Platform::PARTITION", because=REASON)


def test_only_the_listed_findings_can_be_accepted_everywhere() -> None:
    with pytest.raises(ValueError, match="cannot be accepted everywhere"):
        accept_everywhere(cdk.App(), "Platform::PARTITION", because=REASON)
    with pytest.raises(ValueError, match="needs 20 characters or more"):
        accept_everywhere(cdk.App(), NO_INLINE_POLICY, because="no")


if __name__ == "__main__":
    small_app(plant_in_dev).synth()
