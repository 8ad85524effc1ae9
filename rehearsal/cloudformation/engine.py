"""CloudFormation as the rehearsal needs it: real templates made real in the emulated account.

Resources are created by the rehearsal itself, whose calls are not judged: whether CloudFormation's own role
may create them is for the tests of ``bootstrap/policies.yaml`` to say.
"""

import time
import uuid
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from mlplatform.settings import Environment
from rehearsal.cloudformation import parameters
from rehearsal.cloudformation.answers import Answers
from rehearsal.cloudformation.assembly import files_of, stacks_of
from rehearsal.cloudformation.bootstrap import prepare
from rehearsal.cloudformation.intrinsics import Scope, TemplateError
from rehearsal.cloudformation.operation import FAILURES, Operation, StackError, outputs
from rehearsal.cloudformation.providers import real_providers
from rehearsal.cloudformation.providers.base import Account, Provider
from rehearsal.cloudformation.providers.recorded import Recorded
from rehearsal.cloudformation.schemas import CUSTOM_RESOURCE
from rehearsal.cloudformation.service import CloudFormation
from rehearsal.cloudformation.stack import Stack
from rehearsal.emulator import Emulator
from tools.bootstrap_template import parameters as bootstrap_parameters
from tools.bootstrap_template import read_template


class Engine:
    """The stacks of the emulated account. Answers the ``cloudformation`` API."""

    def __init__(self, emulator: Emulator) -> None:
        self.stacks: dict[str, Stack] = {}
        self.recorded: set[str] = set()
        self._emulator = emulator
        self._account = Account(emulator)
        self._real = real_providers(self._account, Answers(emulator))
        self._only_recorded = Recorded(self._account)
        emulator.register("cloudformation", CloudFormation(self.stacks).answer)

    def bootstrap(self, settings: Environment) -> None:
        """Prepare the account as ``make bootstrap`` does: policies, staging bucket, version of the bootstrap.

        Several environments may share an account. Raises StackError.
        """
        self.apply(settings.names.stack("bootstrap"), read_template(), bootstrap_parameters(settings))
        prepare(self._account, settings.deployment.qualifier)

    def deploy(self, assembly_folder: Path, environment: str) -> dict[str, dict[str, str]]:
        """Deploy all stacks of a Stage, as ``cdk deploy '<environment>/*'`` does.

        Returns the outputs by the stack's name in CloudFormation. Raises AssemblyError, and StackError at the
        first stack that fails.
        """
        s3 = self._account.api("s3")
        for file in files_of(assembly_folder, environment):
            s3.put_object(Bucket=file.bucket, Key=file.key, Body=file.content())
        found = {}
        for stack in stacks_of(assembly_folder, environment):
            if (stack.account, stack.region) != (self._account.place.account, self._account.place.region):
                raise StackError(
                    f"{stack.name} belongs to {stack.account} in {stack.region}, which is not here"
                )
            found[stack.name] = self._timed(stack.name, stack.template).outputs
        return found

    def apply(self, name: str, template: Mapping[str, Any], given: Mapping[str, str] | None = None) -> Stack:
        """Create the stack ``name``, or update it; parameters not ``given`` keep their values.

        A stack whose creation failed is deleted first, as the CDK CLI does. Raises StackError after the way
        back, with the reason of the resource that failed. What has not changed stays untouched.
        """
        old = self.stacks.get(name)
        if old is not None and old.status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"):
            self.delete(name)
            old = None
        if old is not None and _unchanged(old, template, given or {}):
            return old
        identifier = self._account.place.arn("cloudformation", f"stack/{name}/{uuid.uuid4()}")
        stack = old or Stack(name, identifier)
        self.stacks[name] = stack
        verb = "UPDATE" if old else "CREATE"
        stack.become(f"{verb}_IN_PROGRESS")
        try:
            self._settle(stack, template, given or {})
        except (StackError, TemplateError) as error:
            raise StackError(f"{name}: {stack.status}: {error}") from error
        stack.become(f"{verb}_COMPLETE")
        return stack

    def delete(self, name: str) -> None:
        """Delete a stack, last made resource first. Raises StackError if it cannot."""
        stack = self.stacks[name]
        if used := [each for each in stack.exports if self._importers(each, but=name)]:
            raise StackError(f"{name}: exports are in use by other stacks: {', '.join(used)}")
        stack.become("DELETE_IN_PROGRESS")
        for logical_id, resource in reversed(list(stack.resources.items())):
            try:
                if not resource.deletion_policy.startswith("Retain"):
                    self.provider_of(resource.type).delete(resource)
            except FAILURES as error:
                stack.become("DELETE_FAILED", f"{logical_id}: {error}")
                raise StackError(f"{name}: {logical_id} ({resource.type}): {error}") from error
            del stack.resources[logical_id]
        stack.become("DELETE_COMPLETE")
        del self.stacks[name]

    def provider_of(self, kind: str) -> Provider:
        """Who makes resources of this type. Types nobody makes are noted in ``recorded``."""
        name = CUSTOM_RESOURCE if kind.startswith("Custom::") else kind
        if name not in self._real:
            self.recorded.add(kind)
        return self._real.get(name, self._only_recorded)

    def _timed(self, name: str, template: Mapping[str, Any]) -> Stack:
        started = time.monotonic()
        stack = self.apply(name, template)
        self._emulator.note(f"{name}: {len(stack.resources)} resources, {time.monotonic() - started:.1f} s")
        return stack

    def _settle(self, stack: Stack, template: Mapping[str, Any], given: Mapping[str, str]) -> None:
        imports: set[str] = set()
        operation: Operation | None = None
        try:
            operation = self._operation(stack, template, given, imports)
            if broken := parameters.broken_rules(template, operation.scope.holds):
                raise TemplateError("; ".join(broken))
            operation.run()
            told = list(outputs(template, operation.scope))
            self._check_exports(stack, {export: value for _, value, export in told if export})
        except (StackError, TemplateError) as error:
            self._roll_back(stack, operation, str(error))
            raise
        operation.clean_up()
        stack.resources, stack.imports, stack.template = operation.now, imports, deepcopy(template)
        stack.parameters = parameters.texts_of(template, given, stack.parameters)
        stack.outputs = {name: value for name, value, _ in told}
        stack.exports = {export: value for _, value, export in told if export}

    def _roll_back(self, stack: Stack, operation: Operation | None, reason: str) -> None:
        prefix = "UPDATE_ROLLBACK" if stack.resources else "ROLLBACK"
        stack.become(f"{prefix}_IN_PROGRESS", reason)
        problems = operation.roll_back() if operation else []
        stack.become(f"{prefix}_FAILED" if problems else f"{prefix}_COMPLETE", "; ".join(problems))

    def _operation(
        self, stack: Stack, template: Mapping[str, Any], given: Mapping[str, str], imports: set[str]
    ) -> Operation:
        def imported(name: str) -> str:
            imports.add(name)
            return self._export(name)

        operation: Operation
        region = self._account.place.region
        scope = Scope(
            place=self._account.place,
            stack_name=stack.name,
            stack_id=stack.id,
            parameters=parameters.values(template, given, stack.parameters, self._stored),
            mappings=template.get("Mappings", {}),
            conditions=template.get("Conditions", {}),
            zones=tuple(f"{region}{letter}" for letter in "abc"),
            attribute=lambda logical_id, name: operation.attribute(logical_id, name),
            imported=imported,
        )
        operation = Operation(stack, template.get("Resources", {}), scope, self.provider_of)
        return operation

    def _stored(self, name: str) -> str:
        try:
            value: str = self._account.api("ssm").get_parameter(Name=name)["Parameter"]["Value"]
        except ClientError as error:
            raise TemplateError(f"Unable to fetch parameters [{name}] from parameter store") from error
        return value

    def _export(self, name: str) -> str:
        for stack in self.stacks.values():
            if name in stack.exports:
                return stack.exports[name]
        raise TemplateError(f"No export named {name} found.")

    def _importers(self, export: str, *, but: str = "") -> list[str]:
        return [stack.name for stack in self.stacks.values() if export in stack.imports and stack.name != but]

    def _check_exports(self, stack: Stack, exports: Mapping[str, str]) -> None:
        for name, value in exports.items():
            if owner := [s.name for s in self.stacks.values() if name in s.exports and s is not stack]:
                raise TemplateError(f"Export with name {name} is already exported by stack {owner[0]}.")
            if value != stack.exports.get(name, value) and (users := self._importers(name)):
                raise TemplateError(f"Cannot update export {name} as it is in use by {', '.join(users)}.")
        for name in stack.exports.keys() - exports.keys():
            if users := self._importers(name, but=stack.name):
                raise TemplateError(f"Cannot delete export {name} as it is in use by {', '.join(users)}.")


def _unchanged(stack: Stack, template: Mapping[str, Any], given: Mapping[str, str]) -> bool:
    """Whether CloudFormation would say that no updates are to be performed."""
    texts = parameters.texts_of(template, given, stack.parameters)
    return stack.template == template and stack.parameters == texts
