"""What each persona may do.

What the two personas of Studio have in common is too long for one inline policy (10,240 characters) and
stands in ``managed``: customer-managed policies that both carry beside their own.
"""

from mlplatform.permissions.customization import customization
from mlplatform.permissions.denials import JOBS, SERVED, registry_denials, studio_denials
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.guards import job_guards
from mlplatform.permissions.places import (
    LIST_BUCKET,
    READ_OBJECTS,
    REPORTS_PREFIX,
    STUDIO_PREFIX,
    TRACKING_PREFIX,
    WRITE_OBJECTS,
    ours,
    own_profile,
    owned_by,
    package_groups,
    packages,
    passed_to,
    pull_images,
    registry_key,
    sagemaker_arns,
    sdk_bucket,
    tries,
    use_keys,
    via,
)
from mlplatform.permissions.tracking import open_tracking, track_runs
from mlplatform.policy import within
from mlplatform.settings import Environment


def managed(settings: Environment) -> dict[str, list[Grant]]:
    """Customer-managed policies of both Studio personas, by the end of their names; none is empty.

    Each stays below the 6,144 characters of a managed policy.
    """
    policies = {
        "studio-common": common(settings),
        "studio-guards": job_guards(settings),
        "studio-denials": studio_denials(settings),
        "studio-customization": customization(settings),
    }
    return {name: grants for name, grants in policies.items() if grants}


def data_scientist(settings: Environment) -> list[Grant]:
    """The inline policy: own space, guarded jobs, unapproved model versions, data."""
    return [
        *_spaces(settings),
        *_jobs(settings),
        *_registration(settings),
        *_data(settings),
        *use_keys(settings, "whoever works in Studio"),
        *_packages_index(settings),
        *_workflows(settings),
        *registry_denials(settings),
    ]


def ml_engineer(settings: Environment) -> list[Grant]:
    """The inline policy: a data scientist's, pipelines, and models and endpoints to try."""
    return [*data_scientist(settings), *_pipelines(settings), *_trials(settings)]


def studio_admin(settings: Environment, user: str) -> list[Grant]:
    """Spaces, applications and user profiles of everybody; no data, no role to pass, no session."""
    people = sagemaker_arns(settings, "user-profile/*", "space/*", "app/*")
    return [
        Grant(
            "ListStudio",
            _LIST_STUDIO,
            ("*",),
            f"lists are of no resource in particular; {user} administers Studio",
            within(settings.region),
        ),
        Grant(
            "SeeStudio",
            _DESCRIBE_STUDIO,
            (*sagemaker_arns(settings, "domain/*"), *people),
            f"the ids of domains are given at deployment; {user} administers Studio",
        ),
        Grant(
            "ManagePeople",
            _MANAGE_STUDIO,
            people,
            f"{user} administers the profiles, spaces and applications of everybody in Studio",
        ),
        Grant(
            "TagNew",
            ("sagemaker:AddTags",),
            people,
            f"{user} tags what is created, nothing that exists",
            {"StringLike": {"sagemaker:TaggingAction": "Create*"}},
        ),
        *_no_data(),
    ]


def approver(settings: Environment, user: str) -> list[Grant]:
    """Approving and rejecting model versions, after reading their reports; registering none."""
    registry = settings.neighbours.registry
    versions, groups = packages(registry), package_groups(registry)
    reports = f"{registry.bucket_arn('artifacts')}/{REPORTS_PREFIX}*"
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
            _SEE_PACKAGES,
            (groups, versions),
            f"versions of every model product of the registry, present and future, wait for {user}",
        ),
        Grant(
            "Approve",
            ("sagemaker:UpdateModelPackage",),
            (versions,),
            f"{user} approves or rejects any version of any model product of the registry",
            {"StringEquals": {"sagemaker:ModelApprovalStatus": ["Approved", "Rejected"]}},
        ),
        Grant(
            "ReadReports",
            READ_OBJECTS,
            (reports,),
            f"{user} reads the evaluation reports of all models before approving",
            owned_by(registry.account),
        ),
        _decrypt_reports(settings, f"{user} and other approvers"),
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


def common(settings: Environment) -> list[Grant]:
    """What both Studio personas see and use: metadata of jobs and models, logs, images, experiments."""
    registry = settings.neighbours.registry
    return [
        Grant(
            "List",
            (*_LIST_STUDIO, *_LIST_WORK),
            ("*",),
            "lists and searches are of no resource in particular",
            within(settings.region),
        ),
        Grant(
            "Describe",
            (*_DESCRIBE_STUDIO, *_DESCRIBE_WORK),
            sagemaker_arns(settings, "*"),
            "people in Studio see the metadata of every job, model and endpoint of the account and region",
        ),
        Grant(
            "SeeVersions",
            _SEE_PACKAGES,
            (package_groups(registry), packages(registry)),
            "people in Studio see every version of every model product of the registry",
        ),
        Grant(
            "ReadLogs",
            ("logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"),
            (settings.names.arn("logs", "log-group:/aws/sagemaker/*"),),
            "SageMaker names the log groups of jobs and endpoints; all lie below /aws/sagemaker/",
        ),
        *pull_images(settings, "whoever works in Studio"),
        *open_tracking(settings),
        *track_runs(settings),
    ]


_LIST_STUDIO = (
    "sagemaker:ListApps",
    "sagemaker:ListDomains",
    "sagemaker:ListSpaces",
    "sagemaker:ListUserProfiles",
)
_LIST_WORK = (
    "cloudwatch:GetMetricData",
    "cloudwatch:ListMetrics",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "logs:DescribeLogGroups",
    "sagemaker:ListArtifacts",
    "sagemaker:ListAssociations",
    "sagemaker:ListContexts",
    "sagemaker:ListEndpointConfigs",
    "sagemaker:ListEndpoints",
    "sagemaker:ListHyperParameterTuningJobs",
    "sagemaker:ListMlflowApps",
    "sagemaker:ListMlflowTrackingServers",
    "sagemaker:ListModelPackageGroups",
    "sagemaker:ListModels",
    "sagemaker:ListPipelines",
    "sagemaker:ListProcessingJobs",
    "sagemaker:ListTrainingJobs",
    "sagemaker:ListTransformJobs",
    "sagemaker:QueryLineage",
    "sagemaker:Search",
    "states:ListStateMachines",
)
_DESCRIBE_STUDIO = (
    "sagemaker:DescribeApp",
    "sagemaker:DescribeDomain",
    "sagemaker:DescribeSpace",
    "sagemaker:DescribeUserProfile",
    "sagemaker:ListTags",
)
_DESCRIBE_WORK = (
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeEndpointConfig",
    "sagemaker:DescribeHyperParameterTuningJob",
    "sagemaker:DescribeModel",
    "sagemaker:DescribePipeline",
    "sagemaker:DescribePipelineDefinitionForExecution",
    "sagemaker:DescribePipelineExecution",
    "sagemaker:DescribeProcessingJob",
    "sagemaker:DescribeStudioLifecycleConfig",
    "sagemaker:DescribeTrainingJob",
    "sagemaker:DescribeTransformJob",
    "sagemaker:ListPipelineExecutionSteps",
    "sagemaker:ListPipelineExecutions",
    "sagemaker:ListPipelineParametersForExecution",
    "sagemaker:ListTrainingJobsForHyperParameterTuningJob",
)
_MANAGE_STUDIO = (
    "sagemaker:CreateApp",
    "sagemaker:CreateSpace",
    "sagemaker:CreateUserProfile",
    "sagemaker:DeleteApp",
    "sagemaker:DeleteSpace",
    "sagemaker:DeleteUserProfile",
    "sagemaker:UpdateSpace",
    "sagemaker:UpdateUserProfile",
)
_SEE_PACKAGES = (
    "sagemaker:BatchDescribeModelPackage",
    "sagemaker:DescribeModelPackage",
    "sagemaker:DescribeModelPackageGroup",
    "sagemaker:ListModelPackages",
)


def _spaces(settings: Environment) -> list[Grant]:
    """One's own private spaces; applications of one's own and of shared spaces."""
    mine = {
        "ArnLike": {"sagemaker:OwnerUserProfileArn": own_profile(settings)},
        "StringEquals": {"sagemaker:SpaceSharingType": "Private"},
    }
    apps, spaces = sagemaker_arns(settings, "app/*", "space/*")
    return [
        Grant(
            "OwnSpaces",
            (
                "sagemaker:CreateApp",
                "sagemaker:CreateSpace",
                "sagemaker:DeleteApp",
                "sagemaker:DeleteSpace",
                "sagemaker:UpdateSpace",
            ),
            (apps, spaces),
            "people name their spaces themselves; the condition keeps to private spaces of one's own",
            mine,
        ),
        Grant(
            "SharedSpaces",
            ("sagemaker:CreateApp", "sagemaker:DeleteApp"),
            (apps,),
            "everybody in Studio starts and stops the applications of shared spaces",
            {"StringEquals": {"sagemaker:SpaceSharingType": "Shared"}},
        ),
        Grant(
            "TagNew",
            ("sagemaker:AddTags",),
            sagemaker_arns(settings, "*"),
            "whoever creates something tags it; the condition excludes what exists already",
            {"StringLike": {"sagemaker:TaggingAction": "Create*"}},
        ),
    ]


def _jobs(settings: Environment) -> list[Grant]:
    kinds = ("HyperParameterTuning", "Processing", "Training", "Transform")
    jobs = sagemaker_arns(settings, *(f"{kind}/*" for kind in JOBS))
    return [
        Grant(
            "RunJobs",
            tuple(f"sagemaker:{verb}{kind}Job" for verb in ("Create", "Stop") for kind in kinds),
            jobs,
            "people and the SDK name jobs as they like; Denies guard how they run and spare the platform's",
        ),
        Grant(
            "PassJobRole",
            ("iam:PassRole",),
            (settings.names.role_arn("studio", "studio-job"),),
            "jobs started from Studio run as one role",
            passed_to("sagemaker"),
        ),
    ]


def _registration(settings: Environment) -> list[Grant]:
    registry = settings.neighbours.registry
    reports = f"{registry.bucket_arn('artifacts')}/{REPORTS_PREFIX}*"
    return [
        Grant(
            "RegisterUnapproved",
            ("sagemaker:CreateModelPackage",),
            (package_groups(registry), packages(registry)),
            "the groups of the registry's model products are named so and nothing else is; "
            "versions are numbered when they are registered",
            {"StringEquals": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}},
        ),
        Grant(
            "ReadReports",
            READ_OBJECTS,
            (reports,),
            "people in Studio read the evaluation reports of all registered models",
            owned_by(registry.account),
        ),
        *([] if settings.keeps_registry else [_decrypt_reports(settings, "people in Studio")]),
    ]


def _decrypt_reports(settings: Environment, who: str) -> Grant:
    key, why = (registry_key(settings),), f"the reports {who} read are encrypted"
    return Grant("DecryptReports", ("kms:Decrypt",), key, why, via(settings, "s3"))


def _data(settings: Environment) -> list[Grant]:
    data, artifacts, sdk = (
        settings.names.bucket_arn("data"),
        settings.names.bucket_arn("artifacts"),
        sdk_bucket(settings),
    )
    return [
        Grant(
            "ListBuckets",
            LIST_BUCKET,
            (data, artifacts, sdk),
            "people in Studio look for what they work on",
            ours(settings),
        ),
        Grant(
            "ReadData",
            READ_OBJECTS,
            (f"{data}/*",),
            "people in Studio work with all data of the platform",
            ours(settings),
        ),
        Grant(
            "ReadAndWriteWork",
            (*READ_OBJECTS, *WRITE_OBJECTS),
            (f"{artifacts}/{STUDIO_PREFIX}*", f"{artifacts}/{TRACKING_PREFIX}*", f"{sdk}/*"),
            "people in Studio share what they work on and what the SDK keeps for them",
            ours(settings),
        ),
    ]


def _packages_index(settings: Environment) -> list[Grant]:
    """Python packages from the environment's CodeArtifact repository."""
    if settings.network.package_index != "codeartifact":
        return []
    names, domain = settings.names, settings.names.name("packages")
    return [
        Grant(
            "SignInToPackages",
            ("codeartifact:GetAuthorizationToken",),
            (names.arn("codeartifact", f"domain/{domain}"),),
            "people in Studio install packages",
        ),
        Grant(
            "ReadPackages",
            ("codeartifact:GetRepositoryEndpoint", "codeartifact:ReadFromRepository"),
            (names.arn("codeartifact", f"repository/{domain}/python"),),
            "people in Studio install packages",
        ),
        Grant(
            "PackagesToken",
            ("sts:GetServiceBearerToken",),
            ("*",),
            "the token with which packages are installed is of no repository in particular",
            {"StringEquals": {"sts:AWSServiceName": "codeartifact.amazonaws.com"}},
        ),
    ]


def _workflows(settings: Environment) -> list[Grant]:
    """The environment's state machines: start and follow."""
    names, ours_ = settings.names, settings.names.name("*")
    why = "whoever works in Studio starts and follows any workflow of the environment"
    return [
        Grant(
            "StartWorkflows",
            ("states:DescribeStateMachine", "states:ListExecutions", "states:StartExecution"),
            (names.arn("states", f"stateMachine:{ours_}"),),
            why,
        ),
        Grant(
            "FollowWorkflows",
            ("states:DescribeExecution", "states:GetExecutionHistory"),
            (names.arn("states", f"execution:{ours_}:*"),),
            why,
        ),
    ]


def _pipelines(settings: Environment) -> list[Grant]:
    pipelines = sagemaker_arns(settings, f"pipeline/{tries(settings)}")
    actions = ("CreatePipeline", "DeletePipeline", "UpdatePipeline", "StartPipelineExecution")
    runs = ("RetryPipelineExecution", "StopPipelineExecution")
    return [
        Grant(
            "TryPipelines",
            tuple(f"sagemaker:{action}" for action in (*actions, *runs)),
            (*pipelines, f"{pipelines[0]}/execution/*"),
            "ML engineers name their pipelines so; no pipeline of the platform is",
        )
    ]


def _trials(settings: Environment) -> list[Grant]:
    kinds = ("Endpoint", "EndpointConfig", "InferenceComponent", "Model")
    create = [f"sagemaker:{verb}{kind}" for verb in ("Create", "Delete") for kind in kinds]
    change = [f"sagemaker:Update{kind}" for kind in ("Endpoint", "InferenceComponent")]
    invoke = [f"sagemaker:Invoke{kind}" for kind in ("Endpoint", "EndpointWithResponseStream")]
    return [
        Grant(
            "TryModels",
            (*create, *change, *invoke),
            sagemaker_arns(settings, *(f"{kind}/{tries(settings)}" for kind in SERVED)),
            "ML engineers name what they try so; nothing the platform serves is",
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
                "sagemaker:DeleteDomain",
                "sagemaker:UpdateDomain",
            ),
            ("*",),
            "who administers people neither acts as one of them nor changes the domain",
            effect="Deny",
        ),
    ]
