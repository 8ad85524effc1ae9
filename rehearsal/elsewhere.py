"""Where Amazon Bedrock's part of a model is rehearsed that an environment does not rehearse itself, and how.

Bedrock customizes models in few regions (``mlplatform.customization.catalog``). What it does not offer in the
region of an environment is rehearsed in a second account where it does; a model that the environment
customizes there is served once more in the other way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlplatform.customization import catalog
from mlplatform.settings import Environment
from mlplatform.settings.customization_bedrock import BedrockSettings
from mlplatform.settings.products import ModelProduct
from mlplatform.settings.source import read
from mlplatform.workflows import bedrock

ON_DEMAND, PROVISIONED = "on demand", "by Provisioned Throughput without commitment"
SERVING: Mapping[str, Any] = {ON_DEMAND: "on_demand", PROVISIONED: {"provisioned": {"model_units": 1}}}
"""Ways to serve, in words, and as ``serving`` says them."""


@dataclass(frozen=True)
class Elsewhere:
    """A model's life in Bedrock in a second account: in which region, served in which ways, and why there."""

    model: str
    region: str
    ways: tuple[str, ...]
    why: str


def elsewhere(settings: Environment, product: ModelProduct) -> Elsewhere | None:
    """What of ``product`` is rehearsed in a second account; None: nothing, as it says nothing of Bedrock or
    the environment leaves that out though its region offers it."""
    if bedrock.has(product):
        own = bedrock.settings_of(product)
        lived = PROVISIONED if own.serving.provisioned else ON_DEMAND
        others = tuple(way for way in ways(own, settings.region) if way != lived)
        why = f"{product.name} is served {lived} in {settings.name}, and in another account as well"
        return Elsewhere(product.name, settings.region, others, why) if others else None
    section = section_of(product)
    if section is None or settings.region in offering(section):
        return None
    region = max(offering(section), key=lambda name: len(ways(section, name)))
    what = f"Amazon Bedrock does not customize {section.base_model} in {settings.region}"
    why = f"{product.name}: {what}, so this goes on in another account, in {region}"
    return Elsewhere(product.name, region, ways(section, region), why)


def section_of(product: ModelProduct) -> BedrockSettings | None:
    """``customization.bedrock`` of the model's own file, whatever an environment makes of it."""
    said = read(product.folder / "model.yaml", name="model.yaml").values.get("customization") or {}
    section = said.get("bedrock")
    return BedrockSettings.model_validate(section) if section else None


def offering(section: BedrockSettings) -> tuple[str, ...]:
    """The regions where Bedrock customizes the model in this way."""
    known = catalog.bedrock_models().get(section.base_model)
    found = known.customizations.get(section.customization) if known else None
    return found or catalog.regions("bedrock")


def ways(section: BedrockSettings, region: str) -> tuple[str, ...]:
    """How a customized model can be served in a region, as far as it is known."""
    known = catalog.bedrock_models().get(section.base_model)
    if known and region not in known.on_demand:
        return (PROVISIONED,)
    return (ON_DEMAND, PROVISIONED)
