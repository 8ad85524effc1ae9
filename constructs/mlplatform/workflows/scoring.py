"""The requests of batch scoring (SageMaker API, CreateModel and CreateTransformJob)."""

from mlplatform.settings import Environment, ModelProduct
from mlplatform.settings.inference import BatchSettings
from mlplatform.workflows.places import jsonata, places
from mlplatform.workflows.requests import Request, job_name, job_role, merged, tags, volume_key, vpc

SPLITS = {"none": "None", "line": "Line", "record_io": "RecordIO", "tf_record": "TFRecord"}
STRATEGIES = {"single_record": "SingleRecord", "multi_record": "MultiRecord"}


def scored(product: ModelProduct) -> BatchSettings:
    """The product's ``batch``. Raises ValueError if it has none."""
    if product.batch is None:
        raise ValueError(f"{product.name} scores nothing: model.yaml has no `batch`")
    return product.batch


def model_request(product: ModelProduct, settings: Environment) -> Request:
    """The request of the state Create model: network and isolation of a transform job are its model's."""
    return {
        "ModelName": jsonata("$run.Jobs.score"),
        "Containers": [{"ModelPackageName": jsonata("$version")}],
        "ExecutionRoleArn": job_role(product, settings),
        "VpcConfig": vpc("ModelSecurityGroupId"),
        "EnableNetworkIsolation": True,
        "Tags": tags(product, settings),
    }


def transform_request(product: ModelProduct, settings: Environment) -> Request:
    """The request of the state Score."""
    batch = scored(product)
    source = {"S3DataType": "S3Prefix", "S3Uri": jsonata("$run.Data.batch")}
    request: Request = {
        "TransformJobName": job_name("score"),
        "ModelName": jsonata("$run.Jobs.score"),
        "MaxPayloadInMB": batch.max_payload_mb,
        "MaxConcurrentTransforms": batch.max_concurrent_transforms,
        "TransformInput": {
            "DataSource": {"S3DataSource": source},
            "ContentType": batch.content_type,
            "SplitType": SPLITS[batch.split],
        },
        "TransformOutput": _output(batch, product, settings),
        "TransformResources": {
            "InstanceType": batch.instance_type,
            "InstanceCount": batch.instance_count,
            **volume_key(batch.instance_type),
        },
        "DataProcessing": {"JoinSource": "Input" if batch.join == "input" else "None"},
        "Tags": tags(product, settings),
    }
    if batch.split != "none":
        request["BatchStrategy"] = STRATEGIES[batch.strategy]
    return merged(request, batch.request)


def _output(batch: BatchSettings, product: ModelProduct, settings: Environment) -> Request:
    assembled = {"AssembleWith": "Line"} if batch.split == "line" else {}
    return {
        "S3OutputPath": places(product, settings).predictions(),
        "Accept": batch.accept,
        "KmsKeyId": "${ArtifactsKeyArn}",
        **assembled,
    }
