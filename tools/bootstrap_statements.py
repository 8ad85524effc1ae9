"""What CloudFormation needs to deploy given resource types, as statements of a template with parameters."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlplatform.names import Names
from mlplatform.policy import Statement, allow, within
from tools.bootstrap_actions import Action, handled_actions, known_action
from tools.bootstrap_scopes import (
    APART,
    ATTACHABLE,
    BOUNDED,
    DROPPED,
    EXTRA,
    LINKED,
    MANAGED,
    PASSED,
    SCOPES,
    UNSCOPED,
)

PLACEHOLDERS = Names(
    "${Prefix}", "${Environment}", "${AWS::Partition}", "${AWS::Region}", "${AWS::AccountId}", "${IamPath}"
)
"""Names as parameters of the template."""

MOST_ACTIONS = 45
"""In one statement: then no statement fills a policy alone."""

NO_VALUE = {"Ref": "AWS::NoValue"}
_BOUNDARY_ARN = {
    "Fn::If": [
        "PlatformBoundary",
        PLACEHOLDERS.arn("iam", f"policy/{PLACEHOLDERS.name('boundary', kind='policy')}", region=""),
        PLACEHOLDERS.arn("iam", "policy/${Boundary}", region=""),
    ]
}
_WITHIN_BOUNDARY = {"StringEquals": {"iam:PermissionsBoundary": _BOUNDARY_ARN}}


def deployment_statements(types: Sequence[str]) -> Iterator[Statement]:
    """Statements that permit to manage ``types``; raises KeyError for a type CloudFormation does not know."""
    actions = {action for kind in types for action in _actions(kind)}
    apart = {name for names, _, _ in APART.values() for name in names}
    in_iam = {action for action in actions if action.service == "iam"}
    rest = sorted(action for action in actions - in_iam if str(action) not in apart)
    anywhere = [str(action) for action in rest if not action.on_resource or str(action) in UNSCOPED]
    yield from _scoped([str(action) for action in rest if str(action) not in anywhere], _scopes(types))
    yield from _apart({str(action) for action in actions})
    yield allow("WithoutResource", anywhere, ["*"], condition=within(PLACEHOLDERS.region))
    yield from _on_roles(types, {str(action) for action in in_iam})
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
            found[scope.partition(":")[0]].add(_arn(scope))
    for service in {action.service for kind in types for action in _actions(kind)} - set(found):
        found[service].add(PLACEHOLDERS.arn(service, "*"))
    return {service: sorted(patterns) for service, patterns in found.items()}


def _arn(scope: str) -> str:
    service, _, resource = scope.partition(":")
    place = {"region": "", "account": ""} if service in ("route53", "s3") else {}
    return PLACEHOLDERS.arn(service, _filled(resource), **place)


def _filled(text: str) -> str:
    start = f"{PLACEHOLDERS.prefix}-{PLACEHOLDERS.environment}-"
    values = {"start": start, "account": PLACEHOLDERS.account, "region": PLACEHOLDERS.region}
    values |= {"prefix": PLACEHOLDERS.prefix, "environment": PLACEHOLDERS.environment}
    return text.format(**values, qualifier="${Qualifier}")


def _scoped(actions: Sequence[str], scopes: Mapping[str, list[str]]) -> Iterator[Statement]:
    by_service = defaultdict(list)
    for action in actions:
        by_service[action.partition(":")[0]].append(action)
    for service, listed in by_service.items():
        sid = service.title().replace("-", "")
        for start in range(0, len(listed), MOST_ACTIONS):
            number = str(start // MOST_ACTIONS + 1) if start else ""
            yield allow(f"{sid}{number}", listed[start : start + MOST_ACTIONS], scopes[service])


def _apart(actions: set[str]) -> Iterator[Statement]:
    for sid, (names, scope, condition) in APART.items():
        if wanted := [name for name in names if name in actions]:
            filled = json.loads(json.dumps(condition), object_hook=_filled_values)
            yield allow(sid, wanted, [_arn(scope)], condition=filled)


def _filled_values(node: dict[str, Any]) -> dict[str, Any]:
    return {key: _filled(value) if isinstance(value, str) else value for key, value in node.items()}


def _on_roles(types: Sequence[str], actions: set[str]) -> Iterator[Statement]:
    """Roles on our path only, their permissions changed only within the boundary."""
    roles = [PLACEHOLDERS.role_arns("*")]
    providers = {action for action in actions if "OpenIDConnect" in action}
    special = {"iam:AttachRolePolicy", "iam:CreateServiceLinkedRole", "iam:PassRole"}
    bounded = {"Fn::If": ["NoBoundary", NO_VALUE, _WITHIN_BOUNDARY]}
    own = roles[0].replace(":role/", ":policy/").replace(":role${", ":policy${")
    listed = {"ArnLike": {"iam:PolicyARN": [own, *(_aws_policy(name) for name in ATTACHABLE)]}}
    attach = {"Fn::If": ["NoBoundary", listed, {**_WITHIN_BOUNDARY, **listed}]}
    remove = allow("RemoveBoundaries", ["iam:DeleteRolePermissionsBoundary"], roles)
    passed = {"StringEquals": {"iam:PassedToService": _services(PASSED, types)}}
    linked = {"StringEquals": {"iam:AWSServiceName": _services(LINKED, types)}}
    yield allow("Roles", sorted(actions - providers - special - BOUNDED - MANAGED), roles)
    yield {**allow("RolesWithinBoundary", sorted(actions & BOUNDED), roles), "Condition": bounded}
    yield {**allow("AttachListedPolicies", ["iam:AttachRolePolicy"], roles), "Condition": attach}
    yield {"Fn::If": ["NoBoundary", remove, NO_VALUE]}
    yield allow("PassRoles", ["iam:PassRole"], roles, condition=passed)
    if managed := sorted(actions & MANAGED):
        yield allow("OwnPolicies", managed, [own])
    if providers:
        arn = PLACEHOLDERS.arn("iam", "oidc-provider/*", region="")
        yield allow("IdentityProviders", sorted(providers), [arn])
    if linked["StringEquals"]["iam:AWSServiceName"]:
        arn = PLACEHOLDERS.arn("iam", "role/aws-service-role/*", region="")
        yield allow("ServiceLinkedRoles", ["iam:CreateServiceLinkedRole"], [arn], condition=linked)


def _services(table: Mapping[str, Sequence[str]], types: Sequence[str]) -> list[str]:
    return sorted({service for kind in types for service in table.get(kind, ())})


def _aws_policy(name: str) -> str:
    return PLACEHOLDERS.arn("iam", f"policy/{name}", region="", account="aws")
