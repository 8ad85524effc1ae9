"""Which resources outlive their stack, and which cost-allocation tags they may carry."""

import aws_cdk as cdk

from mlplatform.settings import Environment

REPLACED_BY_TAGS = (
    "AWS::SageMaker::DataQualityJobDefinition",
    "AWS::SageMaker::FeatureGroup",
    "AWS::SageMaker::ModelBiasJobDefinition",
    "AWS::SageMaker::ModelExplainabilityJobDefinition",
    "AWS::SageMaker::ModelQualityJobDefinition",
    "AWS::SageMaker::ProcessingJob",
    "AWS::SageMaker::Project",
    "AWS::SageMaker::StudioLifecycleConfig",
)
"""Types whose Tags are create-only in the CloudFormation registry: a tag change would replace them."""


STATEFUL = (
    "AWS::CodeArtifact::Domain",
    "AWS::CodeArtifact::Repository",
    "AWS::DynamoDB::Table",
    "AWS::ECR::Repository",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SageMaker::Domain",
    "AWS::SageMaker::Hub",
    "AWS::SageMaker::MlflowApp",
    "AWS::SageMaker::MlflowTrackingServer",
    "AWS::SageMaker::ModelPackageGroup",
)
"""Types that outlive their stack: what they hold cannot be had again (a bucket keeps its policy as well)."""


def keep_state(stage: cdk.Stage, settings: Environment) -> None:
    """Let everything stateful outlive its stack, unless the environment says ``removal: destroy``.

    ``RetainExceptOnCreate``: a first deployment that fails leaves nothing behind.
    """
    policy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if settings.retains else cdk.RemovalPolicy.DESTROY
    cdk.RemovalPolicies.of(stage).apply(policy, apply_to_resource_types=list(STATEFUL))


def tag_costs(stage: cdk.Stage, settings: Environment) -> None:
    """Put the environment's cost-allocation tags on everything that a tag change does not replace."""
    for key, value in sorted({**settings.tags, "environment": settings.name}.items()):
        cdk.Tags.of(stage).add(key, value, exclude_resource_types=list(REPLACED_BY_TAGS))
