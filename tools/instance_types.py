"""Finds what no update of an autoscaled endpoint can do in one step: to change its instance type."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlplatform.serving.parts import ENDPOINT_CONFIG_TYPE, NONE, PRODUCTION_PACKAGE, TARGET_TYPE
from mlplatform.settings import Environment
from tools.assembly import stacks
from tools.deployed import Stack, deployed_stacks, of_environment

Template = Mapping[str, Any]

TWO_STEPS = (
    "SageMaker refuses a new instance type while autoscaling is registered. Two steps: deploy with "
    "serving.autoscaling.paused: true and the old type; then with the new type and without paused"
)
"""SageMaker Developer Guide, "Update endpoints that use automatic scaling". CloudFormation removes a scaling
target after it updated the endpoint, so to take both out at once fails as well."""


def changed(settings: Environment, cloudformation: Any, outdir: Path, only: str | None = None) -> list[str]:
    """A line for every Serving stack whose deployment would fail for that reason; ``only`` is one stack's
    name.

    Reads the deployed templates of the environment.
    """
    deployed = {s["StackName"]: s for s in of_environment(settings.names, deployed_stacks(cloudformation))}
    lines = []
    for stack in stacks(outdir):
        there = deployed.get(settings.names.stack(stack.name))
        if stack.environment == settings.name and only in (None, stack.name) and there and _serves(there):
            body = cloudformation.get_template(StackName=there["StackName"])["TemplateBody"]
            types = one_step(json.loads(body) if isinstance(body, str) else body, stack.template)
            lines += [f"{stack.name} goes from {types[0]} to {types[1]}. {TWO_STEPS}"] if types else []
    return lines


def _serves(stack: Stack) -> bool:
    """Whether the stack has an endpoint: a version was released."""
    given = {p["ParameterKey"]: p["ParameterValue"] for p in stack.get("Parameters", [])}
    return bool(given.get(PRODUCTION_PACKAGE, NONE) != NONE)


def one_step(before: Template, after: Template) -> tuple[str, str] | None:
    """The instance types before and after, if they differ and ``before`` scales; None if it can be done."""
    types = [", ".join(instance_types(template)) for template in (before, after)]
    scales = any(resource["Type"] == TARGET_TYPE for resource in before["Resources"].values())
    return (types[0], types[1]) if scales and all(types) and types[0] != types[1] else None


def instance_types(template: Template) -> Sequence[str]:
    """Instance types of the endpoint's variants, each once, in the order of the template."""
    configs = [r for r in template["Resources"].values() if r["Type"] == ENDPOINT_CONFIG_TYPE]
    return tuple(dict.fromkeys(_named(configs)))


def _named(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("InstanceType"), str):
            yield part["InstanceType"]
        for value in part.values():
            yield from _named(value)
    elif isinstance(part, list):
        for value in part:
            yield from _named(value)
