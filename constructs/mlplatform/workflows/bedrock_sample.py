"""The question that a model in Amazon Bedrock must answer, as the body of InvokeModel has it."""

import base64
import json
from typing import Any

from mlplatform.settings import ModelProduct
from mlplatform.workflows.bedrock import settings_of

MOST_TOKENS = 512
"""Length of the answer, at most."""


def sample(product: ModelProduct) -> str:
    """The body that asks the customized model its sample, encoded: nobody's placeholder or expression."""
    return _encoded(body(settings_of(product).base_model, settings_of(product).sample.prompt))


def imported_sample(product: ModelProduct) -> str:
    """The body that asks an imported model (user guide, "Invoke your imported model": OpenAI's chat)."""
    return _encoded(body("", settings_of(product).sample.prompt))


def body(model: str, prompt: str) -> dict[str, Any]:
    """The body of InvokeModel that asks one question of a model of this id.

    Amazon Bedrock user guide, "Inference request parameters and response fields for foundation models".
    """
    said = {"role": "user", "content": prompt}
    if model.startswith("amazon.nova"):
        turn = {"role": "user", "content": [{"text": prompt}]}
        limits = {"maxTokens": MOST_TOKENS}
        return {"schemaVersion": "messages-v1", "messages": [turn], "inferenceConfig": limits}
    if model.startswith("amazon.titan"):
        return {"inputText": prompt, "textGenerationConfig": {"maxTokenCount": MOST_TOKENS}}
    if model.startswith("anthropic."):
        version = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": MOST_TOKENS}
        return {**version, "messages": [said]}
    if model.startswith("meta.llama"):
        return {"prompt": prompt, "max_gen_len": MOST_TOKENS}
    return {"messages": [said], "max_tokens": MOST_TOKENS}


def _encoded(content: dict[str, Any]) -> str:
    """JSON in ASCII alone: what JSONata decodes of anything else is not text."""
    return base64.b64encode(json.dumps(content).encode("ascii")).decode()
