"""The model card of a version: what people read before they approve it.

It follows the schema of a model package's model card (Amazon SageMaker developer guide, "Model package model
card schema"), which refuses keys it does not know.
"""

import json
from collections.abc import Mapping
from typing import Any

MOST_CHARACTERS = 100_000
"""ModelCardContent of the SageMaker API."""
_TEXT, _LONG_TEXT, _NAME, _PARAMETER = 1024, 2048, 63, 255
_MOST_URIS, _MOST_DATASETS, _MOST_HYPERPARAMETERS = 15, 10, 100
_METRICS = (300, 100, 30, 0)
"""How many metrics to try: a card that is too long is refused whole, so a long list gives way."""


def card(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of the card; texts that are too long are cut."""
    cards = (
        {**_without_metrics(event), "evaluation_details": [_evaluation(event, most)]} for most in _METRICS
    )
    return next((one for one in cards if len(json.dumps(one)) <= MOST_CHARACTERS), _without_metrics(event))


def _without_metrics(event: Mapping[str, Any]) -> dict[str, Any]:
    about = event["Card"]
    return {
        "model_overview": {
            "model_creator": _cut(about.get("Owner"), _TEXT),
            "model_artifact": [_cut(event["ModelDataUrl"], _TEXT)],
        },
        "intended_uses": {"purpose_of_model": _cut(about.get("Description"), _LONG_TEXT)},
        "training_details": {"training_job_details": _training(event)},
        "additional_information": {"custom_details": _details(event)},
    }


def _training(event: Mapping[str, Any]) -> dict[str, Any]:
    containers = event["InferenceSpecification"]["Containers"]
    images = list(dict.fromkeys(container["Image"] for container in containers))
    names = list((event.get("Hyperparameters") or {}).items())[:_MOST_HYPERPARAMETERS]
    trained = {
        "training_arn": _cut(event["Job"]["Arn"], _TEXT),
        "training_datasets": [_cut(uri, _TEXT) for uri in _datasets(event)[:_MOST_URIS]],
    }
    return {
        **({} if event.get("Imported") else trained),  # nobody here knows what an imported model learned from
        "training_environment": {"container_image": [_cut(image, _TEXT) for image in images[:_MOST_URIS]]},
        "hyper_parameters": [
            {"name": _cut(name, _PARAMETER), "value": _cut(value, _PARAMETER)}
            for name, value in names
            if name and str(value)
        ],
    }


def _datasets(event: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(uri for _, uri in sorted(event["Data"].items())))


def _evaluation(event: Mapping[str, Any], most: int) -> dict[str, Any]:
    metrics = list((event.get("Metrics") or {}).items())[:most]
    data = [
        {"name": _cut(name, _PARAMETER), "type": "number", "value": value} for name, value in metrics if name
    ]
    return {
        "name": _cut(f"Evaluation of run {event['RunId']}", _NAME),
        "datasets": [_cut(uri, _TEXT) for uri in _datasets(event)[:_MOST_DATASETS]],
        "metadata": {
            "evaluation": _cut(event["Evaluation"], _TEXT),
            "gate": _cut(event["Gate"], _TEXT),
        },
        "metric_groups": [{"name": "Metrics", "metric_data": data}],
    }


def _details(event: Mapping[str, Any]) -> dict[str, str]:
    source, checked = event.get("Source") or {}, event.get("DataCheck") or {}
    values = {
        "model": event["Model"],
        "task": event["Card"].get("Task"),
        "run": event["RunId"],
        "execution": event["Execution"],
        "imported_from": event.get("Imported"),
        "overrides": ", ".join(event.get("Overrides") or ()) or None,
        "source": source.get("Uri"),
        "source_sha256": source.get("Sha256"),
        "data_check": checked.get("Report"),
        "data_rows": checked.get("Rows"),
    }
    return {key: _cut(value, _TEXT) for key, value in values.items() if value is not None}


def _cut(value: Any, most: int) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"
