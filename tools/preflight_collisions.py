"""What the account has already under a name that a template is about to give."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from mlplatform.settings import Environment
from tools.assembly import SynthesizedStack

Client = Any
ABSENT = (
    *("404", "NoSuchBucket", "NoSuchEntity", "NotFound", "NotFoundException", "ResourceNotFound"),
    *("RepositoryNotFoundException", "ResourceNotFoundException", "TrailNotFoundException"),
    "StateMachineDoesNotExist",
)
"""Error codes by which services say that there is no such thing; SageMaker has a sentence as well."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not ready: what it is, and the command that mends it.

    ``blocks`` says that a deployment fails with it; otherwise something fails later, in use.
    """

    what: str
    command: str
    blocks: bool = True


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
}
"""Types whose names we give, in the order of the alphabet."""

SDK_BUCKET = (
    "already_in_account: [sdk_default_bucket] in the settings; "  # nobody but the SDK gives it that name
    "to see it: aws s3api head-bucket --bucket {name}"
)


def collisions(
    settings: Environment, session: boto3.Session, synthesized: Iterable[SynthesizedStack]
) -> Iterator[Finding]:
    """One finding for every name of a template that something else in the account has."""
    clients: dict[str, Client] = {}
    for stack in synthesized:
        ours = _deployed(session.client("cloudformation"), settings.names.stack(stack.name))
        for logical_id, resource in sorted(stack.template["Resources"].items()):
            kind = KINDS.get(resource["Type"])
            name = resource.get("Properties", {}).get(kind.named_by) if kind else None
            if kind is None or not isinstance(name, str) or logical_id in ours:
                continue
            client = clients.setdefault(kind.service, _client(session, kind.service))
            if _exists(client, kind, name, settings):
                what = f"{stack.name} creates {resource['Type']} {name}, which exists"
                yield Finding(what, _command(kind, name, settings))


def _client(session: Any, service: str) -> Client:
    """A client by a name that is known only at run time; the stubs of boto3 know literal names."""
    return session.client(service)


def _deployed(client: Client, stack: str) -> set[str]:
    """Logical ids of what a deployed stack has; empty if there is no such stack."""
    try:
        pages = client.get_paginator("list_stack_resources").paginate(StackName=stack)
        return {item["LogicalResourceId"] for page in pages for item in page["StackResourceSummaries"]}
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return set()
        raise


def _exists(client: Client, kind: Kind, name: str, settings: Environment) -> bool:
    try:
        return bool(kind.look_up(client, name, settings))
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if code in ABSENT or "does not exist" in message:
            return False
        if code == "403" and kind.service == "s3":
            return True  # another account has the bucket: nobody else may be told whether it exists
        raise


def _command(kind: Kind, name: str, settings: Environment) -> str:
    names = settings.names
    text = SDK_BUCKET if kind.service == "s3" and not name.startswith(f"{names.prefix}-") else kind.command
    values = {"name": name, "account": names.account, "region": names.region, "partition": names.partition}
    return text.format(**values, environment=settings.name)
