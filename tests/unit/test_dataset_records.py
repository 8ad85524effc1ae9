"""The check of data sets for customizing models: exact lines, equal records, numbers, what is kept."""

import io
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_check import digests, lines, logic, objects, records
from dataset_check.digests import ENTRY, Same, duplicates
from dataset_check.formats import FORMATS
from dataset_check.handler import handle
from dataset_check.ledger import Ledger, record_note, refuse_large
from dataset_check.logic import DatasetEmpty, DatasetInvalid, DatasetUnreadable, Piece
from tools.bench_functions import MOST_GROWTH

ROOT = Path(__file__).parents[2]
DATA, ARTIFACTS = "acme-dev-data", "acme-dev-artifacts"
FOLDER = f"s3://{ARTIFACTS}/runs/support-assistant/abcdefghij/check"


def pair(number: int, answer: str = "Hello") -> str:
    """A sound line, one of its own for every number."""
    return json.dumps({"prompt": f"Question {number}", "completion": answer})


class Memory:
    """As much of S3 as the check uses, in memory: the same answers as the service's, at no cost in time."""

    def __init__(self, **data: bytes) -> None:
        self.kept = {f"{name.replace('__', '/')}.jsonl": content for name, content in data.items()}

    def get_paginator(self, _: str) -> "Memory":
        """The list of objects is its own paginator."""
        return self

    def paginate(self, **members: str) -> Iterator[dict[str, Any]]:
        """List the data objects."""
        yield {
            "Contents": [
                {"Key": key, "Size": len(self.kept[key]), "ETag": '"1"'}
                for key in sorted(self.kept)
                if key.startswith(members["Prefix"])
            ]
        }

    def put_object(self, **members: Any) -> None:
        """Keep an object."""
        self.kept[members["Key"]] = members["Body"]

    def get_object(self, **members: str) -> dict[str, Any]:
        """Give an object, or a range of it."""
        start, _, last = members.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        return {"Body": io.BytesIO(self.kept[members["Key"]][int(start) : int(last) + 1 if last else None])}


@pytest.fixture
def s3() -> Any:
    """An S3 without any object."""
    return Memory()


@pytest.fixture
def versioned(aws: None) -> Any:
    """An S3 that knows one version of an object from another."""
    client = boto3.client("s3", region_name="eu-west-1")
    for bucket in (DATA, ARTIFACTS):
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return client


def put(s3: Any, key: str, *written: str) -> None:
    """Store a data object of these lines."""
    s3.put_object(Bucket=DATA, Key=key, Body="".join(f"{line}\n" for line in written).encode())


def run(s3: Any, *channels: str, **form: Any) -> dict[str, Any]:
    """Plan, check and report as the workflow does; the report's result."""
    locations = {channel: f"s3://{DATA}/{channel}/" for channel in channels or ("train",)}
    form = {"Format": "prompt_completion", "MaximumBadRows": 0} | form
    planned = handle({"Action": "plan", "Locations": locations, "Format": form, "Folder": FOLDER}, s3=s3)
    for part in planned["Parts"]:
        handle({"Action": "check", "Plan": planned["Plan"], "Part": part}, s3=s3)
    return handle({"Action": "report", "Plan": planned["Plan"]}, s3=s3)


def kept(s3: Any, name: str) -> str:
    """What was written beside the plan."""
    key = f"{FOLDER.removeprefix(f's3://{ARTIFACTS}/')}/{name}"
    return str(s3.get_object(Bucket=ARTIFACTS, Key=key)["Body"].read().decode())


def report(s3: Any) -> dict[str, Any]:
    """The report that was written."""
    return dict(json.loads(kept(s3, "report.json")))


def test_a_sound_data_set_is_counted_and_summed_up(s3: Any) -> None:
    put(s3, "train/a.jsonl", *map(pair, range(5)), "")
    put(s3, "validation/b.jsonl", pair(9))
    assert run(s3, "train", "validation", SequenceLength="4K") == {
        "Rows": 6,
        "BadRows": 0,
        "Duplicates": {"Rows": 0, "Records": 0, "Are": "report", "First": []},
        "Report": f"{FOLDER}/report.json",
        "Listed": f"{FOLDER}/problems.jsonl",
        "Problems": [],
    }
    assert kept(s3, "problems.jsonl") == ""
    assert report(s3)["Forms"] == {"prompt and completion": "train/a.jsonl:1"}


def test_bad_records_are_listed_with_object_line_field_and_reason(s3: Any) -> None:
    put(s3, "train/a.jsonl", pair(1), '{"prompt": "Hi", "completion": ""}', pair(2))
    put(s3, "train/b.jsonl", "", "nonsense")
    with pytest.raises(DatasetInvalid) as caught:
        run(s3)
    assert str(caught.value) == (
        "2 of 4 rows are bad, allowed: 0: train/a.jsonl:2: completion is empty; train/b.jsonl:2: not JSON: "
        f"Expecting value at character 1; the whole report: {FOLDER}/report.json"
    )
    assert [json.loads(line) for line in kept(s3, "problems.jsonl").splitlines()] == [
        {"Object": "train/a.jsonl", "Line": 2, "Field": "completion", "Reason": "is empty"},
        {
            "Object": "train/b.jsonl",
            "Line": 2,
            "Field": None,
            "Reason": "not JSON: Expecting value at character 1",
        },
    ]
    assert run(s3, MaximumBadRows=2)["BadRows"] == 2


def test_the_list_ends_after_its_first_lines_and_the_count_does_not(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logic.parts, "__kwdefaults__", {"size": 3000, "objects": 10})
    put(s3, "train/a.jsonl", *["{}"] * 2500, *map(pair, range(10)))
    with pytest.raises(DatasetInvalid, match="2500 of 2510 rows are bad"):
        run(s3)
    listed = [json.loads(line)["Line"] for line in kept(s3, "problems.jsonl").splitlines()]
    assert listed == list(range(1, records.MOST_LISTED + 1))
    assert len(report(s3)["Problems"]) == 100


def test_a_part_notes_no_more_problems_than_the_list_takes(s3: Any) -> None:
    put(s3, "train/a.jsonl", *["{}"] * 800)
    put(s3, "train/b.jsonl", *["{}"] * 800)
    with pytest.raises(DatasetInvalid, match="1600 of 1600"):
        run(s3)
    assert [len(note["Problems"]) for note in json.loads(kept(s3, "part-0.json"))] == [800, 200]


def test_equal_records_are_reported_with_both_lines_whatever_they_are_written_like(s3: Any) -> None:
    put(s3, "train/a.jsonl", pair(1), pair(2), '{ "completion": "Hello", "prompt": "Question\\u00201" }')
    put(s3, "validation/b.jsonl", pair(3), pair(2), pair(1))
    found = run(s3, "train", "validation")
    assert found["BadRows"] == 0
    assert found["Duplicates"] == {
        "Rows": 3,
        "Records": 2,
        "Are": "report",
        "First": [
            "train/a.jsonl:3 is the same as train/a.jsonl:1",
            "validation/b.jsonl:2 is the same as train/a.jsonl:2",
            "validation/b.jsonl:3 is the same as train/a.jsonl:1",
        ],
    }


def test_equal_records_are_bad_ones_where_they_are_refused(s3: Any) -> None:
    put(s3, "train/a.jsonl", pair(1), "{}", pair(1), pair(2), pair(1))
    with pytest.raises(DatasetInvalid, match="3 of 5 rows are bad"):
        run(s3, Duplicates="refuse")
    assert report(s3)["Problems"] == [
        "train/a.jsonl:2: prompt is missing",
        "train/a.jsonl:3: is the same as train/a.jsonl:1",
        "train/a.jsonl:5: is the same as train/a.jsonl:1",
    ]
    assert [json.loads(line)["Line"] for line in kept(s3, "problems.jsonl").splitlines()] == [2, 3, 5]
    assert run(s3, Duplicates="refuse", MaximumBadRows=3)["Duplicates"]["Rows"] == 2


def test_bad_records_are_no_duplicates_of_each_other(s3: Any) -> None:
    put(s3, "train/a.jsonl", "{}", "{}", pair(1))
    assert run(s3, MaximumBadRows=2)["Duplicates"]["Rows"] == 0


def test_a_data_set_of_two_forms_is_refused_with_both_lines(s3: Any) -> None:
    put(s3, "train/a.jsonl", pair(1), '{"input": "Hi", "output": "Hello"}', pair(2))
    put(
        s3,
        "train/b.jsonl",
        json.dumps(
            {
                "prompt": [{"role": "user", "content": "Hi"}],
                "completion": [{"role": "assistant", "content": "Hello"}],
            }
        ),
    )
    with pytest.raises(DatasetInvalid) as caught:
        run(s3)
    assert str(caught.value) == (
        "train/a.jsonl:2: has input and output, where train/a.jsonl:1 has prompt and completion: "
        "a data set has one form; train/b.jsonl:1: has prompt and completion as messages, where "
        "train/a.jsonl:1 has prompt and completion: a data set has one form; "
        f"the whole report: {FOLDER}/report.json"
    )


def block(name: str, form: str) -> str:
    """A conversation about an image or a video."""
    source = {"s3Location": {"uri": "s3://acme-data/file"}}
    content = [{"text": f"What is in this {name}?"}, {name: {"format": form, "source": source}}]
    answer = {"role": "assistant", "content": [{"text": "A wheel"}]}
    version = "bedrock-conversation-2024"
    return json.dumps({"schemaVersion": version, "messages": [{"role": "user", "content": content}, answer]})


def test_a_data_set_has_images_or_videos_beside_text_but_not_both(s3: Any) -> None:
    text = (
        {"role": "user", "content": [{"text": "Hi"}]},
        {"role": "assistant", "content": [{"text": "Hello"}]},
    )
    plain = json.dumps({"schemaVersion": "bedrock-conversation-2024", "messages": text})
    put(s3, "train/a.jsonl", plain, block("image", "png"))
    assert run(s3, Format="converse", MinimumRows=1)["Rows"] == 2
    put(s3, "train/b.jsonl", block("video", "mp4"))
    with pytest.raises(DatasetInvalid, match=r"b\.jsonl:1: has videos, where train/a\.jsonl:2 has images"):
        run(s3, Format="converse", MinimumRows=1)


def test_fewer_records_than_a_job_takes_are_refused(s3: Any) -> None:
    put(s3, "train/a.jsonl", *[block("image", "png")] * 7, "{}")
    put(s3, "validation/b.jsonl", block("image", "png"))
    with pytest.raises(DatasetInvalid, match="train has 7 sound records, needed: 8; the whole report"):
        run(s3, "train", "validation", Format="converse", MaximumBadRows=1)
    assert run(s3, "validation", Format="converse", MinimumRows=1)["Rows"] == 1
    with pytest.raises(DatasetInvalid, match="validation has 1 sound records, needed: 8"):
        run(s3, "validation", Format="converse")


def test_more_records_than_a_job_takes_are_refused(s3: Any) -> None:
    put(s3, "train/a.jsonl", *map(pair, range(3)))
    put(s3, "validation/b.jsonl", pair(9))
    assert run(s3, "train", "validation", MaximumRows=4)["Rows"] == 4
    with pytest.raises(DatasetInvalid, match="there are 4 records in all, allowed: 3"):
        run(s3, "train", "validation", MaximumRows=3)


def test_records_without_a_sound_one_are_an_empty_channel(s3: Any) -> None:
    put(s3, "train/a.jsonl", "{}", "")
    with pytest.raises(DatasetEmpty, match="train has no rows"):
        run(s3, MaximumBadRows=1)


def test_documented_limits_hold_unless_the_settings_say_otherwise(s3: Any) -> None:
    put(s3, "train/a.jsonl", pair(1))
    run(s3)
    assert [report(s3)[name] for name in ("MinimumRows", "MaximumRows")] == [1, None]
    limits = {name: (form.fewest, form.most) for name, form in FORMATS.items() if form.fewest > 1}
    assert limits == {
        "converse": (8, 20_000),
        "converse_preference": (8, 20_000),
        "reinforcement": (100, 20_000),
    }


def test_an_object_that_is_too_large_is_refused_by_its_size() -> None:
    large = Piece("train", "train/a.jsonl", DATA, "train/a.jsonl", '"1"', 2**30 + 1, 0, 2**30 + 1)
    with pytest.raises(DatasetInvalid, match=r"train/a\.jsonl has 1073741825 bytes, allowed: 1073741824"):
        refuse_large(large, FORMATS["chat"])
    refuse_large(large, FORMATS["continued_pretraining"])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"Duplicates": "drop"}, "Duplicates is 'drop', allowed: report, refuse"),
        ({"SequenceLength": "4096"}, "SequenceLength is '4096', allowed: 1K to 1024K"),
    ],
)
def test_a_setting_without_meaning_is_refused_before_anything_is_read(
    s3: Any, setting: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        run(s3, **setting)


def test_records_that_are_too_long_are_bad_ones(s3: Any) -> None:
    put(s3, "train/a.jsonl", pair(1), pair(2, "x" * 5000))
    with pytest.raises(DatasetInvalid, match=r"a\.jsonl:2: has about 1253 tokens .*, allowed: 1024"):
        run(s3, SequenceLength="1K")


@pytest.mark.parametrize("longest", [200_000, pytest.param(None, marks=pytest.mark.thorough)])
def test_a_line_without_end_is_refused_before_it_fills_the_memory(
    s3: Any, monkeypatch: pytest.MonkeyPatch, longest: int | None
) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE", longest or lines.LONGEST_LINE)
    put(s3, "train/a.jsonl", pair(1), "x" * (2 * lines.LONGEST_LINE))
    with pytest.raises(DatasetInvalid, match=r"train/a\.jsonl:2: a line is longer than 8 MiB"):
        run(s3)


def test_an_object_that_changed_since_the_plan_is_unreadable(versioned: Any) -> None:
    put(versioned, "train/a.jsonl", pair(1))
    put(versioned, "train/b.jsonl", pair(1))
    form = {"Format": "prompt_completion"}
    locations = {"train": f"s3://{DATA}/train/"}
    planned = handle(
        {"Action": "plan", "Locations": locations, "Format": form, "Folder": FOLDER}, s3=versioned
    )
    put(versioned, "train/a.jsonl", pair(2))
    handle({"Action": "check", "Plan": planned["Plan"], "Part": 0}, s3=versioned)
    with pytest.raises(DatasetUnreadable, match=r"train/a\.jsonl: changed while it was being checked"):
        handle({"Action": "report", "Plan": planned["Plan"]}, s3=versioned)


def test_what_may_pass_is_left_to_the_state_machine_to_try_again() -> None:
    class Busy(Memory):
        def get_object(self, **members: str) -> dict[str, Any]:
            if members["Key"] == "train/a.jsonl" and self.planned:
                details = {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}}
                raise ClientError(details, "GetObject")
            return super().get_object(**members)

        planned = False

    store = Busy(train__a=pair(1).encode())
    form = {"Format": "prompt_completion"}
    locations = {"train": f"s3://{DATA}/train/"}
    planned = handle({"Action": "plan", "Locations": locations, "Format": form, "Folder": FOLDER}, s3=store)
    store.planned = True
    with pytest.raises(ClientError, match="SlowDown"):
        handle({"Action": "check", "Plan": planned["Plan"], "Part": 0}, s3=store)


def test_lines_after_a_piece_that_was_not_read_to_its_end_are_not_told() -> None:
    piece = Piece("train", "train/a.jsonl", DATA, "train/a.jsonl", '"1"', 30, 0, 10)
    one = records.RecordFindings(lines=2, rows=2, refused=(3, "a line is longer than 8 MiB"))
    two = records.RecordFindings(lines=2, rows=2, bad=1, problems=[(2, "prompt is missing")])
    found = duplicates([[b"".join(ENTRY.pack(b"x" * 16, number, 1) for number in (0, 1))]], 10)
    kept = Ledger(found, {"Format": "chat", "Duplicates": "refuse"})
    notes = list(kept.follow(enumerate(record_note(piece, each, None) for each in (one, two))))
    assert (kept.listed, kept.members()["Duplicates"]["First"]) == ([], [])
    assert [note["BadRows"] for note in notes] == [0, 2]


def conversation(*texts: str) -> str:
    """A line of Converse's form."""
    turns = [
        {"role": ("user", "assistant")[number % 2], "content": [{"text": text}]}
        for number, text in enumerate(texts)
    ]
    return json.dumps({"schemaVersion": "bedrock-conversation-2024", "messages": turns})


def chat(*texts: str, **others: Any) -> str:
    """A line of OpenAI's form."""
    turns = [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(texts)]
    return json.dumps({"messages": turns} | others)


def preferred(one: str, other: str) -> str:
    """A line of Converse's form with two candidates."""
    candidates = [
        {"content": [{"text": text}], "preferenceLabel": label}
        for text, label in ((one, "preferred"), (other, "non-preferred"))
    ]
    question = {"role": "user", "content": [{"text": "Hi"}]}
    return json.dumps({"messages": [question, {"role": "assistant", "candidates": candidates}]})


LINES: dict[str, list[str]] = {
    "prompt_completion": [
        pair(1),
        pair(2),
        '{"completion":"Hello","prompt":"Question 1"}',
        '{"input": "a", "output": "b"}',
    ],
    "chat": [chat("a", "b"), chat("a", "c"), chat("a", "b", id=1), chat("a")],
    "preference": [
        '{"prompt": "a", "chosen": "b", "rejected": "c"}',
        '{"chosen": "b", "prompt": "a", "rejected": "c"}',
        '{"prompt": "a", "chosen": "b", "rejected": "b"}',
    ],
    "verifiable": ['{"prompt": "a"}', '{"prompt": "b", "ability": "x"}', '{"prompt": [{"role": "user"}]}'],
    "converse": [conversation("a", "b"), conversation("ü", "b"), block("image", "png"), conversation("a")],
    "converse_preference": [preferred("a", "b"), preferred("b", "a"), preferred("a", "a")],
    "reinforcement": [chat("a", reference_answer=1), chat("b", reference_answer={"x": 1}), chat("a")],
    "bedrock_prompt": [pair(1), pair(2), '{"prompt": "a"}'],
    "bedrock_chat": [chat("a", "b"), chat("a", "b", system="x"), chat("a", "b", id=1)],
    "continued_pretraining": ['{"input": "a"}', '{"input": "b"}', '{"input": ""}'],
    "evaluation": ['{"query": "a"}', '{"query": "b", "metadata": 1}', '{"query": "a", "images": []}'],
}
ODD = ["", "  ", "nonsense", "[", '{"a": 1,', '"prompt": "a"}', "\\ud800", '{"prompt": "\\ud800"}', "1 2"]


def outcome(content: bytes, second: bytes, form: dict[str, Any], **sizes: int) -> tuple[Any, ...]:
    """All that comes of a check: the report but for the plan's sizes, the list, the summary or the error."""
    store = Memory(train__a=content, train__b=second, validation__c=content[: len(content) // 2] or b"\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logic.parts, "__kwdefaults__", {"size": sizes["size"], "objects": sizes["objects"]})
        patch.setattr(objects, "CHUNK", sizes["chunk"])
        patch.setattr(digests.Runs.put_away, "__defaults__", (sizes["run"],))
        patch.setattr("dataset_check.parts.READ", sizes["read"])
        patch.setattr("dataset_check.parts._MERGING", sizes["read"])
        try:
            result: Any = run(store, "train", "validation", **form)
        except logic.DatasetError as error:
            result = (type(error), str(error))
    return result, kept(store, "report.json"), kept(store, "problems.jsonl")


@st.composite
def contents(draw: st.DrawFn) -> tuple[str, bytes, bytes]:
    """A format and two objects of its sound and malformed lines, some not even UTF-8."""
    format = draw(st.sampled_from(sorted(FORMATS)))
    line = st.sampled_from([*LINES[format] * 3, *ODD]).map(str.encode) | st.just(b'{"a": "\xff"}')
    end = draw(st.sampled_from([b"\n", b"\r\n"]))
    first, second = (end.join(draw(st.lists(line, min_size=1, max_size=14))) for _ in range(2))
    return format, (first or b"\n") + draw(st.sampled_from([b"", end])), second or b"\n"


ONCE = {"size": 10**6, "objects": 1000, "chunk": 10**6, "run": 10**6, "read": 10**6}
CUTS = st.fixed_dictionaries(
    {
        "size": st.integers(7, 300),
        "objects": st.integers(1, 3),
        "chunk": st.integers(1, 100),
        "run": st.integers(1, 5),
        "read": st.integers(1, 60),
    }
)


def parts_agree(drawn: tuple[str, bytes, bytes], cuts: dict[str, int], choice: str, bad: int) -> None:
    """What parts add up to is what one pass finds."""
    format, first, second = drawn
    form = {
        "Format": format,
        "Duplicates": choice,
        "MinimumRows": 0,
        "MaximumBadRows": bad,
        "SequenceLength": 4,
    }
    assert outcome(first, second, form, **cuts) == outcome(first, second, form, **ONCE)


CHOICES = st.sampled_from(["report", "refuse"])
DRAWN = (contents(), CUTS, CHOICES, st.sampled_from([0, 99]))


@settings(deadline=None, max_examples=25)
@given(*DRAWN)
def test_parts_cut_at_any_byte_add_up_to_what_one_pass_finds(
    drawn: tuple[str, bytes, bytes], cuts: dict[str, int], choice: str, bad: int
) -> None:
    parts_agree(drawn, cuts, choice, bad)


@pytest.mark.thorough
@settings(deadline=None, max_examples=2000)
@given(*DRAWN)
def test_many_parts_cut_at_any_byte_add_up_to_what_one_pass_finds(
    drawn: tuple[str, bytes, bytes], cuts: dict[str, int], choice: str, bad: int
) -> None:
    parts_agree(drawn, cuts, choice, bad)


@pytest.mark.parametrize("format", LINES)
def test_every_byte_of_every_format_is_a_place_to_cut(format: str) -> None:
    content = "\n".join([*LINES[format], *LINES[format]]).encode()
    form = {"Format": format, "Duplicates": "refuse", "MinimumRows": 0, "MaximumBadRows": 99}
    once = outcome(content, b"\n", form, **ONCE)
    for size in range(1 + len(content) // 20, len(content), 67):
        cuts = {"size": size, "objects": 2, "chunk": 64, "run": 2, "read": 50}
        assert outcome(content, b"\n", form, **cuts) == once


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 12), max_size=60), st.integers(1, 8), st.integers(1, 70), st.integers(0, 9))
def test_duplicates_are_what_a_dictionary_finds(values: list[int], run: int, read: int, most: int) -> None:
    entries = [ENTRY.pack(bytes([value]) * 16, at // 7, at % 7 + 1) for at, value in enumerate(values)]
    runs = [b"".join(sorted(entries[at : at + run])) for at in range(0, len(entries), run)]
    streams = [[one[at : at + read] for at in range(0, len(one), read)] for one in runs]
    found = duplicates(streams, most)
    first: dict[int, tuple[int, int]] = {}
    same = []
    for at, value in enumerate(values):
        place = (at // 7, at % 7 + 1)
        if first.setdefault(value, place) != place:
            same.append(Same(place, first[value]))
    assert found.shown == same[:most]
    assert found.pieces.total() == len(same)
    assert found.groups == len({one.first for one in same})


def test_problems_are_the_first_ones_even_if_wrong_bytes_are_noted_first() -> None:
    bad = [random.Random(1).choice([b"{}", b"\xff", b"nonsense"]) for _ in range(500)]
    reader = records.Reader(FORMATS["chat"], None, 0, lambda _: None)
    found = records.check_records([b"\n".join(bad)], reader, beginning=True, most=20)
    assert [line for line, _ in found.problems] == list(range(1, 21))
    assert found.bad == 500
    assert set(found.fields) <= set(range(1, 21))


@pytest.mark.parametrize("megabytes", ["8", pytest.param("300", marks=pytest.mark.thorough)])
def test_memory_stays_flat_whatever_the_size(megabytes: str) -> None:
    command = [sys.executable, "-m", "tools.bench_functions", "records", megabytes]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert float(done.stdout.split()[0]) < MOST_GROWTH / 2
