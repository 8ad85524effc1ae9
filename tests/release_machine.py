"""Releases of one endpoint in every disorder: what hypothesis may do to them, and what must always hold."""

import copy
from collections.abc import Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from release_driver import Execution, Operator
from release_world import SERVING, Account, Fault

from release.situation import denies_loss

T = TypeVar("T")
COPIES = {"batches": "rolling", "at once": "all_at_once"}
WAYS = st.sampled_from(["shadow", "shadow", "none", *COPIES])
VERSIONS = st.integers(1, 5)
WHO = st.integers(0, 7)
TROUBLE = st.sampled_from(
    ["silent", "honest", "capacity", "way back", "alarms", "flicker", "shown", "no copy"]
)
QUALITIES = st.sampled_from(["good", "good", "good", "slow", "unclear", "weak", "late", "dumb"])


def _pick(choice: Sequence[T], who: int) -> T:
    return choice[who % len(choice)]


def serving(*, after: bool, way: str, steps: Sequence[int] = ()) -> dict[str, Any]:
    """Settings whose waits are short to simulate: nothing depends on how long they are.

    ``way``: shadow or none, and batches or all_at_once of copies of a model, which have neither a shadow nor
    an A/B test.
    """
    literal = copy.deepcopy(SERVING)
    literal["After"] = "staging" if after else None
    literal["Shadow"] = literal["Shadow"] if way == "shadow" else None
    literal["Rollout"] |= {"WatchMinutes": 2, "BakingMinutes": 20}
    short = {"Steps": list(steps), "StepMinutes": 10, "MinimumInvocations": 50, "Metrics": []}
    literal["AbTest"] = literal["AbTest"] | short if steps and way not in COPIES else None
    if way in COPIES:
        literal["Mode"] = "inference_components"
        literal["Rollout"] |= {"Strategy": COPIES[way], "WakeMinutes": 20}
    return literal


class Releases(RuleBasedStateMachine):
    """One endpoint, its releases and rollbacks, and everything that goes wrong."""

    @initialize(
        after=st.booleans(),
        way=WAYS,
        steps=st.sampled_from([[50], [20, 50, 100], [50], []]),
        begun=st.booleans(),
    )
    def begin(self, after: bool, way: str, steps: list[int], begun: bool) -> None:
        """An endpoint that has served nothing, or one version."""
        literal = serving(after=after, way=way, steps=steps)
        self.account = Account(serving=literal, immediate_seconds=70)
        self.operator = Operator(self.account)
        self.everything: list[Execution] = self.operator.executions
        if begun:
            self.operator.release(model_package_arn=self.account.approve(1))
            assert self.account.items["live"]["version"] == 1

    def alive(self) -> list[Execution]:
        """Executions that run."""
        return [each for each in self.everything if each.alive]

    def dead(self) -> list[Execution]:
        """Executions whose end nobody has taken up."""
        recovered = self.operator.recovered
        ended = [each for each in self.everything if not each.alive and each.workflow != "upkeep"]
        return [each for each in ended if each.arn not in recovered]

    def room(self) -> bool:
        """Whether another execution may begin: too many only take time."""
        return len(self.alive()) < 4

    @precondition(room)
    @rule(version=VERSIONS, quality=QUALITIES, events=st.integers(1, 2), served_before=st.booleans())
    def approve(self, version: int, quality: str, events: int, served_before: bool) -> None:
        """Somebody approves a version; the event comes once or twice, versions in any order."""
        arn = self.account.approve(version, quality, served_before=served_before)
        for _ in range(events):
            self.operator.start("release", model_package_arn=arn)

    @precondition(lambda self: self.account.packages and self.room())
    @rule(who=WHO, insisted=st.booleans())
    def offer_again(self, who: int, insisted: bool) -> None:
        """A late event, or a person who names a version."""
        version = _pick(sorted(self.account.packages), who)
        given = (
            {"version": version} if insisted else {"model_package_arn": self.account.packages[version].arn}
        )
        self.operator.start("release", **given)

    @precondition(lambda self: self.account.packages)
    @rule(who=WHO)
    def revoke(self, who: int) -> None:
        """Somebody withdraws an approval."""
        self.account.set_approval(_pick(sorted(self.account.packages), who), "Rejected")

    @precondition(lambda self: self.account.packages and self.account.serving["After"])
    @rule(who=WHO)
    def taken_back_before(self, who: int) -> None:
        """The earlier environment goes back from a version."""
        version = _pick(sorted(self.account.packages), who)
        self.account.take_back_before(version)

    @precondition(room)
    @rule(to=st.none() | VERSIONS)
    def rollback(self, to: int | None) -> None:
        """Somebody wants what served before."""
        self.operator.start("rollback", **({"to": to} if to else {}))

    @precondition(
        lambda self: self.account.serving["AbTest"] and "live" in self.account.items and self.room()
    )
    @rule(newer=st.sampled_from([1, 1, 1, 0]), quality=QUALITIES, steps=st.sampled_from([0, 8, 16, 24, 40]))
    def test(self, newer: int, quality: str, steps: int) -> None:
        """Somebody lets a version answer part of the requests, and the test gets some way."""
        version = min(8, self.account.items["live"]["version"] + newer)
        if newer:
            self.account.approve(version, quality)
        test = self.operator.start("ab_test", version=version)
        for _ in range(steps):
            if test.alive and test.following != "confirm":
                test.step()

    @rule(share=st.sampled_from([0, 30, 100]))
    def weigh(self, share: int) -> None:
        """Somebody changes the weights by hand."""
        account = self.account
        if "challenger" in account.weights and not account.change and account.endpoint_status == "InService":
            account.shift({"production": 100.0 - share, "challenger": float(share)}, {})

    @precondition(room)
    @rule(action=st.sampled_from(["pause", "resume", "retire"]))
    def pause(self, action: str) -> None:
        """Somebody wants no endpoint, or the endpoint back."""
        self.operator.start("lifecycle", action=action)

    @precondition(room)
    @rule(meanwhile=st.sampled_from(["nothing", "nothing", "deploy", "step", "later"]), at=st.integers(1, 30))
    def upkeep(self, meanwhile: str, at: int) -> None:
        """The clock calls when everything there is has become old; others do what they do."""
        account = self.account
        account.age()
        account.items.pop("upkeep", None)
        execution = self.operator.start("upkeep")
        if meanwhile == "deploy":
            account.interrupt = (at, lambda: account.deploy(changed=True) and None)
        elif meanwhile == "step":
            others = [each for each in self.alive() if each is not execution and each.following != "confirm"]
            account.interrupt = (at, lambda: [each.step() for each in others if each.alive] and None)
        if meanwhile != "later":
            execution.step()

    @precondition(lambda self: self.alive())
    @rule(who=WHO, steps=st.integers(1, 12))
    def go_on(self, who: int, steps: int) -> None:
        """One execution takes some steps."""
        for execution in [_pick(self.alive(), who)] * steps:
            if execution.alive and execution.following != "confirm":
                execution.step()

    @precondition(lambda self: self.alive())
    @rule(
        who=WHO,
        at=st.integers(1, 14),
        before=st.booleans(),
        dies=st.booleans(),
        times=st.sampled_from([1, 1, 3, 9]),
    )
    def go_wrong(self, who: int, at: int, before: bool, dies: bool, times: int) -> None:
        """A call of the next step fails, its answer is lost, or the execution dies there."""
        execution = _pick(self.alive(), who)
        if execution.following != "confirm":
            self.account.fault = Fault(at, before, dies, times)
            execution.step()
            self.account.fault = None

    @precondition(lambda self: len(self.alive()) > 1)
    @rule(who=WHO, at=st.integers(1, 14), steps=st.integers(1, 12))
    def at_once(self, who: int, at: int, steps: int) -> None:
        """While one execution takes a step, another one takes some."""
        one = _pick(self.alive(), who)
        other = _pick([each for each in self.alive() if each is not one], who)

        def meanwhile() -> None:
            for _ in range(steps):
                if other.alive and other.following != "confirm" and other.due <= self.account.now:
                    other.step()

        if one.following != "confirm":
            self.account.interrupt = (at, meanwhile)
            one.step()

    @precondition(lambda self: any(not each.alive and each.following != "end" for each in self.everything))
    @rule(who=WHO)
    def straggle(self, who: int) -> None:
        """A call of an execution that is gone ends late."""
        gone = [
            each for each in self.everything if not each.alive and each.following not in ("end", "confirm")
        ]
        if gone:
            late = _pick(gone, who)
            late.straggle()
            self.operator.recovered.discard(late.arn)  # the event of its end comes after it

    @precondition(lambda self: any(each.following == "confirm" for each in self.alive()))
    @rule(answer=st.sampled_from([(True, "bob"), (False, "bob"), (False, "")]))
    def answer(self, answer: tuple[bool, str]) -> None:
        """A person confirms, declines, or says nothing until it expires."""
        next(each for each in self.alive() if each.following == "confirm").answer(*answer)

    @precondition(lambda self: self.dead() and self.room())
    @rule(who=WHO)
    def recover(self, who: int) -> None:
        """The event of an execution that ended starts another one, once for each."""
        dead = _pick(self.dead(), who)
        self.operator.recovered.add(dead.arn)
        self.operator.start("release", recover=dead.arn)

    @rule(changed=st.booleans())
    def deploy(self, changed: bool) -> None:
        """Somebody deploys the infrastructure, with or without a new configuration."""
        self.account.deploy(changed=changed)

    @rule(what=TROUBLE)
    def trouble(self, what: str) -> None:
        """The services behave badly from now on, or the next time."""
        account = self.account
        if what == "shown":
            account.shows_old = not account.shows_old
        elif what in ("silent", "honest"):
            account.silent = what == "silent"
        elif what == "no copy":
            account.drowsy, account.vain = account.copies, 0
        elif what == "flicker":
            account.flicker()
        elif what == "capacity":
            account.capacity_fails = min(2, account.capacity_fails + 1)
        elif what == "way back":
            account.way_back_fails = min(3, account.way_back_fails + 1)
        else:
            account.flapping = not account.flapping

    @rule(minutes=st.sampled_from([1, 10, 100]))
    def time_passes(self, minutes: int) -> None:
        """Nobody does anything."""
        self.account.now += 60 * minutes
        self.account.settle()

    @rule()
    def settle(self) -> None:
        """Everything comes to its end."""
        self.operator.settle()
        self.at_rest()

    def teardown(self) -> None:
        """Everything comes to its end, the trouble is over, and a rollback is possible."""
        if not hasattr(self, "account"):
            return
        self.settle()
        account = self.account
        account.way_back_fails = account.capacity_fails = 0
        account.silent = account.flapping = False
        self.a_pause_is_kept_until_it_is_ended()
        self.rollback_is_possible()
        # Nothing that went wrong before keeps a good version from being released.
        released = self.operator.release(model_package_arn=account.approve(9))
        self.operator.settle()
        self.at_rest()
        assert released.outcome == "released", released.work["Message"]
        assert account.items["live"]["version"] == 9
        self.nothing_is_reported_at_rest()
        assert account.configs[str(account.endpoint_config)][1] is None
        assert account.status == "UPDATE_COMPLETE"

    def nothing_is_reported_at_rest(self) -> None:
        """Upkeep rings no false alarm, and what it deletes leaves everything as it is."""
        account = self.account
        account.now += 3600  # a sweep that died has the lease no longer
        account.age()
        account.items.pop("upkeep", None)
        looked = self.operator.upkeep()
        assert looked.outcome == "well", looked.work["Message"]
        assert set(account.configs) | set(account.models) <= account.needed() | self.kept()
        self.at_rest()

    def kept(self) -> set[str]:
        """Models and configurations of the versions that served last."""
        account = self.account
        good = sorted((key for key in account.items if key.startswith("good#")), reverse=True)
        good = good[: account.serving["KeepVersions"]]
        packages = {account.items[key]["package"] for key in good}
        models = {name for name, package in account.models.items() if package in packages}
        configs = {name for name in account.configs if account.named_by(name) <= models}
        return configs | models.union(*(account.named_by(config) for config in configs))

    def a_pause_is_kept_until_it_is_ended(self) -> None:
        """Whoever wants to change what serves is refused, and the same version comes back."""
        account, paused = self.account, self.account.items.get("paused")
        if paused is None:
            return
        stuck = account.status == "UPDATE_ROLLBACK_FAILED"
        for refused in () if stuck else (self.operator.release(), self.operator.rollback()):
            assert refused.outcome in ("refused", "nothing_to_do"), refused.work["Message"]
            assert account.endpoint_config is None
        account.set_approval(paused["version"], "Approved")
        resumed = self.operator.lifecycle("resume")
        self.operator.settle()
        self.at_rest()
        dumb = account.qualities[paused["version"]] == "dumb"
        assert resumed.outcome == ("failed" if dumb else "resumed"), resumed.work["Message"]
        assert account.packages_served() == {"production": paused["package"]}

    def rollback_is_possible(self) -> None:
        """From every rest to what served before, from every trouble to rest, and never to and fro."""
        account, left = self.account, set()
        for _ in range(2 if "live" in account.items else 0):
            before, leaves = self.target(), account.items["live"]["package"]
            self.operator.rollback()
            self.operator.settle()
            self.at_rest()
            assert account.status != "UPDATE_ROLLBACK_FAILED"
            if before:
                assert account.items["live"]["package"] == before, "a rollback is always possible"
                left.add(leaves)
            assert account.items["live"]["package"] not in left
        for arn in sorted(left):
            again = self.operator.release(model_package_arn=arn)
            assert again.outcome == "refused", "what was taken back comes back with a late event"

    def target(self) -> str | None:
        """Package that a rollback must lead to from rest, None if that depends."""
        account = self.account
        if "live" not in account.items or account.status == "UPDATE_ROLLBACK_FAILED":
            return None
        if account.parameters["ProductionModelPackageArn"] != account.items["live"]["package"]:
            return None
        good = sorted((key for key in account.items if key.startswith("good#")), reverse=True)
        usable = [account.items[key]["package"] for key in good[1:]]
        return next(
            (p for p in usable if account.packages[account.version_of(p)].approval == "Approved"), None
        )

    @invariant()
    def nothing_forbidden_happened(self) -> None:
        """No update began that should not have, nothing was recorded that was not so."""
        if hasattr(self, "account"):
            assert self.account.violations == []

    @invariant()
    def something_serves(self) -> None:
        """Never no version after the first, and nothing in use is deleted."""
        if not hasattr(self, "account") or "live" not in self.account.items:
            return
        account = self.account
        away = "paused" in account.items or account.parameters["Paused"] == "true"
        if account.endpoint_config is None and away:
            return
        assert account.endpoint_config in account.configs, "the configuration in use is gone"
        model, shadow = account.configs[account.endpoint_config]
        challenger = account.challengers.get(account.endpoint_config)
        used = {account.component if account.copies else model, shadow, challenger}
        assert used - {None} <= set(account.models), "a model in use is gone"
        assert account.copies or sum(account.weights.values()) > 0, "no variant gets any request"

    @invariant()
    def intents_end_once(self) -> None:
        """No intent has two terminal records."""
        if hasattr(self, "account"):
            assert all(number == 1 for number in self.account.terminal.values())

    def at_rest(self) -> None:
        """What must hold when nothing is under way any more."""
        account = self.account
        self.nothing_forbidden_happened()
        open_intents = [
            key for key, item in account.items.items() if key.startswith("release#") and not item["outcome"]
        ]
        assert not open_intents, "an accepted intent has no terminal record"
        assert not [key for key in account.items if key.startswith("open#")]
        stuck = account.status == "UPDATE_ROLLBACK_FAILED"
        lease = account.items.get("lease", {"holder": ""})
        lent = lease["holder"] and lease["workflow"] == "upkeep"
        assert not lease["holder"] or stuck or lent, "the lease is held by the dead"
        live = account.items.get("live")
        if stuck or live is None:
            return
        assert denies_loss(account.policy), "the stack policy is still lifted"
        if "paused" in account.items:
            assert account.parameters["Paused"] == "true", "the template does not say that it is paused"
            assert account.endpoint_config is None, "the model is paused and costs"
            return
        assert account.marked, "what serves could be taken away"
        served = account.packages_served()
        assert served["production"] == live["package"], "what serves is not what is recorded"
        assert account.parameters["ProductionModelPackageArn"] == live["package"], (
            "the template says otherwise"
        )
        assert "challenger" not in served, "the challenger was left on"
        assert account.parameters["ChallengerModelPackageArn"] == "none"
        assert list(account.weights) == ["production"], "production does not have all requests"
        assert not account.scaled, "a variant scales that is not there"
        assert "shadow" not in served, "the shadow was left on"
        assert account.parameters["ShadowModelPackageArn"] == "none"
