"""The services of an account in memory, through the ports that a release has: see ``release_account``."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from release_account import DEFAULTS, Account

from release import ports
from release.identifiers import later
from release.ports import Change, ChangeSet, ConflictError, EndpointState, Package, StackState, Write

WAKES = 15
"""Requests in vain until the first copy of a version answers: five minutes of them."""


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
        return copy.deepcopy(self.account.items.get(record))

    @port
    def history(self, prefix: str, limit: int = 50) -> list[dict[str, Any]]:
        found = sorted((key for key in self.account.items if key.startswith(prefix)), reverse=True)[:limit]
        return [{"record": key, **copy.deepcopy(self.account.items[key])} for key in found]

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
        json.dumps(write.content)
        if write.record.startswith("release#") and write.content and write.content["outcome"]:
            account.terminal[write.record] = account.terminal.get(write.record, 0) + 1
        if write.record.startswith("offer#") and write.content and write.content["outcome"] != "released":
            account.taken_back.add(write.content["version"])
        if write.record == "lease" and write.content:
            self._leased(write.content)
        if write.record == "live" and write.content:
            self._served(write.content)
        if write.content is None:
            items.pop(write.record, None)
        else:
            items[write.record] = copy.deepcopy(write.content)

    def _leased(self, lease: Mapping[str, Any]) -> None:
        """What must hold whenever the lease gets another holder."""
        account, before = self.account, self.account.items.get("lease", {"holder": ""})
        taken = lease["holder"] and before["holder"] and before["holder"] != lease["holder"]
        if taken and account.running[before["holder"]] and account.clock <= before["term_ends"]:
            account.violations.append(f"{lease['holder']} took it from {before['holder']}, which lives")
        if lease["fence"] < before.get("fence", 0):
            account.violations.append("the fence went back")

    def _served(self, live: Mapping[str, Any]) -> None:
        """What must hold whenever a version is recorded to serve."""
        account, before = self.account, self.account.items.get("live")
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

    @port
    def delete_change_set(self, name: str) -> None:
        self.account.change_sets.pop(name, None)

    @port
    def continue_rollback(self) -> None:
        self.account.continue_rollback()


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
        )

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
        self.account.marked = True


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
        shadow = a.packages_served().get("shadow")
        quality = a.qualities.get(a.version_of(shadow), "good") if shadow else "missing"
        moments = [later(start, period * minute) for minute in range(5, 65)]
        return {query.id: _series(query, quality, moments) for query in queries}

    @port
    def alarms(self, prefix: str) -> dict[str, str]:
        a = self.account
        name = a.resources.alarm
        if name is None or not f"{name}/".startswith(prefix):
            return {}
        return {f"{name}/errors": "ALARM" if name in a.raised or a.flapping else "OK"}

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


def _series(query: Any, quality: str, moments: Sequence[str]) -> list[Any]:
    if quality == "missing" or (quality == "unclear" and query.variant == "shadow"):
        return []
    slow = 3.0 if quality == "slow" and query.variant == "shadow" else 1.0
    values = {"Sum": 500.0 if query.metric == "Invocations" else 0.0, "SampleCount": 500.0}
    return [
        [moment, values.get(query.statistic, 10_000.0 * slow + number % 7)]
        for number, moment in enumerate(moments)
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
