"""What the workflows of one model may do with jobs and models: run those named after it, as its job role."""

from collections.abc import Iterable

from mlplatform.permissions.grant import Grant
from mlplatform.permissions.places import passed_to
from mlplatform.permissions.run_places import (
    ATTEMPT,
    EVALUATE,
    LATER_ATTEMPT,
    PREPARE,
    REGISTERING,
    SCORE,
    TRAIN,
    job_arn,
    scored_model_arn,
    trial_arn,
    tuning_arn,
)
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct

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


def jobs(product: ModelProduct, settings: Environment, which: Iterable[str]) -> list[Grant]:
    """Starting jobs and waiting for them, under the names of this model, as its job role."""
    steps = _steps(product, settings, which)
    rules = tuple(settings.names.arn("events", f"rule/{_RULES[kind]}") for kind in steps)
    return [
        *(_run(kind, arns) for kind, arns in steps.items()),
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


def _run(kind: str, arns: tuple[str, ...]) -> Grant:
    what = _CREATED[kind]
    verbs = [f"sagemaker:{verb}{what}" for verb in ("Create", "Describe", "Stop")]
    why = "jobs are named after the model, the step and the run"
    return Grant(f"Run{what}s", ("sagemaker:AddTags", *verbs, "sagemaker:ListTags"), arns, why)


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


def find_best_job(product: ModelProduct, settings: Environment) -> list[Grant]:
    """Looking at the best of a tuning job's training jobs."""
    trials = (trial_arn(settings.names, product.name),)
    why = "the best of a tuning job's training jobs, which SageMaker names after it, becomes the model"
    return [Grant("SeeTrials", ("sagemaker:DescribeTrainingJob",), trials, why)]


def scoring(product: ModelProduct, settings: Environment) -> list[Grant]:
    """A version to score with, made a SageMaker model for as long as it takes."""
    registry = settings.neighbours.registry
    versions = (registry.package_group_arn(product.name), registry.package_arns(product.name))
    find = ("sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages")
    made, why = scored_model_arn(settings.names, product.name), "a model is made for each run that scores"
    # Another account's version asks for the right to make a model of it (registry_access.USE_PACKAGES).
    theirs = versions[1:] if registry.account != settings.account else ()
    return [
        Grant("FindVersion", find, versions, "versions of the model are numbered"),
        Grant("MakeModel", ("sagemaker:CreateModel",), (made, *theirs), f"{why}, of any version"),
        Grant("ClearModel", ("sagemaker:AddTags", "sagemaker:DeleteModel"), (made,), f"{why}, and deleted"),
    ]
