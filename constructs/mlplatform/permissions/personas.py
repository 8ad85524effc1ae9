"""What each persona may do.

What the two personas of Studio have in common is too long for one inline policy (10,240 characters) and
stands in ``managed``: customer-managed policies that both carry beside their own.
"""

from mlplatform.permissions import work
from mlplatform.permissions.customization import customization
from mlplatform.permissions.denials import registry_denials, studio_denials
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.guards import app_guards, job_guards, use_guards
from mlplatform.permissions.places import (
    decrypt_reports,
    own_profile,
    owned_by,
    sagemaker_arns,
    use_keys,
)
from mlplatform.permissions.reading import (
    DESCRIBE_STUDIO,
    LIST_STUDIO,
    SEE_PACKAGES,
    endpoints,
    reading,
    serving,
)
from mlplatform.policy import READ_OBJECTS, within
from mlplatform.registry_access import MODELS
from mlplatform.settings import Environment
from mlplatform.version_notes import nothing_noted


def managed(settings: Environment) -> dict[str, list[Grant]]:
    """Customer-managed policies of both Studio personas, by the end of their names; none is empty.

    Each stays below the 6,144 characters of a managed policy.
    """
    policies = {
        "studio-common": reading(settings),
        "studio-serving": serving(settings, "people in Studio"),
        "studio-guards": job_guards(settings),
        "studio-use-guards": use_guards(settings),
        "studio-denials": studio_denials(settings),
        "studio-customization": customization(settings),
    }
    return {name: grants for name, grants in policies.items() if grants}


def data_scientist(settings: Environment) -> list[Grant]:
    """The inline policy: own space, guarded jobs, models to score with, unapproved model versions, data."""
    return [
        *work.spaces(settings),
        *work.jobs(settings),
        *work.models(settings),
        *work.registration(settings),
        *work.data(settings),
        *use_keys(settings, "whoever works in Studio"),
        *work.packages_index(settings),
        *work.workflows(settings),
        *registry_denials(settings),
    ]


def ml_engineer(settings: Environment) -> list[Grant]:
    """The inline policy: a data scientist's, pipelines, endpoints to try, and releases."""
    return [
        *data_scientist(settings),
        *work.pipelines(settings),
        *work.trials(settings),
        *work.releases(settings, "ML engineers"),
    ]


def studio_admin(settings: Environment, user: str) -> list[Grant]:
    """Spaces and applications of everybody; no profile (they are the environment file's), data or role."""
    people = sagemaker_arns(settings, "user-profile/*", "space/*", "app/*")
    return [
        Grant(
            "ListStudio",
            LIST_STUDIO,
            ("*",),
            f"lists are of no resource in particular; {user} administers Studio",
            within(settings.region),
        ),
        Grant(
            "SeeStudio",
            DESCRIBE_STUDIO,
            (*sagemaker_arns(settings, "domain/*"), *people),
            f"the ids of domains are given at deployment; {user} administers Studio",
        ),
        Grant(
            "ManagePeople",
            _MANAGE_STUDIO,
            people,
            f"{user} administers the spaces and applications of everybody in Studio",
        ),
        Grant(
            "TagNew",
            ("sagemaker:AddTags",),
            people,
            f"{user} tags what is created, nothing that exists",
            {"StringLike": {"sagemaker:TaggingAction": "Create*"}},
        ),
        *app_guards(settings),
        *_no_data(),
    ]


def approver(settings: Environment, user: str) -> list[Grant]:
    """Approving and rejecting model versions, after reading their reports; registering none.

    And releasing them: starting, following and confirming releases where any model serves.
    """
    registry = settings.neighbours.registry
    versions, groups = registry.package_arns("*"), registry.package_group_arn("*")
    reports = f"{registry.bucket_arn('artifacts')}/{MODELS}*"
    return [
        Grant(
            "ListRegistry",
            ("sagemaker:ListModelPackageGroups", "sagemaker:Search"),
            ("*",),
            f"lists are of no resource in particular; {user} finds what waits for approval",
            within(settings.region),
        ),
        Grant(
            "SeeVersions",
            SEE_PACKAGES,
            (groups, versions),
            f"versions of every model product of the registry, present and future, wait for {user}",
        ),
        Grant(
            "Approve",
            ("sagemaker:UpdateModelPackage",),
            (versions,),
            f"{user} approves or rejects any version of any model product of the registry",
            {
                "StringEquals": {"sagemaker:ModelApprovalStatus": ["Approved", "Rejected"]},
                "Null": nothing_noted(settings),
            },
        ),
        Grant(
            "ReadReports",
            READ_OBJECTS,
            (reports,),
            f"{user} reads the evaluation reports of all models before approving",
            owned_by(registry.account),
        ),
        decrypt_reports(settings, f"{user} and other approvers"),
        *work.releases(settings, f"{user} and other approvers"),
        *serving(settings, f"{user} and other approvers"),
        *endpoints(settings, f"{user} and other approvers"),
        *work.confirmation(settings, user),
        Grant(
            "DenyRemovingMetadata",
            ("sagemaker:UpdateModelPackage",),
            ("*",),
            "who approves a version leaves what is recorded of it",
            {"Null": {"sagemaker:CustomerMetadataPropertiesToRemove": "false"}},
            effect="Deny",
        ),
        Grant(
            "DenyRegistering",
            ("sagemaker:CreateModelPackage",),
            ("*",),
            "who approves versions registers none: nobody approves their own",
            effect="Deny",
        ),
    ]


def sign_in(settings: Environment) -> list[Grant]:
    """Opening Studio as oneself."""
    return [
        Grant(
            "OpenOwnStudio",
            ("sagemaker:CreatePresignedDomainUrl",),
            (own_profile(settings),),
            "the id of the domain is given at deployment; the profile is that of the session's own name",
            within(settings.region),
        )
    ]


def _no_data() -> list[Grant]:
    """An administrator of people is not one of data: Denies, whatever else allows it."""
    return [
        Grant(
            "DenyData",
            ("s3:*Object*", "sagemaker:InvokeEndpoint*"),
            ("*",),
            "who administers people reads no data",
            effect="Deny",
        ),
        Grant(
            "DenyTakingOver",
            (
                "iam:PassRole",
                "sagemaker:CreateDomain",
                "sagemaker:CreatePresignedDomainUrl",
                "sagemaker:CreateUserProfile",
                "sagemaker:DeleteDomain",
                "sagemaker:UpdateDomain",
                "sagemaker:UpdateUserProfile",
            ),
            ("*",),
            "who administers people neither becomes one of them nor changes the domain: a profile has a role",
            effect="Deny",
        ),
    ]


_MANAGE_STUDIO = (
    "sagemaker:CreateApp",
    "sagemaker:CreateSpace",
    "sagemaker:DeleteApp",
    "sagemaker:DeleteSpace",
    "sagemaker:UpdateSpace",
)
