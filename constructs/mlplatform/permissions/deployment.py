"""What pipelines may do: assume the roles of `cdk bootstrap` to deploy, or start workflows, or release."""

from collections.abc import Sequence
from typing import Any

from mlplatform.permissions.grant import Grant
from mlplatform.permissions.work import STARTED, releasing
from mlplatform.policy import document
from mlplatform.settings import Environment
from mlplatform.settings.identity import CiSettings

DEPLOY = ("deploy", "file-publishing", "image-publishing", "lookup")
"""Roles of `cdk bootstrap` that `cdk deploy` assumes (AWS CDK guide, "CDK bootstrapping")."""

REVIEW = ("lookup",)
"""The one `cdk diff` reads deployed templates with."""


def ci_deploy(settings: Environment) -> list[Grant]:
    """Grants of the role that deploys the environments of this account and region."""
    why = "a pipeline deploys with these roles of cdk bootstrap; CloudFormation's own role does the rest"
    return [Grant("AssumeBootstrapRoles", ("sts:AssumeRole",), _bootstrap_roles(DEPLOY, settings), why)]


def ci_review(settings: Environment) -> list[Grant]:
    """Grants of the role that compares deployed templates with those of a proposed change."""
    why = "a proposed change is compared with what is deployed; this role of cdk bootstrap only reads"
    return [Grant("AssumeLookupRole", ("sts:AssumeRole",), _bootstrap_roles(REVIEW, settings), why)]


def ci_run(settings: Environment) -> list[Grant]:
    """Grants of the role that runs the models' workflows in the environments of this account and region."""
    machines = [
        names.arn("states", f"{kind}:{names.name(f'*-{workflow}')}{runs}")
        for names in settings.neighbours.account
        for workflow in STARTED
        for kind, runs in (("stateMachine", ""), ("execution", ":*"))
    ]
    why = "a pipeline {} the workflows of every model that train, register or score; none that releases"
    start, follow = ("states:StartExecution",), ("states:DescribeExecution", "states:GetExecutionHistory")
    return [
        Grant("StartWorkflows", start, tuple(machines[::2]), why.format("starts")),
        Grant(
            "FollowWorkflows", (*follow, "states:StopExecution"), tuple(machines[1::2]), why.format("follows")
        ),
    ]


def ci_release(settings: Environment) -> list[Grant]:
    """Grants of the role that releases and takes back, in the environments of this account and region."""
    machines = [
        names.arn("states", f"{kind}:{names.name(f'*-{workflow}')}{runs}")
        for names in settings.neighbours.account
        for workflow in releasing(settings)
        for kind, runs in (("stateMachine", ""), ("execution", ":*"))
    ]
    why = "a pipeline {} releases of every model and takes them back; the release itself judges and decides"
    follow = ("states:DescribeExecution", "states:GetExecutionHistory")
    return [
        Grant("StartReleases", ("states:StartExecution",), tuple(machines[::2]), why.format("starts")),
        Grant("FollowReleases", follow, tuple(machines[1::2]), why.format("follows")),
    ]


def ci_trust(settings: Environment, ci: CiSettings, subjects: Sequence[str]) -> dict[str, Any]:
    """Trust policy for tokens of the pipeline's issuer with its audience and one of ``subjects``.

    A subject may end in ``*``. One operator must serve all subjects, as two would both have to hold.
    """
    issuer = ci.issuer_url.removeprefix("https://")
    like = "StringLike" if any("*" in subject for subject in subjects) else "StringEquals"
    condition: dict[str, dict[str, Any]] = {"StringEquals": {f"{issuer}:aud": ci.audience}}
    condition.setdefault(like, {})[f"{issuer}:sub"] = list(subjects)
    return document(
        {
            "Sid": "PipelineTokens",
            "Effect": "Allow",
            "Principal": {"Federated": provider_arn(settings, ci)},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": condition,
        }
    )


def provider_arn(settings: Environment, ci: CiSettings) -> str:
    """ARN of the account's provider for the pipeline's issuer."""
    issuer = ci.issuer_url.removeprefix("https://")
    return settings.names.arn("iam", f"oidc-provider/{issuer}", region="")


def _bootstrap_roles(purposes: Sequence[str], settings: Environment) -> tuple[str, ...]:
    where = f"{settings.account}-{settings.region}"
    return tuple(
        settings.names.arn("iam", f"role/cdk-{qualifier}-{purpose}-role-{where}", region="")
        for qualifier in settings.neighbours.qualifiers
        for purpose in purposes
    )
