"""Records of all traffic in the VPC."""

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from mlplatform.log_group import LogGroup
from mlplatform.policy import allow, within
from mlplatform.role import ServiceRole
from mlplatform.settings import Environment


class FlowLogs(Construct):
    """Accepted and rejected traffic of ``vpc_id``, in an encrypted log group."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Environment, vpc_id: str, key_arn: str
    ) -> None:
        super().__init__(scope, construct_id)
        names = settings.names
        group = LogGroup(
            self,
            "Logs",
            settings=settings,
            thing="network/flow-logs",
            key_arn=key_arn,
            retention_days=settings.network.flow_log_retention_days,
        )
        role = ServiceRole(
            self,
            "Role",
            settings=settings,
            kind="service",
            service="vpc-flow-logs.amazonaws.com",
            description="VPC flow logs write their log group",
            source={
                "StringEquals": {"aws:SourceAccount": settings.account},
                "ArnLike": {"aws:SourceArn": names.arn("ec2", "vpc-flow-log/*")},
            },
            log_group=group,
            accepted={
                "AwsSolutions::AwsSolutions-IAM5[Resource::*]": "DescribeLogGroups accepts no resource "
                "but *; it shows names, not events, of this region"
            },
            policy=[
                allow("FindLogGroup", ["logs:DescribeLogGroups"], ["*"], condition=within(settings.region)),
                allow("FindLogStreams", ["logs:DescribeLogStreams"], [group.streams_arn]),
            ],
        )
        ec2.CfnFlowLog(
            self,
            "Resource",
            resource_id=vpc_id,
            resource_type="VPC",
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_group_name=group.ref,
            deliver_logs_permission_arn=role.attr_arn,
        )
