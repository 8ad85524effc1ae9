"""Who did what: a CloudTrail trail into a bucket of its own."""

from aws_cdk import aws_cloudtrail as cloudtrail
from constructs import Construct

from mlplatform.bucket_policies import trail_arn
from mlplatform.log_group import LogGroup
from mlplatform.object_store import ObjectStore
from mlplatform.role import ServiceRole
from mlplatform.settings import Environment
from mlplatform.settings.network import RETENTION_DAYS

AUDITED_BUCKETS = ("data", "artifacts")
"""Buckets whose every read and write of an object is recorded."""


class AuditTrail(Construct):
    """Object-level events of the data and artifacts buckets, and on request all management events."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        key_arn: str,
        access_logs: ObjectStore,
    ) -> None:
        super().__init__(scope, construct_id)
        names = settings.names
        store = ObjectStore(
            self, "Bucket", settings=settings, thing="audit", key_arn=key_arn, access_logs=access_logs
        )
        group = LogGroup(
            self,
            "Logs",
            settings=settings,
            thing="audit/trail",
            key_arn=key_arn,
            retention_days=_retention(settings),
        )
        role = ServiceRole(
            self,
            "Role",
            settings=settings,
            kind="service",
            service="cloudtrail.amazonaws.com",
            source={"StringEquals": {"aws:SourceArn": trail_arn(settings)}},
            description="CloudTrail writes its log group",
            log_group=group,
        )
        trail = cloudtrail.CfnTrail(
            self,
            "Resource",
            trail_name=names.name("audit"),
            is_logging=True,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            s3_bucket_name=store.ref,
            kms_key_id=key_arn,
            cloud_watch_logs_log_group_arn=group.attr_arn,
            cloud_watch_logs_role_arn=role.attr_arn,
            advanced_event_selectors=_selectors(settings),
        )
        trail.add_resource_dependency(store.policy)


def _retention(settings: Environment) -> int:
    """How long CloudWatch Logs keeps events, in days: at least as long as the bucket."""
    return next(days for days in RETENTION_DAYS if days >= settings.audit.retention_days)


def _selectors(settings: Environment) -> list[cloudtrail.CfnTrail.AdvancedEventSelectorProperty]:
    buckets = [f"{settings.names.bucket_arn(thing)}/" for thing in AUDITED_BUCKETS]
    if settings.owns_account:
        buckets.append(f"{settings.names.sdk_bucket_arn}/")
    objects = _selector(
        "Objects",
        _field("eventCategory", equals=["Data"]),
        _field("resources.type", equals=["AWS::S3::Object"]),
        _field("resources.ARN", starts_with=buckets),
    )
    management = _selector("Management", _field("eventCategory", equals=["Management"]))
    return [objects, management] if settings.audit.cloudtrail == "all_events" else [objects]


def _selector(
    name: str, *fields: cloudtrail.CfnTrail.AdvancedFieldSelectorProperty
) -> cloudtrail.CfnTrail.AdvancedEventSelectorProperty:
    return cloudtrail.CfnTrail.AdvancedEventSelectorProperty(name=name, field_selectors=list(fields))


def _field(
    field: str, *, equals: list[str] | None = None, starts_with: list[str] | None = None
) -> cloudtrail.CfnTrail.AdvancedFieldSelectorProperty:
    return cloudtrail.CfnTrail.AdvancedFieldSelectorProperty(
        field=field, equal_to=equals, starts_with=starts_with
    )
