"""The calls that customization permissions are judged by: ways to take over, and what the SDK does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mlplatform.ai_registry import hub_name
from mlplatform.settings import Environment
from tools.sample_values import sample_of


@dataclass(frozen=True)
class Case:
    """One call, in words and as IAM sees it; ``legitimate`` is what customizing models takes."""

    what: str
    action: str
    resource: str
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    legitimate: bool = False


def ordinary(settings: Environment, **changes: str | Sequence[str] | None) -> dict[str, str | Sequence[str]]:
    """Condition keys of a job on instances as the SDK's defaults send it; None leaves one out."""
    subnet = sample_of("SubnetId1")
    sent: dict[str, Any] = {
        "InstanceTypes": [settings.studio.job_instance_types[0]],
        "VpcSubnets": [subnet],
        "VpcSecurityGroupIds": [sample_of("JobSecurityGroupId")],
        "NetworkIsolation": "true",
        "InterContainerTrafficEncryption": "true",
        "VolumeKmsKeyArn": sample_of("DataKeyArn"),
        "OutputKmsKeyArn": sample_of("ArtifactsKeyArn"),
        **changes,
    }
    return {f"sagemaker:{key}": value for key, value in sent.items() if value is not None}


def cases(settings: Environment) -> list[Case]:
    """Every case, in the order of the page."""
    return [
        *_roles(settings),
        *_functions(settings),
        *_registry(settings),
        *_serving(settings),
        *_jobs(settings),
        *_surroundings(settings),
        *_legitimate(settings),
    ]


def _arn(settings: Environment, resource: str, service: str = "sagemaker") -> str:
    return settings.names.arn(service, resource)


def _role(settings: Environment, name: str) -> str:
    return settings.names.arn("iam", f"role/{name}", region="")


def _passed(what: str, role: str, service: str, **more: str) -> Case:
    context = {"iam:PassedToService": f"{service}.amazonaws.com"}
    if "to" in more:
        context["iam:AssociatedResourceArn"] = more["to"]
    return Case(what, "iam:PassRole", role, context)


def _roles(settings: Environment) -> list[Case]:
    admin = settings.names.role_arn("persona", "studio-admin-ada")
    job = settings.names.role_arn("studio", "studio-job")
    reward = settings.names.role_arn("model-customization", "reward-function")
    return [
        _passed("pass an administrator's role to a function", _role(settings, "Admin"), "lambda"),
        _passed("pass the Studio administrator's role to a job", admin, "sagemaker"),
        _passed("pass the role of jobs to a function", job, "lambda"),
        _passed("pass the role of reward functions to a job", reward, "sagemaker"),
        Case("change who may assume a role", "iam:UpdateAssumeRolePolicy", job),
    ]


def _functions(settings: Environment) -> list[Case]:
    evil = _arn(settings, "function:evil-sagemaker", "lambda")
    theirs = _arn(settings, "function:other-team-SageMaker-deploy", "lambda")
    return [
        Case("create a function `evil-sagemaker`", "lambda:CreateFunction", evil),
        Case("call somebody's function with SageMaker in its name", "lambda:InvokeFunction", theirs),
        Case("delete somebody's function with SageMaker in its name", "lambda:DeleteFunction", theirs),
        Case("overwrite the code of such a function", "lambda:UpdateFunctionCode", theirs),
    ]


def _registry(settings: Environment) -> list[Case]:
    group = settings.names.name("credit-approval", kind="model")
    version = _arn(settings, f"model-package/{group}/3")
    approved = {"sagemaker:ModelApprovalStatus": "Approved"}
    pending = {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}
    return [
        Case("approve a model version", "sagemaker:UpdateModelPackage", version, approved),
        Case("take an approval back", "sagemaker:UpdateModelPackage", version, pending),
        Case("change what an approved version runs", "sagemaker:UpdateModelPackage", version),
        Case(
            "register a version that is approved already", "sagemaker:CreateModelPackage", version, approved
        ),
        Case(
            "register a version in another team's group",
            "sagemaker:CreateModelPackage",
            _arn(settings, "model-package/other-team/1"),
            pending,
        ),
        Case("delete a version", "sagemaker:DeleteModelPackage", version),
        Case(
            "share a model group with another account",
            "sagemaker:PutModelPackageGroupPolicy",
            _arn(settings, f"model-package-group/{group}"),
        ),
        Case("share any resource with another account", "sagemaker:PutResourcePolicy", "*"),
        Case("delete another team's hub", "sagemaker:DeleteHub", _arn(settings, "hub/other-team")),
        Case(
            "put a data set into another team's hub",
            "sagemaker:ImportHubContent",
            _arn(settings, "hub/other-team"),
        ),
    ]


def _serving(settings: Environment) -> list[Case]:
    live = settings.names.name("credit-approval", kind="model")
    component = _arn(settings, f"inference-component/{live}")
    theirs = _arn(settings, f"model/{live}")
    encrypted = ("InstanceTypes", "KmsKeyArn")
    batch = {key: value for key, value in ordinary(settings).items() if key.endswith(encrypted)}
    stored = {key: value for key, value in batch.items() if "Output" not in key}
    return [
        *(
            Case(what, f"sagemaker:{action}", _arn(settings, f"{thing}-1"), context)
            for what, action, thing, context in (
                (
                    "run a batch transform as the role of a model that serves",
                    "CreateTransformJob",
                    "transform-job/ana",
                    batch | {_MODEL: theirs},
                ),
                (
                    "run a batch transform without naming a model",
                    "CreateTransformJob",
                    "transform-job/ana",
                    batch,
                ),
                (
                    "configure an endpoint that runs as the role of a model that serves",
                    "CreateEndpointConfig",
                    f"endpoint-config/{settings.names.name('try', kind='model')}",
                    stored | {_MODEL: theirs},
                ),
                (
                    "deploy a model that serves onto an endpoint to try",
                    "CreateInferenceComponent",
                    f"inference-component/{settings.names.name('try', kind='model')}",
                    {_MODEL: theirs},
                ),
            )
        ),
        Case("change a live endpoint", "sagemaker:UpdateEndpoint", _arn(settings, f"endpoint/{live}")),
        Case(
            "delete the configuration of a live endpoint",
            "sagemaker:DeleteEndpointConfig",
            _arn(settings, f"endpoint-config/{live}"),
        ),
        Case("change a live inference component", "sagemaker:UpdateInferenceComponent", component),
        Case("call a live endpoint", "sagemaker:InvokeEndpoint", _arn(settings, f"endpoint/{live}")),
        Case(
            "delete the alarm that rolls a release back",
            "cloudwatch:DeleteAlarms",
            _arn(settings, f"alarm:{live}", "cloudwatch"),
        ),
    ]


def _jobs(settings: Environment) -> list[Case]:
    train, job = "sagemaker:CreateTrainingJob", _arn(settings, "training-job/ana-1")
    automl = _arn(settings, "automl-job/ana-1")
    clean = _arn(settings, "processing-job/ana-1")
    tuning = _arn(settings, "hyper-parameter-tuning-job/ana-1")
    keyless = {"VolumeKmsKeyArn": None, "OutputKmsKeyArn": None}
    wrong: dict[str, dict[str, Any]] = {
        "without keys": keyless,
        "outside the network": {"VpcSubnets": None, "VpcSecurityGroupIds": None},
        "in another network": {"VpcSubnets": ["subnet-0fedcba9876543210"]},
        "without network isolation": {"NetworkIsolation": "false"},
        "with plain traffic between instances": {"InterContainerTrafficEncryption": "false"},
        "on an instance type not offered": {"InstanceTypes": ["ml.p5.48xlarge"]},
        "with a shell in it": {"EnableRemoteDebug": "true"},
        "like a serverless one, on instances": dict.fromkeys(("VpcSubnets", "VpcSecurityGroupIds", *keyless)),
    }
    return [
        *(Case(f"train {how}", train, job, ordinary(settings, **what)) for how, what in wrong.items()),
        Case(
            "tune without keys",
            "sagemaker:CreateHyperParameterTuningJob",
            tuning,
            ordinary(settings, **keyless),
        ),
        Case(
            "process data without saying on which instances, as if that were serverless",
            "sagemaker:CreateProcessingJob",
            clean,
            ordinary(settings, **_SERVERLESS),
        ),
        Case("run AutoML without keys or network", "sagemaker:CreateAutoMLJobV2", automl),
        Case(
            "start an agent's job without a key", "sagemaker:CreateJob", _arn(settings, "job/AgentRFT/ana-1")
        ),
        Case("start a cluster", "sagemaker:CreateCluster", _arn(settings, "cluster/ana")),
        Case(
            "stop a job of the platform's own",
            "sagemaker:StopTrainingJob",
            _arn(settings, f"training-job/{settings.names.name('train-1', kind='model')}"),
        ),
    ]


def _surroundings(settings: Environment) -> list[Case]:
    notebook = _arn(settings, "notebook-instance/ana")
    topic = _arn(settings, "other-team-sagemaker", "sns")
    bucket = settings.names.arn("s3", "other-team-sagemaker/x", region="", account="")
    elsewhere = settings.names.arn("lambda", "function:SageMaker-evaluator-x", region="us-west-2")
    return [
        Case(
            "open Studio as somebody else",
            "sagemaker:CreatePresignedDomainUrl",
            _arn(settings, "user-profile/d-1/bob"),
        ),
        Case(
            "start an application in somebody else's profile",
            "sagemaker:CreateApp",
            _arn(settings, "app/d-1/bob/JupyterServer/default"),
        ),
        Case("start a notebook instance", "sagemaker:CreateNotebookInstance", notebook),
        Case("connect to a space from outside", "sagemaker:StartSession", _arn(settings, "space/d-1/ana")),
        Case("work with a bearer token", "sagemaker:CallWithBearerToken", "*"),
        Case(
            "give somebody else the use of a key",
            "kms:CreateGrant",
            sample_of("DataKeyArn"),
            {"kms:GrantIsForAWSResource": "false"},
        ),
        Case("publish to a topic with sagemaker in its name", "sns:Publish", topic),
        Case("write to a bucket with sagemaker in its name", "s3:PutObject", bucket),
        Case(
            "create a function in another region",
            "lambda:CreateFunction",
            elsewhere,
            {"aws:RequestedRegion": "us-west-2"},
        ),
    ]


def _legitimate(settings: Environment) -> list[Case]:
    train, job = "sagemaker:CreateTrainingJob", _arn(settings, "training-job/sft-ana-1")
    reward = _arn(settings, "function:SageMaker-evaluator-exact-match-20261101", "lambda")
    hub = hub_name(settings.region, settings.account)
    pipeline = _arn(settings, "pipeline/SagemakerEvaluation-BenchmarkEvaluation-1f0e")
    roles = {
        thing: settings.names.role_arn(kind, thing)
        for kind, thing in (
            ("model-customization", "reward-function"),
            ("model-customization", "bedrock-import"),
            ("studio", "studio-job"),
        )
    }
    group = settings.names.name("credit-approval", kind="model")
    pending = {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}
    aws = settings.names.arn("s3", f"jumpstart-cache-prod-{settings.region}", region="", account="")
    calls = [
        Case("train a customized model, serverless", train, job, ordinary(settings, **_SERVERLESS)),
        Case("train on instances as the SDK's defaults say", train, job, ordinary(settings)),
        Case("read a recipe of AWS's", "s3:GetObject", f"{aws}/recipes/sft.json"),
        _passed("pass the role of jobs to a job", roles["studio-job"], "sagemaker"),
        Case("create a reward function", "lambda:CreateFunction", reward),
        _passed("pass the role of reward functions to one", roles["reward-function"], "lambda", to=reward),
        Case("call a reward function", "lambda:InvokeFunction", reward),
        Case("create the AI Registry", "sagemaker:CreateHub", _arn(settings, f"hub/{hub}")),
        Case("list hubs", "sagemaker:ListHubs", "*"),
        Case(
            "name a data set in the AI Registry",
            "sagemaker:ImportHubContent",
            _arn(settings, f"hub-content/{hub}/DataSet/loans/1.0.0"),
        ),
        Case(
            "read a base model of the public hub",
            "sagemaker:DescribeHubContent",
            settings.names.arn("sagemaker", "hub-content/SageMakerPublicHub/Model/base/1.0.0", account="aws"),
        ),
        Case("create the pipeline of an evaluation", "sagemaker:CreatePipeline", pipeline),
        Case("start an evaluation", "sagemaker:StartPipelineExecution", pipeline),
        Case("import a model into Bedrock", "bedrock:CreateModelImportJob", "*"),
        _passed("pass the role of imports to Bedrock", roles["bedrock-import"], "bedrock"),
        Case(
            "register a version that waits for approval",
            "sagemaker:CreateModelPackage",
            _arn(settings, f"model-package/{group}/4"),
            pending,
        ),
    ]
    return [replace(call, legitimate=True) for call in calls]


_MODEL = "sagemaker:ModelArn"

_SERVERLESS = dict.fromkeys(
    (
        "InstanceTypes",
        "VpcSubnets",
        "VpcSecurityGroupIds",
        "NetworkIsolation",
        "InterContainerTrafficEncryption",
        "VolumeKmsKeyArn",
    )
)
"""What a serverless job does not send."""
