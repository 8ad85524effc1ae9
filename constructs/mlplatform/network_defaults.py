"""What CloudFormation cannot say of a network: its prefix lists, an empty default security group."""

import aws_cdk as cdk
from constructs import Construct

from mlplatform.function import PlatformFunction
from mlplatform.policy import allow, within
from mlplatform.settings import Environment

_ACCEPTED = {
    "NIST.800.53.R5::NIST.800.53.R5-LambdaDLQ": "CloudFormation waits for the answer and fails the "
    "deployment without one; a request answered later from a queue would be answered to nobody",
    "NIST.800.53.R5::NIST.800.53.R5-LambdaConcurrency": "CloudFormation calls it once per deployment; a "
    "reservation would fail in new accounts, whose whole quota is the ten executions AWS keeps unreserved",
}


class NetworkDefaults(Construct):
    """Looks up the S3 and DynamoDB prefix lists and revokes every rule of the default security group."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Environment,
        key_arn: str,
        default_security_group_id: str | None,
    ) -> None:
        super().__init__(scope, construct_id)
        describe = ["ec2:DescribeManagedPrefixLists", "ec2:DescribeSecurityGroupRules"]
        statements = [allow("Describe", describe, ["*"], condition=within(settings.region))]
        properties = {"Region": settings.region}
        if default_security_group_id:
            group = settings.names.arn("ec2", f"security-group/{default_security_group_id}")
            revoke = ["ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"]
            statements.append(allow("CloseDefaultGroup", revoke, [group]))
            properties["DefaultSecurityGroupId"] = default_security_group_id
        function = PlatformFunction(
            self,
            "Function",
            settings=settings,
            package="network_defaults",
            shared=["custom_resource"],
            description="Finds the gateway prefix lists and closes the VPC's default security group",
            timeout_seconds=60,
            key_arn=key_arn,
            statements=statements,
            star_reason="so do EC2's Describe actions, which are bound to this region",
            accepted=_ACCEPTED,
        )
        resource = cdk.CustomResource(
            self,
            "Resource",
            resource_type="Custom::NetworkDefaults",
            service_token=function.arn,
            service_timeout=cdk.Duration.minutes(2),
            properties=properties,
        )
        self.s3_prefix_list_id = resource.get_att_string("S3PrefixListId")
        self.dynamodb_prefix_list_id = resource.get_att_string("DynamoDbPrefixListId")
