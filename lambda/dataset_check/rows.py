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


_OPEN_QUOTE = "unexpected end of data"
"""What csv says of a quote that is still open when the data end (Modules/_csv.c)."""
_LINE_BREAK = (
    "a quoted field holds a line break: an object this large is read in pieces, which end at line breaks; "
    "write smaller objects"
)


@dataclass(frozen=True)
class Expected:
    """What every row must be like.

    ``columns`` are the names in the header, None without header or in JSON lines; ``width`` is the number of
    fields in CSV. ``label``, at ``position`` in CSV, must not be empty; ``keys`` must exist in each JSON
    object. ``divided`` says that the object is read in several pieces.
    """

    format: str
    delimiter: str = ","
    columns: tuple[str, ...] | None = None
    width: int = 0
    position: int | None = None
    label: str | None = None
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
    texts = _counted(decoded(blocks, findings, beginning), findings)
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
    lines = (line.decode() for line in io.BytesIO(block))
    return next(csv.reader(lines, delimiter=delimiter, strict=True), [])


def not_text(error: UnicodeDecodeError) -> str:
    """Say where a line is no UTF-8."""
    return f"not UTF-8 (byte {error.start + 1} of the line)"


def _counted(texts: Iterable[tuple[bytes, str]], findings: Findings) -> Iterator[io.StringIO]:
    """Yield text to iterate over by lines, having counted them."""
    for block, text in texts:
        findings.lines += block.count(b"\n") + (not block.endswith(b"\n"))
        # The lines end at \n alone, as counted: \r is left for the parser to judge.
        yield io.StringIO(text, newline="\n")


def decoded(blocks: Iterable[bytes], findings: Findings, beginning: bool) -> Iterator[tuple[bytes, str]]:
    """Yield blocks of whole lines and their text. A line that is no UTF-8 is noted and left empty.

    Whoever takes a block counts its lines in ``findings`` before taking the next one.
    """
    for block in blocks:
        if beginning and not findings.lines and (what := alien(block)):
            findings.refused = (1, what)
            return
        try:
            text = block.decode()
        except UnicodeDecodeError:
            lines = block.split(b"\n")
            text = "\n".join(_line(line, findings, number) for number, line in enumerate(lines, 1))
        yield block, text


def _line(line: bytes, findings: Findings, number: int) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        findings.rows += 1
        findings.note(findings.lines + number, not_text(error))
        return ""


def _check_csv(texts: Iterator[io.StringIO], expected: Expected, findings: Findings, beginning: bool) -> None:
    reader = csv.reader(chain.from_iterable(texts), delimiter=expected.delimiter, strict=True)
    if beginning and expected.columns is not None and not _header_fits(reader, expected, findings):
        return
    width, label, rows = expected.width, expected.position, _BATCH
    while rows:
        before, rows = reader.line_num, 0
        first = before
        try:
            for row in islice(reader, _BATCH):
                rows += 1
                if len(row) != width or (label is not None and not row[label]):
                    _judge(row, reader.line_num, expected, findings)
        except csv.Error as error:
            rows += 1
            first = min(before + rows, reader.line_num)
            _note_malformed(error, first, reader.line_num, expected, findings)
        findings.rows += rows
        if expected.divided and reader.line_num - before > rows:
            _refuse_line_break(before + 1, reader.line_num, findings)


def _header_fits(reader: Iterator[list[str]], expected: Expected, findings: Findings) -> bool:
    try:
        fits = tuple(next(reader, [])) == expected.columns
    except csv.Error:
        fits = False
    if not fits and not findings.refused:
        findings.refused = (1, "the columns differ from those of the channel's first object")
    return fits


def _judge(row: list[str], line: int, expected: Expected, findings: Findings) -> None:
    """Note what is wrong with a row that ends in ``line``. An empty line is no row, as in other parsers."""
    if not row:
        findings.rows -= 1
        return
    line -= sum(field.count("\n") for field in row)
    if len(row) != expected.width:
        findings.note(line, f"{len(row)} fields, expected {expected.width}")
    else:
        findings.note(line, f"label {expected.label!r} is empty")


def _note_malformed(error: csv.Error, first: int, last: int, expected: Expected, findings: Findings) -> None:
    findings.note(first, f"{error}{f' (the row ends in line {last})' if first < last else ''}")
    if expected.divided and str(error) == _OPEN_QUOTE:
        _refuse_line_break(first, last, findings)


def _refuse_line_break(first: int, last: int, findings: Findings) -> None:
    where = f" (between lines {first} and {last})" if first < last else ""
    findings.refused = findings.refused or (first, _LINE_BREAK + where)


def _check_json(texts: Iterator[io.StringIO], expected: Expected, findings: Findings) -> None:
    decode = json.JSONDecoder(parse_constant=_refuse_constant).decode
    for number, line in enumerate(chain.from_iterable(texts), 1):
        if line.isspace() or not line:
            continue
        findings.rows += 1
        try:
            what = _judge_object(decode(line), expected)
        except json.JSONDecodeError as error:
            what = f"not JSON: {error.msg} at character {error.colno}"
        except (ValueError, RecursionError) as error:
            what = f"not JSON: {error}"
        if what:
            findings.note(number, what)


def _judge_object(value: Any, expected: Expected) -> str | None:
    if not isinstance(value, dict):
        return "not a JSON object"
    if not expected.keys <= value.keys():
        return f"lacks {', '.join(sorted(map(repr, expected.keys - value.keys())))}"
    if expected.label is not None and value[expected.label] in (None, ""):
        return f"label {expected.label!r} is empty"
    return None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")
