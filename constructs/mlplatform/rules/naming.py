"""Rules on what things are called, and in which partition they are."""

import re
from collections.abc import Iterator

from mlplatform.names import forbidden_word
from mlplatform.rules.demands import at
from mlplatform.rules.jobs import ENDPOINT_CONFIG, JOB_DEFINITIONS, MODEL
from mlplatform.rules.rule import Finding
from mlplatform.template import PLACEHOLDER, Template, text, texts

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
        tags = {text(node["Key"]): node["Value"]} if "Key" in node and "Value" in node else {}
        if path.endswith("Tags"):
            tags |= node
        for key, value in tags.items():
            if key.lower() == "sagemaker" and text(value).lower() == "true":
                yield (logical_id, path), f"tag {key}={text(value)} grants access as a forbidden name does"


def names(template: Template) -> Iterator[Finding]:
    """Names and tags that AWS managed policies grant access to."""
    yield from _forbidden_names(template)
    yield from _granting_tags(template)


_NEVER_NAMED = {
    ENDPOINT_CONFIG: "EndpointConfigName",
    MODEL: "ModelName",
    **dict.fromkeys(JOB_DEFINITIONS, "JobDefinitionName"),
}
"""Types nothing of which can change in place: a name of their own would stand in their successor's way."""

_HASHED = {"AWS::SageMaker::StudioLifecycleConfig": "StudioLifecycleConfigName"}
"""Such types whose name SageMaker requires, so that it must change with the content."""

_ENDS_IN_HASH = re.compile(r".*-[0-9a-f]{8,64}")


def immutable_names(template: Template) -> Iterator[Finding]:
    """Names under which a changed resource could not be created beside the old one."""
    for kind, key in _NEVER_NAMED.items():
        for logical_id, properties in template.of_type(kind):
            for name in texts(properties.get(key)):
                message = f"{key} {name!r}: a change creates the successor first, and the name is taken"
                yield (logical_id, f"Properties.{key}"), message
    for kind, key in _HASHED.items():
        for logical_id, properties in template.of_type(kind):
            for name in map(text, at(properties, key)):
                if not _ENDS_IN_HASH.fullmatch(name):
                    yield (logical_id, f"Properties.{key}"), f"{key} {name!r} does not end in -<content hash>"


# --- partitions ----------------------------------------------------------------------------------------

_ARN = re.compile(r"\barn:(aws(?:-[a-z]+)*):")
_HOST_ENDS = re.compile(r"\bamazonaws\.(?P<top>com\.cn|com|eu)(?![\w-])")
_HOST_BEGINS = re.compile(r"(?:(?P<url>://)|(?<![\w.*-]))(?P<labels>(?:\$\{[^}]*\}|[\w.*-])*)\Z")
_LONGEST_HOST = 300
"""Characters: DNS allows 253, and names of placeholders may be longer than what they stand for."""

_REGIONAL = re.compile(r"\$\{[^}]*[Rr]egion[^}]*\}|\*|[a-z]{2,4}(?:-[a-z]+)+-\d")


def _hosts(value: str) -> Iterator[tuple[str, bool, str]]:
    """The hosts of AWS in a text: each whole, whether it is that of an URL, and what it ends in.

    Found by their ends, of which a text has few, and only then read backwards.
    """
    for end in _HOST_ENDS.finditer(value):
        begin = _HOST_BEGINS.search(value, max(0, end.start() - _LONGEST_HOST), end.start())
        labels, in_url = (begin["labels"], bool(begin["url"])) if begin else ("", False)
        yield f"{labels}{end[0]}", in_url, f"amazonaws.{end['top']}"


def _foreign_host(host: str, in_url: bool, suffix: str, dns_suffix: str) -> bool:
    """Whether a host lies outside the partition whose hosts end in ``dns_suffix``.

    Service principals end in ``amazonaws.com`` in every partition (``lambda.amazonaws.com`` in China too),
    so that ending is wrong elsewhere only in an URL or with a region in it: an endpoint, an image
    repository, a ``kms:ViaService`` value, or a regional principal such as that of CloudWatch Logs.
    """
    if suffix == dns_suffix:
        return False
    return suffix != "amazonaws.com" or in_url or bool(_REGIONAL.search(host.removesuffix(suffix)))


def _partitions_named(value: str, own: str) -> set[str]:
    """Partitions beside ``own`` in the ARNs of a text; most texts have none, and cost no search."""
    if value.count("arn:") == value.count(f"arn:{own}:"):
        return set()
    return {found[1] for found in _ARN.finditer(value)} - {own}


def partitions(template: Template) -> Iterator[Finding]:
    """ARNs and hosts of another partition."""
    for place, value in template.strings:
        for partition in sorted(_partitions_named(value, template.partition)) if "arn:" in value else ():
            yield place, f"an ARN is in partition {partition!r}, the environment in {template.partition!r}"
        for host, in_url, suffix in _hosts(value) if "amazonaws." in value else ():
            if _foreign_host(host, in_url, suffix, template.dns_suffix):
                yield place, f"{host!r}: hosts here end in {template.dns_suffix!r}"
