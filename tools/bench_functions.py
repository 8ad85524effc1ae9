"""What the Lambda functions cost: how much a handler adds to boto3, how fast and how flat data are checked.

``PROCESSES`` are what ``make bench`` measures; each runs as ``python -m tools.bench_functions <arguments>``.
"""

import csv
import importlib
import io
import json
import resource
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path[:0] = [str(Path(__file__).parents[1] / "lambda")]

_MB = 1_000_000
_MIB = 1024 * 1024
MOST_GROWTH = 64
"""MiB that a check may take above what the process takes before, whatever the size of the data."""
CLIENTS = {
    "run_admission": (),
    "dataset_check": ("s3",),
    "quality_gate": ("s3", "sagemaker"),
    "model_registration": ("s3", "sagemaker"),
}
"""Clients that each function makes. Without any, the handler is measured against boto3's import alone."""
_SPEED_MB, _LARGE_MB = 128, 1000


class Process(NamedTuple):
    """A process to measure: ``limit`` is the highest ratio of its CPU seconds to those of ``floor``."""

    title: str
    arguments: tuple[str, ...]
    floor: str | None = None
    limit: float | None = None


def _imports() -> Iterator[Process]:
    for package in CLIENTS:
        floor = f"boto3 and clients of {package}"
        yield Process(floor, ("clients", package))
        yield Process(f"handler and clients of {package}", ("handler", package), floor, 1.25)


PROCESSES = (
    *_imports(),
    Process(f"csv.reader, {_SPEED_MB} MB", ("parse", str(_SPEED_MB))),
    Process(
        f"dataset check, {_SPEED_MB} MB",
        ("check", str(_SPEED_MB)),
        floor=f"csv.reader, {_SPEED_MB} MB",
        limit=1 / 0.7,
    ),
    Process(f"json.loads per line, {_SPEED_MB} MB", ("load", str(_SPEED_MB))),
    Process(
        f"record check, {_SPEED_MB} MB",
        ("records", str(_SPEED_MB)),
        floor=f"json.loads per line, {_SPEED_MB} MB",
        limit=1 / 0.7,
    ),
    Process("record check, 1 MB", ("records", "1")),
    Process(f"record check, {_LARGE_MB} MB", ("records", str(_LARGE_MB))),
    Process("dataset check, 1 MB", ("check", "1")),
    Process(f"dataset check, {_LARGE_MB} MB", ("check", str(_LARGE_MB))),
)


class Rows(io.RawIOBase):
    """CSV that is made while it is read: ``size`` bytes from ``start`` on, eight columns, whole lines."""

    HEADER = b"income,debt,purpose,age_group,months,ratio,note,approved\n"
    BODY = b"".join(
        f"{1000 + 7 * n},{n % 900}.{n % 10},purpose {n % 12},{'under_30' if n % 3 else 'over_30'},"
        f"{n % 60},0.{n:04},of customer {n},{n % 2}\n".encode()
        for n in range(4000)
    )

    def __init__(self, size: int, start: int = 0) -> None:
        self._at, self._size = start, size

    @classmethod
    def size_of(cls, megabytes: int) -> int:
        """The nearest size with whole lines, in bytes."""
        return len(cls.HEADER) + max(1, round(megabytes * _MB / len(cls.BODY))) * len(cls.BODY)

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` as far as one repetition of the rows reaches."""
        if self._at < len(self.HEADER):
            found = memoryview(self.HEADER)[self._at :]
        else:
            found = memoryview(self.BODY)[(self._at - len(self.HEADER)) % len(self.BODY) :]
        count = min(len(found), len(buffer), self._size - self._at)
        buffer[:count] = found[:count]
        self._at += count
        return count


STAMP = b"@" * 8
"""In each repetition of the rows another number."""
STEPS = (
    "Check that the tyre is not damaged, and that no glass or wire sits in the tread.",
    "Pump the tube until it is just round, then lay it into the tyre without twisting it.",
    "Press the bead over the rim by hand; a lever of metal may pinch the tube.",
    "Inflate to the pressure that the side of the tyre says, mostly 3.5 to 4.5 bar.",
)


def _pair(number: int) -> bytes:
    """One line of a question and its answer in several paragraphs, about 1.2 kB."""
    steps = "\n\n".join(f"{at}. {STEPS[(number + at) % 4]}" for at in range(1, 10 + number % 7))
    prompt = f"Order {number:04}-{STAMP.decode()}: how do I change the tube of my city bike?"
    return json.dumps({"prompt": prompt, "completion": steps}).encode() + b"\n"


class Records(Rows):
    """JSON lines that are made while they are read: prompts and completions, all of them different."""

    HEADER = b""
    BODY = b"".join(map(_pair, range(1000)))

    def __init__(self, size: int, start: int = 0) -> None:
        super().__init__(size, start)
        self._repetition, self._rows = -1, b""

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` as far as one repetition of the rows reaches; each has its own stamp."""
        repetition, at = divmod(self._at, len(self.BODY))
        if repetition != self._repetition:
            self._repetition = repetition
            self._rows = self.BODY.replace(STAMP, b"%08d" % repetition)
        count = min(len(self._rows) - at, len(buffer), self._size - self._at)
        buffer[:count] = memoryview(self._rows)[at : at + count]
        self._at += count
        return count


class Store:
    """As much of an S3 client as the check uses: one data object made while it is read, JSON that is kept."""

    def __init__(self, size: int, rows: type[Rows] = Rows) -> None:
        self.size, self.rows, self.kept = size, rows, dict[str, bytes]()

    def get_paginator(self, _: str) -> "Store":
        """The list of objects is its own paginator."""
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        """List the one data object."""
        yield {"Contents": [{"Key": "train/data.csv", "Size": self.size, "ETag": '"1"'}]}

    def put_object(self, **members: Any) -> None:
        """Keep a small object."""
        self.kept[members["Key"]] = members["Body"]

    def get_object(self, **members: str) -> dict[str, Any]:
        """Give a kept object, or the data from the range's first byte on."""
        from botocore.response import StreamingBody

        start, _, last = members.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        if members["Key"] in self.kept:
            end = int(last) + 1 if last else None
            return {"Body": io.BytesIO(self.kept[members["Key"]][int(start) : end])}
        stream = io.BufferedReader(self.rows(self.size, int(start)), _MIB)
        return {"Body": StreamingBody(stream, self.size - int(start))}


def make_clients(package: str) -> None:
    """Import boto3 and make the clients of a function, as its handler must anyway."""
    import boto3

    session: Any = boto3.session.Session(region_name="eu-west-1")
    for name in CLIENTS[package]:
        session.client(name)


def make_handler(package: str) -> None:
    """Import a function's handler, and the clients it needs."""
    importlib.import_module(f"{package}.handler")
    make_clients(package)


def parse(megabytes: int) -> None:
    """Read the rows with nothing but ``csv.reader``."""
    stream = io.BufferedReader(Rows(Rows.size_of(megabytes)), _MIB)
    for _ in csv.reader(io.TextIOWrapper(stream, encoding="utf-8", newline="")):
        pass


def load(megabytes: int) -> None:
    """Read the records with nothing but ``json.loads``; what the check imports is imported here as well."""
    importlib.import_module("dataset_check.handler")
    stream = io.BufferedReader(Records(Records.size_of(megabytes)), _MIB)
    for line in io.TextIOWrapper(stream, encoding="utf-8", newline="\n"):
        json.loads(line)


_CSV = {"Format": "csv", "Header": True, "Delimiter": ",", "Label": "approved", "Protected": "age_group"}
_PAIRS = {"Format": "prompt_completion", "SequenceLength": "4K", "Duplicates": "refuse"}


def check(megabytes: int, rows: type[Rows] = Rows, form: Mapping[str, Any] = _CSV) -> float:
    """Plan, check and report as a workflow does. Returns MiB of memory taken at most above the beginning."""
    from dataset_check.handler import handle

    store = Store(rows.size_of(megabytes), rows)
    before = _peak()
    event = {"Action": "plan", "Locations": {"train": "s3://data/train/"}, "Format": form}
    plan = handle({**event, "Folder": "s3://runs/check"}, s3=store)
    for part in plan["Parts"]:
        handle({"Action": "check", "Plan": plan["Plan"], "Part": part}, s3=store)
    report = handle({"Action": "report", "Plan": plan["Plan"]}, s3=store)
    count = (store.size - len(rows.HEADER)) // len(rows.BODY) * rows.BODY.count(b"\n")
    if report["Rows"] != count or report["BadRows"]:
        raise SystemExit(f"counted {json.dumps(report)}, there are {count} good rows")
    return _peak() - before


def _peak() -> float:
    """Largest memory of this process so far, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MIB


def main(arguments: Sequence[str]) -> int:
    """Run one of the processes; 1 if a check takes more memory than it may."""
    kind, subject = arguments
    if kind in ("check", "records"):
        growth = check(int(subject)) if kind == "check" else check(int(subject), Records, _PAIRS)
        print(f"{growth:.1f} MiB above the beginning, allowed: {MOST_GROWTH}")
        return 1 if growth > MOST_GROWTH else 0
    if kind in ("parse", "load"):
        {"parse": parse, "load": load}[kind](int(subject))
    else:
        {"clients": make_clients, "handler": make_handler}[kind](subject)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
