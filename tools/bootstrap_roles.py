"""What CloudFormation may do to roles and policies: ours only, and within the boundary."""

from collections.abc import Iterator, Mapping, Sequence

from mlplatform.policy import Statement, allow
from tools.bootstrap_places import NO_VALUE, PLACEHOLDERS
from tools.bootstrap_scopes import ATTACHABLE, BOUNDED, LINKED, MANAGED, PASSED

_BOUNDARY_ARN = {
    "Fn::If": [
        "PlatformBoundary",
        PLACEHOLDERS.arn("iam", f"policy/{PLACEHOLDERS.name('boundary', kind='policy')}", region=""),
        PLACEHOLDERS.arn("iam", "policy/${Boundary}", region=""),
    ]
}
_WITHIN_BOUNDARY = {"StringEquals": {"iam:PermissionsBoundary": _BOUNDARY_ARN}}


def on_roles(types: Sequence[str], actions: set[str]) -> Iterator[Statement]:
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
