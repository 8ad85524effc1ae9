"""What `cdk diff --method=template` compares: the template that is deployed, and the one to be."""

from collections.abc import Iterator, Mapping
from typing import Any

IGNORED = {"Resources/CDKMetadata", "Parameters/BootstrapVersion", "Rules/CheckBootstrapVersion"}
"""What the CDK CLI leaves out of its answer, unless asked to be strict."""


def differences(deployed: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """One line for each entry of a section that is new (+), gone (-) or another (~), and no values."""
    return [line for section in sorted({*deployed, *wanted}) for line in _section(section, deployed, wanted)]


def _section(name: str, deployed: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    before, after = deployed.get(name, {}), wanted.get(name, {})
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        if before != after:
            yield f"~ {name}"
        return
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key) and f"{name}/{key}" not in IGNORED:
            sign = "+" if key not in before else "-" if key not in after else "~"
            yield f"{sign} {name}/{key}"
