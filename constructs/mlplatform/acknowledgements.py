"""Accepting a finding of a check, beside the resource it is about and with a reason that is recorded."""

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import IConstruct

from mlplatform.regions import partition_of

SHORTEST_REASON = 20
"""Characters below which a reason cannot say why."""

ACKNOWLEDGED = "aws:cdk:acknowledged-rules"
"""Metadata that holds what was acknowledged (``aws_cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY``)."""

EVERYWHERE = frozenset({"NIST.800.53.R5::NIST.800.53.R5-IAMNoInlinePolicy"})
"""Findings that may be accepted for the whole app: an inline policy keeps a role's rights to that role."""


def accept(construct: IConstruct, finding: str, *, because: str) -> None:
    """Accept one finding for ``construct``, as ``accept_all`` does several."""
    accept_all(construct, {finding: because})


def accept_all(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Accept findings for ``construct`` and everything below it, each for a reason.

    A finding is ``Pack::RuleId`` as the check prints it, such as ``AwsSolutions::AwsSolutions-IAM5[…]`` or
    ``Platform::STAR_RESOURCE``; ``{account}``, ``{region}`` and ``{partition}`` in it become the stack's own.
    Raises ValueError for an id without its pack, a reason shorter than ``SHORTEST_REASON`` characters, and
    a construct that is a whole stack, environment or app.
    """
    if isinstance(construct, cdk.Stack | cdk.Stage):
        whole, findings = construct.node.path or "the app", ", ".join(map(repr, reasons))
        raise ValueError(f"accept {findings} beside its resource, not for all of {whole}")
    _record(construct, {_filled(construct, finding): because for finding, because in reasons.items()})


def accept_everywhere(app: cdk.App, finding: str, *, because: str) -> None:
    """Accept one of the findings ``EVERYWHERE`` in every environment of ``app``.

    Raises ValueError for any other finding, and for a reason shorter than ``SHORTEST_REASON`` characters.
    """
    if finding not in EVERYWHERE:
        raise ValueError(f"{finding!r} cannot be accepted everywhere, only {', '.join(sorted(EVERYWHERE))}")
    _record(app, {finding: because})


def _filled(construct: IConstruct, finding: str) -> str:
    """Return ``finding`` with the placeholders replaced by what the construct's stack is deployed to."""
    if "{" not in finding:
        return finding
    stack = cdk.Stack.of(construct)
    partition, _ = partition_of(stack.region)
    values = {"{account}": stack.account, "{region}": stack.region, "{partition}": partition}
    for placeholder, value in values.items():
        finding = finding.replace(placeholder, value)
    return finding


def _record(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Record acknowledgements on ``construct``, all in one call."""
    for finding, because in reasons.items():
        # A bare id would silence the check without leaving a record.
        if "::" not in finding.partition("[")[0]:
            raise ValueError(f"use Pack::RuleId, got {finding!r}")
        if len(because.strip()) < SHORTEST_REASON:
            wanted = f"the reason needs {SHORTEST_REASON} characters or more"
            raise ValueError(f"{finding}: {wanted}, got {because!r}")
    if not reasons:
        return
    accepted = {finding: because.strip() for finding, because in reasons.items()}
    # What Validations.of(construct).acknowledge does for each finding, done for all of them at once.
    construct.node.add_metadata(ACKNOWLEDGED, accepted)
