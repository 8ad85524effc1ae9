"""A/B tests from their first step to their last, each in a world where one thing goes wrong."""

import copy
from typing import Any

import pytest
from release_driver import Execution, Operator
from release_world import PACKAGE, SERVING, Account, Fault

WHOLE = {"production": 100.0, "challenger": 0.0}


def served(**ab: Any) -> tuple[Account, Operator]:
    """An endpoint that serves version 1, with another one approved, and settings of a test laid over."""
    literal = copy.deepcopy(SERVING)
    literal["AbTest"] |= ab
    account = Account(serving=literal)
    operator = Operator(account)
    assert operator.release(model_package_arn=account.approve(1)).outcome == "released"
    return account, operator


def until(execution: Execution, step: str, times: int = 1) -> Execution:
    """Take steps until ``step`` would be the next one, for the time that is asked for."""
    while execution.following != step or execution.path.count(step) < times - 1:
        assert execution.alive, (execution.path, execution.work)
        execution.step()
    return execution


def observed(account: Account, operator: Operator, quality: str = "good") -> Execution:
    """A test of version 2 in the middle of its first step."""
    account.approve(2, quality)
    return until(operator.start("ab_test"), "observe", 5)


def live(account: Account) -> int:
    """The version that is recorded, declared and served alone with all requests; they must be one."""
    account.settle()
    package = account.items["live"]["package"]
    assert account.packages_served() == {"production": package}
    assert account.parameters["ProductionModelPackageArn"] == package
    assert (account.weights, account.scaled) == ({"production": 1.0}, False)
    assert account.items["lease"]["holder"] == ""
    assert account.violations == []
    return int(account.items["live"]["version"])


def intent(account: Account, execution: Execution) -> dict[str, Any]:
    """What the ledger says of a test."""
    found: dict[str, Any] = account.items[f"release#{execution.work['ReleaseId']}"]
    return found


def test_a_better_version_gets_more_requests_step_by_step_and_becomes_production() -> None:
    account, operator = served()
    account.approve(2)
    test = operator.ab_test()
    assert (test.outcome, live(account)) == ("released", 2)
    assert list(dict.fromkeys(test.path)) == [
        *("admit_challenger", "take_lease", "turn_on_challenger", "follow_update"),
        *("shift", "observe", "weigh", "promote", "roll_out", "watch", "record"),
    ]
    assert [share for _, share in account.shares] == [0.0, 0.0, 10.0, 50.0, 100.0, 0.0]
    assert account.parameters["PreviousModelPackageArn"] == f"{PACKAGE}/1"
    assert account.parameters["RolloutMode"] == "immediate"
    assert account.announced[-1]["Workflow"] == "ab_test"
    assert account.announced[-1]["Outcome"] == "released"
    assert account.notes == {f"{PACKAGE}/1": "Replaced", f"{PACKAGE}/2": "Serving"}


def test_the_rules_of_a_test_are_written_down_before_it_starts_and_what_was_decided_after() -> None:
    account, operator = served()
    account.approve(2)
    test = until(operator.start("ab_test"), "take_lease")
    plan = intent(account, test)["plan"]
    assert plan["Test"] == account.serving["AbTest"]
    assert [stratum["Share"] for stratum in plan["Strata"]] == [10, 50]
    operator.finish(test, limit=3000)
    record = intent(account, test)
    assert record["plan"] == plan
    assert [one["share"] for one in record["strata"]] == [10, 50, 100]
    assert [one["outcome"] for one in record["decisions"]] == ["continue", "promote"]


def test_an_alarm_sends_all_requests_back_in_the_very_step_that_sees_it() -> None:
    account, operator = served()
    test = observed(account, operator)
    assert account.weights == {"production": 90.0, "challenger": 10.0}
    account.flapping = True
    test.step()
    assert (test.path[-1], test.following) == ("observe", "turn_off_challenger")
    assert account.change is not None
    assert account.change[1] == intent(account, test)["weights"] == WHOLE
    operator.finish(test)
    assert (test.outcome, live(account)) == ("reverted", 1)
    assert test.work["Message"] == "loans version 2 was taken back: alarm errors. loans version 1 serves."


def test_an_alarm_during_a_deployment_ends_the_test_as_soon_as_the_endpoint_takes_it() -> None:
    account, operator = served()
    test = observed(account, operator)
    account.deploy(changed=True)
    account.flapping = True
    test.step()
    assert intent(account, test)["ending"]["outcome"] == "reverted"
    while account.update:
        test.step()
    operator.finish(test)
    assert (test.outcome, live(account)) == ("reverted", 1)


def test_a_version_that_fails_only_under_all_requests_never_becomes_production() -> None:
    account, operator = served()
    account.approve(2, "weak")
    test = operator.ab_test()
    assert (test.outcome, live(account)) == ("reverted", 1)
    assert f"{PACKAGE}/2" not in account.served
    assert 100.0 in {share for _, share in account.shares}


def test_steps_that_end_before_all_requests_are_followed_by_all_of_them() -> None:
    account, operator = served(Steps=[10, 50])
    account.approve(2, "weak")
    assert (operator.ab_test().outcome, live(account)) == ("reverted", 1)
    assert [share for _, share in account.shares if share] == [10.0, 50.0, 100.0]


@pytest.mark.parametrize("quality", ["slow", "unclear", "dumb"])
def test_what_is_worse_and_what_shows_nothing_is_taken_away(quality: str) -> None:
    account, operator = served()
    account.approve(2, quality)
    test = operator.ab_test()
    assert (test.outcome, live(account)) == ("rejected", 1)
    assert account.items["offer#000000000002"]["outcome"] == "rejected"
    assert operator.release(model_package_arn=f"{PACKAGE}/2").outcome == "refused"


def test_a_version_that_does_not_answer_the_sample_gets_no_request() -> None:
    account, operator = served()
    account.approve(2, "dumb")
    test = operator.ab_test()
    assert "got no requests: the sample request failed 3 times" in test.work["Message"]
    assert {share for _, share in account.shares} == {0.0}


def test_a_step_with_too_few_requests_takes_once_more_and_not_twice() -> None:
    account, operator = served(MinimumInvocations=9_000)
    account.approve(2)
    test = operator.ab_test()
    assert [one["outcome"] for one in intent(account, test)["decisions"]][:2] == ["longer", "continue"]
    account, operator = served(MinimumInvocations=1_000_000)
    account.approve(2)
    test = operator.ab_test()
    assert [one["outcome"] for one in intent(account, test)["decisions"]] == ["longer", "remove"]
    assert (test.outcome, live(account)) == ("rejected", 1)


def test_a_deployment_in_the_middle_keeps_the_weights_and_the_test_goes_on() -> None:
    account, operator = served()
    test = observed(account, operator)
    config = account.endpoint_config
    assert account.deploy(changed=True)
    account.now += 600
    account.settle()
    assert account.endpoint_config != config
    assert account.weights == {"production": 90.0, "challenger": 10.0}
    operator.finish(test, limit=3000)
    assert (test.outcome, live(account)) == ("released", 2)
    assert [share for _, share in account.shares if share] == [10.0, 10.0, 50.0, 100.0]


def test_weights_that_somebody_changes_are_set_again() -> None:
    account, operator = served()
    test = observed(account, operator)
    account.shift({"production": 30.0, "challenger": 70.0}, {})
    account.now += 60
    for _ in range(3):
        test.step()
    assert account.weights == {"production": 90.0, "challenger": 10.0}
    assert test.following == "observe"


def test_an_endpoint_that_does_not_keep_its_weights_ends_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    account, operator = served()
    shift = account.shift
    monkeypatch.setattr(
        account,
        "shift",
        lambda weights, counts: shift({**weights, "challenger": weights["challenger"] / 2}, counts),
    )
    account.approve(2)
    test = operator.ab_test()
    assert (test.outcome, live(account)) == ("failed", 1)
    assert "does not keep its weights" in test.work["Message"]


def test_a_rollback_in_the_middle_ends_the_test_and_takes_the_challenger_away() -> None:
    account, operator = served()
    test = observed(account, operator)
    rollback = until(operator.start("rollback"), "take_over")
    assert rollback.work["Message"] == (
        "Stops the A/B test of version 2 (phase observe). loans version 1 goes on serving"
    )
    rollback.step()
    assert account.change is not None
    assert account.change[1] == WHOLE
    operator.finish(rollback)
    assert not test.alive
    assert live(account) == 1
    assert intent(account, test)["outcome"] == "stopped"


def test_a_release_waits_for_a_test_and_says_for_which_and_how_to_end_it() -> None:
    account, operator = served()
    test = observed(account, operator)
    account.approve(3)
    release = operator.start("release", version=3)
    until(release, "take_lease").step()
    name = test.work["ReleaseId"]
    assert release.work["Message"] == (
        f"waits for the A/B test of version 2, release {name}; to end it: make rollback ENV=prod MODEL=loans"
    )
    operator.settle()
    assert (test.outcome, release.outcome, live(account)) == ("released", "released", 3)


def test_an_event_of_the_version_that_is_tested_starts_nothing() -> None:
    account, operator = served()
    test = observed(account, operator)
    release = operator.release(model_package_arn=f"{PACKAGE}/2")
    assert release.outcome == "nothing_to_do"
    assert release.work["Message"] == f"release {test.work['ReleaseId']} is testing it already"


@pytest.mark.parametrize("step", ["turn_on_challenger", "follow_update", "shift", "observe", "weigh"])
def test_a_test_that_broke_off_leaves_what_served_before_alone(step: str) -> None:
    account, operator = served()
    account.approve(2)
    test = until(operator.start("ab_test"), step)
    account.fault = Fault(4, before=False, dies=True)
    test.step()
    operator.settle()
    assert live(account) == 1
    told = [str(item.get("message")) for key, item in account.items.items() if key.startswith("release#")]
    again = "The A/B test of loans version 2 broke off; to start it again: make ab-test ENV=prod MODEL=loans"
    assert any(message.startswith(again) for message in told)


def test_a_promotion_that_broke_off_is_brought_to_its_end() -> None:
    account, operator = served()
    account.approve(2)
    test = until(operator.start("ab_test"), "follow_update", 8)
    while account.parameters["ProductionModelPackageArn"] != f"{PACKAGE}/2":
        test.step()
    account.running[test.arn] = False
    operator.settle()
    assert live(account) == 2


def test_production_has_as_many_instances_as_the_challenger_before_it_takes_over() -> None:
    account, operator = served()
    account.approve(2)
    test = until(operator.start("ab_test"), "promote")
    account.counts["challenger"] = 5
    operator.finish(test)
    assert (test.outcome, live(account)) == ("released", 2)
    assert account.counts == {"production": 5}


def test_a_version_whose_approval_is_withdrawn_is_taken_away() -> None:
    account, operator = served()
    test = observed(account, operator)
    account.set_approval(2, "Rejected")
    operator.finish(test)
    assert (test.outcome, live(account)) == ("refused", 1)


def test_a_test_ends_after_its_longest_time() -> None:
    account, operator = served(MaximumDays=0.05)
    account.approve(2)
    test = operator.ab_test()
    assert (test.outcome, live(account)) == ("rejected", 1)
    assert "nothing was shown in 0.05 days" in test.work["Message"]


def test_a_version_that_raises_an_alarm_after_its_promotion_is_taken_back() -> None:
    account, operator = served()
    account.approve(2, "late")
    test = operator.ab_test()
    assert (test.outcome, live(account)) == ("reverted", 1)
    assert list(dict.fromkeys(test.path))[-3:] == ["watch", "revert", "record"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"version": 1}, "serves already"),
        ({"version": 7}, "does not exist"),
        ({"version": 0}, "must be a whole number from 1"),
        ({"weights": 3}, "the input has weights; it may have version"),
    ],
)
def test_what_cannot_be_tested_is_refused_before_anything_is_touched(given: Any, said: str) -> None:
    account, operator = served()
    before = account.revision, account.generation
    test = operator.ab_test(**given)
    assert test.outcome in ("refused", "nothing_to_do")
    assert said in test.work["Message"]
    assert (account.revision, account.generation) == before


def test_without_a_version_that_serves_there_is_nothing_to_compare_with() -> None:
    account = Account()
    account.approve(1)
    test = Operator(account).ab_test()
    assert test.outcome == "refused"
    assert test.work["Message"].endswith("first: make release ENV=prod MODEL=loans")


def test_where_another_environment_comes_first_a_named_person_confirms_a_test() -> None:
    account, operator = served()
    account.serving["After"] = "staging"
    account.approve(2)
    test = until(operator.start("ab_test"), "confirm")
    assert test.work["Message"].endswith("served verified in staging. Test it with part of the requests?")
    test.answer(False)
    assert (test.outcome, live(account)) == ("declined", 1)
    assert test.work["Message"].endswith("make ab-test ENV=prod MODEL=loans VERSION=2")


def test_a_test_of_two_weeks_keeps_within_the_events_of_an_execution() -> None:
    account, operator = served(StepMinutes=14 * 1440 // 3, MaximumDays=14)
    account.approve(2)
    test = until(operator.start("ab_test"), "weigh")
    assert account.now > 4 * 86_400
    # A look is a task with five events, and a choice, a wait and a choice with two each.
    looks = test.path.count("observe")
    assert 3 * looks * 11 < 24_000
    # And each of the first is after a minute, none of the later ones after more than a quarter of an hour.
    assert looks > 4 * 86_400 / 900
