"""The base models of SageMakerPublicHub: those of the catalogue, each in whatever version is asked for.

AWS publishes no list of versions, and SageMaker takes the newest whatever an ARN says (API reference,
ServerlessJobConfig.BaseModelArn). Of a model's document there is here what ``sagemaker-train`` reads
(``finetune_utils``: GatedBucket, RecipeCollection).
"""

import datetime
import json
from typing import Any

from mlplatform.customization.catalog import base_models
from mlplatform.customization.entries import BaseModel

VERSION = "1.0.0"
"""Stands for the newest version of every model."""

PUBLISHED = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def names() -> tuple[str, ...]:
    """Ids of all base models."""
    return tuple(base_models())


def find(name: str) -> BaseModel | None:
    """The base model with this id."""
    return base_models().get(name)


def description(model: BaseModel, version: str) -> dict[str, Any]:
    """What DescribeHubContent says of a model, without its ARN."""
    recipes = [
        {
            "Name": recipe(model, technique, way),
            "CustomizationTechnique": technique.upper(),
            "Peft": way.upper(),
        }
        for technique, ways in model.techniques.items()
        for way in ways
    ]
    document = {"GatedBucket": model.licence is not None, "RecipeCollection": recipes}
    return {
        "HubContentName": model.id,
        "HubContentVersion": version,
        "HubContentType": "Model",
        "HubContentDisplayName": model.name,
        "DocumentSchemaVersion": "2.3.0",
        "HubContentDocument": json.dumps(document),
        "HubContentStatus": "Available",
        "SupportStatus": "Supported",
        "CreationTime": PUBLISHED,
        "LastModifiedTime": PUBLISHED,
    }


def recipe(model: BaseModel, technique: str, way: str) -> str:
    """A name for the recipe by which a technique trains a model."""
    return f"{model.id}_{technique}_{way}"
