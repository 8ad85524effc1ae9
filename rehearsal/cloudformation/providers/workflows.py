"""State machines, rules and schedules, created through the emulator's own services."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.cloudformation.providers.base import (
    Account,
    Made,
    ResourceError,
    Wanted,
    lower_camel,
    only,
    without,
)
from rehearsal.cloudformation.schemas import Properties
from rehearsal.cloudformation.stack import Resource


@dataclass(frozen=True)
class StateMachines:
    """``AWS::StepFunctions::StateMachine``."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Create the state machine, its definition's ``${...}`` filled in."""
        said = wanted.properties
        name = said.get("StateMachineName", wanted.name)
        created = self.account.api("stepfunctions").create_state_machine(
            name=name,
            type=said.get("StateMachineType", "STANDARD"),
            tags=lower_camel(list(said.get("Tags", ()))),
            **self._settings(said),
        )
        arn = created["stateMachineArn"]
        return Made(arn, {"Arn": arn, "Name": name, "StateMachineRevisionId": "INITIAL"})

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Replace its definition and settings."""
        client = self.account.api("stepfunctions")
        updated = client.update_state_machine(
            stateMachineArn=old.physical_id, **self._settings(wanted.properties)
        )
        revision = updated.get("revisionId", old.attributes["StateMachineRevisionId"])
        return Made(old.physical_id, {**old.attributes, "StateMachineRevisionId": revision})

    def delete(self, old: Resource) -> None:
        """Delete the state machine."""
        self.account.api("stepfunctions").delete_state_machine(stateMachineArn=old.physical_id)

    def _settings(self, said: Properties) -> dict[str, Any]:
        configurations = only(said, "LoggingConfiguration", "TracingConfiguration", "EncryptionConfiguration")
        return {
            "definition": self._definition(said),
            "roleArn": said["RoleArn"],
            **lower_camel(configurations),
        }

    def _definition(self, said: Properties) -> str:
        if "Definition" in said:
            text = json.dumps(said["Definition"])
        elif "DefinitionString" in said:
            text = said["DefinitionString"]
        else:
            place = said["DefinitionS3Location"]
            found = self.account.api("s3").get_object(Bucket=place["Bucket"], Key=place["Key"])
            text = found["Body"].read().decode()
        return substituted(text, said.get("DefinitionSubstitutions", {}))


def substituted(text: str, values: Mapping[str, Any]) -> str:
    """``text`` with each ``${name}`` of ``values`` filled in; others stay, as they are ASL's own business."""
    return re.sub(r"\$\{(\w+)\}", lambda match: str(values.get(match[1], match[0])), text)


@dataclass(frozen=True)
class Buses:
    """``AWS::Events::EventBus``."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Create the bus; who may put events on it, its policy says."""
        name = wanted.properties["Name"]
        arn = self.account.api("events").create_event_bus(Name=name)["EventBusArn"]
        return self._opened(Made(name, {"Arn": arn, "Name": name}), wanted)

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Replace its policy."""
        return self._opened(Made(old.physical_id, old.attributes), wanted)

    def delete(self, old: Resource) -> None:
        """Delete the bus."""
        self.account.api("events").delete_event_bus(Name=old.physical_id)
        self.account.emulator.resource_policies.pop(old.attributes["Arn"], None)

    def _opened(self, made: Made, wanted: Wanted) -> Made:
        policies, arn = self.account.emulator.resource_policies, made.attributes["Arn"]
        policies.pop(arn, None)
        if policy := wanted.properties.get("Policy"):
            policies[arn] = policy
        return made


@dataclass(frozen=True)
class Rules:
    """``AWS::Events::Rule``."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Put the rule and its targets."""
        return self._put(wanted.properties.get("Name", wanted.name), wanted)

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Put them again, and remove the targets that are no more."""
        kept = {target["Id"] for target in wanted.properties.get("Targets", ())}
        gone = [t["Id"] for t in old.properties.get("Targets", ()) if t["Id"] not in kept]
        bus = only(old.properties, "EventBusName")
        if gone:
            self.account.api("events").remove_targets(Rule=old.attributes["RuleName"], Ids=gone, **bus)
        return self._put(old.attributes["RuleName"], wanted)

    def delete(self, old: Resource) -> None:
        """Remove the targets, then the rule."""
        client, name = self.account.api("events"), old.attributes["RuleName"]
        bus = only(old.properties, "EventBusName")
        if ids := [target["Id"] for target in old.properties.get("Targets", ())]:
            client.remove_targets(Rule=name, Ids=ids, **bus)
        client.delete_rule(Name=name, **bus)

    def _put(self, name: str, wanted: Wanted) -> Made:
        said = without(wanted.properties, "Name", "Targets", "Tags")
        if "EventPattern" in said:
            said["EventPattern"] = json.dumps(said["EventPattern"])
        client = self.account.api("events")
        arn = client.put_rule(Name=name, **said)["RuleArn"]
        if targets := list(wanted.properties.get("Targets", ())):
            put = client.put_targets(Rule=name, Targets=targets, **only(said, "EventBusName"))
            if put.get("FailedEntryCount"):
                raise ResourceError(f"targets of {name}: {put['FailedEntries']}")
        return Made(name, {"Arn": arn, "RuleName": name})


@dataclass(frozen=True)
class Schedules:
    """``AWS::Scheduler::Schedule``."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Create the schedule."""
        name = wanted.properties.get("Name", wanted.name)
        said = {**wanted.properties, "Name": name}
        arn = self.account.api("scheduler").create_schedule(**said)["ScheduleArn"]
        return Made(name, {"Arn": arn})

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Replace the whole schedule, as its API does."""
        said = {**wanted.properties, "Name": old.physical_id}
        self.account.api("scheduler").update_schedule(**said)
        return Made(old.physical_id, old.attributes)

    def delete(self, old: Resource) -> None:
        """Delete the schedule."""
        group = only(old.properties, "GroupName")
        self.account.api("scheduler").delete_schedule(Name=old.physical_id, **group)
