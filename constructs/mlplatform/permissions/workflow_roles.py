"""What the workflows of one model may do: run its jobs as its job role, call functions, keep, notify."""

from collections.abc import Iterable

from mlplatform import workflows
from mlplatform.exports import imported
from mlplatform.permissions.function_roles import ADMISSION, CHECK, GATE, REGISTRATION, function_arn
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.places import ours, passed_to, via
from mlplatform.permissions.run_places import (
    ATTEMPT,
    EVALUATE,
    KEPT,
    LATER_ATTEMPT,
    PREDICTIONS,
    PREPARE,
    REGISTERING,
    SCORE,
    TRAIN,
    job_arn,
    machine_arn,
    object_arns,
    scored_model_arn,
    trial_arn,
    tuning_arn,
)
from mlplatform.policy import within
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct
from mlplatform.workflows import Source
from mlplatform.workflows.admission import import_prefixes

_RULES = {
    "training": "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
    "processing": "StepFunctionsGetEventsForSageMakerProcessingJobsRule",
    "hyper-parameter-tuning": "StepFunctionsGetEventsForSageMakerTuningJobsRule",
    "transform": "StepFunctionsGetEventsForSageMakerTransformJobsRule",
}
"""Kind of job to the EventBridge rule by which Step Functions hears of its end (Step Functions developer
guide, "Create and manage Amazon SageMaker AI jobs", IAM policies)."""

_CREATED = {
    "training": "TrainingJob",
    "processing": "ProcessingJob",
    "hyper-parameter-tuning": "HyperParameterTuningJob",
    "transform": "TransformJob",
}
"""Kind of job to what the actions on it are called after."""


def model_workflow(product: ModelProduct, settings: Environment, source: Source) -> list[Grant]:
    """The policy of the workflows of ``product``, whose packed scripts are ``source``."""
    which = workflows.of(product, settings)
    return [
        *_jobs(product, settings, which),
        *(_find_best_job(product, settings) if "tune" in which else []),
        *(_scoring(product, settings) if "batch" in which else []),
        *_functions(settings, which),
        *_objects(product, settings, which, source),
        *_parts(product, settings, which),
        *_notifications(settings),
        *_observability(settings),
    ]


def _jobs(product: ModelProduct, settings: Environment, which: Iterable[str]) -> list[Grant]:
    """Starting jobs and waiting for them, under the names of this model, as its job role."""
    steps = _steps(product, settings, which)
    rules = tuple(settings.names.arn("events", f"rule/{_RULES[kind]}") for kind in steps)
    return [
        *(
            Grant(
                f"Run{_CREATED[kind]}s",
                (
                    "sagemaker:AddTags",
                    *(f"sagemaker:{verb}{_CREATED[kind]}" for verb in ("Create", "Describe", "Stop")),
                    "sagemaker:ListTags",
                ),
                arns,
                "jobs are named after the model, the step and the run",
            )
            for kind, arns in steps.items()
        ),
        Grant(
            "PassJobRole",
            ("iam:PassRole",),
            (settings.names.role_arn("job", f"{product.name}-job"),),
            "the model's jobs run as the model's job role",
            passed_to("sagemaker"),
        ),
        Grant(
            "HearOfJobs",
            ("events:DescribeRule", "events:PutRule", "events:PutTargets"),
            rules,
            "Step Functions keeps one rule for each kind of job, by which it hears of their end",
        ),
    ]


def _steps(product: ModelProduct, settings: Environment, which: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """ARN patterns of the jobs that the workflows ``which`` run, by kind; without the kinds they do not."""
    names, model, which = settings.names, product.name, set(which)
    attempts = (ATTEMPT, LATER_ATTEMPT) if "train" in which else ()
    prepares = product.prepare is not None and which & set(REGISTERING)
    found = {
        "training": [job_arn(names, model, "training", TRAIN, attempt) for attempt in attempts],
        "processing": [
            *([job_arn(names, model, "processing", PREPARE)] if prepares else []),
            *([job_arn(names, model, "processing", EVALUATE)] if which & set(REGISTERING) else []),
        ],
        "hyper-parameter-tuning": [tuning_arn(names, model)] if "tune" in which else [],
        "transform": [job_arn(names, model, "transform", SCORE)] if "batch" in which else [],
    }
    return {kind: tuple(arns) for kind, arns in found.items() if arns}


def _find_best_job(product: ModelProduct, settings: Environment) -> list[Grant]:
    trials = (trial_arn(settings.names, product.name),)
    why = "the best of a tuning job's training jobs, which SageMaker names after it, becomes the model"
    return [Grant("SeeTrials", ("sagemaker:DescribeTrainingJob",), trials, why)]


def _scoring(product: ModelProduct, settings: Environment) -> list[Grant]:
    """A version to score with, made a SageMaker model for as long as it takes."""
    registry = settings.neighbours.registry
    versions = (registry.package_group_arn(product.name), registry.package_arns(product.name))
    use = ["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"]
    if registry.account != settings.account:
        use.append("sagemaker:CreateModel")
    return [
        Grant("FindVersion", tuple(use), versions, "versions of the model are numbered"),
        Grant(
            "MakeModel",
            ("sagemaker:AddTags", "sagemaker:CreateModel", "sagemaker:DeleteModel"),
            (scored_model_arn(settings.names, product.name),),
            "a model is made for each run that scores, and deleted after it",
        ),
    ]


def _functions(settings: Environment, which: Iterable[str]) -> list[Grant]:
    which = set(which)
    packages = [
        ADMISSION,
        CHECK,
        *([GATE, REGISTRATION] if which & set(REGISTERING) else []),
    ]
    arns = tuple(function_arn(package, settings) for package in packages)
    return [Grant("CallFunctions", ("lambda:InvokeFunction",), arns, "what a state cannot do by itself")]


def _objects(
    product: ModelProduct, settings: Environment, which: Iterable[str], source: Source
) -> list[Grant]:
    """Keeping what jobs run, what is imported and what was scored, in the artifacts bucket."""
    which, model = set(which), product.name
    bucket, key = workflows.staged(source, settings)
    staged = settings.names.arn("s3", f"{bucket}/{key}", region="", account="")
    kept = [
        *([f"{KEPT}{model}/source/*"] if which & set(REGISTERING) else []),
        *([f"{KEPT}{model}/*/imported/model.tar.gz"] if "register" in which else []),
        *([f"{PREDICTIONS}{model}/*/record.json"] if "batch" in which else []),
    ]
    copies = Grant(
        "CopySource", ("s3:GetObject",), (staged,), "the packed scripts as they were deployed", ours(settings)
    )
    return [
        *([copies] if which & set(REGISTERING) else []),
        *(_imports(product, settings) if "register" in which else []),
        Grant(
            "KeepObjects",
            ("s3:PutObject",),
            object_arns(settings, *kept),
            "what a run keeps is named after its content or the run",
            ours(settings),
        ),
        Grant(
            "UseKey",
            ("kms:Decrypt", "kms:GenerateDataKey"),
            (imported("ArtifactsKeyArn", settings),),
            "what is kept is encrypted",
            via(settings, "s3"),
        ),
    ]


def _imports(product: ModelProduct, settings: Environment) -> list[Grant]:
    """Reading an artifact that was built elsewhere, where the admission of ``register`` lets it lie."""
    prefixes = [uri.removeprefix("s3://") for uri in import_prefixes(product, settings)]
    objects = [settings.names.arn("s3", f"{prefix}*.tar.gz", region="", account="") for prefix in prefixes]
    why = "people name the artifacts they bring in; they lie in two places meant for it"
    return [
        Grant("ReadImports", ("s3:GetObject",), tuple(objects), why, ours(settings)),
        Grant(
            "DecryptImports",
            ("kms:Decrypt",),
            (imported("DataKeyArn", settings),),
            "the data bucket is encrypted",
            via(settings, "s3"),
        ),
    ]


def _parts(product: ModelProduct, settings: Environment, which: Iterable[str]) -> list[Grant]:
    """Large data is checked in parts, each of which Step Functions runs as an execution of its own.

    Step Functions developer guide, "IAM policies for using Distributed Map states".
    """
    machines = [machine_arn(settings.names, product.name, workflow) for workflow in which]
    runs = [machine.replace(":stateMachine:", ":execution:") for machine in machines]
    return [
        Grant("CheckParts", ("states:StartExecution",), tuple(machines), "a workflow starts its own parts"),
        Grant(
            "FollowParts",
            ("states:DescribeExecution", "states:StopExecution"),
            tuple(f"{run}{rest}" for run in runs for rest in ("/*", ":*")),
            "Step Functions names the executions of a workflow's parts",
        ),
    ]


def _notifications(settings: Environment) -> list[Grant]:
    names, key = settings.names, imported("LogsKeyArn", settings)
    topic = names.arn("sns", names.name("notifications"))
    return [
        Grant("Notify", ("sns:Publish",), (topic,), "people hear of what ended, and how"),
        Grant(
            "EncryptNotifications",
            ("kms:Decrypt", "kms:GenerateDataKey"),
            (key,),
            "the topic is encrypted",
            via(settings, "sns"),
        ),
    ]


def _observability(settings: Environment) -> list[Grant]:
    """Step Functions developer guide, "Using CloudWatch Logs to log execution history" and "X-Ray"."""
    here = within(settings.region)
    deliveries = [f"logs:{verb}LogDelivery" for verb in ("Create", "Delete", "Get", "Update")]
    return [
        Grant(
            "DeliverLogs",
            (
                *deliveries,
                "logs:DescribeLogGroups",
                "logs:DescribeResourcePolicies",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
            ),
            ("*",),
            "Step Functions sets up the delivery of its logs as the role it runs as, when a state machine is "
            "created or changed, and these actions accept no other resource",
            here,
        ),
        Grant(
            "WriteTraces",
            (
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
                "xray:PutTelemetryRecords",
                "xray:PutTraceSegments",
            ),
            ("*",),
            "X-Ray's write actions accept no resource but *; Step Functions traces each execution",
            here,
        ),
    ]
