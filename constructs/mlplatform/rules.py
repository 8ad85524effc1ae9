"""What linters miss: the platform's own rules on a synthesized CloudFormation template.

One function per rule, and the table ``RULES``; ``mlplatform.template`` is what they speak in.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from mlplatform.names import forbidden_word
from mlplatform.template import PLACEHOLDER, Place, Statement, Template, text, texts, walk

Finding = tuple[Place, str]
"""Where a rule is broken, and a message: what is wrong, what was given, what is allowed."""


@dataclass(frozen=True)
class Violation:
    """One breach of the rule with the id ``rule``.

    ``logical_id`` names the resource, empty for the template itself; ``location`` is the dotted path inside
    it, such as ``Properties.Policies.0.PolicyDocument.Statement.1``.
    """

    rule: str
    logical_id: str
    message: str
    location: str


# --- names -----------------------------------------------------------------------------------------------

_NAMES_OF_OTHERS = {"ServiceName", "MetricName", "DisplayName"}
"""Properties ending in ``Name`` that name no resource of ours: an AWS service, a metric, a label."""

_NAMES_AWS_REQUIRES = {
    "BucketName": re.compile(r"sagemaker-(\$\{AWS::Region\}|[a-z0-9-]+)-(\$\{AWS::AccountId\}|\d{12})"),
    "FunctionName": re.compile(r"(.*:)?SageMaker-evaluator-.+"),
    "LogGroupName": re.compile(r"/aws/(sagemaker/|lambda/SageMaker-evaluator-).+"),
}
"""Names the SDK (its bucket, reward functions) or the service (its log groups) dictates."""


def _forbidden_names(template: Template) -> Iterator[Finding]:
    if word := forbidden_word(template.stack_name):
        yield ("", ""), f"stack name {template.stack_name!r} contains {word!r}, and names derive from it"
    for logical_id, resource in template.resources.items():
        for key, value in resource.get("Properties", {}).items():
            if not key.endswith("Name") or key in _NAMES_OF_OTHERS:
                continue
            for name in texts(value):
                required = key in _NAMES_AWS_REQUIRES and _NAMES_AWS_REQUIRES[key].fullmatch(name)
                word = forbidden_word(PLACEHOLDER.sub(" ", name))
                if word and not required:
                    yield (logical_id, f"Properties.{key}"), f"{key} {name!r} contains {word!r}"


def _granting_tags(template: Template) -> Iterator[Finding]:
    for (logical_id, path), node in template.nodes:
        if not isinstance(node, dict):
            continue
        tags = {text(node["Key"]): node["Value"]} if {"Key", "Value"} <= set(node) else {}
        tags |= node if path.endswith("Tags") else {}
        for key, value in tags.items():
            if key.lower() == "sagemaker" and text(value).lower() == "true":
                yield (logical_id, path), f"tag {key}={text(value)} grants access as a forbidden name does"


def _names(template: Template) -> Iterator[Finding]:
    yield from _forbidden_names(template)
    yield from _granting_tags(template)


# --- partitions ------------------------------------------------------------------------------------------

_ARN = re.compile(r"\barn:(aws(?:-[a-z]+)*):")
_HOST = re.compile(
    r"(?P<url>://)?(?P<labels>(?:\$\{[^}]*\}|[\w.*-])*)\bamazonaws\.(?P<top>com\.cn|com|eu)(?![\w-])"
)
_REGIONAL = re.compile(r"\$\{[^}]*[Rr]egion[^}]*\}|\*|[a-z]{2,4}(?:-[a-z]+)+-\d")


def _foreign_host(host: re.Match[str], dns_suffix: str) -> bool:
    """Whether a host lies outside the partition whose hosts end in ``dns_suffix``.

    Service principals end in ``amazonaws.com`` in every partition (``lambda.amazonaws.com`` in China too),
    so that ending is wrong elsewhere only in an URL or with a region in it: an endpoint, an image
    repository, a ``kms:ViaService`` value, or a regional principal such as that of CloudWatch Logs.
    """
    suffix = f"amazonaws.{host['top']}"
    if suffix == dns_suffix:
        return False
    return suffix != "amazonaws.com" or bool(host["url"] or _REGIONAL.search(host["labels"]))


def _partitions_named(value: str) -> set[str]:
    return {found[1] for found in _ARN.finditer(value)} if "arn:" in value else set()


def _partitions(template: Template) -> Iterator[Finding]:
    for place, value in template.strings:
        for partition in sorted(_partitions_named(value) - {template.partition}):
            yield place, f"an ARN is in partition {partition!r}, the environment in {template.partition!r}"
        for host in _HOST.finditer(value) if "amazonaws." in value else ():
            if _foreign_host(host, template.dns_suffix):
                yield place, f"{host[0].removeprefix('://')!r}: hosts here end in {template.dns_suffix!r}"


# --- policies --------------------------------------------------------------------------------------------


@cache
def star_only_actions() -> frozenset[str]:
    """Actions, in lower case, that accept only ``*`` as resource (tools/star_only_actions.mjs)."""
    path = Path(__file__).with_name("data") / "star_only_actions.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    return frozenset(
        f"{service}:{action}".lower()
        for service, actions in data.items()
        if service != "_source"
        for action in actions
    )


def _star_resources(template: Template) -> Iterator[Finding]:
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


def _wildcard_actions(template: Template) -> Iterator[Finding]:
    for statement in template.statements:
        if statement.kind == "identity" and statement.allows:
            wild = [action for action in statement.actions if "*" in action or "?" in action]
            wild += [f"all but {action}" for action in texts(statement.body.get("NotAction"))]
            if wild:
                yield statement.place, f"allows {', '.join(wild)}: name each action"


_IDENTITY = re.compile(r":(?:role|user|assumed-role|federated-user)/|^A(?:RO|ID)A[A-Z0-9]{12,}$")


def _role_principals(template: Template) -> Iterator[Finding]:
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


def _passed_roles(template: Template) -> Iterator[Finding]:
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


# --- resources -------------------------------------------------------------------------------------------


_EVERY_REQUEST = {
    "AWS::S3::Bucket": {"*", "s3:*"},
    "AWS::SQS::Queue": {"*", "sqs:*"},
    "AWS::SNS::Topic": {"*", "sns:*", "sns:publish"},
}
"""Actions of which a Deny must name one to cover what carries data."""

_ATTACHED_TO = ("Bucket", "Queue", "Queues", "TopicArn", "Topics")
"""Properties by which a policy says what it belongs to."""


def _refuses_plain_http(statement: Statement) -> bool:
    """Whether a statement denies everybody whose request came without TLS, and asks nothing else."""
    asked = statement.condition("aws:securetransport")
    tests = [len(keys) for keys in statement.conditions.values()]
    values = [value.lower() for operator in ("Bool", "BoolIfExists") for value in asked.get(operator, [])]
    return (
        statement.body.get("Effect") == "Deny"
        and statement.body.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
        and (values, tests) == (["false"], [1])
    )


def _covers(denial: Statement, kind: str, itself: re.Pattern[str]) -> bool:
    """Whether ``denial`` covers every request to the resource that ``itself`` matches, and to its objects."""
    inside = [name.removesuffix("/*") for name in denial.resources if name.endswith("/*")]
    named = [denial.resources, inside] if kind == "AWS::S3::Bucket" else [denial.resources]
    return bool(_EVERY_REQUEST[kind].intersection(denial.actions)) and (
        "*" in denial.resources or all(any(map(itself.fullmatch, names)) for names in named)
    )


def _without_tls(template: Template) -> Iterator[Finding]:
    denials = [statement for statement in template.statements if _refuses_plain_http(statement)]
    for kind in _EVERY_REQUEST:
        for logical_id, properties in template.of_type(kind):
            name = text(properties.get(f"{kind.rpartition('::')[2]}Name", "\0"))
            itself = re.compile(rf"\$\{{{logical_id}(\.\w+)?\}}|(.*[:/])?{re.escape(name)}")
            attached = [
                denial
                for denial in denials
                for policy in [template.resources[denial.place[0]].get("Properties", {})]
                if any(map(itself.fullmatch, texts([policy.get(key) for key in _ATTACHED_TO])))
            ]
            if not any(_covers(denial, kind, itself) for denial in attached):
                yield (logical_id, ""), "no policy of its own denies every request without TLS"


def _log_groups(template: Template) -> Iterator[Finding]:
    for logical_id, properties in template.of_type("AWS::Logs::LogGroup"):
        for key in ("RetentionInDays", "KmsKeyId"):
            if not texts(properties.get(key)):
                yield (logical_id, f"Properties.{key}"), f"a log group needs {key}"


def _everywhere(cidr: str) -> bool:
    """Whether a CIDR block is the whole address space, however it is spelled."""
    try:
        return ipaddress.ip_network(cidr, strict=False).prefixlen == 0
    except ValueError:  # known only at deployment
        return False


def _open_networks(template: Template) -> Iterator[Finding]:
    separate = ("AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress")
    for logical_id, properties in template.of_type("AWS::EC2::SecurityGroup", *separate):
        for path, node in walk(properties, "Properties"):
            if path.endswith(("CidrIp", "CidrIpv6")) and any(map(_everywhere, texts(node))):
                yield (logical_id, path), f"a security group rule is open to {text(node)}"
    for logical_id, properties in template.of_type("AWS::EC2::SecurityGroup"):
        if not texts(properties.get("SecurityGroupEgress")):
            place = (logical_id, "Properties.SecurityGroupEgress")
            yield place, "no egress rule in the group itself: EC2 then allows all egress"


def _stack_outputs(template: Template) -> Iterator[Finding]:
    for place, node in template.nodes:
        if isinstance(node, dict) and "Fn::GetStackOutput" in node:
            yield place, "Fn::GetStackOutput plans replacements: export the value or compute the name"


# --- the table -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """One rule: ``id`` as in ``Platform::<id>``, what it demands, and how breaches are found."""

    id: str
    description: str
    find: Callable[[Template], Iterator[Finding]]


RULES = (
    Rule("FORBIDDEN_NAME", "No name or tag is one that AWS managed policies grant access to.", _names),
    Rule("PARTITION", "ARNs and hosts belong to the environment's partition.", _partitions),
    Rule("STAR_RESOURCE", "An Allow on * has a condition, or actions that accept only *.", _star_resources),
    Rule("WILDCARD_ACTION", "An identity policy names each action it allows.", _wildcard_actions),
    Rule("ROLE_PRINCIPAL", "A resource policy names accounts and services, never a role.", _role_principals),
    Rule("PASS_ROLE", "Roles are passed by name or path, and only to a named service.", _passed_roles),
    Rule("GET_STACK_OUTPUT", "Stacks share exports and computed names only.", _stack_outputs),
    Rule("LOG_GROUP", "A log group has a retention and a key.", _log_groups),
    Rule("TLS_ONLY", "A bucket, queue or topic refuses requests without TLS.", _without_tls),
    Rule("OPEN_EGRESS", "No security group is open to every address, in either direction.", _open_networks),
)
"""Every rule; documentation and the validation plugin read this table."""


def check(
    template: Mapping[str, Any], *, partition: str, dns_suffix: str, stack_name: str = ""
) -> list[Violation]:
    """Return every breach of ``RULES`` in a template.

    ``partition`` (``aws``, ``aws-cn``, …) and ``dns_suffix`` (``amazonaws.com``, ``amazonaws.com.cn``, …)
    are those of the stack's region; ``stack_name`` is the stack's physical name.
    """
    subject = Template(template, partition, dns_suffix, stack_name)
    return [
        Violation(rule.id, logical_id, message, location)
        for rule in RULES
        for (logical_id, location), message in rule.find(subject)
    ]
