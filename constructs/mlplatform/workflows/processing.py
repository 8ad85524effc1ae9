"""The requests of the preparation and evaluation jobs (SageMaker API, CreateProcessingJob)."""

from collections.abc import Sequence

from mlplatform import images
from mlplatform.settings import Environment, ModelProduct
from mlplatform.settings.jobs import EvaluateSettings, PrepareSettings
from mlplatform.workflows.places import channels, data_of, jsonata, places
from mlplatform.workflows.requests import (
    Request,
    environment,
    job_name,
    job_role,
    merged,
    tags,
    volume_key,
    vpc,
)

INPUT, OUTPUT, CODE = "/opt/ml/processing/input", "/opt/ml/processing/output", "/opt/ml/processing/code"
"""Folders of a processing container, in which SageMaker lays out inputs and finds outputs."""

Job = EvaluateSettings | PrepareSettings


def prepare_request(product: ModelProduct, settings: Environment) -> Request:
    """The request of the state Prepare. Raises ValueError for a product without a preparation job."""
    job = product.prepare
    if job is None or product.data is None:
        raise ValueError(f"{product.name} is not prepared: model.yaml has no `prepare` or no `data`")
    known = tuple(product.data.channels)
    written = [
        _output(name, places(product, settings).workspace(f"prepared/{name}/")) for name in job.outputs
    ]
    arguments = [
        *_named("--", known, INPUT),
        *_named("--output-", job.outputs, OUTPUT),
    ]
    read = [_input(name, jsonata(f"$run.Data.{name}")) for name in known]
    return _request("prep", job, product, settings, read, written, arguments)


def evaluate_request(product: ModelProduct, settings: Environment) -> Request:
    """The request of the state Evaluate. Raises ValueError for a product without an evaluation job."""
    job = product.evaluate
    if job is None:
        raise ValueError(f"{product.name} is not evaluated: model.yaml has no `evaluate`")
    known = channels(product)
    test = next(name for name in ("test", "validation", "train") if name in known)
    read = [
        _input("model", jsonata("$model.Url")),
        _input("test", data_of(test, product, settings)),
        _input("train", data_of("train", product, settings)),
    ]
    written = [_output("evaluation", places(product, settings).record("evaluation/"))]
    arguments = [*_named("--", ("model", "test", "train"), INPUT), "--output", f"{OUTPUT}/evaluation"]
    return _request("eval", job, product, settings, read, written, arguments)


def _request(
    step: str,
    job: Job,
    product: ModelProduct,
    settings: Environment,
    read: list[Request],
    written: list[Request],
    arguments: list[str],
) -> Request:
    image = images.image_of(product, settings, use="processing", instance_type=job.instance_type, job=job)
    request: Request = {
        "ProcessingJobName": job_name(step),
        "ProcessingInputs": [_input("code", jsonata("$code")), *read],
        "ProcessingOutputConfig": {"KmsKeyId": "${ArtifactsKeyArn}", "Outputs": written},
        "ProcessingResources": {"ClusterConfig": _cluster(job)},
        "StoppingCondition": {"MaxRuntimeInSeconds": job.max_runtime_minutes * 60},
        "AppSpecification": {
            "ImageUri": image,
            "ContainerEntrypoint": _entrypoint(job.script),
            "ContainerArguments": [*arguments, *job.arguments],
        },
        "Environment": environment(product, job),
        "NetworkConfig": {
            "EnableInterContainerTrafficEncryption": True,
            "EnableNetworkIsolation": True,
            "VpcConfig": vpc(),
        },
        "RoleArn": job_role(product, settings),
        "Tags": tags(product, settings),
    }
    return merged(request, job.request)


def _cluster(job: Job) -> Request:
    """What the job runs on; fallbacks that only ``request`` can ask for take the type's place."""
    asked = job.request.get("ProcessingResources", {}).get("ClusterConfig", {})
    rest = {"VolumeSizeInGB": job.volume_size_gib, **volume_key(job.instance_type)}
    if "InstancePreferences" in asked:
        return {"InstanceCount": job.instance_count, **rest}
    return {"InstanceType": job.instance_type, "InstanceCount": job.instance_count, **rest}


def _entrypoint(script: str) -> list[str]:
    """Unpack the source and become the script; an entry has 256 characters, too few to name the archive."""
    unpack = f"mkdir -p {CODE} && tar -xzf {INPUT}/code/*.tar.gz -C {CODE}"
    return ["/bin/sh", "-c", f'{unpack} && exec python3 {CODE}/{script} "$@"', "--"]


def _named(prefix: str, names: Sequence[str], folder: str) -> list[str]:
    return [word for name in names for word in (f"{prefix}{name}", f"{folder}/{name}")]


def _input(name: str, uri: str) -> Request:
    where = {
        "S3Uri": uri,
        "LocalPath": f"{INPUT}/{name}",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        "S3DataDistributionType": "FullyReplicated",
    }
    return {"InputName": name, "S3Input": where}


def _output(name: str, uri: str) -> Request:
    where = {"S3Uri": uri, "LocalPath": f"{OUTPUT}/{name}", "S3UploadMode": "EndOfJob"}
    return {"OutputName": name, "S3Output": where}
