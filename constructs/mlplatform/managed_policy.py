"""What a role may do beyond the length of its inline policy."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from mlplatform.acknowledgements import accept_all
from mlplatform.permissions.grant import Grant, statements, wildcard_findings
from mlplatform.policy import document
from mlplatform.settings import Environment


class ManagedPolicy(iam.CfnManagedPolicy):
    """A managed policy of exactly these grants, on the path of the ``kind`` of roles that carry it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        kind: str,
        thing: str,
        grants: Sequence[Grant],
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            managed_policy_name=settings.names.name(thing, kind="policy"),
            path=settings.names.role_path(kind),
            description=f"What no inline policy has room for: {thing}",
            policy_document=document(*statements(grants)),
        )
        if reasons := wildcard_findings(grants):
            accept_all(self, reasons)
