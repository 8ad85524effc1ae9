"""The check of a data set, against an S3 that answers: what it finds, where, and that no line is lost."""

import io
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, IncompleteReadError
from botocore.response import StreamingBody
from botocore.stub import Stubber
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dataset_check import lines as lines_module
from dataset_check import logic
from dataset_check.handler import handle
from dataset_check.lines import LineTooLongError, blocks, reading_from
from dataset_check.logic import (
    DatasetEmpty,
    DatasetInvalid,
    DatasetMissing,
    DatasetUnreadable,
    Piece,
    divide,
    expected,
    merge,
    noted,
    parts,
    refuse_report,
)
from dataset_check.objects import lines
from dataset_check.rows import Findings, check
from tools.bench_functions import MOST_GROWTH

ROOT = Path(__file__).parents[2]

DATA, ARTIFACTS = "acme-dev-data", "acme-dev-artifacts"
FOLDER = f"s3://{ARTIFACTS}/runs/credit-approval/abcdefghij/check"
FORM = {
    "Format": "csv",
    "Header": True,
    "Delimiter": ",",
    "Label": "approved",
    "Required": ["income"],
    "Count": None,
    "Protected": "age_group",
    "MaximumBadRows": 0,
}
HEADER = "income,debt,age_group,approved\n"
ROW = "1200,300,under_30,1\n"


@pytest.fixture
def s3(aws: None) -> Any:
    """An S3 with an empty bucket for data and one for reports."""
    client = boto3.client("s3", region_name="eu-west-1")
    for bucket in (DATA, ARTIFACTS):
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return client


def put(s3: Any, key: str, content: str | bytes) -> None:
    """Store a data object."""
    s3.put_object(Bucket=DATA, Key=key, Body=content)


def run(s3: Any, *channels: str, **form: Any) -> dict[str, Any]:
    """Plan, check and report as the workflow does; the report's result."""
    locations = {channel: f"s3://{DATA}/{channel}/" for channel in channels or ("train",)}
    event = {"Locations": locations, "Format": FORM | form, "Folder": FOLDER}
    planned = handle({"Action": "plan", **event}, s3=s3)
    for part in planned["Parts"]:
        handle({"Action": "check", "Plan": planned["Plan"], "Part": part}, s3=s3)
    return handle({"Action": "report", "Plan": planned["Plan"]}, s3=s3)


def report(s3: Any) -> dict[str, Any]:
    """The report that was written."""
    key = FOLDER.removeprefix(f"s3://{ARTIFACTS}/") + "/report.json"
    return dict(json.loads(s3.get_object(Bucket=ARTIFACTS, Key=key)["Body"].read()))


def test_sound_data_are_counted_by_channel(s3: Any) -> None:
    put(s3, "train/2024/a.csv", HEADER + ROW * 3)
    put(s3, "train/2024/b.csv", HEADER + ROW * 2)
    put(s3, "test/c.csv", HEADER + ROW)
    assert run(s3, "train", "test") == {
        "Rows": 6,
        "BadRows": 0,
        "Report": f"{FOLDER}/report.json",
        "Problems": [],
    }
    channels = report(s3)["Channels"]
    assert {name: (one["Objects"], one["Rows"]) for name, one in channels.items()} == {
        "train": (2, 5),
        "test": (1, 1),
    }


def test_markers_and_hidden_names_are_no_data(s3: Any) -> None:
    put(s3, "train/a.csv", HEADER + ROW)
    for key in ("train/_SUCCESS", "train/.keep", "train/sub/", "train/_temporary/0/x.csv"):
        put(s3, key, "")
    assert run(s3)["Rows"] == 1


def test_a_location_may_be_one_object(s3: Any) -> None:
    put(s3, "small/train.csv", HEADER + "1,2,x,\n")
    event = {"Locations": {"train": f"s3://{DATA}/small/train.csv"}, "Format": FORM, "Folder": FOLDER}
    planned = handle({"Action": "plan", **event}, s3=s3)
    handle({"Action": "check", "Plan": planned["Plan"], "Part": 0}, s3=s3)
    with pytest.raises(DatasetInvalid, match=r"train/train\.csv:2: label 'approved' is empty"):
        handle({"Action": "report", "Plan": planned["Plan"]}, s3=s3)


def test_nothing_below_a_location_is_an_error_that_names_it(s3: Any) -> None:
    with pytest.raises(DatasetMissing, match=rf"train: there is nothing below s3://{DATA}/train/"):
        run(s3)


def test_only_markers_below_a_location_is_an_error_that_says_so(s3: Any) -> None:
    put(s3, "train/_SUCCESS", "")
    with pytest.raises(DatasetMissing, match="but 1 markers"):
        run(s3)


def test_a_bucket_that_does_not_exist_is_an_error_that_names_it(s3: Any) -> None:
    event = {"Action": "plan", "Locations": {"train": "s3://nowhere/x/"}, "Format": FORM, "Folder": FOLDER}
    with pytest.raises(DatasetMissing, match="there is no bucket nowhere"):
        handle(event, s3=s3)


def test_an_object_without_bytes_is_an_error_that_names_it(s3: Any) -> None:
    put(s3, "train/a.csv", HEADER + ROW)
    put(s3, "train/b.csv", "")
    with pytest.raises(DatasetEmpty, match=r"train/b\.csv has no bytes"):
        run(s3)


def test_a_channel_with_headers_alone_is_an_error(s3: Any) -> None:
    put(s3, "train/a.csv", HEADER)
    put(s3, "train/b.csv", HEADER + "\n\n")
    with pytest.raises(DatasetEmpty, match="train has no rows; objects there: 2"):
        run(s3)


def test_one_object_with_a_header_alone_is_fine_beside_others(s3: Any) -> None:
    put(s3, "train/a.csv", HEADER)
    put(s3, "train/b.csv", HEADER + ROW)
    assert run(s3)["Rows"] == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n", "missing columns: approved, income, age_group; found: a, b"),
        (
            "Income,debt,age_group,approved\n",
            r"income \(there is 'Income'; case and spaces count\)",
        ),
        ("income , debt,age_group,approved\n", r"income \(there is 'income '"),
        ("income,income,age_group,approved\n", "columns named twice: income"),
        ("\ufeff" + HEADER + ROW, "starts with a byte order mark"),
        (HEADER.encode("utf-16"), "is UTF-16"),
        (b"\x1f\x8b\x08\x00" + b"x" * 20, "is compressed with gzip"),
        (b"PAR1" + b"x" * 20, "is a Parquet file"),
        (
            HEADER.replace("debt", "d\xe9bt").encode("latin-1"),
            r"train/a.csv:1: not UTF-8 \(byte 9 of the line\)",
        ),
        ('income,"debt\n', "train/a.csv:1: unexpected end of data"),
        ("\n" + HEADER + ROW, "missing columns"),
    ],
)
def test_a_wrong_first_line_is_an_error_before_any_part_is_read(
    s3: Any, content: str | bytes, message: str
) -> None:
    put(s3, "train/a.csv", content)
    with pytest.raises(DatasetInvalid, match=message):
        handle(
            {
                "Action": "plan",
                "Locations": {"train": f"s3://{DATA}/train/"},
                "Format": FORM,
                "Folder": FOLDER,
            },
            s3=s3,
        )


def test_a_protected_attribute_must_be_a_column(s3: Any) -> None:
    put(s3, "train/a.csv", HEADER + ROW)
    with pytest.raises(DatasetInvalid, match="missing columns: gender"):
        run(s3, Protected="gender")


@pytest.mark.parametrize("key", ["train/a.csv.gz", "train/part-0.snappy.parquet", "train/a.ZIP"])
def test_compressed_objects_are_refused_by_name(s3: Any, key: str) -> None:
    put(s3, key, "x")
    with pytest.raises(DatasetInvalid, match="compressed and binary files are not read"):
        run(s3)


def test_every_object_has_the_columns_of_the_first(s3: Any) -> None:
    put(s3, "train/a.csv", HEADER + ROW)
    put(s3, "train/b.csv", "debt,income,age_group,approved\n" + ROW)
    with pytest.raises(DatasetInvalid, match=r"train/b\.csv:1: the columns differ"):
        run(s3)


def test_every_object_is_text_not_just_the_first(s3: Any) -> None:
    put(s3, "train/a.csv", HEADER + ROW)
    put(s3, "train/b.csv", b"\x1f\x8b\x08\x00" + b"x" * 20)
    with pytest.raises(DatasetInvalid, match=r"train/b\.csv:1: is compressed with gzip"):
        run(s3)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("1,2,3\n", "3 fields, expected 4"),
        ("1,2,3,4,5\n", "5 fields, expected 4"),
        ("1,2,x,\n", "label 'approved' is empty"),
        ('1,2,"x"y,1\n', "',' expected after '\"'"),
        (b"1,2,\xff,1\n", r"not UTF-8 \(byte 5 of the line\)"),
        ("1,2,x\r,1\n", "new-line character seen in unquoted field"),
    ],
)
def test_a_bad_row_is_reported_with_its_line(s3: Any, row: str | bytes, what: str) -> None:
    bad = row if isinstance(row, bytes) else row.encode()
    put(s3, "train/2024.csv", HEADER.encode() + ROW.encode() * 5 + bad + ROW.encode() * 5)
    with pytest.raises(DatasetInvalid, match=rf"1 of 11 rows are bad, allowed: 0: train/2024\.csv:7: {what}"):
        run(s3)
    assert run(s3, MaximumBadRows=1)["BadRows"] == 1


@pytest.mark.parametrize("rows", [50_000, pytest.param(1_000_000, marks=pytest.mark.thorough)])
def test_one_bad_line_in_a_million_is_found(s3: Any, rows: int) -> None:
    bad = rows * 7 // 10
    put(s3, "train/a.csv", HEADER + ROW * bad + "1,2\n" + ROW * (rows - bad - 1))
    what = rf"1 of {rows} rows are bad.*train/a\.csv:{bad + 2}: 2 fields"
    with pytest.raises(DatasetInvalid, match=what):
        run(s3)


def test_an_error_shows_the_first_problems_and_where_the_rest_is(s3: Any) -> None:
    put(s3, "train/a.csv", HEADER + "1\n" * 120)
    with pytest.raises(DatasetInvalid) as caught:
        run(s3)
    assert str(caught.value).count("1 fields") == logic.SHOWN_PROBLEMS
    assert str(caught.value).endswith(f"and more; the whole report: {FOLDER}/report.json")
    assert len(report(s3)["Problems"]) == 100
    assert report(s3)["BadRows"] == 120


def test_quoted_fields_may_hold_line_breaks_and_later_lines_keep_their_numbers(s3: Any) -> None:
    put(s3, "train/a.csv", HEADER + '1,"two\nlines",x,1\r\n' * 600 + '1,"a\n\nb",x\n' + ROW)
    with pytest.raises(DatasetInvalid, match=r"1 of 602 rows are bad.*train/a\.csv:1202: 3 fields"):
        run(s3)


def test_a_quote_that_is_never_closed_is_reported_where_it_opens(s3: Any) -> None:
    put(s3, "train/a.csv", HEADER + ROW * 300 + '1,"2,x,1\n' + ROW * 50)
    with pytest.raises(DatasetInvalid, match=r"train/a\.csv:302: unexpected end of data \(the row ends in"):
        run(s3)


def test_a_line_break_in_a_divided_object_is_reported_as_such(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logic.parts, "__kwdefaults__", {"size": 400, "objects": 10})
    put(s3, "train/a.csv", HEADER + ROW * 10 + '1,"two\nlines",x,1\n' + ROW * 40)
    with pytest.raises(DatasetInvalid, match=r"train/a\.csv:2: a quoted field holds a line break"):
        run(s3, MaximumBadRows=10)


def test_columns_are_counted_where_there_is_no_header(s3: Any) -> None:
    put(s3, "train/a.csv", "1;2;3\n1;2;3\n")
    form = {"Header": False, "Delimiter": ";", "Label": None, "Required": [], "Protected": None}
    assert run(s3, **form)["Rows"] == 2
    with pytest.raises(DatasetInvalid, match=r"train/a\.csv:1: 3 fields, expected 4"):
        run(s3, **form, Count=4)


def test_unchecked_formats_only_have_to_be_there(s3: Any) -> None:
    put(s3, "train/a.parquet", b"PAR1 and so on")
    assert run(s3, Format="none") == {
        "Rows": 0,
        "BadRows": 0,
        "Report": f"{FOLDER}/report.json",
        "Problems": [],
    }


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('{"income": 1', "not JSON: Expecting ',' delimiter at character"),
        ("[1, 2]", "not a JSON object"),
        ('{"income": 1, "approved": 1}', "lacks 'age_group'"),
        ('{"income": 1, "age_group": "x", "approved": null}', "label 'approved' is empty"),
        ('{"income": NaN, "age_group": "x", "approved": 1}', "not JSON: NaN is no JSON value"),
        ("[" * 200_000, "not JSON: "),
    ],
)
def test_each_json_line_is_an_object_with_the_keys_needed(s3: Any, line: str, what: str) -> None:
    good = '{"income": 1, "age_group": "x", "approved": 0}\n'
    put(s3, "train/a.jsonl", good + "\n" + line + "\n" + good)
    with pytest.raises(DatasetInvalid, match=rf"1 of 3 rows are bad.*train/a\.jsonl:3: {what}"):
        run(s3, Format="jsonl")


@pytest.mark.parametrize("longest", [200_000, pytest.param(None, marks=pytest.mark.thorough)])
def test_a_line_without_end_is_refused_before_it_fills_the_memory(
    s3: Any, monkeypatch: pytest.MonkeyPatch, longest: int | None
) -> None:
    monkeypatch.setattr(lines_module, "LONGEST_LINE", longest or lines_module.LONGEST_LINE)
    put(s3, "train/a.csv", HEADER + ROW + "x" * (2 * lines_module.LONGEST_LINE))
    with pytest.raises(DatasetInvalid, match=r"train/a\.csv:3: a line is longer than 8 MiB"):
        run(s3)


def test_an_object_that_changed_since_the_plan_is_unreadable(s3: Any) -> None:
    put(s3, "train/a.csv", HEADER + ROW)
    event = {"Locations": {"train": f"s3://{DATA}/train/"}, "Format": FORM, "Folder": FOLDER}
    planned = handle({"Action": "plan", **event}, s3=s3)
    put(s3, "train/a.csv", HEADER + ROW * 2)
    handle({"Action": "check", "Plan": planned["Plan"], "Part": 0}, s3=s3)
    with pytest.raises(DatasetUnreadable, match=r"train/a\.csv: changed while it was being checked"):
        handle({"Action": "report", "Plan": planned["Plan"]}, s3=s3)


LISTED = {
    "Contents": [{"Key": "train/a.csv", "Size": len(HEADER + ROW), "ETag": '"1"'}],
    "KeyCount": 1,
    "IsTruncated": False,
}
PLAN = {
    "Action": "plan",
    "Locations": {"train": f"s3://{DATA}/train/"},
    "Format": FORM,
    "Folder": FOLDER,
}


def stubbed() -> tuple[Any, Stubber]:
    """An S3 client whose answers are given, for refusals that an emulator does not make."""
    client = boto3.client(
        "s3", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    return client, Stubber(client)


@pytest.mark.parametrize(
    ("code", "message", "status"),
    [
        ("AccessDenied", "not authorized to perform: kms:Decrypt on the resource", 403),
        ("KMS.DisabledException", "the key is disabled", 400),
        ("InvalidObjectState", "the object is archived", 403),
    ],
)
def test_a_refusal_to_read_names_the_object_and_the_reason(code: str, message: str, status: int) -> None:
    client, stubber = stubbed()
    with stubber:
        stubber.add_response("list_objects_v2", LISTED)
        stubber.add_client_error("get_object", code, message, status)
        with pytest.raises(DatasetUnreadable, match=rf"train/a\.csv: {code}: {message}"):
            handle(PLAN, s3=client)


def test_a_refusal_to_list_names_the_location() -> None:
    client, stubber = stubbed()
    with stubber:
        stubber.add_client_error("list_objects_v2", "AccessDenied", "no", 403)
        with pytest.raises(DatasetUnreadable, match=rf"train: s3://{DATA}/train/: AccessDenied: no"):
            handle(PLAN, s3=client)


@pytest.mark.parametrize(("code", "status"), [("SlowDown", 503), ("InternalError", 500)])
def test_what_may_pass_is_left_to_the_state_machine_to_try_again(code: str, status: int) -> None:
    client, stubber = stubbed()
    with stubber:
        stubber.add_response("list_objects_v2", LISTED)
        stubber.add_client_error("get_object", code, "later", status)
        with pytest.raises(ClientError, match=code):
            handle(PLAN, s3=client)


def test_a_part_notes_a_refusal_for_the_report(s3: Any) -> None:
    piece = Piece("train", "train/a.csv", DATA, "train/a.csv", '"1"', 10, 0, 10)
    note = noted(piece, None, "AccessDenied: no")
    plan = {
        "Format": FORM,
        "Channels": {"train": {"Objects": 1, "Bytes": 10, "Columns": None, "Width": 4}},
    }
    with pytest.raises(DatasetUnreadable, match=r"train/a\.csv: AccessDenied: no; the whole report: there"):
        refuse_report(merge(plan, [note]), "there")


def test_a_connection_that_breaks_is_taken_up_where_it_broke() -> None:
    content = (HEADER + ROW).encode()
    client, stubber = stubbed()
    piece = Piece("train", "train/a.csv", DATA, "train/a.csv", '"1"', len(content), 0, len(content))
    broken = StreamingBody(io.BytesIO(content[:40]), len(content))
    rest = StreamingBody(io.BytesIO(content[40:]), len(content) - 40)
    same = {"Bucket": DATA, "Key": "train/a.csv", "IfMatch": '"1"'}
    with stubber:
        stubber.add_response("get_object", {"Body": broken}, {**same, "Range": "bytes=0-"})
        stubber.add_response("get_object", {"Body": rest}, {**same, "Range": "bytes=40-"})
        assert b"".join(lines(client, piece)) == content


def test_a_connection_that_keeps_breaking_is_given_up() -> None:
    client, stubber = stubbed()
    piece = Piece("train", "train/a.csv", DATA, "train/a.csv", '"1"', 1000, 0, 1000)
    with stubber:
        for _ in range(10):
            stubber.add_response("get_object", {"Body": StreamingBody(io.BytesIO(b"x\n"), 1000)})
        with pytest.raises(IncompleteReadError):
            list(lines(client, piece))


texts = st.lists(
    st.sampled_from([b"a,b", b"", b"\r", b"1,2,3", b"\xff", b'"q",2', b"x" * 9, b"1,"]), max_size=30
).map(b"\n".join)
"""Bytes with lines of many kinds, empty ones and some without UTF-8 among them."""


def many(test: Any, *drawn: Any) -> Any:
    """The same property, proved with more examples."""
    given_again: Any = given(*drawn)
    often: Any = settings(deadline=None, max_examples=500)
    return pytest.mark.thorough(often(given_again(test.hypothesis.inner_test)))


def chunked(content: bytes, start: int, size: int) -> list[bytes]:
    """What a connection gives from ``start`` on, ``size`` bytes at once."""
    return [content[at : at + size] for at in range(start, len(content), size)]


@settings(deadline=None, max_examples=25)
@given(texts, st.integers(1, 40), st.integers(1, 12))
@example(b"ab\ncd\n", 3, 2)
@example(b"\n\n\n", 1, 1)
@example(b"no end", 2, 3)
def test_ranges_of_bytes_give_every_line_once_and_in_order(content: bytes, size: int, chunk: int) -> None:
    found = [
        b"".join(blocks(chunked(content, reading_from(start), chunk), start, min(start + size, len(content))))
        for start in range(0, len(content), size)
    ]
    assert b"".join(found) == content
    assert all(part.endswith(b"\n") for part in list(filter(None, found))[:-1])


test_many_times_ranges_of_bytes_give_every_line_once_and_in_order = many(
    test_ranges_of_bytes_give_every_line_once_and_in_order, texts, st.integers(1, 40), st.integers(1, 12)
)


@settings(deadline=None, max_examples=25)
@given(texts, st.integers(1, 40), st.integers(0, 100))
def test_a_range_reads_no_further_than_its_last_line(content: bytes, size: int, start: int) -> None:
    start = min(start, max(len(content) - 1, 0))
    end = min(start + size, len(content))
    read: list[int] = []

    def stream() -> Iterator[bytes]:
        for at in range(reading_from(start), len(content)):
            read.append(at)
            yield content[at : at + 1]

    list(blocks(stream(), start, end))
    line_end = content.find(b"\n", max(end - 1, 0))
    assert not read or line_end < 0 or read[-1] <= max(line_end, end)


test_many_times_a_range_reads_no_further_than_its_last_line = many(
    test_a_range_reads_no_further_than_its_last_line, texts, st.integers(1, 40), st.integers(0, 100)
)


csv_lines = st.lists(
    st.sampled_from(
        [b"1,2,3", b"1,2", b"1,2,3,4", b"1,2,", b"", b"\xff,2,3", b'"1",2,3', b'"1"x,2,3', b"1,2\r,3"]
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=25)
@given(csv_lines, st.integers(3, 60), st.integers(1, 17), st.booleans())
def test_pieces_add_up_to_what_one_pass_finds(
    rows: list[bytes], size: int, chunk: int, ends_with_newline: bool
) -> None:
    content = b"\n".join([b"a,b,c", *rows]) + (b"\n" if ends_with_newline else b"")
    whole = Piece("train", "train/a.csv", DATA, "train/a.csv", '"1"', len(content), 0, len(content))
    form = {"Format": "csv", "Header": True, "Delimiter": ",", "Label": "c", "MaximumBadRows": 0}
    channel = {"Objects": 1, "Bytes": len(content), "Columns": ["a", "b", "c"], "Width": 3}
    plan = {"Format": form, "Channels": {"train": channel}}

    def merged(pieces: list[Piece]) -> dict[str, Any]:
        notes = []
        for piece in pieces:
            stream = chunked(content, reading_from(piece.start), chunk)
            wanted = expected(form, channel, divided=piece.divided)
            found = check(blocks(stream, piece.start, piece.end), wanted, beginning=piece.start == 0)
            notes.append(noted(piece, found, None))
        return merge(plan, notes)

    assert merged(list(divide(whole, size))) == merged([whole])
    once = merged([whole])
    assert once["Rows"] == sum(1 for row in rows if row)
    assert once["BadRows"] == sum(1 for row in rows if row not in (b"", b"1,2,3", b'"1",2,3'))
    assert [int(problem.split(":")[1]) for problem in once["Problems"]] == [
        number for number, row in enumerate(rows, 2) if row not in (b"", b"1,2,3", b'"1",2,3')
    ]


test_many_times_pieces_add_up_to_what_one_pass_finds = many(
    test_pieces_add_up_to_what_one_pass_finds,
    csv_lines,
    st.integers(3, 60),
    st.integers(1, 17),
    st.booleans(),
)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 900), max_size=40), st.integers(50, 300), st.integers(1, 5))
def test_parts_hold_every_byte_of_every_object_once(sizes: list[int], limit: int, most: int) -> None:
    pieces = [Piece("train", f"train/{n}", DATA, str(n), "", size, 0, size) for n, size in enumerate(sizes)]
    grouped = list(parts(pieces, size=limit, objects=most))
    assert all(part and len(part) <= most for part in grouped)
    assert all(sum(piece.end - piece.start for piece in part) <= limit for part in grouped)
    ranges: dict[str, list[tuple[int, int]]] = {}
    for part in grouped:
        for piece in part:
            ranges.setdefault(piece.key, []).append((piece.start, piece.end))
    for number, size in enumerate(sizes):
        found = ranges[str(number)]
        assert found[0][0] == 0
        assert found[-1][1] == size
        assert all(before[1] == after[0] for before, after in itertools.pairwise(found))


test_many_times_parts_hold_every_byte_of_every_object_once = many(
    test_parts_hold_every_byte_of_every_object_once,
    st.lists(st.integers(1, 900), max_size=40),
    st.integers(50, 300),
    st.integers(1, 5),
)


def test_a_large_object_is_checked_in_parts_with_exact_lines(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logic.parts, "__kwdefaults__", {"size": 1000, "objects": 10})
    put(s3, "train/a.csv", HEADER + ROW * 300 + "1,2\n" + ROW * 300)
    with pytest.raises(DatasetInvalid, match=r"1 of 601 rows are bad.*train/a\.csv:302: 2 fields"):
        run(s3)
    plan = json.loads(
        s3.get_object(Bucket=ARTIFACTS, Key="runs/credit-approval/abcdefghij/check/plan.json")["Body"].read()
    )
    assert plan["Parts"] == 13


def test_a_line_that_is_too_long_is_not_kept() -> None:
    endless = (b"x" * 1_000_000 for _ in itertools.count())
    with pytest.raises(LineTooLongError):
        list(blocks(endless, 0, 10**12))


@pytest.mark.parametrize(
    "megabytes", ["4", *(pytest.param(size, marks=pytest.mark.thorough) for size in ("1", "40"))]
)
def test_memory_stays_flat_whatever_the_size(megabytes: str) -> None:
    command = [sys.executable, "-m", "tools.bench_functions", "check", megabytes]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert float(done.stdout.split()[0]) < MOST_GROWTH / 4


def test_lines_after_a_piece_that_was_not_read_to_its_end_are_not_told() -> None:
    piece = Piece("train", "train/a.csv", DATA, "train/a.csv", '"1"', 30, 0, 10)
    channel = {"Objects": 1, "Bytes": 30, "Columns": None, "Width": 2}
    found = [
        Findings(lines=4, rows=4, bad=1, problems=[(3, "1 fields")]),
        Findings(lines=2, refused=(2, "a line is longer than 8 MiB")),
        Findings(lines=5, rows=5, bad=1, problems=[(1, "1 fields")], refused=(5, "a line break")),
    ]
    notes = [noted(piece, one, None) for one in found]
    merged = merge({"Format": FORM, "Channels": {"train": channel}}, notes)
    assert merged["Problems"] == ["train/a.csv:3: 1 fields"]
    assert merged["Refused"] == ["train/a.csv:6: a line is longer than 8 MiB"]
    assert merged["BadRows"] == 2
