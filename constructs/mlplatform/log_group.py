"""A log group that is encrypted and forgets."""

from aws_cdk import aws_logs as logs
from constructs import Construct

from mlplatform.retention import keep
from mlplatform.settings import Environment


class LogGroup(Construct):
    """``/<prefix>/<environment>/<thing>``, encrypted with ``key_arn``, kept for ``retention_days``.

    Passing on ``ref`` or ``arn`` instead of a name makes CloudFormation create the group first.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        thing: str,
        key_arn: str,
        retention_days: int | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        name = settings.names.log_group(thing)
        group = logs.CfnLogGroup(
            self,
            "Resource",
            log_group_name=name,
            kms_key_id=key_arn,
            retention_in_days=retention_days or settings.log_retention_days,
        )
        keep(group, settings)
        self.name = name
        self.ref, self.arn = group.ref, group.attr_arn
        self.streams_arn = settings.names.arn("logs", f"log-group:{name}:*")
