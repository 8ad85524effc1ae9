"""The checks that run in every synthesis: cdk-nag's packs and the platform's own rules."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks

from mlplatform.rules import RULES, Violation, check

Partitions = Callable[[str], tuple[str, str]]
"""Region to its partition and DNS suffix: ``cn-north-1`` to ``("aws-cn", "amazonaws.com.cn")``."""


def install_checks(app: cdk.App, partitions: Partitions) -> None:
    """Have ``app`` refuse any environment with a finding that nobody accepted.

    The checks run once, over every stack of every environment, and leave one ``validation-report.json``.
    """
    validations = cdk.Validations.of(app)
    validations.add_plugins(AwsSolutionsChecks(app), NIST80053R5Checks(app), PlatformRules(partitions))


@jsii.implements(cdk.IPolicyValidationPlugin)
class PlatformRules:
    """The rules of ``mlplatform.rules`` as a validation plugin: ``Platform::<rule>`` accepts a finding."""

    def __init__(self, partitions: Partitions) -> None:
        self._partitions = partitions

    @property
    def name(self) -> str:
        """Name of the pack in reports and acknowledgements."""
        return "Platform"

    @property
    def version(self) -> str:
        """Version of the pack in reports."""
        return "1.0.0"

    @property
    def rule_ids(self) -> list[str]:
        """Every rule of the pack."""
        return [rule.id for rule in RULES]

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Check the template of every stack."""
        found = [violation for stack in context.stack_templates for violation in self._check(stack)]
        return cdk.PolicyValidationPluginReport(success=not found, violations=found)

    def _check(self, stack: cdk.PolicyValidationStack) -> list[cdk.PolicyViolation]:
        """Return the findings of one stack."""
        try:
            partition, dns_suffix = self._partitions(stack.region or "")
            template = Path(stack.template_path)
            found = check(
                json.loads(template.read_text(encoding="utf-8")),
                partition=partition,
                dns_suffix=dns_suffix,
                stack_name=_stack_name(template),
            )
        # The CDK CLI takes a plugin that raised for one that found nothing, and exits 0.
        except Exception as error:
            message = f"the platform's rules could not be checked: {type(error).__name__}: {error}"
            return [_violation(stack, Violation("UNCHECKED", "", message, ""), severity="fatal")]
        return [_violation(stack, violation, severity="error") for violation in found]


def _stack_name(template: Path) -> str:
    """Return the physical name of the stack that ``template`` belongs to."""
    manifest = json.loads((template.parent / "manifest.json").read_text(encoding="utf-8"))
    stacks: list[Mapping[str, Any]] = [
        artifact["properties"]
        for artifact in manifest["artifacts"].values()
        if artifact.get("properties", {}).get("templateFile") == template.name
    ]
    return str(stacks[0]["stackName"])


def _violation(
    stack: cdk.PolicyValidationStack, violation: Violation, *, severity: str
) -> cdk.PolicyViolation:
    """Return ``violation`` as CDK reports it: CDK finds the construct by template and logical id.

    Acknowledgements and ``cdk synth 'dev/*'`` go by that construct's path.
    """
    locations = [violation.location] if violation.location else []
    if violation.logical_id:
        resource = cdk.PolicyViolatingResource(
            resource_logical_id=violation.logical_id, template_path=stack.template_path, locations=locations
        )
    else:
        resource = cdk.PolicyViolatingResource(construct_path=stack.stack_construct_path, locations=locations)
    return cdk.PolicyViolation(
        rule_name=violation.rule,
        description=violation.message,
        severity=severity,
        violating_resources=[resource],
    )
