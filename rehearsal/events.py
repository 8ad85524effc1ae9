"""EventBridge and EventBridge Scheduler of the rehearsal: buses, rules, events, schedules fired by hand."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal import event_patterns
from rehearsal.api import ApiError, ApiRequest, Parameters
from rehearsal.emulator import Emulator
from rehearsal.event_entries import put
from rehearsal.event_targets import Targets, message
from rehearsal.schedules import Schedules

DEFAULT = "default"
"""The bus that AWS services publish on."""


@dataclass
class Rule:
    """A rule of a bus: its members as PutRule has them, and its targets by id."""

    arn: str
    given: dict[str, Any]
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


class Events:
    """Registers ``events`` and ``scheduler`` and delivers every event of the emulator to matching rules."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._rules: dict[tuple[str, str], Rule] = {}
        self._buses = {DEFAULT}
        self._lock = threading.Lock()
        self._targets = Targets(emulator, self.route)
        self._schedules = Schedules(emulator, self._targets)
        emulator.register("events", self.handle)
        emulator.register("scheduler", self._schedules.handle)
        emulator.subscribe(self.route)

    @property
    def failures(self) -> list[dict[str, str]]:
        """Deliveries that failed: source, target, problem."""
        return self._targets.failures

    def fire(self, name: str) -> bool:
        """Run a schedule's target now, as its role; whether it was reached."""
        return self._schedules.fire(name)

    def route(self, event: Mapping[str, Any], bus: str = DEFAULT) -> None:
        """Deliver an event to the targets of every enabled rule of a bus whose pattern it matches."""
        with self._lock:
            rules = [rule for (place, _), rule in self._rules.items() if place == bus]
        for rule in rules:
            pattern = str(rule.given.get("EventPattern") or "")
            enabled = pattern and rule.given.get("State", "ENABLED") == "ENABLED"
            if enabled and event_patterns.matches(json.loads(pattern), event):
                self._send(rule, event)

    def _send(self, rule: Rule, event: Mapping[str, Any]) -> None:
        for target in list(rule.targets.values()):
            self._targets.deliver("events.amazonaws.com", target, rule.arn, message(target, event))

    def handle(self, request: ApiRequest) -> Parameters:
        """Answer one call; raises ApiError."""
        operation = OPERATIONS.get(request.operation)
        if operation is None:
            raise ApiError("UnknownOperationException", f"events:{request.operation} is not rehearsed")
        return operation(self, request.parameters)

    def _put_rule(self, given: Parameters) -> Parameters:
        """API reference, PutRule: it replaces what the rule was; its targets stay."""
        bus, name = self._bus(given), str(given["Name"])
        if given.get("EventPattern"):
            _checked(str(given["EventPattern"]))
        elif not given.get("ScheduleExpression"):
            raise ApiError("ValidationException", "EventPattern or ScheduleExpression is required")
        path = name if bus == DEFAULT else f"{bus}/{name}"
        arn = self._emulator.place.arn("events", f"rule/{path}")
        with self._lock:
            rule = self._rules.setdefault((bus, name), Rule(arn, {}))
            rule.given = {key: value for key, value in given.items() if key != "Tags"}
            rule.tags.update({tag["Key"]: tag["Value"] for tag in given.get("Tags", ())})
        return {"RuleArn": arn}

    def _put_targets(self, given: Parameters) -> Parameters:
        rule = self._rule(given, "Rule")
        for target in given["Targets"]:
            rule.targets[str(target["Id"])] = dict(target)
        return {"FailedEntryCount": 0, "FailedEntries": []}

    def _remove_targets(self, given: Parameters) -> Parameters:
        rule = self._rule(given, "Rule")
        for identifier in given["Ids"]:
            rule.targets.pop(str(identifier), None)
        return {"FailedEntryCount": 0, "FailedEntries": []}

    def _delete_rule(self, given: Parameters) -> Parameters:
        """Deleting what is not there succeeds; a rule with targets stays (API reference, DeleteRule)."""
        key = self._bus(given), str(given["Name"])
        rule = self._rules.get(key)
        if rule is not None and rule.targets:
            raise ApiError("ValidationException", "Rule can't be deleted since it has targets.")
        self._rules.pop(key, None)
        return {}

    def _describe_rule(self, given: Parameters) -> Parameters:
        rule = self._rule(given, "Name")
        return {"State": "ENABLED", "EventBusName": DEFAULT, **rule.given, "Arn": rule.arn}

    def _list_rules(self, given: Parameters) -> Parameters:
        prefix, bus = str(given.get("NamePrefix") or ""), self._bus(given)
        found = [
            self._describe_rule({"Name": name, "EventBusName": bus})
            for place, name in sorted(self._rules)
            if place == bus and name.startswith(prefix)
        ]
        return {"Rules": found}

    def _list_targets(self, given: Parameters) -> Parameters:
        return {"Targets": list(self._rule(given, "Rule").targets.values())}

    def _enable(self, given: Parameters) -> Parameters:
        self._rule(given, "Name").given["State"] = "ENABLED"
        return {}

    def _disable(self, given: Parameters) -> Parameters:
        self._rule(given, "Name").given["State"] = "DISABLED"
        return {}

    def _put_events(self, given: Parameters) -> Parameters:
        """Each entry becomes an event; one without source, detail type or detail fails alone."""
        entries = [put(self._emulator, entry) for entry in given["Entries"]]
        failed = sum("ErrorCode" in entry for entry in entries)
        return {"FailedEntryCount": failed, "Entries": entries}

    def _test_pattern(self, given: Parameters) -> Parameters:
        pattern = _checked(str(given["EventPattern"]))
        return {"Result": event_patterns.matches(pattern, json.loads(str(given["Event"])))}

    def _tag(self, given: Parameters) -> Parameters:
        rule = self._tagged(given)
        rule.tags.update({tag["Key"]: tag["Value"] for tag in given["Tags"]})
        return {}

    def _list_tags(self, given: Parameters) -> Parameters:
        rule = self._tagged(given)
        return {"Tags": [{"Key": key, "Value": value} for key, value in rule.tags.items()]}

    def _create_bus(self, given: Parameters) -> Parameters:
        name = str(given["Name"])
        if name in self._buses:
            raise ApiError("ResourceAlreadyExistsException", f"Event bus {name} already exists.")
        self._buses.add(name)
        return {"EventBusArn": self._emulator.place.arn("events", f"event-bus/{name}")}

    def _delete_bus(self, given: Parameters) -> Parameters:
        """API reference, DeleteEventBus: neither one with rules nor the default one."""
        name = str(given["Name"])
        if name == DEFAULT or any(bus == name for bus, _ in self._rules):
            raise ApiError("ValidationException", f"Cannot delete event bus {name}.")
        self._buses.discard(name)
        return {}

    def _bus(self, given: Parameters) -> str:
        """Name of the bus that a call is about."""
        bus = str(given.get("EventBusName") or DEFAULT).rpartition("/")[2]
        if bus not in self._buses:
            raise ApiError("ResourceNotFoundException", f"Event bus {bus} does not exist.")
        return bus

    def _rule(self, given: Parameters, member: str) -> Rule:
        bus, name = self._bus(given), str(given[member])
        if (bus, name) not in self._rules:
            raise ApiError("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {bus}.")
        return self._rules[bus, name]

    def _tagged(self, given: Parameters) -> Rule:
        found = [rule for rule in self._rules.values() if rule.arn == given["ResourceARN"]]
        if not found:
            raise ApiError("ResourceNotFoundException", f"{given['ResourceARN']} does not exist.")
        return found[0]


def _checked(text: str) -> dict[str, Any]:
    try:
        pattern: dict[str, Any] = json.loads(text)
        event_patterns.check(pattern)
    except ValueError as problem:
        raise ApiError(
            "InvalidEventPatternException", f"Event pattern is not valid. Reason: {problem}"
        ) from problem
    return pattern


OPERATIONS: dict[str, Callable[[Events, Parameters], Parameters]] = {
    "CreateEventBus": Events._create_bus,
    "DeleteEventBus": Events._delete_bus,
    "PutRule": Events._put_rule,
    "PutTargets": Events._put_targets,
    "RemoveTargets": Events._remove_targets,
    "DeleteRule": Events._delete_rule,
    "DescribeRule": Events._describe_rule,
    "ListRules": Events._list_rules,
    "ListTargetsByRule": Events._list_targets,
    "EnableRule": Events._enable,
    "DisableRule": Events._disable,
    "PutEvents": Events._put_events,
    "TestEventPattern": Events._test_pattern,
    "TagResource": Events._tag,
    "ListTagsForResource": Events._list_tags,
}
