"""Reads ``bootstrap/policies.yaml``: what CloudFormation may do, and what roles can never exceed."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mlplatform.names import Names
from mlplatform.permissions.boundary import other_buckets
from mlplatform.settings import Environment
from tools.assembly import SynthesizedStack

TEMPLATE = Path(__file__).parents[1] / "bootstrap" / "policies.yaml"
REGENERATE = "make policies"
"""The command that writes the template."""

MAX_POLICIES = 10
"""Managed policies a role can have (IAM User Guide, "IAM and AWS STS quotas"); more on request."""

BOUNDARY = "RolesBoundary"
"""Logical id of the permissions boundary; every other policy of the template is CloudFormation's."""

BUILT_IN = frozenset({"AWS::CDK::Metadata", "AWS::CloudFormation::CustomResource"})
"""Types that no permission stands behind."""

Policy = Mapping[str, Any]


@cache
def read_template(path: Path = TEMPLATE) -> Mapping[str, Any]:
    """The template, parsed."""
    parsed: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return parsed


def lacking(
    synthesized: Iterable[SynthesizedStack], template: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """One line for every type of a stack that CloudFormation would not be permitted to create."""
    covered = {*(template or read_template())["Metadata"]["ResourceTypes"], *BUILT_IN}
    for stack in synthesized:
        types = {resource["Type"] for resource in stack.template["Resources"].values()}
        for kind in sorted(types - covered):
            where = f"{stack.environment}/{stack.name}: CloudFormation may not create {kind}"
            yield f"{where}; {REGENERATE} adds it to bootstrap/{TEMPLATE.name}"


def parameters(settings: Environment) -> dict[str, str]:
    """Values of the template's parameters for one environment."""
    return {
        "Prefix": settings.name_prefix,
        "Environment": settings.name,
        "IamPath": settings.iam.role_path,
        "Boundary": settings.iam.permissions_boundary,
        "Qualifier": settings.deployment.qualifier,
        "OtherBuckets": ",".join(other_buckets(settings)),
    }


def policies(settings: Environment) -> dict[str, Policy]:
    """Policy documents of one environment by logical id, as CloudFormation writes them."""
    return resolved_policies(read_template(), settings.names, parameters(settings))


def policy_arns(settings: Environment) -> list[str]:
    """ARNs of the policies CloudFormation deploys the environment with."""
    count = sum(1 for logical_id in read_template()["Resources"] if logical_id != BOUNDARY)
    names = [settings.names.name(f"execution-{n}", kind="policy") for n in range(1, count + 1)]
    return [settings.names.arn("iam", f"policy/{name}", region="") for name in names]


def resolved_policies(
    template: Mapping[str, Any], names: Names, values: Mapping[str, str]
) -> dict[str, Policy]:
    """Policy documents of the template by logical id, for the place of ``names`` and these parameters."""
    known = {
        **values,
        "AWS::Partition": names.partition,
        "AWS::Region": names.region,
        "AWS::AccountId": names.account,
    }
    conditions = {name: resolve(test, known, {}) for name, test in template["Conditions"].items()}
    return {
        logical_id: resolve(resource["Properties"]["PolicyDocument"], known, conditions)
        for logical_id, resource in template["Resources"].items()
        if conditions.get(resource.get("Condition"), True)
    }


def size(policy: Mapping[str, Any]) -> int:
    """Length of a document or statement as IAM counts it, in characters without whitespace."""
    return len(json.dumps(policy, separators=(",", ":")))


_NOTHING = object()


def resolve(node: Any, values: Mapping[str, str], conditions: Mapping[str, bool]) -> Any:
    """What CloudFormation makes of the few functions the template uses.

    Raises KeyError for a condition or parameter that nobody gave.
    """
    match node:
        case {"Ref": "AWS::NoValue"}:
            return _NOTHING
        case {"Ref": "OtherBuckets"}:
            return values["OtherBuckets"].split(",")
        case {"Fn::Sub": str(text)}:
            for name, value in values.items():
                text = text.replace(f"${{{name}}}", value)
            return text
        case {"Fn::If": [str(name), yes, no]}:
            return resolve(yes if conditions[name] else no, values, conditions)
        case {"Fn::Not": [test]}:
            return not resolve(test, values, conditions)
        case {"Fn::Equals": [{"Ref": str(name)}, str(text)]}:
            return values[name] == text
        case {"Fn::Equals": [{"Fn::Join": _}, str(text)]}:
            return values["OtherBuckets"] == text
        case dict():
            found = {key: resolve(value, values, conditions) for key, value in node.items()}
            return {key: value for key, value in found.items() if value is not _NOTHING}
        case list():
            kept = (resolve(item, values, conditions) for item in node)
            return [item for item in kept if item is not _NOTHING]
    return node
