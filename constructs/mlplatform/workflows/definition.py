"""A model's state machine: the file's states with the model's requests in them."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from mlplatform.exports import subnet_exports
from mlplatform.settings import Environment, ModelProduct
from mlplatform.workflows import bedrock, template
from mlplatform.workflows.source import Source
from mlplatform.workflows.template import Definition
from mlplatform.workflows.values import values

AB_TEST = "ab-test"
"""The workflow in which a version answers part of the requests beside the one that serves."""

LIFECYCLE = "lifecycle"
"""The workflow that takes an endpoint away and brings it back."""

RELEASES = ("release", AB_TEST, "rollback", LIFECYCLE)
"""The workflows that change what serves."""

BEDROCK = bedrock.WORKFLOWS
"""The workflows that customize and serve a model in Amazon Bedrock, and end that."""

CUSTOMIZATIONS = ("customize",)
"""The workflows that customize a model in SageMaker; a function of the model decides their steps."""

NAMES = ("train", "tune", "register", "batch", *CUSTOMIZATIONS, *RELEASES, *BEDROCK)
"""The workflows a model can have."""

LATER = frozenset(
    {"SubnetIds", "JobSecurityGroupId", "ModelSecurityGroupId", "DataKeyArn", "ArtifactsKeyArn"}
)
"""Placeholders CloudFormation fills in from the exports of Network and Foundation."""


def _techniques(product: ModelProduct) -> bool:
    """Whether a model is customized in SageMaker."""
    return product.customization is not None and bool(product.customization.techniques)


_HAS: Mapping[str, Callable[[ModelProduct, Environment], bool]] = {
    "train": lambda product, settings: settings.training and product.train is not None,
    "tune": lambda product, settings: settings.training and product.tune is not None,
    "register": lambda product, settings: settings.training and product.train is not None,
    "batch": lambda product, settings: product.batch is not None,
    "customize": lambda product, settings: settings.training and _techniques(product),
    **dict.fromkeys(RELEASES, lambda product, settings: product.serving is not None),
    AB_TEST: lambda product, settings: product.serving is not None and product.serving.ab_test is not None,
    **dict.fromkeys(BEDROCK, lambda product, settings: settings.training and bedrock.has(product)),
}


def of(product: ModelProduct, settings: Environment) -> tuple[str, ...]:
    """The workflows that a model has in an environment, in the order of NAMES."""
    return tuple(name for name in NAMES if _HAS[name](product, settings))


def releases(product: ModelProduct, settings: Environment) -> tuple[str, ...]:
    """Those of them that change what serves."""
    return tuple(name for name in of(product, settings) if name in RELEASES)


def with_jobs(product: ModelProduct, settings: Environment) -> tuple[str, ...]:
    """Those of them that run jobs as the model's roles: releases and customizations have others."""
    others = (*CUSTOMIZATIONS, *RELEASES, *BEDROCK)
    return tuple(name for name in of(product, settings) if name not in others)


def compiled(workflow: str, product: ModelProduct, settings: Environment, source: Source) -> Definition:
    """The definition of one workflow of a model, as ``written`` has it."""
    definition: Definition = json.loads(written(workflow, product, settings, source))
    return definition


def written(workflow: str, product: ModelProduct, settings: Environment, source: Source) -> str:
    """The whole definition of one workflow of a model, in Amazon States Language, as JSON.

    ``source`` is the packed folder of the model. What remains to be filled in is what ``substitutions``
    names. Raises ValueError for a workflow the model does not have in the environment.
    """
    if workflow not in of(product, settings):
        raise ValueError(f"{product.name} has no workflow {workflow!r} in {settings.name}")
    definition = _of_models(workflow, _present(product))
    known = template.placeholders(definition)
    given: dict[str, Any] = {
        name: make() for name, make in values(workflow, product, settings, source).items() if name in known
    }
    return template.filled(definition, given, later=LATER)


def _present(product: ModelProduct) -> frozenset[str]:
    """What optional states are marked with that the model has."""
    own = bedrock.present(product) if bedrock.has(product) else frozenset[str]()
    return own | ({"prepare"} if product.prepare else set())


@cache
def _of_models(workflow: str, present: frozenset[str]) -> str:
    """The definition that all models with the same optional states fill in."""
    return template.written(template.without(template.read(workflow), present))


def substitutions(definition: str, settings: Environment) -> dict[str, tuple[str, ...]]:
    """What CloudFormation fills in: placeholder -> names of the exports it is made of, joined by commas.

    The names are those of ``mlplatform.exports``.
    """
    subnets = {"SubnetIds": subnet_exports(settings)}
    return {name: subnets.get(name, (name,)) for name in sorted(template.placeholders(definition))}
