"""What may pass through each VPC endpoint: this account's (or organization's) people and resources.

An endpoint policy grants nothing by itself; it keeps credentials and buckets of strangers from being used
through our network (AWS whitepaper "Building a data perimeter on AWS").
"""

from typing import Any

from mlplatform.policy import PULL_IMAGES, READ_OBJECTS, Conditions, Statement, allow, document
from mlplatform.registry_access import RegistryUse
from mlplatform.settings import Environment

REACHABLE_BUCKETS = ("data", "artifacts", "capture")
"""Buckets of the environment that workloads in the VPC use, beside the SDK's default one of the account."""

_ACTIONS = {
    "sagemaker.api": "sagemaker",
    "sagemaker.runtime": "sagemaker",
    "sagemaker.featurestore-runtime": "sagemaker",
    "sagemaker.metrics": "sagemaker",
    "studio": "sagemaker",
    "experiments": "sagemaker-mlflow",
    "monitoring": "cloudwatch",
    "ecr.api": "ecr",
    "ecr.dkr": "ecr",
    "bedrock-runtime": "bedrock",
    "codeartifact.api": "codeartifact",
    "codeartifact.repositories": "codeartifact",
}
"""IAM service prefix of an endpoint, where it is not the endpoint's own name."""


_ALSO = {"experiments": ("sagemaker:CallMlflowAppApi",)}
"""Actions of another service that an endpoint carries: calls to an MLflow App are SageMaker's own."""


def our_callers(settings: Environment) -> Conditions:
    """The caller belongs to the account or, if declared, to the organization; the resource may be AWS's."""
    if settings.organization_id:
        return {"StringEquals": {"aws:PrincipalOrgID": settings.organization_id}}
    return {"StringEquals": {"aws:PrincipalAccount": settings.account}}


def our_account(settings: Environment) -> Conditions:
    """Our caller, and a resource of the account itself.

    ``IfExists``: requests such as ``sts:GetCallerIdentity`` have no resource.
    """
    return {**our_callers(settings), "StringEqualsIfExists": {"aws:ResourceAccount": settings.account}}


def our_organization(settings: Environment) -> Conditions:
    """Our caller, and a resource of the organization; without ``IfExists``, since accounts outside any
    organization have no ``aws:ResourceOrgID`` either.
    """
    organization = settings.organization_id
    return {"StringEquals": {"aws:PrincipalOrgID": organization, "aws:ResourceOrgID": organization}}


def interface_endpoint_policy(service: str, settings: Environment) -> dict[str, Any]:
    """Policy of one interface endpoint, by its short service name."""
    prefix = _ACTIONS.get(service, service)
    actions = [f"{prefix}:*", *_ALSO.get(service, ())]
    statements = [allow("OurAccount", actions, ["*"], principal="*", condition=our_account(settings))]
    if settings.organization_id:
        condition = our_organization(settings)
        statements.append(allow("OurOrganization", actions, ["*"], principal="*", condition=condition))
    return document(*statements, *_registry(service, settings), *_owned_by_aws(service, settings))


def _registry(service: str, settings: Environment) -> list[Statement]:
    """The registry this environment uses, if it is another environment's and so perhaps another account's."""
    use = RegistryUse(settings, our_callers(settings))
    if service == "sagemaker.api":
        return use.packages()
    return use.images() if service in ("ecr.api", "ecr.dkr") else []


def _owned_by_aws(service: str, settings: Environment) -> list[Statement]:
    """What AWS owns and the platform must still reach through this endpoint."""
    names = settings.names
    callers = our_callers(settings)
    if service in ("ecr.api", "ecr.dkr"):
        images = [
            names.arn("ecr", "repository/*", account=owner) for owner in settings.place.image_registries
        ]
        return [allow("PullSageMakerImages", PULL_IMAGES, images, principal="*", condition=callers)]
    if service == "sagemaker.api":
        hub = [
            names.arn("sagemaker", f"{kind}/SageMakerPublicHub{rest}", account="aws")
            for kind, rest in _PUBLIC_HUB
        ]
        return [allow("ReadPublicHub", _READ_HUB, hub, principal="*", condition=callers)]
    if service in ("bedrock", "bedrock-runtime"):
        models = [names.arn("bedrock", "foundation-model/*", account="")]
        return [allow("UseFoundationModels", ["bedrock:*"], models, principal="*", condition=callers)]
    if service == "ssm":
        public = [names.arn("ssm", "parameter/aws/*", account="")]
        read = ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"]
        return [allow("ReadPublicParameters", read, public, principal="*", condition=callers)]
    return []


_PUBLIC_HUB = (("hub", ""), ("hub-content", "/*"))
_READ_HUB = (
    "sagemaker:DescribeHub",
    "sagemaker:DescribeHubContent",
    "sagemaker:ListHubContents",
    "sagemaker:ListHubContentVersions",
)


def s3_endpoint_policy(settings: Environment) -> dict[str, Any]:
    """Policy of the S3 gateway endpoint: our buckets, declared sources, another registry, AWS's buckets."""
    names = settings.names
    sdk_bucket = names.sdk_bucket_arn
    buckets = [*(names.bucket_arn(thing) for thing in REACHABLE_BUCKETS), sdk_bucket]
    statements = [
        allow(
            "PlatformBuckets",
            ["s3:*"],
            [*buckets, *(f"{arn}/*" for arn in buckets)],
            principal="*",
            condition=our_account(settings),
        )
    ]
    for number, source in enumerate(settings.data_sources):
        arn = names.arn("s3", source.bucket, region="", account="")
        owner = {"StringEquals": {**our_callers(settings)["StringEquals"]}}
        owner["StringEquals"]["aws:ResourceAccount"] = source.account or settings.account
        statements.append(
            allow(
                f"ReadDataSource{number}",
                READ_OBJECTS,
                [f"{arn}/{source.prefix}*"],
                principal="*",
                condition=owner,
            )
        )
        listing = {**owner, "StringLike": {"s3:prefix": f"{source.prefix}*"}} if source.prefix else owner
        statements.append(
            allow(f"ListDataSource{number}", ["s3:ListBucket"], [arn], principal="*", condition=listing)
        )
    registry = RegistryUse(settings, our_callers(settings)).objects()
    return document(*statements, *registry, *_aws_buckets(settings))


def _aws_buckets(settings: Environment) -> list[Statement]:
    """Image layers of Amazon ECR (Amazon ECR user guide, "Minimum Amazon S3 bucket permissions") and the
    models and scripts of SageMaker JumpStart; read only.
    """
    names, region, callers = settings.names, settings.region, our_callers(settings)
    layers = names.arn("s3", f"prod-{region}-starport-layer-bucket", region="", account="")
    jumpstart = names.arn("s3", f"jumpstart-cache-prod-{region}", region="", account="")
    return [
        allow("PullImageLayers", ["s3:GetObject"], [f"{layers}/*"], principal="*"),
        allow("ReadJumpStart", ["s3:GetObject"], [f"{jumpstart}/*"], principal="*", condition=callers),
        allow("ListJumpStart", ["s3:ListBucket"], [jumpstart], principal="*", condition=callers),
    ]


def dynamodb_endpoint_policy(settings: Environment) -> dict[str, Any]:
    """Policy of the DynamoDB gateway endpoint: this environment's tables only."""
    tables = [settings.names.arn("dynamodb", f"table/{settings.names.name('*')}")]
    return document(
        allow("PlatformTables", ["dynamodb:*"], tables, principal="*", condition=our_account(settings))
    )
