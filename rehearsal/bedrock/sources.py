"""Artifacts of models that were made elsewhere: of SageMaker's customization, or in Hugging Face's layout."""

import json
from typing import Any

from rehearsal import language_model
from rehearsal.bedrock.objects import JobError, Objects

NOVA = "amazon.nova-lite-v1:0:300k"
"""What CreateCustomModel takes over is of Amazon Nova; this one, unless the model package names another."""

TOKENIZERS = ("tokenizer.json", "tokenizer.model", "tokenizer_config.json")


def artifact_in(objects: Objects, uri: str) -> language_model.Artifact | None:
    """The model in the folder ``uri``; None for one the rehearsal did not make."""
    names = objects.below(uri)
    if not names:
        raise JobError(f"There are no objects below {uri}.")
    folder = uri.rstrip("/")
    for name in names:
        if name.rpartition("/")[2] == language_model.FILE:
            return _parsed(objects.read(f"{folder}/{name}"), f"{folder}/{name}")
    for name in names:
        if name.endswith(".safetensors") and (found := _of_weights(objects, f"{folder}/{name}")):
            return found
    return None


def architecture_in(objects: Objects, uri: str) -> str:
    """The architecture of a model to import, of which everything must be there.

    Amazon Bedrock user guide, "Import a customized model": weights as Safetensors, config.json with the
    architecture, the tokenizer's files.
    """
    names, folder = objects.below(uri), uri.rstrip("/")
    if not any(name.endswith(".safetensors") for name in names):
        raise JobError(f"{uri} has no weights: no file *.safetensors.")
    missing = [name for name in ("config.json",) if name not in names]
    if not any(name in names for name in TOKENIZERS):
        missing.append(" or ".join(TOKENIZERS))
    if missing:
        raise JobError(f"{uri} misses {', '.join(missing)}.")
    config = _parsed(objects.read(f"{folder}/config.json"), f"{folder}/config.json")
    found = config.get("architectures")
    if not isinstance(found, list) or not found or not isinstance(found[0], str):
        raise JobError(f"{folder}/config.json names no architecture (architectures).")
    return str(found[0])


def _of_weights(objects: Objects, uri: str) -> language_model.Artifact | None:
    try:
        return language_model.of_weights(objects.read(uri))
    except ValueError as error:
        raise JobError(f"{uri} is no Safetensors file: {error}") from error


def _parsed(body: bytes, uri: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError as error:
        raise JobError(f"{uri} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise JobError(f"{uri} must be a JSON object.")
    return found
