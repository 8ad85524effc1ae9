"""Decisions of the dataset check: which piece holds what, what rows must be like, what adds up to what."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dataset_check.rows import MOST_PROBLEMS, Expected, Findings

PART_BYTES = 256 * 1024 * 1024
"""Size of a part: seconds of parsing, far within a function's fifteen minutes."""
PART_OBJECTS = 1000
"""Objects per part: each costs a request, so a thousand take less than a minute."""
SHOWN_PROBLEMS = 5
_COMPRESSED = (".gz", ".bz2", ".zip", ".xz", ".zst", ".snappy", ".parquet", ".orc", ".avro")


class DatasetError(Exception):
    """What the check has against a data set. The subclasses' names are what a state machine catches."""


class DatasetMissing(DatasetError):
    """There is nothing at a location."""


class DatasetEmpty(DatasetError):
    """There are objects, but no rows in them."""


class DatasetUnreadable(DatasetError):
    """An object may not or cannot be read, or changed while it was."""


class DatasetInvalid(DatasetError):
    """The data are not as the model's settings say."""


@dataclass(frozen=True)
class Piece:
    """A range of bytes of one object. ``name`` is what people read: the channel and the rest of the key."""

    channel: str
    name: str
    bucket: str
    key: str
    etag: str
    size: int
    start: int
    end: int

    @property
    def divided(self) -> bool:
        """Whether the object has other pieces."""
        return self.end - self.start < self.size


def whole(channel: str, bucket: str, prefix: str, item: Mapping[str, Any]) -> Piece | None:
    """The piece for one entry of ListObjectsV2, or None for what is no data.

    No data are folder markers and, as in Hadoop, names that begin with ``_`` or ``.`` (``_SUCCESS``).
    """
    key, size = str(item["Key"]), int(item["Size"])
    rest = key[prefix.rfind("/") + 1 :]
    if key.endswith("/") or any(part.startswith(("_", ".")) for part in rest.split("/")):
        return None
    return Piece(channel, f"{channel}/{rest}", bucket, key, str(item["ETag"]), size, 0, size)


def refuse_unfit(piece: Piece) -> None:
    """Raise DatasetInvalid for a kind of file that is no text, DatasetEmpty for an object without bytes."""
    if piece.key.lower().endswith(_COMPRESSED):
        raise DatasetInvalid(
            f"{piece.name}: compressed and binary files are not read; store plain text, or set format: none"
        )
    if not piece.size:
        raise DatasetEmpty(f"{piece.name} has no bytes; remove it, or write it again")


def parts(
    pieces: Iterable[Piece], *, size: int = PART_BYTES, objects: int = PART_OBJECTS
) -> Iterator[list[Piece]]:
    """Group whole objects into parts of about ``size`` bytes; a larger object becomes parts of its own."""
    group: list[Piece] = []
    room = size
    for piece in pieces:
        if group and (len(group) == objects or piece.size > room):
            yield group
            group, room = [], size
        if piece.size > size:
            yield from ([part] for part in divide(piece, size))
        else:
            group.append(piece)
            room -= piece.size
    if group:
        yield group


def divide(piece: Piece, size: int) -> Iterator[Piece]:
    """Cut an object into ranges of ``size`` bytes, the last one shorter."""
    for start in range(0, piece.size, size):
        yield Piece(**asdict(piece) | {"start": start, "end": min(start + size, piece.size)})


def refuse_header(name: str, columns: Sequence[str], form: Mapping[str, Any]) -> None:
    """Raise DatasetInvalid unless ``columns`` are names that hold every column the model needs."""
    if repeated := sorted({column for column in columns if columns.count(column) > 1}):
        raise DatasetInvalid(f"{name}:1: columns named twice: {', '.join(repeated)}")
    if missing := [column for column in needed(form) if column not in columns]:
        wanted = ", ".join(_with_hint(column, columns) for column in missing)
        raise DatasetInvalid(f"{name}:1: missing columns: {wanted}; found: {', '.join(columns)}")


def _with_hint(column: str, columns: Iterable[str]) -> str:
    """Add the column that differs in case or spaces alone: the difference is hard to see in a list."""
    close = next((name for name in columns if name.strip().lower() == column.strip().lower()), None)
    return f"{column} (there is {close!r}; case and spaces count)" if close else column


def needed(form: Mapping[str, Any]) -> list[str]:
    """Names of the columns the model needs: label, required, protected."""
    names = [form.get("Label"), *(form.get("Required") or ()), form.get("Protected")]
    return list(dict.fromkeys(name for name in names if name))


def expected(form: Mapping[str, Any], channel: Mapping[str, Any], *, divided: bool) -> Expected:
    """What every row of a channel must be like. ``channel`` is the plan's entry: ``Columns``, ``Width``."""
    label, columns = form.get("Label"), channel.get("Columns")
    if form["Format"] == "jsonl":
        return Expected("jsonl", label=label, keys=frozenset(needed(form)), divided=divided)
    position = columns.index(label) if columns and label else None
    names = tuple(columns) if columns else None
    return Expected("csv", form["Delimiter"], names, channel["Width"], position, label, divided=divided)


def noted(piece: Piece, findings: Findings | None, unreadable: str | None) -> dict[str, Any]:
    """What a part's file says about a piece."""
    found = findings or Findings()
    return {
        "Channel": piece.channel,
        "Name": piece.name,
        "Lines": found.lines,
        "Rows": found.rows,
        "BadRows": found.bad,
        "Problems": found.problems,
        "Refused": found.refused,
        "Unreadable": unreadable,
    }


def merge(plan: Mapping[str, Any], notes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up the notes of all pieces, in the plan's order, as if the data had been read in one go."""
    channels = {name: {**channel, "Rows": 0, "BadRows": 0} for name, channel in plan["Channels"].items()}
    problems: list[str] = []
    refused: list[str] = []
    unreadable: list[str] = []
    name, line, known = None, 0, True
    for note in notes:
        if note["Name"] != name:
            name, line, known = note["Name"], 0, True
        channel = channels[note["Channel"]]
        channel["Rows"] += note["Rows"]
        channel["BadRows"] += note["BadRows"]
        if note["Unreadable"]:
            unreadable.append(f"{name}: {note['Unreadable']}")
        if known and note["Refused"]:
            refused.append(f"{name}:{line + note['Refused'][0]}: {note['Refused'][1]}")
        if known and len(problems) < MOST_PROBLEMS:
            problems += [f"{name}:{line + number}: {what}" for number, what, *_ in note["Problems"]]
        # After a piece that was not read to its end, the object's line numbers are unknown.
        line, known = line + note["Lines"], known and not note["Refused"] and not note["Unreadable"]
    return {
        "Rows": sum(channel["Rows"] for channel in channels.values()),
        "BadRows": sum(channel["BadRows"] for channel in channels.values()),
        "MaximumBadRows": plan["Format"].get("MaximumBadRows") or 0,
        "Channels": channels,
        "Unreadable": unreadable[:MOST_PROBLEMS],
        "Refused": refused[:MOST_PROBLEMS],
        "Problems": problems[:MOST_PROBLEMS],
    }


def refuse_report(report: Mapping[str, Any], where: str) -> None:
    """Raise what the merged report has against the data, the gravest first; ``where`` it can be read."""
    more = f"; the whole report: {where}"
    if report["Unreadable"]:
        raise DatasetUnreadable(_first(report["Unreadable"]) + more)
    if report["Refused"]:
        raise DatasetInvalid(_first(report["Refused"]) + more)
    if report["BadRows"] > report["MaximumBadRows"]:
        counted = f"{report['BadRows']} of {report['Rows']} rows are bad, allowed: {report['MaximumBadRows']}"
        raise DatasetInvalid(f"{counted}: {_first(report['Problems'])}{more}")
    for name, channel in report["Channels"].items():
        if channel["Width"] is not None and channel["Rows"] == channel["BadRows"]:
            raise DatasetEmpty(f"{name} has no rows; objects there: {channel['Objects']}{more}")


def _first(problems: Sequence[str]) -> str:
    left = len(problems) - SHOWN_PROBLEMS
    return "; ".join(problems[:SHOWN_PROBLEMS]) + (" and more" if left > 0 else "")
