"""The network everything stands on."""

from constructs import Construct

from mlplatform.encryption_key import EncryptionKey
from mlplatform.exports import subnet_exports
from mlplatform.flow_logs import FlowLogs
from mlplatform.network_defaults import NetworkDefaults
from mlplatform.security_groups import SecurityGroups
from mlplatform.settings import Environment
from mlplatform.stack import PlatformStack
from mlplatform.stack_exports import export
from mlplatform.vpc import PlatformVpc
from mlplatform.vpc_endpoints import VpcEndpoints


class NetworkStack(PlatformStack):
    """VPC (or an existing one), VPC endpoints with policies, security groups, flow logs and their key."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Environment) -> None:
        super().__init__(
            scope, construct_id, settings=settings, description="VPC, endpoints and security groups"
        )
        key = EncryptionKey(self, "NetworkKey", settings=settings, purpose="network")
        vpc = PlatformVpc(self, "Vpc", settings=settings)
        if settings.network.existing is None:
            FlowLogs(self, "FlowLogs", settings=settings, vpc_id=vpc.vpc_id, key_arn=key.arn)
        defaults = NetworkDefaults(
            self,
            "NetworkDefaults",
            settings=settings,
            key_arn=key.arn,
            default_security_group_id=vpc.default_security_group_id,
        )
        groups = SecurityGroups(self, "Groups", settings=settings, vpc_id=vpc.vpc_id, defaults=defaults)
        endpoints = VpcEndpoints(
            self, "Endpoints", settings=settings, vpc=vpc, security_group_id=groups.endpoints
        )
        export(
            self,
            {
                "VpcId": vpc.vpc_id,
                **dict(zip(subnet_exports(settings), vpc.subnet_ids, strict=True)),
                "S3EndpointId": endpoints.s3_endpoint_id,
                "S3PrefixListId": defaults.s3_prefix_list_id,
                "DynamoDbPrefixListId": defaults.dynamodb_prefix_list_id,
                "EndpointSecurityGroupId": groups.endpoints,
                "JobSecurityGroupId": groups.ids["jobs"],
                "ModelSecurityGroupId": groups.ids["models"],
                "FunctionSecurityGroupId": groups.ids["functions"],
                "NetworkKeyArn": key.arn,
            },
            settings,
        )
