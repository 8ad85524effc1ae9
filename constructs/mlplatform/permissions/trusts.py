"""Who may take on the roles of people, and under whose name."""

from collections.abc import Sequence
from typing import Any

from mlplatform.bucket_policies import account_principals
from mlplatform.policy import Conditions, Statement, document
from mlplatform.settings import Environment

IDENTITY_CENTER = ":role/aws-reserved/sso.amazonaws.com/"
"""What the ARN of a role of IAM Identity Center has (its user guide, "Referencing permission sets")."""

_ASSUME = ["sts:AssumeRole", "sts:SetSourceIdentity"]


def studio_trust(settings: Environment) -> dict[str, Any]:
    """Trust policy of a user profile's role: Studio, which names each session after the profile."""
    ours = {"StringEquals": {"aws:SourceAccount": settings.account}}
    return document(_trusted("Studio", {"Service": "sagemaker.amazonaws.com"}, ours))


def person_trust(settings: Environment, user: str | None) -> dict[str, Any]:
    """Trust policy of a person's own role, or of the sign-in role all share (``user`` is None).

    The principal is an account (a policy that names a user or role breaks when that is recreated); the
    conditions say who of it, and that the session is named after the person.
    """
    iam, roles = settings.iam, settings.iam.sign_in_roles
    statements = []
    if iam.require_mfa != "identity_provider":
        statements.append(_iam_user(settings, user, second_factor=iam.require_mfa == "iam"))
    center = [role for role in roles if IDENTITY_CENTER in role]
    if others := [role for role in roles if role not in center]:
        statements.append(_from_identity_provider(settings, user, others))
    if center:
        statements.append(_from_identity_center(settings, user, center))
    return document(*statements)


def _iam_user(settings: Environment, user: str | None, *, second_factor: bool) -> Statement:
    """An IAM user, whose name is that of the user profile."""
    users = {"ArnLike": {"aws:PrincipalArn": settings.names.arn("iam", "user/*", region="")}}
    named = {"StringEquals": _same_name("aws:username", user)}
    mfa: Conditions = {"Bool": {"aws:MultiFactorAuthPresent": "true"}} if second_factor else {}
    account = {"AWS": settings.names.arn("iam", "root", region="")}
    return _trusted("IamUser", account, {**users, **named, **mfa})


def _from_identity_provider(settings: Environment, user: str | None, roles: Sequence[str]) -> Statement:
    """A session the identity provider opened with the person as its source identity."""
    provider = {"ArnEquals": {"aws:PrincipalArn": list(roles)}}
    named = {"StringEquals": _same_name("aws:SourceIdentity", user)}
    return _trusted("IdentityProvider", account_principals(roles, settings), {**provider, **named})


def _from_identity_center(settings: Environment, user: str | None, roles: Sequence[str]) -> Statement:
    """A session of IAM Identity Center, which sets no source identity but names it after its user.

    ``aws:userid`` of a role's session is the role's id, a colon and the session's name (IAM user guide,
    "Where you can use policy variables").
    """
    known = settings.studio.users[user].sso_user or user if user else "${sts:SourceIdentity}"
    condition: dict[str, dict[str, Any]] = {
        "ArnEquals": {"aws:PrincipalArn": list(roles)},
        "StringLike": {"aws:userid": f"*:{known}"},
    }
    if user:
        condition["StringEquals"] = {"sts:SourceIdentity": user}
    return _trusted("IdentityCenter", account_principals(roles, settings), condition)


def _same_name(caller: str, user: str | None) -> dict[str, str]:
    """The session is named after the caller and, for a person's own role, the caller is that person."""
    if user is None:
        return {"sts:SourceIdentity": f"${{{caller}}}"}
    return {"sts:SourceIdentity": user, caller: user}


def _trusted(sid: str, principal: dict[str, Any], condition: Conditions) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": _ASSUME,
        "Condition": {operator: dict(keys) for operator, keys in condition.items()},
    }
