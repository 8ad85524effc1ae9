"""What customizing foundation models takes: tightly, or as AWS publishes it.

``tight`` follows the calls of the SageMaker Python SDK 3.27 (``sagemaker-train`` 1.27.0); ``compat`` is the
inline policy its documentation asks for, beside three managed policies. The Denies that make ``compat``
bearable are carried in every mode (``denials``, ``guards``).
"""

from mlplatform.ai_registry import hub_name
from mlplatform.names import REWARD_FUNCTION
from mlplatform.permissions.denials import imitating_releases, own_hub
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.places import (
    BY_WORKFLOW,
    passed_to,
    registers,
    reward_functions,
    sagemaker_arns,
)
from mlplatform.policy import within
from mlplatform.settings import Environment
from mlplatform.workflows.bedrock import OWNER_TAG

_MANAGED = (
    "AmazonSageMakerFullAccess",
    "AmazonSageMakerPipelinesIntegrations",
    "AmazonSageMakerModelRegistryFullAccess",
)
_READ_HUB = (
    "sagemaker:DescribeHub",
    "sagemaker:DescribeHubContent",
    "sagemaker:ListHubContentVersions",
    "sagemaker:ListHubContents",
)
_LINEAGE = ("action/*", "artifact/*", "context/*")


def customization(settings: Environment) -> list[Grant]:
    """What ``customization.permissions`` allows both Studio personas; nothing if it is off."""
    if settings.customization.permissions == "off":
        return []
    if settings.customization.permissions == "compat":
        return [
            *_published(settings),
            *_recipes(settings, "the SDK"),
            *_bedrock_role(settings),
            *_workflows_own(settings),
        ]
    return [
        *_reward_functions(settings),
        *_registry_hub(settings),
        *_read_hubs(settings),
        *_recipes(settings, "the SDK"),
        *_evaluation_pipelines(settings),
        *_bedrock_import(settings),
        *_bedrock_role(settings),
        *_workflows_own(settings),
    ]


def managed_policies(settings: Environment) -> list[str]:
    """ARNs of AWS's managed policies both Studio personas carry: none but in ``compat``."""
    if settings.customization.permissions != "compat":
        return []
    return [settings.names.arn("iam", f"policy/{name}", region="", account="aws") for name in _MANAGED]


def customization_job(settings: Environment) -> list[Grant]:
    """What serverless customization jobs, and the SDK's evaluations, do as the role of Studio's jobs."""
    if settings.customization.permissions == "off":
        return []
    return [
        *_read_hubs(settings),
        *_recipes(settings, "a job"),
        *_results(settings),
        *_judges(settings),
        *_evaluation_steps(settings),
        *_evaluation_guards(settings),
    ]


def _published(settings: Environment) -> list[Grant]:
    """The three published statements with the published actions.

    What is added to them changes nothing inside the account: partition, region and account in the ARNs, and
    the region where the published resource is ``*``.
    """
    spellings = ("SageMaker", "sagemaker", "Sagemaker")
    lambdas = tuple(settings.names.arn("lambda", f"function:*{word}*") for word in spellings)
    hub = ("CreateHub", "DeleteHub", "DescribeHub", "ListHubs", "ImportHubContent", "DeleteHubContent")
    content = ("UpdateHubContent", "ListHubContents", "ListHubContentVersions", "DescribeHubContent")
    return [
        Grant(
            "LambdaCreateDeletePermission",
            ("lambda:CreateFunction", "lambda:DeleteFunction", "lambda:InvokeFunction"),
            lambdas,
            "as published, for the account and region; Denies leave the SDK's reward functions",
        ),
        Grant(
            "BedrockDeploy",
            ("bedrock:CreateModelImportJob", "bedrock:GetModelImportJob", "bedrock:GetImportedModel"),
            ("*",),
            "as published, for the region",
            within(settings.region),
        ),
        Grant(
            "AIRegistry",
            tuple(f"sagemaker:{action}" for action in (*hub, *content)),
            ("*",),
            "as published, for the region; Denies leave the account's own hub to change",
            within(settings.region),
        ),
    ]


def _reward_functions(settings: Environment) -> list[Grant]:
    """The SDK names the functions it makes of reward code ``SageMaker-evaluator-<name>-<time>``."""
    functions = reward_functions(settings)
    only_them = {**passed_to("lambda"), "ArnLike": {"iam:AssociatedResourceArn": functions}}
    return [
        Grant(
            "RewardFunctions",
            ("lambda:CreateFunction", "lambda:DeleteFunction", "lambda:GetFunction", "lambda:InvokeFunction"),
            (functions,),
            "the SDK names reward functions so, and nothing of the platform is",
        ),
        Grant(
            "PassRewardRole",
            ("iam:PassRole",),
            (settings.names.role_arn("model-customization", "reward-function"),),
            "reward functions run as a role that can only log",
            only_them,
        ),
    ]


def _registry_hub(settings: Environment) -> list[Grant]:
    changes = ("CreateHub", "DeleteHubContent", "ImportHubContent", "UpdateHubContent")
    return [
        Grant(
            "AiRegistry",
            tuple(f"sagemaker:{action}" for action in changes),
            own_hub(settings),
            "people name their data sets and evaluators in the account's AI Registry",
        ),
        Grant(
            "ListHubs",
            ("sagemaker:ListHubs",),
            ("*",),
            "lists are of no resource in particular",
            within(settings.region),
        ),
    ]


def _read_hubs(settings: Environment) -> list[Grant]:
    public = (
        settings.names.arn("sagemaker", "hub/SageMakerPublicHub", account="aws"),
        settings.names.arn("sagemaker", "hub-content/SageMakerPublicHub/*", account="aws"),
    )
    why = "base models of the public hub, data sets and evaluators of the account's AI Registry"
    return [Grant("ReadHubs", _READ_HUB, (*own_hub(settings), *public), why)]


def _recipes(settings: Environment, who: str) -> list[Grant]:
    """Recipes, base models and lists of judges lie in a bucket of AWS, one per region, read as the caller.

    Which account has it is not documented; the whole name, which nobody else can have, says that it is AWS's.
    """
    bucket = f"jumpstart-cache-prod-{settings.region}"
    objects = settings.names.arn("s3", f"{bucket}/*", region="", account="")
    return [
        Grant("ReadRecipes", ("s3:GetObject",), (objects,), f"AWS publishes there what {who} reads of models")
    ]


def _evaluation_pipelines(settings: Environment) -> list[Grant]:
    """Evaluators are pipelines the SDK creates as ``SagemakerEvaluation-<kind>-<uuid>``.

    SageMaker writes pipeline names in ARNs in lower case in some places and as given in others.
    """
    names = ("SagemakerEvaluation-*", "sagemakerevaluation-*")
    verbs = ("CreatePipeline", "StartPipelineExecution", "StopPipelineExecution", "UpdatePipeline")
    return [
        Grant(
            "EvaluationPipelines",
            tuple(f"sagemaker:{verb}" for verb in verbs),
            sagemaker_arns(settings, *(f"pipeline/{name}" for name in names)),
            "the SDK names the pipelines and runs of evaluations so, and nothing of the platform is",
        ),
        Grant(
            "EvaluationLineage",
            ("sagemaker:AddAssociation", "sagemaker:CreateArtifact", "sagemaker:DescribeArtifact"),
            sagemaker_arns(settings, *_LINEAGE),
            "SageMaker numbers the lineage entries an evaluation refers to",
        ),
    ]


def _bedrock_import(settings: Environment) -> list[Grant]:
    names = settings.names
    imports = (names.arn("bedrock", "imported-model/*"), names.arn("bedrock", "model-import-job/*"))
    models = (names.arn("bedrock", "foundation-model/*", account=""),)
    return [
        Grant(
            "ImportModels",
            ("bedrock:CreateModelImportJob",),
            ("*",),
            "an import is of no resource in particular",
            within(settings.region),
        ),
        Grant(
            "SeeImports",
            ("bedrock:GetImportedModel", "bedrock:GetModelImportJob"),
            imports,
            "Bedrock numbers imports and imported models",
        ),
        Grant("SeeJudges", ("bedrock:GetFoundationModel",), models, "people choose the model that judges"),
    ]


def _workflows_own(settings: Environment) -> list[Grant]:
    """Reward functions and contents of the registry by which workflows judge, and the tag of what they made:
    nobody may put another in their place.

    Those of every environment of the account, as people of each may change what is called like theirs.
    """
    starts = [f"{names.prefix}-{names.environment}-*" for names in settings.neighbours.account]
    functions = tuple(settings.names.arn("lambda", f"function:{REWARD_FUNCTION}{start}") for start in starts)
    hub = hub_name(settings.region, settings.account)
    verbs = ("AddPermission", "Create*", "Delete*", "Publish*", "Put*", "Update*")
    changes = ("DeleteHubContent*", "ImportHubContent", "UpdateHubContent*")
    return [
        Grant(
            "DenyWorkflowsRewards",
            tuple(f"lambda:{verb}" for verb in verbs),
            functions,
            "workflows learn and judge by these reward functions",
            effect="Deny",
        ),
        Grant(
            "DenyWorkflowsContents",
            tuple(f"sagemaker:{change}" for change in changes),
            sagemaker_arns(settings, *(f"hub-content/{hub}/*/{start}" for start in starts)),
            "workflows learn and judge by these data sets and evaluators",
            effect="Deny",
        ),
        Grant(
            "DenyWorkflowsModels",
            ("bedrock:CreateModelImportJob", "bedrock:TagResource"),
            ("*",),
            "workflows serve, call and delete in Amazon Bedrock what has this tag",
            {"Null": {f"aws:RequestTag/{OWNER_TAG}": "false"}},
            effect="Deny",
        ),
    ]


def _bedrock_role(settings: Environment) -> list[Grant]:
    role = settings.names.role_arn("model-customization", "bedrock-import")
    why = "imports run as a role that can only read customized models"
    return [Grant("PassImportRole", ("iam:PassRole",), (role,), why, passed_to("bedrock"))]


def _results(settings: Environment) -> list[Grant]:
    """A customized model becomes an unapproved version; the default status is PendingManualApproval."""
    registry = settings.neighbours.registry
    pending = {"StringEqualsIfExists": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}}
    arns = (registry.package_group_arn("*"), registry.package_arns("*"))
    see = ("sagemaker:DescribeModelPackage", "sagemaker:DescribeModelPackageGroup")
    why = "a job registers what it customized in any group of the registry's model products"
    register = Grant(
        "RegisterUnapproved", ("sagemaker:CreateModelPackage",), arns, f"{why}, unapproved", pending
    )
    return [
        *([register] if registers(settings) else []),
        Grant(
            "DenyImitatingWorkflows",
            ("sagemaker:CreateModelPackage",),
            ("*",),
            "a version that names an execution was trained, evaluated and judged by a workflow",
            BY_WORKFLOW,
            effect="Deny",
        ),
        *imitating_releases(settings),
        Grant(
            "ReadVersions",
            (*see, "sagemaker:AccessModelPackage", "sagemaker:ListModelPackages"),
            arns,
            f"{why}, and may start from a version there",
        ),
    ]


def _judges(settings: Environment) -> list[Grant]:
    """Judging by a language model is an evaluation job of Bedrock's, to which the SDK names no role."""
    models = settings.names.arn("bedrock", "foundation-model/*", account="")
    evaluations = settings.names.arn("bedrock", "evaluation-job/*")
    return [
        Grant(
            "AskRewardFunctions",
            ("lambda:InvokeFunction",),
            (reward_functions(settings),),
            "the SDK names reward functions, which a job asks for scores",
        ),
        Grant(
            "AskJudges",
            ("bedrock:InvokeModel",),
            (models,),
            "whoever starts a job chooses the model that scores its answers",
            within(settings.region),
        ),
        Grant(
            "JudgeAnswers",
            ("bedrock:CreateEvaluationJob", "bedrock:GetEvaluationJob"),
            (evaluations, models),
            "Bedrock numbers evaluations; whoever starts one chooses the model that judges",
            within(settings.region),
        ),
    ]


def _evaluation_steps(settings: Environment) -> list[Grant]:
    """The steps of an evaluation start as the pipeline's role: serverless jobs, and none on instances."""
    names = settings.names
    jobs = sagemaker_arns(settings, "training-job/*")
    lineage = ("Action", "Artifact", "Context")
    serverless = {"Null": {"sagemaker:InstanceTypes": "true"}}
    why = "SageMaker names the jobs of an evaluation"
    return [
        Grant(
            "StartServerless", ("sagemaker:CreateTrainingJob",), jobs, f"{why}; only serverless", serverless
        ),
        Grant(
            "FollowServerless",
            ("sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"),
            jobs,
            why,
        ),
        Grant(
            "TagServerless",
            ("sagemaker:AddTags",),
            jobs,
            f"{why} and tags them as they start",
            {"StringEquals": {"sagemaker:TaggingAction": "CreateTrainingJob"}},
        ),
        Grant(
            "RecordLineage",
            (
                "sagemaker:AddAssociation",
                *(f"sagemaker:{verb}{kind}" for verb in ("Create", "Describe") for kind in lineage),
            ),
            sagemaker_arns(settings, *_LINEAGE),
            "SageMaker numbers the lineage entries an evaluation records",
        ),
        Grant(
            "PassItself",
            ("iam:PassRole",),
            (names.role_arn("studio", "studio-job"),),
            "the jobs of an evaluation run as the role of the evaluation",
            passed_to("sagemaker"),
        ),
    ]


def _evaluation_guards(settings: Environment) -> list[Grant]:
    """What a person's own Denies close, closed to the pipelines a person has run as the role of jobs."""
    no_key = {"sagemaker:OutputKmsKey": "true", "sagemaker:OutputKmsKeyArn": "true"}
    ours = sagemaker_arns(settings, f"training-job/{settings.names.name('*')}")
    start, everything = ("sagemaker:CreateTrainingJob",), ("*",)
    return [
        Grant(
            "DenyPlatformRuns",
            (*start, "sagemaker:StopTrainingJob"),
            ours,
            "the platform's own jobs are neither imitated nor stopped",
            effect="Deny",
        ),
        Grant(
            "DenyJobsOnInstances",
            start,
            everything,
            "an evaluation starts serverless jobs only: nobody's Denies guard the others",
            {"Null": {"sagemaker:InstanceTypes": "false"}},
            effect="Deny",
        ),
        Grant(
            "DenyJobsWithoutOutputKey",
            start,
            everything,
            "results are encrypted with a key of ours",
            {"Null": no_key},
            effect="Deny",
        ),
    ]
