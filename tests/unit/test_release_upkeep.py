"""Upkeep: it deletes what nobody needs any more and nothing else, and tells what is not as it is to be."""

import json
from dataclasses import replace

import release_world
from hypothesis import given, settings
from hypothesis import strategies as st
from release_driver import Operator
from release_world import PACKAGE, Account, Fault

from release import protection, sweeping
from release.ports import Made
from release.situation import look
from release.upkeep import LEAST_AGE_SECONDS, MOST_DELETED, Needs, needs, problems, superfluous

NOW, OLD, NEW = "2026-03-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-02-25T00:00:00Z"
NOTHING = Needs(frozenset(), frozenset())


def released(*versions: int) -> tuple[Account, Operator]:
    """An endpoint that served these versions one after the other, some time ago."""
    account = Account()
    account.serving["Shadow"] = None
    operator = Operator(account)
    for version in versions:
        operator.release(model_package_arn=account.approve(version))
    assert account.items["live"]["version"] == versions[-1]
    account.age()
    return account, operator


def made_of(account: Account) -> set[int]:
    """Versions of which there is a model."""
    return {account.version_of(package) for package in account.models.values()}


def test_versions_beyond_the_last_go_with_their_configurations() -> None:
    account, operator = released(1, 2, 3, 4)
    assert made_of(account) == {1, 2, 3, 4}
    swept = operator.upkeep()
    assert swept.outcome == "well"
    assert "4 deleted" in swept.work["Message"]
    assert made_of(account) == {3, 4}
    assert len(account.configs) == 2
    assert account.violations == []
    assert account.items["lease"]["holder"] == ""
    assert account.items["upkeep"]["deleted"] == account.swept
    kinds = [name.split("-")[0] for name in account.swept]
    assert kinds == ["EndpointConfig", "EndpointConfig", "ProductionModel", "ProductionModel"]


def test_as_many_versions_stay_as_the_settings_say() -> None:
    account, operator = released(1, 2, 3, 4, 5)
    account.serving["KeepVersions"] = 4
    assert operator.upkeep().outcome == "well"
    assert made_of(account) == {2, 3, 4, 5}


def test_after_a_sweep_a_rollback_leads_to_any_version_that_served() -> None:
    account, operator = released(1, 2, 3, 4)
    operator.upkeep()
    assert operator.rollback(to=1).outcome == "released"
    assert account.packages_served() == {"production": f"{PACKAGE}/1"}
    assert account.violations == []


def test_what_is_young_stays() -> None:
    account, operator = released(1, 2, 3, 4)
    account.created = dict.fromkeys(account.created, account.now - LEAST_AGE_SECONDS + 60)
    operator.upkeep()
    assert account.swept == []
    assert made_of(account) == {1, 2, 3, 4}


def test_a_version_that_was_rejected_goes_with_the_configuration_it_was_a_shadow_in() -> None:
    account, operator = released(1, 2)
    account.serving["Shadow"] = release_world.SERVING["Shadow"]
    assert operator.release(model_package_arn=account.approve(3, "slow")).outcome == "rejected"
    account.age()
    assert made_of(account) == {1, 2, 3}
    operator.upkeep()
    assert made_of(account) == {1, 2}
    assert [name.split("-")[0] for name in account.swept] == ["EndpointConfig", "ShadowModel"]
    assert account.violations == []


def test_a_configuration_without_models_stays_only_by_its_name() -> None:
    configs = [Made("one", OLD), Made("other", OLD)]
    needed = Needs(frozenset({"one"}), frozenset({"p1"}))
    assert superfluous(configs, [], needed, NOW) == (["other"], [])


def test_a_model_stays_that_a_young_configuration_names() -> None:
    account, operator = released(1, 2, 3, 4)
    first = next(name for name in account.configs if account.models[account.configs[name][0]].endswith("/1"))
    account.created[first] = account.now
    operator.upkeep()
    assert made_of(account) == {1, 3, 4}
    assert account.violations == []


def test_a_sweep_comes_once_a_day_and_the_check_every_time() -> None:
    account, operator = released(1, 2, 3, 4)
    operator.upkeep()
    before = list(account.swept)
    account.models["ProductionModel-1"] = f"{PACKAGE}/1"
    account.created["ProductionModel-1"] = account.now - 2 * LEAST_AGE_SECONDS
    account.now += 3600
    assert operator.upkeep().outcome == "well"
    assert account.swept == before
    account.now += 23 * 3600
    operator.upkeep()
    assert account.swept == [*before, "ProductionModel-1"]
    assert account.told == [False, False, False]


def test_while_somebody_changes_the_endpoint_nothing_is_swept_and_nothing_said() -> None:
    account, operator = released(1, 2, 3, 4)
    release = operator.start("release", model_package_arn=account.approve(5))
    while release.following != "watch":
        release.step()
    looked = operator.upkeep()
    assert looked.outcome == "changing"
    assert (account.swept, account.told) == ([], [])
    operator.finish(release)
    account.age()
    assert operator.upkeep().outcome == "well"
    assert made_of(account) == {4, 5}


def test_a_paused_model_keeps_what_it_would_serve() -> None:
    account, operator = released(1, 2, 3, 4)
    operator.lifecycle("pause")
    account.age()
    assert operator.upkeep().outcome == "well"
    assert made_of(account) == {3, 4}
    assert operator.lifecycle("resume").outcome == "resumed"
    assert account.packages_served() == {"production": f"{PACKAGE}/4"}
    assert account.violations == []


def test_a_rollback_takes_the_endpoint_from_a_sweep_at_once_and_the_sweep_stops() -> None:
    account, operator = released(1, 2, 3, 4)
    rollback = operator.start("rollback")
    rollback.step()

    def meanwhile() -> None:
        rollback.step()

    sweep = operator.start("upkeep")
    account.interrupt = (14, meanwhile)  # before it proves that it still has the lease
    sweep.step()
    assert rollback.path == ["plan", "take_over"]
    assert account.items["lease"]["holder"] == rollback.arn
    assert sweep.outcome == "well"
    assert len(account.swept) < 4
    assert operator.finish(rollback).outcome == "released"
    assert account.violations == []


def test_a_sweep_that_dies_at_any_call_leaves_nothing_that_keeps_a_release() -> None:
    for at in (2, 7, 12, 15, 18, 23):
        account, operator = released(1, 2, 3)
        sweep = operator.start("upkeep")
        account.fault = Fault(at, before=bool(at % 2), dies=True)
        sweep.step()
        account.fault = None
        assert operator.release(model_package_arn=account.approve(4)).outcome == "released"
        account.age()
        account.items.pop("upkeep", None)
        assert operator.upkeep().outcome == "well"
        assert made_of(account) == {3, 4}
        assert account.violations == []


def test_another_sweep_does_not_wait_and_does_nothing() -> None:
    account, operator = released(1, 2, 3, 4)
    one, other = operator.start("upkeep"), operator.start("upkeep")
    account.interrupt = (14, other.step)
    one.step()
    assert other.outcome == "changing"
    assert made_of(account) == {3, 4}


def test_what_is_wrong_is_told_and_keeps_the_sweeper_from_sweeping() -> None:
    account, operator = released(1, 2, 3, 4)
    account.parameters["ProductionModelPackageArn"] = f"{PACKAGE}/3"
    looked = operator.upkeep()
    assert looked.outcome == "differs"
    assert "the ledger says that" in looked.work["Message"]
    assert (account.told, account.swept) == ([True], [])
    assert account.items["upkeep"]["problems"]


def test_every_way_to_be_wrong_is_named() -> None:
    account, _ = released(1, 2)
    now = look(account.world())
    assert problems(now) == []
    stack, endpoint = now.stack, now.endpoint
    assert endpoint is not None
    beside = {**stack.parameters, "ShadowModelPackageArn": f"{PACKAGE}/9"}
    off = {**stack.parameters, "Paused": "true"}
    wrong = {
        "no termination protection": replace(now, stack=replace(stack, protected=False)),
        "lets an update delete": replace(
            now, stack=replace(stack, policy=json.dumps(protection.policy(["Endpoint"], "Update:Replace")))
        ),
        "is in UPDATE_ROLLBACK_FAILED": replace(now, stack=replace(stack, status="UPDATE_ROLLBACK_FAILED")),
        "has configuration elsewhere": replace(now, endpoint=replace(endpoint, config="elsewhere")),
        "there is no endpoint": replace(now, endpoint=None),
        "beside production": replace(now, stack=replace(stack, parameters=beside)),
        "is to be paused": replace(now, paused={"package": f"{PACKAGE}/2"}),
        "which nobody asked for": replace(now, stack=replace(stack, parameters=off)),
        "production gets no requests": replace(now, endpoint=replace(endpoint, weights={"production": 0.0})),
    }
    for words, situation in wrong.items():
        assert words in "; ".join(problems(situation)), words


def test_before_the_first_release_nothing_is_wrong() -> None:
    account = Account(protected=False, policy=None)
    assert Operator(account).upkeep().outcome == "well"
    assert account.told == [False]


def test_a_model_that_a_configuration_names_stays_as_long_as_that() -> None:
    models = [Made(f"m{number}", OLD, f"p{number}") for number in range(60)]
    configs = [Made(f"c{number}", OLD, models=(f"M{number}",)) for number in range(60)]
    gone, after = superfluous(configs, models, NOTHING, NOW)
    assert (len(gone), after) == (MOST_DELETED, [])
    rest = [config for config in configs if config.name not in gone]
    gone, after = superfluous(rest, models, NOTHING, NOW)
    assert len(gone) == 10
    assert len(after) == MOST_DELETED - 10


def test_names_are_compared_as_sagemaker_does_in_its_arns() -> None:
    account, _ = released(1)
    now = look(account.world())
    arns = ["arn:aws:sagemaker:eu-west-1:111122223333:model/productionmodel-ab12"]
    needed = needs(now, arns, [])
    assert superfluous([], [Made("ProductionModel-Ab12", OLD)], needed, NOW) == ([], [])


NAMES = st.sampled_from([f"x{number}" for number in range(6)])
MOMENTS = st.sampled_from([OLD, OLD, NEW])
PACKAGES = st.sampled_from(["", "p1", "p2", "p3"])
MODELS = st.lists(st.builds(Made, NAMES, MOMENTS, PACKAGES), unique_by=lambda made: made.name)
CONFIGS = st.lists(
    st.builds(Made, NAMES, MOMENTS, models=st.lists(NAMES, max_size=2).map(tuple)),
    unique_by=lambda made: made.name,
)
NEEDS = st.builds(Needs, st.frozensets(NAMES, max_size=2), st.frozensets(PACKAGES.filter(bool), max_size=2))


@settings(max_examples=60, deadline=None, database=None)
@given(CONFIGS, MODELS, NEEDS)
def test_whatever_there_is_only_what_nothing_needs_is_deleted(
    configs: list[Made], models: list[Made], needed: Needs
) -> None:
    gone, after = superfluous(configs, models, needed, NOW)
    of = {made.name: made for made in models}
    for name in gone:
        (config,) = (each for each in configs if each.name == name)
        assert config.created == OLD
        assert name not in needed.names
        packages = {of[model].package if model in of else "" for model in config.models}
        assert not packages or not packages <= needed.packages
    for name in after:
        assert of[name].created == OLD
        assert name not in needed.names
        assert of[name].package not in needed.packages
        assert all(name not in config.models or config.name in gone for config in configs)
    # And what is left over could not go: a second look finds nothing more.
    rest = [each for each in configs if each.name not in gone]
    assert superfluous(rest, [each for each in models if each.name not in after], needed, NOW) == ([], [])


def test_the_names_of_what_is_found_are_those_of_the_template() -> None:
    from mlplatform.serving import parts, upkeep
    from release import aws_retained, aws_services

    assert set(aws_retained.MODELS) == set(parts.MODELS.values())
    assert aws_retained.CONFIGURATIONS == (parts.ENDPOINT_CONFIG,)
    assert aws_services.DIFFERS_METRIC == upkeep.DIFFERS_METRIC
    assert aws_services.SWEPT_METRIC == upkeep.SWEPT_METRIC
    assert sweeping.DAY_SECONDS < 24 * 3600
