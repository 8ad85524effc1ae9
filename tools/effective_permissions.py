"""What the synthesized policies of all environments permit together, request by request.

Roles with their policies, boundaries and trust, and the policies of the resources they reach, are read from
the templates of the environments and of ``bootstrap/``, as CloudFormation reads them, and from nowhere else.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlplatform.exports import ACCOUNT, FOUNDATION, NETWORK, SUBNETS, export_name
from mlplatform.settings import Environment
from tools.effective_roles import Role, cloudformation_role, roles_of
from tools.effective_values import Deployment, Templates, deployments
from tools.policy_evaluator import Policy

_OWN_POLICY = {
    "AWS::CodeArtifact::Domain": "PermissionsPolicyDocument",
    "AWS::CodeArtifact::Repository": "PermissionsPolicyDocument",
    "AWS::DynamoDB::Table": "ResourcePolicy",
    "AWS::ECR::Repository": "RepositoryPolicyText",
    "AWS::Events::EventBus": "Policy",
    "AWS::IAM::Role": "AssumeRolePolicyDocument",
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::SageMaker::ModelPackageGroup": "ModelPackageGroupPolicy",
}
"""The property that holds a resource's own policy."""

_ATTACHED_POLICY = {
    "AWS::S3::BucketPolicy": ("Bucket", "arn:{partition}:s3:::{target}"),
    "AWS::SNS::TopicPolicy": ("Topics", "{target}"),
    "AWS::SQS::QueuePolicy": ("Queues", "arn:{partition}:sqs:{region}:{account}:{target}"),
}
"""Types that are the policy of other resources: the property that names these, and their ARN."""

EXPORTS = {*NETWORK, *SUBNETS, *FOUNDATION, *ACCOUNT}

_GRANTS = re.compile(r"AWS::\w+::\w*(Policy|Permission|PolicyAttachment)")
_NO_PERMISSION = {"AWS::ApplicationAutoScaling::ScalingPolicy"}
"""What is called a policy and permits nobody anything."""

_HANDLED = {*_ATTACHED_POLICY, *_NO_PERMISSION, "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"}


@dataclass(frozen=True)
class Endpoint:
    """A VPC endpoint: its id, and its policy, which is None where it is not ours."""

    id: str
    policy: Policy | None


@dataclass(frozen=True)
class World:
    """Every role, and every policy of a resource, of all environments."""

    environments: Mapping[str, Environment]
    deployments: Mapping[tuple[str, str], Deployment]
    roles: Mapping[str, Role]
    """By ARN."""
    resource_policies: Mapping[str, Policy]
    """By the ARN of the resource."""
    endpoints: Mapping[tuple[str, str], Endpoint]
    """VPC endpoints by environment and full name of the service."""

    def role(self, environment: str, thing: str) -> Role | None:
        """The role ``thing`` of an environment, or None where it has none."""
        return next(
            (r for r in self.roles.values() if (r.environment, r.thing) == (environment, thing)), None
        )

    def policy_of(self, resource: str) -> Policy | None:
        """The policy of the resource with an ARN, or of the one that it is a part of; None without one."""
        found = (self.resource_policies.get(arn) for arn in _owners(resource))
        return next((policy for policy in found if policy is not None), None)

    def exported(self, name: str, environment: str) -> str | None:
        """Value of an export, such as ``DataKeyArn``, as ``environment`` imports it; None if it has none."""
        if name not in EXPORTS:
            return None
        full = export_name(name, self.environments[environment])
        stack = next(d for (owner, _), d in self.deployments.items() if owner == environment)
        return str(stack.resolve({"Fn::ImportValue": full})) if full in stack.exports else None

    def default_security_group(self, environment: str) -> str | None:
        """Id of the default security group of the environment's VPC; None if the platform did not make it."""
        network = self.deployments.get((environment, "Network"))
        if network is None:
            return None
        vpc = next((logical_id for logical_id, _ in network.of_type("AWS::EC2::VPC")), None)
        return str(network.resolve({"Fn::GetAtt": [vpc, "DefaultSecurityGroup"]})) if vpc else None


def read_world(templates: Templates, environments: Mapping[str, Environment]) -> World:
    """Read all templates, by (environment, stack).

    Raises KeyError or ValueError for a policy, or a resource a policy refers to, that this module does not
    know: one that were overlooked would make every decision about it wrong.
    """
    stacks = deployments(templates, environments)
    managed = {
        stack.arn(logical_id): stack.resolve(properties["PolicyDocument"])
        for stack in stacks.values()
        for logical_id, properties in stack.of_type("AWS::IAM::ManagedPolicy")
    }
    deployed = {stack.settings.name: stack.settings for stack in stacks.values()}
    roles = [role for stack in stacks.values() for role in roles_of(stack, managed)]
    bootstrapped = [cloudformation_role(settings) for settings in deployed.values()]
    return World(
        environments,
        stacks,
        {role.arn: role for role in [*bootstrapped, *roles]},
        {
            **{role.arn: role.trust for role in bootstrapped},
            **{arn: policy for stack in stacks.values() for arn, policy in _resource_policies(stack)},
        },
        {key: endpoint for stack in stacks.values() for key, endpoint in _endpoints(stack)},
    )


def _endpoints(stack: Deployment) -> Iterator[tuple[tuple[str, str], Endpoint]]:
    for logical_id, properties in stack.of_type("AWS::EC2::VPCEndpoint"):
        service, policy = stack.resolve([properties["ServiceName"], properties["PolicyDocument"]])
        yield (stack.settings.name, service), Endpoint(stack.resolve({"Ref": logical_id}), policy)


def _resource_policies(stack: Deployment) -> Iterator[tuple[str, Policy]]:
    for logical_id, resource in stack.template.get("Resources", {}).items():
        kind, properties = resource["Type"], resource.get("Properties", {})
        if _GRANTS.fullmatch(kind) and kind not in _HANDLED:
            raise ValueError(f"{stack.stack}: {__name__} does not know what {kind} {logical_id} permits")
        if kind in _ATTACHED_POLICY:
            name, arn = _ATTACHED_POLICY[kind]
            targets = stack.resolve(properties[name])
            for target in [targets] if isinstance(targets, str) else targets:
                yield (
                    arn.format(target=target, **vars(stack.names)),
                    stack.resolve(properties["PolicyDocument"]),
                )
        elif policy := stack.resolve(properties.get(_OWN_POLICY.get(kind, ""))):
            document = json.loads(policy) if isinstance(policy, str) else policy
            yield stack.arn(logical_id), document.get("PolicyDocument", document)


def _owners(resource: str) -> Iterator[str]:
    """ARNs whose policy applies to ``resource``: itself, its bucket, the group of a model package."""
    yield resource
    if resource == "*":
        return
    service, rest = resource.split(":")[2], resource.split(":", 5)[5]
    if service == "s3":
        yield resource.partition("/")[0]
    if service == "sagemaker" and rest.startswith("model-package/"):
        group = rest.split("/")[1]
        yield resource.removesuffix(rest) + f"model-package-group/{group}"
