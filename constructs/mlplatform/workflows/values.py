"""What the placeholders of the workflows stand for, for one model in one environment."""

from collections.abc import Callable
from typing import Any

from mlplatform.settings import Environment, ModelProduct
from mlplatform.settings.gate import GateSettings
from mlplatform.workflows import (
    admission,
    advice,
    bedrock,
    bedrock_sample,
    customizing,
    links,
    processing,
    releasing,
    scoring,
    training,
    tuning,
)
from mlplatform.workflows.inference import inference_specification
from mlplatform.workflows.places import places
from mlplatform.workflows.remaining import remains
from mlplatform.workflows.source import Source, staged

PENDING_MINUTES = 60
"""How much longer than a job may run its state waits: for instances, images and data."""

Values = dict[str, Callable[[], Any]]
"""How each value is made; made only where the definition asks for it."""


def values(workflow: str, product: ModelProduct, settings: Environment, source: Source) -> Values:
    """Every value that one of the workflows may ask for."""
    return {
        **_environment(product, settings),
        **_functions(settings),
        **_source(product, settings, source),
        **_requests(product, settings),
        **_timeouts(product),
        **_releasing(product, settings),
        **_bedrock(product, settings),
        **_customizing(product, settings),
        "Defaults": lambda: admission.defaults(workflow, product, settings),
        "Allowed": lambda: admission.allowed(workflow, product, settings),
        "Format": lambda: data_format(workflow, product),
        "InferenceSpecification": lambda: inference_specification(
            product, settings, brought_in=workflow == "register"
        ),
    }


def _environment(product: ModelProduct, settings: Environment) -> Values:
    names = settings.names
    topic = names.name("notifications")
    return {
        "Partition": lambda: names.partition,
        "Region": lambda: settings.region,
        "Environment": lambda: settings.name,
        "Model": lambda: product.name,
        "ArtifactsBucket": lambda: names.bucket("artifacts"),
        "TopicArn": lambda: names.arn("sns", topic),
        "PackageGroup": lambda: admission.package_group(product, settings),
        "Gate": lambda: gate(product.gate or GateSettings()),
        "LiveEndpoint": lambda: names.endpoint(product.name) if product.serving else None,
        "Ledger": lambda: names.name("release-ledger") if product.serving else None,
        "Card": lambda: {"Description": product.description, "Owner": product.owner, "Task": product.task},
        "MlflowApp": lambda: names.name("mlflow", kind="studio") if settings.studio.mlflow == "app" else None,
        "ExecutionLink": lambda: links.execution_link(settings),
        "Advice": lambda: advice.ADVICE,
        "GeneralAdvice": lambda: advice.GENERAL,
    }


def _functions(settings: Environment) -> Values:
    def arn(package: str) -> Callable[[], str]:
        return lambda: settings.names.arn(
            "lambda", f"function:{settings.names.name(package, kind='function')}"
        )

    return {
        "RunAdmissionArn": arn("run-admission"),
        "DatasetCheckArn": arn("dataset-check"),
        "QualityGateArn": arn("quality-gate"),
        "ModelRegistrationArn": arn("model-registration"),
    }


def _source(product: ModelProduct, settings: Environment, source: Source) -> Values:
    where = places(product, settings)
    return {
        "StagedSource": lambda: "/".join(staged(source, settings)),
        "SourceKey": lambda: where.source_key(source),
        "SourceUri": lambda: where.source_uri(source),
        "SourceSha256": lambda: source.sha256,
    }


def _requests(product: ModelProduct, settings: Environment) -> Values:
    return {
        "PrepareRequest": lambda: processing.prepare_request(product, settings),
        "TrainRequest": lambda: training.training_request(product, settings),
        "TuneRequest": lambda: tuning.tuning_request(product, settings),
        "EvaluateRequest": lambda: processing.evaluate_request(product, settings),
        "ModelRequest": lambda: scoring.model_request(product, settings),
        "ScoreRequest": lambda: scoring.transform_request(product, settings),
    }


def _timeouts(product: ModelProduct) -> Values:
    train = product.train
    longest = training.longest_minutes(train) if train else 0
    return {
        "PrepareTimeout": lambda: _seconds(product.prepare.max_runtime_minutes if product.prepare else 0),
        "TrainTimeout": lambda: _seconds(longest),
        "TuneTimeout": lambda: _seconds(product.tune.max_runtime_minutes if product.tune else 0),
        "EvaluateTimeout": lambda: _seconds(product.evaluate.max_runtime_minutes if product.evaluate else 0),
        "ScoreTimeout": lambda: _seconds(product.batch.max_runtime_minutes if product.batch else 0),
    }


def _releasing(product: ModelProduct, settings: Environment) -> Values:
    function = settings.names.name(f"{product.name}-release", kind="function")
    return {
        "Serving": lambda: releasing.serving_literal(product, settings),
        "ReleaseFunctionArn": lambda: settings.names.arn("lambda", f"function:{function}"),
        "Remains": lambda: remains(product.name, settings),
        "ConfirmHours": lambda: releasing.confirmation_hours(settings),
        "ConfirmSeconds": lambda: releasing.confirmation_seconds(settings),
        "UncertainAdvice": lambda: advice.UNCERTAIN.format(environment=settings.name, model=product.name),
    }


def _bedrock(product: ModelProduct, settings: Environment) -> Values:
    return {
        "Bedrock": lambda: bedrock.literal(product, settings),
        "BedrockFunctionArn": lambda: bedrock.function_arn(product, settings),
        "BedrockPrefix": lambda: settings.names.bedrock(product.name),
        "BedrockRequest": lambda: bedrock.job_request(product, settings),
        "BedrockTimeout": lambda: _seconds(bedrock.settings_of(product).max_runtime_minutes),
        "BedrockSample": lambda: bedrock_sample.sample(product),
        "ImportedSample": lambda: bedrock_sample.imported_sample(product),
        "Commitment": lambda: bedrock.commitment(product),
    }


def _customizing(product: ModelProduct, settings: Environment) -> Values:
    section = product.customization
    return {
        "Customization": lambda: customizing.customization_literal(product, settings),
        "CustomizationFunctionArn": lambda: customizing.function_arn(product, settings),
        "CustomizationGate": lambda: customizing.gate(section.gate if section else None),
        "DataChecks": lambda: customizing.checks(product, settings),
        "JobBase": lambda: settings.names.name(product.name, kind="model"),
    }


def _seconds(minutes: int) -> int:
    return (minutes + PENDING_MINUTES) * 60


def gate(settings: GateSettings) -> dict[str, Any]:
    """The gate as the function takes it."""
    fairness = settings.fairness
    return {
        "AtLeast": dict(settings.at_least),
        "AtMost": dict(settings.at_most),
        "NotWorseThanLiveBy": dict(settings.not_worse_than_live_by),
        "MaxTrainTestGap": dict(settings.max_train_test_gap),
        "Fairness": fairness
        and {
            "Attribute": fairness.attribute,
            "Metric": fairness.metric,
            "MinimumRatio": fairness.minimum_ratio,
        },
    }


def data_format(workflow: str, product: ModelProduct) -> dict[str, Any]:
    """What the data must look like, as the function takes it."""
    if workflow == "batch":
        return _batch_format(product)
    if workflow in bedrock.WORKFLOWS:
        return {"Format": bedrock.settings_of(product).data_format, "MaximumBadRows": 0}
    data = product.data
    columns = data.columns if data else None
    return {
        "Format": data.format if data else "none",
        "Header": data.header if data else False,
        "Delimiter": data.delimiter if data else ",",
        "Label": columns.label if columns else None,
        "Required": list(columns.required) if columns else [],
        "Count": columns.count if columns else None,
        "Protected": columns.protected if columns else None,
        "MaximumBadRows": data.maximum_bad_rows if data else 0,
    }


def _batch_format(product: ModelProduct) -> dict[str, Any]:
    """Data to score has no label, and no header either: a transform job would send it as a record."""
    kinds = {"text/csv": "csv", "application/jsonlines": "jsonl"}
    content_type = scoring.scored(product).content_type.partition(";")[0]
    split = scoring.scored(product).split
    return {
        "Format": kinds.get(content_type, "none") if split == "line" else "none",
        "Header": False,
        "Delimiter": ",",
        "Label": None,
        "Required": [],
        "Count": None,
        "Protected": None,
        "MaximumBadRows": 0,
    }
