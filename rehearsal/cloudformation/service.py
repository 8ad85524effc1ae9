"""The ``cloudformation`` API over the deployed stacks: for releases, and for people who look into them.

Stacks are created by the rehearsal's own deployments only, and nobody deletes one by a call.
"""

import json
from collections.abc import Callable, Mapping

from rehearsal.api import ApiError, ApiRequest, Parameters
from rehearsal.cloudformation import descriptions, stack_policy
from rehearsal.cloudformation.change_sets import ChangeSets
from rehearsal.cloudformation.descriptions import page
from rehearsal.cloudformation.plan import Plan
from rehearsal.cloudformation.proposals import invalid, not_updatable, proposed
from rehearsal.cloudformation.stack import Stack
from rehearsal.cloudformation.updates import Updates

StackCall = Callable[[Parameters, Stack], Parameters]


class CloudFormation:
    """Answers the calls that describe stacks and update them."""

    def __init__(self, stacks: Mapping[str, Stack], updates: Updates) -> None:
        self._stacks, self._updates = stacks, updates
        sets = ChangeSets(updates)
        self._account_calls: Mapping[str, Callable[[Parameters], Parameters]] = {
            "DescribeStacks": self._describe,
            "ListStacks": lambda _: {"StackSummaries": [descriptions.summary(s) for s in stacks.values()]},
            "ListExports": lambda _: {"Exports": descriptions.exports(stacks)},
        }
        self._stack_calls: Mapping[str, StackCall] = {
            "ContinueUpdateRollback": self._continue,
            "CreateChangeSet": sets.create,
            "DeleteChangeSet": sets.delete,
            "DescribeChangeSet": sets.describe,
            "DescribeStackEvents": lambda p, s: page(descriptions.events(s), p, "StackEvents"),
            "DescribeStackResources": lambda _, s: {"StackResources": descriptions.resources(s)},
            "ExecuteChangeSet": sets.execute,
            "GetStackPolicy": lambda _, s: {"StackPolicyBody": s.policy} if s.policy else {},
            "GetTemplate": lambda _, s: {"TemplateBody": json.dumps(s.template)},
            "ListChangeSets": sets.list,
            "ListStackResources": lambda _, s: {"StackResourceSummaries": descriptions.resources(s)},
            "SetStackPolicy": self._set_policy,
            "UpdateStack": self._update,
            "UpdateTerminationProtection": self._protect,
        }

    def answer(self, request: ApiRequest) -> Parameters:
        """The output of one call. Raises ApiError."""
        name, asked = request.operation, request.parameters
        if name in self._account_calls:
            return self._account_calls[name](asked)
        if name in self._stack_calls:
            return self._stack_calls[name](asked, self._stack(asked))
        raise ApiError("InvalidAction", f"the rehearsal has no {name} of AWS CloudFormation")

    def _stack(self, asked: Parameters) -> Stack:
        wanted = asked.get("StackName")
        for stack in self._stacks.values():
            if wanted in (stack.name, stack.id):
                return stack
            if wanted is None and asked.get("ChangeSetName") in [c.id for c in stack.change_sets.values()]:
                return stack
        raise invalid(f"Stack with id {wanted} does not exist")

    def _describe(self, asked: Parameters) -> Parameters:
        found = [self._stack(asked)] if "StackName" in asked else list(self._stacks.values())
        return {"Stacks": [descriptions.described(stack) for stack in found]}

    def _update(self, asked: Parameters, stack: Stack) -> Parameters:
        """UpdateStack: what a change set does, planned by nobody; change sets become obsolete."""
        token, updates = asked.get("ClientRequestToken", ""), self._updates
        with updates.lock:
            if token and stack.token == token:
                return {"StackId": stack.id}
            if not stack.settled:
                raise not_updatable(stack)
            role = asked.get("RoleARN") or stack.role
            makers, proposal = updates.makers_as(role, stack), proposed(asked, stack, updates)
            plan = Plan(
                stack,
                proposal.template,
                lambda attribute: updates.scope(stack, proposal, attribute, updates.exports.value),
            )
            if not plan.changes() and plan.outputs() == stack.outputs:
                raise invalid("No updates are to be performed.")
            for one in stack.change_sets.values():
                one.execution = "OBSOLETE" if one.execution == "AVAILABLE" else one.execution
            stack.token, stack.role = token, role
            stack.become("UPDATE_IN_PROGRESS", "User Initiated")
        updates.begin(stack, lambda: updates.run(stack, proposal, makers))
        return {"StackId": stack.id}

    def _continue(self, asked: Parameters, stack: Stack) -> Parameters:
        """ContinueUpdateRollback; without a role it is the last one (API reference)."""
        updates = self._updates
        with updates.lock:
            if stack.status != "UPDATE_ROLLBACK_FAILED":
                raise invalid(
                    f"Stack:{stack.id} is in {stack.status} state and can not continue update rollback."
                )
            role = asked.get("RoleARN") or stack.role
            makers = updates.makers_as(role, stack)
            stack.role = role
            stack.become("UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated")
        skip = tuple(asked.get("ResourcesToSkip", ()))
        updates.begin(stack, lambda: updates.finish_rollback(stack, makers, skip))
        return {}

    def _set_policy(self, asked: Parameters, stack: Stack) -> Parameters:
        if "StackPolicyBody" not in asked:
            raise invalid("the rehearsal reads no stack policies from S3: give StackPolicyBody")
        try:
            stack.policy = stack_policy.checked(asked["StackPolicyBody"])
        except stack_policy.PolicyError as error:
            raise invalid(str(error)) from error
        return {}

    def _protect(self, asked: Parameters, stack: Stack) -> Parameters:
        stack.protected = bool(asked["EnableTerminationProtection"])
        return {"StackId": stack.id}
