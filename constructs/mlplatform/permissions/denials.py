"""What is closed to people in Studio, whatever else allows it: Denies both personas carry.

They close what AWS's managed policies open (``customization.permissions: compat``), and are carried in every
mode: where nothing allows a thing, its Deny changes nothing.
"""

from mlplatform.ai_registry import hub_name
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.places import (
    BY_WORKFLOW,
    STUDIO_PREFIX,
    TRACKING_PREFIX,
    DenyAllBut,
    own_profile,
    registers,
    reward_functions,
    sagemaker_arns,
    tries,
)
from mlplatform.policy import Conditions
from mlplatform.serving.measures import INSTANCES
from mlplatform.settings import Environment
from mlplatform.version_notes import STAGE, served_keys

JOBS = ("hyper-parameter-tuning-job", "processing-job", "training-job", "transform-job")
"""Resource types of the jobs the platform runs; IAM takes no wildcard in a resource type."""

SERVED = ("endpoint", "endpoint-config", "inference-component", "model")
"""Resource types of what people may deploy to try it."""


def studio_denials(settings: Environment) -> list[Grant]:
    """Ways around the platform, out of it, and to what it serves."""
    return [
        *_studio(settings),
        *_roles(settings),
        *_functions(settings),
        *_platform(settings),
        *_elsewhere(settings),
    ]


def _deny(sid: str, actions: tuple[str, ...], why: str, condition: Conditions | None = None) -> Grant:
    return Grant(sid, actions, ("*",), why, condition, effect="Deny")


def _deny_but(sid: str, actions: tuple[str, ...], allowed: tuple[str, ...], why: str) -> Grant:
    return DenyAllBut(sid, actions, allowed, why, effect="Deny")


def _studio(settings: Environment) -> list[Grant]:
    return [
        _deny(
            "DenyNotebookInstances",
            (
                "sagemaker:CreateNotebookInstance",
                "sagemaker:CreatePresignedNotebookInstanceUrl",
                "sagemaker:StartNotebookInstance",
                "sagemaker:UpdateNotebookInstance",
            ),
            "notebook instances stand outside Studio's network and identity",
        ),
        _deny("DenySessions", ("sagemaker:StartSession",), "spaces are reached through Studio only"),
        _deny_but(
            "DenyOthersProfiles",
            ("sagemaker:CreatePresignedDomainUrl",),
            (own_profile(settings),),
            "nobody signs in as somebody else",
        ),
        _deny(
            "DenyNamelessSessions",
            ("sagemaker:CreatePresignedDomainUrl",),
            "a session without a name is nobody's",
            {"Null": {"aws:SourceIdentity": "true"}},
        ),
        _deny(
            "DenyStudioAdministration",
            (
                *(f"sagemaker:{verb}AppImageConfig" for verb in ("Create", "Delete", "Update")),
                *(f"sagemaker:{verb}Image*" for verb in ("Create", "Delete", "Update")),
                *(f"sagemaker:{verb}Mlflow*" for verb in ("Create", "Delete", "Update")),
                *(f"sagemaker:{verb}StudioLifecycleConfig" for verb in ("Create", "Delete")),
            ),
            "the platform alone says what starts with Studio and where runs are tracked",
        ),
    ]


def registry_denials(settings: Environment) -> list[Grant]:
    """What is closed about models and hubs: approving, changing, deleting, sharing."""
    registry = settings.neighbours.registry
    return [
        _deny(
            "DenySelfApproval",
            ("sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"),
            "who registers models does not approve them",
            {"StringEquals": {"sagemaker:ModelApprovalStatus": ["Approved", "Rejected"]}},
        ),
        _deny(
            "DenyImitatingWorkflows",
            ("sagemaker:CreateModelPackage",),
            "a version that names an execution was trained, evaluated and judged by a workflow",
            BY_WORKFLOW,
        ),
        *imitating_releases(settings),
        _deny(
            "DenyChangingVersions",
            (
                "sagemaker:DeleteModelPackage*",
                "sagemaker:PutModelPackageGroupPolicy",
                "sagemaker:UpdateModelPackage",
            ),
            "a version is what was approved: nobody changes, deletes or shares it",
        ),
        _deny(
            "DenyRegistrySharing",
            (
                "sagemaker:*LineageGroupPolicy",
                "sagemaker:CallWithBearerToken",
                "sagemaker:DeleteResourcePolicy",
                "sagemaker:PutResourcePolicy",
            ),
            "only the platform shares; a bearer token works from anywhere, for whoever has it",
        ),
        _deny_but(
            "DenyOtherGroups",
            ("sagemaker:CreateModelPackage*",),
            (registry.package_group_arn("*"), registry.package_arns("*")),
            "models are registered in the groups of the registry's model products",
        ),
        _deny_but(
            "DenyOtherHubs",
            (
                "sagemaker:CreateHub*",
                "sagemaker:DeleteHubContent*",
                "sagemaker:ImportHubContent",
                "sagemaker:UpdateHub*",
            ),
            own_hub(settings),
            "the account's AI Registry is the only hub people change",
        ),
        _deny("DenyDeletingHubs", ("sagemaker:DeleteHub",), "a hub goes with everything in it"),
    ]


def imitating_releases(settings: Environment) -> list[Grant]:
    """Registering a version as one that served. A condition asks all its keys, so each has a Deny of its own.

    In a registry of another account nobody here registers anything.
    """
    if not registers(settings):
        return []
    keys = {"DenyClaimingStage": STAGE}
    for number, key in enumerate(served_keys(settings), 1):
        keys[f"DenyClaimingService{number if number > 1 else ''}"] = key
    why = "only a release says where a version served and which stage it is in"
    return [
        _deny(sid, ("sagemaker:CreateModelPackage",), why, {"Null": {key: "false"}})
        for sid, key in keys.items()
    ]


def own_hub(settings: Environment) -> tuple[str, ...]:
    """ARNs of the account's AI Registry hub and of what is in it."""
    hub = hub_name(settings.region, settings.account)
    return sagemaker_arns(settings, f"hub/{hub}", f"hub-content/{hub}/*")


def _roles(settings: Environment) -> list[Grant]:
    """Only three roles are ever passed, each to the service it is for; a trust policy alone is no guard."""
    names = settings.names
    job = names.role_arn("studio", "studio-job")
    reward = names.role_arn("model-customization", "reward-function")
    bedrock = names.role_arn("model-customization", "bedrock-import")
    passing = ("iam:PassRole",)
    return [
        _deny_but(
            "DenyOtherRoles", passing, (job, reward, bedrock), "nobody acts through a role meant for others"
        ),
        *(
            Grant(
                f"Deny{what}RoleElsewhere",
                passing,
                (role,),
                "a role is passed to the one service it is for",
                {"StringNotEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}},
                effect="Deny",
            )
            for what, role, service in (
                ("Job", job, "sagemaker"),
                ("Reward", reward, "lambda"),
                ("Import", bedrock, "bedrock"),
            )
        ),
    ]


def _functions(settings: Environment) -> list[Grant]:
    verbs = ("AddPermission", "Create*", "Delete*", "Invoke*", "Publish*", "Put*", "Update*")
    return [
        _deny_but(
            "DenyOtherFunctions",
            tuple(f"lambda:{verb}" for verb in verbs),
            (reward_functions(settings),),
            "whoever changes or calls a function acts as its role; reward functions can only log",
        )
    ]


def _platform(settings: Environment) -> list[Grant]:
    """What the platform runs and serves; job names that start as its own are its workflows'."""
    kinds = ("Endpoint", "Inference")
    verbs, names = ("Create", "Delete", "Update"), settings.names
    said = [f"{names.prefix}/{names.environment}/releases/*", INSTANCES]
    return [
        Grant(
            "DenyPlatformRuns",
            tuple(f"sagemaker:{verb}*Job" for verb in ("Create", "Delete", "Stop", "Update")),
            sagemaker_arns(settings, *(f"{kind}/{names.name('*')}" for kind in JOBS)),
            "the platform's own jobs are neither imitated nor stopped",
            effect="Deny",
        ),
        _deny_but(
            "DenyServing",
            (
                *(f"sagemaker:{verb}{kind}*" for kind in kinds for verb in verbs),
                "sagemaker:CreateModel",
                "sagemaker:DeleteModel",
                "sagemaker:InvokeEndpoint*",
                "sagemaker:StartInference*",
                "sagemaker:StopInference*",
            ),
            sagemaker_arns(settings, *(f"{kind}/{tries(settings)}" for kind in SERVED)),
            "people deploy and call what they try, and nothing that serves anybody else",
        ),
        _deny_but(
            "DenyPlatformPipelines",
            (
                *(f"sagemaker:{verb}Pipeline*" for verb in verbs),
                *(f"sagemaker:{verb}PipelineExecution" for verb in ("Retry", "Start", "Stop")),
            ),
            sagemaker_arns(
                settings,
                f"pipeline/{tries(settings)}",
                "pipeline/SagemakerEvaluation-*",
                "pipeline/sagemakerevaluation-*",
            ),
            "people run pipelines they try, and the SDK's evaluations",
        ),
        _deny(
            "DenyOperations",
            (
                "application-autoscaling:Delete*",
                "application-autoscaling:Deregister*",
                "application-autoscaling:Put*",
                "application-autoscaling:Register*",
                "cloudwatch:DeleteAlarms",
                "cloudwatch:PutMetricAlarm",
                "ec2:CreateVpcEndpoint",
                "sns:*",
                "sqs:*",
            ),
            "how the platform scales, alarms, notifies and connects is not for people to change",
        ),
        _deny(
            "DenyImitatingEndpoints",
            ("cloudwatch:PutMetricData",),
            "alarms on these metrics stop releases, and take them back",
            {"StringLike": {"cloudwatch:namespace": said}},
        ),
    ]


def _elsewhere(settings: Environment) -> list[Grant]:
    """Places the platform does not look after."""
    artifacts, sdk = settings.names.bucket_arn("artifacts"), settings.names.sdk_bucket_arn
    compute = ("AI", "Cluster", "Compilation", "Edge", "Labeling", "Monitoring", "Optimization", "PartnerApp")
    return [
        _deny_but(
            "DenyOtherBuckets",
            ("s3:CreateBucket", "s3:DeleteObject*", "s3:PutBucket*", "s3:PutObject*"),
            (f"{artifacts}/{STUDIO_PREFIX}*", f"{artifacts}/{TRACKING_PREFIX}*", sdk, f"{sdk}/*"),
            "people write where the platform keeps their work",
        ),
        _deny(
            "DenyUnguardedCompute",
            (
                *(f"sagemaker:Create{kind}*" for kind in compute),
                "sagemaker:Create*JobDefinition",
                "sagemaker:CreateFeatureGroup",
                "sagemaker:CreateTrainingPlan",
            ),
            "what takes neither network nor key in a condition cannot be guarded",
        ),
        _deny(
            "DenyOtherRegions",
            ("bedrock:*", "ec2:*", "ecr:*", "lambda:*", "sagemaker:*"),
            "the platform looks after one region",
            {"StringNotEquals": {"aws:RequestedRegion": settings.region}},
        ),
        _deny(
            "DenyKeyGrants",
            ("kms:CreateGrant",),
            "a grant on a key is for what AWS runs, not for somebody else",
            {"BoolIfExists": {"kms:GrantIsForAWSResource": "false"}},
        ),
    ]
