"""What the containers of one model's endpoint may do, and SageMaker for them: fetch the model, keep what is
captured, answer asynchronous requests.
"""

from mlplatform.exports import imported
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.job_roles import repository_of
from mlplatform.permissions.networking import job_network
from mlplatform.permissions.places import ours, owned_by, registry_key, sign_in_to_images, via
from mlplatform.permissions.run_places import KEPT, PREDICTIONS, object_arns
from mlplatform.policy import PULL_IMAGES, READ_OBJECTS
from mlplatform.serving.parts import Served
from mlplatform.settings import Environment
from mlplatform.workflows.inference import image_of_scripts, model_image


def model_endpoint(served: Served) -> list[Grant]:
    """The policy of the endpoint of a model product.

    SageMaker developer guide, "CreateModel API: Execution Role Permissions".
    """
    settings, serving = served.settings, served.serving
    return [
        *_model(served),
        *([_folders(served)] if served.has_components else []),
        *_images(served),
        *(_capture(served) if serving.capture else []),
        *(_requests(served) if serving.mode == "async" else []),
        *_telemetry(served),
        *([] if serving.mode == "serverless" else job_network(settings, "ModelSecurityGroupId")),
    ]


def _model(served: Served) -> list[Grant]:
    """The artifacts of every version, from the bucket of the environment that registered them."""
    registry = served.settings.neighbours.registry
    bucket, owner = registry.bucket_arn("artifacts"), owned_by(registry.account)
    prefix = f"{KEPT}{served.product.name}/*"
    why = "an instance fetches the model of the version it serves, made by any run"
    return [
        Grant("ReadModel", READ_OBJECTS, (f"{bucket}/{prefix}",), why, owner),
        Grant(
            "DecryptModel",
            ("kms:Decrypt",),
            (registry_key(served.settings),),
            "models are encrypted",
            via(served.settings, "s3"),
        ),
    ]


def _folders(served: Served) -> Grant:
    """A customized model is a folder of files, which are listed before they are read."""
    registry = served.settings.neighbours.registry
    listed = {"StringLike": {"s3:prefix": f"{KEPT}{served.product.name}/*"}, **owned_by(registry.account)}
    why = "a customized model is a folder of files"
    return Grant("ListModel", ("s3:ListBucket",), (registry.bucket_arn("artifacts"),), why, listed)


def _images(served: Served) -> list[Grant]:
    """The model's own repository, and the images its versions are registered with."""
    product, settings = served.product, served.settings
    uris = (image_of_scripts(product, settings), model_image(product, settings))
    own = settings.neighbours.registry.repository_arn(product.name)
    found = {own, *(repository_of(uri, settings) for uri in uris)}
    why = "an instance runs the images of the version it serves"
    return [
        Grant("PullImages", PULL_IMAGES, tuple(sorted(found)), why),
        sign_in_to_images(settings, "an instance"),
    ]


def _capture(served: Served) -> list[Grant]:
    settings, bucket = served.settings, served.settings.names.bucket_arn("capture")
    why = "SageMaker names captured requests after variant, date and hour"
    return [
        Grant("Capture", ("s3:PutObject",), (f"{bucket}/{served.product.name}/*",), why, ours(settings)),
        Grant(
            "EncryptCapture",
            ("kms:Decrypt", "kms:GenerateDataKey"),
            (imported("DataKeyArn", settings),),
            "captured requests are encrypted",
            via(settings, "s3"),
        ),
    ]


def _requests(served: Served) -> list[Grant]:
    """Asynchronous requests and answers lie in one place; people hear of those that fail, if asked for."""
    settings, bucket = served.settings, served.settings.names.bucket_arn("artifacts")
    place = f"{PREDICTIONS}{served.product.name}/async/*"
    work = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject")
    listed = {**ours(settings), "StringLike": {"s3:prefix": place}}
    use, key = ("kms:Decrypt", "kms:GenerateDataKey"), (imported("ArtifactsKeyArn", settings),)
    why = "whoever asks names the request, and SageMaker the answer"
    notify = served.serving.async_inference is not None and served.serving.async_inference.notify
    return [
        Grant("AnswerRequests", work, object_arns(settings, place), why, ours(settings)),
        Grant("ListRequests", ("s3:ListBucket",), (bucket,), "an absent request is told as such", listed),
        Grant("UseRequestKey", use, key, "requests and answers are encrypted", via(settings, "s3")),
        *(_notifications(settings) if notify else []),
    ]


def _notifications(settings: Environment) -> list[Grant]:
    names, key = settings.names, imported("LogsKeyArn", settings)
    topic = names.arn("sns", names.name("notifications"))
    use = ("kms:Decrypt", "kms:GenerateDataKey")
    return [
        Grant("Notify", ("sns:Publish",), (topic,), "people hear of requests that failed"),
        Grant("EncryptNotifications", use, (key,), "the topic is encrypted", via(settings, "sns")),
    ]


def logs_of(served: Served) -> str:
    """Name of the log group that containers write to, which SageMaker dictates (developer guide, "Logs and
    metrics for inference components").
    """
    if served.has_components:
        return served.names.component_logs(served.product.name)
    return served.names.endpoint_logs(served.product.name)


def _telemetry(served: Served) -> list[Grant]:
    names = served.names
    groups = names.arn("logs", f"log-group:{logs_of(served)}:*")
    spaces = ["/aws/sagemaker/Endpoints", "AWS/SageMaker"]
    if served.has_components:
        spaces.insert(1, "/aws/sagemaker/InferenceComponents")
    return [
        Grant(
            "WriteLogs",
            ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
            (groups.removesuffix(":*"), groups),
            "the endpoint's log group; SageMaker names streams after variant and instance",
        ),
        Grant(
            "PutMetrics",
            ("cloudwatch:PutMetricData",),
            ("*",),
            "metrics are of no resource in particular; the condition names whose",
            {"StringEquals": {"cloudwatch:namespace": spaces}},
        ),
        *([_alarms(served)] if served.guarded else []),
    ]


def _alarms(served: Served) -> Grant:
    """SageMaker developer guide, "Deployment guardrails": it asks for an update's alarms as this role."""
    return Grant(
        "SeeAlarms",
        ("cloudwatch:DescribeAlarms",),
        (served.names.arn("cloudwatch", "alarm:*"),),
        "SageMaker looks at the alarms that guard an update, which are named after each release; "
        "CloudWatch describes alarms of an account",
    )
