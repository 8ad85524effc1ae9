"""What grants are about: the ARNs and conditions several principals share."""

from dataclasses import dataclass
from typing import Any

from mlplatform.exports import imported
from mlplatform.permissions.grant import Grant
from mlplatform.policy import PULL_IMAGES, Conditions, Statement, one_or_many, within
from mlplatform.settings import Environment

BY_WORKFLOW: Conditions = {"Null": {"sagemaker:CustomerMetadataProperties/execution": "false"}}
"""A new version names the execution of a workflow; only the function that registers for workflows may."""

WRITE_OBJECTS = (
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
)
LIST_BUCKET = ("s3:GetBucketLocation", "s3:ListBucket")

STUDIO_PREFIX = "studio/"
"""Where in the artifacts bucket people, and the jobs they start from Studio, write."""

TRACKING_PREFIX = "mlflow/"
"""Where in the artifacts bucket MLflow keeps the files of runs."""


@dataclass(frozen=True)
class DenyAllBut(Grant):
    """A Deny on every resource but ``resources``: the statement says ``NotResource``."""

    @property
    def statement(self) -> Statement:
        """The statement as a policy document holds it."""
        body = super().statement
        body["NotResource"] = body.pop("Resource")
        return body


def sagemaker_arns(settings: Environment, *resources: str) -> tuple[str, ...]:
    """ARNs of SageMaker resources of the environment's account and region."""
    return tuple(settings.names.arn("sagemaker", resource) for resource in resources)


def own_profile(settings: Environment) -> str:
    """ARN pattern of the caller's user profile: Studio names the session's source identity after it."""
    return settings.names.arn("sagemaker", "user-profile/*/${aws:SourceIdentity}")


def tries(settings: Environment) -> str:
    """Name pattern of what people in Studio try out; nothing else of the platform is named so."""
    return settings.names.name("try-*", kind="model")


def registers(settings: Environment) -> bool:
    """Whether the registry lies in the environment's account, so that its own policies open it."""
    return settings.keeps_registry or settings.neighbours.registry.account == settings.account


def reward_functions(settings: Environment) -> str:
    """ARN pattern of reward functions; the SDK names the ones it creates so."""
    return settings.names.arn("lambda", "function:SageMaker-evaluator-*")


def ours(settings: Environment) -> Conditions:
    """The resource belongs to the environment's account: bucket names alone do not say so."""
    return owned_by(settings.account)


def owned_by(*accounts: str) -> Conditions:
    """The resource belongs to one of ``accounts``."""
    return {"StringEquals": {"aws:ResourceAccount": one_or_many(accounts)}}


def via(settings: Environment, *services: str) -> Conditions:
    """The key is used by one of ``services`` for the caller, not by the caller directly."""
    hosts = [f"{service}.{settings.region}.{settings.place.dns_suffix}" for service in services]
    return {"StringEquals": {"kms:ViaService": one_or_many(hosts)}}


def passed_to(service: str) -> Conditions:
    """The role is passed to this service."""
    return {"StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}}


def work_keys(settings: Environment) -> tuple[Any, ...]:
    """Keys of the data, the artifacts and, unless the account had the bucket, the SDK's default bucket."""
    names = ["DataKeyArn", "ArtifactsKeyArn"]
    if "sdk_default_bucket" not in settings.neighbours.adopted:
        names.append("AccountKeyArn")
    return tuple(imported(name, settings) for name in names)


def registry_key(settings: Environment) -> Any:
    """Key of the registry's artifacts bucket: imported, or given where it lies in another account."""
    registry = settings.neighbours.registry
    if settings.registry.artifacts_key_arn:
        return settings.registry.artifacts_key_arn
    return {"Fn::ImportValue": registry.export("Foundation", "ArtifactsKeyArn")}


def use_keys(settings: Environment, who: str) -> list[Grant]:
    """Use of the keys through S3 and SageMaker, and grants on them for what AWS runs for the caller."""
    keys = work_keys(settings)
    use = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext")
    grants = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    why = f"{who} needs the key of"
    return [
        Grant("UseKeys", use, keys, f"{why} what is read and written", via(settings, "s3", "sagemaker")),
        Grant("DescribeKeys", ("kms:DescribeKey",), keys, f"{why} a volume, to name it"),
        Grant("GrantKeysToAws", ("kms:CreateGrant",), keys, f"{why} a volume, to attach it", grants),
    ]


def pull_images(settings: Environment, who: str) -> list[Grant]:
    """Pulling the platform's images and those AWS offers for SageMaker."""
    registry, names = settings.neighbours.registry, settings.names
    ours = registry.repository_arn("*")
    aws = names.arn("ecr", "repository/*", account="*")
    owners = settings.place.image_registries
    return [
        Grant("PullImages", PULL_IMAGES, (ours,), f"{who} runs any image of the platform's registry"),
        Grant(
            "PullAwsImages",
            PULL_IMAGES,
            (aws,),
            f"{who} runs the images AWS publishes for SageMaker; their accounts are named in the condition",
            owned_by(*owners),
        ),
        sign_in_to_images(settings, who),
    ]


def sign_in_to_images(settings: Environment, who: str) -> Grant:
    """The token with which images are pulled."""
    return Grant(
        "SignInToImages",
        ("ecr:GetAuthorizationToken",),
        ("*",),
        f"the sign-in token with which {who} pulls images is of no repository in particular",
        within(settings.region),
    )


def decrypt_reports(settings: Environment, who: str) -> Grant:
    """Reading the registry's evaluation reports takes the key of its artifacts."""
    key, why = (registry_key(settings),), f"the reports {who} read are encrypted"
    return Grant("DecryptReports", ("kms:Decrypt",), key, why, via(settings, "s3"))
