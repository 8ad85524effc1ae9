"""What people in Studio see: metadata of jobs and models, logs, images, experiments."""

from mlplatform.exports import imported
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.places import ours, pull_images, sagemaker_arns, via
from mlplatform.permissions.run_places import object_arns
from mlplatform.permissions.tracking import open_tracking, track_runs
from mlplatform.policy import within
from mlplatform.release_routes import serves
from mlplatform.settings import Environment


def reading(settings: Environment) -> list[Grant]:
    """What both Studio personas see and use: metadata of jobs and models, logs, images, experiments."""
    registry = settings.neighbours.registry
    return [
        Grant(
            "List",
            (*LIST_STUDIO, *_LIST_WORK),
            ("*",),
            "lists and searches are of no resource in particular",
            within(settings.region),
        ),
        Grant(
            "Describe",
            (*DESCRIBE_STUDIO, *_DESCRIBE_WORK),
            sagemaker_arns(settings, "*"),
            "people in Studio see the metadata of every job, model and endpoint of the account and region",
        ),
        Grant(
            "SeeVersions",
            SEE_PACKAGES,
            (registry.package_group_arn("*"), registry.package_arns("*")),
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


def endpoints(settings: Environment, who: str) -> list[Grant]:
    """The environment's endpoints, for those who see no other."""
    if not serves(settings):
        return []
    copies = any(product.serving and product.serving.components for product in settings.products)
    kinds = {"endpoint": "Endpoint", **({"inference-component": "InferenceComponent"} if copies else {})}
    arns = sagemaker_arns(settings, *(f"{kind}/{settings.names.endpoint('*')}" for kind in kinds))
    see = tuple(f"sagemaker:Describe{noun}" for noun in kinds.values())
    return [Grant("SeeEndpoints", see, arns, f"{who} see any of them")]


def serving(settings: Environment, who: str) -> list[Grant]:
    """What tells which version of a model serves: the stack of its endpoint, and the ledger of releases. And
    why: the reports that notifications link to.
    """
    if not serves(settings):
        return []
    names, why = settings.names, f"{who} see what serves, of any model"
    table = names.arn("dynamodb", f"table/{names.name('release-ledger')}")
    stacks = names.arn("cloudformation", f"stack/{names.stack('Serving-*')}/*")
    key, read = (imported("ArtifactsKeyArn", settings),), via(settings, "dynamodb", "s3")
    reports = object_arns(settings, "releases/*")
    told = f"{who} read how a release went, and how it was judged"
    return [
        Grant("SeeServing", ("cloudformation:DescribeStacks",), (stacks,), why),
        Grant("ReadReleases", ("dynamodb:GetItem", "dynamodb:Query"), (table,), why),
        Grant("DecryptReleases", ("kms:Decrypt",), key, "ledger and reports are encrypted", read),
        Grant("ReadJudgements", ("s3:GetObject",), reports, told, ours(settings)),
    ]


LIST_STUDIO = (
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
    "sagemaker:ListImages",
    "sagemaker:ListMlflowApps",
    "sagemaker:ListMlflowTrackingServers",
    "sagemaker:ListModelPackageGroups",
    "sagemaker:ListModels",
    "sagemaker:ListPipelines",
    "sagemaker:ListProcessingJobs",
    "sagemaker:ListStudioLifecycleConfigs",
    "sagemaker:ListTrainingJobs",
    "sagemaker:ListTransformJobs",
    "sagemaker:QueryLineage",
    "sagemaker:Search",
    "states:ListStateMachines",
)
DESCRIBE_STUDIO = (
    "sagemaker:DescribeApp",
    "sagemaker:DescribeDomain",
    "sagemaker:DescribeSpace",
    "sagemaker:DescribeUserProfile",
    "sagemaker:ListTags",
)
_DESCRIBE_WORK = (
    "sagemaker:DescribeAppImageConfig",
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeEndpointConfig",
    "sagemaker:DescribeHyperParameterTuningJob",
    "sagemaker:DescribeImage",
    "sagemaker:DescribeImageVersion",
    "sagemaker:DescribeInferenceComponent",
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
SEE_PACKAGES = (
    "sagemaker:BatchDescribeModelPackage",
    "sagemaker:DescribeModelPackage",
    "sagemaker:DescribeModelPackageGroup",
    "sagemaker:ListModelPackages",
)
