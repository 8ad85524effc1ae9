"""The only ways out of the VPC: gateway and interface endpoints, each with a policy."""

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from mlplatform.endpoint_policies import (
    dynamodb_endpoint_policy,
    interface_endpoint_policy,
    s3_endpoint_policy,
)
from mlplatform.settings import Environment
from mlplatform.vpc import PlatformVpc


class VpcEndpoints(Construct):
    """S3 and DynamoDB gateways and the interface endpoints the environment needs, or those that exist."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        vpc: PlatformVpc,
        security_group_id: str,
    ) -> None:
        super().__init__(scope, construct_id)
        network = settings.network
        if network.existing and not network.creates_endpoints:
            self.s3_endpoint_id = str(network.existing.s3_endpoint_id)
            return
        region = settings.region
        policies = {"s3": s3_endpoint_policy(settings), "dynamodb": dynamodb_endpoint_policy(settings)}
        gateways = {
            service: ec2.CfnVPCEndpoint(
                self,
                service,
                vpc_endpoint_type="Gateway",
                service_name=f"com.amazonaws.{region}.{service}",
                vpc_id=vpc.vpc_id,
                route_table_ids=vpc.route_table_ids,
                policy_document=policy,
            )
            for service, policy in policies.items()
        }
        self.s3_endpoint_id = gateways["s3"].attr_id
        for service in settings.endpoint_services:
            ec2.CfnVPCEndpoint(
                self,
                service,
                vpc_endpoint_type="Interface",
                service_name=settings.place.endpoints[service],
                vpc_id=vpc.vpc_id,
                subnet_ids=vpc.subnet_ids,
                security_group_ids=[security_group_id],
                private_dns_enabled=True,
                policy_document=interface_endpoint_policy(service, settings),
            )
