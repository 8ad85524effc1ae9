"""The foundation models of the emulated Bedrock: what can be customized where, and what answers prompts.

Sources: Amazon Bedrock user guide, "Supported models and Regions for fine-tuning", "Fine-tune Amazon Nova
models with reinforcement fine-tuning", "Deploy a custom model for on-demand inference" (models customized
on or after 16 July 2025), "Custom model hyperparameters".
"""

from dataclasses import dataclass
from typing import Any

from rehearsal.api import ApiError, Place

VIRGINIA, OREGON = "us-east-1", "us-west-2"
FINE_TUNING, REINFORCEMENT = "FINE_TUNING", "REINFORCEMENT_FINE_TUNING"
PRE_TRAINING, DISTILLATION = "CONTINUED_PRE_TRAINING", "DISTILLATION"

Range = tuple[str, float, float]
"""Type of a hyperparameter (integer or float), least and greatest value."""

_NOVA: dict[str, Range] = {
    "epochCount": ("integer", 1, 5),
    "learningRate": ("float", 1e-6, 1e-4),
    "learningRateWarmupSteps": ("integer", 0, 100),
}
_TITAN: dict[str, Range] = {
    "epochCount": ("integer", 1, 10),
    "batchSize": ("integer", 1, 64),
    "learningRate": ("float", 0.0, 1.0),
    "learningRateWarmupSteps": ("integer", 0, 250),
}
HYPERPARAMETERS: dict[str, dict[str, Range]] = {"nova": _NOVA, "titan": _TITAN}
"""Per family; those of the others are not judged."""


@dataclass(frozen=True)
class Foundation:
    """A model that can be customized. ``id`` names its context length too, as customization does."""

    id: str
    name: str
    provider: str
    family: str
    regions: tuple[str, ...]
    customizations: tuple[str, ...]
    on_demand: tuple[str, ...] = ()

    def arn(self, place: Place) -> str:
        """Its ARN in the region of ``place``."""
        return place.arn("bedrock", f"foundation-model/{self.id}", account="")

    def details(self, place: Place) -> dict[str, Any]:
        """What GetFoundationModel tells; its enumerations do not know reinforcement fine-tuning."""
        return {
            "modelArn": self.arn(place),
            "modelId": self.id,
            "modelName": self.name,
            "providerName": self.provider,
            "inputModalities": ["TEXT"],
            "outputModalities": ["TEXT"],
            "responseStreamingSupported": True,
            "customizationsSupported": [one for one in self.customizations if one != REINFORCEMENT],
            "inferenceTypesSupported": ["PROVISIONED"],
            "modelLifecycle": {"status": "ACTIVE"},
        }


_TUNED = (FINE_TUNING, DISTILLATION)
FOUNDATIONS = (
    Foundation("amazon.nova-2-lite-v1:0:256k", "Nova 2 Lite", "Amazon", "nova", (VIRGINIA,),
               (FINE_TUNING, REINFORCEMENT), (VIRGINIA,)),
    Foundation("amazon.nova-lite-v1:0:300k", "Nova Lite", "Amazon", "nova", (VIRGINIA,), _TUNED, (VIRGINIA,)),
    Foundation("amazon.nova-micro-v1:0:128k", "Nova Micro", "Amazon", "nova", (VIRGINIA,), _TUNED,
               (VIRGINIA,)),
    Foundation("amazon.nova-pro-v1:0:300k", "Nova Pro", "Amazon", "nova", (VIRGINIA,), _TUNED, (VIRGINIA,)),
    Foundation("amazon.titan-text-express-v1:0:8k", "Titan Text Express", "Amazon", "titan",
               (VIRGINIA, OREGON), (FINE_TUNING, PRE_TRAINING)),
    Foundation("anthropic.claude-3-haiku-20240307-v1:0:200k", "Claude 3 Haiku", "Anthropic", "claude",
               (OREGON,), _TUNED),
    Foundation("meta.llama3-1-8b-instruct-v1:0:128k", "Llama 3.1 8B", "Meta", "llama", (OREGON,), _TUNED),
    Foundation("meta.llama3-1-70b-instruct-v1:0:128k", "Llama 3.1 70B", "Meta", "llama", (OREGON,), _TUNED),
    Foundation("meta.llama3-2-1b-instruct-v1:0:128k", "Llama 3.2 1B", "Meta", "llama", (OREGON,), _TUNED),
    Foundation("meta.llama3-2-3b-instruct-v1:0:128k", "Llama 3.2 3B", "Meta", "llama", (OREGON,), _TUNED),
    Foundation("meta.llama3-3-70b-instruct-v1:0:128k", "Llama 3.3 70B", "Meta", "llama", (OREGON,), _TUNED,
               (OREGON,)),
)  # fmt: skip

FAMILIES = {
    "amazon.nova": "nova",
    "amazon.titan-text": "titan",
    "anthropic.claude": "claude",
    "meta.llama": "llama",
    "openai.gpt-oss": "openai",
    "qwen.qwen": "openai",
}
"""Families by how a model id begins: which request and response bodies a model has."""

HUB_CONTENT = {
    "nova-textgeneration-micro": "amazon.nova-micro-v1:0:128k",
    "nova-textgeneration-lite": "amazon.nova-lite-v1:0:300k",
    "nova-textgeneration-pro": "amazon.nova-pro-v1:0:300k",
    "nova-textgeneration-lite-v2": "amazon.nova-2-lite-v1:0:256k",
}
"""Base models of SageMaker's public hub that are models of Bedrock (Amazon Nova user guide)."""

_PROFILES = ("us.", "eu.", "apac.", "jp.", "au.", "global.")


def family_of(identifier: str) -> str | None:
    """The family of a base model given by id, ARN or cross-region inference profile; None if unknown."""
    bare = identifier.rpartition("/")[2]
    bare = next((bare.removeprefix(one) for one in _PROFILES if bare.startswith(one)), bare)
    return next((family for start, family in FAMILIES.items() if bare.startswith(start)), None)


def find(identifier: str, place: Place) -> Foundation | None:
    """The model with this id or ARN that can be customized somewhere; its id with or without the context."""
    bare = identifier.rpartition("/")[2] if identifier.startswith("arn:") else identifier
    exact = next((one for one in FOUNDATIONS if one.id == bare), None)
    return exact or next((one for one in FOUNDATIONS if one.id.rpartition(":")[0] == bare), None)


def need(identifier: str, customization: str, place: Place) -> Foundation:
    """The base model of a customization. Raises ApiError ValidationException: unknown, not here, not so."""
    found = find(identifier, place)
    if found is None or place.region not in found.regions:
        where = f" It is customized in {', '.join(found.regions)}." if found else ""
        text = f"The provided model identifier {identifier} is invalid in {place.region}.{where}"
        raise ApiError("ValidationException", text)
    if customization not in found.customizations:
        offered = ", ".join(found.customizations)
        text = f"{found.id} does not support {customization}; it supports {offered}."
        raise ApiError("ValidationException", text)
    return found
