"""The services of an account in memory, through the ports that a release has: see ``release_account``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from release_account import DEFAULTS, START, Account

from release import ports
from release.identifiers import later, seconds_between
from release.ports import Change, ChangeSet, ConflictError, EndpointState, Made, Package, StackState, Write
from release.situation import denies_loss

WAKES = 15
"""Requests in vain until the first copy of a version answers: five minutes of them."""

REPORTED = ("report", "reporting")
"""What is added to an intent after its end."""


def world(account: Account) -> ports.World:
    """The account through the ports."""
    return ports.World(
        ledger=Ledger(account),
        stack=Stack(account),
        endpoint=Endpoint(account),
        registry=Registry(account),
        metrics=Metrics(account),
        executions=Executions(account),
        reports=Reports(account),
        announcements=Announcements(account),
        retained=Retained(account),
    )


def port(method: Callable[..., Any]) -> Callable[..., Any]:
    """A call that goes over a network: it may fail before or after it did what it does."""

    @wraps(method)
    def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        self.account.gate(before=True)
        answer = method(self, *args, **kwargs)
        self.account.gate(before=False)
        return answer

    return called


class Ledger:
    """DynamoDB: conditions and transactions (DDB, TransactWriteItems: all or nothing, at most 100 items, no
    two operations on one item)."""

    def __init__(self, account: Account) -> None:
        self.account = account

    @port
    def read(self, record: str) -> dict[str, Any] | None:
        return _copy(self.account.items.get(record))

    @port
    def history(self, prefix: str, limit: int = 50) -> list[dict[str, Any]]:
        found = sorted((key for key in self.account.items if key.startswith(prefix)), reverse=True)[:limit]
        return [{"record": key, **_copy(self.account.items[key])} for key in found]

    @port
    def write(self, writes: Sequence[Write]) -> None:
        items = self.account.items
        assert len(writes) <= 100
        assert len({write.record for write in writes}) == len(writes), "two operations on one item"
        for write in writes:
            now = items.get(write.record)
            if write.absent and now is not None:
                raise ConflictError(write.record)
            expected = write.expected
            if expected is not None and (now is None or any(now.get(k) != v for k, v in expected.items())):
                raise ConflictError(write.record)
        for write in writes:
            self._put(write)

    def _put(self, write: Write) -> None:
        items, account = self.account.items, self.account
        content = _copy(write.content)
        ends = _ends(write, items.get(write.record) or {})
        if ends:
            account.terminal[write.record] = account.terminal.get(write.record, 0) + 1
        if write.record.startswith("offer#") and write.content and write.content["outcome"] != "released":
            account.taken_back.add(write.content["version"])
        if write.record == "lease" and write.content:
            self._leased(write.content)
        if write.record == "live" and write.content:
            self._served(write.content)
        if ends and write.content:
            self._resumed(write.content)
        if write.content is None:
            items.pop(write.record, None)
        else:
            items[write.record] = content

    def _leased(self, lease: Mapping[str, Any]) -> None:
        """What must hold whenever the lease gets another holder."""
        account, before = self.account, self.account.items.get("lease", {"holder": ""})
        taken = lease["holder"] and before["holder"] and before["holder"] != lease["holder"]
        swept = before["holder"] and before["workflow"] == "upkeep" and lease["workflow"] == "rollback"
        taken = taken and not swept  # which does not wait for a sweep: it is to lose the lease
        if taken and account.running[before["holder"]] and account.clock <= before["term_ends"]:
            account.violations.append(f"{lease['holder']} took it from {before['holder']}, which lives")
        if lease["fence"] < before.get("fence", 0):
            account.violations.append("the fence went back")
        if not lease["holder"] and not denies_loss(account.policy):
            account.violations.append("the lease is given back, and the stack policy is still lifted")

    def _served(self, live: Mapping[str, Any]) -> None:
        """What must hold whenever a version is recorded to serve."""
        account, before = self.account, self.account.items.get("live")
        if "paused" in account.items:
            account.violations.append("a version is recorded to serve while the model is paused")
        intent = account.items[f"release#{live['release_id']}"]
        if intent.get("target") or before is None:
            return
        if live["version"] < before["version"]:
            account.violations.append(f"version {live['version']} came after {before['version']}")
        if account.qualities[live["version"]] != "good" and account.serving["Shadow"]:
            account.violations.append(f"version {live['version']} is {account.qualities[live['version']]}")
        if live["version"] in account.taken_back and not intent["insisted"]:
            account.violations.append(f"version {live['version']} had been taken back")
        account.taken_back.discard(live["version"])

    def _resumed(self, intent: Mapping[str, Any]) -> None:
        """What must hold whenever a model is said to serve again."""
        if intent["outcome"] == "resumed":
            served, before = self.account.packages_served(), intent["paused_before"]
            if before and served != {"production": before["package"]}:
                self.account.violations.append(f"{before['package']} was paused, {served} was resumed")


def _copy(item: Any) -> Any:
    """What DynamoDB would give back; only what is JSON goes in."""
    return json.loads(json.dumps(item))


def _ends(write: Write, before: Mapping[str, Any]) -> bool:
    """Whether a write is the terminal record of an intent; where its report lies is no other one."""
    if not write.record.startswith("release#") or not write.content or not write.content["outcome"]:
        return False
    without = [{k: v for k, v in each.items() if k not in REPORTED} for each in (write.content, before)]
    return without[0] != without[1]


class Stack:
    """CloudFormation, for the one stack."""

    def __init__(self, account: Account) -> None:
        self.account = account

    @port
    def describe(self) -> StackState | None:
        a = self.account
        outputs = {"LiveEndpointConfigName": a.resources.config[0]} if a.resources.config else {}
        outputs |= {"LiveModelName": a.resources.component} if a.resources.component else {}
        shown = a.before if a.shows_old and a.status == "UPDATE_IN_PROGRESS" else a.parameters
        return StackState("stack", a.status, a.reason, dict(shown), outputs, a.protected, a.policy)

    @port
    def create_change_set(self, name: str, parameters: Mapping[str, str], *, first: bool) -> None:
        a = self.account
        if name in a.change_sets:
            return
        # A parameter that is not given takes the template's default (CFN, Parameter: ParameterValue).
        whole = {**DEFAULTS, **parameters}
        # It is made as a snapshot: any later update of the stack makes it obsolete (CFN, DescribeChangeSet).
        a.change_sets[name] = {
            "parameters": whole,
            "generation": a.generation,
            "ready": a.now + 3,
            "changes": self._changes(whole),
            "first": first,
        }

    def _changes(self, wanted: Mapping[str, str]) -> tuple[Change, ...] | None:
        a = self.account
        if wanted == a.parameters and a.desired(wanted) == a.resources:
            return None
        before, after = a.resources, a.desired(wanted)
        changes: list[Change] = []
        for logical, kind, old, new in (
            ("ProductionModel", "Model", before.model, after.model),
            ("ShadowModel", "Model", before.shadow, after.shadow),
            ("ChallengerModel", "Model", before.challenger, after.challenger),
            ("EndpointConfig", "EndpointConfig", before.config, after.config),
            ("Endpoint", "Endpoint", before.endpoint, after.endpoint),
            ("InferenceComponent", "InferenceComponent", before.component, after.component),
        ):
            if old == new:
                continue
            action = "Add" if old is None else "Remove" if new is None else "Modify"
            replaced = (
                "" if action != "Modify" else "False" if kind == logical != "EndpointConfig" else "True"
            )
            changes.append(Change(logical, f"AWS::SageMaker::{kind}", action, replaced))
        return tuple(changes)

    @port
    def change_set(self, name: str) -> ChangeSet | None:
        a = self.account
        found = a.change_sets.get(name)
        if found is None:
            return None
        if found["ready"] > a.now:
            return ChangeSet(name, "CREATE_IN_PROGRESS", "", "UNAVAILABLE", (), found["parameters"])
        if found["changes"] is None:
            reason = "The submitted information didn't contain changes. Submit different information."
            return ChangeSet(name, "FAILED", reason, "UNAVAILABLE", (), found["parameters"])
        state = "AVAILABLE" if found["generation"] == a.generation and not a.update else "OBSOLETE"
        return ChangeSet(name, "CREATE_COMPLETE", "", state, found["changes"], found["parameters"])

    @port
    def execute(self, name: str) -> None:
        a = self.account
        found = a.change_sets.get(name)
        if found is None or found["generation"] != a.generation or a.update:
            raise ConflictError(name)
        if a.status == "UPDATE_ROLLBACK_FAILED" or found["ready"] > a.now or found["changes"] is None:
            raise ConflictError(a.status)
        self._judge(found["parameters"])
        a.begin(found["parameters"], first=found["first"])

    def _judge(self, wanted: Mapping[str, str]) -> None:
        """What must hold whenever an update of the stack begins."""
        a = self.account
        lease = a.items.get("lease", {})
        if a.actor and lease.get("holder") != a.actor:
            a.violations.append(f"{a.actor} updates the stack while {lease.get('holder')} has the lease")
        self._judge_pause(wanted)
        arn = wanted["ProductionModelPackageArn"]
        good = {item["package"] for key, item in a.items.items() if key.startswith("good#")}
        if wanted["ReleaseId"] in a.rolled_back and arn not in good and wanted["RolloutMode"] == "guarded":
            a.violations.append(f"{arn} is rolled out again after SageMaker rolled it back")
        if arn == "none":
            a.violations.append("an update would leave no version")
            return
        package = a.packages[a.version_of(arn)]
        if arn not in good and package.approval != "Approved":
            a.violations.append(f"{arn} is {package.approval}")
        before = a.serving["After"]
        served = package.metadata.get(f"served-in-{before}", "rolled-back")
        if before and arn not in good and served.startswith("rolled-back"):
            a.violations.append(f"{arn} did not serve in {before}")
        judged = a.qualities[package.version] not in ("slow", "unclear")
        if "live" in a.items and a.serving["Shadow"] and arn not in good and not judged:
            a.violations.append(f"{arn} did not pass the judge")
        if arn not in good and arn == a.parameters["ChallengerModelPackageArn"]:
            self._judge_promotion(arn)

    def _judge_promotion(self, arn: str) -> None:
        """What a test promotes was decided to be, answered all requests, and no alarm rings."""
        a = self.account
        intent = a.items.get(f"release#{a.items['lease']['release_id']}", {})
        decided = [one["outcome"] for one in intent.get("decisions", [])]
        if intent.get("workflow") != "ab_test" or decided[-1:] != ["promote"]:
            a.violations.append(f"{arn} is promoted, and no test decided so")
        if a.qualities[a.version_of(arn)] in ("slow", "unclear", "weak", "dumb"):
            a.violations.append(f"{arn} is {a.qualities[a.version_of(arn)]}, and is promoted")
        whole = [one["start"] for one in intent.get("strata", []) if one["share"] == 100]
        if not any(share == 100 and when <= whole[-1] for when, share in a.shares if whole):
            a.violations.append(f"{arn} is promoted, and never answered all requests")
        if a.counts["production"] < a.counts["challenger"]:
            a.violations.append("production takes over with fewer instances than the challenger had")

    def _judge_pause(self, wanted: Mapping[str, str]) -> None:
        """Nothing is brought to serve while a model is paused, and nothing is taken away unasked."""
        a = self.account
        paused, away = a.items.get("paused"), wanted["Paused"] == "true"
        if paused and not away:
            a.violations.append("an update would serve although the model is paused")
        asked = paused and a.items[f"release#{paused['release_id']}"]["execution"] in a.pauses
        if away and a.endpoint_config is not None and not asked:
            a.violations.append("an update takes the endpoint away, and nobody asked for a pause")

    @port
    def set_policy(self, body: str) -> None:
        self.account.policy = body

    @port
    def delete_change_set(self, name: str) -> None:
        self.account.change_sets.pop(name, None)

    @port
    def continue_rollback(self) -> None:
        self.account.continue_rollback()

    @port
    def resources(self) -> list[str]:
        has = self.account.resources
        made = (has.model, has.shadow, has.challenger, has.config)
        return [f"arn:test:sagemaker:::made/{each[0].lower()}" for each in made if each]


class Endpoint:
    """SageMaker, for the one endpoint."""

    def __init__(self, account: Account) -> None:
        self.account = account

    @port
    def describe(self) -> EndpointState | None:
        a = self.account
        if a.endpoint_config is None:
            return None
        pending = a.endpoint_status == "Updating"
        return EndpointState(
            a.endpoint_status,
            a.endpoint_config,
            pending,
            a.endpoint_reason,
            a.packages_served(),
            a.component or "",
            weights=dict(a.weights),
            counts=dict(a.counts),
        )

    @port
    def weights(self, production: float, challenger: float) -> None:
        a, wanted = self.account, {"production": production, "challenger": challenger}
        before = a.exposed
        a.shift(dict(wanted), {})
        lease = a.items.get("lease", {})
        if not a.actor or lease.get("holder") != a.actor:
            return  # a call of an execution that is gone: nothing keeps it from coming late
        if a.items[f"release#{lease['release_id']}"].get("weights") != wanted:
            a.violations.append(f"weights {wanted} are in no ledger")
        if a.exposed > before and a.rings():
            a.violations.append("the challenger gets more requests while an alarm rings")

    @port
    def capacity(self, variant: str, count: int) -> None:
        self.account.shift({}, {variant: count})

    @port
    def release_scaling(self, variant: str) -> None:
        self.account.scaled = False

    @port
    def invoke(self, variant: str) -> str:
        a = self.account
        quality = a.qualities.get(a.version_of(a.packages_served().get(variant, "/0")))
        if (quality == "asleep" or a.drowsy) and a.vain < WAKES:
            a.vain += 1
            return f"Inference Component {ports.NO_CAPACITY} to process this request."
        a.drowsy = False
        return "500: no answer" if quality == "dumb" else ""

    @port
    def mark_served(self) -> None:
        assert self.account.endpoint_config is not None, "there is nothing to tag"
        self.account.marked = True

    @port
    def unmark_served(self) -> None:
        self.account.marked = False


class Registry:
    """The package group."""

    def __init__(self, account: Account) -> None:
        self.account = account

    @port
    def package(self, arn: str) -> Package | None:
        found = [package for package in self.account.packages.values() if package.arn == arn]
        return found[0] if found else None

    @port
    def newest_approved(self) -> str | None:
        packages = self.account.packages
        found = [version for version, package in packages.items() if package.approval == "Approved"]
        return packages[max(found)].arn if found else None

    @port
    def note(self, arn: str, metadata: Mapping[str, str], stage: str, status: str) -> None:
        version = self.account.version_of(arn)
        old = self.account.packages[version]
        self.account.packages[version] = Package(
            old.arn, version, old.approval, old.group, {**old.metadata, **metadata}, old.approved_by
        )
        self.account.notes[arn] = status

    @port
    def relate(self, arn: str, release_id: str) -> None:
        self.account.lineage.add((arn, release_id))


class Metrics:
    """CloudWatch. The measurements of a shadow follow from the quality of its version."""

    def __init__(self, account: Account) -> None:
        self.account = account

    @port
    def series(self, queries: Sequence[Any], start: str, end: str, period: int) -> dict[str, list[Any]]:
        a = self.account
        served = a.packages_served()
        candidate = served.get("shadow") or served.get("challenger")
        quality = a.qualities.get(a.version_of(candidate), "good") if candidate else "missing"
        last = 65 if "shadow" in served else int(seconds_between(start, end) // period) - 1
        moments = [later(start, period * minute) for minute in range(5 if "shadow" in served else 1, last)]
        return {query.id: _series(query, quality, moments, self._requests(query)) for query in queries}

    def _requests(self, query: Any) -> Callable[[str], float]:
        """Requests of a variant in the minute that begins at a moment; a shadow gets all of them as well."""
        if "shadow" in self.account.packages_served():
            return lambda moment: 500.0
        shares = self.account.shares

        def found(moment: str) -> float:
            share = next((each for when, each in reversed(shares) if when <= moment), 0.0)
            return 10 * (share if query.variant == "challenger" else 100 - share)

        return found

    @port
    def alarms(self, prefix: str) -> dict[str, str]:
        a = self.account
        name = a.resources.alarm
        if name is None:
            return {}
        states = {f"{name}/errors": name in a.raised or a.flapping}
        if a.resources.challenger:
            states["shop-prod/loans/challenger-server-errors"] = a.challenger_fails
        return {one: "ALARM" if raised else "OK" for one, raised in states.items() if one.startswith(prefix)}

    @port
    def alarm_changes(self, prefix: str, start: str, end: str) -> dict[str, int]:
        changes = [(f"{name}/errors", moment) for name, moment in self.account.alarm_changes]
        return dict(
            Counter(name for name, moment in changes if name.startswith(prefix) and start <= moment <= end)
        )

    @port
    def ask_to_stop(self, release_id: str, now: str) -> None:
        a = self.account
        a.stops.add(release_id)
        guarded = a.parameters["RolloutMode"] == "guarded"
        if a.update and guarded and a.status == "UPDATE_IN_PROGRESS":
            a.update.ends = min(a.update.ends, a.now + 90)

    @port
    def released(self, version: int, now: str) -> None:
        self.account.shown.append((version, now))

    @port
    def differs(self, *, differs: bool, now: str) -> None:
        self.account.told.append(differs)

    @port
    def swept(self, number: int, now: str) -> None:
        pass


def _series(query: Any, quality: str, moments: Sequence[str], requests: Callable[[str], float]) -> list[Any]:
    candidate = query.variant in ("shadow", "challenger")
    if quality == "missing" or (quality == "unclear" and candidate):
        return []
    slow = 3.0 if quality == "slow" and candidate else 1.0
    counted = {"SampleCount": 1.0, "Sum": 0.7 if query.outcome else float(query.metric == "Invocations")}
    return [
        [
            moment,
            counted[query.statistic] * requests(moment)
            if query.statistic in counted
            else 10_000.0 * slow + number % 7,
        ]
        for number, moment in enumerate(moments)
        if requests(moment)
    ]


class Executions:
    """Step Functions (SFN, StopExecution: whoever it ends is called no more)."""

    def __init__(self, account: Account) -> None:
        self.account = account

    @port
    def running(self, arn: str) -> bool:
        return self.account.running.get(arn, False)

    @port
    def stop(self, arn: str, cause: str) -> None:
        if self.account.running.get(arn):
            self.account.running[arn] = False
            self.account.stopped.append(arn)


class Reports:
    """S3."""

    def __init__(self, account: Account) -> None:
        self.account = account

    @port
    def keep(self, name: str, content: str, content_type: str) -> str:
        self.account.reports[name] = content
        return f"s3://reports/releases/loans/{name}"


class Announcements:
    """EventBridge."""

    def __init__(self, account: Account) -> None:
        self.account = account

    @port
    def announce(self, detail: Mapping[str, Any]) -> None:
        json.dumps(detail)
        self.account.announced.append(detail)


class Retained:
    """SageMaker, for what CloudFormation ever made: it deletes what is in use as well."""

    def __init__(self, account: Account) -> None:
        self.account = account

    @port
    def configurations(self) -> list[Made]:
        a = self.account
        return [Made(name, self._moment(name), models=tuple(sorted(a.named_by(name)))) for name in a.configs]

    @port
    def models(self) -> list[Made]:
        return [Made(name, self._moment(name), package) for name, package in self.account.models.items()]

    def _moment(self, name: str) -> str:
        return later(START, self.account.created[name])

    @port
    def delete_configuration(self, name: str) -> None:
        a = self.account
        self._judge(name, {a.models.get(model, "") for model in a.named_by(name)})
        a.configs.pop(name, None)
        a.challengers.pop(name, None)

    @port
    def delete_model(self, name: str) -> None:
        a = self.account
        if any(name in a.named_by(config) for config in a.configs):
            a.violations.append(f"{name} is deleted, and a configuration names it")
        self._judge(name, {a.models.get(name, "")})
        a.models.pop(name, None)

    def _judge(self, name: str, packages: set[str]) -> None:
        """What must hold whenever something is deleted."""
        a = self.account
        if name in a.needed():
            a.violations.append(f"{name} is deleted, and is needed")
        if a.now - a.created.get(name, a.now) < 7 * 24 * 3600:
            a.violations.append(f"{name} is deleted, and was just made")
        if a.items["lease"]["holder"] == a.actor:  # else somebody may have changed the ledger this moment
            good = sorted((key for key in a.items if key.startswith("good#")), reverse=True)
            last = {a.items[key]["package"] for key in good[: a.serving["KeepVersions"]]}
            if packages and packages <= last:  # a configuration for copies is of no version
                a.violations.append(f"{name} is deleted, and a rollback may go back to what it was made of")
        a.swept.append(name)
