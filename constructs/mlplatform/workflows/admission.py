"""What a run is unless its execution says otherwise, and what an execution may say."""

from typing import Any

from mlplatform import data_locations
from mlplatform.customization import catalog
from mlplatform.customization.entries import Range
from mlplatform.permissions.places import STUDIO_PREFIX
from mlplatform.settings import Environment, ModelProduct
from mlplatform.settings.training import RangeSettings, TrainSettings
from mlplatform.settings.values import Scalar
from mlplatform.workflows import bedrock, customizing_runs, hyperparameters
from mlplatform.workflows.inference import model_image

UNBOUNDED = 1e300
"""An end of a range that model.yaml leaves open; larger than any hyperparameter, and JSON has no infinity."""

CUSTOMIZING = "customize"
"""The workflow whose executions choose how a foundation model is customized."""

TRAINING = ("train", "tune")
"""Workflows whose executions may change how the model is trained."""


def defaults(workflow: str, product: ModelProduct, settings: Environment) -> dict[str, Any]:
    """The run as model.yaml has it: what names begin with, hyperparameters, instance type, data, image."""
    if workflow == CUSTOMIZING:
        return {
            "Base": settings.names.name(product.name, kind="model"),
            "Techniques": customizing_runs.defaults(product, settings),
        }
    train = product.train if workflow in TRAINING else None
    return {
        "Base": settings.names.name(product.name, kind="model"),
        "Tuning": settings.names.tuning(product.name),
        "Hyperparameters": _hyperparameters(workflow, train, product) if train else _own(workflow, product),
        "InstanceType": train.instance_type if train else None,
        "Data": _data(workflow, product, settings),
        "Image": model_image(product, settings) if workflow == "register" else None,
    }


def allowed(workflow: str, product: ModelProduct, settings: Environment) -> dict[str, Any]:
    """What the input of an execution may set, and to what."""
    train = product.train if workflow in TRAINING else None
    studio = f"s3://{settings.names.bucket('artifacts')}/{STUDIO_PREFIX}"
    return {
        "Hyperparameters": _ranges(workflow, train, product) if train else _known(workflow, product),
        "Encoding": "json" if train and train.script else "plain",
        "InstanceTypes": list(train.instance_types) if train else [],
        "DataBucket": settings.names.bucket("data"),
        "DataSources": {
            source.name: f"s3://{source.bucket}/{source.prefix}"
            for source in data_locations.sources(product, settings)
            if source.name
        },
        "DataAreas": list(data_locations.areas(product, settings)),
        "Source": bool(train) and not settings.serves_production,
        "SourcePrefix": studio,
        "ModelDataPrefixes": import_prefixes(product, settings) if workflow == "register" else [],
        "ImagePrefixes": _image_prefixes(product, settings) if workflow == "register" else [],
        "PackageGroup": package_group(product, settings),
        **({"Techniques": customizing_runs.allowed(product)} if workflow == CUSTOMIZING else {}),
    }


def import_prefixes(product: ModelProduct, settings: Environment) -> list[str]:
    """Where an artifact built elsewhere may lie: ``imports/<model>/`` of the data bucket.

    Evaluating it runs what is in it, so it comes from those the settings trust with data, not from Studio.
    """
    return [f"s3://{settings.names.bucket('data')}/imports/{product.name}/"]


def package_group(product: ModelProduct, settings: Environment) -> str:
    """Name of the group the model's versions are in, or its ARN where another environment keeps them."""
    if settings.keeps_registry:
        return settings.names.name(product.name, kind="model")
    return settings.neighbours.registry.package_group_arn(product.name)


def _data(workflow: str, product: ModelProduct, settings: Environment) -> dict[str, str]:
    if workflow == "batch":
        batch = product.batch
        return {"batch": data_locations.resolve(batch.data, settings)} if batch else {}
    named = product.data.channels if product.data else {}
    if workflow == bedrock.CUSTOMIZE:
        named = bedrock.channels(product)
    return {channel: data_locations.resolve(location, settings) for channel, location in named.items()}


def _hyperparameters(workflow: str, train: TrainSettings, product: ModelProduct) -> dict[str, str]:
    searched = _searched(workflow, product)
    return {name: text for name, text in hyperparameters.defaults(train).items() if name not in searched}


def _own(workflow: str, product: ModelProduct) -> dict[str, str]:
    """Hyperparameters of a job in Amazon Bedrock."""
    return bedrock.settings_of(product).hyperparameter_texts if workflow == bedrock.CUSTOMIZE else {}


def _known(workflow: str, product: ModelProduct) -> dict[str, Any]:
    """What the hyperparameters of a job in Amazon Bedrock may be, as AWS documents it."""
    if workflow != bedrock.CUSTOMIZE:
        return {}
    section = bedrock.settings_of(product)
    ranges = catalog.bedrock_hyperparameters(section.base_model, section.customization)
    return {name: _documented(limits) for name, limits in ranges.items()}


def _documented(limits: Range) -> dict[str, Any]:
    if limits.values:
        return {"Values": list(limits.values)}
    least = limits.minimum if limits.minimum is not None else limits.above
    return {
        **({"Integer": True} if limits.type == "integer" else {}),
        "Minimum": -UNBOUNDED if least is None else least,
        "Maximum": UNBOUNDED if limits.maximum is None else limits.maximum,
    }


def _searched(workflow: str, product: ModelProduct) -> frozenset[str]:
    """Hyperparameters that are not an execution's to set, because a tuning job searches them."""
    return frozenset(product.tune.search if workflow == "tune" and product.tune else ())


def _ranges(workflow: str, train: TrainSettings, product: ModelProduct) -> dict[str, Any]:
    searched = _searched(workflow, product)
    ranges = train.hyperparameter_ranges.items()
    own = train.hyperparameters
    return {name: _range(limits, own.get(name)) for name, limits in ranges if name not in searched}


def _range(limits: RangeSettings, own: Scalar | None) -> dict[str, Any]:
    """What one hyperparameter may be; where the model's own value is a whole number, so is every other."""
    if limits.values is not None:
        return {"Values": list(limits.values)}
    whole = {"Integer": True} if isinstance(own, int) and not isinstance(own, bool) else {}
    return {
        **whole,
        "Minimum": -UNBOUNDED if limits.minimum is None else limits.minimum,
        "Maximum": UNBOUNDED if limits.maximum is None else limits.maximum,
    }


def _image_prefixes(product: ModelProduct, settings: Environment) -> list[str]:
    """The model's own repository, by digest, and the image the model has anyway."""
    registry = settings.neighbours.registry
    host = f"{registry.account}.dkr.ecr.{settings.region}.{settings.place.dns_suffix}"
    own = f"{host}/{registry.name(product.name, kind='repository')}@sha256:"
    return [own, model_image(product, settings)]
