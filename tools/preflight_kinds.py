"""How each type whose names we give is looked up in an account, and taken out of the way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlplatform.settings import Environment

Client = Any


@dataclass(frozen=True)
class Kind:
    """How a resource type is named, looked up and taken out of the way.

    ``named_by`` is the property; ``look_up`` raises ClientError or returns something false if there is none.
    ``command`` is for people, with ``{name}``, ``{account}`` and ``{environment}`` filled in.
    """

    named_by: str
    service: str
    look_up: Callable[[Client, str, Environment], Any]
    command: str


def _listed(client: Client, operation: str, key: str, field: str, name: str, **filters: str) -> bool:
    pages = client.get_paginator(operation).paginate(**filters)
    return any(item.get(field) == name for page in pages for item in page[key])


def _log_group(client: Client, name: str, _: Environment) -> bool:
    found = client.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return any(group["logGroupName"] == name for group in found)


def _provider(client: Client, url: str, settings: Environment) -> Any:
    host = url.removeprefix("https://")
    arn = settings.names.arn("iam", f"oidc-provider/{host}", region="")
    return client.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)


IMPORT = "cdk deploy --import-existing-resources '{environment}/*'"
"""Takes over what an earlier deployment retained (docs/environments.md)."""

KINDS: Mapping[str, Kind] = {
    "AWS::CloudTrail::Trail": Kind(
        "TrailName",
        "cloudtrail",
        lambda c, n, _: c.get_trail(Name=n),
        "aws cloudtrail delete-trail --name {name}",
    ),
    "AWS::CloudWatch::Alarm": Kind(
        "AlarmName",
        "cloudwatch",
        lambda c, n, _: c.describe_alarms(AlarmNames=[n])["MetricAlarms"],
        "aws cloudwatch delete-alarms --alarm-names {name}",
    ),
    "AWS::CodeArtifact::Domain": Kind(
        "DomainName",
        "codeartifact",
        lambda c, n, _: c.describe_domain(domain=n),
        "aws codeartifact delete-domain --domain {name}",
    ),
    "AWS::DynamoDB::Table": Kind(
        "TableName", "dynamodb", lambda c, n, _: c.describe_table(TableName=n), IMPORT
    ),
    "AWS::ECR::Repository": Kind(
        "RepositoryName", "ecr", lambda c, n, _: c.describe_repositories(repositoryNames=[n]), IMPORT
    ),
    "AWS::Events::EventBus": Kind(
        "Name",
        "events",
        lambda c, n, _: c.describe_event_bus(Name=n),
        "aws events list-rules --event-bus-name {name}, then delete each, then aws events delete-event-bus "
        "--name {name}",
    ),
    "AWS::Events::Rule": Kind(
        "Name",
        "events",
        lambda c, n, _: c.describe_rule(Name=n),
        "aws events list-targets-by-rule --rule {name}, then aws events remove-targets --rule {name} "
        "--ids ..., then aws events delete-rule --name {name}",
    ),
    "AWS::IAM::ManagedPolicy": Kind(
        "ManagedPolicyName",
        "iam",
        lambda c, n, _: _listed(c, "list_policies", "Policies", "PolicyName", n, Scope="Local"),
        "aws iam list-policies --scope Local, then aws iam delete-policy --policy-arn arn:.../{name}",
    ),
    "AWS::IAM::OIDCProvider": Kind(
        "Url",
        "iam",
        _provider,
        "already_in_account: [oidc_provider] in the settings; to see it: "
        "aws iam list-open-id-connect-providers",
    ),
    "AWS::IAM::Role": Kind(
        "RoleName",
        "iam",
        lambda c, n, _: c.get_role(RoleName=n),
        "aws iam delete-role --role-name {name}",
    ),
    "AWS::KMS::Alias": Kind(
        "AliasName",
        "kms",
        lambda c, n, _: c.describe_key(KeyId=n),
        "aws kms delete-alias --alias-name {name}",
    ),
    "AWS::Lambda::Function": Kind(
        "FunctionName",
        "lambda",
        lambda c, n, _: c.get_function(FunctionName=n),
        "aws lambda delete-function --function-name {name}",
    ),
    "AWS::Logs::LogGroup": Kind("LogGroupName", "logs", _log_group, IMPORT),
    "AWS::S3::Bucket": Kind("BucketName", "s3", lambda c, n, _: c.head_bucket(Bucket=n), IMPORT),
    "AWS::SNS::Topic": Kind(
        "TopicName",
        "sns",
        lambda c, n, s: c.get_topic_attributes(TopicArn=s.names.arn("sns", n)),
        "aws sns delete-topic --topic-arn arn:{partition}:sns:{region}:{account}:{name}",
    ),
    "AWS::SQS::Queue": Kind(
        "QueueName",
        "sqs",
        lambda c, n, _: c.get_queue_url(QueueName=n),
        "aws sqs get-queue-url --queue-name {name}, then aws sqs delete-queue --queue-url https://...",
    ),
    "AWS::SageMaker::Domain": Kind(
        "DomainName",
        "sagemaker",
        lambda c, n, _: _listed(c, "list_domains", "Domains", "DomainName", n),
        "aws sagemaker list-domains, then aws sagemaker delete-domain --domain-id d-...",
    ),
    "AWS::SageMaker::Hub": Kind(
        "HubName",
        "sagemaker",
        lambda c, n, _: c.describe_hub(HubName=n),
        "already_in_account: [ai_registry_hub] in the settings; to see it: "
        "aws sagemaker describe-hub --hub-name {name}",
    ),
    "AWS::SageMaker::AppImageConfig": Kind(
        "AppImageConfigName",
        "sagemaker",
        lambda c, n, _: c.describe_app_image_config(AppImageConfigName=n),
        "aws sagemaker delete-app-image-config --app-image-config-name {name}",
    ),
    "AWS::SageMaker::Image": Kind(
        "ImageName",
        "sagemaker",
        lambda c, n, _: c.describe_image(ImageName=n),
        "aws sagemaker delete-image --image-name {name}",
    ),
    "AWS::SageMaker::MlflowApp": Kind(
        "Name",
        "sagemaker",
        lambda c, n, _: _listed(c, "list_mlflow_apps", "Summaries", "Name", n),
        "aws sagemaker list-mlflow-apps, then aws sagemaker delete-mlflow-app --arn arn:...",
    ),
    "AWS::SageMaker::MlflowTrackingServer": Kind(
        "TrackingServerName",
        "sagemaker",
        lambda c, n, _: c.describe_mlflow_tracking_server(TrackingServerName=n),
        "aws sagemaker delete-mlflow-tracking-server --tracking-server-name {name}",
    ),
    "AWS::SageMaker::ModelPackageGroup": Kind(
        "ModelPackageGroupName",
        "sagemaker",
        lambda c, n, _: c.describe_model_package_group(ModelPackageGroupName=n),
        IMPORT,
    ),
    "AWS::SageMaker::StudioLifecycleConfig": Kind(
        "StudioLifecycleConfigName",
        "sagemaker",
        lambda c, n, _: c.describe_studio_lifecycle_config(StudioLifecycleConfigName=n),
        "aws sagemaker delete-studio-lifecycle-config --studio-lifecycle-config-name {name}",
    ),
    "AWS::Scheduler::Schedule": Kind(
        "Name",
        "scheduler",
        lambda c, n, _: c.get_schedule(Name=n),
        "aws scheduler delete-schedule --name {name}",
    ),
    "AWS::StepFunctions::StateMachine": Kind(
        "StateMachineName",
        "stepfunctions",
        lambda c, n, s: c.describe_state_machine(stateMachineArn=s.names.arn("states", f"stateMachine:{n}")),
        "aws stepfunctions delete-state-machine --state-machine-arn "
        "arn:{partition}:states:{region}:{account}:stateMachine:{name}",
    ),
}
"""Types whose names we give, in the order of the alphabet."""
