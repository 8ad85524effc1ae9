"""A sample's endpoint, looked after by the clock: swept, changed by hand, and mended as people are told."""

from collections.abc import Iterator

import pytest
from sample_account import needs_samples, sample_account

from rehearsal import releases
from rehearsal.api import REHEARSAL
from rehearsal.driver import Rehearsal
from rehearsal.serving import unrest
from rehearsal.step import Step
from rehearsal.upkeep import called, looked_after
from rehearsal.versions import another
from tools.protect import protect

pytestmark = [needs_samples, pytest.mark.thorough]

SAMPLE = "credit-approval"


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rehearsal, list[Step], list[str]]]:
    """A model of which a version was rejected, and whose endpoint was looked after; what was shown."""
    shown: list[str] = []
    with sample_account(tmp_path_factory.mktemp("upkeep"), SAMPLE, serving=True) as account:
        product = account.product(SAMPLE)
        account.upload(product)
        version = str(account.run(product.name, "train").output["ModelPackageArn"])
        steps = [*releases.first_release(account, product, version, print)]
        for behaviour, wanted in ((releases.QUICKER, "released"), (releases.SLOW, "rejected")):
            made = another(account, version, behaviour)
            steps.append(releases.approved(account, product, made, wanted, print))
        steps += looked_after(account, product, shown.append)
        yield account, steps, shown


def test_what_was_rejected_is_swept_and_what_somebody_changed_is_mended(
    lived: tuple[Rehearsal, list[Step], list[str]],
) -> None:
    account, steps, shown = lived
    assert [(step.workflow, step.outcome) for step in steps] == [
        ("release", "released"),
        ("release", "released"),
        ("release", "rejected"),
        ("rollback", "released"),
    ]
    assert shown[0] == f"{SAMPLE}: swept 1 endpoint configurations, 1 models"
    serving = str(steps[1].ended.output["ModelPackageArn"])
    assert unrest(account, account.product(SAMPLE), serving) == []


def test_a_stack_that_lost_its_protection_is_told_of_until_it_has_it_again(
    lived: tuple[Rehearsal, list[Step], list[str]],
) -> None:
    account, _, _ = lived
    product, cloudformation = account.product(SAMPLE), account.emulator.client("cloudformation", REHEARSAL)
    name = account.settings.names.stack(f"Serving-{SAMPLE}")
    cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=False)
    alarm = account.settings.names.alarm(SAMPLE, "serving-differs")

    def state() -> str:
        called(account, product)
        account.emulator.clock.drive(600)
        cloudwatch = account.emulator.client("cloudwatch", REHEARSAL)
        (found,) = cloudwatch.describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
        return str(found["StateValue"])

    assert state() == "ALARM"
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    protect(cloudformation, stack, product)
    assert state() == "OK"


def test_a_schedule_that_cannot_call_the_function_leaves_its_event_in_the_queue(
    lived: tuple[Rehearsal, list[Step], list[str]],
) -> None:
    account, _, _ = lived
    names, sqs = account.settings.names, account.emulator.client("sqs", REHEARSAL)
    account.emulator.faults.inject("throttling", "lambda:InvokeFunction")
    assert not account.events.fire(names.name(f"{SAMPLE}-upkeep"))
    url = sqs.get_queue_url(QueueName=names.name("dead-letters"))["QueueUrl"]
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert '"Step": "upkeep"' in message["Body"]
