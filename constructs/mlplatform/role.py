"""A role that one AWS service assumes for us."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_iam as iam
from constructs import Construct

from mlplatform.acknowledgements import accept_all
from mlplatform.log_group import LogGroup
from mlplatform.policy import Statement, allow, document, trust
from mlplatform.settings import Environment

WRITE_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
"""What delivering log events to an existing log group takes."""


class ServiceRole(iam.CfnRole):
    """A role on the platform's path, assumed by ``service`` only, with exactly these statements.

    ``kind`` is the last part of its IAM path (``function``, ``service``, ...), by which key and bucket
    policies know it; ``source`` narrows the trust to requests made for our resources. The role may write to
    ``log_group``, if given. ``accepted`` are findings about its statements, with the reasons why.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        kind: str,
        service: str,
        statements: Sequence[Statement],
        source: Mapping[str, Mapping[str, Any]] | None = None,
        log_group: LogGroup | None = None,
        accepted: Mapping[str, str] | None = None,
    ) -> None:
        writes = [allow("WriteLogs", WRITE_LOGS, [log_group.streams_arn])] if log_group else []
        ours = source or {"StringEquals": {"aws:SourceAccount": settings.account}}
        super().__init__(
            scope,
            construct_id,
            path=settings.names.role_path(kind),
            assume_role_policy_document=trust(service, condition=ours),
            policies=[
                iam.CfnRole.PolicyProperty(
                    policy_name="Permissions", policy_document=document(*statements, *writes)
                )
            ],
        )
        reasons = dict(accepted or {})
        if log_group:
            finding = f"AwsSolutions::AwsSolutions-IAM5[Resource::{log_group.streams_arn}]"
            where = f"all of them lie in {log_group.full_name}"
            reasons[finding] = f"{service} names the log streams itself; {where}"
        if reasons:
            accept_all(self, reasons)
