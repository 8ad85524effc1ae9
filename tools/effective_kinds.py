"""How CloudFormation's resource types are named and addressed, for values that templates do not say."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """How a resource type is addressed: ``name`` is the property with its name, ``arn`` what follows the
    account in its ARN, ``ref`` what ``Ref`` yields (name, id or arn).
    """

    service: str
    arn: str
    name: str | None = None
    ref: str = "name"
    id_prefix: str = ""
    regional: bool = True


KINDS = {
    "AWS::CloudTrail::Trail": Kind("cloudtrail", "trail/{name}", "TrailName"),
    "AWS::CodeArtifact::Domain": Kind("codeartifact", "domain/{name}", "DomainName", ref="arn"),
    "AWS::CodeArtifact::Repository": Kind(
        "codeartifact", "repository/{DomainName}/{name}", "RepositoryName", ref="arn"
    ),
    "AWS::DynamoDB::Table": Kind("dynamodb", "table/{name}", "TableName"),
    "AWS::EC2::PrefixList": Kind("ec2", "prefix-list/{name}", ref="id", id_prefix="pl-"),
    "AWS::EC2::SecurityGroup": Kind("ec2", "security-group/{name}", ref="id", id_prefix="sg-"),
    "AWS::EC2::Subnet": Kind("ec2", "subnet/{name}", ref="id", id_prefix="subnet-"),
    "AWS::EC2::VPC": Kind("ec2", "vpc/{name}", ref="id", id_prefix="vpc-"),
    "AWS::EC2::VPCEndpoint": Kind("ec2", "vpc-endpoint/{name}", ref="id", id_prefix="vpce-"),
    "AWS::ECR::Repository": Kind("ecr", "repository/{name}", "RepositoryName"),
    "AWS::Events::EventBus": Kind("events", "event-bus/{name}", "Name"),
    "AWS::IAM::ManagedPolicy": Kind(
        "iam", "policy{Path}{name}", "ManagedPolicyName", ref="arn", regional=False
    ),
    "AWS::IAM::OIDCProvider": Kind("iam", "oidc-provider/{name}", "Url", ref="arn", regional=False),
    "AWS::IAM::Role": Kind("iam", "role{Path}{name}", "RoleName", regional=False),
    "AWS::KMS::Key": Kind("kms", "key/{name}", ref="id"),
    "AWS::Lambda::Function": Kind("lambda", "function:{name}", "FunctionName"),
    "AWS::Logs::LogGroup": Kind("logs", "log-group:{name}:*", "LogGroupName"),
    "AWS::S3::Bucket": Kind("s3", "{name}", "BucketName"),
    "AWS::SNS::Topic": Kind("sns", "{name}", "TopicName", ref="arn"),
    "AWS::SQS::Queue": Kind("sqs", "{name}", "QueueName"),
    "AWS::SageMaker::Domain": Kind("sagemaker", "domain/{name}", ref="id", id_prefix="d-"),
    "AWS::SageMaker::Hub": Kind("sagemaker", "hub/{name}", "HubName"),
    "AWS::SageMaker::MlflowApp": Kind("sagemaker", "mlflow-app/{name}", ref="id", id_prefix="app-"),
    "AWS::SageMaker::MlflowTrackingServer": Kind(
        "sagemaker", "mlflow-tracking-server/{name}", "TrackingServerName"
    ),
    "AWS::StepFunctions::StateMachine": Kind("states", "stateMachine:{name}", "StateMachineName", ref="arn"),
    "AWS::SageMaker::ModelPackageGroup": Kind(
        "sagemaker", "model-package-group/{name}", "ModelPackageGroupName", ref="arn"
    ),
}
"""The types that policies refer to (AWS CloudFormation template reference, "Return values")."""
