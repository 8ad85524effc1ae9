"""Samples are released, judged, rolled back and taken over, in the templates that would be deployed."""

from collections.abc import Iterator

import pytest
from sample_account import SAMPLES, needs_samples, sample_account

from rehearsal.coverage import silent, stale_reasons, unneeded
from rehearsal.driver import Rehearsal, rehearsed
from rehearsal.life import live
from rehearsal.release_scenarios import RELEASE_SCENARIOS
from rehearsal.releases import released
from rehearsal.serving import deployed_again, invoked, unrest
from rehearsal.step import Step
from rehearsal.telling import once
from rehearsal.versions import unusable

pytestmark = needs_samples


def silently(_: str) -> None:
    """Show nothing."""


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rehearsal, Step]]:
    """A model without a shadow that serves for the first time, having found no instances at first."""
    with sample_account(tmp_path_factory.mktemp("first"), "fraud-detector", serving=True) as account:
        product = account.product("fraud-detector")
        account.upload(product)
        outcome = RELEASE_SCENARIOS["failed_first_release"].rehearse(account, product)
        assert outcome.as_promised, outcome.seen
        package = f"{account.settings.names.package_group_arn(product.name).replace('-group/', '/')}/1"
        yield account, released(account, product, package, "nothing_to_do", silently)


@pytest.mark.thorough
def test_a_first_release_serves_after_one_that_found_no_instances(first: tuple[Rehearsal, Step]) -> None:
    account, again = first
    product = account.product("fraud-detector")
    assert again.as_promised, again.ended.cause
    assert "(production)" in invoked(account, product)
    assert "no difference" in deployed_again(account, product)
    assert [str(call) for call in account.emulator.trace if not call.allowed] == []


@pytest.mark.thorough
def test_a_version_whose_image_is_gone_is_refused(first: tuple[Rehearsal, Step]) -> None:
    account, again = first
    product, serves = account.product("fraud-detector"), str(again.ended.output["ModelPackageArn"])
    gone = unusable(account, serves)
    account.approve(gone)
    step = released(account, product, gone, "refused", silently)
    assert step.as_promised, step.result
    assert "needs what is not there" in step.ended.cause
    assert unrest(account, product, serves) == []


def test_a_state_that_repeats_is_shown_once_with_how_often() -> None:
    told: list[str] = []
    with once(told.append) as show:
        for line in ("  0:00  Admit      0.1 s", "  0:20  Watch      0.1 s", "  0:40  Watch      0.2 s"):
            show(line)
        show("  0:40  attempt failed: States.Timeout")
        show("  0:50  Watch      0.3 s")
    assert told == [
        "  0:00  Admit      0.1 s",
        "  0:40  Watch      0.2 s  2 times",
        "  0:40  attempt failed: States.Timeout",
        "  0:50  Watch      0.3 s",
    ]


@pytest.mark.thorough
def test_the_whole_life_needs_all_that_its_roles_may_do(tmp_path_factory: pytest.TempPathFactory) -> None:
    with sample_account(tmp_path_factory.mktemp("life"), *SAMPLES, serving=True) as account:
        steps = [step for product in rehearsed(account.settings) for step in live(account, product)]
        assert [f"{s.model} {s.workflow}: {s.result}" for s in steps if not s.as_promised] == []
        assert {"train", "tune", "register"} <= {s.workflow for s in steps if s.model == "fraud-detector"}
        assert [step.wanted for step in steps if step.model == "credit-approval" and step.wanted] == [
            *("released", "released", "rejected", "rolled_back", "released"),
            *("stopped", "stopped", "refused"),
            *("reverted", "rejected", "stopped", "stopped", "released"),
            *("released", "paused", "refused", "refused", "resumed", "paused", "resumed", "retired"),
        ]
        assert [str(call) for call in account.emulator.trace if not call.allowed] == []
        assert [str(statement) for statement in unneeded(account.emulator)] == []
        assert silent(account.emulator) == []
        assert stale_reasons(account.emulator) == []


@pytest.fixture(scope="module")
def suffering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A model with a shadow, in an account of its own; faults follow on each other."""
    with sample_account(tmp_path_factory.mktemp("faults"), "credit-approval", serving=True) as account:
        account.upload(account.product("credit-approval"))
        yield account


@pytest.mark.thorough
@pytest.mark.parametrize("fault", RELEASE_SCENARIOS)
def test_with_a_fault_the_release_ends_as_promised(suffering: Rehearsal, fault: str) -> None:
    outcome = RELEASE_SCENARIOS[fault].rehearse(suffering, suffering.product("credit-approval"))
    assert outcome.as_promised, outcome.seen
