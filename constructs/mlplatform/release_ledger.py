"""The history of releases, and who holds the lease on an endpoint."""

from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from mlplatform.acknowledgements import accept
from mlplatform.settings import Environment


class ReleaseLedger(dynamodb.CfnTable):
    """A DynamoDB table: one item per endpoint for the lease, one per event and step of each release.

    The keys (``endpoint``, ``record``) are create-only and this table is named: they are a contract.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment, key_arn: str) -> None:
        super().__init__(
            scope,
            construct_id,
            table_name=settings.names.name("release-ledger"),
            billing_mode="PAY_PER_REQUEST",
            attribute_definitions=[
                dynamodb.CfnTable.AttributeDefinitionProperty(attribute_name=name, attribute_type="S")
                for name in ("endpoint", "record")
            ],
            key_schema=[
                dynamodb.CfnTable.KeySchemaProperty(attribute_name="endpoint", key_type="HASH"),
                dynamodb.CfnTable.KeySchemaProperty(attribute_name="record", key_type="RANGE"),
            ],
            point_in_time_recovery_specification=dynamodb.CfnTable.PointInTimeRecoverySpecificationProperty(
                point_in_time_recovery_enabled=True
            ),
            sse_specification=dynamodb.CfnTable.SSESpecificationProperty(
                sse_enabled=True, sse_type="KMS", kms_master_key_id=key_arn
            ),
            time_to_live_specification=dynamodb.CfnTable.TimeToLiveSpecificationProperty(
                attribute_name="expires_at", enabled=True
            ),
            deletion_protection_enabled=settings.retains,
        )
        accept(
            self,
            "NIST.800.53.R5::NIST.800.53.R5-DynamoDBInBackupPlan",
            because="point-in-time recovery restores any second of the last 35 days, longer than any release",
        )
