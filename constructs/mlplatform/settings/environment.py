"""Settings of one environment: what ``environments/<name>.yaml`` may say."""

import difflib
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator

from mlplatform import regions
from mlplatform.names import Names, forbidden_word
from mlplatform.settings.fields import (
    AccountId,
    BucketName,
    EmailAddress,
    EnvironmentName,
    HttpsUrl,
    KeyPrefix,
    KmsKeyArn,
    NamePrefix,
    OrganizationId,
    Qualifier,
    RoleArn,
    Section,
    Text,
    refuse,
    same_partition,
    unique,
)
from mlplatform.settings.identity import (
    AdoptedResource,
    CiSettings,
    CustomizationSettings,
    IamSettings,
    RegistrySettings,
)
from mlplatform.settings.neighbours import Neighbours
from mlplatform.settings.network import NetworkSettings, RetentionDays
from mlplatform.settings.products import ModelName, ModelProduct
from mlplatform.settings.release import ReleaseSettings
from mlplatform.settings.studio import StudioSettings

REQUIRED_TAGS = ("owner", "cost-center")
"""Cost-allocation tags every environment must name."""

PLATFORM_TAGS = ("environment", "model")
"""Cost-allocation tags the platform sets itself."""

MAX_TAG_CHARACTERS = 1_000
"""Studio's start-up script carries the tags, and SageMaker takes 16,384 characters of it."""

DEFAULT_QUALIFIER = "hnb659fds"
"""What `cdk bootstrap` uses unless told otherwise (AWS CDK guide, "Customize CDK bootstrapping")."""

MAX_TAGS = 45
"""AWS takes 50 on a resource; the platform adds its own."""

MAX_DATA_SOURCES = 20
"""Keeps the S3 endpoint's policy below its 20,480 characters (VPC user guide, AWS PrivateLink quotas)."""

TagKey = Annotated[str, Text(r"[\w .:/=+@-]{1,128}", "1 to 128 letters, digits, spaces and _ . : / = + - @")]
TagValue = Annotated[
    str,
    Text(r"[\w .:/=+@-]{1,256}", "1 to 256 letters, digits, spaces and _ . : / = + - @, numbers in quotes"),
]
SourceName = Annotated[
    str, Text(r"[a-z0-9](-?[a-z0-9]){0,62}", "1 to 63 of a-z, 0-9 and single inner hyphens")
]


class DataSource(Section):
    """A bucket we do not own that jobs may read."""

    name: SourceName | None = Field(
        default=None, description="lets models name it: data://<name>/… is what lies in it"
    )
    bucket: BucketName = Field(description="name of the bucket")
    prefix: KeyPrefix = Field(default="", description="only what lies below this prefix, which ends in /")
    account: AccountId | None = Field(default=None, description="its owner, if another account")
    kms_key_arn: KmsKeyArn | None = Field(default=None, description="the key it is encrypted with")

    @field_validator("kms_key_arn")
    @classmethod
    def _same_place(cls, arn: str | None, info: ValidationInfo) -> str | None:
        region = (info.context or {}).get("region")
        if arn and arn.split(":")[3] != region:
            raise refuse(
                "a key of another region", given=repr(arn), allowed=f"a key of {region}, as the bucket"
            )
        return same_partition(arn, info) if arn else arn


class AuditSettings(Section):
    """Who did what: CloudTrail."""

    cloudtrail: Literal["data_events", "all_events", "organization"] = Field(
        default="data_events",
        description="data_events: of the data and artifacts buckets; all_events: the account's management "
        "events as well (once per account); organization: an organization trail exists, create none",
    )
    retention_days: int = Field(
        default=365, ge=90, le=3653, description="how long audit logs are kept, in days"
    )


class StorageSettings(Section):
    """How long stored objects are kept."""

    noncurrent_version_days: int = Field(
        default=90, ge=1, le=3653, description="how long overwritten objects are kept, in days"
    )
    capture_days: int = Field(
        default=30, ge=1, le=3653, description="how long captured requests and responses are kept, in days"
    )
    access_log_days: int = Field(
        default=365, ge=1, le=3653, description="how long bucket access logs are kept, in days"
    )


class NotificationSettings(Section):
    """Who hears of releases, failures and alarms."""

    email: list[EmailAddress] = Field(default=[], description="e-mail addresses; each confirms once")
    https: list[HttpsUrl] = Field(default=[], description="https:// addresses that receive SNS messages")

    @property
    def subscriptions(self) -> list[tuple[str, str]]:
        """(protocol, address) of every subscription."""
        return [("email", a) for a in self.email] + [("https", a) for a in self.https]


class DeploymentSettings(Section):
    """How the environment is deployed."""

    trusted_accounts: list[AccountId] = Field(
        default=[], description="accounts whose pipelines may deploy here"
    )
    qualifier: Qualifier = Field(default=DEFAULT_QUALIFIER, description="of `cdk bootstrap`, CDK's own")


class Environment(Section):
    """One environment: an account and region, and what the platform there is like."""

    name: EnvironmentName = Field(description="the file's name")
    account: AccountId = Field(description="the AWS account, 12 digits in quotes")
    region: str = Field(description="an AWS region with SageMaker Studio")
    name_prefix: NamePrefix = Field(
        description="first part of every name; lets two platforms share an account"
    )
    organization_id: OrganizationId | None = Field(
        default=None,
        description="VPC endpoints then admit the whole organization instead of this account only",
    )
    serves_production: bool = Field(
        default=False, description="production traffic depends on this environment"
    )
    training: bool = Field(default=False, description="models are trained, tuned and registered here")
    removal: Literal["retain", "destroy"] = Field(
        default="retain", description="what deleting a stack does to keys, buckets and tables"
    )
    tags: dict[TagKey, TagValue] = Field(
        description="cost-allocation tags on everything; needs owner and cost-center"
    )
    owns_account: bool = Field(
        default=False,
        description="holds what exists once in the account and region; exactly one environment there does",
    )
    already_in_account: list[AdoptedResource] = Field(
        default=[], description="what the account has already, to use and not to create; with owns_account"
    )
    iam: IamSettings = Field(default_factory=IamSettings, description="roles, and how people sign in")
    ci: CiSettings | None = Field(default=None, description="who deploys from a pipeline")
    network: NetworkSettings = Field(default_factory=NetworkSettings, description="where the platform runs")
    studio: StudioSettings = Field(default_factory=StudioSettings, description="where people work")
    customization: CustomizationSettings = Field(
        default_factory=CustomizationSettings, description="customizing foundation models"
    )
    registry: RegistrySettings = Field(
        default_factory=RegistrySettings, description="where models are registered"
    )
    release: ReleaseSettings = Field(
        default_factory=ReleaseSettings, description="how an approved version comes to serve"
    )
    models: dict[ModelName, dict[str, Any]] = Field(
        default={},
        description="what differs here from models/<model>/model.yaml; enabled: false leaves it out",
    )
    data_sources: list[DataSource] = Field(default=[], description="buckets we do not own that jobs may read")
    data_writers: list[RoleArn] = Field(
        default=[], description="roles that may write to the data bucket, from anywhere"
    )
    break_glass_roles: list[RoleArn] = Field(
        default=[], description="roles that may reach the buckets from anywhere in an emergency"
    )
    storage: StorageSettings = Field(default_factory=StorageSettings, description="how long objects are kept")
    audit: AuditSettings = Field(default_factory=AuditSettings, description="who did what")
    log_retention_days: RetentionDays = Field(
        default=365, description="of every log group of the platform, in days"
    )
    notifications: NotificationSettings = Field(
        default_factory=NotificationSettings, description="who hears of it"
    )
    deployment: DeploymentSettings = Field(
        default_factory=DeploymentSettings, description="how it is deployed"
    )

    _neighbours: Neighbours = PrivateAttr()
    _products: tuple[ModelProduct, ...] = PrivateAttr(default=())

    @field_validator("region")
    @classmethod
    def _region(cls, name: str) -> str:
        usable = regions.regions_offering("studio")
        if name not in usable:
            what = "has no SageMaker Studio" if name in regions.region_names() else "unknown region"
            close = difflib.get_close_matches(name, usable, n=1)
            hint = f", did you mean {close[0]!r}?" if close and what == "unknown region" else ""
            raise refuse(what, given=repr(name) + hint, allowed=", ".join(usable))
        if lacking := [s for s in regions.CORE_ENDPOINTS if s not in regions.region(name).endpoints]:
            raise refuse(f"lacks the endpoints {', '.join(lacking)}", given=repr(name))
        return name

    @field_validator("name_prefix")
    @classmethod
    def _harmless(cls, prefix: str, info: ValidationInfo) -> str:
        start = f"{prefix}-{info.data.get('name', '')}-"
        if word := forbidden_word(start):
            raise refuse(
                f"every name would contain {word!r}, which AWS managed policies grant access to",
                given=repr(start),
            )
        return prefix

    @field_validator("removal")
    @classmethod
    def _keep_production(cls, removal: str, info: ValidationInfo) -> str:
        if removal == "destroy" and info.data.get("serves_production"):
            raise refuse("does not go with serves_production: true", given=removal, allowed="retain")
        return removal

    @field_validator("tags")
    @classmethod
    def _cost_tags(cls, tags: dict[str, str]) -> dict[str, str]:
        if missing := [key for key in REQUIRED_TAGS if key not in tags]:
            raise refuse(
                f"the cost tag {' and '.join(missing)} is missing", given=", ".join(tags) or "no tags"
            )
        unique([key.lower() for key in tags])  # IAM tells keys apart without their case
        for key in tags:
            if key.lower() in PLATFORM_TAGS or key.lower().startswith("aws:") or forbidden_word(key):
                raise refuse("a tag key that is not yours to set", given=repr(key), allowed="other keys")
        if len(tags) > MAX_TAGS:
            raise refuse("too many tags", given=len(tags), allowed=f"at most {MAX_TAGS}")
        if (length := sum(map(len, [*tags, *tags.values()]))) > MAX_TAG_CHARACTERS:
            allowed = f"at most {MAX_TAG_CHARACTERS} of keys and values together"
            raise refuse("too long", given=f"{length} characters", allowed=allowed)
        return tags

    @field_validator("data_sources")
    @classmethod
    def _few_sources(cls, sources: list[DataSource]) -> list[DataSource]:
        if len(sources) > MAX_DATA_SOURCES:
            raise refuse("too many", given=len(sources), allowed=f"at most {MAX_DATA_SOURCES}")
        unique([f"{source.bucket}/{source.prefix}" for source in sources])
        unique([source.name for source in sources if source.name])
        return sources

    @field_validator("already_in_account")
    @classmethod
    def _by_the_owner(cls, things: list[str], info: ValidationInfo) -> list[str]:
        if things and not info.data.get("owns_account"):
            raise refuse("does not go without owns_account: true", given=", ".join(things))
        return unique(things)

    @field_validator("data_writers", "break_glass_roles")
    @classmethod
    def _roles(cls, arns: list[str], info: ValidationInfo) -> list[str]:
        for arn in arns:
            same_partition(arn, info)
        return unique(arns)

    @field_validator("notifications")
    @classmethod
    def _reaches_someone(cls, settings: NotificationSettings, info: ValidationInfo) -> NotificationSettings:
        if info.data.get("serves_production") and not settings.subscriptions:
            raise refuse("is missing", allowed="an email or https address, because serves_production: true")
        return settings

    @property
    def place(self) -> regions.Region:
        """The facts of the environment's region."""
        return regions.region(self.region)

    @property
    def names(self) -> Names:
        """What everything in this environment is called."""
        return Names(
            self.name_prefix, self.name, self.place.partition, self.region, self.account, self.iam.role_path
        )

    @property
    def neighbours(self) -> Neighbours:
        """What this environment must know of the others."""
        return self._neighbours

    @property
    def products(self) -> tuple[ModelProduct, ...]:
        """The model products of this environment, sorted by name."""
        return self._products

    @property
    def keeps_registry(self) -> bool:
        """Whether models are registered here, not in another environment."""
        return self.registry.environment in (None, self.name)

    @property
    def boundary_arn(self) -> str | None:
        """ARN of the permissions boundary of every role, or None."""
        named = self.iam.permissions_boundary
        if named == "none":
            return None
        name = self.names.name("boundary", kind="policy") if named == "platform" else named
        return self.names.arn("iam", f"policy/{name}", region="")

    @property
    def endpoint_services(self) -> list[str]:
        """Short names of the interface endpoints this environment needs, each once."""
        tracking = [] if self.studio.mlflow == "none" else ["experiments"]
        return list(dict.fromkeys([*self.network.endpoint_services, *tracking]))

    def among(self, neighbours: Neighbours, products: tuple[ModelProduct, ...]) -> "Environment":
        """Return a copy that knows the environments around it and its model products."""
        copy = self.model_copy()
        copy._neighbours, copy._products = neighbours, products
        return copy

    @property
    def retains(self) -> bool:
        """Whether stateful resources outlive their stack."""
        return self.removal == "retain"
