"""The Serving stack in CloudFormation: change sets of the same template, planned and executed by name."""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from release.ports import Change, ChangeSet, ConflictError, StackState

_MISSING = "does not exist"
_NOT_NOW = ("ChangeSetNotFound", "InvalidChangeSetStatus")
_CHANGED = ("state and can", "cannot be executed", "non-terminal", "in progress", "was not found")
"""What CloudFormation says, beyond its error codes, where the stack is not as the caller believed."""

_WENT_BACK = ("UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED")


class CloudFormationStack:
    """``release.ports.Stack``: the stack called ``name``, changed under ``role`` or, until it has served,
    ``first_role``; no plan has other resource types than ``types``.
    """

    def __init__(self, client: Any, name: str, role: str, first_role: str, types: Sequence[str]) -> None:
        self._client, self._name, self._types = client, name, list(types)
        self._role, self._first_role = role, first_role
        self._last_role = role

    def describe(self) -> StackState | None:
        """The stack with its policy, or None if there is none."""
        try:
            (stack,) = self._client.describe_stacks(StackName=self._name)["Stacks"]
            policy = self._client.get_stack_policy(StackName=self._name).get("StackPolicyBody")
        except ClientError as error:
            if _MISSING in _message(error):
                return None
            raise
        self._last_role = stack.get("RoleARN", self._role)
        return StackState(
            id=stack["StackId"],
            status=stack["StackStatus"],
            reason=self._reason(stack),
            parameters={p["ParameterKey"]: p["ParameterValue"] for p in stack.get("Parameters", [])},
            outputs={o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])},
            protected=stack.get("EnableTerminationProtection", False),
            policy=policy,
        )

    def _reason(self, stack: Mapping[str, Any]) -> str:
        """Why the stack is in its status. One that went back says at most which resources could not: what
        made it go back is an event."""
        own = str(stack.get("StackStatusReason", ""))
        if stack["StackStatus"] not in _WENT_BACK:
            return own
        return "; ".join(filter(None, (self._first_failure(stack["StackId"]), own)))

    def _first_failure(self, stack: str) -> str:
        """The first resource that failed in the last update, and why; empty if none did."""
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=self._name)
        found = ""
        for event in (event for page in pages for event in page["StackEvents"]):  # newest first
            status = event.get("ResourceStatus", "")
            if event.get("PhysicalResourceId") == stack:
                if status == "UPDATE_IN_PROGRESS":  # here the last update began
                    break
            elif status.endswith("_FAILED"):
                found = f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason') or status}"
        return found

    def create_change_set(self, name: str, parameters: Mapping[str, str], *, first: bool) -> None:
        """Plan an update of the same template; harmless if the name exists."""
        try:
            self._client.create_change_set(
                StackName=self._name,
                ChangeSetName=name,
                ChangeSetType="UPDATE",
                UsePreviousTemplate=True,
                Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
                ResourceTypes=self._types,
                RoleARN=self._first_role if first else self._role,
                ClientToken=name,
            )
        except self._client.exceptions.AlreadyExistsException:
            return
        except ClientError as error:
            raise _conflict(error) or error from error

    def change_set(self, name: str) -> ChangeSet | None:
        """The change set with all its changes, or None if there is none (any more)."""
        asked = {"StackName": self._name, "ChangeSetName": name}
        try:
            answer = self._client.describe_change_set(**asked)
            changes = list(answer.get("Changes", []))
            token = answer.get("NextToken")
            while token:
                page = self._client.describe_change_set(**asked, NextToken=token)
                changes += page.get("Changes", [])
                token = page.get("NextToken")
        except ClientError as error:
            if _code(error) == "ChangeSetNotFound" or _MISSING in _message(error):
                return None
            raise
        return ChangeSet(
            name=name,
            status=answer["Status"],
            reason=answer.get("StatusReason", ""),
            execution_status=answer.get("ExecutionStatus", ""),
            changes=tuple(_change(c["ResourceChange"]) for c in changes if "ResourceChange" in c),
            parameters={p["ParameterKey"]: p["ParameterValue"] for p in answer.get("Parameters", [])},
        )

    def execute(self, name: str) -> None:
        """Begin the update. Raises ConflictError if the plan is obsolete or gone, or the stack busy."""
        try:
            self._client.execute_change_set(StackName=self._name, ChangeSetName=name, ClientRequestToken=name)
        except self._client.exceptions.TokenAlreadyExistsException:
            return  # this very update has begun
        except ClientError as error:
            raise _conflict(error) or error from error

    def delete_change_set(self, name: str) -> None:
        """Forget a plan; harmless if it is gone, or can no longer be deleted because it was executed."""
        try:
            self._client.delete_change_set(StackName=self._name, ChangeSetName=name)
        except ClientError as error:
            if _conflict(error) is None and _MISSING not in _message(error):
                raise

    def set_policy(self, body: str) -> None:
        """Give the stack another stack policy."""
        self._client.set_stack_policy(StackName=self._name, StackPolicyBody=body)

    def resources(self) -> list[str]:
        """Physical ids of what the stack has now, all pages of them."""
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=self._name)
        listed = (each for page in pages for each in page["StackResourceSummaries"])
        return [str(each["PhysicalResourceId"]) for each in listed if each.get("PhysicalResourceId")]

    def continue_rollback(self) -> None:
        """Try the way back once more, skipping nothing. Raises ConflictError in any other state.

        As the first release's role if that began the update, as described last: its way back may take an
        endpoint away that never served, which the other role cannot.
        """
        role = self._first_role if self._last_role == self._first_role else self._role
        try:
            self._client.continue_update_rollback(StackName=self._name, RoleARN=role)
        except self._client.exceptions.TokenAlreadyExistsException:
            return
        except ClientError as error:
            raise _conflict(error) or error from error


def _change(change: Mapping[str, Any]) -> Change:
    return Change(
        logical_id=change["LogicalResourceId"],
        type=change["ResourceType"],
        action=change["Action"],
        replacement=change.get("Replacement", ""),
    )


def _conflict(error: ClientError) -> ConflictError | None:
    """The error as one the release decides on, if it is about the state of the stack or the change set."""
    code, message = _code(error), _message(error)
    busy = code == "ValidationError" and any(words in message for words in _CHANGED)
    return ConflictError(message) if busy or code in _NOT_NOW else None


def _code(error: ClientError) -> str:
    return str(error.response["Error"].get("Code", ""))


def _message(error: ClientError) -> str:
    return str(error.response["Error"].get("Message", ""))
