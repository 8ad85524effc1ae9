"""Checks a model's data before money is spent on them: plans the parts, checks one, reports on all."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

from dataset_check import logic
from dataset_check.formats import FORMATS
from dataset_check.ledger import refuse_counts, refuse_large, refuse_settings
from dataset_check.lines import LineTooLongError
from dataset_check.objects import lines, objects, reason
from dataset_check.parts import check_part, report_parts, write_listed
from dataset_check.rows import alien, check, first_row, not_text
from s3_locations import read_json, write_json


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one state of a workflow."""
    return handle(event, s3=_s3())


def handle(event: Mapping[str, Any], *, s3: Any) -> dict[str, Any]:
    """Do the ``Action`` of ``event``: ``plan``, ``check`` or ``report``.

    What is wrong with the data is raised by ``plan`` when it can be seen at once, else by ``report``:
    ``check`` only notes it, since a state machine's map would hide the error's name. Raises DatasetMissing,
    DatasetEmpty, DatasetUnreadable, DatasetInvalid; of S3's errors those that another attempt may not meet.
    """
    actions = {"plan": _plan, "check": _check, "report": _report}
    return actions[event["Action"]](event, s3)


def _plan(event: Mapping[str, Any], s3: Any) -> dict[str, Any]:
    form, folder = event["Format"], event["Folder"].rstrip("/")
    channels: dict[str, dict[str, Any]] = {}
    if form["Format"] in FORMATS:
        refuse_settings(form)
    pieces = _examined(event["Locations"], form, channels, s3)
    number = 0
    if form["Format"] == "none":
        for _ in pieces:
            pass
    else:
        for number, part in enumerate(logic.parts(pieces), 1):
            write_json(s3, f"{folder}/pieces-{number - 1}.json", [asdict(piece) for piece in part])
    plan = f"{folder}/plan.json"
    write_json(s3, plan, {"Format": form, "Folder": folder, "Channels": channels, "Parts": number})
    totals = {key: sum(channel[key] for channel in channels.values()) for key in ("Objects", "Bytes")}
    return {"Plan": plan, "Parts": list(range(number)), **totals}


def _examined(
    locations: Mapping[str, str], form: Mapping[str, Any], channels: dict[str, dict[str, Any]], s3: Any
) -> Iterator[logic.Piece]:
    """Yield the objects of every channel, and note in ``channels`` what the first one shows of its rows."""
    for name, location in sorted(locations.items()):
        for piece in objects(s3, name, location):
            if form["Format"] != "none":
                logic.refuse_unfit(piece)
            if form["Format"] in FORMATS:
                refuse_large(piece, FORMATS[form["Format"]])
            if name not in channels:
                channels[name] = {"Objects": 0, "Bytes": 0, **_columns(piece, form, s3)}
            channels[name]["Objects"] += 1
            channels[name]["Bytes"] += piece.size
            yield piece


def _columns(piece: logic.Piece, form: Mapping[str, Any], s3: Any) -> dict[str, Any]:
    """``Columns`` (names in the header) and ``Width`` (fields per row), as far as the format has them."""
    try:
        block = next(lines(s3, piece), b"")
        if form["Format"] != "none" and (what := alien(block)):
            raise logic.DatasetInvalid(f"{piece.name} {what}")
        if form["Format"] != "csv":
            return {"Columns": None, "Width": None if form["Format"] == "none" else 0}
        row = first_row(block, form["Delimiter"])
    except ClientError as error:
        raise logic.DatasetUnreadable(f"{piece.name}: {reason(error)}") from error
    except UnicodeDecodeError as error:
        raise logic.DatasetInvalid(f"{piece.name}:1: {not_text(error)}") from error
    except (LineTooLongError, csv.Error) as error:
        raise logic.DatasetInvalid(f"{piece.name}:1: {error or 'the line is too long'}") from error
    if not form["Header"]:
        return {"Columns": None, "Width": form.get("Count") or len(row)}
    logic.refuse_header(piece.name, row, form)
    return {"Columns": row, "Width": len(row)}


def _check(event: Mapping[str, Any], s3: Any) -> dict[str, Any]:
    plan, part = read_json(s3, event["Plan"]), event["Part"]
    pieces = [logic.Piece(**piece) for piece in read_json(s3, f"{plan['Folder']}/pieces-{part}.json")]
    if plan["Format"]["Format"] in FORMATS:
        notes = check_part(pieces, plan, part, s3)
    else:
        notes = [_note(piece, plan, s3) for piece in pieces]
    write_json(s3, f"{plan['Folder']}/part-{part}.json", notes)
    rows, bad = (sum(note[key] for note in notes) for key in ("Rows", "BadRows"))
    return {"Part": part, "Rows": rows, "BadRows": bad}


def _note(piece: logic.Piece, plan: Mapping[str, Any], s3: Any) -> dict[str, Any]:
    wanted = logic.expected(plan["Format"], plan["Channels"][piece.channel], divided=piece.divided)
    try:
        return logic.noted(piece, check(lines(s3, piece), wanted, beginning=piece.start == 0), None)
    except ClientError as error:
        return logic.noted(piece, None, reason(error))


def _report(event: Mapping[str, Any], s3: Any) -> dict[str, Any]:
    plan = read_json(s3, event["Plan"])
    if plan["Format"]["Format"] in FORMATS:
        return _report_records(plan, s3)
    files = (read_json(s3, f"{plan['Folder']}/part-{part}.json") for part in range(plan["Parts"]))
    report = logic.merge(plan, (note for notes in files for note in notes))
    where = f"{plan['Folder']}/report.json"
    write_json(s3, where, report)
    logic.refuse_report(report, where)
    counted = {key: report[key] for key in ("Rows", "BadRows")}
    return {**counted, "Report": where, "Problems": report["Problems"][: logic.SHOWN_PROBLEMS]}


def _report_records(plan: Mapping[str, Any], s3: Any) -> dict[str, Any]:
    """Report on records: bad ones are listed in ``problems.jsonl`` beside the report."""
    report, listed = report_parts(plan, s3)
    where, beside = (f"{plan['Folder']}/{name}" for name in ("report.json", "problems.jsonl"))
    write_listed(s3, beside, listed)
    write_json(s3, where, report | {"Listed": beside})
    logic.refuse_report(report, where)
    refuse_counts(report, where)
    counted = {key: report[key] for key in ("Rows", "BadRows", "Duplicates")}
    counted["Duplicates"] = {
        **counted["Duplicates"],
        "First": report["Duplicates"]["First"][: logic.SHOWN_PROBLEMS],
    }
    shown = report["Problems"][: logic.SHOWN_PROBLEMS]
    return {**counted, "Report": where, "Listed": beside, "Problems": shown}


@cache
def _s3() -> Any:
    return boto3.client("s3")
