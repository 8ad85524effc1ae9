"""Checks one part of records and reports on all parts, with what they keep in S3 beside their notes."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from dataset_check import ledger, logic
from dataset_check.digests import READ, Runs, duplicates
from dataset_check.formats import FORMATS
from dataset_check.length import most_tokens
from dataset_check.objects import lines, reason
from dataset_check.records import MOST_LISTED, Reader, RecordFindings, check_records
from s3_locations import read_json, split, write_json

_MERGING = 2 * 1024 * 1024
"""Bytes read of all runs together while they are merged; as entries they take three times as much."""


def check_part(
    pieces: list[logic.Piece], plan: Mapping[str, Any], part: int, s3: Any
) -> list[dict[str, Any]]:
    """Check the records of ``pieces``, and keep the sorted digests of the sound ones beside the plan."""
    runs = Runs(lambda number, data: _put(s3, _run(plan, part, number), data))
    notes: list[dict[str, Any]] = []
    room = MOST_LISTED
    for number, piece in enumerate(pieces, part * logic.PART_OBJECTS):
        notes.append(_note(piece, number, plan, runs, room, s3))
        room -= len(notes[-1]["Problems"])
    runs.put_away(fewest=1)
    write_json(s3, f"{plan['Folder']}/digests-{part}.json", runs.sizes)
    return notes


def _note(
    piece: logic.Piece, number: int, plan: Mapping[str, Any], runs: Runs, room: int, s3: Any
) -> dict[str, Any]:
    form = plan["Format"]
    limit = most_tokens(form.get("SequenceLength"))
    reader = Reader(FORMATS[form["Format"]], limit, number, runs.entries.append)
    found: RecordFindings | None = None
    try:
        found = check_records(
            lines(s3, piece), reader, beginning=piece.start == 0, most=room, after=runs.put_away
        )
    except ClientError as error:
        return ledger.record_note(piece, None, reason(error))
    return ledger.record_note(piece, found, None)


def report_parts(plan: Mapping[str, Any], s3: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The report on all parts, and the bad records to list: object, line, field, reason of each."""
    runs = [
        (_run(plan, part, number), size)
        for part in range(plan["Parts"])
        for number, size in enumerate(read_json(s3, f"{plan['Folder']}/digests-{part}.json"))
    ]
    at_once = max(READ, min(READ * 16, _MERGING // max(len(runs), 1)))
    found = duplicates([_stream(s3, uri, size, at_once) for uri, size in runs], MOST_LISTED)
    kept = ledger.Ledger(found, plan["Format"])
    report = logic.merge(plan, kept.follow(_notes(plan, s3))) | kept.members()
    report["Refused"] += kept.mixed()
    return report, kept.listed


def _notes(plan: Mapping[str, Any], s3: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for part in range(plan["Parts"]):
        notes = read_json(s3, f"{plan['Folder']}/part-{part}.json")
        yield from enumerate(notes, part * logic.PART_OBJECTS)


def write_listed(s3: Any, uri: str, listed: list[dict[str, Any]]) -> None:
    """Write the bad records to ``uri``, one JSON object in each line."""
    text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in listed)
    _put(s3, uri, text.encode())


def _run(plan: Mapping[str, Any], part: int, number: int) -> str:
    return f"{plan['Folder']}/digests-{part}-{number}.bin"


def _put(s3: Any, uri: str, data: bytes) -> None:
    bucket, key = split(uri)
    s3.put_object(Bucket=bucket, Key=key, Body=data)


def _stream(s3: Any, uri: str, size: int, at_once: int) -> Iterator[bytes]:
    """Yield a run in pieces, each a request of its own: a run waits long between two of them."""
    bucket, key = split(uri)
    for start in range(0, size, at_once):
        asked = f"bytes={start}-{min(start + at_once, size) - 1}"
        yield s3.get_object(Bucket=bucket, Key=key, Range=asked)["Body"].read()
