"""The settings of the second account in which Amazon Bedrock's part of a model is rehearsed.

The environment is the same as far as it names nothing of its own account and region, and has only this model,
of which only what Bedrock needs.
"""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from mlplatform.regions import region as facts
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct, merged
from mlplatform.settings.source import read
from rehearsal.elsewhere import SERVING, Elsewhere

OF_THE_PLACE = ("already_in_account", "data_sources", "models", "registry", "release")
"""Sections of an environment that name what its account, its region or other environments have."""

OF_THE_MODEL = ("description", "owner", "task")
"""What a model says of itself beside ``customization``."""


def environment_file(values: Mapping[str, Any], place: Elsewhere) -> dict[str, Any]:
    """The environment's file as it is in the region of ``place``."""
    kept = {key: deepcopy(value) for key, value in values.items() if key not in OF_THE_PLACE}
    there, network = facts(place.region), dict(kept.get("network") or {})
    existing = network.pop("existing", None) or {}
    zones = network.get("availability_zones") or existing.get("subnets", ())
    network["availability_zones"] = list(there.zone_ids[: max(2, len(zones))])
    if "interface_endpoints" in network:
        services = network["interface_endpoints"]
        network["interface_endpoints"] = [one for one in services if one in there.endpoints]
    if isinstance(kept.get("studio"), dict):
        kept["studio"].pop("custom_image", None)
    return {**kept, "region": place.region, "owns_account": True, "training": True, "network": network}


def model_file(values: Mapping[str, Any], changes: Mapping[str, Any], way: str) -> dict[str, Any]:
    """The Bedrock part of a model's file, with what the environment ``changes`` of it, served in a way."""
    said = merged(dict(values), _without_nothing(changes))
    section = said["customization"]
    served = {**section["bedrock"], "serving": SERVING[way]}
    kept = {key: said[key] for key in OF_THE_MODEL if key in said}
    budget = section["monthly_budget_usd"]
    return {**kept, "customization": {"monthly_budget_usd": budget, "bedrock": served}}


def _without_nothing(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Without the line that takes Bedrock away."""
    found = deepcopy(dict(changes))
    section = found.get("customization")
    if isinstance(section, dict) and section.get("bedrock", "") is None:
        section.pop("bedrock")
    return found


def write(
    folder: Path, settings: Environment, product: ModelProduct, place: Elsewhere, way: str, source: Path
) -> None:
    """Write ``environments`` and ``models`` of the second account below ``folder``, which is empty.

    ``source`` is the environment's own file. Files of the model beside model.yaml are linked, not copied.
    """
    here, model = folder / "environments", folder / "models" / product.name
    here.mkdir(parents=True)
    model.mkdir(parents=True)
    values = read(source, name=source.name).values
    changes = settings.models.get(product.name, {})
    own = read(product.folder / "model.yaml", name="model.yaml").values
    _dump(here / f"{settings.name}.yaml", environment_file(values, place))
    _dump(model / "model.yaml", model_file(own, changes, way))
    for path in sorted(product.folder.iterdir()):
        if path.name != "model.yaml":
            (model / path.name).symlink_to(path.resolve())


def _dump(path: Path, values: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(dict(values), sort_keys=False), encoding="utf-8")
