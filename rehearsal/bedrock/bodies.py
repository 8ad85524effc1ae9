"""Request and response bodies of InvokeModel, by family of models.

Amazon Bedrock user guide, "Inference request parameters and response fields for foundation models"; Amazon
Nova user guide, "Complete request schema"; for imported models "Invoke your imported model", whose requests
may have the form of a completion of Bedrock, or of a completion or a chat of OpenAI.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.api import ApiError
from rehearsal.language_model import text

Body = Mapping[str, Any]

_CONTROL = re.compile(
    r"<\|start_header_id\|>\w+<\|end_header_id\|>|<\|im_start\|>\w+|<\|\w+\|>|</?s>|\[/?INST\]"
)
"""What templates of prompts put around the words of a conversation."""


def prompt_of(family: str, body: bytes) -> tuple[str, Body]:
    """What is asked, and the parsed body. Raises ApiError ValidationException for another form."""
    try:
        parsed = json.loads(body)
    except ValueError as error:
        raise malformed(str(error)) from error
    if not isinstance(parsed, dict):
        raise malformed(f"expected a JSON object, got {type(parsed).__name__}")
    return _READERS[family](parsed), parsed


def response(family: str, asked: Body, prompt: str, said: str, model: str) -> dict[str, Any]:
    """The body that answers ``asked`` with the text ``said``."""
    return _WRITERS[family](asked, _tokens(prompt), said, model)


def malformed(why: str) -> ApiError:
    """How Bedrock refuses a body that is not of the model's form."""
    text_ = f"Malformed input request: {why}, please reformat your input and try again."
    return ApiError("ValidationException", text_)


def _tokens(words: str) -> int:
    """About how many tokens a text has: four bytes each."""
    return max(1, len(words.encode()) // 4)


def _last_turn(body: Body, *, blocks: bool) -> str:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise malformed("required key [messages] not found")
    last = messages[-1]
    if not isinstance(last, dict) or last.get("role") != "user":
        raise malformed("messages must end with the role user")
    content = last.get("content")
    if blocks and not isinstance(content, list):
        raise malformed("expected type: JSONArray, found: String at messages.content")
    if not isinstance(content, str | list) or not content:
        raise malformed("required key [content] not found")
    return text(content)


def _nova(body: Body) -> str:
    known = {
        "schemaVersion",
        "system",
        "messages",
        "inferenceConfig",
        "toolConfig",
        "additionalModelRequestFields",
    }
    if unknown := sorted(set(body) - known):
        raise malformed(f"extraneous key [{unknown[0]}] is not permitted")
    return _last_turn(body, blocks=True)


def _claude(body: Body) -> str:
    for name in ("anthropic_version", "max_tokens"):
        if name not in body:
            raise malformed(f"required key [{name}] not found")
    return _last_turn(body, blocks=False)


def _field(name: str) -> Callable[[Body], str]:
    def read(body: Body) -> str:
        if not isinstance(body.get(name), str) or not body[name]:
            raise malformed(f"required key [{name}] not found")
        return _CONTROL.sub(" ", body[name])

    return read


def _chat(body: Body) -> str:
    return _last_turn(body, blocks=False) if "messages" in body else _field("prompt")(body)


def _as_nova(asked: Body, tokens: int, said: str, model: str) -> dict[str, Any]:
    usage = {"inputTokens": tokens, "outputTokens": _tokens(said), "totalTokens": tokens + _tokens(said)}
    message = {"role": "assistant", "content": [{"text": said}]}
    return {"output": {"message": message}, "stopReason": "end_turn", "usage": usage}


def _as_llama(asked: Body, tokens: int, said: str, model: str) -> dict[str, Any]:
    if "messages" in asked:
        return _as_chat(asked, tokens, said, model)
    counts = {"prompt_token_count": tokens, "generation_token_count": _tokens(said)}
    return {"generation": said, **counts, "stop_reason": "stop"}


def _as_titan(asked: Body, tokens: int, said: str, model: str) -> dict[str, Any]:
    result = {"tokenCount": _tokens(said), "outputText": said, "completionReason": "FINISH"}
    return {"inputTextTokenCount": tokens, "results": [result]}


def _as_claude(asked: Body, tokens: int, said: str, model: str) -> dict[str, Any]:
    usage = {"input_tokens": tokens, "output_tokens": _tokens(said)}
    head = {"type": "message", "role": "assistant", "model": model}
    return {**head, "content": [{"type": "text", "text": said}], "stop_reason": "end_turn", "usage": usage}


def _as_chat(asked: Body, tokens: int, said: str, model: str) -> dict[str, Any]:
    chat = "messages" in asked
    content = {"message": {"role": "assistant", "content": said}} if chat else {"text": said}
    used = _tokens(said)
    usage = {"prompt_tokens": tokens, "completion_tokens": used, "total_tokens": tokens + used}
    kind = "chat.completion" if chat else "text_completion"
    choice = {"index": 0, **content, "finish_reason": "stop"}
    return {"object": kind, "model": model, "choices": [choice], "usage": usage}


_READERS: dict[str, Callable[[Body], str]] = {
    "nova": _nova,
    "claude": _claude,
    "titan": _field("inputText"),
    "llama": _chat,
    "openai": _chat,
}
_WRITERS: dict[str, Callable[[Body, int, str, str], dict[str, Any]]] = {
    "nova": _as_nova,
    "claude": _as_claude,
    "titan": _as_titan,
    "llama": _as_llama,
    "openai": _as_chat,
}
