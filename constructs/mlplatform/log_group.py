"""A log group that is encrypted and forgets."""

from dataclasses import dataclass

from aws_cdk import aws_logs as logs
from constructs import Construct

from mlplatform.settings import Environment


@dataclass(frozen=True)
class SharedLogGroup:
    """A ``LogGroup`` of another stack, which several functions write to; ``ref`` is its name."""

    ref: str
    streams_arn: str

    @classmethod
    def of(cls, thing: str, settings: Environment) -> "SharedLogGroup":
        """The group that the stack which makes it calls ``thing``."""
        name = settings.names.log_group(thing)
        return cls(name, settings.names.arn("logs", f"log-group:{name}:*"))

    @property
    def full_name(self) -> str:
        """Its name."""
        return self.ref


class LogGroup(logs.CfnLogGroup):
    """``/<prefix>/<environment>/<thing>`` (or ``name``), encrypted with ``key_arn``.

    Lines are kept for ``retention_days``, or as long as the settings say.

    Passing on ``ref`` or ``attr_arn`` instead of a name makes CloudFormation create the group first.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        key_arn: str,
        thing: str = "",
        name: str | None = None,
        retention_days: int | None = None,
    ) -> None:
        self.full_name = name or settings.names.log_group(thing)
        self.streams_arn = settings.names.arn("logs", f"log-group:{self.full_name}:*")
        super().__init__(
            scope,
            construct_id,
            log_group_name=self.full_name,
            kms_key_id=key_arn,
            retention_in_days=retention_days or settings.log_retention_days,
        )
