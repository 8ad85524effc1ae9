"""What people in Studio do: their spaces, jobs, data, model versions, pipelines and endpoints to try."""

from mlplatform.permissions.bedrock_places import buys_capacity
from mlplatform.permissions.denials import JOBS, SERVED
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.places import (
    LIST_BUCKET,
    STUDIO_PREFIX,
    TRACKING_PREFIX,
    WRITE_OBJECTS,
    decrypt_reports,
    ours,
    own_profile,
    owned_by,
    passed_to,
    registers,
    sagemaker_arns,
    tries,
)
from mlplatform.policy import READ_OBJECTS, within
from mlplatform.registry_access import MODELS
from mlplatform.release_routes import compares, serves
from mlplatform.settings import Environment

STARTED = ("batch", "customize", "customize-bedrock", "register", "retire-bedrock", "train", "tune")
"""Workflows people in Studio start. What is left out releases, or takes a release back."""

RELEASES = ("release", "rollback")
"""Workflows that change what serves, of every model that does."""

LIFECYCLE = "lifecycle"
"""The workflow that pauses, resumes and retires: for people, as requests fail while nothing serves."""


def spaces(settings: Environment) -> list[Grant]:
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


def jobs(settings: Environment) -> list[Grant]:
    """Jobs under any name but the platform's own, as the role of Studio's jobs."""
    kinds = ("HyperParameterTuning", "Processing", "Training", "Transform")
    arns = sagemaker_arns(settings, *(f"{kind}/*" for kind in JOBS))
    return [
        Grant(
            "RunJobs",
            tuple(f"sagemaker:{verb}{kind}Job" for verb in ("Create", "Stop") for kind in kinds),
            arns,
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


def models(settings: Environment) -> list[Grant]:
    """Models to score with in a batch transform, and for ML engineers to deploy."""
    return [
        Grant(
            "TryModels",
            ("sagemaker:CreateModel", "sagemaker:DeleteModel"),
            sagemaker_arns(settings, f"model/{tries(settings)}"),
            "people name the models they try so; no model that serves is",
        )
    ]


def registration(settings: Environment) -> list[Grant]:
    """Unapproved versions of the account's model products, and what was found out about any.

    No registry lets another account's people register: its groups' policies open them to be read.
    """
    registry = settings.neighbours.registry
    reports = f"{registry.bucket_arn('artifacts')}/{MODELS}*"
    register = Grant(
        "RegisterUnapproved",
        ("sagemaker:CreateModelPackage",),
        (registry.package_group_arn("*"), registry.package_arns("*")),
        "the groups of the registry's model products are named so and nothing else is; "
        "versions are numbered when they are registered",
        {"StringEquals": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}},
    )
    return [
        *([register] if registers(settings) else []),
        Grant(
            "ReadReports",
            READ_OBJECTS,
            (reports,),
            "people in Studio read the evaluation reports of all registered models",
            owned_by(registry.account),
        ),
        *([] if settings.keeps_registry else [decrypt_reports(settings, "people in Studio")]),
    ]


def data(settings: Environment) -> list[Grant]:
    """The platform's data to read, and places to write to."""
    source, artifacts, sdk = (
        settings.names.bucket_arn("data"),
        settings.names.bucket_arn("artifacts"),
        settings.names.sdk_bucket_arn,
    )
    return [
        Grant(
            "ListBuckets",
            LIST_BUCKET,
            (source, artifacts, sdk),
            "people in Studio look for what they work on",
            ours(settings),
        ),
        Grant(
            "ReadData",
            READ_OBJECTS,
            (f"{source}/*",),
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


def packages_index(settings: Environment) -> list[Grant]:
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


def workflows(settings: Environment) -> list[Grant]:
    """The environment's state machines: follow all, start those that release nothing."""
    names, ours_ = settings.names, settings.names.name("*")
    why = "whoever works in Studio follows any workflow of the environment"
    return [
        Grant(
            "StartWorkflows",
            ("states:StartExecution",),
            tuple(names.arn("states", f"stateMachine:{names.name(f'*-{kind}')}") for kind in STARTED),
            "whoever works in Studio trains, registers and scores any model of the environment; "
            "approvals and named persons release",
        ),
        Grant(
            "SeeWorkflows",
            ("states:DescribeStateMachine", "states:ListExecutions"),
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


def releasing(settings: Environment) -> tuple[str, ...]:
    """Workflows that change what serves in the environment."""
    return (*RELEASES, *(("ab-test",) if compares(settings) else ()))


def releases(settings: Environment, who: str) -> list[Grant]:
    """Releasing and taking back versions of any model: starting the workflows, and following them."""
    if not serves(settings):
        return []
    names = settings.names
    kinds = (*releasing(settings), LIFECYCLE)
    machines = [f"stateMachine:{names.name(f'*-{kind}')}" for kind in kinds]
    runs = [f"execution:{names.name(f'*-{kind}')}:*" for kind in kinds]
    return [
        Grant(
            "Release",
            ("states:ListExecutions", "states:StartExecution"),
            tuple(names.arn("states", machine) for machine in machines),
            f"{who} release versions of any model that serves, and take them back",
        ),
        Grant(
            "FollowReleases",
            ("states:DescribeExecution", "states:GetExecutionHistory"),
            tuple(names.arn("states", run) for run in runs),
            f"{who} see how far the release of any model is, and what it waits for",
        ),
    ]


def confirmation(settings: Environment, user: str) -> list[Grant]:
    """Answering releases, and purchases for a term, that wait for a person, where some do."""
    if not ((serves(settings) and settings.release.after) or buys_capacity(settings)):
        return []
    return [
        Grant(
            "Confirm",
            ("states:SendTaskFailure", "states:SendTaskSuccess"),
            ("*",),
            f"{user} confirms or declines releases and purchases; Step Functions knows what is meant by its "
            "token, which only those are told who may see the execution's history",
            within(settings.region),
        )
    ]


def pipelines(settings: Environment) -> list[Grant]:
    """SageMaker pipelines to try, none of the platform's."""
    arns = sagemaker_arns(settings, f"pipeline/{tries(settings)}")
    actions = ("CreatePipeline", "DeletePipeline", "UpdatePipeline", "StartPipelineExecution")
    runs = ("RetryPipelineExecution", "StopPipelineExecution")
    return [
        Grant(
            "TryPipelines",
            tuple(f"sagemaker:{action}" for action in (*actions, *runs)),
            (*arns, f"{arns[0]}/execution/*"),
            "ML engineers name their pipelines so; no pipeline of the platform is",
        )
    ]


def trials(settings: Environment) -> list[Grant]:
    """Endpoints to try, none that serves anybody else."""
    kinds = ("Endpoint", "EndpointConfig", "InferenceComponent")
    create = [f"sagemaker:{verb}{kind}" for verb in ("Create", "Delete") for kind in kinds]
    change = [f"sagemaker:Update{kind}" for kind in ("Endpoint", "InferenceComponent")]
    invoke = [f"sagemaker:Invoke{kind}" for kind in ("Endpoint", "EndpointWithResponseStream")]
    return [
        Grant(
            "TryEndpoints",
            (*create, *change, *invoke),
            sagemaker_arns(settings, *(f"{kind}/{tries(settings)}" for kind in SERVED if kind != "model")),
            "ML engineers name what they try so; nothing the platform serves is",
        )
    ]
