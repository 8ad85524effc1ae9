"""What the registry schemas do not say: which resources are ours, which permissions none of ours needs."""

SCOPES = {
    "AWS::CloudTrail::Trail": ("cloudtrail:trail/{start}*",),
    "AWS::CodeArtifact::Domain": ("codeartifact:domain/{start}*",),
    "AWS::CodeArtifact::Repository": ("codeartifact:repository/{start}*",),
    "AWS::CloudWatch::Alarm": ("cloudwatch:alarm:{start}*",),
    "AWS::DynamoDB::Table": ("dynamodb:table/{start}*",),
    "AWS::EC2::VPCEndpoint": ("route53:hostedzone/*",),
    "AWS::ECR::Repository": ("ecr:repository/{start}*",),
    "AWS::Events::EventBus": ("events:event-bus/{start}*",),
    "AWS::Events::Rule": ("events:rule/{start}*",),
    "AWS::KMS::Key": ("kms:key/*",),
    "AWS::Lambda::EventSourceMapping": ("lambda:event-source-mapping:*",),
    "AWS::Lambda::Function": ("lambda:function:{start}*", "lambda:function:SageMaker-evaluator-{start}*"),
    "AWS::Logs::LogGroup": (
        "logs:log-group:/{prefix}/{environment}/*",
        "logs:log-group:/aws/sagemaker/Endpoints/{start}*",
    ),
    "AWS::S3::Bucket": ("s3:{start}*", "s3:sagemaker-{region}-{account}"),
    "AWS::SNS::Topic": ("sns:{start}*",),
    "AWS::SageMaker::AppImageConfig": ("sagemaker:app-image-config/{start}*",),
    "AWS::SageMaker::Domain": ("sagemaker:domain/*", "sagemaker:app/*"),
    "AWS::SageMaker::Hub": ("sagemaker:hub/*",),
    "AWS::SageMaker::Image": ("sagemaker:image/{start}*",),
    "AWS::SageMaker::ImageVersion": ("sagemaker:image/{start}*", "sagemaker:image-version/{start}*"),
    "AWS::SageMaker::MlflowApp": ("sagemaker:mlflow-app/*",),
    "AWS::SageMaker::MlflowTrackingServer": ("sagemaker:mlflow-tracking-server/{start}*",),
    "AWS::SageMaker::ModelPackageGroup": ("sagemaker:model-package-group/{start}*",),
    "AWS::SageMaker::Space": ("sagemaker:space/*",),
    "AWS::SageMaker::StudioLifecycleConfig": ("sagemaker:studio-lifecycle-config/{start}*",),
    "AWS::SageMaker::UserProfile": ("sagemaker:user-profile/*",),
    "AWS::Scheduler::Schedule": ("scheduler:schedule/default/{start}*",),
    "AWS::SQS::Queue": ("sqs:{start}*",),
    "AWS::StepFunctions::StateMachine": ("states:stateMachine:{start}*",),
    "Custom": ("lambda:function:{start}*",),
}
"""``service:resource`` patterns of what a type's permissions act on, ``*`` where AWS chooses the name.

A type without a row may act on everything of its service in the account and region. What narrows EC2 and
KMS further stands in ``tools/bootstrap_tags.py``.
"""

APART = {
    "CodeAssets": (
        ("s3:GetObject", "s3:GetObjectVersion"),
        "s3:cdk-{qualifier}-assets-{account}-{region}/*",
        None,
    ),
    "KeysLentToServices": (
        ("kms:CreateGrant",),
        "kms:key/*",
        {"Bool": {"kms:GrantIsForAWSResource": "true"}},
    ),
    "KeysThroughServices": (
        ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"),
        "kms:key/*",
        {"StringLike": {"kms:ViaService": "*.{region}.*"}},
    ),
    "HomeFileSystems": (
        ("elasticfilesystem:DeleteFileSystem", "elasticfilesystem:DeleteMountTarget"),
        "elasticfilesystem:file-system/*",
        {"Null": {"aws:ResourceTag/ManagedByAmazonSageMakerResource": "false"}},
    ),
}
"""Sid to actions with a narrower scope than their service has, its pattern, and a condition.

CloudFormation reads code and no other object, uses keys only through services, and deletes only the file
systems SageMaker made for a domain, which it tags so.
"""

BOUNDED = frozenset(
    {
        "iam:CreateRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
    }
)
"""What changes a role's permissions, and is judged with the key iam:PermissionsBoundary (IAM User Guide,
"Permissions boundaries for IAM entities"); iam:AttachRolePolicy has a statement of its own."""

EXTRA = {
    "AWS::EC2::VPCEndpoint": ("route53:AssociateVPCWithHostedZone",),
    "AWS::SageMaker::Domain": ("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"),
    "Custom": ("lambda:InvokeFunction",),
}
"""Permissions the handlers forget: private DNS of endpoints (PrivateLink guide), the network of a domain
(SageMaker guide, "Choose an Amazon VPC"), the function behind a custom resource."""

_NEVER = frozenset(
    {
        "firehose",
        "iam:AttachGroupPolicy",
        "iam:AttachUserPolicy",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DetachGroupPolicy",
        "iam:DetachUserPolicy",
        "kinesis",
        "organizations",
        "s3files",
        "s3tables",
        "vpc-lattice",
        "vpce",
    }
)

DROPPED = {
    "*": _NEVER,
    "AWS::DynamoDB::Table": frozenset(
        {
            "logs",
            "s3",
            "dynamodb:AssociateTableReplica",
            "dynamodb:BatchWriteItem",
            "dynamodb:CreateTableReplica",
            "dynamodb:DeleteItem",
            "dynamodb:DescribeImport",
            "dynamodb:GetItem",
            "dynamodb:ImportTable",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:Scan",
            "dynamodb:UpdateItem",
        }
    ),
    "AWS::EC2::EIP": frozenset({"ec2:AcceptAddressTransfer"}),
    "AWS::EC2::FlowLog": frozenset({"autoscaling", "s3"}),
    "AWS::EC2::NatGateway": frozenset(
        {
            "ec2:AssignPrivateNatGatewayAddress",
            "ec2:AssociateNatGatewayAddress",
            "ec2:DisassociateNatGatewayAddress",
            "ec2:UnassignPrivateNatGatewayAddress",
        }
    ),
    "AWS::EC2::Subnet": frozenset({"ec2:AssociateSubnetCidrBlock", "ec2:DisassociateSubnetCidrBlock"}),
    "AWS::EC2::VPC": frozenset({"ec2:CreateVpcEncryptionControl", "ec2:ModifyVpcTenancy"}),
    "AWS::EC2::VPCGatewayAttachment": frozenset({"ec2:AttachVpnGateway", "ec2:DetachVpnGateway"}),
    "AWS::Lambda::Function": frozenset(
        {
            "elasticfilesystem",
            "lambda:DeleteFunctionCodeSigningConfig",
            "lambda:GetLayerVersion",
            "lambda:PassCapacityProvider",
            "lambda:PutFunctionCodeSigningConfig",
            "lambda:PutFunctionScalingConfig",
        }
    ),
    "AWS::Logs::LogGroup": frozenset({"logs:PutBearerTokenAuthentication"}),
    "AWS::S3::Bucket": frozenset(
        {
            "s3:CreateBucketMetadataTableConfiguration",
            "s3:DeleteBucketMetadataTableConfiguration",
            "s3:DeleteObject",
            "s3:PutBucketAcl",
            "s3:PutBucketWebsite",
            "s3:PutObjectAcl",
            "s3:PutReplicationConfiguration",
            "s3:UpdateBucketMetadataAnnotationTableConfiguration",
            "s3:UpdateBucketMetadataInventoryTableConfiguration",
            "s3:UpdateBucketMetadataJournalTableConfiguration",
        }
    ),
}
"""Services and actions that handlers name for features none of our templates uses: data of tables, imports,
replicas, table buckets, websites, ACLs, code signing, VPNs, IPv6, further addresses of NAT gateways. Under
``*``: for every type."""

UNSCOPED = frozenset(
    {
        "identitystore:DescribeUser",
        "identitystore:ListUsers",
        "logs:DescribeLogGroups",
        "sso:DescribeInstance",
    }
)
"""Actions whose resource is not in this account or has no ARN that could be named beforehand."""

PASSED = {
    "AWS::CloudTrail::Trail": ("cloudtrail.amazonaws.com",),
    "AWS::EC2::FlowLog": ("vpc-flow-logs.amazonaws.com",),
    "AWS::Lambda::Function": ("lambda.amazonaws.com",),
    "AWS::SageMaker::Domain": ("sagemaker.amazonaws.com",),
    "AWS::SageMaker::Image": ("sagemaker.amazonaws.com",),
    "AWS::SageMaker::MlflowApp": ("sagemaker.amazonaws.com",),
    "AWS::SageMaker::MlflowTrackingServer": ("sagemaker.amazonaws.com",),
    "AWS::SageMaker::UserProfile": ("sagemaker.amazonaws.com",),
    "AWS::StepFunctions::StateMachine": ("states.amazonaws.com",),
    "AWS::Events::Rule": ("events.amazonaws.com",),
    "AWS::Scheduler::Schedule": ("scheduler.amazonaws.com",),
    "AWS::SageMaker::Model": ("sagemaker.amazonaws.com",),
    "AWS::SageMaker::EndpointConfig": ("sagemaker.amazonaws.com",),
}
"""Services that take over a role when a resource of the type is created."""

LINKED = {"AWS::SageMaker::Domain": ("sagemaker.amazonaws.com",)}
"""Services whose service-linked role comes into being with the first resource of the type."""

MANAGED = frozenset(
    {
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        "iam:ListEntitiesForPolicy",
        "iam:ListPolicyVersions",
    }
)
"""What is done to managed policies, of which the platform's own lie on its path.

The boundary and the policies of deployments do not: no deployment can change them.
"""

ATTACHABLE = (
    "AmazonSageMakerFullAccess",
    "AmazonSageMakerModelRegistryFullAccess",
    "AmazonSageMakerPipelinesIntegrations",
)
"""AWS managed policies that `customization.permissions: compat` attaches; the boundary bounds them."""
