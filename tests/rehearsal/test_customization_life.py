"""A sample is customized on this machine: each technique in turn, in the templates that would be deployed."""

from collections.abc import Iterator

import pytest
from sample_account import needs, sample_account

from rehearsal.api import REHEARSAL
from rehearsal.coverage import stale_reasons, unneeded
from rehearsal.driver import Rehearsal, rehearsed
from rehearsal.life import live
from rehearsal.step import Step

MODEL = "support-assistant"

pytestmark = [pytest.mark.thorough, needs(MODEL)]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A small environment with the sample in it, deployed."""
    with sample_account(tmp_path_factory.mktemp("customization"), MODEL, serving=False) as rehearsal:
        yield rehearsal


@pytest.fixture(scope="module")
def steps(account: Rehearsal) -> list[Step]:
    """The life of the sample."""
    return [step for product in rehearsed(account.settings) for step in live(account, product)]


@pytest.fixture(scope="module")
def versions(account: Rehearsal, steps: list[Step]) -> list[dict[str, object]]:
    """What each technique registered, as SageMaker describes it."""
    client = account.emulator.client("sagemaker", REHEARSAL)
    arns = [step.ended.output["ModelPackageArn"] for step in steps if step.ended.succeeded]
    return [client.describe_model_package(ModelPackageName=arn) for arn in arns]


def test_each_technique_makes_a_version_that_waits_for_approval(
    account: Rehearsal, steps: list[Step], versions: list[dict[str, object]]
) -> None:
    assert [f"{one.workflow}: {one.result}" for one in steps if not one.as_promised] == []
    section = account.product(MODEL).customization
    assert section is not None
    assert [one.ended.output["Technique"] for one in steps] == list(section.techniques)
    waiting = ["Approved", *["PendingManualApproval"] * (len(versions) - 1)]
    assert [version["ModelApprovalStatus"] for version in versions] == waiting


def test_a_later_technique_goes_on_from_the_version_that_was_approved(
    versions: list[dict[str, object]],
) -> None:
    started = [version["CustomerMetadataProperties"] for version in versions]
    assert [one.get("started-from") for one in started if isinstance(one, dict)] == [
        None,
        *[versions[0]["ModelPackageArn"]] * (len(versions) - 1),
    ]


def test_every_call_is_allowed_and_no_statement_could_be_left_out(
    account: Rehearsal, steps: list[Step]
) -> None:
    assert [str(call) for call in account.emulator.trace if not call.allowed] == []
    ours = [str(one) for one in unneeded(account.emulator) if MODEL in one.role]
    assert ours == []
    assert [reason for reason in stale_reasons(account.emulator) if "customize" in reason["role"]] == []


def test_reward_functions_were_asked_by_the_jobs_alone(account: Rehearsal, steps: list[Step]) -> None:
    asked = [call for call in account.emulator.trace if "SageMaker-evaluator-" in call.resource]
    names = account.settings.names
    assert {call.principal.arn for call in asked if call.action == "lambda:InvokeFunction"} == {
        names.role_arn("job", f"{MODEL}-customize-job")
    }
