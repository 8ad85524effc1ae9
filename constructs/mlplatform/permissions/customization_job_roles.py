"""What the customization and evaluation jobs of one model may do: SageMaker runs them without instances.

Source: ``AmazonSageMakerModelCustomizationCoreAccess`` (AWS managed policy reference), narrowed to one model.
"""

from dataclasses import replace

from mlplatform.exports import imported
from mlplatform.permissions.customization_places import (
    KEPT,
    PROMPTS,
    RESULTS,
    base_model,
    own_contents,
    rewards,
)
from mlplatform.permissions.data_reading import read_data, read_sources
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.places import ours, via
from mlplatform.permissions.run_places import KEPT as VERSIONS
from mlplatform.permissions.run_places import object_arns
from mlplatform.permissions.tracking import track_runs
from mlplatform.policy import READ_OBJECTS, within
from mlplatform.settings import Environment
from mlplatform.settings.customization import CustomizationSettings
from mlplatform.settings.products import ModelProduct
from mlplatform.version_notes import nothing_noted

_JUDGED = tuple(f"sagemaker:CustomerMetadataProperties/{key}" for key in ("evaluation", "execution", "gate"))
"""What a version says of the workflow that judged it; a job says nothing of the kind."""

_WRITE = ("s3:AbortMultipartUpload", "s3:PutObject")


def customization_job(
    product: ModelProduct, settings: Environment, section: CustomizationSettings
) -> list[Grant]:
    """The policy of the jobs that customize and evaluate ``product``, whose settings are ``section``."""
    return [
        *read_data(settings, product, who="a job"),
        *read_sources(settings, product, who="a job"),
        *_work(product, settings),
        *_hubs(product, settings, section),
        *_versions(product, settings),
        *_scores(product, settings, section),
        *_secrets(section),
        *_tracking(settings),
        *_telemetry(settings),
    ]


def _work(product: ModelProduct, settings: Environment) -> list[Grant]:
    """What jobs write, and what of it later ones go on from: nothing of the gate or of another model."""
    model = product.name
    made = [f"{VERSIONS}{model}/*/{folder}/*" for folder in ("customization", "evaluation")]
    prompts = f"{KEPT}{model}/{PROMPTS}*"
    bucket, key = settings.names.bucket_arn("artifacts"), (imported("ArtifactsKeyArn", settings),)
    listed = {**ours(settings), "StringLike": {"s3:prefix": [*made, prompts]}}
    use = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")
    why = "a job works below the run it belongs to, which is named when it starts"
    return [
        Grant("ReadWork", READ_OBJECTS, object_arns(settings, *made, prompts), why, ours(settings)),
        Grant("ListWork", ("s3:ListBucket",), (bucket,), "a job lists its inputs", listed),
        Grant("WriteWork", _WRITE, object_arns(settings, *made), why, ours(settings)),
        Grant(
            "DenyForgingResults",
            ("s3:PutObject",),
            object_arns(settings, f"{VERSIONS}{model}/*/{RESULTS}"),
            "the gate judges by what the workflow read in the results of jobs, not by what a job says",
            effect="Deny",
        ),
        Grant("UseKey", use, key, "what jobs write is encrypted", via(settings, "s3")),
    ]


def _hubs(product: ModelProduct, settings: Environment, section: CustomizationSettings) -> list[Grant]:
    """Recipes lie in a bucket of AWS, one per region; nobody else can have one of that name."""
    recipes = settings.names.arn("s3", f"jumpstart-cache-prod-{settings.region}/*", region="", account="")
    contents = (*base_model(section, settings), *own_contents(product, settings))
    why = "the base model, and the model's own data sets and evaluators, in any of their versions"
    return [
        Grant("ReadContents", ("sagemaker:DescribeHub", "sagemaker:DescribeHubContent"), contents, why),
        Grant("ReadRecipes", ("s3:GetObject",), (recipes,), "AWS publishes there what a job reads of models"),
    ]


def _versions(product: ModelProduct, settings: Environment) -> list[Grant]:
    """A job registers what it customized, awaiting approval, which is the status unless it says another."""
    names = settings.names
    versions = (names.package_group_arn(product.name), names.package_arns(product.name))
    status = {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}
    silent = {**nothing_noted(settings), **dict.fromkeys(_JUDGED, "true")}
    pending = {"StringEqualsIfExists": status, "Null": silent}
    read = ("AccessModelPackage", "DescribeModelPackage", "DescribeModelPackageGroup")
    return [
        Grant(
            "RegisterUnapproved",
            ("sagemaker:CreateModelPackage",),
            versions,
            "versions of the model are numbered, await approval and served nowhere",
            pending,
        ),
        Grant(
            "ReadVersions",
            tuple(f"sagemaker:{action}" for action in read),
            versions,
            "a job may start from, or evaluate, any version of the model",
        ),
    ]


def _scores(product: ModelProduct, settings: Environment, section: CustomizationSettings) -> list[Grant]:
    """Reward functions and the models of Amazon Bedrock that judge answers, those that the settings name."""
    functions = tuple(rewards(product, settings, "sagemaker").values())
    rewarding = [technique.reward_model for technique in section.techniques.values()]
    judge = section.evaluate.judge if section.evaluate else None
    asked = {*rewarding, judge.model if judge else None} - {None}
    models = tuple(foundation_model(settings, str(model)) for model in sorted(map(str, asked)))
    ask, invoke = ("lambda:InvokeFunction",), ("bedrock:InvokeModel",)
    grants = [
        Grant("AskRewardFunctions", ask, functions, "the model's own functions say how good answers are"),
        Grant("AskJudges", invoke, models, "the model's settings name who judges answers"),
        *(_judging(settings, judge.model) if judge else []),
    ]
    return [grant for grant in grants if grant.resources]


def _secrets(section: CustomizationSettings) -> list[Grant]:
    """Tokens that hyperparameters name, and no other secret."""
    why = "the model's settings name it in a hyperparameter, which holds no token itself"
    read = ("secretsmanager:GetSecretValue",)
    return [Grant("ReadSecrets", read, section.secrets, why)] if section.secrets else []


def _judging(settings: Environment, judge: str) -> list[Grant]:
    """Judging by a language model is an evaluation job of Bedrock's."""
    evaluations = settings.names.arn("bedrock", "evaluation-job/*")
    return [
        Grant(
            "JudgeAnswers",
            ("bedrock:CreateEvaluationJob", "bedrock:GetEvaluationJob"),
            (evaluations, foundation_model(settings, judge)),
            "Bedrock numbers evaluations; the model's settings name the judge",
            within(settings.region),
        )
    ]


def _tracking(settings: Environment) -> list[Grant]:
    """A run in the environment's MLflow App; tracking servers are for people."""
    why = "a job records its run, in an MLflow App whose id is given at deployment"
    grants = track_runs(settings) if settings.studio.mlflow == "app" else []
    return [replace(grant, why=why) for grant in grants]


def foundation_model(settings: Environment, model: str) -> str:
    """ARN of a model of Amazon Bedrock, which belongs to no account."""
    return settings.names.arn("bedrock", f"foundation-model/{model}", account="")


def _telemetry(settings: Environment) -> list[Grant]:
    group = "/aws/sagemaker/TrainingJobs"
    return [
        Grant(
            "WriteLogs",
            ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
            (settings.names.arn("logs", f"log-group:{group}*"),),
            "SageMaker names the log group of jobs, and its streams after the job",
        ),
        Grant(
            "PutMetrics",
            ("cloudwatch:PutMetricData",),
            ("*",),
            "metrics are of no resource in particular; the condition names whose",
            {"StringEquals": {"cloudwatch:namespace": group}},
        ),
    ]
