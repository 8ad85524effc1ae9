"""CreateProcessingJob: the real entrypoint with the inputs and outputs of SageMaker's container contract."""

import json
from typing import Any

from rehearsal.api import Parameters
from rehearsal.sagemaker.containers.images import library
from rehearsal.sagemaker.containers.process import Outcome, Process
from rehearsal.sagemaker.containers.root import Root
from rehearsal.sagemaker.instance import Instance, Placement
from rehearsal.sagemaker.job import FailedJobError, Job, StoppedJobError
from rehearsal.sagemaker.training import CAPACITY, DAY


def placement(request: Parameters) -> Placement:
    """Machine and role of a processing job."""
    network = request.get("NetworkConfig", {})
    return Placement(
        role_arn=request["RoleArn"],
        images=(request["AppSpecification"]["ImageUri"],),
        vpc=network.get("VpcConfig"),
        volume_key=request["ProcessingResources"]["ClusterConfig"].get("VolumeKmsKeyId"),
        isolated=bool(network.get("EnableNetworkIsolation")),
    )


def run(job: Job) -> None:
    """Run a processing job to its end; raises FailedJobError or StoppedJobError otherwise."""
    if job.emulator.faults.take("capacity", job.name):
        raise FailedJobError(CAPACITY)
    library(job.placement.images[0])
    instance = Instance(job.emulator, job.placement, job.principal, kind="Processing", name=job.name)
    try:
        instance.start()
        root = _laid_out(job, instance)
        job.begin()
        outcome = _processed(job, instance, root)
        _message(job, root)
        if outcome.code and not (outcome.stopped or outcome.timed_out):
            raise FailedJobError(_failure(outcome))
        _upload(job, instance, root)
        if outcome.stopped or outcome.timed_out:
            raise StoppedJobError
    finally:
        instance.stop()


def _laid_out(job: Job, instance: Instance) -> Root:
    root = Root(instance.folder / "root")
    root.make("/opt/ml/output")
    for item in job.request.get("ProcessingInputs", []):
        source = item.get("S3Input")
        if source is None:
            raise FailedJobError(f"ClientError: input {item['InputName']}: only S3 inputs are rehearsed")
        instance.transfers.download(source["S3Uri"], root.path(source["LocalPath"]), source["S3DataType"])
    for item in _outputs(job.request):
        root.make(item["S3Output"]["LocalPath"])
    for name, content in _configuration(job).items():
        (root.make("/opt/ml/config") / f"{name}.json").write_text(json.dumps(root.rewritten(content)))
    return root


def _outputs(request: Parameters) -> list[Any]:
    outputs = request.get("ProcessingOutputConfig", {}).get("Outputs", [])
    return [item for item in outputs if "S3Output" in item]


def _configuration(job: Job) -> dict[str, Any]:
    """processingjobconfig.json has the request; one host, whatever the request's count."""
    members = ("ProcessingInputs", "ProcessingOutputConfig", "ProcessingResources", "RoleArn", "Environment",
               "AppSpecification", "StoppingCondition", "NetworkConfig")  # fmt: skip
    request = {name: job.request[name] for name in members if name in job.request}
    names = {"ProcessingJobArn": job.record.arn, "ProcessingJobName": job.name}
    return {
        "processingjobconfig": names | request,
        "resourceconfig": {"current_host": "algo-1", "hosts": ["algo-1"]},
    }


def _processed(job: Job, instance: Instance, root: Root) -> Outcome:
    application = job.request["AppSpecification"]
    entrypoint = application.get("ContainerEntrypoint")
    if not entrypoint:
        raise FailedJobError(
            "ClientError: ContainerEntrypoint is needed: the image's own entrypoint is not here"
        )
    command = [root.rewrite(part) for part in (*entrypoint, *application.get("ContainerArguments", []))]
    given = {name: root.rewrite(value) for name, value in job.request.get("Environment", {}).items()}
    environment = {**root.environment(), **instance.credentials(), **given}
    executable = root.path(f"/bin/{command[0]}")
    command[0] = str(executable) if executable.is_file() else command[0]
    seconds = job.request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DAY)
    process = Process(command, environment=environment, folder=root.folder, on_line=instance.log)
    if job.emulator.faults.take("job_failure", job.name):
        killed = process.kill()
        return Outcome(killed.code or 137, False, False, killed.tail, killed.seconds)
    return process.wait(seconds, job.stop)


def _message(job: Job, root: Root) -> None:
    """ExitMessage is what the container wrote to /opt/ml/output/message (API reference)."""
    path = root.path("/opt/ml/output/message")
    if path.is_file():
        job.update(ExitMessage=path.read_text(errors="replace")[:1024])


def _failure(outcome: Outcome) -> str:
    tail = "\n".join(outcome.tail)[-900:]
    return f"AlgorithmError: {tail}, exit code: {outcome.code}"


def _upload(job: Job, instance: Instance, root: Root) -> None:
    key = job.request.get("ProcessingOutputConfig", {}).get("KmsKeyId")
    for item in _outputs(job.request):
        output = item["S3Output"]
        instance.transfers.upload_folder(root.path(output["LocalPath"]), output["S3Uri"], key)
