"""Roles of the platform: on its path, within its boundary, with exactly the statements given."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_iam as iam
from constructs import Construct

from mlplatform.acknowledgements import accept_all
from mlplatform.log_group import LogGroup, SharedLogGroup
from mlplatform.permissions.grant import Grant, statements, wildcard_findings
from mlplatform.policy import Statement, allow, document, trust
from mlplatform.settings import Environment

WRITE_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
"""What delivering log events to an existing log group takes."""


class PlatformRole(iam.CfnRole):
    """A role with exactly these statements and these ``grants``.

    ``kind`` is the last part of its IAM path (``function``, ``persona``, ...), by which key and bucket
    policies know it. ``thing`` names a role that others refer to by ARN; CloudFormation names the rest.
    ``trusts`` is its trust policy. ``accepted`` are findings about the role, with the reasons why; what
    cdk-nag says about wildcards in ``grants`` is accepted for the reason each grant gives.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        kind: str,
        trusts: Mapping[str, Any],
        description: str,
        thing: str | None = None,
        policy: Sequence[Statement] = (),
        grants: Sequence[Grant] = (),
        managed_policy_arns: Sequence[str] = (),
        accepted: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            path=settings.names.role_path(kind),
            role_name=settings.names.name(thing) if thing else None,
            description=description,
            assume_role_policy_document=trusts,
            permissions_boundary=settings.boundary_arn,
            managed_policy_arns=list(managed_policy_arns) or None,
            policies=[
                iam.CfnRole.PolicyProperty(
                    policy_name="Permissions", policy_document=document(*policy, *statements(grants))
                )
            ],
        )
        reasons = wildcard_findings(grants) | dict(accepted or {})
        if reasons:
            accept_all(self, reasons)


class ServiceRole(PlatformRole):
    """A role assumed by the AWS service ``service`` only.

    ``source`` narrows the trust to requests made for our resources. The role may write to ``log_group``,
    if given.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        kind: str,
        service: str,
        description: str,
        thing: str | None = None,
        policy: Sequence[Statement] = (),
        grants: Sequence[Grant] = (),
        managed_policy_arns: Sequence[str] = (),
        source: Mapping[str, Mapping[str, Any]] | None = None,
        log_group: LogGroup | SharedLogGroup | None = None,
        accepted: Mapping[str, str] | None = None,
    ) -> None:
        writes = [allow("WriteLogs", WRITE_LOGS, [log_group.streams_arn])] if log_group else []
        ours = source or {"StringEquals": {"aws:SourceAccount": settings.account}}
        reasons = dict(accepted or {})
        if log_group:
            finding = f"AwsSolutions::AwsSolutions-IAM5[Resource::{log_group.streams_arn}]"
            where = f"all of them lie in {log_group.full_name}"
            reasons[finding] = f"{service} names the log streams itself; {where}"
        super().__init__(
            scope,
            construct_id,
            settings=settings,
            kind=kind,
            trusts=trust(service, condition=ours),
            description=description,
            thing=thing,
            policy=[*policy, *writes],
            grants=grants,
            managed_policy_arns=managed_policy_arns,
            accepted=reasons,
        )
