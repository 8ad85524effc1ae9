"""Reads the records of one piece of a data set for customizing a model, and notes what is wrong with them."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from dataset_check.digests import ENTRY
from dataset_check.formats import Form, plain
from dataset_check.length import BYTES_PER_TOKEN, judge_length
from dataset_check.lines import LineTooLongError
from dataset_check.problem import Judged, Problem
from dataset_check.rows import Findings, decoded
from dataset_check.strict_json import NESTED, SCAN, NotJsonError, RefusedError, read

MOST_LISTED = 1000
"""Bad records that are noted per part and listed in the report; all are counted."""
_MUCH = 2**62
_UNUSUAL = (ValueError, TypeError, LookupError, AttributeError, RecursionError, StopIteration)
"""What tells that a line is no plain record: it is wrong in some way, or merely unusual."""


@dataclass
class RecordFindings(Findings):
    """What reading showed. Of bad records the first ``most`` are noted.

    ``fields`` are the paths of the problems, by line; ``forms`` give the first line of each form.
    """

    most: int = MOST_LISTED
    fields: dict[int, str] = field(default_factory=dict)
    forms: dict[str, int] = field(default_factory=dict)

    def note(self, line: int, what: str) -> None:
        """Count one bad record."""
        self.bad += 1
        self.problems.append((line, what))
        if len(self.problems) >= 2 * self.most + 2:
            self.trim()

    def trim(self) -> None:
        """Keep the first problems alone. They are not noted in order: a block's wrong bytes come first."""
        self.problems.sort()
        del self.problems[self.most :]
        kept = {line for line, _ in self.problems}
        self.fields = {line: path for line, path in self.fields.items() if line in kept}


@dataclass(frozen=True)
class Reader:
    """Judges records of one format. ``limit`` is the number of tokens that a record may have, if any.

    ``add`` takes the entry of every sound record, for finding equal ones; ``piece`` is the number in there.
    """

    form: Form
    limit: int | None
    piece: int
    add: Callable[[bytes], None]

    def read(self, text: str, findings: RecordFindings) -> None:
        """Judge the lines of ``text``, each of which ends, and count them.

        A record is parsed where it stands in ``text``: faster than to cut the line out first. The record must
        end where its line does: between two tokens a parser would go on to the next line.
        """
        parse, recognize, add, pack = SCAN, self.form.recognize, self.add, ENTRY.pack
        apart, piece, forms, most = plain.APART, self.piece, findings.forms, self._most_bytes()
        start, length, number = 0, len(text), findings.lines
        while start < length:
            number += 1
            stop = text.index("\n", start)
            try:
                record, end = parse(text, start)
                texts = recognize(record)
                data = apart.join(texts).encode()
                if len(data) > most or (end != stop and text[end:stop] != "\r"):
                    raise plain.NotPlainError
            except _UNUSUAL:
                self._judge(text[start:stop], number, findings)
            else:
                if texts[0] not in forms:
                    forms[texts[0]] = number
                add(pack(sha256(data).digest(), piece, number))
            start = stop + 1
        findings.rows += number - findings.lines
        findings.lines = number

    def _most_bytes(self) -> int:
        return _MUCH if self.limit is None else self.limit * BYTES_PER_TOKEN

    def _judge(self, line: str, number: int, findings: RecordFindings) -> None:
        if not line or line.isspace():
            findings.rows -= 1
            return
        try:
            problem = self._problem(read(line), line, number, findings)
        except NotJsonError as error:
            problem = Problem("", str(error))
        except RefusedError as error:
            problem = error.problem
        except RecursionError:
            problem = Problem("", NESTED)
        if problem:
            findings.fields[number] = problem.field
            findings.note(number, str(problem))

    def _problem(self, record: Any, line: str, number: int, findings: RecordFindings) -> Judged:
        """What is wrong with a record. If nothing is, its digest and its form are noted."""
        if not isinstance(record, dict):
            return Problem("", "not a JSON object")
        if problem := self.form.judge(record):
            return problem
        # A line has no fewer bytes than its texts, whatever it escapes.
        if len(line.encode()) > self._most_bytes() and (problem := judge_length(record, self.limit)):
            return problem
        self.add(ENTRY.pack(digest(record, self.form), self.piece, number))
        for form in self.form.forms(record):
            findings.forms.setdefault(form, number)
        return None


def digest(record: Mapping[str, Any], form: Form) -> bytes:
    """Digest of a sound record: that of its texts if it has the plain shape, else of its canonical JSON."""
    try:
        data = plain.joined(form.recognize(plain.pairs(record)))
    except _UNUSUAL:
        data = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return sha256(data).digest()


def check_records(
    blocks: Iterable[bytes],
    reader: Reader,
    *,
    beginning: bool,
    most: int = MOST_LISTED,
    after: Callable[[], None] = lambda: None,
) -> RecordFindings:
    """Read ``blocks`` of whole lines; ``beginning`` says that the first one starts the object.

    ``after`` is called after each block: entries may be put away then.
    """
    findings = RecordFindings(most=most)
    try:
        for _, text in decoded(blocks, findings, beginning):
            reader.read(text if text.endswith("\n") else f"{text}\n", findings)
            after()
    except LineTooLongError:
        findings.refused = (findings.lines + 1, "a line is longer than 8 MiB")
    findings.trim()
    return findings
