"""The report of a verdict: complete, safe to open anywhere, and readable by everyone."""

import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from report_pages import Page
from shadow_series import SHADOW, TIMES, random_series, steady

from release.charts import ceiling, interval, lines
from release.comparisons import Check
from release.judge import Verdict, judge
from release.page import STYLE
from release.report import html, markdown
from release.words import number

CONTEXT: dict[str, Any] = {
    "Model": "credit-approval",
    "Environment": "prod",
    "Endpoint": "acme-prod-credit-approval",
    "ReleaseId": "k3f7x2m4qa",
    "ProductionVersion": 11,
    "ShadowVersion": 12,
    "Start": TIMES[0],
    "End": TIMES[60],
}


def verdict_of(outcome: str) -> tuple[Verdict, dict[str, Any]]:
    """A verdict of each kind, with the context of its report."""
    truth: dict[str, dict[str, Any]] = {
        "pass": {"requests": 300},
        "fail": {"requests": 300, "ratio": 1.5, "errors": (0.002, 0.02)},
        "inconclusive": {"requests": 18},
    }
    series = random_series(np.random.default_rng(3), **truth[outcome])
    verdict = judge(SHADOW, series)
    assert verdict.outcome == outcome
    return verdict, {**CONTEXT, "Series": series}


def every_outcome(test: Any) -> Any:
    """Run a test for a verdict of each kind."""
    return pytest.mark.parametrize("outcome", ["pass", "fail", "inconclusive"])(test)


@every_outcome
def test_a_page_closes_what_it_opens_and_says_everything_that_was_judged(outcome: str) -> None:
    verdict, context = verdict_of(outcome)
    page = Page(html(verdict, context))
    assert not page.open
    assert all(f" {value} " in f"{page.text} " for key, value in CONTEXT.items())
    assert all(check.metric in page.text for check in verdict.checks)
    assert all(check.reason in page.text for check in verdict.checks)
    assert sum(tag == "figure" for tag, _ in page.tags) == 4


@every_outcome
def test_a_page_needs_nothing_else_and_runs_nothing(outcome: str) -> None:
    page = Page(html(*verdict_of(outcome)))
    assert not {"script", "link", "img", "iframe", "object", "form"} & {tag for tag, _ in page.tags}
    given = [name for _, attributes in page.tags for name in attributes]
    assert not [name for name in given if name.startswith("on") or name in ("src", "style")]
    assert "url(" not in STYLE
    assert "@import" not in STYLE


def test_what_others_named_is_text_on_the_page_and_never_markup() -> None:
    evil = '<script>alert("1")</script>&\''
    check = Check(evil, 1, 2, 3, "fail", 95, evil, (1, 2), evil, evil)
    context = {
        **CONTEXT,
        "Model": evil,
        "Endpoint": evil,
        "Links": {evil: "javascript:alert(1)", "x": 'https://x/"'},
    }
    page = Page(html(Verdict("fail", evil, (check,)), context))
    assert not page.open
    assert "script" not in {tag for tag, _ in page.tags}
    assert [given["href"] for tag, given in page.tags if tag == "a"] == ['https://x/"']
    assert evil in page.text


@every_outcome
def test_charts_can_be_drawn_and_say_in_words_what_they_show(outcome: str) -> None:
    drawn = re.findall(r"<svg.*?</svg>", html(*verdict_of(outcome)), re.S)
    for chart in drawn:
        root = ElementTree.fromstring(chart)
        assert root.attrib["role"] == "img"
        assert root.attrib["aria-label"] == root.findtext("title")
        *_, width, height = map(float, root.attrib["viewBox"].split())
        for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", chart):
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height


def test_a_line_breaks_where_there_are_no_values() -> None:
    whole = dict.fromkeys(range(10), 5.0)
    gap = {minute: value for minute, value in whole.items() if minute not in (4, 5)}
    assert [lines("x", "ms", {"shadow": values}).count("h0") for values in (whole, gap)] == [1, 2]
    assert lines("x", "ms", {"shadow": {}}) == ""
    assert "<path" in lines("x", "ms", {"shadow": {7: 0.0}})


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (1, 1), (1.01, 2), (23, 25), (26, 50), (99, 100), (0.003, 0.005), (1e12, 1e12)]
)
def test_an_axis_ends_at_the_next_round_number(value: float, top: float) -> None:
    assert ceiling(value) == pytest.approx(top)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (0.0, "0"),
        (-0.0, "0"),
        (20, "20"),
        (0.204, "0.204"),
        (-0.08754, "-0.0875"),
        (-1e-9, "0"),
        (46.25, "46.2"),
        (1234.5, "1,234"),
        (1e15, "1,000,000,000,000,000"),
    ],
)
def test_numbers_have_the_digits_that_count(value: float | None, shown: str) -> None:
    assert number(value) == shown


def test_an_interval_of_one_point_is_still_seen() -> None:
    check = Check("x", 1, 1, 20, "pass", 95, "", (0, 0), "ms", "%")
    start, end = re.findall(r'interval pass" d="M([\d.]+) 11H([\d.]+)', interval(check))[0]
    assert float(end) > float(start)


def test_a_report_without_measurements_has_no_charts_and_says_why() -> None:
    verdict = judge(SHADOW, {})
    page = Page(html(verdict, {"Model": "credit-approval", "Series": {}}))
    assert "figure" not in {tag for tag, _ in page.tags}
    assert "there is no Invocations (Sum) of production" in page.text


@every_outcome
def test_the_plain_text_has_a_line_for_every_check(outcome: str) -> None:
    verdict, context = verdict_of(outcome)
    text = markdown(verdict, context)
    assert text.startswith(
        f"# {outcome.title().replace('Pass', 'Passed').replace('Fail', 'Failed')}: shadow of"
    )
    listed = [line for line in text.splitlines() if line[:3] in ("- ✓", "- ✕", "- ?")]
    assert len(listed) == len(verdict.checks)
    assert "- Version in the shadow: 12" in text


def test_a_check_in_plain_text_has_its_numbers() -> None:
    verdict = judge(SHADOW, steady(shadow_latency_p50=60_000))
    assert (
        "- ✕ Median latency fail: production 30 ms, shadow 60 ms; difference +100 to +100 % at 95 % "
        "confidence; limit 20 %; 54 pairs of the same minutes"
    ) in markdown(verdict, CONTEXT)


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb`` (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_whatever_is_read_stands_out_from_its_ground(scheme: int) -> None:
    colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", STYLE.split("@media")[scheme]))
    paper = luminance(colours.pop("paper"))
    assert colours.pop("line")
    assert set(colours) == {"text", "soft", "production", "shadow", "pass", "fail", "inconclusive"}
    for colour in colours.values():
        low, high = sorted((luminance(colour), paper))
        assert (high + 0.05) / (low + 0.05) >= 4.5
