"""Judges requests against IAM policies with a real policy evaluator, many requests at a time.

The evaluator is a Node program (tools/policy_evaluator.mjs) run as a subprocess: one per call of
``evaluate``, so tests put their requests into one batch, or one for all calls of a ``Session``.
"""

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from tools.policy_process import Conversation, answers_to
from tools.policy_process import PolicyEvaluationError as PolicyEvaluationError

Policy = Mapping[str, Any]
"""A policy document as IAM stores it: every intrinsic function of a template already resolved."""

_ERRORS = {
    "invalid.action": "there is no such action",
    "invalid.service": "there is no such service",
    "no.resource.types": "the action does not act on a resource of this kind",
    "multiple.resource.types": "the resource could be of several kinds",
    "must.use.wildcard": 'the action accepts only the resource "*"',
    "wildcard.resource": "a request names one resource, without wildcards",
    "ignored.context": "AWS sends no such context key with this action",
    "policy.errors": "a policy is malformed",
    "failure": "the evaluator failed",
}
_POLICIES = {
    "identity": "identity",
    "resource": "resource",
    "vpce": "VPC endpoint",
    "pb": "permissions boundary",
}


@dataclass(frozen=True)
class Request:
    """One call to judge.

    ``principal`` is the ARN of a role or user (a role's own ARN, not that of a session, which lacks the
    role's path) or a service principal such as ``logs.eu-west-1.amazonaws.com``. ``resource`` is one ARN, or
    ``*`` for an action that accepts nothing else; ``resource_account`` is its account, 12 digits.

    ``context`` adds to, or with None removes from, the condition keys that every request has: PrincipalArn,
    PrincipalAccount, PrincipalIsAWSService, ResourceAccount, ViaAWSService (false), SecureTransport (true).
    A key that AWS does not send with the action is an error.
    """

    principal: str
    action: str
    resource: str
    resource_account: str
    context: Mapping[str, str | Sequence[str] | None] = field(default_factory=dict)
    identity_policies: Sequence[Policy] = ()
    resource_policy: Policy | None = None
    vpc_endpoint_policies: Sequence[Policy] = ()
    permission_boundaries: Sequence[Policy] = ()

    def __str__(self) -> str:
        return f"{self.principal}: {self.action} on {self.resource}"


@dataclass(frozen=True)
class Decision:
    """What AWS would answer.

    ``deciding_sids`` are the statements that allowed or explicitly denied the request, by Sid (``#<n>``, from
    1, for one without); empty when nothing matched. ``explanation`` is one line for people.
    """

    allowed: bool
    deciding_sids: tuple[str, ...]
    explanation: str


def evaluate(requests: Sequence[Request]) -> list[Decision]:
    """Judge ``requests``, in order.

    Raises PolicyEvaluationError, naming every request that cannot be judged: an unknown action, a resource or
    context key that the action does not have, a malformed policy.
    """
    if not requests:
        return []
    policies = _Policies()
    simulations = [_simulation(request, policies) for request in requests]
    return _decisions(requests, answers_to({"policies": policies.documents, "simulations": simulations}))


class Session:
    """One evaluator that answers until it is closed, in a few milliseconds; threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        # Documents may change between calls, even in place: they are told apart by what they say.
        self._policies = _Policies(key=json.dumps)
        self._sent = 0
        self._conversation = Conversation()

    def evaluate(self, requests: Sequence[Request]) -> list[Decision]:
        """Judge ``requests`` as the function ``evaluate`` does."""
        if not requests:
            return []
        with self._lock:
            simulations = [_simulation(request, self._policies) for request in requests]
            new = self._policies.documents[self._sent :]
            answers = self._conversation.ask({"policies": new, "simulations": simulations})
            self._sent += len(new)
        return _decisions(requests, answers)

    def close(self) -> None:
        """End the evaluator."""
        self._conversation.close()


def _decisions(requests: Sequence[Request], answers: Sequence[Mapping[str, Any]]) -> list[Decision]:
    if problems := [
        f"{request}: {_ERRORS.get(answer['error'], answer['error'])}{_details(answer)}"
        for request, answer in zip(requests, answers, strict=True)
        if "error" in answer
    ]:
        raise PolicyEvaluationError("\n".join(problems))
    return [_decision(answer) for answer in answers]


class _Policies:
    """The policies of a batch, each once: a role's are the same in all of its requests.

    ``key`` tells them apart: by default, the same object is the same policy.
    """

    def __init__(self, key: Callable[[Policy], Hashable] = id) -> None:
        self.documents: list[Policy] = []
        self._key = key
        self._numbers: dict[Hashable, int] = {}

    def number(self, policy: Policy) -> int:
        """Place of ``policy`` in the list."""
        key = self._key(policy)
        if key not in self._numbers:
            self._numbers[key] = len(self.documents)
            self.documents.append(policy)
        return self._numbers[key]

    def numbers(self, policies: Sequence[Policy]) -> list[int]:
        """Places of several policies."""
        return [self.number(policy) for policy in policies]


def _simulation(request: Request, policies: _Policies) -> dict[str, Any]:
    context = {
        key: value for key, value in {**_always_sent(request), **request.context}.items() if value is not None
    }
    simulation: dict[str, Any] = {
        "request": {
            "principal": request.principal,
            "action": request.action,
            "resource": {"resource": request.resource, "accountId": request.resource_account},
            "contextVariables": {k: v if isinstance(v, str) else list(v) for k, v in context.items()},
        },
        "identityPolicies": policies.numbers(request.identity_policies),
    }
    if request.resource_policy is not None:
        simulation["resourcePolicy"] = policies.number(request.resource_policy)
    # An empty list would mean "an endpoint whose policy allows nothing", not "no endpoint".
    if request.vpc_endpoint_policies:
        simulation["vpcEndpointPolicies"] = policies.numbers(request.vpc_endpoint_policies)
    if request.permission_boundaries:
        simulation["permissionBoundaryPolicies"] = policies.numbers(request.permission_boundaries)
    return simulation


def _always_sent(request: Request) -> dict[str, str]:
    if not request.principal.endswith(".amazonaws.com") and not request.principal.startswith("arn:"):
        # The evaluator would take lambda.amazonaws.com.cn for an identity without policies and deny it all.
        raise PolicyEvaluationError(f"{request}: the principal is neither an ARN nor <service>.amazonaws.com")
    sent = {
        "aws:ResourceAccount": request.resource_account,
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
    }
    if not request.principal.startswith("arn:"):
        return sent | {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": request.principal}
    if ":assumed-role/" in request.principal and "aws:PrincipalArn" not in request.context:
        raise PolicyEvaluationError(f"{request}: name the role, not a session, so that its path is known")
    return sent | {
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalArn": request.principal,
        "aws:PrincipalAccount": request.principal.split(":")[4],
    }


def _details(answer: Mapping[str, Any]) -> str:
    details = answer.get("details")
    if answer["error"] == "policy.errors":
        details = (
            {kind: errors for kind, errors in details.items() if kind != "message"} if details else details
        )
    elif answer["error"] not in ("ignored.context", "failure"):
        return ""
    return f": {details if isinstance(details, str) else json.dumps(details)}"


def _decision(answer: Mapping[str, Any]) -> Decision:
    reasons = answer["reasons"]
    deciding = [reason for reason in reasons if not reason["implicit"]]
    sids = tuple(dict.fromkeys(reason["sid"] for reason in deciding))
    allowed = answer["result"] == "Allowed"
    if deciding:
        by = ", ".join(
            f"{_POLICIES[reason['policy']]} policy statement {reason['sid']}" for reason in deciding
        )
        return Decision(allowed, sids, f"{'allowed' if allowed else 'explicitly denied'} by {by}")
    silent = ", ".join(dict.fromkeys(_POLICIES[reason["policy"]] for reason in reasons)) or "no"
    near = "".join(
        f"; {miss['sid']} would allow it but for {miss['lacks'][0]}" for miss in answer["nearMisses"]
    )
    return Decision(allowed, (), f"implicitly denied: nothing allows it in the {silent} policy{near}")
