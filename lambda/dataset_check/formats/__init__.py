"""The formats of data sets for customizing foundation models: JSON lines, a record in each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dataset_check.formats import conversations, converse, pairs, plain, plain_converse, plain_fields
from dataset_check.problem import Judged

GIB = 1024**3


def _one_form(_: Mapping[str, Any]) -> tuple[str, ...]:
    return ()


def _pair_form(record: Mapping[str, Any]) -> tuple[str, ...]:
    asked, answered = ("input", "output") if "input" in record else ("prompt", "completion")
    return (_as_messages(f"{asked} and {answered}", record[asked]),)


def _preference_form(record: Mapping[str, Any]) -> tuple[str, ...]:
    asked = "input" if "input" in record else "prompt"
    return (_as_messages(f"{asked}, chosen and rejected", record[asked]),)


def _prompt_form(record: Mapping[str, Any]) -> tuple[str, ...]:
    return (_as_messages("prompt", record["prompt"]),)


def _as_messages(form: str, value: Any) -> str:
    return f"{form} as messages" if isinstance(value, list) else form


def _media_form(record: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(f"{name}s" for name in sorted(set(converse.media(record))))


@dataclass(frozen=True)
class Form:
    """A format. ``judge`` says what is wrong with a record, ``recognize`` knows the usual sound one.

    ``forms`` are the forms a sound record takes, of which a data set has one. ``most_bytes`` is the limit of
    an object's size; ``fewest`` and ``most`` are those of the number of records as AWS documents it:
    ``fewest`` in the training data, ``most`` in all channels together.
    """

    judge: Callable[[Mapping[str, Any]], Judged]
    recognize: plain.Plain
    forms: Callable[[Mapping[str, Any]], tuple[str, ...]] = _one_form
    most_bytes: int = GIB
    fewest: int = 1
    most: int | None = None


FORMATS: Mapping[str, Form] = {
    "prompt_completion": Form(pairs.judge_prompt_completion, plain_fields.PROMPT_COMPLETION, _pair_form),
    "chat": Form(conversations.judge_chat, plain_fields.CHAT),
    "preference": Form(pairs.judge_preference, plain.preference, _preference_form),
    "verifiable": Form(conversations.judge_verifiable, plain_fields.VERIFIABLE, _prompt_form),
    "converse": Form(converse.judge_converse, plain_converse.converse, _media_form, fewest=8, most=20_000),
    "converse_preference": Form(
        converse.judge_converse_preference,
        plain_converse.converse_preference,
        _media_form,
        fewest=8,
        most=20_000,
    ),
    "reinforcement": Form(
        conversations.judge_reinforcement, plain_fields.REINFORCEMENT, fewest=100, most=20_000
    ),
    "bedrock_prompt": Form(pairs.judge_bedrock_prompt, plain.two_texts(("prompt", "completion"))),
    "bedrock_chat": Form(conversations.judge_bedrock_chat, plain.bedrock_chat),
    "continued_pretraining": Form(
        pairs.judge_continued_pretraining, plain.one_text("input"), most_bytes=10 * GIB
    ),
    "evaluation": Form(pairs.judge_evaluation, plain_fields.EVALUATION),
}
"""The formats by the names that settings use.

Sizes: an object of SageMaker's AI Registry has at most 1 GiB, as has Bedrock's training data for fine-tuning;
for continued pre-training it is 10 GB (Bedrock user guide, "Model requirements for training and validation
datasets"). Records: Amazon Nova user guide, "Dataset constraints" (8 to 20,000 samples); Bedrock user guide,
"Prepare data for open-weight models" (100 to 20,000 prompts for reinforcement fine-tuning). Other quotas
differ by model and account, so they are settings (``MinimumRows``, ``MaximumRows``).
"""
