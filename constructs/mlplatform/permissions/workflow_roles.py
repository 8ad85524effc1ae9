"""What the workflows of one model may do: run its jobs as its job role, call functions, keep, notify."""

from collections.abc import Iterable

from mlplatform import workflows
from mlplatform.exports import imported
from mlplatform.permissions.function_roles import ADMISSION, CHECK, GATE, REGISTRATION, function_arn
from mlplatform.permissions.grant import Grant
from mlplatform.permissions.places import ours, via
from mlplatform.permissions.run_places import KEPT, PREDICTIONS, REGISTERING, machine_arn, object_arns
from mlplatform.permissions.workflow_jobs import find_best_job, jobs, scoring
from mlplatform.policy import within
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct
from mlplatform.workflows import Source
from mlplatform.workflows.admission import import_prefixes


def model_workflow(product: ModelProduct, settings: Environment, source: Source) -> list[Grant]:
    """The policy of the workflows of ``product``, whose packed scripts are ``source``."""
    which = workflows.with_jobs(product, settings)
    return [
        *jobs(product, settings, which),
        *(find_best_job(product, settings) if "tune" in which else []),
        *(scoring(product, settings) if "batch" in which else []),
        *_functions(settings, which),
        *_objects(product, settings, which, source),
        *parts(product, settings, which),
        *notifications(settings),
        *observability(settings),
    ]


def _functions(settings: Environment, which: Iterable[str]) -> list[Grant]:
    which = set(which)
    packages = [
        ADMISSION,
        CHECK,
        *([GATE, REGISTRATION] if which & set(REGISTERING) else []),
    ]
    arns = tuple(function_arn(package, settings) for package in packages)
    return [Grant("CallFunctions", ("lambda:InvokeFunction",), arns, "what a state cannot do by itself")]


def _objects(
    product: ModelProduct, settings: Environment, which: Iterable[str], source: Source
) -> list[Grant]:
    """Keeping what jobs run, what is imported and what was scored, in the artifacts bucket."""
    which, model = set(which), product.name
    kept = {
        f"{KEPT}{model}/source/*": which & set(REGISTERING),
        f"{KEPT}{model}/*/imported/model.tar.gz": which & {"register"},
        f"{PREDICTIONS}{model}/*/record.json": which & {"batch"},
    }
    objects = object_arns(settings, *(key for key, needed in kept.items() if needed))
    why = "what a run keeps is named after its content or the run"
    use, key = ("kms:Decrypt", "kms:GenerateDataKey"), (imported("ArtifactsKeyArn", settings),)
    return [
        *([_copy(source, settings)] if which & set(REGISTERING) else []),
        *(_imports(product, settings) if "register" in which else []),
        Grant("KeepObjects", ("s3:PutObject",), objects, why, ours(settings)),
        Grant("UseKey", use, key, "what is kept is encrypted", via(settings, "s3")),
    ]


def _copy(source: Source, settings: Environment) -> Grant:
    """Copying the packed scripts from where the deployment put them."""
    staged = settings.names.arn("s3", "/".join(workflows.staged(source, settings)), region="", account="")
    why = "the packed scripts as they were deployed"
    return Grant("CopySource", ("s3:GetObject",), (staged,), why, ours(settings))


def _imports(product: ModelProduct, settings: Environment) -> list[Grant]:
    """Reading an artifact that was built elsewhere, where the admission of ``register`` lets it lie."""
    prefixes = [uri.removeprefix("s3://") for uri in import_prefixes(product, settings)]
    objects = [settings.names.arn("s3", f"{prefix}*.tar.gz", region="", account="") for prefix in prefixes]
    why = "whoever delivers artifacts names them; they lie in a place meant for the model's"
    return [
        Grant("ReadImports", ("s3:GetObject",), tuple(objects), why, ours(settings)),
        Grant(
            "DecryptImports",
            ("kms:Decrypt",),
            (imported("DataKeyArn", settings),),
            "the data bucket is encrypted",
            via(settings, "s3"),
        ),
    ]


def parts(product: ModelProduct, settings: Environment, which: Iterable[str]) -> list[Grant]:
    """Large data is checked in parts, each of which Step Functions runs as an execution of its own.

    Step Functions developer guide, "IAM policies for using Distributed Map states".
    """
    machines = [machine_arn(settings.names, product.name, workflow) for workflow in which]
    runs = [machine.replace(":stateMachine:", ":execution:") for machine in machines]
    return [
        Grant("CheckParts", ("states:StartExecution",), tuple(machines), "a workflow starts its own parts"),
        Grant(
            "FollowParts",
            ("states:DescribeExecution", "states:StopExecution"),
            tuple(f"{run}{rest}" for run in runs for rest in ("/*", ":*")),
            "Step Functions names the executions of a workflow's parts",
        ),
    ]


def notifications(settings: Environment) -> list[Grant]:
    """Telling people how a workflow ended."""
    names, key = settings.names, imported("LogsKeyArn", settings)
    topic = names.arn("sns", names.name("notifications"))
    return [
        Grant("Notify", ("sns:Publish",), (topic,), "people hear of what ended, and how"),
        Grant(
            "EncryptNotifications",
            ("kms:Decrypt", "kms:GenerateDataKey"),
            (key,),
            "the topic is encrypted",
            via(settings, "sns"),
        ),
    ]


_DELIVER_LOGS = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
_WRITE_TRACES = (
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
)


def observability(settings: Environment) -> list[Grant]:
    """Step Functions developer guide, "Using CloudWatch Logs to log execution history" and "X-Ray"."""
    here = within(settings.region)
    set_up = (
        "Step Functions sets up the delivery of its logs as the role it runs as, when a state machine is "
        "created or changed, and these actions accept no other resource"
    )
    traced = "X-Ray's write actions accept no resource but *; Step Functions traces each execution"
    return [
        Grant("DeliverLogs", _DELIVER_LOGS, ("*",), set_up, here),
        Grant("WriteTraces", _WRITE_TRACES, ("*",), traced, here),
    ]
