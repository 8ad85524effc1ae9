"""Exceptions from the rules of template scanners, written beside the resource they are for.

They travel as metadata of the resource in the template, where checkov itself reads them and ``make verify``
reads both kinds. Findings of cdk-nag and of the platform's own rules are accepted elsewhere
(``mlplatform.acknowledgements``).
"""

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:  # what reads exceptions from templates needs no CDK
    from aws_cdk import CfnResource

SHORTEST_REASON = 20
"""Characters below which a reason would convince nobody."""


def except_from(
    resource: "CfnResource", tool: Literal["checkov", "guard"], rule: str, *, because: str
) -> None:
    """Except ``resource`` from one ``rule``: ``CKV_AWS_18`` of checkov or ``CT.S3.PR.4`` of Control Tower.

    Raises ValueError for a reason shorter than ``SHORTEST_REASON`` characters, or a rule excepted twice.
    """
    if len(because.strip()) < SHORTEST_REASON:
        raise ValueError(f"{rule} on {resource.node.path}: {because!r} is no reason")
    metadata = resource.get_metadata(tool) or {}
    if rule in excepted({tool: metadata}, tool):
        raise ValueError(f"{rule} on {resource.node.path} is excepted already")
    if tool == "checkov":
        metadata = {"skip": [*metadata.get("skip", []), {"id": rule, "comment": because}]}
    else:
        metadata = {
            "SuppressedRules": [*metadata.get("SuppressedRules", []), rule],
            "Reasons": {**metadata.get("Reasons", {}), rule: because},
        }
    resource.add_metadata(tool, metadata)


def excepted(metadata: dict[str, Any], tool: str) -> dict[str, str]:
    """Return the rules that a resource's ``metadata`` excepts it from, and why; the reason may be empty."""
    entry = metadata.get(tool, {})
    if tool == "checkov":
        return {skip["id"]: skip.get("comment", "") for skip in entry.get("skip", [])}
    return {rule: entry.get("Reasons", {}).get(rule, "") for rule in entry.get("SuppressedRules", [])}
