"""The exhaustive proof of least privilege: what every Allow of every rehearsed role is needed for.

Every recorded call that a statement had a part in allowing is judged again without it. A statement whose
absence denies none of them is not needed, unless ``rehearsal/unrehearsed.yaml`` says why it is there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Protocol

import yaml

from rehearsal.identities import Identities, RoleRecord
from rehearsal.trace import Call
from tools.policy_evaluator import Policy, Request, evaluate

KINDS = ("endpoint", "events", "function", "job", "trigger", "workflow")
"""Kinds of role a rehearsal runs as, by the last segment of their path.

Not ``release``: what CloudFormation's handlers read while they update a stack is not all emulated.
"""

REASONS = Path(__file__).with_name("unrehearsed.yaml")


class Rehearsed(Protocol):
    """What the proof looks at; an ``Emulator`` has it."""

    identities: Identities

    @property
    def trace(self) -> Sequence[Call]:
        """Every judged call."""


@dataclass(frozen=True)
class Statement:
    """One Allow of a role; ``sid`` is ``#<n>``, counted from 1, for a statement without."""

    role: str
    policy: str
    sid: str
    actions: tuple[str, ...]

    @property
    def short_role(self) -> str:
        """Kind and name of the role."""
        return "/".join(self.role.split("/")[-2:])

    def __str__(self) -> str:
        return f"{self.short_role}: {self.sid} ({', '.join(self.actions)})"


def unneeded(
    rehearsed: Rehearsed, *, kinds: Sequence[str] = KINDS, reasons: Path = REASONS
) -> list[Statement]:
    """The Allow statements of roles that made calls which no recorded call needs and no reason excuses."""
    excuses = _read(reasons)
    return [one for one in idle(rehearsed, kinds) if not any(_excuses(excuse, one) for excuse in excuses)]


def stale_reasons(
    rehearsed: Rehearsed, *, kinds: Sequence[str] = KINDS, reasons: Path = REASONS
) -> list[Mapping[str, str]]:
    """Reasons that excuse nothing, though everything was rehearsed; not those of roles that made no call."""
    found, quiet = idle(rehearsed, kinds), silent(rehearsed, kinds=kinds)
    roles = [role for role in rehearsed.identities.roles.values() if role.arn not in quiet]
    there = [statement for role in roles for statement, _, _ in statements(role)]
    asked = [excuse for excuse in _read(reasons) if any(_excuses(excuse, one) for one in there)]
    return [excuse for excuse in asked if not any(_excuses(excuse, one) for one in found)]


def silent(rehearsed: Rehearsed, *, kinds: Sequence[str] = KINDS) -> list[str]:
    """ARNs of the roles of these kinds that made no call, of whom nothing is proved."""
    callers = {call.principal.arn for call in rehearsed.trace}
    roles = rehearsed.identities.roles.values()
    return [role.arn for role in roles if role.kind in kinds and role.arn not in callers]


def idle(rehearsed: Rehearsed, kinds: Sequence[str] = KINDS) -> list[Statement]:
    """The Allow statements of roles that made calls which no recorded call needs."""
    quiet = silent(rehearsed, kinds=kinds)
    roles = [r for r in rehearsed.identities.roles.values() if r.kind in kinds and r.arn not in quiet]
    trials = [trial for role in roles for trial in _trials(role, rehearsed.trace)]
    decisions = evaluate([request for _, request in trials])
    needed = {where for (where, _), decision in zip(trials, decisions, strict=True) if not decision.allowed}
    return [one for role in roles for one, *where in statements(role) if (role.arn, *where) not in needed]


def statements(role: RoleRecord) -> Iterator[tuple[Statement, str, int]]:
    """The Allow statements of a role, each with its policy's name and its place there, from 0."""
    for name, policy in role.policies.items():
        for place, one in enumerate(_listed(policy["Statement"])):
            if one["Effect"] == "Allow":
                sid = str(one.get("Sid", f"#{place + 1}"))
                actions = tuple(_listed(one.get("Action", one.get("NotAction", ()))))
                yield Statement(role.arn, name, sid, actions), name, place


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _trials(role: RoleRecord, trace: Sequence[Call]) -> Iterator[tuple[tuple[str, str, int], Request]]:
    """Role, policy and place of a statement, and a call that it had a part in, without it."""
    mine = (call for call in trace if call.principal.arn == role.arn)
    calls = {_key(call): call for call in mine if call.allowed and call.request}
    for statement, name, place in statements(role):
        policies = _without(role.policies, name, place)
        for call in calls.values():
            # Taking away an Allow changes nothing about a call that it had no part in.
            if statement.sid in call.sids and call.request:
                yield (role.arn, name, place), replace(call.request, identity_policies=policies)


def _key(call: Call) -> tuple[Any, ...]:
    context = tuple(sorted((key, str(value)) for key, value in call.context.items()))
    return call.action, call.resource, context


def _without(policies: Mapping[str, Policy], name: str, place: int) -> tuple[Policy, ...]:
    """The role's policies without one statement; a policy that has no other goes altogether."""
    kept = [one for number, one in enumerate(_listed(policies[name]["Statement"])) if number != place]
    smaller = {**policies, name: {**policies[name], "Statement": kept}}
    return tuple(policy for policy in smaller.values() if policy["Statement"])


def _read(path: Path) -> list[dict[str, str]]:
    reasons: list[dict[str, str]] = yaml.safe_load(path.read_text()) or []
    for one in reasons:
        if set(one) != {"role", "sid", "reason"} or len(one["reason"]) < 20:
            raise ValueError(f"{path.name}: needs role, sid and a reason of 20 characters, got {one}")
    return reasons


def _excuses(excuse: Mapping[str, str], statement: Statement) -> bool:
    return fnmatchcase(statement.short_role, excuse["role"]) and fnmatchcase(statement.sid, excuse["sid"])
