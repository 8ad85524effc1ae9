"""The kinds of value that settings of model customization are made of."""

import json
import re
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic.functional_validators import AfterValidator

from mlplatform.settings.fields import Text, refuse
from mlplatform.settings.values import Number, Scalar

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
BedrockModelId = Annotated[
    str,
    Text(
        r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,2}(:[a-z0-9-]{1,63}){0,2}",
        "the id of a model of Amazon Bedrock, such as amazon.nova-lite-v1:0",
    ),
]
"""Amazon Bedrock API, BaseModelIdentifier and ModelIdentifier, without ARNs, which hold a region."""


def price(value: float) -> float:
    """Refuse what is no price."""
    if not 0 < value <= 100_000:
        raise refuse("out of range", given=value, allowed="a number above 0, at most 100000")
    return value


Price = Annotated[Number, AfterValidator(price)]
"""US dollars."""

SECRET_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]{1,512}-\w{6}")
"""Of a whole secret, with the six characters that AWS Secrets Manager adds to its name."""


def hyperparameter_text(value: Scalar) -> str:
    """A hyperparameter as the APIs take it: text as it is, ``true``, and numbers as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def prompt_name(prompt: str) -> str:
    """What a reward prompt is called: its file without ``.jinja``."""
    return PurePosixPath(prompt).stem
