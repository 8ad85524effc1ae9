"""Change sets: an update that is planned first, looked at, and carried out only if nothing came between."""

import datetime
import uuid
from collections.abc import Mapping
from typing import Any

from rehearsal.api import ApiError, Parameters
from rehearsal.cloudformation.descriptions import page
from rehearsal.cloudformation.intrinsics import TemplateError
from rehearsal.cloudformation.makers import Makers
from rehearsal.cloudformation.operation import StackError
from rehearsal.cloudformation.plan import Plan
from rehearsal.cloudformation.proposals import invalid, not_updatable, proposed
from rehearsal.cloudformation.stack import ChangeSet, Stack
from rehearsal.cloudformation.updates import Proposal, Updates

PLANNING = 2
"""Seconds of the world's time from the creation of a change set until its plan is there."""

NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)


class ChangeSets:
    """The calls about change sets of stacks that exist."""

    def __init__(self, updates: Updates) -> None:
        self._updates = updates
        self._clock = updates.emulator.clock

    def create(self, asked: Parameters, stack: Stack) -> Parameters:
        """CreateChangeSet. Raises ApiError."""
        if asked.get("ChangeSetType", "UPDATE") != "UPDATE":
            raise invalid(f"Stack [{stack.name}] already exists and cannot be created again.")
        if not stack.settled:
            raise not_updatable(stack)
        role = asked.get("RoleARN") or stack.role
        self._updates.makers_as(role, stack)
        proposal = proposed(asked, stack, self._updates)
        name, token = asked["ChangeSetName"], asked.get("ClientToken", "")
        with self._updates.lock:
            if known := stack.change_sets.get(name):
                return _again(known, stack, proposal, token)
            made = self._planned(name, token, role, stack, proposal)
            stack.change_sets[name] = made
        return {"Id": made.id, "StackId": stack.id}

    def describe(self, asked: Parameters, stack: Stack) -> Parameters:
        """DescribeChangeSet. Raises ApiError."""
        found = self._found(asked, stack)
        status, execution = self._status(found)
        listed = found.changes if status == "CREATE_COMPLETE" else []
        reason = {"StatusReason": found.problem} if status == "FAILED" else {}
        texts = [{"ParameterKey": k, "ParameterValue": v} for k, v in found.parameters.items()]
        return {
            **_summary(found, stack, status, execution),
            **reason,
            "Parameters": texts,
            **page(listed, asked, "Changes"),
        }

    def execute(self, asked: Parameters, stack: Stack) -> Parameters:
        """ExecuteChangeSet: the update goes on by itself. Raises ApiError."""
        token = asked.get("ClientRequestToken", "")
        with self._updates.lock:
            found = self._found(asked, stack)
            if token and stack.token == token and found.execution.startswith("EXECUTE_"):
                return {}  # the same call once more
            self._executable(found)
            if not stack.settled:
                raise not_updatable(stack)
            makers = self._updates.makers_as(found.role, stack)
            found.execution, stack.token, stack.role = "EXECUTE_IN_PROGRESS", token, found.role
            # API reference, ExecuteChangeSet: it "deletes all other change sets associated with the stack".
            stack.change_sets = {found.name: found}
            stack.become("UPDATE_IN_PROGRESS", "User Initiated")
        self._updates.begin(stack, lambda: self._carry_out(found, stack, makers))
        return {}

    def delete(self, asked: Parameters, stack: Stack) -> Parameters:
        """DeleteChangeSet; one that is not there was deleted already. Raises ApiError."""
        with self._updates.lock:
            found = self._found(asked, stack, missing=None)
            if found and found.execution == "EXECUTE_IN_PROGRESS":
                message = f"ChangeSet [{found.id}] cannot be deleted in status [{found.execution}]"
                raise ApiError("InvalidChangeSetStatus", message)
            if found:
                del stack.change_sets[found.name]
        return {}

    def list(self, asked: Parameters, stack: Stack) -> Parameters:
        """ListChangeSets."""
        found = [_summary(one, stack, *self._status(one)) for one in stack.change_sets.values()]
        return page(found, asked, "Summaries")

    def _planned(
        self, name: str, token: str, role: str | None, stack: Stack, proposal: Proposal
    ) -> ChangeSet:
        now, place = self._clock.now(), self._updates.emulator.place
        made = ChangeSet(
            name=name,
            id=place.arn("cloudformation", f"changeSet/{name}/{uuid.uuid4()}"),
            token=token,
            template=proposal.template,
            parameters=proposal.texts,
            role=role,
            created=now,
            ready=now + datetime.timedelta(seconds=PLANNING),
        )
        plan = Plan(
            stack,
            proposal.template,
            lambda attribute: self._updates.scope(stack, proposal, attribute, self._updates.exports.value),
        )
        try:
            made.changes = plan.changes()
            if not made.changes and plan.outputs() == stack.outputs:
                made.problem = NO_CHANGES
        except TemplateError as error:
            made.problem = str(error)
        return made

    def _carry_out(self, found: ChangeSet, stack: Stack, makers: Makers) -> None:
        try:
            self._updates.run(stack, Proposal(found.template, found.parameters), makers)
        except StackError:
            found.execution = "EXECUTE_FAILED"
            raise
        found.execution = "EXECUTE_COMPLETE"

    def _status(self, found: ChangeSet) -> tuple[str, str]:
        """Status and ExecutionStatus."""
        if self._clock.now() < found.ready:
            return "CREATE_IN_PROGRESS", "UNAVAILABLE"
        return ("FAILED", "UNAVAILABLE") if found.problem else ("CREATE_COMPLETE", found.execution)

    def _executable(self, found: ChangeSet) -> None:
        status, execution = self._status(found)
        if status != "CREATE_COMPLETE":
            told = f"cannot be executed in its current status of [{status}]"
        elif execution != "AVAILABLE":
            told = f"cannot be executed in its current execution status of [{execution}]"
        else:
            return
        raise ApiError("InvalidChangeSetStatus", f"ChangeSet [{found.id}] {told}")

    def _found(self, asked: Parameters, stack: Stack, missing: str | None = "error") -> Any:
        wanted = asked["ChangeSetName"]
        for one in stack.change_sets.values():
            if wanted in (one.name, one.id):
                return one
        if missing is None:
            return None
        raise ApiError("ChangeSetNotFound", f"ChangeSet [{wanted}] does not exist", 404)


def _again(known: ChangeSet, stack: Stack, proposal: Proposal, token: str) -> Parameters:
    """The same call once more is answered as the first; another one may not have the name."""
    differs = [
        name
        for name, before, now in (
            ("ClientToken", known.token, token),
            ("Template", known.template, proposal.template),
            ("Parameters", known.parameters, proposal.texts),
        )
        if before != now
    ]
    if differs or not token:
        what = differs[0] if differs else "ClientToken"
        raise ApiError(
            "AlreadyExistsException",
            f"ChangeSet {known.name} cannot be created due to a mismatch with existing attribute {what}",
        )
    return {"Id": known.id, "StackId": stack.id}


def _summary(found: ChangeSet, stack: Stack, status: str, execution: str) -> Mapping[str, Any]:
    return {
        "ChangeSetName": found.name,
        "ChangeSetId": found.id,
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": found.created,
        "Status": status,
        "ExecutionStatus": execution,
    }
