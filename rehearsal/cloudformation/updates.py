"""Creations and updates of stacks, from the first status to the last, and the way back."""

import threading
from collections.abc import Callable, Collection, Mapping
from copy import deepcopy
from dataclasses import dataclass
from traceback import format_exception
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.api import REHEARSAL, ApiError
from rehearsal.cloudformation import parameters
from rehearsal.cloudformation.exports import Exports
from rehearsal.cloudformation.intrinsics import Scope, TemplateError
from rehearsal.cloudformation.makers import Makers
from rehearsal.cloudformation.operation import Operation, StackError
from rehearsal.cloudformation.outputs import outputs
from rehearsal.cloudformation.providers.base import Account
from rehearsal.cloudformation.stack import Stack
from rehearsal.emulator import Emulator

BEGINNING, CLEANING = 5, 5
"""Seconds of the world's time that CloudFormation itself takes for an update begun by a call."""

Attribute = Callable[[str, str | None], Any]


@dataclass(frozen=True)
class Proposal:
    """What a stack shall become. ``texts`` are the values of all of the template's parameters."""

    template: Mapping[str, Any]
    texts: Mapping[str, str]


class Updates:
    """Updates the stacks of one account; ``own`` makes resources as the CDK's own role would."""

    def __init__(self, emulator: Emulator, stacks: Mapping[str, Stack], own: Makers) -> None:
        self.emulator, self.exports, self.own = emulator, Exports(stacks), own
        self._unfinished: dict[str, Operation] = {}
        self.lock = threading.RLock()

    def makers_as(self, role: str | None, stack: Stack) -> Makers:
        """Who makes resources as ``role``, or as the CDK's role if none is known. Raises ApiError."""
        if role is None:
            return self.own.acting(Account(self.emulator, REHEARSAL, passive=True))
        try:
            session = self.emulator.assume(
                role, "cloudformation.amazonaws.com", source_arn=stack.id, session="AWSCloudFormation"
            )
        except ApiError as refused:
            message = f"Role {role} is invalid or cannot be assumed"
            raise ApiError("ValidationError", message) from refused
        return self.own.acting(Account(self.emulator, session, passive=True))

    def run(self, stack: Stack, proposal: Proposal, makers: Makers) -> None:
        """Settle a stack that is IN_PROGRESS. Raises StackError after the way back."""
        verb = stack.status.partition("_")[0]
        operation: Operation | None = None
        imports: set[str] = set()
        stack.coming = dict(proposal.texts)
        self._take(makers, BEGINNING)
        try:
            operation = self._operation(stack, proposal, makers, imports)
            if broken := parameters.broken_rules(proposal.template, operation.scope.holds):
                raise TemplateError("; ".join(broken))
            operation.run()
            told = list(outputs(proposal.template, operation.scope))
            self.exports.check(stack, {export: value for _, value, export in told if export})
        except (StackError, TemplateError) as error:
            stack.coming = None
            self._roll_back(stack, operation, makers, str(error))
            raise StackError(f"{stack.name}: {stack.status}: {error}") from error
        stack.resources, stack.imports, stack.template = operation.now, imports, deepcopy(proposal.template)
        stack.parameters, stack.updated = dict(proposal.texts), stack.clock()
        stack.coming = None
        stack.outputs = {name: value for name, value, _ in told}
        stack.exports = {export: value for _, value, export in told if export}
        if verb == "UPDATE":
            stack.become("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        self._take(makers, CLEANING)
        operation.trail.clean_up(operation.now)
        stack.become(f"{verb}_COMPLETE")

    def begin(self, stack: Stack, work: Callable[[], None]) -> None:
        """Let ``work`` go on by itself, in the world's time."""
        seat = self.emulator.clock.seat()

        def working() -> None:
            with seat:
                try:
                    work()
                except StackError:
                    pass  # the stack's status and events tell
                except Exception as fault:  # of the rehearsal, which must not look like AWS's
                    stack.become("UPDATE_FAILED", f"the rehearsal failed: {fault}")
                    self.emulator.note("".join(format_exception(fault)))

        threading.Thread(target=working, name=f"stack {stack.name}", daemon=True).start()

    def finish_rollback(self, stack: Stack, makers: Makers, skip: Collection[str] = ()) -> None:
        """Try the rest of a failed way back once more. Raises StackError."""
        operation = self._unfinished.pop(stack.id)
        operation.trail.provider_of = makers.of
        self._take(makers, BEGINNING)
        self._way_back(stack, operation, makers, skip)
        if not stack.settled:
            raise StackError(f"{stack.name}: {stack.status}: {stack.reason}")

    def scope(
        self, stack: Stack, proposal: Proposal, attribute: Attribute, imported: Callable[[str], str]
    ) -> Scope:
        """What the template's functions can refer to. Raises TemplateError."""
        place, template = self.emulator.place, proposal.template
        return Scope(
            place=place,
            stack_name=stack.name,
            stack_id=stack.id,
            parameters=parameters.values(template, proposal.texts, {}, self._stored),
            mappings=template.get("Mappings", {}),
            conditions=template.get("Conditions", {}),
            zones=tuple(f"{place.region}{letter}" for letter in "abc"),
            attribute=attribute,
            imported=imported,
        )

    def _operation(self, stack: Stack, proposal: Proposal, makers: Makers, imports: set[str]) -> Operation:
        def imported(name: str) -> str:
            imports.add(name)
            return self.exports.value(name)

        operation: Operation
        scope = self.scope(stack, proposal, lambda one, name: operation.attribute(one, name), imported)
        operation = Operation(stack, proposal.template.get("Resources", {}), scope, makers.of)
        return operation

    def _roll_back(self, stack: Stack, operation: Operation | None, makers: Makers, reason: str) -> None:
        if stack.status.startswith("UPDATE"):
            stack.become("UPDATE_ROLLBACK_IN_PROGRESS", reason)
            self._way_back(stack, operation, makers)
            return
        stack.become("ROLLBACK_IN_PROGRESS", reason)
        problems = operation.trail.remove_created() if operation else []
        stack.become("ROLLBACK_FAILED" if problems else "ROLLBACK_COMPLETE", "; ".join(problems))

    def _way_back(
        self, stack: Stack, operation: Operation | None, makers: Makers, skip: Collection[str] = ()
    ) -> None:
        """First every changed resource, then the new ones go (User Guide, "Stack status codes")."""
        if operation and (problems := operation.trail.roll_back(skip)):
            self._unfinished[stack.id] = operation
            stack.become("UPDATE_ROLLBACK_FAILED", "; ".join(problems))
            return
        stack.become("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        self._take(makers, CLEANING)
        if operation:
            operation.trail.remove_created()
        stack.become("UPDATE_ROLLBACK_COMPLETE")

    def _take(self, makers: Makers, seconds: float) -> None:
        """CloudFormation's own time; the rehearsal's deployments do without."""
        if makers.account.passive:
            makers.account.wait(seconds)

    def _stored(self, name: str) -> str:
        try:
            value: str = self.own.account.api("ssm").get_parameter(Name=name)["Parameter"]["Value"]
        except ClientError as error:
            raise TemplateError(f"Unable to fetch parameters [{name}] from parameter store") from error
        return value
