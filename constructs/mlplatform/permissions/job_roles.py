"""What the jobs of one model may do: read the model's data, keep what they make, run in our network."""

from collections.abc import Iterator

from mlplatform import images
from mlplatform.exports import imported
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.networking import job_network
from mlplatform.permissions.places import ours, owned_by, sign_in_to_images, via
from mlplatform.permissions.run_places import KEPT, PREDICTIONS, RUNS, areas, object_arns, source_arns
from mlplatform.policy import PULL_IMAGES, READ_OBJECTS
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct

_WRITE = ("s3:AbortMultipartUpload", "s3:PutObject")


def model_job(product: ModelProduct, settings: Environment) -> list[Grant]:
    """The policy of the jobs of ``product``."""
    return [
        *_data(product, settings),
        *_sources(product, settings),
        *_work(product, settings),
        *_keys(settings),
        *_telemetry(settings),
        *job_network(settings),
        *_images(product, settings),
    ]


def _data(product: ModelProduct, settings: Environment) -> list[Grant]:
    if not (keys := areas(settings, product)):
        return []
    bucket = settings.names.bucket_arn("data")
    listed = {**ours(settings), "StringLike": {"s3:prefix": list(keys)}}
    why = "a job reads the data of its model, whichever objects there are"
    return [
        Grant("ReadData", READ_OBJECTS, tuple(f"{bucket}/{key}" for key in keys), why, ours(settings)),
        Grant("ListData", ("s3:ListBucket",), (bucket,), why, listed),
    ]


def _sources(product: ModelProduct, settings: Environment) -> list[Grant]:
    """The buckets of others that the model's data lies in."""
    return read_sources(settings, product, who="a job")


def read_sources(settings: Environment, *products: ModelProduct, who: str) -> list[Grant]:
    """Reading the declared data sources that ``products`` use, and the keys they are encrypted with."""
    if not (objects := source_arns(settings, *products)):
        return []
    used = [source for source in settings.data_sources if _arn(source.bucket, settings) in objects.values()]
    owners = sorted({source.account or settings.account for source in used})
    keys = tuple(sorted({source.kms_key_arn for source in used if source.kms_key_arn}))
    why = f"{who} reads everything below the prefix declared for a data source"
    grants = [
        Grant("ReadSources", READ_OBJECTS, tuple(objects), why, owned_by(*owners)),
        Grant(
            "ListSources", ("s3:ListBucket",), tuple(dict.fromkeys(objects.values())), why, owned_by(*owners)
        ),
    ]
    if keys:
        grants.append(
            Grant("DecryptSources", ("kms:Decrypt",), keys, "data sources are encrypted", via(settings, "s3"))
        )
    return grants


def _arn(bucket: str, settings: Environment) -> str:
    return settings.names.arn("s3", bucket, region="", account="")


def _work(product: ModelProduct, settings: Environment) -> list[Grant]:
    """What the model's runs keep: read all of it, write where jobs do, never over a report or a package."""
    mine = (f"{KEPT}{product.name}/*", f"{RUNS}{product.name}/*")
    written = [
        f"{KEPT}{product.name}/*/evaluation/*",
        f"{KEPT}{product.name}/*/training/*",
        f"{RUNS}{product.name}/*/prepared/*",
        f"{RUNS}{product.name}/checkpoints/*",
    ]
    if product.batch:
        written.append(f"{PREDICTIONS}{product.name}/*")
    listed = {**ours(settings), "StringLike": {"s3:prefix": list(mine)}}
    bucket = settings.names.bucket_arn("artifacts")
    return [
        Grant(
            "ReadWork",
            READ_OBJECTS,
            object_arns(settings, *mine),
            "a job reads what earlier steps of any run of its model made",
            ours(settings),
        ),
        Grant("ListWork", ("s3:ListBucket",), (bucket,), "a job lists its inputs", listed),
        Grant(
            "WriteWork",
            _WRITE,
            object_arns(settings, *written),
            "a job writes what it makes below the run it belongs to, which is named when it starts",
            ours(settings),
        ),
    ]


def _keys(settings: Environment) -> list[Grant]:
    """SageMaker developer guide, "Using AWS KMS Permissions" of execution roles."""
    data, artifacts = imported("DataKeyArn", settings), imported("ArtifactsKeyArn", settings)
    use = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")
    lent = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [
        Grant(
            "UseKeys", use, (data, artifacts), "what a job reads and writes is encrypted", via(settings, "s3")
        ),
        Grant("DescribeVolumeKey", ("kms:DescribeKey",), (data,), "SageMaker looks at the key of a volume"),
        Grant("LendVolumeKey", ("kms:CreateGrant",), (data,), "SageMaker encrypts a job's volume", lent),
    ]


def _telemetry(settings: Environment) -> list[Grant]:
    groups = [f"/aws/sagemaker/{kind}Jobs" for kind in ("Processing", "Training", "Transform")]
    return [
        Grant(
            "WriteLogs",
            ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
            tuple(settings.names.arn("logs", f"log-group:{group}*") for group in groups),
            "SageMaker names the log groups of jobs, one for each kind, and their streams after the job",
        ),
        Grant(
            "PutMetrics",
            ("cloudwatch:PutMetricData",),
            ("*",),
            "metrics are of no resource in particular; the condition names whose",
            {"StringEquals": {"cloudwatch:namespace": groups}},
        ),
    ]


def _images(product: ModelProduct, settings: Environment) -> list[Grant]:
    repositories = tuple(sorted(set(_repositories(product, settings))))
    return [
        Grant("PullImages", PULL_IMAGES, repositories, "a job runs the images its model's settings name"),
        sign_in_to_images(settings, "a job"),
    ]


def _repositories(product: ModelProduct, settings: Environment) -> Iterator[str]:
    """ARNs of the image repositories that the model's settings come to."""
    for use, section in (
        ("processing", product.prepare),
        ("training", product.train),
        ("processing", product.evaluate),
        ("inference", product.batch),
    ):
        if section is not None:
            uri = images.image_of(product, settings, use=use, instance_type=section.instance_type)
            host, _, path = uri.partition("/")
            name = path.partition("@")[0].partition(":")[0]
            yield settings.names.arn("ecr", f"repository/{name}", account=host.partition(".")[0])
