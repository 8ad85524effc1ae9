"""The fine-tuning job: reserved for, created once, followed to its end."""

from typing import Any

from customization import budget
from customization.call import Call, Work
from customization.errors import CustomizationJobFailed, CustomizationRefused
from customization.holding import hold
from customization.ports import Job

SHORTEST, LONGEST, SHARE = 60, 3_600, 20
"""Seconds between two looks, of what was waited already at most one in ``SHARE``: the history of an execution
has at most 25,000 events (Step Functions quotas), and a look takes some fifteen."""

PENDING = 24 * 3_600
"""Seconds that a job may wait for capacity and for its end to be seen, beside its runtime."""


def reserve(call: Call) -> Work:
    """See that there is something to start from, and room in the budget; nothing costs anything yet."""
    version = _base_version(call)
    source = call.technique["StartFrom"] == "approved" and _approved(call)
    budget.reserve(call)
    usd = call.technique["SpendUsd"]
    return call.reply(
        "register_assets", f"{usd} US dollars are reserved", BaseVersion=version, Source=source or None
    )


def _base_version(call: Call) -> str:
    """The version of the base model: the newest, as the API says of BaseModelArn whatever version is named
    (API reference, ServerlessJobConfig). Raises CustomizationRefused if the settings name another.
    """
    base = call.literal["BaseModel"]
    newest = call.world.registry.base_version(base["Name"])
    if newest is None:
        raise CustomizationRefused(f"SageMaker's public hub has no model {base['Name']} (base_model)")
    if base["Version"] not in (None, newest):
        raise CustomizationRefused(
            f"SageMaker always takes the newest version of {base['Name']}, which is {newest}; base_model "
            f"names {base['Version']}: try the newer one, and name it"
        )
    return newest


def _approved(call: Call) -> str:
    group = call.literal["PackageGroup"]
    found = call.world.versions.newest_approved(group)
    if found is None:
        technique = call.run["Technique"]
        raise CustomizationRefused(
            f"{technique} goes on from the newest approved version (start_from: approved), but none of "
            f"{group} is approved: run a technique with start_from: base, and approve its version"
        )
    return found


def request(call: Call) -> dict[str, Any]:
    """The request of the fine-tuning job."""
    arns = call.work["Assets"]
    blanks = {f"Dataset:{key}": arn for key, arn in arns.items()} | {"Source": call.work.get("Source") or ""}
    blanks["Evaluator"] = arns.get("reward", "")
    filled = tracked(call, call.technique["Request"], blanks)
    return {**filled, "HyperParameters": dict(call.run["Hyperparameters"])}


def tracked(call: Call, literal: dict[str, Any], blanks: dict[str, str]) -> dict[str, Any]:
    """A request with its blanks filled in; without MlflowConfig where there is no MLflow App yet."""
    app = call.world.tracking(call.literal["MlflowApp"]) if call.literal["MlflowApp"] else None
    kept = literal if app else {key: value for key, value in literal.items() if key != "MlflowConfig"}
    filled: dict[str, Any] = call.filled(kept, {**blanks, "Mlflow": app or ""})
    return filled


def start(call: Call) -> Work:
    """Create the job. Raises CustomizationRefused if AWS does, or another run's job has its name."""
    asked = request(call)
    created(call, asked)
    name = asked["TrainingJobName"]
    return call.reply("follow", f"{name} is created", seconds=SHORTEST, Job=name)


def created(call: Call, asked: dict[str, Any]) -> None:
    """Create a job, unless this run has. Raises CustomizationRefused."""
    if call.world.jobs.create(asked):
        return
    job = call.world.jobs.describe(asked["TrainingJobName"])
    wanted = asked["OutputDataConfig"]["S3OutputPath"]
    if job is None or job.output != wanted:
        name = asked["TrainingJobName"]
        raise CustomizationRefused(f"another run has a job of the name {name}; start the workflow again")


def interval(waited: int) -> int:
    """Seconds until the next look at a job that was waited for so many seconds."""
    return min(LONGEST, max(SHORTEST, waited // SHARE))


def follow(call: Call) -> Work:
    """Wait for the job's end. Raises CustomizationJobFailed unless it made a version."""
    name, longest = call.work["Job"], int(call.technique["MaximumSeconds"])
    job = call.world.jobs.describe(name)
    if job is not None and job.runs:
        seconds = interval(int(call.work.get("Training", 0)))
        waited = call.waited("Training", seconds)
        if waited["Training"] > longest + PENDING:
            raise CustomizationJobFailed(f"{name} has not ended after {waited['Training'] // 3600} hours")
        return call.reply("follow", f"{name}: {job.secondary}", seconds=seconds, **waited)
    if job is None:
        raise CustomizationJobFailed(f"there is no job {name}")
    package = _made(job, longest)
    hold(call, package)
    return call.reply("evaluate", f"{name} made {package}", Package=package, JobArn=job.arn)


def _made(job: Job, longest: int) -> str:
    name = job.name
    if job.secondary == "MaxRuntimeExceeded":
        raise CustomizationJobFailed(
            f"{name} was stopped after {longest // 60} minutes (max_runtime_minutes)"
        )
    if job.status != "Completed":
        raise CustomizationJobFailed(f"{name} {job.status.lower()}: {job.reason or job.secondary}")
    if job.package is None:
        raise CustomizationJobFailed(f"{name} completed without a version in the model package group")
    return job.package
