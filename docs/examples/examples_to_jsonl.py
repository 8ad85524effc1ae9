"""Turns a CSV file of examples into the JSON lines that a language model is customized with.

The CSV file has a header, one question and its good answer in each row and, if you have one, an answer that
people did not want. Run as `python examples_to_jsonl.py examples.csv my-data`; `--help` names the columns.
It writes

    sft/train.jsonl        questions with answers, to learn from
    sft/validation.jsonl   others, to measure training on
    dpo/train.jsonl        the questions of sft/train.jsonl with both answers, if there is a column rejected
    bedrock/train.jsonl    what sft/train.jsonl has, in the form of Amazon Bedrock's conversations
    evaluation.jsonl       questions that are in no other file, to measure the result on

Which file a question is in depends on its words alone: rows that are added later move no other question, and
what the model has learnt it is never asked. Needs Python's standard library only.
"""

import argparse
import csv
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

TRAIN, VALIDATION = 80, 10
"""Percent of the questions; the others are for the evaluation."""

FILES = (
    "sft/train.jsonl",
    "sft/validation.jsonl",
    "dpo/train.jsonl",
    "bedrock/train.jsonl",
    "evaluation.jsonl",
)
NEEDED = ("sft/train.jsonl", "sft/validation.jsonl", "evaluation.jsonl")
COLUMNS = ("question", "answer", "rejected")


class Example(NamedTuple):
    """A row: `rejected` is empty where nobody wrote down an answer that people did not want."""

    question: str
    answer: str
    rejected: str


class CsvError(ValueError):
    """A row or header that cannot be used; the message says which, and why."""


def read(lines: Iterable[str], columns: Sequence[str] = COLUMNS, delimiter: str = ",") -> Iterator[Example]:
    """Yield the examples of a CSV file. Raises CsvError."""
    rows = csv.DictReader(lines, delimiter=delimiter, strict=True)
    try:
        found = rows.fieldnames or ()
        if missing := [name for name in columns[:2] if name not in found]:
            there = ", ".join(found) or "nothing"
            raise CsvError(f"line 1: no column {', '.join(missing)}; there is: {there}")
        for row in rows:
            if None in row:  # else the end of an answer would be lost
                raise CsvError(f"line {rows.line_num}: more columns than the header has: quote such texts")
            example = Example(*((row.get(name) or "").strip() for name in columns))
            _refuse(example, rows.line_num)
            yield example
    except csv.Error as error:
        raise CsvError(f"line {rows.reader.line_num}: {error}") from error


def _refuse(example: Example, line: int) -> None:
    for name in ("question", "answer"):
        if not getattr(example, name):
            raise CsvError(f"line {line}: {name} is empty")
    if example.rejected == example.answer:
        raise CsvError(f"line {line}: rejected is the same as answer")


def share(question: str) -> str:
    """What a question is for: the same for every spelling that differs in case or spaces alone."""
    words = " ".join(question.casefold().split())
    place = int(hashlib.sha256(words.encode()).hexdigest(), 16) % 100
    if place < TRAIN:
        return "train"
    return "validation" if place < TRAIN + VALIDATION else "evaluation"


def files(examples: Iterable[Example], system: str = "") -> dict[str, list[str]]:
    """The lines of each of FILES, each once; `system` says what the model is for."""
    found: dict[str, dict[str, None]] = {name: {} for name in FILES}
    for example in examples:
        for name, record in _records(example, system):
            found[name][json.dumps(record, ensure_ascii=False)] = None
    return {name: list(lines) for name, lines in found.items()}


def _records(example: Example, system: str) -> Iterator[tuple[str, dict[str, object]]]:
    """The lines of one example, each with the file it belongs to."""
    question, answer, rejected = example
    where = share(question)
    if where == "evaluation":
        told = {"system": system} if system else {}
        yield "evaluation.jsonl", {"query": question, "response": answer, **told}
        return
    prompt, completion = _asked(question, system), _answered(answer, system)
    yield f"sft/{where}.jsonl", {"prompt": prompt, "completion": completion}
    if where == "train":
        yield "bedrock/train.jsonl", _conversation(question, answer, system)
        if rejected:
            yield (
                "dpo/train.jsonl",
                {
                    "prompt": prompt,
                    "chosen": completion,
                    "rejected": _answered(rejected, system),
                },
            )


def _asked(question: str, system: str) -> object:
    """A prompt: a text, or messages if the model is told what it is for, as it is in the evaluation."""
    turns = [{"role": "system", "content": system}, {"role": "user", "content": question}]
    return turns if system else question


def _answered(answer: str, system: str) -> object:
    return [{"role": "assistant", "content": answer}] if system else answer


def _conversation(question: str, answer: str, system: str) -> dict[str, object]:
    turns = (("user", question), ("assistant", answer))
    return {
        "schemaVersion": "bedrock-conversation-2024",
        **({"system": [{"text": system}]} if system else {}),
        "messages": [{"role": role, "content": [{"text": text}]} for role, text in turns],
    }


def write(found: dict[str, list[str]], folder: Path) -> None:
    """Write the files that have lines. Raises CsvError if there is nothing to learn from or to ask."""
    if empty := [name for name in NEEDED if not found[name]]:
        raise CsvError(f"too few different questions, none is left for {', '.join(empty)}: add some")
    for name, lines in found.items():
        path = folder / name
        if lines:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
            print(f"{len(lines):>7} lines in {path}")


def main(argv: Sequence[str] | None = None) -> int:
    """Convert one file. Returns 1 if it cannot be used, after writing nothing."""
    parser = argparse.ArgumentParser(description="Turns a CSV file of examples into JSON lines")
    parser.add_argument("csv", type=Path)
    parser.add_argument("folder", type=Path)
    for name in COLUMNS:
        parser.add_argument(f"--{name}", default=name, help=f"the column's name, {name} unless given")
    parser.add_argument("--delimiter", default=",", help="between columns, such as ';'")
    parser.add_argument("--system", default="", help="what the model is for, told before each question")
    given = parser.parse_args(argv)
    columns = [getattr(given, name) for name in COLUMNS]
    try:
        # A spreadsheet's UTF-8 begins with a mark that is no part of the first column's name.
        with given.csv.open(encoding="utf-8-sig", newline="") as lines:
            found = files(read(lines, columns, given.delimiter), given.system)
        write(found, given.folder)
    except (CsvError, OSError, UnicodeDecodeError) as error:
        print(f"{given.csv}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
