"""What AWS offers for customizing foundation models: models, techniques, regions, benchmarks, ranges.

The facts stand in ``data/customization.json``, each entry with the name of its source; ``sources`` says which
document or package that is, and when it was read. AWS adds models every week: of a model that is not listed
only the form of its id and its region are judged, not its techniques, formats and hyperparameters.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from mlplatform.customization.entries import BaseModel, BedrockModel, Benchmark, Kind, Range, Source

BUILT_IN = "Builtin."
"""What the names of the metrics of Amazon Bedrock's judges begin with."""


@cache
def _data() -> dict[str, Any]:
    path = Path(__file__).parents[1] / "data" / "customization.json"
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def source(name: str) -> Source:
    """The source of that name. Raises KeyError for an unknown one."""
    return Source(**_data()["sources"][name])


@cache
def base_models() -> dict[str, BaseModel]:
    """Every listed model of the public hub, by id."""
    return {
        entry["id"]: BaseModel(
            id=entry["id"],
            name=entry["name"],
            kind=entry["kind"],
            techniques={name: tuple(ways) for name, ways in entry["techniques"].items()},
            licence=entry.get("licence"),
            source=source(entry["source"]),
        )
        for entry in _data()["base_models"]
    }


@cache
def bedrock_models() -> dict[str, BedrockModel]:
    """Every listed base model of Bedrock, by the id its customization jobs take."""
    on_demand = _data()["bedrock_on_demand"]
    return {
        entry["id"]: BedrockModel(
            id=entry["id"],
            name=entry["name"],
            customizations={name: tuple(found) for name, found in entry["customizations"].items()},
            formats=tuple(entry["formats"]),
            hyperparameters=entry.get("hyperparameters"),
            on_demand=tuple(on_demand.get(entry["id"], {"regions": ()})["regions"]),
            note=entry.get("note", ""),
            source=source(entry["source"]),
        )
        for entry in _data()["bedrock_models"]
    }


@cache
def benchmarks() -> dict[str, Benchmark]:
    """Every benchmark that runs without a judge, by what SageMaker calls its task."""
    return {
        task: Benchmark(
            task=task,
            metric=entry["metric"],
            strategy=entry["strategy"],
            subtasks=tuple(entry["subtasks"]),
            kinds=tuple(entry["kinds"]),
            source=source(entry["source"]),
        )
        for task, entry in _data()["benchmarks"].items()
    }


def kind_of(model: str) -> Kind:
    """Whether ``model``, an id of the public hub, is one of Amazon Nova, as the SageMaker SDK tells."""
    return "nova" if "nova" in model.lower() else "open_weight"


def regions(kind: Kind | Literal["bedrock"]) -> tuple[str, ...]:
    """Regions that customize models of a kind, or where Bedrock customizes any, sorted."""
    return tuple(_data()["regions"][kind]["regions"])


def formats(kind: Kind | Literal["bedrock"], technique: str) -> tuple[str, ...]:
    """Formats of data that a technique, or a customization of Bedrock, takes; the first is the default."""
    return tuple(_data()["formats"][kind][technique])


def rows(kind: Kind, technique: str) -> tuple[int | None, int | None]:
    """Fewest records to learn from, and most with those to validate, of a technique; None: undocumented."""
    entry = _data()["rows"].get(kind, {"techniques": {}})["techniques"].get(technique, {})
    return entry.get("fewest"), entry.get("most")


def reward_models() -> dict[str, tuple[str, ...]]:
    """Regions of each model of Bedrock that may judge answers during RLAIF."""
    return {name: tuple(entry["regions"]) for name, entry in _data()["reward_models"].items()}


def preset_scorers() -> tuple[str, ...]:
    """Scorers that SageMaker has itself."""
    return tuple(_data()["scorers"])


def judge_metrics(*, better: Literal["more", "less"] | None = None) -> tuple[str, ...]:
    """Metrics of Bedrock's judges without ``Builtin.``; those of which more, or less, is better, if asked."""
    found = _data()["judge_metrics"].items()
    return tuple(name for name, entry in found if better in (None, entry["better"]))


@cache
def hyperparameters(technique: str) -> dict[str, Range]:
    """What is known of the hyperparameters of a technique; a model's recipe may have others."""
    return _ranges(_data()["hyperparameters"][technique]["ranges"])


@cache
def bedrock_hyperparameters(model: str, customization: str) -> dict[str, Range]:
    """Every hyperparameter of a Bedrock job; empty if AWS documents none."""
    tables = _data()["bedrock_hyperparameters"]
    known = bedrock_models().get(model)
    name = known.hyperparameters if known and customization == "fine_tuning" else customization
    return _ranges(tables[name]["ranges"]) if name in tables else {}


def _ranges(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Range]:
    return {
        name: Range(**{**entry, "values": tuple(entry.get("values", ()))}) for name, entry in entries.items()
    }
