"""Finds what a new template permits beyond the old one."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tools.policy_statements import FULL_ACCESS, Statement, parse_statement, policy_statements, uncovered
from tools.templates import Finding, Json, Resource, as_list, condition_of, names_in, resources_of, text

OPEN_WITHOUT_POLICY = {"AWS::EC2::VPCEndpoint": "PolicyDocument", "AWS::KMS::Key": "KeyPolicy"}
"""Types to which AWS gives a policy that allows everything (a key: its whole account) when none is given."""


TARGETS = (
    *("Roles", "Users", "Groups", "RoleName", "UserName", "GroupName"),
    *("Bucket", "Topics", "TopicArn", "Queues", "Queue", "SecretId", "ResourceArn"),
)
"""Properties of a ``...Policy`` resource that say what it is attached to: elsewhere it is another grant."""


GRANTS = (
    *("AWS::Lambda::Permission", "AWS::Lambda::LayerVersionPermission", "AWS::RAM::ResourceShare"),
    *("AWS::IAM::UserToGroupAddition", "AWS::IAM::OIDCProvider", "AWS::IAM::SAMLProvider"),
)
"""Types that are a grant in themselves, without a policy document."""


PUBLIC_ACCESS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


ALL_EGRESS = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}
"""What EC2 lets out of a security group that names no egress rule."""


@dataclass(frozen=True)
class Document:
    """Where statements stand: statements of one Document are compared with each other, no others."""

    logical_id: str
    resource_type: str
    path: str
    condition: str
    target: str


Documents = Mapping[Document, list[Statement]]


def widened_permissions(base: Json, new: Json) -> Iterator[Finding]:
    yield from _widened_documents(_documents(base), _documents(new), base, new)
    old_rules = set(_network_rules(base))
    for group, direction, rule, kind in sorted(set(_network_rules(new)) - old_rules):
        yield Finding("permission", group, kind, f"new {direction.lower()} rule {rule}")
    for logical_id, resource in resources_of(new).items():
        old = resources_of(base).get(logical_id, {})
        old = old if old.get("Type") == resource["Type"] else {}
        before, after = old.get("Properties", {}), resource.get("Properties", {})
        exposures = _exposures(resource["Type"], before, after, is_new=not old)
        for what in (*_attachments(before, after), *exposures):
            yield Finding("permission", logical_id, resource["Type"], what)


def _widened_documents(before: Documents, after: Documents, base: Json, new: Json) -> Iterator[Finding]:
    """Allows beyond the base's, Denies of the base no longer covered, changes of what cannot be compared."""
    for where, statements in after.items():
        for statement in statements:
            if statement.effect != "Deny" and (rest := uncovered(statement, _beside(before, where))):
                yield Finding("permission", where.logical_id, where.resource_type, f"{where.path}: {rest}")
    for where, statements in before.items():
        for statement in statements:
            if statement.effect == "Allow" or _is_gone(where, base, new):
                continue
            if rest := uncovered(statement, _beside(after, where)):
                what = f"{where.path}: no longer, or only under more conditions: {rest}"
                yield Finding("permission", where.logical_id, where.resource_type, what)


def _beside(documents: Documents, where: Document) -> list[Statement]:
    """The statements to compare with: those under the same condition, and those under none."""
    return [*documents.get(where, []), *documents.get(replace(where, condition=""), [])]


def _is_gone(where: Document, base: Json, new: Json) -> bool:
    """Whether what a policy protected or restricted disappears with it, so that its Denies are not missed."""
    removed = set(resources_of(base)) - set(resources_of(new))
    if where.target:
        return where.target.strip("${}").split(".")[0] in removed
    return where.logical_id in removed and not where.resource_type.endswith("Policy")


def _documents(template: Json) -> dict[Document, list[Statement]]:
    """Every policy statement of a template, by what it is compared with."""
    found: dict[Document, list[Statement]] = {}
    for logical_id, resource in resources_of(template).items():
        kind, properties = resource["Type"], dict(resource.get("Properties", {}))
        if (own := OPEN_WITHOUT_POLICY.get(kind)) and not as_list(properties.get(own)):
            properties[own] = {"Statement": FULL_ACCESS}
        attached = [text(t) for name in TARGETS for t in as_list(properties.get(name))]
        for path, raw in policy_statements(properties, ""):
            for target in (kind.endswith("Policy") and attached) or [""]:
                where = Document(logical_id, kind, path, condition_of(template, resource), target)
                found.setdefault(where, []).extend(map(parse_statement, as_list(raw)))
    return found


def _attachments(before: Resource, after: Resource) -> Iterator[str]:
    for name in ("ManagedPolicyArns", "ManagedPolicies"):
        had = {text(arn) for arn in as_list(before.get(name))}
        for arn in as_list(after.get(name)):
            if text(arn) not in had:
                yield f"attaches {text(arn)}"
    boundary = before.get("PermissionsBoundary")
    if boundary is not None and after.get("PermissionsBoundary") != boundary:
        yield f"no longer bounded by {text(boundary)}"


def _exposures(kind: str, before: Resource, after: Resource, *, is_new: bool) -> Iterator[str]:
    if kind in GRANTS and before != after:
        yield f"a new or changed grant: {json.dumps(after, sort_keys=True)}"
    if kind == "AWS::Lambda::Url" and after.get("AuthType") == "NONE" != before.get("AuthType"):
        yield "answers callers without credentials (AuthType NONE)"
    acl = text(after.get("AccessControl", "Private"))
    if acl.startswith(("Public", "Authenticated")) and acl != before.get("AccessControl"):
        yield f"AccessControl {acl} opens it beyond this account"
    name = "PublicAccessBlockConfiguration"
    if is_new and name not in after:  # S3 itself blocks public access to a bucket that says nothing
        return
    for flag in PUBLIC_ACCESS:
        was = is_new or text(before.get(name, {}).get(flag)) == "true"
        if was and text(after.get(name, {}).get(flag)) != "true":
            yield f"no longer sets {flag}"


def _network_rules(template: Json) -> Iterator[tuple[str, str, str, str]]:
    """Every security group rule as (group, direction, rule, type), wherever it is written."""
    for logical_id, resource in resources_of(template).items():
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind == "AWS::EC2::SecurityGroup":
            for direction, default in (("Ingress", []), ("Egress", [ALL_EGRESS])):
                for rule in as_list(properties.get(f"SecurityGroup{direction}")) or default:
                    yield logical_id, direction, _rule(rule), kind
        elif kind in ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"):
            group = properties.get("GroupId", properties.get("GroupName"))
            owner, direction = (
                next(names_in(group), text(group)),
                kind.removeprefix("AWS::EC2::SecurityGroup"),
            )
            yield owner, direction, _rule(properties), "AWS::EC2::SecurityGroup"


def _rule(rule: Resource) -> str:
    aside = ("Description", "GroupId", "GroupName")
    return json.dumps({key: value for key, value in rule.items() if key not in aside}, sort_keys=True)
