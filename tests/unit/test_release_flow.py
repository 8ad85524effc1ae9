"""Releases and rollbacks from their first step to their last, each in a world where one thing goes wrong."""

import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from release_driver import Execution, Operator
from release_world import ENDPOINT, PACKAGE, SERVING, Account, Fault

from release import flow
from release.ports import Change, ChangeSet


def served(versions: int = 1) -> tuple[Account, Operator]:
    """An endpoint after the releases of that many versions."""
    account = Account()
    operator = Operator(account)
    for version in range(1, versions + 1):
        assert operator.release(model_package_arn=account.approve(version)).outcome == "released"
    return account, operator


def until(execution: Execution, step: str) -> Execution:
    """Take steps until ``step`` would be the next one."""
    while execution.following != step:
        assert execution.alive, (execution.path, execution.work)
        execution.step()
    return execution


def live(account: Account) -> int:
    """The version that is recorded, declared and served; they must be one."""
    account.settle()
    package = account.items["live"]["package"]
    assert account.packages_served() == {"production": package}
    assert account.parameters["ProductionModelPackageArn"] == package
    assert account.items["lease"]["holder"] == ""
    assert account.violations == []
    return int(account.items["live"]["version"])


def test_the_first_version_serves_at_once_and_is_watched() -> None:
    account, operator = served(0)
    release = operator.release(model_package_arn=account.approve(1))
    assert (release.outcome, live(account)) == ("released", 1)
    assert account.marked
    assert "turn_on_shadow" not in release.path
    assert account.parameters["RolloutMode"] == "immediate"
    assert account.items["live"]["approved_by"] == "ann"


def test_a_better_version_goes_through_shadow_and_canary() -> None:
    account, operator = served()
    release = operator.release(model_package_arn=account.approve(2))
    assert (release.outcome, live(account)) == ("released", 2)
    stages = [step for step in dict.fromkeys(release.path) if step != "follow_update"]
    assert stages == [
        "admit",
        "take_lease",
        "turn_on_shadow",
        "judge",
        "turn_off_shadow",
        "roll_out",
        "watch",
        "record",
    ]
    assert account.parameters["PreviousModelPackageArn"] == f"{PACKAGE}/1"
    assert account.parameters["RolloutMode"] == "guarded"
    assert account.packages[2].metadata["served-in-prod"].startswith(release.work["ReleaseId"])
    assert account.notes == {f"{PACKAGE}/1": "Replaced", f"{PACKAGE}/2": "Serving"}
    assert (f"{PACKAGE}/2", release.work["ReleaseId"]) in account.lineage
    assert account.announced[-1]["ModelPackageArn"] == f"{PACKAGE}/2"
    assert account.shown[-1] == (2, account.announced[-1]["Time"])
    assert release.work["Report"].endswith(".html")


def test_a_release_takes_at_most_ninety_seconds_of_its_own() -> None:
    account, operator = served()
    began = account.now
    release = operator.release(model_package_arn=account.approve(2))
    updates = 2 * (240 + 15) + 1200 + 15
    configured = 60 * (60 + 15)
    assert account.now - began - updates - configured <= 90
    # Each step is a task, a choice and at most a wait with its choice.
    assert 4 * release.steps + 4 <= 400


def test_a_slower_version_is_rejected_and_the_shadow_is_turned_off() -> None:
    account, operator = served()
    release = operator.release(model_package_arn=account.approve(2, "slow"))
    assert (release.outcome, live(account)) == ("rejected", 1)
    assert "latency" in release.work["Message"]
    assert "version 1 serves" in release.work["Message"]


def test_a_shadow_that_shows_nothing_bakes_once_more_and_never_passes() -> None:
    account, operator = served()
    release = operator.release(model_package_arn=account.approve(2, "unclear"))
    assert (release.outcome, live(account)) == ("rejected", 1)
    assert release.path.count("judge") == 2


def baking(account: Account, operator: Operator) -> Execution:
    """A release of version 2 in the middle of its first bake."""
    release = until(operator.start("release", model_package_arn=account.approve(2)), "judge")
    account.now += 1800
    return release


def test_a_bake_during_which_an_alarm_came_and_went_shows_nothing_and_a_quiet_one_after_it_counts() -> None:
    account, operator = served()
    release = baking(account, operator)
    account.flicker()
    release.step()
    assert release.following == "judge"
    assert "Alarms: an alarm of the release was in ALARM during the bake" in release.work["Message"]
    operator.finish(release)
    assert (release.outcome, live(account)) == ("released", 2)
    assert release.path.count("judge") == 2


def test_an_alarm_that_comes_and_goes_in_both_bakes_rejects_the_version() -> None:
    account, operator = served()
    release = baking(account, operator)
    for _ in range(2):
        account.flicker()
        release.step()
        account.now += 1800
    operator.finish(release)
    assert (release.outcome, live(account)) == ("rejected", 1)
    assert release.path.count("judge") == 2


def test_an_alarm_that_lasts_when_the_bake_ends_rejects_the_version() -> None:
    account, operator = served()
    release = baking(account, operator)
    account.flapping = True
    operator.finish(release)
    assert (release.outcome, live(account)) == ("rejected", 1)


def test_alarms_from_before_the_bake_and_of_other_releases_do_not_matter() -> None:
    account, operator = served()
    release = until(operator.start("release", model_package_arn=account.approve(2)), "turn_on_shadow")
    account.flicker()
    until(release, "judge")
    account.alarm_changes.append((f"{SERVING['AlarmPrefix']}another-0", account.clock))
    operator.finish(release)
    assert (release.outcome, live(account)) == ("released", 2)
    assert release.path.count("judge") == 1


def test_a_version_that_fails_under_full_traffic_is_rolled_back() -> None:
    account, operator = served()
    release = operator.release(model_package_arn=account.approve(2, "weak"))
    assert (release.outcome, live(account)) == ("rolled_back", 1)
    assert account.status == "UPDATE_ROLLBACK_COMPLETE"


def test_a_rollback_that_cloudformation_did_not_notice_is_put_right() -> None:
    account, operator = served()
    account.silent = True
    release = until(operator.start("release", model_package_arn=account.approve(2, "weak")), "revert")
    assert account.endpoint_config in account.configs, "what serves is kept although the stack has let it go"
    operator.finish(release)
    assert (release.outcome, live(account)) == ("rolled_back", 1)
    assert "revert" in release.path
    assert account.status == "UPDATE_COMPLETE"


def test_an_alarm_while_a_version_is_watched_brings_the_one_before_back() -> None:
    account, operator = served()
    release = operator.release(model_package_arn=account.approve(2, "late"))
    assert (release.outcome, live(account)) == ("reverted", 1)
    assert "alarm errors" in release.work["Message"]


def test_a_version_that_does_not_answer_the_sample_request_is_taken_back() -> None:
    account, operator = served()
    release = operator.release(model_package_arn=account.approve(2, "dumb"))
    assert (release.outcome, live(account)) == ("reverted", 1)


def copies(strategy: str, versions: int = 1) -> tuple[Account, Operator]:
    """Copies of a model on an endpoint, after the releases of that many versions."""
    account = Account()
    account.serving |= {"Mode": "inference_components", "Shadow": None}
    account.serving["Rollout"] |= {"Strategy": strategy, "WakeMinutes": 20}
    operator = Operator(account)
    for version in range(1, versions + 1):
        assert operator.release(model_package_arn=account.approve(version)).outcome == "released"
    return account, operator


def test_a_version_of_which_no_copy_is_there_yet_is_asked_until_it_answers() -> None:
    account, operator = copies("all_at_once")
    release = operator.release(model_package_arn=account.approve(2, "asleep"))
    assert (release.outcome, live(account)) == ("released", 2)
    assert account.vain > 3


def test_a_rollback_wakes_what_it_brings_back() -> None:
    account, operator = copies("all_at_once", 2)
    account.drowsy = True
    rollback = operator.rollback()
    assert (rollback.outcome, live(account), account.drowsy) == ("released", 1, False)


def test_copies_that_fell_asleep_while_a_version_was_watched_are_no_fault_of_it() -> None:
    account, operator = copies("all_at_once")
    release = until(operator.start("release", model_package_arn=account.approve(2)), "watch")
    account.drowsy = True
    operator.finish(release)
    assert (release.outcome, live(account)) == ("released", 2)


def test_copies_are_guarded_where_they_are_replaced_in_batches() -> None:
    for strategy, mode, outcome in (
        ("rolling", "guarded", "rolled_back"),
        ("all_at_once", "immediate", "reverted"),
    ):
        account, operator = copies(strategy, 2)
        assert account.parameters["RolloutMode"] == mode
        config = account.endpoint_config
        release = operator.release(model_package_arn=account.approve(3, "weak"))
        assert (release.outcome, live(account)) == (outcome, 2)
        assert account.endpoint_config == config, "copies change, the endpoint stays as it is"


def test_a_component_that_went_back_without_a_word_is_put_right() -> None:
    account, operator = copies("rolling")
    account.silent = True
    release = operator.release(model_package_arn=account.approve(2, "weak"))
    assert (release.outcome, live(account)) == ("rolled_back", 1)


def test_a_stack_that_could_lose_its_component_refuses_releases() -> None:
    account, operator = copies("rolling")
    policy = json.loads(str(account.policy))
    policy["Statement"][1]["Resource"] = "LogicalResourceId/Endpoint"
    account.policy = json.dumps(policy)
    release = operator.release(model_package_arn=account.approve(2))
    assert (release.outcome, live(account)) == ("refused", 1)
    assert "a stack policy that keeps the inference component" in release.work["Message"]


def test_an_approval_that_is_withdrawn_during_the_bake_stops_the_release() -> None:
    account, operator = served()
    account.approve(2)
    release = until(operator.start("release"), "judge")
    account.set_approval(2, "Rejected")
    operator.finish(release)
    assert (release.outcome, live(account)) == ("refused", 1)


def test_an_approval_that_is_withdrawn_while_it_is_watched_takes_the_version_back() -> None:
    account, operator = served()
    account.approve(2)
    release = until(operator.start("release"), "watch")
    account.set_approval(2, "Rejected")
    operator.finish(release)
    assert (release.outcome, live(account)) == ("reverted", 1)


def test_a_deployment_during_the_bake_begins_it_anew() -> None:
    account, operator = served()
    account.approve(2)
    release = until(operator.start("release"), "judge")
    assert account.deploy(changed=True)
    operator.finish(release)
    assert (release.outcome, live(account)) == ("released", 2)
    assert release.path.count("judge") >= 2


def test_deployments_without_end_leave_the_version_unjudged() -> None:
    account, operator = served()
    account.approve(2)
    release = operator.start("release")
    for _ in range(3):
        until(release, "judge")
        account.now = release.due
        account.deploy(changed=True)
        account.now += 2000
        account.settle()
        release.step()
    operator.finish(release)
    assert (release.outcome, live(account)) == ("rejected", 1)


def test_a_deployment_after_a_release_keeps_what_serves() -> None:
    account, _ = served(2)
    before = dict(account.parameters)
    assert account.deploy(changed=True)
    account.now += 5000
    assert (live(account), account.parameters) == (2, before)


def test_what_serves_already_is_not_released_again() -> None:
    account, operator = served(2)
    assert operator.release(model_package_arn=f"{PACKAGE}/2").outcome == "nothing_to_do"
    assert live(account) == 2


def test_a_late_event_of_an_older_version_changes_nothing() -> None:
    _, operator = served(2)
    release = operator.release(model_package_arn=f"{PACKAGE}/1")
    assert release.outcome == "superseded"
    assert "make rollback ENV=prod MODEL=loans TO=1" in release.work["Message"]


def test_a_duplicate_event_finds_the_release_under_way() -> None:
    account, operator = served()
    arn = account.approve(2)
    first = until(operator.start("release", model_package_arn=arn), "judge")
    assert operator.release(model_package_arn=arn).outcome == "nothing_to_do"
    assert operator.finish(first).outcome == "released"


def test_a_rejected_version_is_released_again_only_if_a_person_names_it() -> None:
    account, operator = served()
    arn = account.approve(2, "slow")
    operator.release(model_package_arn=arn)
    again = operator.release(model_package_arn=arn)
    assert again.outcome == "refused"
    assert "make release ENV=prod MODEL=loans VERSION=2" in again.work["Message"]
    account.qualities[2] = "good"
    assert operator.release(version=2).outcome == "released"


def test_a_second_release_waits_for_the_first() -> None:
    account, operator = served()
    first = until(operator.start("release", model_package_arn=account.approve(2)), "judge")
    second = operator.start("release", model_package_arn=account.approve(3))
    for _ in range(5):
        second.step()
    assert second.following == "take_lease"
    operator.finish(first)
    operator.finish(second)
    assert (first.outcome, second.outcome, live(account)) == ("released", "released", 3)


def test_a_stack_that_could_lose_its_endpoint_refuses_releases() -> None:
    account, operator = served()
    account.approve(2)
    account.policy = None
    refused = operator.release()
    assert refused.outcome == "refused"
    assert "make protect ENV=prod" in refused.work["Message"]
    account.policy, account.protected = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*"}]}), False
    assert "termination protection and a stack policy" in operator.release().work["Message"]


def test_an_input_that_nobody_understands_is_refused() -> None:
    _, operator = served()
    for given in ({"verison": 2}, {"version": "2"}, {"version": True}, {"version": 0}):
        assert operator.release(**given).outcome == "refused"
    both = operator.release(version=1, model_package_arn=f"{PACKAGE}/1")
    assert both.outcome == "refused"
    assert operator.release(version=7).work["Message"] == f"{PACKAGE}/7 does not exist"


def test_production_is_offered_only_what_served_before_and_a_person_confirms() -> None:
    account = Account(serving={**SERVING, "After": "staging"})
    operator = Operator(account)
    assert operator.release(model_package_arn=account.approve(1, served_before=False)).outcome == "refused"
    account.approve(1)
    release = operator.start("release")
    release.step()
    assert release.following == "confirm"
    release.answer(True, "bob")
    operator.finish(release)
    assert (release.outcome, account.items["live"]["confirmed_by"]) == ("released", "bob")


def test_who_declines_is_named_and_silence_declines_too() -> None:
    for by, said in (("bob", "declined by bob"), ("", "not confirmed in time")):
        account = Account(serving={**SERVING, "After": "staging"})
        account.approve(1)
        release = Operator(account).start("release")
        release.step()
        release.answer(False, by)
        assert release.outcome == "declined"
        assert said in release.work["Message"]
        assert "live" not in account.items


def test_what_the_earlier_environment_took_back_is_not_released() -> None:
    account = Account(serving={**SERVING, "After": "staging"})
    account.approve(1)
    account.take_back_before(1)
    assert Operator(account).release().outcome == "refused"


def test_a_rollback_brings_back_what_served_before_and_says_so_first() -> None:
    account, operator = served(3)
    rollback = operator.start("rollback")
    rollback.step()
    assert rollback.work["Message"].startswith("Brings back loans version 2 in place of version 3")
    assert account.update is None
    operator.finish(rollback)
    assert (rollback.outcome, live(account)) == ("released", 2)
    assert account.parameters["RolloutMode"] == "immediate"
    assert account.parameters["PreviousModelPackageArn"] == f"{PACKAGE}/1"
    assert account.packages[3].metadata["served-in-prod"].startswith("rolled-back ")


def test_a_second_rollback_goes_one_further_back() -> None:
    account, operator = served(3)
    operator.rollback()
    operator.rollback()
    assert live(account) == 1
    assert operator.rollback().outcome == "refused"
    assert live(account) == 1


def test_a_rollback_to_a_named_version_forgets_those_after_it() -> None:
    account, operator = served(3)
    assert operator.rollback(to=1).outcome == "released"
    assert live(account) == 1
    assert operator.rollback(to=2).outcome == "refused"


def changed_by_hand() -> tuple[Account, Operator]:
    """An endpoint on which somebody put version 1 back past the ledger, which has version 2."""
    account, operator = served(2)
    account.begin({**account.parameters, "ProductionModelPackageArn": f"{PACKAGE}/1"}, first=False)
    account.now += 3000
    account.settle()
    assert account.packages_served() == {"production": f"{PACKAGE}/1"}
    return account, operator


@pytest.mark.parametrize("given", [{"to": 2}, {}])
def test_a_rollback_to_what_is_recorded_has_mended_what_serves_and_says_so(given: dict[str, Any]) -> None:
    account, operator = changed_by_hand()
    recorded, announced = account.items["live"], len(account.announced)
    rollback = operator.rollback(**given)
    assert (rollback.outcome, live(account)) == ("released", 2)
    assert rollback.work["Message"] == "What differed was put right. loans version 2 serves."
    assert (account.items["live"], len(account.announced)) == (recorded, announced)
    assert operator.rollback(to=2).outcome == "nothing_to_do"


def left_behind(account: Account, execution: Execution, step: str = "follow_update") -> Execution:
    """An execution that dies before ``step``, which is in the middle of its update."""
    until(execution, step)
    account.running[execution.arn] = False
    return execution


def test_what_takes_up_a_rollback_that_mends_ends_as_that_would_have() -> None:
    account, operator = changed_by_hand()
    left_behind(account, operator.start("rollback", to=2))
    operator.settle()
    assert (operator.executions[-1].outcome, live(account)) == ("released", 2)
    account, operator = changed_by_hand()
    left_behind(account, operator.start("rollback", to=2))
    assert (operator.rollback(to=2).outcome, live(account)) == ("released", 2)


@pytest.mark.parametrize("recoveries", [0, 1, 2])
def test_what_takes_up_a_rollback_that_stopped_a_release_says_so(recoveries: int) -> None:
    account, operator = served(2)
    until(operator.start("release", model_package_arn=account.approve(3)), "judge")
    dead = left_behind(account, operator.start("rollback"))
    for _ in range(recoveries):
        dead = left_behind(account, operator.start("release", recover=dead.arn), "record")
    last = operator.release(recover=dead.arn) if recoveries < 2 else operator.rollback(to=2)
    assert (last.outcome, live(account)) == ("stopped", 2)


def test_a_release_that_was_ending_by_itself_is_stopped_as_announced() -> None:
    account, operator = served(2)
    release = until(operator.start("release", model_package_arn=account.approve(3)), "judge")
    account.set_approval(3, "Rejected")
    until(release, "turn_off_shadow")
    rollback = operator.start("rollback")
    rollback.step()
    assert rollback.work["Message"].startswith("Stops the release of version 3")
    operator.finish(rollback)
    assert (rollback.outcome, live(account)) == ("stopped", 2)


def test_a_rollback_passes_over_a_version_that_is_not_approved_any_more() -> None:
    account, operator = served(3)
    account.set_approval(2, "Rejected")
    operator.rollback()
    assert live(account) == 1


def test_what_was_taken_back_does_not_come_back_with_a_late_event() -> None:
    account, operator = served(2)
    operator.rollback()
    assert operator.release(model_package_arn=f"{PACKAGE}/2").outcome == "refused"
    assert operator.release(version=2).outcome == "released"
    assert live(account) == 2


def test_a_rollback_stops_a_release_that_bakes() -> None:
    account, operator = served(2)
    release = until(operator.start("release", model_package_arn=account.approve(3)), "judge")
    rollback = operator.rollback()
    assert (rollback.outcome, live(account)) == ("stopped", 2)
    assert release.arn in account.stopped
    assert account.items[f"release#{release.work['ReleaseId']}"]["outcome"] == "stopped"
    assert "Stops the release of version 3" in rollback.path[0] or rollback.work["Message"]


def test_a_rollback_stops_a_canary_through_its_alarm() -> None:
    _stops_a_canary(*served())


def test_a_rollback_stops_a_canary_whatever_cloudformation_shows_meanwhile() -> None:
    account, operator = served()
    account.shows_old = True
    _stops_a_canary(account, operator)


def _stops_a_canary(account: Account, operator: Operator) -> None:
    release = operator.start("release", model_package_arn=account.approve(2))
    while account.parameters["RolloutMode"] != "guarded":
        release.step()
    began = account.now
    rollback = operator.rollback()
    assert (rollback.outcome, live(account)) == ("stopped", 1)
    assert account.status == "UPDATE_ROLLBACK_COMPLETE"
    assert account.now - began < 400, "it did not wait for the canary to end"


def test_a_rollback_after_the_promotion_reverts_it() -> None:
    account, operator = served()
    until(operator.start("release", model_package_arn=account.approve(2)), "watch")
    rollback = operator.rollback()
    assert (rollback.outcome, live(account)) == ("stopped", 1)


def test_of_two_rollbacks_at_once_one_finds_nothing_to_do() -> None:
    account, operator = served(3)
    first, second = operator.start("rollback"), operator.start("rollback")
    first.step()
    second.step()
    operator.finish(first)
    operator.finish(second)
    assert (first.outcome, second.outcome, live(account)) == ("released", "nothing_to_do", 2)


def test_a_rollback_whose_target_was_taken_back_meanwhile_changes_nothing() -> None:
    account, operator = served(3)
    late = operator.start("rollback", to=2)
    late.step()
    operator.rollback(to=1)
    operator.finish(late)
    assert (late.outcome, live(account)) == ("nothing_to_do", 1)


def test_a_rollback_mends_a_stack_whose_way_back_failed() -> None:
    account, operator = served(2)
    account.way_back_fails = 1
    account.approve(3, "weak")
    release = operator.start("release")
    while account.status != "UPDATE_ROLLBACK_FAILED":
        release.step()
        account.now = max(account.now, release.due)
        account.settle()
    account.running[release.arn] = False
    rollback = operator.rollback()
    assert rollback.outcome == "stopped"
    assert "mend_stack" in rollback.path
    assert live(account) == 2


def test_what_cannot_be_mended_is_given_to_people_with_the_next_command() -> None:
    account, operator = served(2)
    account.way_back_fails = 9
    release = operator.release(model_package_arn=account.approve(3, "weak"))
    assert release.outcome == "failed"
    assert "make rollback ENV=prod MODEL=loans" in release.work["Message"]
    assert account.items["lease"]["holder"] == release.arn
    account.way_back_fails = 0
    operator.rollback()
    assert live(account) == 2


def test_a_deployment_that_is_stuck_is_mended_by_a_rollback_that_keeps_what_serves() -> None:
    account, operator = served(2)
    account.capacity_fails = account.way_back_fails = 1
    account.deploy(changed=True)
    account.now += 5000
    account.settle()
    assert account.status == "UPDATE_ROLLBACK_FAILED"
    assert (operator.rollback().outcome, live(account)) == ("released", 2)


def test_capacity_that_lacks_for_the_shadow_leaves_everything_as_it_was() -> None:
    account, operator = served()
    account.capacity_fails = 1
    release = operator.release(model_package_arn=account.approve(2))
    assert (release.outcome, live(account)) == ("failed", 1)
    assert "InsufficientInstanceCapacity" in release.work["Message"]


def test_a_first_version_that_cannot_start_leaves_nothing_and_the_next_one_serves() -> None:
    account, operator = served(0)
    account.capacity_fails = 1
    release = operator.release(model_package_arn=account.approve(1))
    assert release.outcome == "rolled_back"
    assert account.endpoint_config is None
    assert operator.release(version=1).outcome == "released"
    assert live(account) == 1


def dying(account: Account, execution: Execution, *, at: int, before: bool) -> None:
    """Let an execution die at a port call of its next step."""
    account.fault = Fault(at, before, dies=True)
    execution.step()
    account.fault = None


def every_death(step: str, check: Callable[[Account, Operator, Execution], None]) -> None:
    """Let a release of version 2 die before and after each port call of a step, and check what follows."""
    for before in (True, False):
        for at in range(1, 30):
            account, operator = served()
            release = until(operator.start("release", model_package_arn=account.approve(2)), step)
            dying(account, release, at=at, before=before)
            if release.alive or release.following == "end":
                break
            check(account, operator, release)


def test_a_release_that_dies_at_any_call_is_taken_up_and_ends_once() -> None:
    def check(account: Account, operator: Operator, release: Execution) -> None:
        operator.settle()
        assert live(account) in (1, 2)
        assert set(account.terminal.values()) == {1}
        assert not [key for key in account.items if key.startswith("open#")]

    for step in ("take_lease", "turn_on_shadow", "judge", "turn_off_shadow", "roll_out", "watch", "record"):
        every_death(step, check)


@pytest.mark.thorough
def test_the_next_release_takes_over_from_a_dead_one_without_help() -> None:
    def check(account: Account, operator: Operator, release: Execution) -> None:
        account.approve(3)
        assert operator.release(version=3).outcome == "released"
        assert live(account) == 3
        assert set(account.terminal.values()) == {1}

    for step in ("turn_on_shadow", "roll_out", "watch"):
        every_death(step, check)


@pytest.mark.thorough
def test_a_rollback_helps_after_any_death() -> None:
    def check(account: Account, operator: Operator, release: Execution) -> None:
        operator.rollback()
        assert live(account) == 1

    for step in ("turn_on_shadow", "judge", "roll_out", "follow_update", "watch"):
        every_death(step, check)


def test_a_decision_outlives_who_took_it_and_the_alarm_behind_it() -> None:
    account, operator = served()
    release = until(operator.start("release", model_package_arn=account.approve(2, "late")), "revert")
    account.running[release.arn] = False
    account.raised.clear()
    operator.settle()
    assert live(account) == 1
    assert account.items[f"release#{release.work['ReleaseId']}"]["outcome"] == "reverted"


def test_an_answer_that_was_lost_begins_no_second_update() -> None:
    for at, retry_after in itertools.product(range(1, 20), (0, 3000)):
        account, operator = served()
        release = until(operator.start("release", model_package_arn=account.approve(2, "weak")), "roll_out")
        release.step()
        account.fault, release.retry_after = Fault(at, before=False, dies=False), retry_after
        release.step()
        release.retry_after = 0
        operator.finish(release)
        assert (release.outcome, live(account)) == ("rolled_back", 1)
        assert release.path.count("judge") == 1


def test_a_shadow_that_did_not_go_away_unnoticed_is_put_right() -> None:
    account, operator = served()
    account.silent = True
    release = until(operator.start("release", model_package_arn=account.approve(2)), "turn_off_shadow")
    account.capacity_fails = 1
    operator.finish(release)
    assert "revert" in release.path
    assert (release.outcome, live(account)) == ("released", 2)


def test_a_stack_that_got_stuck_in_the_roll_out_is_mended_and_not_tried_again() -> None:
    account, operator = served()
    account.way_back_fails = 1
    release = operator.release(model_package_arn=account.approve(2, "weak"))
    assert (release.outcome, live(account)) == ("rolled_back", 1)


def test_a_lease_that_its_holder_renewed_meanwhile_is_not_taken() -> None:
    account, operator = served()
    first = until(operator.start("release", model_package_arn=account.approve(2)), "turn_on_shadow")
    second = operator.start("release", model_package_arn=account.approve(3))
    second.step()
    account.now += 6000
    for at in range(1, 20):
        account.interrupt = (at, first.step if first.following != "judge" else lambda: None)
        second.due = 0
        second.step()
        assert account.violations == []
    operator.settle()
    assert live(account) in (2, 3)


def test_services_that_fail_for_good_end_the_release_with_what_served() -> None:
    for step in ("turn_on_shadow", "judge", "roll_out", "watch"):
        account, operator = served()
        release = until(operator.start("release", model_package_arn=account.approve(2)), step)
        account.fault = Fault(2, before=True, dies=False, times=3)
        release.step()
        assert release.following == "give_up"
        operator.finish(release)
        operator.settle()
        assert (release.outcome, live(account)) == ("failed", 1)
        assert "ThrottledError" in release.work["Message"]


def test_giving_up_before_anything_was_begun_touches_nothing() -> None:
    account, operator = served(0)
    release = operator.start("release")
    account.fault = Fault(1, before=True, dies=False, times=3)
    release.step()
    release.step()
    assert release.outcome == "failed"
    assert account.items == {}


def test_a_change_set_that_would_touch_anything_else_is_not_executed() -> None:
    account, operator = served()
    account.serving = {**account.serving, "AllowedChanges": ["ShadowModel", "Endpoint"]}
    release = operator.release(model_package_arn=account.approve(2))
    assert (release.outcome, live(account)) == ("failed", 1)
    assert "EndpointConfig, which is not part of a release" in release.work["Message"]
    assert account.generation == 1


def test_an_endpoint_is_never_replaced() -> None:
    from release.updates import _forbidden

    for action, replacement in (("Remove", ""), ("Modify", "True"), ("Modify", "Conditional")):
        change = Change("Endpoint", "AWS::SageMaker::Endpoint", action, replacement)
        plan = ChangeSet("rel", "CREATE_COMPLETE", "", "AVAILABLE", (change,), {})
        assert list(_forbidden(plan, ["Endpoint"])) == ["it would remove or replace the endpoint"]


def test_a_plan_is_not_executed_on_another_stack_than_it_was_made_for() -> None:
    account, operator = served()
    release = until(operator.start("release", model_package_arn=account.approve(2)), "turn_on_shadow")
    release.step()
    account.deploy(changed=True)
    generation = account.generation
    account.now += 3000
    account.settle()
    release.step()
    assert account.generation == generation
    operator.finish(release)
    assert (release.outcome, live(account)) == ("released", 2)


def test_a_holder_that_lost_the_lease_does_nothing_any_more() -> None:
    account, operator = served()
    release = until(operator.start("release", model_package_arn=account.approve(2)), "turn_off_shadow")
    account.items["lease"] = {**account.items["lease"], "holder": "another", "fence": 99}
    before = json.dumps(account.items, sort_keys=True)
    release.step()
    assert release.outcome == "stopped"
    assert json.dumps(account.items, sort_keys=True) == before


def test_a_terminal_record_is_never_written_twice() -> None:
    account, operator = served()
    release = until(operator.start("release", model_package_arn=account.approve(2, "slow")), "record")

    def meanwhile() -> None:
        key = f"release#{release.work['ReleaseId']}"
        account.items[key] = {**account.items[key], "outcome": "stopped", "message": "by somebody"}

    account.interrupt = (5, meanwhile)
    release.step()
    assert release.outcome == "stopped"


def test_the_work_of_a_step_is_small_plain_data() -> None:
    account, operator = served()
    release = operator.start("release", model_package_arn=account.approve(2))
    while release.alive:
        release.step()
        assert len(json.dumps(release.work)) < 16_000
        assert {"Next", "Seconds", "ReleaseId", "Version", "Package", "Message", "Outcome", "Report"} <= set(
            release.work
        )
        assert "\n" not in release.work["Message"]


def test_every_step_that_a_step_names_exists() -> None:
    account, operator = served(2)
    seen: set[tuple[str, str]] = set()
    for version, quality in enumerate(("good", "slow", "weak", "late"), start=3):
        release = operator.release(model_package_arn=account.approve(version, quality))
        seen |= {("release", step) for step in release.path}
    seen |= {("rollback", step) for step in operator.rollback().path}
    assert all(step in flow.STEPS[workflow] for workflow, step in seen)


def test_a_recovery_without_anything_to_recover_changes_nothing() -> None:
    account, operator = served()
    before = json.dumps(account.items, sort_keys=True)
    assert operator.release(recover="arn:of:nobody").outcome == "nothing_to_do"
    assert json.dumps(account.items, sort_keys=True) == before


def test_a_model_without_a_shadow_is_rolled_out_directly() -> None:
    account = Account(serving={**SERVING, "Shadow": None})
    operator = Operator(account)
    operator.release(model_package_arn=account.approve(1))
    release = operator.release(model_package_arn=account.approve(2))
    assert (release.outcome, live(account)) == ("released", 2)
    assert not {"turn_on_shadow", "judge"} & set(release.path)


def test_a_challenger_is_taken_away_by_a_release() -> None:
    account, operator = served()
    account.parameters["ChallengerModelPackageArn"] = "none"
    release: Any = operator.release(model_package_arn=account.approve(2))
    assert release.outcome == "released"
    assert account.parameters["ChallengerModelPackageArn"] == "none"
    assert account.announced[-1]["Endpoint"] == ENDPOINT


def test_the_logic_of_a_release_loads_neither_boto3_nor_a_clock() -> None:
    code = "import sys, release.flow; print({'boto3', 'botocore', 'aws_cdk'} & set(sys.modules))"
    asked = [sys.executable, "-c", code]
    folder = Path(flow.__file__).parents[1]
    said = subprocess.run(asked, capture_output=True, text=True, check=True, cwd=folder).stdout
    assert said.strip() == "set()"
    sources = [path.read_text() for path in (folder / "release").glob("*.py") if "aws" not in path.name]
    assert not [source for source in sources if ".now(" in source or "import time" in source]
