"""How fast and how flat the check of records is, format by format, against a loop that only parses.

Run as ``python -m tools.bench_records``, or with a format and megabytes for one measurement as JSON. The loop
is what one would write without a check: read the bytes, cut them into lines, ``json.loads`` each. Both read
the same records in the same process, in turn; the check plans, reads, finds equal records and reports.
"""

import io
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import bench_functions, tables

ROOT = Path(__file__).parents[1]
FEWEST_SHARE = 0.7
"""Of the loop's throughput, that the check should have."""
MEGABYTES, ROUNDS = 16, 3
_LINES = 500
_WORDS = " ".join(bench_functions.STEPS).lower().split()


class Writer:
    """Writes records as teams have them, the same ones every time."""

    def __init__(self) -> None:
        self._random = random.Random(7)

    def text(self, about: int) -> str:
        """Sentences of ``about`` characters, half as many to half as many again."""
        length, found = self._random.randint(about // 2, about * 3 // 2), ""
        while len(found) < length:
            words = " ".join(self._random.choices(_WORDS, k=self._random.randint(5, 14)))
            found += words.rstrip(".,;").capitalize() + self._random.choice((". ", ". ", "? ", ".\n\n"))
        return found.strip()

    def turns(self, block: Callable[[str], Any], *, last: str = "assistant") -> list[dict[str, Any]]:
        """A conversation of one to four questions, whose content ``block`` makes of a text."""
        count = 2 * self._random.randint(1, 4) - (last == "user")
        said = ((("user", 90), ("assistant", 350))[number % 2] for number in range(count))
        return [{"role": role, "content": block(self.text(about))} for role, about in said]


def _same(text: str) -> str:
    return text


def _block(text: str) -> list[dict[str, str]]:
    return [{"text": text}]


def _system(writer: Writer) -> dict[str, str]:
    return {"role": "system", "content": writer.text(150)}


_CONVERSE = {"schemaVersion": "bedrock-conversation-2024"}
_STYLE = {"style": "rule", "ground_truth": "72"}


def _candidate(writer: Writer, label: str) -> dict[str, Any]:
    return {"content": _block(writer.text(350)), "preferenceLabel": label}


def _candidates(writer: Writer) -> dict[str, Any]:
    return {
        "role": "assistant",
        "candidates": [_candidate(writer, "preferred"), _candidate(writer, "non-preferred")],
    }


def _pair(writer: Writer) -> dict[str, str]:
    return {"prompt": writer.text(90), "completion": writer.text(700)}


SAMPLES: dict[str, Callable[[Writer], dict[str, Any]]] = {
    "prompt_completion": _pair,
    "chat": lambda one: {"messages": [_system(one), *one.turns(_same)]},
    "preference": lambda one: {
        "prompt": one.text(120),
        "chosen": one.text(450),
        "rejected": one.text(400),
    },
    "verifiable": lambda one: {
        "data_source": "openai/gsm8k",
        "prompt": [_system(one), {"role": "user", "content": one.text(260)}],
        "ability": "math",
        "reward_model": _STYLE,
        "extra_info": {"split": "train", "index": 7, "answer": one.text(250)},
    },
    "converse": lambda one: {**_CONVERSE, "system": _block(one.text(150)), "messages": one.turns(_block)},
    "converse_preference": lambda one: {
        **_CONVERSE,
        "system": _block(one.text(150)),
        "messages": [*one.turns(_block, last="user"), _candidates(one)],
    },
    "reinforcement": lambda one: {
        "id": "sample",
        "messages": [_system(one), {"role": "user", "content": one.text(260)}],
        "reference_answer": {"value": "72", "explanation": one.text(200)},
    },
    "bedrock_prompt": _pair,
    "bedrock_chat": lambda one: {"system": one.text(150), "messages": one.turns(_same)},
    "continued_pretraining": lambda one: {"input": one.text(2000)},
    "evaluation": lambda one: {
        "query": one.text(120),
        "response": one.text(350),
        "system": one.text(150),
    },
}
"""A record of each format, by the fields that its documentation shows."""


_FIRST = ("content", "text", "input", "prompt", "query")
"""Fields of which a record has one: its text gets a number."""


def rows(format: str) -> type[bench_functions.Rows]:
    """JSON lines of ``format``, all of them different, that are made while they are read."""
    writer, stamp = Writer(), bench_functions.STAMP.decode()
    lines = []
    for number in range(_LINES):
        line = json.dumps(SAMPLES[format](writer))
        text = next(f'"{name}": "' for name in _FIRST if f'"{name}": "' in line)
        lines.append(line.replace(text, f"{text}{number} of {stamp} ", 1))
    body = "".join(f"{line}\n" for line in lines).encode()
    return type("FormatRecords", (bench_functions.Records,), {"BODY": body})


@dataclass(frozen=True)
class Speed:
    """MB per second and core of the loop and of the check, and MiB that the check takes."""

    format: str
    loop: float
    check: float
    growth: float

    @property
    def share(self) -> float:
        """The check's throughput, of the loop's."""
        return self.check / self.loop

    @property
    def over(self) -> tuple[str, ...]:
        """One line for each limit that is not kept."""
        slow = f"{self.format}: {self.share:.2f} of the loop's throughput, wanted: {FEWEST_SHARE}"
        most = bench_functions.MOST_GROWTH
        large = f"{self.format}: {self.growth:.0f} MiB for the check, wanted: at most {most}"
        return tuple(
            line for line, over in ((slow, self.share < FEWEST_SHARE), (large, self.growth > most)) if over
        )


def loop(kind: type[bench_functions.Rows], megabytes: int) -> None:
    """Parse every line and do nothing with it."""
    for line in io.BufferedReader(kind(kind.size_of(megabytes)), 2**20):
        json.loads(line)


def measure(format: str, megabytes: int) -> Speed:
    """The best of ``ROUNDS`` rounds, after one with little data that loads what is needed."""
    kind, form = rows(format), {"Format": format, "SequenceLength": "8K", "MinimumRows": 1}
    form["Duplicates"] = "refuse"
    bench_functions.check(1, kind, form)
    loops, checks, growth = [], [], 0.0
    for _ in range(ROUNDS):
        started = time.process_time()
        loop(kind, megabytes)
        between = time.process_time()
        growth = max(growth, bench_functions.check(megabytes, kind, form))
        loops.append(between - started)
        checks.append(time.process_time() - between)
    size = kind.size_of(megabytes) / 1e6
    return Speed(format, size / min(loops), size / min(checks), growth)


def figures() -> list[Speed]:
    """Measure every format in a process of its own. Raises CalledProcessError."""
    return [_apart(format) for format in SAMPLES]


def _apart(format: str) -> Speed:
    command = [sys.executable, "-m", "tools.bench_records", format, str(MEGABYTES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return Speed(**json.loads(done.stdout))


def report(measured: Sequence[Speed]) -> str:
    """The table, and below it every limit that is not kept."""
    body = [
        [one.format, f"{one.loop:.0f}", f"{one.check:.0f}", f"{one.share:.2f}", f"{one.growth:.0f}"]
        for one in measured
    ]
    header = ["records", "loop MB/s", "check MB/s", "share", "more MiB"]
    lines = [tables.render(header, body, right=range(1, 5))]
    return "\n".join([*lines, *(line for one in measured for line in one.over)])


def main(arguments: Sequence[str]) -> int:
    """Measure one format as JSON, or print the table of all."""
    if arguments:
        format, megabytes = arguments
        print(json.dumps(vars(measure(format, int(megabytes)))))
    else:
        print(report(figures()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
