"""Rules on policies: what an Allow may span, who may be a principal, which roles are passed."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from mlplatform.rules.rule import Finding
from mlplatform.template import Template, text, texts


@cache
def star_only_actions() -> frozenset[str]:
    """Actions, in lower case, that accept only ``*`` as resource (tools/star_only_actions.mjs)."""
    path = Path(__file__).parents[1] / "data" / "star_only_actions.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    return frozenset(
        f"{service}:{action}".lower()
        for service, actions in data.items()
        if service != "_source"
        for action in actions
    )


def star_resources(template: Template) -> Iterator[Finding]:
    """Allows on every resource, and endpoints without a policy."""
    for logical_id, properties in template.of_type("AWS::EC2::VPCEndpoint"):
        if not texts(properties.get("PolicyDocument")):
            yield (logical_id, "Properties.PolicyDocument"), "no endpoint policy: AWS then allows everything"
    for statement in template.statements:
        if not statement.allows or statement.kind in ("trust", "own") or statement.conditions:
            continue
        actions = statement.actions
        star_only = statement.kind != "endpoint" and actions and star_only_actions().issuperset(actions)
        if not star_only and any(not resource.strip("*") for resource in statement.resources):
            yield statement.place, f"allows {', '.join(actions) or 'actions'} on '*' without a condition"


def wildcard_actions(template: Template) -> Iterator[Finding]:
    """Allows that do not name their actions."""
    for statement in template.statements:
        if statement.kind == "identity" and statement.allows:
            wild = [action for action in statement.actions if "*" in action or "?" in action]
            wild += [f"all but {action}" for action in texts(statement.body.get("NotAction"))]
            if wild:
                yield statement.place, f"allows {', '.join(wild)}: name each action"


_IDENTITY = re.compile(r":(?:role|user|assumed-role|federated-user)/|^A(?:RO|ID)A[A-Z0-9]{12,}$")


def role_principals(template: Template) -> Iterator[Finding]:
    """Roles and users as principals of resource policies."""
    identities = {logical_id for logical_id, _ in template.of_type("AWS::IAM::Role", "AWS::IAM::User")}
    for statement in template.statements:
        if statement.kind in ("identity", "trust"):
            continue
        for principal in statement.principals:
            reference = principal.removeprefix("${").partition("}")[0].partition(".")[0]
            # An account is known in every template, so what is imported can only be a role or user.
            if _IDENTITY.search(principal) or reference in identities or reference == "Fn::ImportValue":
                message = f"principal {principal!r}: name the account and narrow it by aws:PrincipalArn"
                yield statement.place, message


def passed_roles(template: Template) -> Iterator[Finding]:
    """Roles that could be passed to any service, or any role that could be passed."""
    for statement in template.statements:
        passes = any(fnmatchcase("iam:passrole", action) for action in statement.actions)
        if statement.kind != "identity" or not statement.allows or not passes:
            continue
        asked = statement.condition("iam:passedtoservice")
        services = asked.get("StringEquals", []) + asked.get("StringLike", [])
        if not services or any(service.startswith("*") for service in services):
            yield statement.place, "iam:PassRole without StringEquals on iam:PassedToService"
        if any(re.search(r"^\*+$|:(role/)?\*+$", resource) for resource in statement.resources):
            yield statement.place, f"iam:PassRole on {', '.join(statement.resources)}: name a role or a path"


POLICY_LIMITS = {
    "AWS::IAM::Role": ("Policies", 10_240),
    "AWS::IAM::ManagedPolicy": ("PolicyDocument", 6_144),
    "AWS::S3::BucketPolicy": ("PolicyDocument", 20_480),
    "AWS::KMS::Key": ("KeyPolicy", 32_768),
    "AWS::EC2::VPCEndpoint": ("PolicyDocument", 20_480),
}
"""Property and most characters of what AWS accepts, a role's inline policies together (quotas in the user
guides of IAM, Amazon S3, AWS KMS and AWS PrivateLink). IAM does not count whitespace."""

_UNKNOWN = 80
"""Characters that a value known only at deployment counts for: an ARN of a key has 75."""


def policy_sizes(template: Template) -> Iterator[Finding]:
    """Policies that AWS would refuse at deployment for their length."""
    for kind, (key, limit) in POLICY_LIMITS.items():
        for logical_id, properties in template.of_type(kind):
            policies = properties.get(key) or []
            documents = [policy["PolicyDocument"] for policy in policies] if key == "Policies" else [policies]
            size = sum(len(json.dumps(_deployed(document), separators=(",", ":"))) for document in documents)
            if size > limit:
                yield (logical_id, f"Properties.{key}"), f"{size} characters, allowed: {limit}"


def _deployed(node: Any) -> Any:
    """Return ``node`` with text as long as may be where a value is known only at deployment."""
    if isinstance(node, list):
        return [_deployed(item) for item in node]
    if not isinstance(node, dict):
        return node
    if len(node) == 1 and next(iter(node)).startswith(("Fn::", "Ref")):
        return "x" * max(_UNKNOWN, len(text(node)))
    return {key: _deployed(value) for key, value in node.items()}
