"""Writes data/: questions to the support of an invented bank, with answers. Nobody's data; always the same.

    python models/support-assistant/generate_data.py

``topics.yaml`` holds the knowledge. Of each topic the first three questions train the model, one validates
it and two evaluate it, so that no question is in two of the files. ``data/`` mirrors the locations of
model.yaml: ``data://support-assistant/<path>`` is ``data/<path>``. Every file tells the model the same system
prompt; whoever asks the served model tells it, too.

    sft/train.jsonl, sft/validation.jsonl   prompt and completion, as messages
    dpo/train.jsonl                         prompt, chosen and rejected answer
    rlvr/train.jsonl                        fees to work out, each with the one right number
    evaluation.jsonl                        question and the answer it should get
    bedrock/train.jsonl                     as sft/train.jsonl, in the form of Bedrock's Converse API
"""

import json
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
SYSTEM = (
    "You draft answers for the support of a bank's card. Say what to do, name amounts and times, promise "
    "nothing that is not certain, and never ask for a PIN."
)
TRAINING, EVALUATION, VALIDATION = slice(0, 3), slice(3, 5), slice(5, 6)
"""Which questions of a topic go where."""

FREE_WITHDRAWALS, FURTHER_EUROS = 3, 2.00
ABROAD_SHARE, ABROAD_LEAST_EUROS = 0.02, 3.00
MONTHLY_EUROS, ADDITIONAL_EUROS, FREE_FROM_EUROS = 4.00, 2.00, 700
"""The bank's fees, as topics.yaml words them."""

Line = dict[str, Any]


def answered(topics: list[Line], which: slice) -> Iterator[tuple[str, str]]:
    """Questions with an answer, whose two wordings take turns."""
    for topic in topics:
        for number, question in enumerate(topic["questions"][which]):
            yield question, topic["answers"][number % 2]


def asked(question: str) -> list[Line]:
    """The messages before an answer: the model is told in training what it is told when it is asked."""
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]


def said(answer: str) -> list[Line]:
    """An answer as a message."""
    return [{"role": "assistant", "content": answer}]


def supervised(pairs: Iterable[tuple[str, str]]) -> Iterator[Line]:
    """Questions to answer like this."""
    for question, answer in pairs:
        yield {"prompt": asked(question), "completion": said(answer)}


def preferences(topics: list[Line]) -> Iterator[Line]:
    """Questions with the answer that agents kept, and one that they had to correct."""
    for topic in topics:
        for question in topic["questions"][:2]:
            chosen, rejected = said(topic["answers"][0]), said(topic["rejected"])
            yield {"prompt": asked(question), "chosen": chosen, "rejected": rejected}


def evaluation(topics: list[Line]) -> Iterator[Line]:
    """Questions that no training file has, with the answer they should get."""
    for topic in topics:
        for question in topic["questions"][EVALUATION]:
            yield {"query": question, "response": topic["answers"][0], "system": SYSTEM}


def converse(pairs: Iterable[tuple[str, str]]) -> Iterator[Line]:
    """Questions to answer like this, in the form of Bedrock's Converse API."""
    for question, answer in pairs:
        turns = (("user", question), ("assistant", answer))
        messages = [{"role": role, "content": [{"text": text}]} for role, text in turns]
        system = [{"text": SYSTEM}]
        yield {"schemaVersion": "bedrock-conversation-2024", "system": system, "messages": messages}


def verifiable() -> Iterator[Line]:
    """Fees to work out; the reward compares the last number of the answer."""
    yield from (_fee("cash-euro-area", *asked) for asked in _euro_area())
    yield from (_fee("cash-abroad", *asked) for asked in _abroad())
    yield from (_fee("monthly", *asked) for asked in _monthly())


def _euro_area() -> Iterator[tuple[str, float]]:
    for count in range(1, 13):
        times = "once" if count == 1 else f"{count} times"
        text = f"A customer withdraws cash {times} in one month in the euro area. What does it cost in euros?"
        yield text, max(0, count - FREE_WITHDRAWALS) * FURTHER_EUROS


def _abroad() -> Iterator[tuple[str, float]]:
    for amount in (40, 90, 120, 150, 180, 240, 300, 420, 500, 640, 800, 950):
        text = (
            f"A customer withdraws cash worth {amount} euros outside the euro area. What is our fee in euros?"
        )
        yield text, max(ABROAD_LEAST_EUROS, amount * ABROAD_SHARE)


def _monthly() -> Iterator[tuple[str, float]]:
    for income, cards in product((0, 650, 700, 1800), (0, 1, 2)):
        more = {0: "no additional card", 1: "one additional card", 2: "two additional cards"}[cards]
        text = (
            f"In one month {income} euros arrive on an account with {more}. What do the cards cost in euros?"
        )
        yield text, (0 if income >= FREE_FROM_EUROS else MONTHLY_EUROS) + cards * ADDITIONAL_EUROS


def _fee(rule: str, text: str, euros: float) -> Line:
    truth = {"style": "rule", "ground_truth": f"{euros:.2f}"}
    prompt = asked(f"{text} End with the number.")
    return {"prompt": prompt, "data_source": "card-fees", "ability": rule, "reward_model": truth}


def write(name: str, lines: Iterable[Line]) -> None:
    """Write one JSON value per line to ``data/<name>``."""
    file = FOLDER / "data" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    file.write_text(text, encoding="utf-8")


def main() -> None:
    """Write every file."""
    topics: list[Line] = yaml.safe_load((FOLDER / "topics.yaml").read_text(encoding="utf-8"))
    write("sft/train.jsonl", supervised(answered(topics, TRAINING)))
    write("sft/validation.jsonl", supervised(answered(topics, VALIDATION)))
    write("dpo/train.jsonl", preferences(topics))
    write("rlvr/train.jsonl", verifiable())
    write("evaluation.jsonl", evaluation(topics))
    write("bedrock/train.jsonl", converse(answered(topics, TRAINING)))


if __name__ == "__main__":
    main()
