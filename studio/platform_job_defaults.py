"""Fills in what a job on the platform must say, where a request to SageMaker leaves it out.

botocore loads this module into every client (by an interface it calls experimental), so it works for
boto3 and for every SDK on top of it. Nothing that a request does say is changed, but for the role of the
SDK's evaluations. The values lie beside it, in a JSON file of the same name.
"""

import json
import os
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

Request = dict[str, Any]

PLUGINS, THIS = "BOTOCORE_EXPERIMENTAL__PLUGINS", "platform_job_defaults=platform_job_defaults"
OPERATIONS = (
    "CreateEndpointConfig",
    "CreateHyperParameterTuningJob",
    "CreateModel",
    "CreateProcessingJob",
    "CreateTrainingJob",
    "CreateTransformJob",
)
EVALUATIONS = "SagemakerEvaluation-"


def activate() -> None:
    """Have botocore load this module into every client that this process makes."""
    plugins = [name for name in os.environ.get(PLUGINS, "").split(",") if name]
    if THIS not in plugins and plugins != ["DISABLED"]:
        os.environ[PLUGINS] = ",".join([*plugins, THIS])
    # The SDK checks a role by asking IAM, which cannot be reached.
    os.environ.setdefault("SAGEMAKER_VALIDATE_ROLE", "false")


def initialize_client_plugin(client: Any) -> None:
    """Register with one client of botocore."""
    service = client.meta.service_model.service_name
    if service == "iam":
        client.meta.events.register("before-call.iam", _refused)
    if service != "sagemaker":
        return
    values = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))

    def fill(params: Request, model: Any, **_: Any) -> Request:
        return filled(params, model.name, values)

    def run_as_jobs(params: Request, **_: Any) -> Request:
        return evaluated(params, values)

    for operation in OPERATIONS:
        client.meta.events.register(f"provide-client-params.sagemaker.{operation}", fill)
    for operation in ("CreatePipeline", "UpdatePipeline"):
        client.meta.events.register(f"provide-client-params.sagemaker.{operation}", run_as_jobs)


def _refused(model: Any, **_: Any) -> None:
    """The network has no way to IAM: who asks it shall not wait for minutes, but have the answer of IAM.

    An SDK that checks roles goes on without the check when IAM denies it, and fails with any other error.
    """
    from botocore.exceptions import ClientError

    message = "Studio's network has no way to IAM"
    raise ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, model.name)


def evaluated(params: Request, values: Request) -> Request:
    """Return a copy of a pipeline's request; an evaluation of the SDK, and its steps, run as jobs in it.

    Left to itself the SDK takes the role of whoever starts it, by a name that lacks the role's path, and
    names no key for what its steps write.
    """
    request, role = dict(params), values["role"]
    if not params.get("PipelineName", "").startswith(EVALUATIONS):
        return request
    given = params.get("RoleArn", role)
    request["RoleArn"] = role
    if "PipelineDefinition" in request:
        definition = json.loads(request["PipelineDefinition"].replace(f'"{given}"', f'"{role}"'))
        for step in definition.get("Steps", []):
            if output := step.get("Arguments", {}).get("OutputDataConfig"):
                output.setdefault("KmsKeyId", _bucket_key(output, values["output_keys"]))
        request["PipelineDefinition"] = json.dumps(definition)
    return request


def filled(params: Request, operation: str, values: Request) -> Request:
    """Return a copy of the request of one operation, with what it leaves out."""
    request = deepcopy(params)
    tags = request.setdefault("Tags", [])
    said = {tag["Key"] for tag in tags}
    tags += [{"Key": key, "Value": value} for key, value in values["tags"].items() if key not in said]
    trainings = [request] if operation == "CreateTrainingJob" else list(_tuned(request))
    isolated = {"VpcConfig": values["network"], "EnableNetworkIsolation": True}
    encrypted = isolated | {"EnableInterContainerTrafficEncryption": True}
    for training in trainings:
        # A serverless job has no instances: no volumes, and no network but what it asks for.
        if "ServerlessJobConfig" not in training:
            _add(training, encrypted)
    if operation == "CreateProcessingJob":
        _add(request, {"NetworkConfig": encrypted, "ProcessingOutputConfig": {"Outputs": []}})
    if operation == "CreateModel":
        _add(request, isolated)
    for resources, key in _resources(request, trainings):
        if _types(resources).intersection(values["types_with_volume_key"]):
            resources.setdefault(key, values["volume_key"])
    for output in _outputs(request, trainings):
        output.setdefault("KmsKeyId", _bucket_key(output, values["output_keys"]))
    return request


def _add(request: Request, values: Request) -> None:
    for key, value in values.items():
        if isinstance(value, dict) and isinstance(request.get(key), dict):
            _add(request[key], value)
        else:
            request.setdefault(key, deepcopy(value))


def _tuned(request: Request) -> Iterator[Request]:
    if "TrainingJobDefinition" in request:
        yield request["TrainingJobDefinition"]
    yield from request.get("TrainingJobDefinitions", [])


def _resources(request: Request, trainings: list[Request]) -> Iterator[tuple[Request, str]]:
    """What names instance types, with what the key of their volumes is called there."""
    for training in trainings:
        for name in ("ResourceConfig", "HyperParameterTuningResourceConfig"):
            yield training.get(name, {}), "VolumeKmsKeyId"
    yield request.get("ProcessingResources", {}).get("ClusterConfig", {}), "VolumeKmsKeyId"
    yield request.get("TransformResources", {}), "VolumeKmsKeyId"
    if "ProductionVariants" in request:
        yield request, "KmsKeyId"


def _types(resources: Request) -> set[str]:
    lists = ("InstanceGroups", "InstanceConfigs", "ProductionVariants")
    groups = [group for name in lists for group in resources.get(name, [])]
    return {group["InstanceType"] for group in (resources, *groups) if "InstanceType" in group}


def _outputs(request: Request, trainings: list[Request]) -> Iterator[Request]:
    named = [training.get("OutputDataConfig") for training in trainings]
    yield from filter(None, [*named, request.get("TransformOutput"), request.get("ProcessingOutputConfig")])


def _bucket_key(output: Request, keys: dict[str, str]) -> str:
    """The key of the bucket that is written to; that of the artifacts for a bucket of somebody else."""
    uris = [to.get("S3Output", {}).get("S3Uri", "") for to in output.get("Outputs", [])]
    uri = output.get("S3OutputPath") or next(filter(None, uris), "")
    # In a pipeline it may be a reference, known only when it runs.
    return keys.get(str(uri).removeprefix("s3://").partition("/")[0], keys[""])
