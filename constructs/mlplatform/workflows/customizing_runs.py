"""What a run of the workflow customize is unless its execution says otherwise, and what it may say."""

from typing import Any

from mlplatform import data_locations
from mlplatform.customization import catalog
from mlplatform.customization.entries import Range
from mlplatform.settings import Environment, ModelProduct
from mlplatform.settings.customization import TechniqueSettings
from mlplatform.settings.values import Scalar
from mlplatform.workflows.customizing_requests import customized, hyperparameters

EPOCHS = "max_epochs"
"""The hyperparameter that costs follow: nobody raises it above what ``spend_usd`` was estimated for."""

LEAST, MOST = 1e-9, 1e300
"""Ends of a range that is open below a positive number, or above; JSON has no infinity."""


def defaults(product: ModelProduct, settings: Environment) -> dict[str, Any]:
    """Hyperparameters and data of each technique, the default one first."""
    return {
        name: {"Hyperparameters": hyperparameters(technique), "Data": _data(technique, product, settings)}
        for name, technique in customized(product).techniques.items()
    }


def allowed(product: ModelProduct) -> dict[str, Any]:
    """What may be another value, of each technique: hyperparameters that model.yaml has and AWS describes."""
    return {
        name: {"Hyperparameters": _ranges(name, technique)}
        for name, technique in customized(product).techniques.items()
    }


def _data(technique: TechniqueSettings, product: ModelProduct, settings: Environment) -> dict[str, str]:
    evaluate = customized(product).evaluate
    named = {
        "train": technique.train,
        "validation": technique.validation,
        "evaluation": evaluate.data if evaluate else None,
    }
    return {
        channel: data_locations.resolve(location, settings) for channel, location in named.items() if location
    }


def _ranges(name: str, technique: TechniqueSettings) -> dict[str, Any]:
    known = catalog.hyperparameters(name)
    given = technique.hyperparameters
    return {key: _range(key, known[key], value) for key, value in given.items() if key in known}


def _range(name: str, known: Range, own: Scalar) -> dict[str, Any]:
    if known.type == "text":
        return {"Values": list(known.values)}
    whole = known.type == "integer"
    least = known.minimum if known.minimum is not None else LEAST
    if known.above is not None:
        least = known.above + (1 if whole else LEAST)
    most = own if name == EPOCHS else known.maximum
    return {
        **({"Integer": True} if whole else {}),
        "Minimum": least,
        "Maximum": MOST if most is None else most,
    }
