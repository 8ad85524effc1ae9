"""CreateTransformJob: the model's containers score the objects of a prefix, as batch transform does.

Source: SageMaker developer guide, "Batch transform"; API reference, TransformInput, TransformOutput and
DataProcessing.
"""

import gzip
from collections.abc import Callable
from pathlib import Path

from rehearsal.api import Parameters
from rehearsal.sagemaker.batches import Records, filtered, joined
from rehearsal.sagemaker.containers import Fleet, ServedContainer, serve
from rehearsal.sagemaker.containers.serving import ServingError
from rehearsal.sagemaker.instance import Instance, Placement
from rehearsal.sagemaker.job import FailedJobError, Job, StoppedJobError
from rehearsal.sagemaker.models import Model
from rehearsal.sagemaker.training import CAPACITY
from rehearsal.sagemaker.transfer import location

MEGABYTE = 2**20


def placement(model: Model, request: Parameters) -> Placement:
    """Machine and role of a transform job: role, network and isolation are the model's."""
    return Placement(
        role_arn=model.role_arn,
        images=tuple(container["Image"] for container in model.containers),
        vpc=model.vpc,
        volume_key=request["TransformResources"].get("VolumeKmsKeyId"),
        isolated=model.isolated,
    )


def run(job: Job, find: Callable[[str], Model]) -> None:
    """Run a transform job to its end; raises FailedJobError or StoppedJobError otherwise."""
    if job.emulator.faults.take("capacity", job.name):
        raise FailedJobError(CAPACITY)
    instance = Instance(job.emulator, job.placement, job.principal, kind="Transform", name=job.name)
    try:
        instance.start()
        job.begin()
        containers = served(find(job.request["ModelName"]), instance)
        with _servers(job, instance, containers) as fleet:
            if job.emulator.faults.take("job_failure", job.name):
                raise FailedJobError("AlgorithmError: See job logs for more information")
            _score(job, instance, fleet)
    finally:
        instance.stop()


def served(model: Model, instance: Instance) -> list[ServedContainer]:
    """The containers of a model with their archives on the instance's disk."""
    found = []
    for number, container in enumerate(model.containers, 1):
        archive = None
        if container.get("ModelDataUrl"):
            bucket, key = location(container["ModelDataUrl"])
            archive = instance.transfers.fetch(bucket, key, instance.folder / f"model-{number}.tar.gz")
        found.append(ServedContainer(container["Image"], archive, container.get("Environment", {})))
    return found


def _servers(job: Job, instance: Instance, containers: list[ServedContainer]) -> Fleet:
    given = {"SAGEMAKER_BATCH": "true", **instance.credentials(), **job.request.get("Environment", {})}
    try:
        return serve(containers, folder=instance.folder, environment=given, on_line=instance.log)
    except ServingError as error:
        raise FailedJobError(
            f"AlgorithmError: the model server did not start: {str(error)[-800:]}"
        ) from error


def _score(job: Job, instance: Instance, fleet: Fleet) -> None:
    source = job.request["TransformInput"]
    data = source["DataSource"]["S3DataSource"]
    bucket = location(data["S3Uri"])[0]
    output = job.request["TransformOutput"]
    for path, key in instance.transfers.keys(data["S3Uri"], data["S3DataType"]).items():
        if job.stop.is_set():
            raise StoppedJobError
        file = instance.transfers.fetch(bucket, key, instance.folder / "input" / path)
        result = instance.folder / "output" / f"{path}.out"
        result.parent.mkdir(parents=True, exist_ok=True)
        result.write_bytes(_transformed(job, fleet, _content(file, source), path))
        target = f"{output['S3OutputPath'].rstrip('/')}/{path}.out"
        instance.transfers.upload(result, target, output.get("KmsKeyId"))


def _content(file: Path, source: Parameters) -> bytes:
    body = file.read_bytes()
    return gzip.decompress(body) if source.get("CompressionType") == "Gzip" else body


def _transformed(job: Job, fleet: Fleet, body: bytes, path: str) -> bytes:
    request = job.request
    source, output, data = (
        request["TransformInput"],
        request["TransformOutput"],
        request.get("DataProcessing", {}),
    )
    records = Records(
        split=source.get("SplitType", "None"),
        strategy=request.get("BatchStrategy", "MultiRecord"),
        limit=request.get("MaxPayloadInMB", 6) * MEGABYTE,
    )
    kind = source.get("ContentType", "application/octet-stream")
    lines = output.get("AssembleWith", "None") == "Line"
    answers = []
    for batch in records.batches(body):
        sent = filtered(batch, data.get("InputFilter", "$"), kind)
        answer = fleet.invoke(sent, kind, output.get("Accept", "*/*"))
        if answer.status >= 300:
            raise FailedJobError(_refused(path, answer.status, answer.body))
        scored = answer.body
        if data.get("JoinSource") == "Input":
            scored = joined(batch, scored, kind)
        scored = filtered(scored, data.get("OutputFilter", "$"), kind)
        answers.append(scored.rstrip(b"\n") + b"\n" if lines else scored)
    return b"".join(answers)


def _refused(path: str, status: int, body: bytes) -> str:
    """Real jobs say only "See job logs for more information"; the answer itself helps more."""
    kind = "ClientError" if status < 500 else "AlgorithmError"
    return f"{kind}: {path}: the model answered {status}: {body.decode('utf-8', 'replace')[:800]}"
