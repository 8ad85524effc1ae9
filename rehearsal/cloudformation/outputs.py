"""Outputs of a template."""

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.cloudformation.intrinsics import Scope


def outputs(template: Mapping[str, Any], scope: Scope) -> Iterator[tuple[str, str, str | None]]:
    """Name, value and name of the export of every output whose condition holds. Raises TemplateError."""
    for name, output in template.get("Outputs", {}).items():
        if "Condition" not in output or scope.holds(output["Condition"]):
            export = output.get("Export", {}).get("Name")
            yield name, str(scope.resolve(output["Value"])), scope.resolve(export)
