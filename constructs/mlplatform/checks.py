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
        # Not context.stack_templates: it costs several round trips to CDK's own process for each stack.
        manifests: dict[Path, Mapping[str, Any]] = {}
        found = [violation for path in context.template_paths for violation in self._check(path, manifests)]
        return cdk.PolicyValidationPluginReport(success=not found, violations=found)

    def _check(self, path: str, manifests: dict[Path, Mapping[str, Any]]) -> list[cdk.PolicyViolation]:
        """Return the findings of one stack; ``manifests`` are those read already, by folder."""
        stack_path = None
        try:
            template = Path(path)
            folder = template.parent
            if folder not in manifests:
                manifests[folder] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            stack = _artifact(template, manifests[folder])
            stack_path = str(stack["displayName"])
            partition, dns_suffix = self._partitions(stack["environment"].rpartition("/")[2])
            found = check(
                json.loads(template.read_text(encoding="utf-8")),
                partition=partition,
                dns_suffix=dns_suffix,
                stack_name=str(stack["properties"]["stackName"]),
            )
        # The CDK CLI takes a plugin that raised for one that found nothing, and exits 0.
        except Exception as error:
            message = f"the platform's rules could not be checked: {type(error).__name__}: {error}"
            return [_violation(path, stack_path, Violation("UNCHECKED", "", message, ""), severity="fatal")]
        return [_violation(path, stack_path, violation, severity="error") for violation in found]


def _artifact(template: Path, manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the assembly's manifest says of the stack that ``template`` belongs to."""
    stacks: list[Mapping[str, Any]] = [
        artifact
        for artifact in manifest["artifacts"].values()
        if artifact.get("properties", {}).get("templateFile") == template.name
    ]
    return stacks[0]


def _violation(
    template_path: str, stack_path: str | None, violation: Violation, *, severity: str
) -> cdk.PolicyViolation:
    """Return ``violation`` as CDK reports it: CDK finds the construct by template and logical id.

    Acknowledgements and ``cdk synth 'dev/*'`` go by that construct's path; that of the stack itself is
    ``stack_path``.
    """
    locations = [violation.location] if violation.location else []
    if violation.logical_id:
        resource = cdk.PolicyViolatingResource(
            resource_logical_id=violation.logical_id, template_path=template_path, locations=locations
        )
    else:
        resource = cdk.PolicyViolatingResource(construct_path=stack_path, locations=locations)
    return cdk.PolicyViolation(
        rule_name=violation.rule,
        description=violation.message,
        severity=severity,
        violating_resources=[resource],
    )
