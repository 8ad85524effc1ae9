"""The example that converts a CSV file writes what the data check takes, and asks nothing it has told."""

import csv
import importlib.util
import io
import json
from pathlib import Path
from types import ModuleType

import pytest

from dataset_check.formats import FORMATS
from dataset_check.records import Reader, check_records

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "examples_to_jsonl.py"
FORMS = {
    "sft/train.jsonl": "prompt_completion",
    "sft/validation.jsonl": "prompt_completion",
    "dpo/train.jsonl": "preference",
    "bedrock/train.jsonl": "converse",
    "evaluation.jsonl": "evaluation",
}
ROWS = [(f"How do I do {number}?", f"So, like {number}.\nThen “wait”.", "No.") for number in range(200)]


@pytest.fixture(scope="module")
def example() -> ModuleType:
    """The example as a module."""
    spec = importlib.util.spec_from_file_location("examples_to_jsonl", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table(*rows: tuple[str, ...], header: tuple[str, ...] = ("question", "answer", "rejected")) -> str:
    """A CSV file as a spreadsheet writes it."""
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue()


def asked(line: str) -> str:
    """The question of a line of any of the forms."""
    record = json.loads(line)
    if "messages" in record:
        return str(record["messages"][0]["content"][0]["text"])
    prompt = record.get("prompt") or record["query"]
    return str(prompt if isinstance(prompt, str) else prompt[-1]["content"])


@pytest.mark.parametrize("system", ["", "You help."])
def test_every_file_is_sound_for_the_data_check_and_of_one_form(
    example: ModuleType, tmp_path: Path, system: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "examples.csv").write_text("\ufeff" + table(*ROWS), encoding="utf-8", newline="")
    told = ["--system", system] if system else []
    assert example.main([str(tmp_path / "examples.csv"), str(tmp_path / "data"), *told]) == 0
    printed = capsys.readouterr().out
    for name, form in FORMS.items():
        entries: list[bytes] = []
        content = (tmp_path / "data" / name).read_bytes()
        found = check_records([content], Reader(FORMATS[form], None, 0, entries.append), beginning=True)
        assert (found.bad, found.problems) == (0, [])
        assert len(found.forms) <= 1
        assert found.rows == content.count(b"\n") == len(set(entries)) >= 8
        assert f" {found.rows} lines in {tmp_path / 'data' / name}\n" in printed
        assert (b"You help." in content) == bool(system)


def test_each_question_is_learnt_validated_or_asked_and_none_is_lost(example: ModuleType) -> None:
    found = example.files(example.read(io.StringIO(table(*ROWS), newline="")))
    learnt, validated, questions = ({asked(line) for line in found[name]} for name in example.NEEDED)
    assert len(learnt) + len(validated) + len(questions) == len(ROWS)
    assert learnt | validated | questions == {question for question, *_ in ROWS}
    for name in ("dpo/train.jsonl", "bedrock/train.jsonl"):
        assert {asked(line) for line in found[name]} == learnt
    assert 0.7 < len(learnt) / len(ROWS) < 0.9


def test_a_question_stays_where_it_is_however_it_is_spelled_and_whatever_is_added(
    example: ModuleType,
) -> None:
    before = example.files(example.read(io.StringIO(table(*ROWS[:100]), newline="")))
    after = example.files(example.read(io.StringIO(table(*ROWS[100:], *ROWS[:100]), newline="")))
    assert all(set(before[name]) <= set(after[name]) for name in FORMS)
    assert all(example.share(f"  {row[0].upper()} ") == example.share(row[0]) for row in ROWS)


def test_a_row_that_is_there_twice_and_one_without_rejected_answer_are_written_once(
    example: ModuleType,
) -> None:
    question = next(row[0] for row in ROWS if example.share(row[0]) == "train")
    rows = [(question, "Yes.", "No."), (question, "Yes.", "No."), (question, "Yes.", "")]
    found = example.files(example.read(io.StringIO(table(*rows), newline="")))
    assert [len(found[name]) for name in FORMS] == [1, 0, 1, 1, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: no column question, answer; there is: nothing"),
        ("Question,answer\n", "line 1: no column question; there is: Question, answer"),
        ("question,answer\nHow?,So.\nWhy?, \n", "line 3: answer is empty"),
        ("question,answer\nHow?\n", "line 2: answer is empty"),
        ("question,answer\n,So.\n", "line 2: question is empty"),
        ("question,answer\nHow?,So, and so.\n", "line 2: more columns than the header has: quote such texts"),
        ("question,answer,rejected\nHow?,So.,So.\n", "line 2: rejected is the same as answer"),
        ('question,answer\nHow?,"So."?\n', "line 2: ',' expected after '\"'"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_line(example: ModuleType, text: str, message: str) -> None:
    with pytest.raises(example.CsvError) as refused:
        list(example.read(io.StringIO(text, newline="")))
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (table(("How?", "So.", "")).encode(), "too few different questions, none is left for "),
        ("question,answer\nGrüße?,So.\n".encode("latin-1"), "'utf-8' codec can't decode byte"),
    ],
)
def test_nothing_is_written_of_a_file_that_cannot_be_used(
    example: ModuleType, tmp_path: Path, content: bytes, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "examples.csv").write_bytes(content)
    assert example.main([str(tmp_path / "examples.csv"), str(tmp_path / "data")]) == 1
    assert capsys.readouterr().err.startswith(f"{tmp_path / 'examples.csv'}: {message}")
    assert not (tmp_path / "data").exists()


def test_columns_and_delimiter_are_those_that_the_file_has(example: ModuleType, tmp_path: Path) -> None:
    rows = "".join(f"{question};{' '.join(answer.split())}\n" for question, answer, _ in ROWS)
    (tmp_path / "faq.csv").write_text(f"Frage;Antwort\n{rows}", encoding="utf-8")
    columns = ["--question", "Frage", "--answer", "Antwort", "--delimiter", ";"]
    assert example.main([str(tmp_path / "faq.csv"), str(tmp_path / "data"), *columns]) == 0
    assert not (tmp_path / "data" / "dpo").exists()
    assert len((tmp_path / "data" / "sft" / "train.jsonl").read_text(encoding="utf-8").splitlines()) > 100
