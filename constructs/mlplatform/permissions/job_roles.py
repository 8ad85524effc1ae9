"""What the jobs of one model may do: read the model's data, keep what they make, run in our network."""

from collections.abc import Iterable, Iterator

from mlplatform import images, workflows
from mlplatform.exports import imported
from mlplatform.permissions.data_reading import read_data, read_sources
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.networking import job_network
from mlplatform.permissions.places import (
    STUDIO_PREFIX,
    ours,
    owned_by,
    registry_key,
    sign_in_to_images,
    via,
)
from mlplatform.permissions.run_places import KEPT, PREDICTIONS, REGISTERING, RUNS, object_arns
from mlplatform.policy import PULL_IMAGES, READ_OBJECTS
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct
from mlplatform.workflows.inference import image_of_scripts, model_image

_WRITE = ("s3:AbortMultipartUpload", "s3:PutObject")
_SCRIPTS = f"{STUDIO_PREFIX}*.tar.gz"
"""Scripts that somebody edited in Studio, for an execution that may run them."""


def model_job(product: ModelProduct, settings: Environment) -> list[Grant]:
    """The policy of the jobs of ``product``, whose workflows decide what they need."""
    which = workflows.with_jobs(product, settings)
    groups = [
        *(["JobSecurityGroupId"] if set(which) & set(REGISTERING) else []),
        *(["ModelSecurityGroupId"] if "batch" in which else []),
    ]
    return [
        *read_data(settings, product, who="a job"),
        *read_sources(settings, product, who="a job"),
        *_reading(product, settings, which),
        *_writing(product, settings, which),
        *(_registry(product, settings) if "batch" in which else []),
        *_jumpstart(product, settings),
        *_keys(settings),
        *_telemetry(settings, which),
        *job_network(settings, *groups),
        *_images(product, settings, which),
    ]


def _reading(product: ModelProduct, settings: Environment, which: Iterable[str]) -> list[Grant]:
    """What earlier steps of the model's runs made and, unless production depends on it, edited scripts."""
    mine = [f"{KEPT}{product.name}/*"]
    if set(which) & set(REGISTERING):
        mine.append(f"{RUNS}{product.name}/*")
    if {"train", "tune"} & set(which) and not settings.serves_production:
        mine.append(_SCRIPTS)
    listed = {**ours(settings), "StringLike": {"s3:prefix": mine}}
    bucket = settings.names.bucket_arn("artifacts")
    why = "a job reads what earlier steps of any run of its model made, and scripts an execution names"
    return [
        Grant("ReadWork", READ_OBJECTS, object_arns(settings, *mine), why, ours(settings)),
        Grant("ListWork", ("s3:ListBucket",), (bucket,), "a job lists its inputs", listed),
    ]


def _writing(product: ModelProduct, settings: Environment, which: Iterable[str]) -> list[Grant]:
    """Where jobs write; never over scripts, a decision of the gate or the record of a version."""
    which, model = set(which), product.name
    trains = which & {"train", "tune"}
    edited = trains and not settings.serves_production  # such a run keeps all it makes below runs/
    places = {
        f"{KEPT}{model}/*/evaluation/*": which & set(REGISTERING),
        f"{KEPT}{model}/*/training/*": trains,
        f"{RUNS}{model}/*/evaluation/*": edited,
        f"{RUNS}{model}/*/training/*": edited,
        f"{RUNS}{model}/*/prepared/*": product.prepare and which & set(REGISTERING),
        f"{RUNS}{model}/checkpoints/*": product.train and product.train.checkpoints and trains,
        f"{PREDICTIONS}{model}/*": which & {"batch"},
    }
    written = object_arns(settings, *(place for place, needed in places.items() if needed))
    why = "a job writes what it makes below the run it belongs to, which is named when it starts"
    return [Grant("WriteWork", _WRITE, written, why, ours(settings))]


def _registry(product: ModelProduct, settings: Environment) -> list[Grant]:
    """A version that another environment registered lies in that environment's bucket."""
    if settings.keeps_registry:
        return []
    registry = settings.neighbours.registry
    objects, key = f"{registry.bucket_arn('artifacts')}/{KEPT}{product.name}/*", (registry_key(settings),)
    why = "a version is scored with as it was registered, in any run"
    return [
        Grant("ReadVersions", READ_OBJECTS, (objects,), why, owned_by(registry.account)),
        Grant("DecryptVersions", ("kms:Decrypt",), key, "versions are encrypted", via(settings, "s3")),
    ]


def _jumpstart(product: ModelProduct, settings: Environment) -> list[Grant]:
    """The script and model of AWS that training starts from."""
    if not settings.training or product.train is None or product.train.jumpstart is None:
        return []
    given = product.train.jumpstart
    objects = [uri.removeprefix("s3://") for uri in (given.source, given.model)]
    arns = tuple(settings.names.arn("s3", name, region="", account="") for name in objects)
    buckets = tuple(dict.fromkeys(arn.partition("/")[0] for arn in arns))
    listed = {"StringEquals": {"s3:prefix": [name.partition("/")[2] for name in objects]}}
    why = "training starts from what SageMaker JumpStart offers"
    return [
        Grant("ReadJumpStart", ("s3:GetObject",), arns, why),
        Grant("ListJumpStart", ("s3:ListBucket",), buckets, why, listed),
    ]


def _keys(settings: Environment) -> list[Grant]:
    """SageMaker developer guide, "CreateTrainingJob API: Execution Role Permissions"."""
    data, artifacts = imported("DataKeyArn", settings), imported("ArtifactsKeyArn", settings)
    use = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")
    lent = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    why = "what a job writes, and later steps read, is encrypted"
    return [
        Grant("UseKey", use, (artifacts,), why, via(settings, "s3")),
        Grant("DescribeVolumeKey", ("kms:DescribeKey",), (data,), "SageMaker looks at the key of a volume"),
        Grant("LendVolumeKey", ("kms:CreateGrant",), (data,), "SageMaker encrypts a job's volume", lent),
    ]


def _telemetry(settings: Environment, which: Iterable[str]) -> list[Grant]:
    which = set(which)
    kinds = {
        "Processing": which & set(REGISTERING),
        "Training": which & {"train", "tune"},
        "Transform": which & {"batch"},
    }
    groups = [f"/aws/sagemaker/{kind}Jobs" for kind, used in kinds.items() if used]
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


def _images(product: ModelProduct, settings: Environment, which: Iterable[str]) -> list[Grant]:
    found = {repository_of(uri, settings) for uri in _uris(product, settings, set(which))}
    if "batch" in which:  # of a version whose image was built for it
        found.add(settings.neighbours.registry.repository_arn(product.name))
    why = "a job runs the images its model's settings name"
    return [
        Grant("PullImages", PULL_IMAGES, tuple(sorted(found)), why),
        sign_in_to_images(settings, "a job"),
    ]


def _uris(product: ModelProduct, settings: Environment, which: set[str]) -> Iterator[str]:
    """Every image that the requests of the model's workflows name."""
    train, prepare, evaluate = product.train, product.prepare, product.evaluate
    if train is not None and which & {"train", "tune"}:
        kind = train.instance_type
        yield images.image_of(product, settings, use="training", instance_type=kind, job=train)
    for job in (prepare, evaluate) if which & set(REGISTERING) else ():
        if job is not None:
            kind = job.instance_type
            yield images.image_of(product, settings, use="processing", instance_type=kind, job=job)
    if "batch" in which:
        yield image_of_scripts(product, settings)
        yield model_image(product, settings)


def repository_of(uri: str, settings: Environment) -> str:
    """ARN of the repository of an image."""
    host, _, path = uri.partition("/")
    name = path.partition("@")[0].partition(":")[0]
    return settings.names.arn("ecr", f"repository/{name}", account=host.partition(".")[0])
