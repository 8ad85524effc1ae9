"""Rules on buckets, queues, topics, log groups, security groups, and on what stacks share."""

import ipaddress
import re
from collections.abc import Iterator

from mlplatform.rules.rule import Finding
from mlplatform.template import Statement, Template, text, texts, walk

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


def without_tls(template: Template) -> Iterator[Finding]:
    """Buckets, queues and topics that answer requests without TLS."""
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


def log_groups(template: Template) -> Iterator[Finding]:
    """Log groups without retention or key."""
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


def open_networks(template: Template) -> Iterator[Finding]:
    """Security groups open to every address."""
    separate = ("AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress")
    for logical_id, properties in template.of_type("AWS::EC2::SecurityGroup", *separate):
        for path, node in walk(properties, "Properties"):
            if path.endswith(("CidrIp", "CidrIpv6")) and any(map(_everywhere, texts(node))):
                yield (logical_id, path), f"a security group rule is open to {text(node)}"
    for logical_id, properties in template.of_type("AWS::EC2::SecurityGroup"):
        if not texts(properties.get("SecurityGroupEgress")):
            place = (logical_id, "Properties.SecurityGroupEgress")
            yield place, "no egress rule in the group itself: EC2 then allows all egress"


def stack_outputs(template: Template) -> Iterator[Finding]:
    """Values read from another stack while a change set runs."""
    for place, node in template.nodes:
        if isinstance(node, dict) and "Fn::GetStackOutput" in node:
            yield place, "Fn::GetStackOutput plans replacements: export the value or compute the name"
