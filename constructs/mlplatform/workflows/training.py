"""The request of a training job (SageMaker API, CreateTrainingJob)."""

from mlplatform import images
from mlplatform.settings import Environment, ModelProduct
from mlplatform.settings.training import TrainSettings
from mlplatform.workflows import hyperparameters
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

CONTENT_TYPES = {"csv": "text/csv", "jsonl": "application/jsonlines"}
"""What a built-in algorithm is told of its data, by the format of the data."""

TRIES = 6
"""Requests after which Train waits for capacity, at most: 1 and the retries of the state."""

OUT_OF_CAPACITY = f"$string({TRIES} * $shortages + $states.context.State.RetryCount)"
"""JSONata: ends the job's name; the state Train counts the times capacity was missing in ``$shortages``."""


def training_request(product: ModelProduct, settings: Environment) -> Request:
    """The request of the state Train. Raises ValueError for a product that is not trained."""
    train = trained(product)
    request: Request = {
        "TrainingJobName": job_name("train", OUT_OF_CAPACITY),
        "HyperParameters": hyperparameters.of_job(train, settings.region),
        **common(product, settings),
        "ProfilerConfig": {"DisableProfiler": True},
        "Tags": tags(product, settings),
    }
    if train.warm_pool_minutes:
        request["ResourceConfig"]["KeepAlivePeriodInSeconds"] = train.warm_pool_minutes * 60
    return merged(request, train.request)


def common(product: ModelProduct, settings: Environment) -> Request:
    """What a training job and the jobs of a tuning job have in common."""
    train = trained(product)
    request: Request = {
        "AlgorithmSpecification": _algorithm(product, settings),
        "RoleArn": job_role(product, settings),
        "InputDataConfig": _inputs(product, settings),
        "OutputDataConfig": {
            "S3OutputPath": places(product, settings).record("training/"),
            "KmsKeyId": "${ArtifactsKeyArn}",
        },
        "ResourceConfig": resources(train),
        "VpcConfig": vpc(),
        "StoppingCondition": _stopping(train),
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": True,
        "EnableManagedSpotTraining": train.spot,
        "RetryStrategy": {"MaximumRetryAttempts": train.max_attempts},
        "Environment": environment(product, train),
    }
    if train.checkpoints:
        request["CheckpointConfig"] = {"S3Uri": places(product, settings).checkpoints()}
    return request


def trained(product: ModelProduct) -> TrainSettings:
    """The product's ``train``. Raises ValueError if it has none."""
    if product.train is None:
        raise ValueError(f"{product.name} is not trained: model.yaml has no `train`")
    return product.train


def longest_minutes(train: TrainSettings) -> int:
    """How long one job may take in all, in minutes: with spot, the wait for capacity counts."""
    return train.max_wait_minutes if train.spot and train.max_wait_minutes else train.max_runtime_minutes


def _algorithm(product: ModelProduct, settings: Environment) -> Request:
    train = trained(product)
    image = images.image_of(product, settings, use="training", instance_type=train.instance_type, job=train)
    definitions = [{"Name": name, "Regex": regex} for name, regex in train.metric_definitions.items()]
    specification: Request = {"TrainingImage": image, "TrainingInputMode": train.input_mode}
    if definitions:
        specification["MetricDefinitions"] = definitions
    if train.arguments and train.container:  # others are started with the argument `train`
        specification["ContainerArguments"] = train.arguments
    return specification


def resources(train: TrainSettings) -> Request:
    """What the job runs on; groups and fallbacks that only ``request`` can ask for take the type's place."""
    asked = train.request.get("ResourceConfig", {})
    rest = {"VolumeSizeInGB": train.volume_size_gib, **volume_key(train.instance_type, *train.instance_types)}
    if "InstanceGroups" in asked or "InstancePreferences" in asked:
        return rest
    chosen = jsonata("$run.InstanceType") if train.instance_types else train.instance_type
    return {"InstanceType": chosen, "InstanceCount": train.instance_count, **rest}


def _stopping(train: TrainSettings) -> Request:
    longest = {"MaxWaitTimeInSeconds": longest_minutes(train) * 60} if train.spot else {}
    return {"MaxRuntimeInSeconds": train.max_runtime_minutes * 60, **longest}


def _inputs(product: ModelProduct, settings: Environment) -> list[Request]:
    train = trained(product)
    kind = CONTENT_TYPES.get(product.data.format) if product.data and train.algorithm else None
    inputs = [_channel(name, data_of(source, product, settings), kind) for name, source in _channels(product)]
    if train.jumpstart:
        inputs.append(_channel("model", train.jumpstart.model))
    if hyperparameters.runs_script(train):
        inputs.append({**_channel("code", jsonata("$code")), "InputMode": "File"})
    return inputs


def _channels(product: ModelProduct) -> list[tuple[str, str]]:
    """Name of the channel, and the channel of ``data`` it is: algorithms know no test data."""
    train, known = trained(product), channels(product)
    if train.jumpstart:
        return [("training" if name == "train" else name, name) for name in known if name != "test"]
    return [(name, name) for name in known if not (train.algorithm and name == "test")]


def _channel(name: str, uri: str, content_type: str | None = None) -> Request:
    where = {"S3DataType": "S3Prefix", "S3DataDistributionType": "FullyReplicated", "S3Uri": uri}
    kind = {"ContentType": content_type} if content_type else {}
    return {"ChannelName": name, "DataSource": {"S3DataSource": where}, **kind}
