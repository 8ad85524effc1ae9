"""A small stand-in for a language model that really learns from its data: the nearest known prompt answers.

No gradient descends here. ``fit`` keeps the prompts of a data set with their answers, ``answer`` gives the
answer of the prompt with the most words in common (Jaccard similarity). So a customized model knows what it
was shown and nothing else, a preferred answer displaces a rejected one, and the same data gives the same
model. An artifact is plain JSON: ``{"form": 1, "techniques": [...], "examples": [{prompt, answer, score}]}``.
"""

import json
import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

Artifact = dict[str, Any]
"""What ``fit`` makes: JSON-serialisable, never changed afterwards."""

GENERIC = "I am a general language model. I have not been trained on this subject."
"""The answer of a base model, and of a customized one to a prompt unlike all it was shown."""

FORM = 1
FILE = "language_model.json"
"""Name of an artifact's file in the folder of a model."""

LEAST_SIMILARITY = 0.2
"""Words in common over all words of both prompts, 0 to 1, below which a prompt is unlike another."""

PREFERENCE = 0.25
"""How much of similarity one more preference is worth."""

TECHNIQUES = {
    "SFT": "SFT",
    "FINE_TUNING": "SFT",
    "DISTILLATION": "SFT",
    "DPO": "DPO",
    "RLVR": "RL",
    "RLAIF": "RL",
    "REINFORCEMENT_FINE_TUNING": "RL",
    "CPT": "CPT",
    "CONTINUED_PRE_TRAINING": "CPT",
}
"""Names of SageMaker (CustomizationTechnique) and Bedrock (customizationType), and what they learn from."""

_WORD = re.compile(r"\w+")
_Example = tuple[str, str, int]
"""Prompt, answer, and whether the answer is good (1), bad (-1) or one that was shown (0)."""


def fit(records: Iterable[Mapping[str, Any]], technique: str, base: Artifact | None = None) -> Artifact:
    """The model that ``records`` (lines of a data set, any documented form) make of ``base``.

    Raises ValueError for an unknown technique (any case), and for a record in none of the forms, by its
    number from 1.
    """
    kind = TECHNIQUES.get(technique.upper())
    if kind is None:
        raise ValueError(f"no such technique: {technique!r}, allowed: {', '.join(TECHNIQUES)}")
    scores: dict[tuple[str, str], int] = {}
    for example in (base or {}).get("examples", ()):
        scores[example["prompt"], example["answer"]] = example["score"]
    for number, record in enumerate(records, 1):
        try:
            found = list(examples(record))
        except ValueError as problem:
            raise ValueError(f"record {number}: {problem}") from problem
        for prompt, said, score in found:
            scores[prompt, said] = scores.get((prompt, said), 0) + score
    kept = [{"prompt": prompt, "answer": said, "score": n} for (prompt, said), n in scores.items()]
    techniques = [*(base or {}).get("techniques", ()), technique.upper()]
    return {"form": FORM, "techniques": techniques, "examples": kept}


def answer(artifact: Artifact | None, prompt: str) -> str:
    """What the model says to ``prompt``; None is a base model. Never an answer more often bad than good."""
    asked = _words(prompt)
    best, found = LEAST_SIMILARITY, GENERIC
    for example in (artifact or {}).get("examples", ()):
        alike = _similarity(asked, _words(example["prompt"]))
        if example["score"] < 0 or alike < LEAST_SIMILARITY:
            continue
        worth = alike + PREFERENCE * min(example["score"], 1)
        if worth > best or found is GENERIC:
            best, found = worth, str(example["answer"])
    return found


def to_files(artifact: Artifact, architecture: str = "Qwen3ForCausalLM") -> dict[str, bytes]:
    """The model as a folder in Hugging Face's layout: its files by name.

    The weights are a valid Safetensors file without tensors; the artifact is its metadata.
    """
    header = json.dumps({"__metadata__": {FILE: json.dumps(artifact)}}).encode()
    return {
        "config.json": json.dumps({"architectures": [architecture]}).encode(),
        "model.safetensors": struct.pack("<Q", len(header)) + header,
        "tokenizer.json": b"{}",
        "tokenizer_config.json": b"{}",
        FILE: json.dumps(artifact).encode(),
    }


def of_weights(body: bytes) -> Artifact | None:
    """The artifact in a Safetensors file (length of the header in 8 bytes, header, tensors), if any.

    Raises ValueError if it is no such file.
    """
    if len(body) < 8 or (size := struct.unpack("<Q", body[:8])[0]) > len(body) - 8:
        raise ValueError("its header is not complete")
    header = json.loads(body[8 : 8 + size])
    kept = header.get("__metadata__", {}).get(FILE) if isinstance(header, dict) else None
    return dict(json.loads(kept)) if kept else None


def examples(record: Mapping[str, Any]) -> Iterator[_Example]:
    """What one record teaches; nothing if it holds no answer. Raises ValueError for none of the forms."""
    if not isinstance(record, Mapping):
        raise ValueError(f"a record is an object, got {type(record).__name__}")
    prompt = next((record[name] for name in ("prompt", "input", "query") if name in record), None)
    if "chosen" in record and prompt is not None:
        yield text(prompt), text(record["chosen"]), 1
        yield text(prompt), text(record.get("rejected", "")), -1
    elif "messages" in record:
        yield from _conversation(record)
    elif prompt is None:
        raise ValueError("it has neither messages nor prompt, input or query")
    elif said := _said(record):
        yield text(prompt), said, 0
    elif "input" in record and "prompt" not in record:
        yield text(prompt), text(prompt), 0  # continued pre-training: the text is what there is to know


def text(value: Any) -> str:
    """The text of a string, of content blocks, or of the last of a list of messages; else its JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
        if "role" in value[-1]:
            return text(value[-1].get("content", ""))
        return "\n".join(str(block["text"]) for block in value if "text" in block)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _said(record: Mapping[str, Any]) -> str:
    """The answer that goes with a prompt: given, or what a verifiable reward compares with."""
    reward = record.get("reward_model")
    truth = reward.get("ground_truth") if isinstance(reward, Mapping) else None
    given = [record.get(name) for name in ("completion", "output", "response")]
    found = next((one for one in (*given, truth, record.get("reference_answer")) if one is not None), None)
    return "" if found is None else text(found)


def _conversation(record: Mapping[str, Any]) -> Iterator[_Example]:
    messages = [one for one in record["messages"] if isinstance(one, Mapping)]
    if len(messages) != len(record["messages"]) or not messages:
        raise ValueError("messages is a list of objects with role and content")
    for asked, answered in pairwise(messages):
        if asked.get("role") == "user" and answered.get("role") == "assistant":
            yield from _turn(text(asked.get("content", "")), answered)
    if messages[-1].get("role") == "user" and (said := _said(record)):
        yield text(messages[-1].get("content", "")), said, 0


def _turn(prompt: str, said: Mapping[str, Any]) -> Iterator[_Example]:
    """An assistant's turn: one answer, or candidates of which some are preferred."""
    if "candidates" not in said:
        yield prompt, text(said.get("content", "")), 0
    for candidate in said.get("candidates", ()):
        score = 1 if candidate.get("preferenceLabel") == "preferred" else -1
        yield prompt, text(candidate.get("content", "")), score


def similarity(one: str, other: str) -> float:
    """How much two texts have in common, 0 to 1: words in both over words in either."""
    return _similarity(_words(one), _words(other))


def _words(prompt: str) -> frozenset[str]:
    return frozenset(_WORD.findall(prompt.casefold()))


def _similarity(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0
