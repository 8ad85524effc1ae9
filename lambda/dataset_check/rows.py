"""Reads the lines of one piece of a data set and notes what is wrong, with line numbers."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from dataset_check.lines import LineTooLongError

MOST_PROBLEMS = 100
"""Problems noted per piece; all are counted."""
_BATCH = 256
"""Rows between two looks at the line number: looking at every row would cost a fifth of the speed."""
_ALIEN = {
    b"\xef\xbb\xbf": "starts with a byte order mark: save it as UTF-8 without one",
    b"\xff\xfe": "is UTF-16: save it as UTF-8",
    b"\xfe\xff": "is UTF-16: save it as UTF-8",
    b"\x1f\x8b": "is compressed with gzip: store it uncompressed",
    b"PK\x03\x04": "is a zip file: store what is in it",
    b"PAR1": "is a Parquet file: set the format to none, or store CSV",
}
"""What an object that is no UTF-8 text often starts with."""


@dataclass(frozen=True)
class Expected:
    """What every row must be like.

    ``columns`` are the names in the header, None without header or in JSON lines; ``width`` is the number of
    fields; ``label`` the position (CSV) or key (JSON lines) that must not be empty; ``keys`` must exist in
    each JSON object. ``divided`` says that the object is read in several pieces.
    """

    format: str
    delimiter: str = ","
    columns: tuple[str, ...] | None = None
    width: int = 0
    label: int | str | None = None
    keys: frozenset[str] = frozenset()
    divided: bool = False


@dataclass
class Findings:
    """What reading showed: numbers of lines, rows and bad rows, and (line, what is wrong) of the first.

    Lines count from 1 at the piece's beginning. ``refused`` is what rules out the whole object, if anything.
    """

    lines: int = 0
    rows: int = 0
    bad: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)
    refused: tuple[int, str] | None = None

    def note(self, line: int, what: str) -> None:
        """Count one bad row."""
        self.bad += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append((line, what))


def check(blocks: Iterable[bytes], expected: Expected, *, beginning: bool) -> Findings:
    """Read ``blocks`` of whole lines; ``beginning`` says that the first one starts the object."""
    findings = Findings()
    texts = _decoded(blocks, findings, beginning)
    try:
        if expected.format == "jsonl":
            _check_json(texts, expected, findings)
        else:
            _check_csv(texts, expected, findings, beginning)
    except LineTooLongError:
        findings.refused = (findings.lines + 1, "a line is longer than 8 MiB")
    findings.problems.sort()
    return findings


def alien(block: bytes) -> str | None:
    """Say what an object is that begins with ``block`` and is no plain text, or None."""
    return next((what for start, what in _ALIEN.items() if block.startswith(start)), None)


def first_row(block: bytes, delimiter: str) -> list[str]:
    """The first row of CSV. Raises UnicodeDecodeError, csv.Error."""
    with io.StringIO(block.decode(), newline="\n") as text:
        return next(csv.reader(text, delimiter=delimiter, strict=True), [])


def _decoded(blocks: Iterable[bytes], findings: Findings, beginning: bool) -> Iterator[io.StringIO]:
    """Yield text to iterate over by lines. A line that is no UTF-8 is noted and left empty."""
    for block in blocks:
        if beginning and not findings.lines and (what := alien(block)):
            findings.refused = (1, what)
            return
        try:
            text = block.decode()
        except UnicodeDecodeError:
            lines = block.split(b"\n")
            text = "\n".join(_line(line, findings, number) for number, line in enumerate(lines, 1))
        findings.lines += block.count(b"\n") + (not block.endswith(b"\n"))
        # The lines end at \n alone, as counted: \r is left for the parser to judge.
        yield io.StringIO(text, newline="\n")


def _line(line: bytes, findings: Findings, number: int) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        findings.rows += 1
        findings.note(findings.lines + number, f"not UTF-8 (byte {error.start + 1} of the line)")
        return ""


def _check_csv(
    texts: Iterator[io.StringIO], expected: Expected, findings: Findings, beginning: bool
) -> None:
    reader = csv.reader(chain.from_iterable(texts), delimiter=expected.delimiter, strict=True)
    if beginning and expected.columns is not None:
        header = next(reader, [])
        if tuple(header) != expected.columns:
            findings.refused = findings.refused or (1, "other columns than in the channel's first object")
            return
    while True:
        before, line = findings.rows, reader.line_num
        try:
            if not _batch(reader, expected, findings):
                break
        except csv.Error as error:
            first = min(line + findings.rows - before, reader.line_num)
            ends = f" (the row ends in line {reader.line_num})" if first < reader.line_num else ""
            findings.note(first, f"{error}{ends}")
        if expected.divided and not findings.refused and reader.line_num - line > findings.rows - before:
            pass


def _batch(reader: Any, expected: Expected, findings: Findings) -> int:
    return 0


def _check_json(texts: Iterator[io.StringIO], expected: Expected, findings: Findings) -> None:
    decode = json.JSONDecoder(parse_constant=_refuse).decode
    for number, line in enumerate(chain.from_iterable(texts), 1):
        if line.isspace():
            continue
        findings.rows += 1
