"""Models and endpoint configurations that CloudFormation made for the Serving stack, in SageMaker."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from release.aws_endpoint import if_there, package_of
from release.ports import Made

CONFIGURATIONS = ("EndpointConfig",)
MODELS = ("ProductionModel", "ShadowModel", "ChallengerModel")
"""Logical ids of the template: CloudFormation puts them into the names it makes up (its user guide, "AWS
resource types: Name type")."""

STACK_TAG = "aws:cloudformation:stack-name"
"""Tag that CloudFormation gives resources of most types (its user guide, "Resource tag")."""


class SageMakerRetained:
    """``release.ports.Retained``: what has all of ``tags`` and a name that CloudFormation makes up for one of
    the stack's logical ids; if it has CloudFormation's own tag too, that of ``stack``.

    Names alone do not tell models apart, and tags alone not what CloudFormation made from what jobs use.
    """

    def __init__(self, sagemaker: Any, stack: str, tags: Mapping[str, str]) -> None:
        self._sagemaker, self._stack, self._tags = sagemaker, stack, tags

    def configurations(self) -> list[Made]:
        """Every endpoint configuration, with the models of all of its variants."""
        return [
            made for item in self._listed("EndpointConfig", CONFIGURATIONS) for made in self._config(item)
        ]

    def _config(self, item: Mapping[str, Any]) -> Iterator[Made]:
        name = str(item["EndpointConfigName"])
        config = if_there(self._sagemaker.describe_endpoint_config, EndpointConfigName=name)
        if config:
            variants = [*config.get("ProductionVariants", []), *config.get("ShadowProductionVariants", [])]
            models = (str(variant["ModelName"]) for variant in variants if "ModelName" in variant)
            yield Made(name, _moment(item), models=tuple(models))

    def models(self) -> list[Made]:
        """Every model, with the version it was made of."""
        return [made for item in self._listed("Model", MODELS) for made in self._model(item)]

    def _model(self, item: Mapping[str, Any]) -> Iterator[Made]:
        name = str(item["ModelName"])
        model = if_there(self._sagemaker.describe_model, ModelName=name)
        if model:
            yield Made(name, _moment(item), package=package_of(model))

    def delete_configuration(self, name: str) -> None:
        """Delete an endpoint configuration; harmless if it is gone."""
        if_there(self._sagemaker.delete_endpoint_config, EndpointConfigName=name)

    def delete_model(self, name: str) -> None:
        """Delete a model; harmless if it is gone."""
        if_there(self._sagemaker.delete_model, ModelName=name)

    def _listed(self, noun: str, logical_ids: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
        """The stack's own of one kind, as their list has them."""
        operation = {"Model": "list_models", "EndpointConfig": "list_endpoint_configs"}[noun]
        generated = re.compile(f"(.*-)?({'|'.join(logical_ids)})-[A-Za-z0-9]+", re.IGNORECASE)
        for page in self._sagemaker.get_paginator(operation).paginate():
            for item in page[f"{noun}s"]:
                if generated.fullmatch(item[f"{noun}Name"]) and self._ours(item[f"{noun}Arn"]):
                    yield item

    def _ours(self, arn: str) -> bool:
        answer = if_there(self._sagemaker.list_tags, ResourceArn=arn) or {}
        tags = {tag["Key"]: tag["Value"] for tag in answer.get("Tags", [])}
        same = all(tags.get(key) == value for key, value in self._tags.items())
        return same and tags.get(STACK_TAG, self._stack) == self._stack


def _moment(item: Mapping[str, Any]) -> str:
    return str(item["CreationTime"].isoformat().replace("+00:00", "Z"))
