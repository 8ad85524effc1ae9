"""Pausing, resuming and retiring: the endpoint goes by one update that was asked for, and comes back."""

import itertools
import json

import pytest
from release_driver import Execution, Operator
from release_world import POLICY, Account, Fault

from release import protection
from release.flow import STEPS
from release.ports import Change
from release.situation import denies_loss


def serving(version: int = 1) -> tuple[Account, Operator]:
    """An endpoint that serves a version."""
    account = Account()
    operator = Operator(account)
    operator.release(model_package_arn=account.approve(version))
    assert account.items["live"]["version"] == version
    return account, operator


def paused(action: str = "pause", **given: str) -> tuple[Account, Operator]:
    """A model whose endpoint was taken away."""
    account, operator = serving()
    operator.lifecycle(action, **given)
    assert account.endpoint_config is None
    return account, operator


def begun(account: Account, execution: Execution, step: str) -> None:
    """Take steps until ``step`` comes next."""
    while execution.following != step:
        execution.step()
    assert account.running[execution.arn]


def rest(account: Account) -> None:
    """What must hold whenever nothing is under way."""
    assert account.violations == []
    assert account.items["lease"]["holder"] == ""
    assert denies_loss(account.policy)
    assert (account.endpoint_config is None) == ("paused" in account.items)
    assert account.marked or "paused" in account.items


def test_a_pause_takes_the_endpoint_away_and_keeps_which_version_it_was() -> None:
    account, operator = serving()
    ended = operator.lifecycle("pause", reason="weekend", by="ann")
    assert ended.outcome == "paused"
    assert ended.path[:4] == ["plan_lifecycle", "take_lease", "pause", "pause"]
    assert account.endpoint_config is None
    assert account.parameters["ProductionModelPackageArn"] == account.items["live"]["package"]
    record = account.items["paused"]
    assert (record["version"], record["by"], record["reason"], record["retired"]) == (
        1,
        "ann",
        "weekend",
        False,
    )
    assert account.notes[record["package"]] == "Paused"
    assert account.announced[-1]["Outcome"] == "paused"
    assert account.shown[-1][0] == 0
    rest(account)


def test_a_pause_and_a_resumption_give_the_same_version() -> None:
    account, operator = paused()
    ended = operator.lifecycle("resume")
    assert ended.outcome == "resumed"
    assert account.packages_served() == {"production": account.items["live"]["package"]}
    assert account.notes[account.items["live"]["package"]] == "Serving"
    assert account.shown[-1][0] == 1
    rest(account)


def test_a_retired_model_comes_back_as_a_paused_one_does() -> None:
    account, operator = paused("retire")
    assert account.items["paused"]["retired"] is True
    assert account.notes[account.items["live"]["package"]] == "Retired"
    assert operator.lifecycle("resume").outcome == "resumed"
    rest(account)


def test_who_retires_a_model_is_told_what_remains_also_by_who_takes_it_up() -> None:
    listed = "- the history (the ledger): aws dynamodb delete-item"
    account, operator = serving()
    assert listed in operator.lifecycle("retire").work["Message"].splitlines()
    account, operator = serving()
    retirement = operator.start("lifecycle", action="retire")
    begun(account, retirement, "follow_update")
    account.running[retirement.arn] = False
    operator.settle()
    recovery = operator.executions[-1]
    assert (recovery.workflow, recovery.outcome) == ("release", "retired")
    assert listed in recovery.work["Message"].splitlines()
    rest(account)


def test_a_paused_model_is_retired_without_an_update() -> None:
    account, operator = paused()
    updates, since = account.generation, account.items["paused"]["since"]
    ended = operator.lifecycle("retire", reason="replaced")
    assert (ended.outcome, account.generation) == ("retired", updates)
    assert account.items["paused"]["since"] == since
    assert account.items["paused"]["reason"] == "replaced"
    rest(account)


def test_what_there_is_not_to_do_is_not_done() -> None:
    _, operator = paused()
    assert operator.lifecycle("pause").outcome == "nothing_to_do"
    operator.lifecycle("resume")
    assert operator.lifecycle("resume").outcome == "nothing_to_do"
    fresh = Operator(Account())
    for action in ("pause", "resume", "retire"):
        assert fresh.lifecycle(action).outcome == "nothing_to_do"


def test_an_action_that_is_none_is_refused_with_those_there_are() -> None:
    account, operator = serving()
    for given in ({"action": "stop"}, {"action": None}, {"action": "pause", "version": 7}):
        ended = operator.finish(operator.start("lifecycle", **given))
        assert ended.outcome == "refused"
    assert "pause, resume, retire" in operator.lifecycle("stop").work["Message"]
    rest(account)


def test_while_a_model_is_paused_nothing_is_released_and_the_message_says_how_to_resume() -> None:
    account, operator = paused()
    refused = [
        operator.release(model_package_arn=account.approve(2)),
        operator.release(version=2),
        operator.rollback(),
        operator.rollback(to=1),
    ]
    for ended in refused:
        assert ended.outcome == "refused"
        assert "make resume ENV=prod MODEL=loans" in ended.work["Message"]
    rest(account)


def test_a_resumption_tells_of_what_was_approved_meanwhile() -> None:
    account, operator = paused()
    account.approve(2)
    ended = operator.lifecycle("resume")
    assert account.items["live"]["version"] == 1
    assert "make release" in ended.work["Message"]
    assert operator.release(version=2).outcome == "released"


def test_a_pause_waits_for_a_release_and_pauses_what_it_brought() -> None:
    account, operator = serving()
    release = operator.start("release", model_package_arn=account.approve(2))
    begun(account, release, "judge")
    pause = operator.start("lifecycle", action="pause")
    operator.settle()
    assert (release.outcome, pause.outcome) == ("released", "paused")
    assert account.items["paused"]["version"] == 2
    rest(account)


def test_a_release_and_a_rollback_that_wait_for_a_pause_are_refused_after_it() -> None:
    account, operator = serving()
    pause = operator.start("lifecycle", action="pause")
    begun(account, pause, "take_lease")
    release = operator.start("release", model_package_arn=account.approve(2))
    begun(account, release, "take_lease")
    operator.settle()
    assert (pause.outcome, release.outcome) == ("paused", "refused")
    rest(account)


def test_the_stack_policy_is_lifted_for_one_update_only_and_put_back_as_it_was() -> None:
    account, operator = serving()
    own = json.loads(POLICY)
    own["Statement"][1]["Action"] = "Update:*"
    account.policy = json.dumps(own)
    pause = operator.start("lifecycle", action="pause")
    begun(account, pause, "follow_update")
    assert json.loads(str(account.policy)) == protection.policy(
        ["Endpoint", "InferenceComponent"], "Update:Replace"
    )
    assert not account.marked
    operator.settle()
    assert json.loads(str(account.policy)) == own
    rest(account)


def dies(action: str, step: int, at: int) -> None:
    """The execution is gone after a call of a step, and somebody takes up what it left."""
    account, operator = paused() if action == "resume" else serving()
    execution = operator.start("lifecycle", action=action)
    for _ in range(step):
        if execution.alive:
            execution.step()
    account.fault = Fault(at, before=False, dies=True)
    if execution.alive:
        execution.step()
    account.fault = None
    operator.settle()
    rest(account)


def test_a_pause_that_dies_while_the_policy_is_lifted_is_taken_up_and_comes_to_rest() -> None:
    for at in range(4, 10):
        dies("pause", 3, at)


@pytest.mark.thorough
def test_a_pause_or_a_resumption_that_dies_at_any_call_is_taken_up_and_comes_to_rest() -> None:
    for action, step, at in itertools.product(("pause", "retire", "resume"), range(9), range(1, 13)):
        dies(action, step, at)


def test_a_pause_that_people_stop_before_its_update_leaves_what_serves() -> None:
    account, operator = serving()
    pause = operator.start("lifecycle", action="pause")
    begun(account, pause, "pause")
    account.running[pause.arn] = False
    operator.settle()
    assert account.items["live"]["version"] == 1
    assert "paused" not in account.items
    rest(account)


def test_a_pause_whose_update_has_begun_is_finished_by_who_takes_it_up() -> None:
    account, operator = serving()
    pause = operator.start("lifecycle", action="pause")
    begun(account, pause, "follow_update")
    account.running[pause.arn] = False
    operator.settle()
    assert account.notes[account.items["live"]["package"]] == "Paused"
    rest(account)


def test_a_resumption_without_capacity_leaves_the_model_paused() -> None:
    account, operator = paused()
    account.capacity_fails = 1
    failed = operator.lifecycle("resume")
    assert failed.outcome == "failed"
    assert "InsufficientInstanceCapacity" in failed.work["Message"]
    rest(account)
    assert "paused" in account.items
    assert operator.lifecycle("resume").outcome == "resumed"
    rest(account)


def test_a_version_that_is_not_approved_any_more_does_not_come_back() -> None:
    account, operator = paused()
    account.set_approval(1, "Rejected")
    ended = operator.lifecycle("resume")
    assert ended.outcome == "refused"
    assert "Rejected, not Approved" in ended.work["Message"]
    rest(account)


def test_a_version_that_comes_back_and_does_not_answer_is_told_of_and_stays() -> None:
    account, operator = paused()
    account.qualities[1] = "dumb"
    ended = operator.lifecycle("resume")
    assert ended.outcome == "failed"
    assert "the sample request failed" in ended.work["Message"]
    rest(account)


def test_an_endpoint_that_cloudformation_leaves_behind_is_told_of_with_the_command() -> None:
    account, operator = serving()
    pause = operator.start("lifecycle", action="pause")
    begun(account, pause, "follow_update")
    account.marked = True  # somebody tagged it again: the role may not delete it
    operator.settle()
    assert pause.outcome == "failed"
    assert "aws sagemaker delete-endpoint --endpoint-name shop-prod-loans" in pause.work["Message"]
    assert "delete it" in operator.lifecycle("resume").work["Message"]
    account.endpoint_config = None
    assert operator.lifecycle("resume").outcome == "resumed"
    rest(account)


def test_a_deployment_while_paused_brings_no_endpoint() -> None:
    account, operator = paused()
    account.deploy(changed=True)
    operator.settle()
    assert account.endpoint_config is None
    rest(account)


def test_a_stack_that_knows_no_pause_is_to_be_deployed_first() -> None:
    account, operator = serving()
    del account.parameters["Paused"]
    ended = operator.lifecycle("pause")
    assert (ended.outcome, ended.work["Message"].rpartition(": ")[2]) == ("refused", "make deploy ENV=prod")


def test_every_step_of_a_pause_that_a_step_names_exists() -> None:
    _, operator = serving()
    seen = set(operator.lifecycle("pause").path) | set(operator.lifecycle("resume").path)
    assert seen == set(STEPS["lifecycle"]) - {"give_up"}


def test_a_pause_removes_the_endpoint_and_still_replaces_none() -> None:
    for action, replacement, fine in (("Remove", "", True), ("Modify", "True", False)):
        account, operator = serving()
        pause = operator.start("lifecycle", action="pause")
        begun(account, pause, "pause")
        pause.step()
        planned = account.change_sets[pause.work["Plan"]["Name"]]
        planned["changes"] = (Change("Endpoint", "AWS::SageMaker::Endpoint", action, replacement),)
        operator.settle()
        assert pause.outcome == ("paused" if fine else "failed"), pause.work["Message"]
        rest(account)
