"""What CloudFormation needs to deploy given resource types, as statements of a template with parameters."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlplatform.policy import Conditions, Statement, allow, within
from tools.bootstrap_actions import Action, handled_actions, known_action
from tools.bootstrap_places import NO_VALUE, PLACEHOLDERS, arn, filled
from tools.bootstrap_roles import on_roles
from tools.bootstrap_scopes import APART, DROPPED, EXTRA, SCOPES, UNSCOPED
from tools.bootstrap_tags import (
    LENIENT_SERVICES,
    TAGGED_SERVICES,
    beside,
    created_as_own,
    not_others,
    own,
    split,
)

__all__ = ["NO_VALUE", "PLACEHOLDERS", "deployment_statements"]

MOST_ACTIONS = 80
"""In one statement: then no statement fills a policy alone."""


def deployment_statements(types: Sequence[str]) -> Iterator[Statement]:
    """Statements that permit to manage ``types``; raises KeyError for a type CloudFormation does not know."""
    actions = {action for kind in types for action in _actions(kind)}
    apart = {name for names, _, _ in APART.values() for name in names}
    in_iam = {action for action in actions if action.service == "iam"}
    rest = sorted(action for action in actions - in_iam if str(action) not in apart)
    anywhere = [str(action) for action in rest if not action.on_resource or str(action) in UNSCOPED]
    named = [str(action) for action in rest if str(action) not in anywhere]
    yield from _scoped(named, _scopes(types), _creating(types))
    yield from _apart({str(action) for action in actions})
    yield from _without_resource(anywhere)
    yield from on_roles(types, {str(action) for action in in_iam})
    version = PLACEHOLDERS.arn("ssm", "parameter/cdk-bootstrap/${Qualifier}/version")
    yield allow("BootstrapVersion", ["ssm:GetParameters"], [version])


def _actions(resource_type: str) -> Iterator[Action]:
    """What a type's handlers call, without what no template uses, and what they forget."""
    custom = resource_type.startswith("Custom::")
    for permission in EXTRA.get("Custom" if custom else resource_type, ()):
        if (action := known_action(permission)) is None:
            raise ValueError(f"IAM has no action {permission}")
        yield action
    dropped = DROPPED["*"] | DROPPED.get(resource_type, frozenset())
    handled = set() if custom else handled_actions(resource_type)
    yield from (a for a in handled if a.service not in dropped and str(a) not in dropped)


def _scopes(types: Sequence[str]) -> Mapping[str, list[str]]:
    """ARN patterns by service; a service of which no type names a resource spans account and region."""
    found: dict[str, set[str]] = defaultdict(set)
    for kind in types:
        for scope in SCOPES.get("Custom" if kind.startswith("Custom::") else kind, ()):
            found[scope.partition(":")[0]].add(arn(scope))
    for service in {action.service for kind in types for action in _actions(kind)} - set(found):
        found[service].add(PLACEHOLDERS.arn(service, "*"))
    return {service: sorted(patterns) for service, patterns in found.items()}


def _creating(types: Sequence[str]) -> frozenset[str]:
    """What the creation of any of the types calls."""
    known = (kind for kind in types if not kind.startswith("Custom::"))
    return frozenset(str(action) for kind in known for action in handled_actions(kind, ("create",)))


def _without_resource(actions: Sequence[str]) -> Iterator[Statement]:
    """New keys have no name to tell them by: they must be tagged as ours."""
    here, new_keys = within(PLACEHOLDERS.region), [name for name in actions if name == "kms:CreateKey"]
    yield allow("WithoutResource", [name for name in actions if name not in new_keys], ["*"], condition=here)
    if new_keys:
        yield allow("NewKeys", new_keys, ["*"], condition=created_as_own(PLACEHOLDERS))


def _scoped(
    actions: Sequence[str], scopes: Mapping[str, list[str]], creating: frozenset[str]
) -> Iterator[Statement]:
    by_service = defaultdict(list)
    for action in actions:
        by_service[action.partition(":")[0]].append(action)
    for service, listed in by_service.items():
        sid = service.title().replace("-", "")
        if service not in TAGGED_SERVICES:
            condition = not_others(PLACEHOLDERS) if service in LENIENT_SERVICES else None
            yield from _numbered(sid, listed, scopes[service], condition)
            continue
        parts = split(listed, creating)
        yield from _numbered(sid, parts.anywhere, scopes[service])
        yield from _numbered(f"{sid}NotOthers", parts.not_others, scopes[service], not_others(PLACEHOLDERS))
        yield from _numbered(f"{sid}Own", parts.own, scopes[service], own(PLACEHOLDERS))
        for number, (beside_these, judged) in enumerate(beside(listed), start=1):
            yield allow(f"{sid}Beside{number}", judged, [arn(scope) for scope in beside_these])


def _numbered(
    sid: str, actions: Sequence[str], arns: list[str], condition: Conditions | None = None
) -> Iterator[Statement]:
    for start in range(0, len(actions), MOST_ACTIONS):
        number = str(start // MOST_ACTIONS + 1) if start else ""
        yield allow(f"{sid}{number}", actions[start : start + MOST_ACTIONS], arns, condition=condition)


def _apart(actions: set[str]) -> Iterator[Statement]:
    for sid, (names, scope, condition) in APART.items():
        if wanted := [name for name in names if name in actions]:
            narrowed = json.loads(json.dumps(condition), object_hook=_filled_values)
            yield allow(sid, wanted, [arn(scope)], condition=narrowed)


def _filled_values(node: dict[str, Any]) -> dict[str, Any]:
    return {key: filled(value) if isinstance(value, str) else value for key, value in node.items()}
