"""Settings of identity: how people sign in, who deploys, what roles may at most do."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from mlplatform.settings.fields import (
    EnvironmentName,
    KmsKeyArn,
    RoleArn,
    Section,
    Text,
    refuse,
    same_partition,
    unique,
)

AdoptedResource = Literal["oidc_provider", "sdk_default_bucket", "ai_registry_hub"]

ISSUERS = {"github": "https://token.actions.githubusercontent.com", "gitlab": "https://gitlab.com"}
"""OpenID Connect issuers known by name (GitHub and GitLab documentation, "OpenID Connect")."""

BoundaryName = Annotated[
    str, Text(r"[\w+=,.@/-]{1,128}", "platform, none, or the name of a managed policy of the account")
]
RolePath = Annotated[
    str,
    Text(r"(?=.{1,64}$)/([\w+=,.@-]+/){0,4}", "a path such as /ml/, of at most four parts and 64 characters"),
]
Issuer = Annotated[str, Text(r"github|gitlab|https://[^\s*]+", "github, gitlab, or an https:// issuer")]
Audience = Annotated[str, Text(r"[^\s*]{1,255}", "the audience of the tokens, such as sts.amazonaws.com")]
Subject = Annotated[
    str,
    Text(
        r"[^\s*?]{3,}[^\s?]*",
        "the subject of a token, such as repo:acme/ml:environment:dev, * only at its end",
    ),
]


class IamSettings(Section):
    """What the platform's roles are called and bounded by, and how people prove who they are."""

    permissions_boundary: BoundaryName = Field(
        default="platform",
        description="managed policy no role of the platform can exceed: platform (the one `make bootstrap` "
        "creates), none, or the name of one the account has",
    )
    role_path: RolePath = Field(default="/", description="IAM path in front of the platform's own")
    require_mfa: Literal["iam", "identity_provider", "off"] = Field(
        default="iam",
        description="who checks a second factor of people: IAM, the identity provider whose roles "
        "sign_in_roles names, or nobody",
    )
    sign_in_roles: list[RoleArn] = Field(
        default=[],
        validate_default=True,
        description="roles of the identity provider through which people come",
    )

    @field_validator("sign_in_roles")
    @classmethod
    def _named(cls, arns: list[str], info: ValidationInfo) -> list[str]:
        checked_by = info.data.get("require_mfa")
        if checked_by == "identity_provider" and not arns:
            why = "because require_mfa: identity_provider"
            raise refuse("is missing", allowed=f"the roles people get from the identity provider, {why}")
        if checked_by == "iam" and arns:
            given = ", ".join(arns)
            raise refuse("does not go with require_mfa: iam", given=given, allowed="identity_provider, off")
        for arn in arns:
            same_partition(arn, info)
        return unique(arns)


class CiSettings(Section):
    """Who may deploy from a pipeline, without stored keys."""

    issuer: Issuer = Field(default="github", description="who issues the pipeline's tokens")
    audience: Audience = Field(default="sts.amazonaws.com", description="for whom the tokens are issued")
    deploy_subjects: list[Subject] = Field(
        description="token subjects that may deploy, such as a branch or environment"
    )
    review_subjects: list[Subject] = Field(
        default=[], description="token subjects that may read deployed templates to compare with"
    )
    run_subjects: list[Subject] = Field(
        default=[], description="token subjects that may start the models' workflows, none that releases"
    )
    release_subjects: list[Subject] = Field(
        default=[], description="token subjects that may start the workflows release and rollback"
    )

    @field_validator("deploy_subjects")
    @classmethod
    def _some(cls, subjects: list[str]) -> list[str]:
        if not subjects:
            raise refuse("is empty", allowed="at least one subject")
        return unique(subjects)

    @property
    def issuer_url(self) -> str:
        """The issuer as an https:// address without a trailing slash."""
        return ISSUERS.get(self.issuer, self.issuer).rstrip("/")


class CustomizationSettings(Section):
    """What people may do to customize foundation models."""

    permissions: Literal["tight", "compat", "off"] = Field(
        default="tight",
        description="tight: what the SDK's trainers need; compat: AWS's managed policies with Denies around "
        "them; off: nothing",
    )


class RegistrySettings(Section):
    """Where model packages and images are registered."""

    environment: EnvironmentName | None = Field(
        default=None, description="the environment whose registry this one uses; none: its own"
    )
    artifacts_key_arn: KmsKeyArn | None = Field(
        default=None, description="that registry's artifacts key; with environment"
    )

    @field_validator("artifacts_key_arn")
    @classmethod
    def _key(cls, arn: str | None, info: ValidationInfo) -> str | None:
        region = (info.context or {}).get("region")
        if arn and info.data.get("environment") is None:
            raise refuse("does not go without environment", given=repr(arn), allowed="registry.environment")
        if arn and arn.split(":")[3] != region:
            raise refuse("a key of another region", given=repr(arn), allowed=f"a key of {region}")
        return same_partition(arn, info) if arn else arn
