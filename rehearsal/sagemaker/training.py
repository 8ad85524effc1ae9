"""CreateTrainingJob: the real script, or the built-in XGBoost, under SageMaker's container contract."""

import json
import math
import time
from datetime import UTC, datetime
from pathlib import Path

from rehearsal.api import Parameters
from rehearsal.sagemaker.configuration import configuration, resources
from rehearsal.sagemaker.containers.images import library
from rehearsal.sagemaker.containers.process import Outcome, Process
from rehearsal.sagemaker.containers.root import Root, pack
from rehearsal.sagemaker.containers.toolkit import Launch, ToolkitError, launch
from rehearsal.sagemaker.instance import Instance, Placement
from rehearsal.sagemaker.job import FailedJobError, Job, StoppedJobError
from rehearsal.sagemaker.metrics import MetricWatch, Observer

CHECKPOINTS = "/opt/ml/checkpoints"
CAPACITY = (
    "CapacityError: Unable to provision requested ML compute capacity. "
    "Please retry using a different ML instance type."
)
DAY = 86400


def placement(request: Parameters) -> Placement:
    """Machine and role of a training job."""
    return Placement(
        role_arn=request["RoleArn"],
        images=(request["AlgorithmSpecification"].get("TrainingImage", ""),),
        vpc=request.get("VpcConfig"),
        volume_key=request.get("ResourceConfig", {}).get("VolumeKmsKeyId"),
        isolated=bool(request.get("EnableNetworkIsolation")),
    )


def run(job: Job, observer: Observer | None = None) -> None:
    """Run a training job to its end; raises FailedJobError or StoppedJobError otherwise."""
    faults = job.emulator.faults
    job.secondary("Starting", "Launching requested ML instances")
    if faults.take("capacity", job.name):
        raise FailedJobError(CAPACITY)
    library(job.placement.images[0])
    instance = Instance(job.emulator, job.placement, job.principal, kind="Training", name=job.name)
    try:
        job.secondary("Starting", "Preparing the instances for training")
        instance.start()
        _Training(job, instance, observer).run()
    finally:
        instance.stop()


class _Training:
    """One training job on its machine."""

    def __init__(self, job: Job, instance: Instance, observer: Observer | None) -> None:
        self.job, self.instance, self.request = job, instance, job.request
        specification = self.request["AlgorithmSpecification"]
        own_script = "sagemaker_program" in self.request.get("HyperParameters", {})
        built_in = library(specification["TrainingImage"]) == "xgboost" and not own_script
        definitions = specification.get("MetricDefinitions", [])
        self.metrics = MetricWatch(definitions, built_in=built_in, observer=observer)
        self.key = self.request["OutputDataConfig"].get("KmsKeyId")
        self.prefix = f"{self.request['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{job.name}/output"

    def run(self) -> None:
        interrupted = bool(self.request.get("EnableManagedSpotTraining")) and self.job.emulator.faults.take(
            "spot_interruption", self.job.name
        )
        root = self._laid_out("root")
        if interrupted:
            self._interrupted(root)
            root = self._laid_out("root-2")
        outcome, started = self._trained(root)
        ended_by_us = outcome.stopped or outcome.timed_out
        self._keep_checkpoints(root)
        if ended_by_us or not outcome.code:
            self.job.secondary("Uploading", "Uploading generated training model")
            self._upload(root)
        self._finish()
        if ended_by_us:
            raise StoppedJobError("Stopped" if outcome.stopped else "MaxRuntimeExceeded")
        if outcome.code:
            raise FailedJobError(_failure(root, started, outcome))

    def _laid_out(self, folder: str) -> Root:
        """Input, configuration and checkpoints where the container expects them."""
        self.job.secondary("Downloading", "Downloading input data")
        self.job.begin()
        root = Root(self.instance.folder / folder)
        for path in ("/opt/ml/model", "/opt/ml/output/data", "/opt/ml/output/intermediate"):
            root.make(path)
        for channel in self.request.get("InputDataConfig", []):
            source = channel["DataSource"].get("S3DataSource")
            if source is None:
                raise FailedJobError(
                    f"ClientError: channel {channel['ChannelName']}: only S3 data is rehearsed"
                )
            target = root.path(f"/opt/ml/input/data/{channel['ChannelName']}")
            self.instance.transfers.download(source["S3Uri"], target, source["S3DataType"])
        for name, content in configuration(self.request, root).items():
            (root.make("/opt/ml/input/config") / f"{name}.json").write_text(json.dumps(content))
        checkpoints = self.request.get("CheckpointConfig")
        if checkpoints:
            target = root.make(checkpoints.get("LocalPath", CHECKPOINTS))
            self.instance.transfers.download_if_any(checkpoints["S3Uri"], target)
        return root

    def _start(self, root: Root) -> tuple[Process, Launch]:
        try:
            started = launch(self.job.placement.images[0], root, resources(self.request))
        except ToolkitError as error:
            raise FailedJobError(f"AlgorithmError: {error}, exit code: 1") from error
        given = {
            "TRAINING_JOB_NAME": self.job.name,
            "TRAINING_JOB_ARN": self.job.record.arn,
            **self.request.get("Environment", {}),
        }
        environment = {**root.environment(), **self.instance.credentials(), **started.environment}
        environment |= {name: root.rewrite(value) for name, value in given.items()}
        process = Process(started.command, environment=environment, folder=started.folder, on_line=self._line)
        return process, started

    def _line(self, text: str) -> None:
        self.instance.log(text)
        self.metrics.line(text)

    def _trained(self, root: Root) -> tuple[Outcome, Launch]:
        self.job.secondary("Training", "Training image download completed. Training in progress.")
        seconds = self.request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DAY)
        process, started = self._start(root)
        if self.job.emulator.faults.take("job_failure", self.job.name):
            killed = process.kill()
            return Outcome(killed.code or 137, False, False, killed.tail, killed.seconds), started
        return process.wait(seconds, self.job.stop), started

    def _interrupted(self, root: Root) -> None:
        """The instance is taken away once a checkpoint is there, or when none is kept, at the first line."""
        self.job.secondary("Training", "Training image download completed. Training in progress.")
        process, _ = self._start(root)
        folder = self._checkpoints(root)
        before: dict[str, float] = {}
        limit = time.monotonic() + (60 if folder else 1)
        while process.alive and time.monotonic() < limit and not self.job.stop.is_set():
            time.sleep(0.05)
            seen = _sizes(folder) if folder else {}
            if seen.items() & before.items():
                break
            before = seen
        process.kill()
        self._keep_checkpoints(root)
        self.job.secondary("Interrupted", "Managed Spot Training interrupted: the instance was reclaimed")
        self.job.secondary("Restarting", "Launching requested ML instances")

    def _checkpoints(self, root: Root) -> Path | None:
        config = self.request.get("CheckpointConfig")
        return root.path(config.get("LocalPath", CHECKPOINTS)) if config else None

    def _keep_checkpoints(self, root: Root) -> None:
        folder = self._checkpoints(root)
        if folder is not None:
            self.instance.transfers.upload_folder(folder, self.request["CheckpointConfig"]["S3Uri"], self.key)

    def _upload(self, root: Root) -> None:
        model, output = root.path("/opt/ml/model"), root.path("/opt/ml/output/data")
        if self.request["OutputDataConfig"].get("CompressionType") == "NONE":
            self.instance.transfers.upload_folder(model, f"{self.prefix}/model", self.key)
            self.job.update(ModelArtifacts={"S3ModelArtifacts": f"{self.prefix}/model/"})
        else:
            self._packed(model, "model.tar.gz")
            self.job.update(ModelArtifacts={"S3ModelArtifacts": f"{self.prefix}/model.tar.gz"})
        if any(output.iterdir()):
            self._packed(output, "output.tar.gz")

    def _packed(self, folder: Path, name: str) -> None:
        archive = self.instance.folder / name
        pack(folder, archive)
        self.instance.transfers.upload(archive, f"{self.prefix}/{name}", self.key)

    def _finish(self) -> None:
        """Metrics and times. Seconds are of this machine; a spot discount is AWS's to give."""
        self.instance.metrics({"TrainingJobName": self.job.name}, self.metrics.values)
        final = [
            {**metric, "Timestamp": datetime.fromtimestamp(metric["Timestamp"], UTC)}
            for metric in self.metrics.final()
        ]
        seconds = math.ceil(time.monotonic() - self.instance.started)
        self.job.update(
            FinalMetricDataList=final, TrainingTimeInSeconds=seconds, BillableTimeInSeconds=seconds
        )


def _sizes(folder: Path) -> dict[str, float]:
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {str(path): path.stat().st_size for path in files if path.exists()}


def _failure(root: Root, started: Launch, outcome: Outcome) -> str:
    """FailureReason; for a script the toolkit writes it, for an algorithm it is /opt/ml/output/failure."""
    path = root.path("/opt/ml/output/failure")
    text = path.read_text(errors="replace").strip() if path.is_file() else ""
    if started.script:
        message = "\n".join(outcome.tail)[-600:]
        command = " ".join(["/usr/bin/python3", *started.command[1:]])
        text = (
            f'ExecuteUserScriptError:\nExitCode {outcome.code}\nErrorMessage "{message}"\nCommand "{command}"'
        )
    return f"AlgorithmError: {text[:950]}, exit code: {outcome.code}"
