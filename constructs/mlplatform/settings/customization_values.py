"""The kinds of value that settings of model customization are made of."""

import json
from pathlib import PurePosixPath
from typing import Annotated, Literal

from mlplatform.settings.fields import Text
from mlplatform.settings.values import Scalar

BUILT_IN_REWARDS = ("exact_match", "json_schema")
"""Reward functions that the platform has itself."""

DataFormat = Literal[
    "prompt_completion",
    "chat",
    "preference",
    "verifiable",
    "converse",
    "converse_preference",
    "reinforcement",
    "bedrock_prompt",
    "bedrock_chat",
    "continued_pretraining",
]
Reward = Annotated[
    str,
    Text(
        r"exact_match|json_schema|[a-z][a-z0-9_]{0,40}\.py",
        "exact_match, json_schema, or a file of the model's folder such as reward.py",
    ),
]
BedrockModelId = Annotated[
    str,
    Text(
        r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,2}(:[a-z0-9-]{1,63}){0,2}",
        "the id of a model of Amazon Bedrock, such as amazon.nova-lite-v1:0",
    ),
]
"""Amazon Bedrock API, BaseModelIdentifier and ModelIdentifier, without ARNs, which hold a region."""


def hyperparameter_text(value: Scalar) -> str:
    """A hyperparameter as the APIs take it: text as it is, ``true``, and numbers as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def reward_name(reward: str) -> str:
    """What a reward function or scorer is called: ``exact_match``, or its file without ``.py``."""
    return PurePosixPath(reward).stem
