"""Adds up what the parts say about records: exact lines, equal records, mixed forms, numbers of records."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dataset_check.digests import Duplicates, Same
from dataset_check.formats import FORMATS, Form
from dataset_check.length import most_tokens
from dataset_check.logic import DatasetInvalid, Piece, noted
from dataset_check.records import MOST_LISTED, RecordFindings
from dataset_check.rows import MOST_PROBLEMS

TRAINING = "train"
"""The channel whose records a minimum counts; without one, every channel's."""
DUPLICATES = ("report", "refuse")
"""What happens to a record that an earlier one equals; the first is the default."""


def record_note(piece: Piece, findings: RecordFindings | None, unreadable: str | None) -> dict[str, Any]:
    """What a part's file says about a piece of records: problems with their fields, and forms, as well."""
    found = findings or RecordFindings()
    problems = [(line, what, found.fields.get(line, "")) for line, what in found.problems]
    return noted(piece, findings, unreadable) | {"Problems": problems, "Forms": found.forms}


def refuse_large(piece: Piece, form: Form) -> None:
    """Raise DatasetInvalid for an object that is larger than the service takes."""
    if piece.size > form.most_bytes:
        allowed = f"{form.most_bytes} bytes ({form.most_bytes / 1024**3:g} GiB)"
        raise DatasetInvalid(
            f"{piece.name} has {piece.size} bytes, allowed: {allowed}; write several objects"
        )


class Ledger:
    """Follows the notes of all pieces, in the plan's order, and keeps what the report says of them."""

    def __init__(self, found: Duplicates, form: Mapping[str, Any]) -> None:
        self.listed: list[dict[str, Any]] = []
        self._form, self._found = form, found
        self._refuse = _choice(form) == "refuse"
        self._forms: dict[str, str] = {}
        self._same: list[str] = []
        self._waiting: dict[int, list[Same]] = {}
        for same in found.shown:
            self._waiting.setdefault(same.at[0], []).append(same)
        self._starts: dict[int, tuple[str, int]] = {}
        self._firsts = {same.first[0] for same in found.shown}

    def follow(self, notes: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[Mapping[str, Any]]:
        """Yield each (number of the piece, note)'s note, with its equal records as bad ones where refused."""
        name, line, known = None, 0, True
        for number, note in notes:
            if note["Name"] != name:
                name, line, known = note["Name"], 0, True
            if known and number in self._firsts:
                self._starts[number] = str(name), line
            same = self._resolved(number, str(name), line) if known else []
            if self._refuse:
                problems = sorted([*map(tuple, note["Problems"]), *same])
                bad = note["BadRows"] + self._found.pieces[number]
                note = {**note, "Problems": problems, "BadRows": bad}
            if known:
                self._list(str(name), line, note)
            yield note
            line, known = line + note["Lines"], known and not note["Refused"] and not note["Unreadable"]

    def _resolved(self, number: int, name: str, line: int) -> list[tuple[int, str, str]]:
        """Equal records of the piece ``number`` as problems, its first line being the object's ``line``."""
        problems = []
        for (_, at), first in self._waiting.pop(number, ()):
            where = self._starts.get(first[0])
            other = f"{where[0]}:{where[1] + first[1]}" if where else "an earlier record"
            problems.append((at, f"is the same as {other}", ""))
            if len(self._same) < MOST_PROBLEMS:
                self._same.append(f"{name}:{line + at} is the same as {other}")
        return problems

    def _list(self, name: str, line: int, note: Mapping[str, Any]) -> None:
        for form, first in sorted(note["Forms"].items(), key=lambda item: int(item[1])):
            if form:
                self._forms.setdefault(form, f"{name}:{line + first}")
        for number, what, field in note["Problems"][: MOST_LISTED - len(self.listed)]:
            reason = what.removeprefix(f"{field} ") if field else what
            self.listed.append(
                {"Object": name, "Line": line + number, "Field": field or None, "Reason": reason}
            )

    def members(self) -> dict[str, Any]:
        """What the report says beside what every report does."""
        form = FORMATS[self._form["Format"]]
        fewest, most = self._form.get("MinimumRows"), self._form.get("MaximumRows")
        return {
            "Duplicates": {
                "Rows": self._found.pieces.total(),
                "Records": self._found.groups,
                "Are": _choice(self._form),
                "First": self._same,
            },
            "Forms": self._forms,
            "MinimumRows": form.fewest if fewest is None else fewest,
            "MaximumRows": form.most if most is None else most,
        }

    def mixed(self) -> list[str]:
        """What rules out a data set of several forms, if it is one."""
        (first, where), *others = self._forms.items() or [("", "")]
        mixed = f"where {where} has {first}: a data set has one form"
        return [f"{other}: has {form}, {mixed}" for form, other in others]


def refuse_counts(report: Mapping[str, Any], where: str) -> None:
    """Raise DatasetInvalid for fewer or more records than a job takes; ``where`` the report can be read."""
    channels = report["Channels"]
    counted = [TRAINING] if TRAINING in channels else sorted(channels)
    for name in counted:
        sound = channels[name]["Rows"] - channels[name]["BadRows"]
        if sound < report["MinimumRows"]:
            raise DatasetInvalid(
                f"{name} has {sound} sound records, needed: {report['MinimumRows']}; "
                f"the whole report: {where}"
            )
    most = report["MaximumRows"]
    if most is not None and report["Rows"] > most:
        raise DatasetInvalid(
            f"there are {report['Rows']} records in all, allowed: {most}; the whole report: {where}"
        )


def _choice(form: Mapping[str, Any]) -> str:
    """What is done with equal records. Raises ValueError for a word that is not in ``DUPLICATES``."""
    choice = str(form.get("Duplicates") or DUPLICATES[0])
    if choice not in DUPLICATES:
        raise ValueError(f"Duplicates is {choice!r}, allowed: {', '.join(DUPLICATES)}")
    return choice


def refuse_settings(form: Mapping[str, Any]) -> None:
    """Raise ValueError for a setting of the check that means nothing."""
    _choice(form)
    most_tokens(form.get("SequenceLength"))
