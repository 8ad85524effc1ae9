"""Functions, their permissions and event sources, of the emulator's own AWS Lambda; custom resources."""

from dataclasses import dataclass, field
from typing import Any

from rehearsal.cloudformation.answers import Answers
from rehearsal.cloudformation.providers.base import (
    Account,
    Made,
    ResourceError,
    Wanted,
    only,
    tag_map,
    without,
)
from rehearsal.cloudformation.schemas import Properties
from rehearsal.cloudformation.stack import Resource

_CONFIGURATION = (
    "Description",
    "DeadLetterConfig",
    "Environment",
    "EphemeralStorage",
    "Handler",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
    "TracingConfig",
    "VpcConfig",
)


@dataclass(frozen=True)
class Functions:
    """``AWS::Lambda::Function``."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Create the function from its zip."""
        said, name = wanted.properties, wanted.properties.get("FunctionName", wanted.name)
        architectures = {"Architectures": said.get("Architectures", ["x86_64"])}
        arn = self.account.api("lambda").create_function(
            FunctionName=name, Code=said["Code"], Tags=tag_map(said), **architectures, **_configuration(said)
        )["FunctionArn"]
        self._reserve(name, said)
        return Made(name, {"Arn": arn})

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Replace its code and configuration."""
        client, said, name = self.account.api("lambda"), wanted.properties, old.physical_id
        if said["Code"] != old.properties["Code"]:
            client.update_function_code(FunctionName=name, **said["Code"])
        client.update_function_configuration(FunctionName=name, **_configuration(said))
        self._reserve(name, said)
        return Made(name, old.attributes)

    def delete(self, old: Resource) -> None:
        """Delete the function."""
        self.account.api("lambda").delete_function(FunctionName=old.physical_id)

    def _reserve(self, name: str, said: Properties) -> None:
        if (reserved := said.get("ReservedConcurrentExecutions")) is not None:
            self.account.api("lambda").put_function_concurrency(
                FunctionName=name, ReservedConcurrentExecutions=int(reserved)
            )


def _configuration(said: Properties) -> dict[str, Any]:
    key = {"KMSKeyArn": said["KmsKeyArn"]} if "KmsKeyArn" in said else {}
    return {**only(said, *_CONFIGURATION), **key}


@dataclass(frozen=True)
class Permissions:
    """``AWS::Lambda::Permission``: a statement of the function's own policy."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Add the statement."""
        said = only(wanted.properties, "FunctionName", "Action", "Principal", "SourceArn", "SourceAccount")
        self.account.api("lambda").add_permission(StatementId=wanted.name[-100:], **said)
        return Made(wanted.name[-100:], {"Id": wanted.name[-100:]})

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Every property is fixed at creation, so this does not happen."""
        raise ResourceError("a permission is replaced, never changed")

    def delete(self, old: Resource) -> None:
        """Remove the statement."""
        function = old.properties["FunctionName"]
        self.account.api("lambda").remove_permission(FunctionName=function, StatementId=old.physical_id)


@dataclass(frozen=True)
class EventSources:
    """``AWS::Lambda::EventSourceMapping``."""

    account: Account

    def create(self, wanted: Wanted) -> Made:
        """Connect the queue to the function."""
        said = without(wanted.properties, "Tags")
        made = self.account.api("lambda").create_event_source_mapping(**said)
        return Made(
            made["UUID"], {"Id": made["UUID"], "EventSourceMappingArn": made["EventSourceMappingArn"]}
        )

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Change how many messages it takes at once, and whether it does."""
        said = only(wanted.properties, "BatchSize", "Enabled", "FunctionName", "FunctionResponseTypes")
        self.account.api("lambda").update_event_source_mapping(UUID=old.physical_id, **said)
        return Made(old.physical_id, old.attributes)

    def delete(self, old: Resource) -> None:
        """Disconnect it."""
        self.account.api("lambda").delete_event_source_mapping(UUID=old.physical_id)


@dataclass(frozen=True)
class CustomResources:
    """``Custom::*``: the function behind ``ServiceToken`` does the work and answers to an address of ours.

    CloudFormation User Guide, "Custom resource request and response reference". A function that fails without
    an answer fails the resource at once; CloudFormation would wait until ``ServiceTimeout``.
    """

    account: Account
    answers: Answers = field(compare=False)

    def create(self, wanted: Wanted) -> Made:
        """Ask for it to be created."""
        return self._ask("Create", wanted.stack.id, wanted.logical_id, wanted.type, wanted.properties)

    def update(self, wanted: Wanted, old: Resource) -> Made:
        """Ask for it to be changed; another physical id means that the old one is to be deleted."""
        more = {"PhysicalResourceId": old.physical_id, "OldResourceProperties": _texts(old.properties)}
        stack = wanted.stack.id
        made = self._ask("Update", stack, wanted.logical_id, wanted.type, wanted.properties, **more)
        if made.ref != old.physical_id:
            self.delete(old)
        return made

    def delete(self, old: Resource) -> None:
        """Ask for it to be deleted."""
        more = {"PhysicalResourceId": old.physical_id}
        self._ask("Delete", old.handle, old.logical_id, old.type, old.properties, **more)

    def _ask(self, what: str, stack: str, logical_id: str, kind: str, said: Properties, **more: Any) -> Made:
        request = {
            "RequestType": what,
            "StackId": stack,
            "LogicalResourceId": logical_id,
            "ResourceType": kind,
            "ResourceProperties": _texts(said),
            "ServiceToken": said["ServiceToken"],
            **more,
        }
        answer = self.answers.to(request, int(said.get("ServiceTimeout", 3600)))
        if answer["Status"] != "SUCCESS":
            reason = answer.get("Reason", "no reason given")
            raise ResourceError(
                f"Received response status [FAILED] from custom resource. Message returned: {reason}"
            )
        return Made(answer["PhysicalResourceId"], answer.get("Data") or {}, handle=stack)


def _texts(value: Any) -> Any:
    """CloudFormation hands a function its properties with numbers and truth values as texts."""
    if isinstance(value, dict):
        return {key: _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else str(value)
