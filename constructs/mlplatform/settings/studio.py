"""Settings of Studio: who works there, on what, and for how long."""

import difflib
from typing import Annotated, Any, Literal

from pydantic import Field, GetJsonSchemaHandler, ValidationInfo, field_validator, model_validator
from pydantic_core import CoreSchema

from mlplatform.instance_types import instance_types
from mlplatform.settings.fields import AccountId, Section, Text, offered, refuse, same_partition, unique

Persona = Literal["data_scientist", "ml_engineer", "studio_admin", "approver"]

STUDIO_PERSONAS: tuple[Persona, ...] = ("data_scientist", "ml_engineer")
"""Personas that work in Studio, under a user profile; the others sign in to a role of their own."""

MAX_INSTANCE_TYPES = 20
"""Keeps the policies that name them below IAM's 6,144 characters (IAM user guide, "IAM and STS quotas")."""

SYSTEM_INSTANCE = "system"
"""What SageMaker calls the instance of an application that needs none."""

Application = Literal[
    "Canvas",
    "CodeEditor",
    "DetailedProfiler",
    "JupyterLab",
    "JupyterServer",
    "RStudioServerPro",
    "TensorBoard",
]
"""HiddenAppTypes of a domain, as CloudFormation knows them; the SageMaker API knows two more."""

UserName = Annotated[
    str,
    Text(r"[a-z0-9](-?[a-z0-9]){0,30}", "1 to 31 of a-z, 0-9 and single inner hyphens, a role is named so"),
]
SpaceName = Annotated[
    str, Text(r"[a-z0-9](-?[a-z0-9]){0,62}", "1 to 63 of a-z, 0-9 and single inner hyphens")
]
SsoUser = Annotated[str, Text(r"[^\s:]{1,256}", "the user name in Identity Center")]
InstanceArn = Annotated[
    str,
    Text(
        r"arn:aws[a-z-]*:sso:::instance/(sso)?ins-[a-zA-Z0-9-.]{16}",
        "the ARN of an Identity Center instance, which ends in :::instance/ssoins-…",
    ),
]
ImageByDigest = Annotated[
    str,
    Text(
        r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.(com|com\.cn|eu)/[a-z0-9._/-]+@sha256:[0-9a-f]{64}",
        "an image in Amazon ECR by digest, <account>.dkr.ecr.<region>.amazonaws.com/<name>@sha256:…",
    ),
]


class User(Section):
    """One person: their persona, and who they are in Identity Center."""

    persona: Persona = Field(description="what the person does")
    sso_user: SsoUser | None = Field(
        default=None, description="user name in Identity Center, if it differs from the name here"
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"persona": value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        long_form = handler.resolve_ref_schema(handler(schema))
        short_form = {k: v for k, v in long_form["properties"]["persona"].items() if k in ("enum", "type")}
        return {"anyOf": [short_form, long_form]}


class StudioSettings(Section):
    """The SageMaker domain, its users and what they may start."""

    auth_mode: Literal["iam", "sso"] = Field(
        default="iam", description="how people sign in: through IAM, or through IAM Identity Center"
    )
    identity_center_instance_arn: InstanceArn | None = Field(
        default=None, validate_default=True, description="the Identity Center instance; with auth_mode: sso"
    )
    users: dict[UserName, User] = Field(
        default={}, description="name: persona, one line per person; with sso also {persona, sso_user}"
    )
    idle_timeout_minutes: int = Field(
        default=120,
        ge=60,
        le=525_600,
        description="idle JupyterLab and Code Editor stop after so many minutes",
    )
    instance_types: list[str] = Field(
        default=["ml.t3.medium", "ml.t3.large", "ml.m5.large", "ml.m5.xlarge"],
        description="instance types people may run applications on",
    )
    job_instance_types: list[str] = Field(
        default=[
            "ml.m5.large",
            "ml.m5.xlarge",
            "ml.m5.2xlarge",
            "ml.c5.xlarge",
            "ml.g4dn.xlarge",
            "ml.g5.xlarge",
        ],
        description="instance types people may start jobs on",
    )
    hidden_applications: list[Application] = Field(
        default=["Canvas", "JupyterServer", "RStudioServerPro", "TensorBoard"],
        description="applications Studio does not offer",
    )
    docker_trusted_accounts: list[AccountId] = Field(
        default=[], description="accounts whose images Docker in Studio may pull; none: no Docker"
    )
    home_efs: bool = Field(default=False, description="a home directory on EFS beside each space's volume")
    default_volume_gib: int = Field(
        default=20, ge=5, le=16_384, description="size of a new space's volume, in GiB"
    )
    maximum_volume_gib: int = Field(
        default=100, ge=5, le=16_384, description="largest volume of a space, in GiB"
    )
    shared_spaces: dict[SpaceName, str] = Field(
        default={}, description="name: owner; a space that everybody in Studio may open"
    )
    custom_image: ImageByDigest | None = Field(
        default=None, description="an image for JupyterLab beside Amazon's own, by digest"
    )
    mlflow: Literal["app", "server", "none"] = Field(
        default="app", description="experiment tracking: an MLflow App, a tracking server, or none"
    )
    mlflow_server_size: Literal["Small", "Medium", "Large"] = Field(
        default="Small", description="with mlflow: server; for up to 25, 50 or 100 people"
    )

    @field_validator("identity_center_instance_arn")
    @classmethod
    def _identity_center(cls, arn: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("auth_mode") == "sso" and arn is None:
            raise refuse(
                "is missing", allowed="the ARN of the Identity Center instance, because auth_mode: sso"
            )
        if info.data.get("auth_mode") == "iam" and arn is not None:
            raise refuse("does not go with auth_mode: iam", given=repr(arn), allowed="auth_mode: sso")
        return same_partition(arn, info) if arn else arn

    @field_validator("users")
    @classmethod
    def _people(cls, users: dict[str, User], info: ValidationInfo) -> dict[str, User]:
        if info.data.get("auth_mode") == "iam" and (with_sso := [n for n, u in users.items() if u.sso_user]):
            raise refuse(
                "sso_user does not go with auth_mode: iam", given=", ".join(with_sso), allowed="name: persona"
            )
        return users

    @field_validator("instance_types")
    @classmethod
    def _application_types(cls, types: list[str]) -> list[str]:
        return _existing(types, "app")

    @field_validator("job_instance_types")
    @classmethod
    def _job_types(cls, types: list[str]) -> list[str]:
        return _existing(types, "training", "processing", "transform")

    @field_validator("hidden_applications", "docker_trusted_accounts")
    @classmethod
    def _once(cls, values: list[str]) -> list[str]:
        return unique(values)

    @field_validator("docker_trusted_accounts")
    @classmethod
    def _few(cls, accounts: list[str]) -> list[str]:
        if len(accounts) > 20:  # DockerSettings.VpcOnlyTrustedAccounts of the SageMaker API
            raise refuse("too many", given=len(accounts), allowed="at most 20")
        return accounts

    @field_validator("maximum_volume_gib")
    @classmethod
    def _room(cls, size: int, info: ValidationInfo) -> int:
        if size < info.data.get("default_volume_gib", 0):
            raise refuse("smaller than default_volume_gib", given=size)
        return size

    @field_validator("shared_spaces")
    @classmethod
    def _owners(cls, spaces: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        people = [n for n, u in info.data.get("users", {}).items() if u.persona in STUDIO_PERSONAS]
        for space, owner in spaces.items():
            if "users" in info.data and owner not in people:
                raise refuse(
                    f"the owner of {space} does not work in Studio",
                    given=repr(owner),
                    allowed=", ".join(people) or "a data_scientist or ml_engineer of users",
                )
        return spaces

    @field_validator("custom_image")
    @classmethod
    def _image(cls, image: str | None, info: ValidationInfo) -> str | None:
        region = (info.context or {}).get("region")
        if image and image.split(".")[3] != region:
            raise refuse("an image of another region", given=repr(image), allowed=f"an image in {region}")
        return image

    @field_validator("mlflow")
    @classmethod
    def _tracking(cls, product: str, info: ValidationInfo) -> str:
        if product != "none":
            offered("experiments", info, turn_off="mlflow: none")
        return product

    def people(self, *personas: Persona) -> list[str]:
        """Names of the users with one of ``personas``, sorted."""
        return sorted(name for name, user in self.users.items() if user.persona in personas)


def _existing(types: list[str], *uses: str) -> list[str]:
    known = instance_types(*uses)
    for name in types:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
            raise refuse(
                "no such instance type", given=repr(name), allowed=f"such as {', '.join(close or known[:3])}"
            )
    if not 1 <= len(types) <= MAX_INSTANCE_TYPES:
        raise refuse("too many or none", given=len(types), allowed=f"1 to {MAX_INSTANCE_TYPES}")
    return unique(types)
