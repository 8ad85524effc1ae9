"""What linters miss: the platform's own rules on a synthesized CloudFormation template.

One function per rule, by subject in the modules of this package, and the table ``RULES``;
``mlplatform.template`` is what they speak in.
"""

from collections.abc import Mapping
from typing import Any

from mlplatform.rules import jobs, naming, policies, resources, rollouts, serving, studio
from mlplatform.rules.policies import star_only_actions
from mlplatform.rules.rule import Rule, Violation
from mlplatform.template import Template

__all__ = ["RULES", "Rule", "Violation", "check", "star_only_actions"]

RULES = (
    Rule("FORBIDDEN_NAME", "No name or tag is one that AWS managed policies grant access to.", naming.names),
    Rule(
        "IMMUTABLE_NAME",
        "What cannot change in place has no name, or one with a hash.",
        naming.immutable_names,
    ),
    Rule("PARTITION", "ARNs and hosts belong to the environment's partition.", naming.partitions),
    Rule(
        "STAR_RESOURCE",
        "An Allow on * has a condition, or actions that accept only *.",
        policies.star_resources,
    ),
    Rule("WILDCARD_ACTION", "An identity policy names each action it allows.", policies.wildcard_actions),
    Rule(
        "ROLE_PRINCIPAL",
        "A resource policy names accounts and services, never a role.",
        policies.role_principals,
    ),
    Rule(
        "PASS_ROLE", "Roles are passed by name or path, and only to a named service.", policies.passed_roles
    ),
    Rule("POLICY_SIZE", "A policy is not longer than AWS accepts.", policies.policy_sizes),
    Rule("GET_STACK_OUTPUT", "Stacks share exports and computed names only.", resources.stack_outputs),
    Rule("LOG_GROUP", "A log group has a retention and a key.", resources.log_groups),
    Rule("TLS_ONLY", "A bucket, queue or topic refuses requests without TLS.", resources.without_tls),
    Rule(
        "OPEN_EGRESS",
        "No security group is open to every address, in either direction.",
        resources.open_networks,
    ),
    Rule(
        "NETWORK_ISOLATION", "Models and monitoring jobs run without network access.", jobs.network_isolation
    ),
    Rule(
        "TRAFFIC_ENCRYPTION", "Containers of one job talk to each other encrypted.", jobs.traffic_encryption
    ),
    Rule("IN_VPC", "Models and monitoring jobs have subnets and security groups of a VPC.", jobs.in_vpc),
    Rule(
        "CUSTOMER_KEY",
        "SageMaker stores data and volumes under a key of the environment.",
        jobs.customer_keys,
    ),
    Rule("ENDPOINT_INSTANCES", "A production variant has two instances or more.", jobs.endpoint_instances),
    Rule(
        "ENDPOINT_VARIANTS",
        "The variants of an endpoint are ones that SageMaker takes together.",
        serving.configurations,
    ),
    Rule(
        "INFERENCE_COMPONENT",
        "What is attached to an endpoint finds a variant without a model, in a network of the environment.",
        serving.components,
    ),
    Rule(
        "SERVED_RETAINED", "What an endpoint may go back to is never deleted by an update.", serving.retained
    ),
    Rule(
        "SERVED_ALONE", "The stack of an endpoint has only what a release may change.", serving.served_alone
    ),
    Rule("GUARDRAILS", "A guarded update has alarms, and steps that SageMaker takes.", rollouts.guardrails),
    Rule(
        "RELEASE_ALARM",
        "The alarms of a deployment watch its new instances only, and each attempt has its own.",
        rollouts.release_alarms,
    ),
    Rule(
        "ALARM_ACTION",
        "An alarm of an endpoint tells somebody, or a deployment reads it.",
        rollouts.alarm_actions,
    ),
    Rule("SCALED_ONCE", "One target and one tracking policy scale a variant.", rollouts.scaling),
    Rule(
        "ENDPOINT_DELETION",
        "Nobody may delete an endpoint but the role of its first release.",
        rollouts.deletions,
    ),
    Rule(
        "NOTEBOOK_INSTANCE",
        "A notebook instance is closed, without root, and current.",
        jobs.notebook_instances,
    ),
    Rule(
        "STUDIO_DOMAIN", "A domain is in the VPC only and passes people's names and tags on.", studio.domain
    ),
    Rule("USER_PROFILE", "A user profile has a role and security groups of its own.", studio.user_profile),
    Rule(
        "IDLE_SHUTDOWN",
        "A domain stops idle applications, in private and shared spaces.",
        studio.idle_shutdown,
    ),
    Rule("STUDIO_CLASSIC", "Nothing is made for Studio Classic.", studio.classic),
    Rule("DESCRIBED", "Domains, images and feature groups are tagged and described.", studio.described),
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
