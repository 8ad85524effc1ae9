"""The roles of a stack, with everything that decides what each may do."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

from mlplatform.bucket_policies import execution_role_arn
from mlplatform.policy import trust
from mlplatform.settings import Environment
from tools.bootstrap_template import BOUNDARY
from tools.bootstrap_template import policies as bootstrap_policies
from tools.effective_values import Deployment
from tools.policy_evaluator import Policy


@dataclass(frozen=True)
class Role:
    """One role, with everything that decides what it may do.

    ``thing`` is its name without the environment's prefix; for a function's role that of the function; where
    CloudFormation names the role, its logical id without the hash. ``kind`` is the last part of its path.
    """

    environment: str
    stack: str
    thing: str
    kind: str
    arn: str
    description: str
    identity_policies: tuple[Policy, ...]
    boundaries: tuple[Policy, ...]
    trust: Policy
    published: tuple[str, ...] = ()
    """ARNs of those of its policies that AWS publishes: the last of ``identity_policies``, in this order."""


def roles_of(stack: Deployment, managed: Mapping[str, Policy]) -> Iterator[Role]:
    """The roles of a stack; ``managed`` are the managed policies of all templates, by ARN.

    Raises KeyError for a policy that is neither among them nor of AWS.
    """
    functions = {
        stack.resolve(properties["Role"]): str(stack.resolve({"Ref": logical_id}))
        for logical_id, properties in stack.of_type("AWS::Lambda::Function")
    }
    for logical_id, properties in stack.of_type("AWS::IAM::Role"):
        arn = stack.arn(logical_id)
        named = stack.resolve(properties.get("RoleName")) or functions.get(arn)
        start = f"{stack.names.prefix}-{stack.names.environment}-"
        attached = stack.resolve(properties.get("ManagedPolicyArns", []))
        yield Role(
            environment=stack.settings.name,
            stack=stack.stack,
            thing=named.removeprefix(start) if named else re.sub(r"[0-9A-F]{8}$", "", logical_id),
            kind=properties["Path"].strip("/").rpartition("/")[2],
            arn=arn,
            description=properties.get("Description", ""),
            identity_policies=tuple(_identity_policies(stack, logical_id, properties, managed)),
            boundaries=_boundaries(stack.settings, stack.resolve(properties.get("PermissionsBoundary"))),
            trust=stack.resolve(properties["AssumeRolePolicyDocument"]),
            published=tuple(arn for arn in attached if arn not in managed),
        )


def _identity_policies(
    stack: Deployment, logical_id: str, properties: Mapping[str, Any], managed: Mapping[str, Policy]
) -> Iterator[Policy]:
    for inline in properties.get("Policies", []):
        yield stack.resolve(inline["PolicyDocument"])
    arns = stack.resolve(properties.get("ManagedPolicyArns", []))
    yield from (managed[arn] for arn in arns if arn in managed)
    for _, attached in stack.of_type("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        if {"Ref": logical_id} in attached.get("Roles", []):
            yield stack.resolve(attached["PolicyDocument"])
    yield from (managed_by_aws(arn) for arn in arns if arn not in managed)


@cache
def managed_by_aws(arn: str) -> Policy:
    """The document of an AWS managed policy, as of the release of moto, in the partition of ``arn``.

    Raises KeyError if there is none of the name.
    """
    partition, owner, name = arn.split(":")[1], arn.split(":")[4], arn.rpartition("/")[2]
    if owner != "aws":
        raise KeyError(f"{arn}: not a policy of AWS nor of a template")
    text = json.dumps(_all_of_aws()[name]["Document"])
    policy: Policy = json.loads(text.replace('"arn:aws:', f'"arn:{partition}:'))
    return policy


@cache
def _all_of_aws() -> dict[str, Any]:
    policies: dict[str, Any] = json.loads(aws_managed_policies_data)
    return policies


def _boundaries(settings: Environment, arn: str | None) -> tuple[Policy, ...]:
    """The boundary's document; one that the account had before is not ours to read, so it bounds nothing."""
    ours = settings.names.arn("iam", f"policy/{settings.names.name('boundary', kind='policy')}", region="")
    return (bootstrap_policies(settings)[BOUNDARY],) if arn == ours else ()


def cloudformation_role(settings: Environment) -> Role:
    """The role every deployment happens as; `cdk bootstrap` makes it, with the policies of ``bootstrap/``."""
    policies = bootstrap_policies(settings)
    return Role(
        environment=settings.name,
        stack="",
        thing="cloudformation",
        kind="bootstrap",
        arn=execution_role_arn(settings),
        description="CloudFormation deploys as it",
        identity_policies=tuple(document for name, document in policies.items() if name != BOUNDARY),
        boundaries=(),
        trust=trust("cloudformation.amazonaws.com", condition={}),
    )
