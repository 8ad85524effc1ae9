"""CreateTrainingJob with ServerlessJobConfig: fine-tuning and evaluation without instances of one's own.

Time passes by the world's clock (``serverless_timeline``); data, versions, results, logs and MLflow are read
and written as the job's role, so its deployed policies are judged. Statuses: API reference, SecondaryStatus.
"""

from collections.abc import Callable

from botocore.exceptions import ClientError

from rehearsal.api import ApiError, Parameters
from rehearsal.sagemaker import serverless_data, serverless_timeline, serverless_versions
from rehearsal.sagemaker.instance import Instance, Placement
from rehearsal.sagemaker.job import FailedJobError, Job, StoppedJobError
from rehearsal.sagemaker.serverless_evaluation import Evaluation, Scores
from rehearsal.sagemaker.serverless_mlflow import Tracking
from rehearsal.sagemaker.serverless_timeline import Timeline
from rehearsal.sagemaker.serverless_training import FineTuning
from rehearsal.sagemaker.training import CAPACITY


def is_serverless(request: Parameters) -> bool:
    """Whether a request of CreateTrainingJob asks for a serverless job."""
    return "ServerlessJobConfig" in request


def placement(request: Parameters) -> Placement:
    """Role and network of a serverless job: its machines and images are AWS's."""
    return Placement(
        role_arn=request["RoleArn"],
        images=(),
        vpc=request.get("VpcConfig"),
        isolated=bool(request.get("EnableNetworkIsolation")),
    )


def refuse_quota(take: Callable[..., bool], name: str) -> None:
    """Refuse a job over the quota of concurrent ones. Raises ApiError (ResourceLimitExceeded)."""
    if take("job_quota", name):
        text = (
            "The account-level service limit 'Maximum number of concurrent serverless model customization "
            "jobs' is reached. Contact AWS support to request an increase for this limit."
        )
        raise ApiError("ResourceLimitExceeded", text)


def run(job: Job, scores: Scores) -> None:
    """Run a serverless job to its end. Raises FailedJobError or StoppedJobError."""
    time = Timeline(job)
    instance = Instance(job.emulator, job.placement, job.principal, kind="Training", name=job.name)
    tracking = Tracking(job)
    try:
        job.secondary("Pending", "Waiting for serverless compute capacity")
        time.spend(serverless_timeline.PENDING)
        if job.emulator.faults.take("capacity", job.name):
            raise FailedJobError(CAPACITY)
        _work(job, instance, time, tracking, scores)
        tracking.end("FINISHED")
    except StoppedJobError:
        tracking.end("KILLED")
        raise
    except ClientError as error:
        tracking.end("FAILED")
        found = error.response["Error"]
        raise FailedJobError(f"ClientError: {found['Code']}: {found['Message']}") from error
    except Exception:
        tracking.end("FAILED")
        raise
    finally:
        _finish(job, time)
        instance.stop()


def _work(job: Job, instance: Instance, time: Timeline, tracking: Tracking, scores: Scores) -> None:
    instance.start()
    job.secondary("Downloading", "Downloading input data")
    time.begin()
    tracking.begin()
    begun = serverless_versions.start(job)
    data = serverless_data.channels(job, instance)
    time.spend(serverless_timeline.DOWNLOADING)
    job.secondary("Training", "Training in progress")
    instance.log(f"{job.name}: {sum(map(len, data.values()))} records of {', '.join(data) or 'no channel'}")
    if job.request["ServerlessJobConfig"]["JobType"] == "FineTuning":
        work = FineTuning(job, instance, time, begun)
        work.run(data, tracking)
        metrics = work.metrics
    else:
        evaluation = Evaluation(job, instance, time, begun, scores)
        metrics = evaluation.run(data.get("train", []))
        tracking.log({"base_model": begun.base, "version": begun.source or "none"}, metrics)
    moment = job.emulator.clock.now()
    job.update(
        FinalMetricDataList=[
            {"MetricName": name, "Value": value, "Timestamp": moment} for name, value in metrics.items()
        ]
    )


def _finish(job: Job, time: Timeline) -> None:
    """A serverless job is billed by its tokens, not by its seconds."""
    job.update(TrainingTimeInSeconds=max(1, round(time.spent)))
