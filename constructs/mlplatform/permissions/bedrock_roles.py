"""What customizing and serving one model in Amazon Bedrock takes: jobs, workflows and their function."""

from mlplatform.exports import imported
from mlplatform.permissions import bedrock_places as places
from mlplatform.permissions.bedrock_network import CUSTOMIZATION, IMPORT, bedrock_network
from mlplatform.permissions.data_reading import read_data, read_sources
from mlplatform.permissions.function_roles import ADMISSION, CHECK, function_arn
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.places import ours, via
from mlplatform.permissions.run_places import KEPT, object_arns
from mlplatform.permissions.workflow_roles import notifications, observability, parts
from mlplatform.policy import READ_OBJECTS
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct
from mlplatform.workflows import bedrock

SERVED = ("custom-model-deployment", "provisioned-model")
"""Kinds of resources through which a customized model answers; an imported one answers by itself."""


def bedrock_job(product: ModelProduct, settings: Environment) -> list[Grant]:
    """The policy of Bedrock's jobs for ``product``: they read its data, write what they measured."""
    written = object_arns(settings, f"{bedrock.RECORDS}{product.name}/bedrock/*/*")
    use, key = ("kms:Decrypt", "kms:GenerateDataKey"), (imported("ArtifactsKeyArn", settings),)
    why = "a job writes its metrics below its run, which is named when it starts"
    imports = places.imports_versions(product)
    return [
        *read_data(settings, product, who="a job"),
        *read_sources(settings, product, who="a job"),
        *(_versions(product, settings) if imports else []),
        Grant("WriteWork", ("s3:AbortMultipartUpload", "s3:PutObject"), written, why, ours(settings)),
        Grant("UseKey", use, key, "what a job writes is encrypted", via(settings, "s3")),
        *places.model_key(settings),
        *bedrock_network(settings, [CUSTOMIZATION, *([IMPORT] if imports else [])]),
        *_grader(product, settings),
    ]


def _versions(product: ModelProduct, settings: Environment) -> list[Grant]:
    """Reading the versions that are imported: what customizations made, and no evaluation or decision."""
    prefix = f"{KEPT}{product.name}/*/customization/*"
    listed = {**ours(settings), "StringLike": {"s3:prefix": [prefix]}}
    bucket, why = settings.names.bucket_arn("artifacts"), "any approved version of the model can be imported"
    return [
        Grant("ReadVersions", READ_OBJECTS, object_arns(settings, prefix), why, ours(settings)),
        Grant("ListVersions", ("s3:ListBucket",), (bucket,), why, listed),
    ]


def _grader(product: ModelProduct, settings: Environment) -> list[Grant]:
    function = bedrock.grader(product, settings)
    why = "a reinforcement fine-tuning asks the model's reward function for scores"
    return [Grant("AskGrader", ("lambda:InvokeFunction",), (function,), why)] if function else []


def customize_bedrock(product: ModelProduct, settings: Environment) -> list[Grant]:
    """The policy of the workflow that customizes, serves and asks the model."""
    imported_too = ["imported-model"] if places.imports_versions(product) else []
    made = places.numbered(settings, *SERVED, *imported_too)
    own = places.mine(product, settings)
    return [
        *_jobs(product, settings),
        Grant("AskModel", ("bedrock:InvokeModel",), made, places.NUMBERED, own),
        *places.model_key(settings),
        _functions(product, settings, ADMISSION, CHECK),
        *parts(product, settings, (bedrock.CUSTOMIZE,)),
        *notifications(settings),
        *observability(settings),
    ]


def retire_bedrock(product: ModelProduct, settings: Environment) -> list[Grant]:
    """The policy of the workflow that takes the model out of service: its function does all of it."""
    return [
        _functions(product, settings, ADMISSION),
        *notifications(settings),
        *observability(settings),
    ]


def bedrock_function(product: ModelProduct, settings: Environment) -> list[Grant]:
    """The policy of the function: what Step Functions does not wait for, and what ends it."""
    own = places.mine(product, settings)
    ends = ("CustomModelDeployment", "ProvisionedModelThroughput")
    actions = tuple(f"bedrock:{verb}{kind}" for kind in ends for verb in ("Delete", "Get"))
    imports = places.imports_versions(product)
    more = ("bedrock:DeleteImportedModel", "bedrock:GetCustomModel") if imports else ()
    kept = places.numbered(settings, "custom-model", *(["imported-model"] if imports else []))
    return [
        places.lists(settings),
        *_started(product, settings),
        *_serving(product, settings),
        Grant("EndServing", actions, places.numbered(settings, *SERVED), places.NUMBERED, own),
        Grant("EndModels", ("bedrock:DeleteCustomModel", *more), kept, places.NUMBERED, own),
        *places.model_key(settings),
        *_records(product, settings),
    ]


def _jobs(product: ModelProduct, settings: Environment) -> list[Grant]:
    """What ``createModelCustomizationJob.sync`` takes (Step Functions guide, IAM policies for Bedrock)."""
    if not bedrock.documented(product):
        return []
    return [
        places.start_jobs(product, settings),
        places.follow_jobs(product, settings),
        places.tag_new(product, settings, "model-customization-job", "custom-model"),
        places.pass_role(product, settings),
    ]


def _started(product: ModelProduct, settings: Environment) -> list[Grant]:
    """Jobs that the function starts: those Step Functions does not document, and imports."""
    kinds = list(SERVED)
    found = [places.follow_jobs(product, settings)]
    if not bedrock.documented(product):
        found.append(places.start_jobs(product, settings))
        kinds += ["model-customization-job", "custom-model"]
    if places.imports_versions(product):
        found += _imports(product, settings)
        kinds += ["custom-model", "imported-model", "model-import-job"]
    passed = len(kinds) > len(SERVED)
    return [
        *found,
        places.tag_new(product, settings, *dict.fromkeys(kinds)),
        *([places.pass_role(product, settings)] if passed else []),
    ]


def _imports(product: ModelProduct, settings: Environment) -> list[Grant]:
    own = places.mine(product, settings)
    new = places.becomes_mine(product, settings)
    jobs = places.numbered(settings, "model-import-job")
    versions = (settings.neighbours.registry.package_arns(product.name),)
    see = ("sagemaker:AccessModelPackage", "sagemaker:DescribeModelPackage")
    why = "what is imported is of no resource in particular before it is there; it gets the model's tag"
    return [
        Grant("Import", ("bedrock:CreateCustomModel", "bedrock:CreateModelImportJob"), ("*",), why, new),
        Grant("FollowImports", ("bedrock:GetModelImportJob",), jobs, places.NUMBERED, own),
        Grant("SeeVersions", see, versions, "versions of the model are numbered"),
    ]


def _serving(product: ModelProduct, settings: Environment) -> list[Grant]:
    """Serving as the settings say: a deployment, or throughput, of a model that the workflow made."""
    provisioned = bedrock.settings_of(product).serving.provisioned
    action = "CreateProvisionedModelThroughput" if provisioned else "CreateCustomModelDeployment"
    condition = {
        "StringEquals": {
            **places.mine(product, settings)["StringEquals"],
            **places.becomes_mine(product, settings)["StringEquals"],
        }
    }
    models = places.numbered(settings, "custom-model")
    return [Grant("Serve", (f"bedrock:{action}",), models, places.NUMBERED, condition)]


def _functions(product: ModelProduct, settings: Environment, *packages: str) -> Grant:
    shared = (function_arn(package, settings) for package in packages)
    arns = (*shared, bedrock.function_arn(product, settings))
    return Grant("CallFunctions", ("lambda:InvokeFunction",), arns, "what a state cannot do by itself")


def _records(product: ModelProduct, settings: Environment) -> list[Grant]:
    """The month's spend, changed only as it was read, and a record of each run."""
    folder = f"{bedrock.RECORDS}{product.name}/"
    key = (imported("ArtifactsKeyArn", settings),)
    spend, records = (object_arns(settings, f"{folder}{rest}") for rest in ("spend/*.json", "bedrock/*.json"))
    why = "one object for each month"
    return [
        Grant("CountSpend", ("s3:GetObject", "s3:PutObject"), spend, why, ours(settings)),
        Grant("KeepRecords", ("s3:PutObject",), records, "one object for each run", ours(settings)),
        Grant(
            "UseKey",
            ("kms:Decrypt", "kms:GenerateDataKey"),
            key,
            "what is kept is encrypted",
            via(settings, "s3"),
        ),
    ]
