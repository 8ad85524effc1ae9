"""One's own reward function: the template works where it is deployed, and mistakes are found before that."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from reward_contract import assert_valid, chat, errors

from mlplatform.customization.reward_source import faults

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "reward_function.py"
GOOD = "def score(answer, reference, sample):\n    return 1.0\n"

CALL = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
handler = importlib.import_module(sys.argv[2]).handler
print(json.dumps(handler(json.load(sys.stdin), None)))
"""


def _deployed(
    package: Path, module: str, event: Any, variables: dict[str, str], source: str | None = None
) -> Any:
    """What a function answers in a Python of its own: the packages it is deployed with, no other library."""
    for name in {"rewards", module.partition(".")[0]}:
        shutil.copytree(ROOT / "lambda" / name, package / name, ignore=shutil.ignore_patterns("__pycache__"))
    if source is not None:
        (package / "reward.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-I", "-S", "-c", CALL, str(package), module]
    ran = subprocess.run(
        command, input=json.dumps(event), env=variables, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_the_template_scores_in_a_package_of_its_own(tmp_path: Path) -> None:
    said = "Sorry to hear that. We block the card at once and send a new one within 5 days."
    event = [
        chat(said, reference_answer={"text": "block the card; within 5 days"}),
        chat(said, reference_answer="block the card; 12 euros"),
        chat("Thanks!", reference_answer="block the card"),
        chat("block the card " * 100, reference_answer="block the card"),
        chat(said),
        chat(None, reference_answer="block the card"),
        7,
    ]
    source = EXAMPLE.read_text(encoding="utf-8")
    found = assert_valid(event, _deployed(tmp_path, "rewards.own", event, {}, source))
    scores = [one["aggregate_reward_score"] for one in found]
    assert scores == pytest.approx([1.0, 0.5, 0.0, 0.8, 0.0, 0.0, 0.0])
    assert [errors(one) for one in found[:5]] == [[]] * 5


@pytest.mark.parametrize("module", ["reward_exact_match.handler", "reward_json_schema.handler"])
def test_the_platforms_functions_need_nothing_but_the_standard_library(module: str, tmp_path: Path) -> None:
    event = [chat("42", reference_answer="42", json_schema={"type": "integer"})]
    answer = _deployed(tmp_path, module, event, {"ANSWER_FORM": "http"})
    (found,) = assert_valid(event, answer, "http")
    assert found["aggregate_reward_score"] == 1.0


def test_the_template_has_no_fault() -> None:
    assert faults(EXAMPLE.read_bytes(), "reward_function.py") == []


@pytest.mark.parametrize(
    "source",
    [
        GOOD,
        "def score(a, b, /, c): return 1",
        "def score(a, b, c, *more, d=1, **rest): return 1",
        "def score(a): return 1\n" + GOOD,
        "from __future__ import annotations\nimport re, json.decoder\n" + GOOD,
        "def score(answer: str, reference: object, sample: dict) -> float:\n    return '\\d' in answer",
    ],
)
def test_what_can_be_called_with_three_values_is_taken(source: str) -> None:
    assert faults(source, "reward.py") == []


WANTED = "wanted: def score(answer, reference, sample)"
STANDARD = "allowed: modules of Python's standard library"
FAULTY = [
    ("", [f"1: score is missing at the top level, {WANTED}"]),
    ("score = 1\n", [f"1: score is missing at the top level, {WANTED}"]),
    ("class A:\n    def score(self, a, b): pass\n", [f"1: score is missing at the top level, {WANTED}"]),
    (
        "\ndef score(answer): return 1\n",
        [f"2: score is called with three values, given: (answer), {WANTED}"],
    ),
    (
        "def score(a, b, c, *, d): return 1\n",
        [f"1: score is called with three values, given: (a, b, c, *, d), {WANTED}"],
    ),
    ("async def score(a, b, c): return 1\n", [f"1: score is a coroutine, {WANTED}"]),
    ("class score:\n    pass\n", [f"1: score is a class, {WANTED}"]),
    ("import numpy as np\n" + GOOD, [f"1: imports numpy, {STANDARD}"]),
    ("import os, boto3.session\n" + GOOD, [f"1: imports boto3.session, {STANDARD}"]),
    (GOOD + "    from rewards import batch\n", [f"3: imports rewards, {STANDARD}"]),
    ("from distutils import log\n" + GOOD, [f"1: imports distutils, {STANDARD}"]),
    ("import cgi\n" + GOOD, [f"1: imports cgi, {STANDARD}"]),
    ("from . import helpers\n" + GOOD, ["1: relative import: the file is deployed alone"]),
    (
        "def score(a): return requests\nimport requests",
        [
            f"1: score is called with three values, given: (a), {WANTED}",
            f"2: imports requests, {STANDARD}",
        ],
    ),
    ("x = 1\ndef score(answer:\n", ["2: this is not Python: '(' was never closed"]),
    ("x = '\x00'", ["1: this is not Python: source code string cannot contain null bytes"]),
    (b"\xff", ["1: this is not Python: "]),
    ("(" * 300, ["1: this is not Python: too many nested parentheses"]),
    ("x = " + "-" * 100_000 + "1", ["1: this is not Python: "]),
]


@pytest.mark.parametrize(("source", "wanted"), FAULTY)
def test_mistakes_are_told_by_file_and_line(source: str | bytes, wanted: list[str]) -> None:
    found = [str(fault) for fault in faults(source, "models/a/reward.py")]
    assert len(found) == len(wanted)
    for one, line in zip(found, wanted, strict=True):
        assert one.startswith(f"models/a/reward.py:{line}")
