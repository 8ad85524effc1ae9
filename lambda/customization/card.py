"""What a customized version tells of itself: metadata, and the model card people read before they approve.

The card follows the schema of a model package's model card (Amazon SageMaker developer guide, "Model package
model card schema"), which refuses keys it does not know.
"""

import re
from collections.abc import Mapping
from typing import Any

from customization.call import Call

_TEXT, _LONG_TEXT, _NAME, _PARAMETER = 1024, 2048, 63, 255
_MOST_HYPERPARAMETERS = 100
_GROUPS = {"Metrics": "Metrics", "Metrics of the base model": "Base"}
"""Groups of metrics, and where the work has them."""

_METADATA_VALUE = re.compile(r"[\w\s.:/=+@-]{1,256}")
"""CustomerMetadataValue of the SageMaker API."""


def base_model(call: Call) -> str:
    """Id and version of the base model."""
    return f"{call.literal['BaseModel']['Name']}@{call.work['BaseVersion']}"


def metadata(call: Call) -> dict[str, str]:
    """Where the version comes from, as it tells itself; ``evaluation`` is what gates compare with."""
    run, arns = call.run, call.work["Assets"]
    values = {
        "model": call.literal["Model"],
        "run": call.run_id,
        "execution": call.execution,
        "job": call.work["JobArn"],
        "technique": run["Technique"],
        "base-model": base_model(call),
        "started-from": call.work.get("Source"),
        "customization-data": arns.get("train"),
        "evaluation": call.work["Evaluation"],
        "gate": call.place("Gate"),
        "overrides": " ".join(run.get("Overrides") or ()) or None,
        **{f"data-{channel}": uri for channel, uri in sorted(run["Data"].items())},
    }
    told = {key: str(value) for key, value in values.items() if value is not None}
    return {key: value for key, value in told.items() if _METADATA_VALUE.fullmatch(value)}


def card(call: Call, described: Mapping[str, Any]) -> dict[str, Any]:
    """The content of the card; texts that are too long are cut."""
    about = call.literal["Card"]
    return {
        "model_overview": {
            "model_creator": _cut(about["Owner"], _TEXT),
            "model_artifact": [_cut(_artifact(described), _TEXT)],
        },
        "intended_uses": {"purpose_of_model": _cut(about["Description"], _LONG_TEXT)},
        "training_details": {"training_job_details": _training(call)},
        "evaluation_details": [_evaluation(call)],
        "additional_information": {
            "custom_details": {key: _cut(value, _TEXT) for key, value in metadata(call).items()}
        },
    }


def _artifact(described: Mapping[str, Any]) -> str:
    containers = described.get("InferenceSpecification", {}).get("Containers") or [{}]
    data = containers[0].get("ModelDataSource", {}).get("S3DataSource", {})
    return str(data.get("S3Uri") or described.get("ModelPackageArn", ""))


def _training(call: Call) -> dict[str, Any]:
    given = list(call.run["Hyperparameters"].items())[:_MOST_HYPERPARAMETERS]
    data = [uri for channel, uri in sorted(call.run["Data"].items()) if channel != "evaluation"]
    return {
        "training_arn": _cut(call.work["JobArn"], _TEXT),
        "training_datasets": [_cut(uri, _TEXT) for uri in data],
        "hyper_parameters": [
            {"name": _cut(name, _PARAMETER), "value": _cut(value, _PARAMETER)}
            for name, value in given
            if value
        ],
    }


def _evaluation(call: Call) -> dict[str, Any]:
    questions = call.run["Data"].get("evaluation")
    return {
        "name": _cut(f"Evaluation of run {call.run_id}", _NAME),
        "datasets": [_cut(questions, _TEXT)] if questions else [],
        "metadata": {
            "evaluation": _cut(call.work["Evaluation"], _TEXT),
            "gate": _cut(call.place("Gate"), _TEXT),
            "summary": _cut(call.event["Verdict"]["Summary"], _TEXT),
        },
        "metric_groups": [
            {"name": name, "metric_data": _metrics(call.work.get(key))} for name, key in _GROUPS.items()
        ],
    }


def _metrics(values: Mapping[str, float] | None) -> list[dict[str, Any]]:
    return [
        {"name": _cut(name, _PARAMETER), "type": "number", "value": value}
        for name, value in (values or {}).items()
    ]


def _cut(value: Any, most: int) -> str:
    text = str(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"
