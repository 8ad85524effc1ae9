"""What shared functions may do: check data, judge evaluations, register versions, start releases."""

from mlplatform.exports import imported
from mlplatform.permissions.data_reading import read_data, read_sources
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.lineage import record_lineage
from mlplatform.permissions.networking import function_network, not_by_the_code
from mlplatform.permissions.places import ours, via
from mlplatform.permissions.run_places import KEPT, RUNS, object_arns
from mlplatform.permissions.tracking import log_runs
from mlplatform.policy import READ_OBJECTS
from mlplatform.release_routes import queue_arn, serves
from mlplatform.settings import Environment
from mlplatform.version_notes import nothing_noted

ADMISSION, CHECK, GATE, REGISTRATION = (
    "run_admission",
    "dataset_check",
    "quality_gate",
    "model_registration",
)
"""Packages of ``lambda/`` that workflows call."""

RELEASE_START = "release_start"
"""The package that starts releases for events."""


def function_arn(package: str, settings: Environment) -> str:
    """ARN of the function of one package."""
    name = settings.names.name(package.replace("_", "-"), kind="function")
    return settings.names.arn("lambda", f"function:{name}")


def grants(package: str, settings: Environment) -> list[Grant]:
    """What the function of one package may do beside writing its logs and traces."""
    table = {
        CHECK: dataset_check,
        GATE: quality_gate,
        REGISTRATION: model_registration,
        RELEASE_START: release_start,
    }
    return table[package](settings) if package in table else []


def dataset_check(settings: Environment) -> list[Grant]:
    """Reads the data of every model, writes what it found out, runs in the platform's network."""
    name = settings.names.name(CHECK.replace("_", "-"), kind="function")
    return [
        *read_data(settings, *settings.products, who="the check"),
        *read_sources(settings, *settings.products, who="the check"),
        Grant(
            "KeepReports",
            ("s3:GetObject", "s3:PutObject"),
            object_arns(settings, f"{RUNS}*/check/*"),
            "the check of any model's run keeps its plan and reports below that run",
            ours(settings),
        ),
        _keys(settings, "ArtifactsKeyArn"),
        *function_network(settings),
        not_by_the_code(settings, name),
    ]


def quality_gate(settings: Environment) -> list[Grant]:
    """Reads evaluations, the live version's too, and writes what the gate decided.

    Models are trained only where they are registered (mlplatform.settings.landscape).
    """
    read = object_arns(settings, f"{KEPT}*/evaluation/*", f"{RUNS}*/evaluation/*")
    written = object_arns(settings, f"{KEPT}*/gate.json", f"{RUNS}*/gate.json")
    why = "the gate judges any model's run, also one of edited scripts"
    return [
        Grant("ReadEvaluations", ("s3:GetObject",), read, why, ours(settings)),
        Grant("KeepDecision", ("s3:PutObject",), written, why, ours(settings)),
        _keys(settings, "ArtifactsKeyArn"),
        Grant(
            "FindLiveVersion",
            ("sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"),
            (settings.names.package_group_arn("*"), settings.names.package_arns("*")),
            "the gate compares with the live version of any model; versions are numbered",
        ),
        *(_live_records(settings) if serves(settings) else []),
    ]


def _live_records(settings: Environment) -> list[Grant]:
    """The ledger says which version of a model serves."""
    ledger = settings.names.arn("dynamodb", f"table/{settings.names.name('release-ledger')}")
    key = (imported("ArtifactsKeyArn", settings),)
    ours = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [settings.names.name("*")]}}
    return [
        Grant(
            "ReadLiveRecord",
            ("dynamodb:GetItem",),
            (ledger,),
            "the gate reads what serves, of any model",
            ours,
        ),
        Grant("DecryptLedger", ("kms:Decrypt",), key, "the ledger is encrypted", via(settings, "dynamodb")),
    ]


def release_start(settings: Environment) -> list[Grant]:
    """Reads the queue of events and starts the release of any model; everything else the release does."""
    names = settings.names
    machines = names.arn("states", f"stateMachine:{names.name('*-release', kind='workflow')}")
    return [
        Grant(
            "ReadEvents",
            ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
            (queue_arn(names),),
            "Lambda reads the queue as the function",
        ),
        Grant(
            "DecryptEvents",
            ("kms:Decrypt",),
            (imported("LogsKeyArn", settings),),
            "the queue is encrypted",
            via(settings, "sqs"),
        ),
        Grant(
            "StartReleases",
            ("states:StartExecution",),
            (machines,),
            "an event may be about any model that serves; no other workflow is named so",
        ),
    ]


def model_registration(settings: Environment) -> list[Grant]:
    """Registers versions that await approval, with their reports, lineage and the record of experiments."""
    kept = object_arns(settings, f"{KEPT}*")
    record = object_arns(settings, f"{KEPT}*/package.json")
    return [
        Grant(
            "ReadReports",
            READ_OBJECTS,
            kept,
            "registration reads what a run of any model made",
            ours(settings),
        ),
        Grant("KeepRecord", ("s3:PutObject",), record, "one record for each run of a model", ours(settings)),
        _keys(settings, "ArtifactsKeyArn"),
        _register(settings),
        *record_lineage(
            settings,
            actions="*",
            why="lineage connects the data, job, artifact and version of any model's run; SageMaker numbers "
            "artifacts, and actions are named after jobs",
        ),
        *log_runs(settings),
    ]


def _register(settings: Environment) -> Grant:
    return Grant(
        "RegisterVersions",
        ("sagemaker:CreateModelPackage",),
        (settings.names.package_group_arn("*"), settings.names.package_arns("*")),
        "workflows of every model register; versions are numbered, await approval and served nowhere",
        {
            "StringEquals": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"},
            "Null": nothing_noted(settings),
        },
    )


def _keys(settings: Environment, *exports: str) -> Grant:
    keys = tuple(imported(name, settings) for name in exports)
    use = ("kms:Decrypt", "kms:GenerateDataKey")
    return Grant("UseKeys", use, keys, "what is read and written is encrypted", via(settings, "s3"))
