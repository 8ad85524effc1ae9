"""What the function that decides each step of one model's customization may do, and the workflow that calls
it.

It starts the model's jobs and no other, serverless ones only, and can take a version out of what awaits
approval; it approves nothing.
"""

from mlplatform.exports import imported
from mlplatform.permissions.customization_places import (
    BASE_RESULTS,
    FUNCTION_ROLE,
    JOB_ROLE,
    KEPT,
    PROMPTS,
    RESULTS,
    SPENDING,
    base_model,
    job_arns,
    own_contents,
)
from mlplatform.permissions.function_roles import ADMISSION, CHECK, GATE, function_arn
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.lineage import record_lineage
from mlplatform.permissions.places import ours, passed_to, via
from mlplatform.permissions.run_places import KEPT as VERSIONS
from mlplatform.permissions.run_places import RUNS, object_arns
from mlplatform.permissions.tracking import find_tracking
from mlplatform.permissions.workflow_roles import notifications, observability, parts
from mlplatform.policy import Conditions
from mlplatform.settings import Environment
from mlplatform.settings.customization import CustomizationSettings
from mlplatform.settings.products import ModelProduct
from mlplatform.version_notes import REMOVED, nothing_noted

WORKFLOW = "customize"


def customization_function(
    product: ModelProduct, settings: Environment, section: CustomizationSettings
) -> list[Grant]:
    """The policy of the function that decides the steps of customizing ``product`` as ``section`` says."""
    return [
        *_records(product, settings),
        *_assets(product, settings, section),
        *_jobs(product, settings),
        *_versions(product, settings),
        *record_lineage(
            settings,
            actions="*",
            why="lineage connects the data, job and version of a run; SageMaker numbers artifacts, and "
            "actions are named after jobs",
        ),
        *find_tracking(settings),
    ]


def customize_workflow(product: ModelProduct, settings: Environment) -> list[Grant]:
    """The policy of the workflow that customizes ``product``."""
    own = settings.names.name(f"{product.name}{FUNCTION_ROLE}", kind="function")
    called = [function_arn(package, settings) for package in (ADMISSION, CHECK, GATE)]
    called.append(settings.names.arn("lambda", f"function:{own}"))
    why = "what a state cannot do by itself"
    return [
        Grant("CallFunctions", ("lambda:InvokeFunction",), tuple(called), why),
        *parts(product, settings, [WORKFLOW]),
        *notifications(settings),
        *observability(settings),
    ]


def _records(product: ModelProduct, settings: Environment) -> list[Grant]:
    """What was spent, prompts and results of base models, and what jobs of the model's runs found out."""
    model = product.name
    mine = [f"{KEPT}{model}/{folder}*" for folder in (BASE_RESULTS, PROMPTS, SPENDING)]
    found, checked = f"{VERSIONS}{model}/*/evaluation/*", f"{RUNS}{model}/*/check/*"
    bucket, key = settings.names.bucket_arn("artifacts"), (imported("ArtifactsKeyArn", settings),)
    listed = {**ours(settings), "StringLike": {"s3:prefix": found}}
    use, why = ("kms:Decrypt", "kms:GenerateDataKey"), "spending, by month; results, by what was measured"
    records = object_arns(settings, *mine, f"{VERSIONS}{model}/*/{RESULTS}")
    return [
        Grant("KeepRecords", ("s3:GetObject", "s3:PutObject"), records, why, ours(settings)),
        Grant(
            "ReadResults",
            ("s3:GetObject",),
            object_arns(settings, found),
            "what jobs of the model's runs found out",
            ours(settings),
        ),
        Grant(
            "ReadChecks",
            ("s3:GetObject",),
            object_arns(settings, checked),
            "what data each run of the model read",
            ours(settings),
        ),
        Grant("FindRecords", ("s3:ListBucket",), (bucket,), "jobs name what they write", listed),
        Grant("UseKey", use, key, "what it keeps is encrypted", via(settings, "s3")),
    ]


def _assets(product: ModelProduct, settings: Environment, section: CustomizationSettings) -> list[Grant]:
    verbs = ("DescribeHubContent", "ImportHubContent", "ListHubContentVersions")
    why = "data sets and evaluators of the model, each version named after what is in it"
    actions = tuple(f"sagemaker:{verb}" for verb in verbs)
    base, see = base_model(section, settings), ("sagemaker:DescribeHubContent",)
    return [
        Grant("RegisterAssets", actions, own_contents(product, settings), why),
        Grant("SeeBaseModel", see, base, "a run notes which version of the base model it started from"),
    ]


def _jobs(product: ModelProduct, settings: Environment) -> list[Grant]:
    """Serverless jobs whose results are encrypted with the platform's key, as the model's job role."""
    jobs, key = job_arns(settings.names, product.name), imported("ArtifactsKeyArn", settings)
    serverless: Conditions = {
        "Null": {"sagemaker:InstanceTypes": "true"},
        "StringEquals": {"sagemaker:OutputKmsKeyArn": key},
    }
    why = "jobs are named after the model and the run"
    follow = ("sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob")
    tagged = {"StringEquals": {"sagemaker:TaggingAction": "CreateTrainingJob"}}
    return [
        Grant("StartJobs", ("sagemaker:CreateTrainingJob",), jobs, f"{why}; serverless only", serverless),
        Grant("FollowJobs", follow, jobs, why),
        Grant("TagJobs", ("sagemaker:AddTags",), jobs, f"{why}, and tagged as they start", tagged),
        Grant(
            "PassJobRole",
            ("iam:PassRole",),
            (settings.names.role_arn("job", f"{product.name}{JOB_ROLE}"),),
            "the model's jobs run as the model's role for customization",
            passed_to("sagemaker"),
        ),
    ]


def _versions(product: ModelProduct, settings: Environment) -> list[Grant]:
    names = settings.names
    versions = (names.package_group_arn(product.name), names.package_arns(product.name))
    undecided = {
        "StringEqualsIfExists": {"sagemaker:ModelApprovalStatus": ["PendingManualApproval", "Rejected"]}
    }
    find = ("sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages")
    return [
        Grant("FindVersions", find, versions, "versions of the model are numbered"),
        Grant(
            "DescribeVersions",
            ("sagemaker:UpdateModelPackage",),
            versions[1:],
            "a version SageMaker registered gets its report, or is rejected; none is approved",
            {**undecided, "Null": {**nothing_noted(settings), REMOVED: "true"}},
        ),
    ]
