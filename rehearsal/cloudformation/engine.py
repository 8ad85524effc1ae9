"""CloudFormation as the rehearsal needs it: real templates made real in the emulated account.

What the rehearsal deploys it makes itself, as ``cdk deploy`` does with its own role, and those calls are not
judged: whether that role may make them is for the tests of ``bootstrap/policies.yaml`` to say. An update that
somebody begins by a call of the API is made under the role it names, and judged by that role's policies.
"""

import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlplatform.settings import Environment
from rehearsal.cloudformation import parameters
from rehearsal.cloudformation.answers import Answers
from rehearsal.cloudformation.assembly import DeployableStack, files_of, stacks_of
from rehearsal.cloudformation.bootstrap import prepare
from rehearsal.cloudformation.differences import differences
from rehearsal.cloudformation.makers import Makers
from rehearsal.cloudformation.operation import StackError
from rehearsal.cloudformation.proposals import not_updatable
from rehearsal.cloudformation.providers.base import Account, Provider
from rehearsal.cloudformation.service import CloudFormation
from rehearsal.cloudformation.stack import Stack
from rehearsal.cloudformation.trail import FAILURES
from rehearsal.cloudformation.updates import Proposal, Updates
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
        self._makers = Makers(self._account, Answers(emulator), self.recorded)
        self._updates = Updates(emulator, self.stacks, self._makers)
        emulator.register("cloudformation", CloudFormation(self.stacks, self._updates).answer)

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
            found[stack.name] = self._timed(stack).outputs
        return found

    def difference(self, assembly_folder: Path, environment: str) -> dict[str, list[str]]:
        """What ``cdk diff --method=template '<environment>/*'`` would show, by stack; empty if all is alike.

        A line is ``+``, ``-`` or ``~`` with section and logical id. Raises AssemblyError.
        """
        found = {}
        for stack in stacks_of(assembly_folder, environment):
            there = self.stacks[stack.name].template if stack.name in self.stacks else {}
            if lines := differences(there, stack.template):
                found[stack.name] = lines
        return found

    def apply(self, name: str, template: Mapping[str, Any], given: Mapping[str, str] | None = None) -> Stack:
        """Create the stack ``name``, or update it; parameters not ``given`` keep their values.

        A stack whose creation failed is deleted first, as the CDK CLI does. Raises StackError after the way
        back, with the reason of the resource that failed. What has not changed stays untouched; a stack that
        is being updated is refused.
        """
        with self._updates.lock:
            stack = self._begun(name, template, given or {})
        if stack.status.endswith("_IN_PROGRESS"):
            texts = parameters.texts_of(template, given or {}, stack.parameters)
            self._updates.run(stack, Proposal(template, texts), self._makers)
        return stack

    def delete(self, name: str) -> None:
        """Delete a stack, last made resource first. Raises StackError if it cannot."""
        stack = self.stacks[name]
        exports = self._updates.exports
        if used := [each for each in stack.exports if exports.importers(each, but=name)]:
            raise StackError(f"{name}: exports are in use by other stacks: {', '.join(used)}")
        if stack.protected:
            raise StackError(f"Stack [{name}] cannot be deleted while TerminationProtection is enabled")
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
        return self._makers.of(kind)

    def _begun(self, name: str, template: Mapping[str, Any], given: Mapping[str, str]) -> Stack:
        """The stack, IN_PROGRESS if there is anything to do."""
        old = self.stacks.get(name)
        if old is not None and old.status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"):
            self.delete(name)
            old = None
        if old is None:
            place = self._account.place
            identifier = place.arn("cloudformation", f"stack/{name}/{uuid.uuid4()}")
            old = self.stacks[name] = Stack(name, identifier, clock=self._emulator.clock.now)
            old.become("CREATE_IN_PROGRESS")
        elif not old.settled:
            raise StackError(f"{name}: {not_updatable(old).message}")
        elif not _unchanged(old, template, given):
            # The CDK CLI executes a change set of its own, and its role is the stack's from then on.
            old.change_sets, old.role = {}, None
            old.become("UPDATE_IN_PROGRESS")
        return old

    def _timed(self, wanted: DeployableStack) -> Stack:
        started = time.monotonic()
        stack = self.apply(wanted.name, wanted.template)
        stack.protected = wanted.protected
        self._emulator.note(
            f"{wanted.name}: {len(stack.resources)} resources, {time.monotonic() - started:.1f} s"
        )
        return stack


def _unchanged(stack: Stack, template: Mapping[str, Any], given: Mapping[str, str]) -> bool:
    """Whether CloudFormation would say that no updates are to be performed."""
    texts = parameters.texts_of(template, given, stack.parameters)
    return stack.template == template and stack.parameters == texts
