"""What the roles behind Studio may do: its jobs, tracking, reward functions, imports and images."""

from mlplatform.permissions.customization import customization_job
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.places import (
    LIST_BUCKET,
    STUDIO_PREFIX,
    TRACKING_PREFIX,
    WRITE_OBJECTS,
    ours,
    owned_by,
    pull_images,
    sign_in_to_images,
    use_keys,
    via,
    work_keys,
)
from mlplatform.permissions.tracking import track_runs
from mlplatform.policy import PULL_IMAGES, READ_OBJECTS, within
from mlplatform.settings import Environment


def studio_job(settings: Environment) -> list[Grant]:
    """The inline policy of jobs started from Studio: data, results, logs, metrics, their network."""
    return [
        *_data(settings),
        *_sources(settings),
        *use_keys(settings, "a job"),
        *_telemetry(settings),
        *_network(settings),
        *pull_images(settings, "a job"),
    ]


def managed(settings: Environment) -> dict[str, list[Grant]]:
    """Customer-managed policies of jobs started from Studio, by the end of their names; none is empty.

    Beside the inline policy, which would grow too long: experiments, and what serverless customization jobs
    and the SDK's evaluations do in the role's name. Each stays below a managed policy's 6,144 characters.
    """
    policies = {
        "studio-job-tools": track_runs(settings),
        "studio-job-customization": customization_job(settings),
    }
    return {name: grants for name, grants in policies.items() if grants}


def mlflow(settings: Environment) -> list[Grant]:
    """What MLflow may do: keep the files of runs."""
    artifacts = settings.names.bucket_arn("artifacts")
    return [
        Grant("ListFiles", LIST_BUCKET, (artifacts,), "MLflow finds the files of runs", ours(settings)),
        Grant(
            "KeepFiles",
            (*READ_OBJECTS, *WRITE_OBJECTS),
            (f"{artifacts}/{TRACKING_PREFIX}*",),
            "MLflow keeps the files of all runs below one prefix",
            ours(settings),
        ),
        Grant(
            "UseKey",
            ("kms:Decrypt", "kms:GenerateDataKey"),
            (work_keys(settings)[1],),
            "the files of runs are encrypted",
            via(settings, "s3"),
        ),
    ]


def reward_function(settings: Environment) -> list[Grant]:
    """What reward functions may do: write their logs."""
    groups = settings.names.arn("logs", "log-group:/aws/lambda/SageMaker-evaluator-*")
    return [
        Grant(
            "WriteLogs",
            ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
            (groups,),
            "the SDK names reward functions, and Lambda their log groups after them",
        )
    ]


def bedrock_import(settings: Environment) -> list[Grant]:
    """What Amazon Bedrock may do to import a customized model: read it."""
    artifacts, sdk = settings.names.bucket_arn("artifacts"), settings.names.sdk_bucket_arn
    return [
        Grant("ListModels", LIST_BUCKET, (artifacts, sdk), "Bedrock finds what to import", ours(settings)),
        Grant(
            "ReadModels",
            READ_OBJECTS,
            (f"{artifacts}/{STUDIO_PREFIX}*", f"{sdk}/*"),
            "Bedrock reads the model to import, which lies where people in Studio had it written",
            ours(settings),
        ),
        Grant(
            "UseKeys",
            ("kms:Decrypt",),
            work_keys(settings)[1:],
            "customized models are encrypted",
            via(settings, "s3"),
        ),
    ]


def studio_image(settings: Environment) -> list[Grant]:
    """What SageMaker may do to register the custom image: pull it. Empty without one."""
    if (image := settings.studio.custom_image) is None:
        return []
    host, _, path = image.partition("/")
    repository = settings.names.arn(
        "ecr", f"repository/{path.partition('@')[0]}", account=host.partition(".")[0]
    )
    return [
        Grant("PullImage", PULL_IMAGES, (repository,), "Studio offers the image of this repository"),
        sign_in_to_images(settings, "SageMaker"),
    ]


def _data(settings: Environment) -> list[Grant]:
    names, sdk = settings.names, settings.names.sdk_bucket_arn
    data, artifacts = names.bucket_arn("data"), names.bucket_arn("artifacts")
    written = (f"{artifacts}/{STUDIO_PREFIX}*", f"{artifacts}/{TRACKING_PREFIX}*", f"{sdk}/*")
    return [
        Grant("ListBuckets", LIST_BUCKET, (data, artifacts, sdk), "a job lists its inputs", ours(settings)),
        Grant(
            "ReadData",
            READ_OBJECTS,
            (f"{data}/*",),
            "a job reads all of the data bucket",
            ours(settings),
        ),
        Grant(
            "ReadAndWriteWork",
            (*READ_OBJECTS, *WRITE_OBJECTS),
            written,
            "a job writes where whoever started it reads: the prefixes and bucket of work in Studio",
            ours(settings),
        ),
    ]


def _sources(settings: Environment) -> list[Grant]:
    """The buckets of others that jobs may read, as the settings declare them."""
    if not (sources := settings.data_sources):
        return []
    arns = {source: settings.names.arn("s3", source.bucket, region="", account="") for source in sources}
    owners = sorted({source.account or settings.account for source in sources})
    keys = tuple(sorted({source.kms_key_arn for source in sources if source.kms_key_arn}))
    grants = [
        Grant(
            "ReadSources",
            READ_OBJECTS,
            tuple(f"{arn}/{source.prefix}*" for source, arn in arns.items()),
            "a job reads everything below the prefix declared for a data source",
            owned_by(*owners),
        ),
        Grant(
            "ListSources",
            LIST_BUCKET,
            tuple(dict.fromkeys(arns.values())),
            "a job lists the inputs it reads from data sources",
            owned_by(*owners),
        ),
    ]
    if keys:
        why = "data sources are encrypted"
        grants.append(Grant("DecryptSources", ("kms:Decrypt",), keys, why, via(settings, "s3")))
    return grants


def _telemetry(settings: Environment) -> list[Grant]:
    """Logs and metrics of jobs only: the platform's alarms rest on those of endpoints and of its own."""
    spaces = [f"/aws/sagemaker/{kind}Jobs" for kind in ("Processing", "Training", "Transform")]
    spaces.append(f"{settings.names.prefix}/{settings.names.environment}/studio/*")
    return [
        Grant(
            "WriteLogs",
            ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
            (settings.names.arn("logs", "log-group:/aws/sagemaker/*"),),
            "SageMaker names the log groups of jobs; all lie below /aws/sagemaker/",
        ),
        Grant(
            "PutMetrics",
            ("cloudwatch:PutMetricData",),
            ("*",),
            "metrics are of no resource in particular; the condition names whose",
            {"StringLike": {"cloudwatch:namespace": spaces}},
        ),
    ]


def _network(settings: Environment) -> list[Grant]:
    """SageMaker developer guide, "CreateTrainingJob API: Execution Role Permissions", jobs in a VPC."""
    kinds = ("network-interface", "security-group", "subnet")
    arns = [settings.names.arn("ec2", f"{kind}/*") for kind in kinds]
    create = ("ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface")
    permission = ("ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterfacePermission")
    describe = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
    return [
        Grant(
            "AttachToNetwork",
            (*create, *permission),
            tuple(arns),
            "EC2 numbers interfaces when SageMaker attaches a job to the network; the guards of whoever "
            "starts the job say to which",
        ),
        Grant(
            "SeeNetwork",
            tuple(f"ec2:Describe{kind}" for kind in describe),
            ("*",),
            "EC2 describes no resource in particular",
            within(settings.region),
        ),
    ]
