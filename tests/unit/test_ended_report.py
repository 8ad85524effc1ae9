"""The reports of whatever ended: complete, true to the ledger, safe to open, never in the way of an end."""

import copy
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from ab_series import AB, PLAN, at, level, steps
from release_driver import Execution, Operator
from release_services import Metrics, Reports
from release_world import SERVING, Account, DiedError
from report_pages import Page
from shadow_series import steady

from release.ab_decision import decide
from release.ab_lines import block_length, outcomes, requests, shares
from release.ab_strata import Stratum
from release.ended_report import Told, ended_page
from release.ports import Record
from release.timeline import MOST_ROWS, duration, rows


def served(without: str = "") -> tuple[Account, Operator]:
    """An endpoint that serves version 1, of a model without a part of its settings."""
    literal = copy.deepcopy(SERVING)
    if without:
        literal[without] = None
    literal["Links"]["Report"] = "https://console.test/s3/buckets/b?prefix=releases/loans/"
    account = Account(serving=literal)
    operator = Operator(account)
    assert operator.release(model_package_arn=account.approve(1)).outcome == "released"
    return account, operator


def intent(account: Account, execution: Execution) -> Record:
    """What the ledger says of an execution."""
    found: Record = account.items[f"release#{execution.work['ReleaseId']}"]
    return found


def page_of(account: Account, execution: Execution) -> str:
    """The report that the ledger and the notification point at."""
    release = execution.work["ReleaseId"]
    address = f"s3://reports/releases/loans/{release}/report.html"
    assert intent(account, execution)["report"] == execution.work["Report"] == address
    assert execution.work["ReportLink"].endswith(f"releases/loans/{release}/")
    return str(account.reports[f"{release}/report.html"])


def ended() -> Iterator[tuple[Account, Execution]]:
    """One of each kind of what ends."""
    account, operator = served()
    yield account, operator.executions[0]
    yield account, operator.release(model_package_arn=account.approve(2))
    yield account, operator.release(model_package_arn=account.approve(3, "slow"))
    yield account, operator.rollback(reason="complaints")
    account.approve(4)
    yield account, operator.ab_test(version=4)
    account.approve(5, "slow")
    yield account, operator.ab_test(version=5)
    yield account, operator.lifecycle("pause", reason="<i>weekend</i>", by="dana")
    yield account, operator.lifecycle("resume")


def test_whatever_ends_has_a_page_that_says_how_needs_nothing_else_and_runs_nothing() -> None:
    outcomes_seen = []
    for account, execution in ended():
        text = page_of(account, execution)
        page, said = Page(text), intent(account, execution)
        outcomes_seen.append((execution.workflow, said["outcome"]))
        assert not page.open
        assert not {"script", "link", "img", "iframe", "object", "form", "i"} & {tag for tag, _ in page.tags}
        given = [name for _, attributes in page.tags for name in attributes]
        assert not [name for name in given if name.startswith("on") or name in ("src", "href", "style")]
        shown = " ".join(page.text.split())
        words = str(said["outcome"]).replace("_", " ")
        assert f": {words}" in shown
        for value in (said["release_id"], said["execution"], "make status ENV=prod", f"Ended: {words}"):
            assert value in shown, (value, execution.workflow)
        for chart in re.findall(r"<svg.*?</svg>", text, re.S):
            root = ElementTree.fromstring(chart)
            assert root.attrib["aria-label"] == root.findtext("title")
            *_, width, height = map(float, root.attrib["viewBox"].split())
            points = [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", chart)]
            assert all(0 <= x <= width and 0 <= y <= height for x, y in points)
    assert outcomes_seen == [
        ("release", "released"),
        ("release", "released"),
        ("release", "rejected"),
        ("rollback", "released"),
        ("ab_test", "released"),
        ("ab_test", "rejected"),
        ("lifecycle", "paused"),
        ("lifecycle", "resumed"),
    ]
    assert account.violations == []


def test_a_release_that_was_judged_shows_the_checks_and_both_variants() -> None:
    account, operator = served()
    release = operator.release(model_package_arn=account.approve(2, "slow"))
    text = page_of(account, release)
    assert "The judge" in Page(text).text
    assert "✕ Failed" in Page(text).text
    judged = Told(intent(account, release), [], SERVING, at(0), series=steady())
    assert ended_page(judged).count("<figure>") == 4


def test_a_model_without_a_shadow_has_reports_too() -> None:
    account, operator = served(without="Shadow")
    text = page_of(account, operator.release(model_package_arn=account.approve(2)))
    assert "The judge" not in Page(text).text


def test_the_report_of_a_stopped_test_is_written_by_who_stopped_it() -> None:
    account, operator = served()
    account.approve(2)
    test = operator.start("ab_test")
    while test.path.count("observe") < 3:
        test.step()
    operator.rollback()
    release = test.work["ReleaseId"]
    assert account.items[f"release#{release}"]["report"].endswith(f"{release}/report.html")
    assert "A/B test of loans version 2: stopped" in Page(account.reports[f"{release}/report.html"]).text


@pytest.mark.parametrize("call", [1, 2])
def test_a_report_that_cannot_be_kept_changes_no_outcome(
    monkeypatch: pytest.MonkeyPatch, call: int, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*_: Any, **__: Any) -> Any:
        raise RuntimeError("AccessDenied")

    account, operator = served(without="Shadow")
    owner, name = ((Reports, "keep"), (Metrics, "series"))[call - 1]
    monkeypatch.setattr(owner, name, refused)
    account.approve(2)
    release = operator.release(version=2)
    assert (release.outcome, account.items["live"]["version"]) == ("released", 2)
    assert ("report" in intent(account, release)) is (call == 2)
    assert bool(release.work["Report"]) is (call == 2)
    assert ("has no report" in caplog.text) is (call == 1)
    assert account.items["lease"]["holder"] == ""
    assert account.terminal[f"release#{release.work['ReleaseId']}"] == 1


def died_at_the_end(monkeypatch: pytest.MonkeyPatch, deaths: int) -> tuple[Account, Execution, list[str]]:
    """A release whose function dies over its report, so often; it is called again after each time."""
    account, operator = served(without="Shadow")
    keep, begun = Reports.keep, []

    def dying(self: Reports, name: str, *rest: str) -> str:
        begun.append(name)
        if len(begun) <= deaths:
            raise DiedError
        return str(keep(self, name, *rest))

    monkeypatch.setattr(Reports, "keep", dying)
    release = operator.start("release", model_package_arn=account.approve(2))
    while release.alive:
        release.step()
    for _ in range(3):
        release.straggle()
    return account, release, begun


def test_a_report_that_its_function_died_over_is_written_by_the_repetition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account, release, begun = died_at_the_end(monkeypatch, deaths=1)
    said = account.items[f"release#{release.work['ReleaseId']}"]
    assert (said["outcome"], said["report"].rpartition("/")[2], len(begun)) == ("released", "report.html", 2)
    assert set(account.terminal.values()) == {1}


def test_a_report_that_its_function_always_dies_over_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    account, release, begun = died_at_the_end(monkeypatch, deaths=99)
    said = account.items[f"release#{release.work['ReleaseId']}"]
    assert (said["outcome"], "report" in said, len(begun)) == ("released", False, 2)
    assert account.items["lease"]["holder"] == ""


def test_a_page_is_not_made_of_what_others_named() -> None:
    evil = '<script>alert("1")</script>&\''
    told = Told(
        intent={
            **dict.fromkeys(("release_id", "package", "execution", "reason", "by", "message"), evil),
            "version": evil,
            "workflow": "release",
            "started": at(0),
            "ended": at(5),
            "outcome": evil,
        },
        steps=[{"at": at(1), "step": evil, "phase": evil}],
        serving=dict.fromkeys(("Model", "Environment", "Endpoint"), evil),
        now=at(6),
        live=dict.fromkeys(("version", "since", "release_id", "previous"), evil),
    )
    page = Page(ended_page(told))
    assert not page.open
    assert "script" not in {tag for tag, _ in page.tags}
    assert evil in page.text


def page_of_test(strata: list[Stratum], **more: Any) -> Page:
    """The page of an A/B test that measured these steps."""
    decision = decide(AB, PLAN, strata, last=True).as_json()
    given: Record = {
        **{"release_id": "abc", "package": "p/2", "version": 2, "execution": "arn", "workflow": "ab_test"},
        **{"started": at(-10), "ended": at(4_000), "outcome": "released", "message": "it serves"},
        "plan": PLAN,
        "strata": [{"share": each.share, "start": each.start, "end": each.end} for each in strata],
        "decisions": [{"step": len(strata) - 1, "at": at(3_000), **decision}],
        **more,
    }
    serving = {"Model": "m", "Environment": "e", "Endpoint": "n"}
    return Page(ended_page(Told(given, [], serving, at(4_001), strata=strata)))


def test_a_test_shows_its_plan_its_ramp_and_each_metric_by_step_and_overall() -> None:
    page = page_of_test([*steps(), level(3, 100)])
    shown = " ".join(page.text.split())
    for title in ("Decisions", "Over time", "Compared", "Plan", "before the test began", "conversion"):
        assert title in shown, title
    assert shown.count("All steps") == 5
    assert sum(tag == "figure" for tag, _ in page.tags) == 6
    assert shown.count("✓ Passed") == 5


def test_a_test_that_ended_early_shows_no_metric_as_passed() -> None:
    page = page_of_test(steps(1), outcome="reverted")
    assert "Passed" not in page.text
    assert "ended before its last comparison" in page.text


def test_a_test_of_which_nothing_was_measured_has_a_page_all_the_same() -> None:
    empty = [Stratum(each.share, each.start, each.end, {}) for each in steps()]
    for page in (page_of_test(empty), page_of_test([], decisions=[])):
        assert not page.open
        assert "Plan" in page.text


def test_blocks_put_minutes_together_and_keep_what_they_are() -> None:
    strata = [level(0, 25, length=600)]
    length = block_length(strata)
    assert length == 5
    assert {round(each) for each in requests(strata, length)["challenger"].values()} == {3_000}
    assert {round(each, 6) for each in shares(strata, length)["challenger"].values()} == {25}
    assert {round(each, 6) for each in outcomes(strata, "conversion", length)["production"].values()} == {10}


def test_a_timeline_puts_repetitions_together_and_cuts_what_is_endless() -> None:
    told: Record = {"started": at(0), "ended": at(500), "outcome": "rolled_back"}
    polls = [{"at": at(minute), "step": "follow_update", "phase": "roll_out"} for minute in range(1, 9)]
    assert [(row.what, row.seconds) for row in rows(told, reversed(polls))] == [
        ("Accepted", 60),
        ("Update followed: rollout", 499 * 60),
        ("Ended: rolled back", 0),
    ]
    many = [{"at": at(number / 2), "step": "x", "phase": str(number)} for number in range(1, 900)]
    assert len(rows(told, many)) == MOST_ROWS + 3


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59.6, "1 min"), (61, "1 min 1 s"), (3_600, "1 h"), (90_061, "1 d 1 h"), (86_460, "1 d")],
)
def test_durations_are_said_in_the_units_that_count(seconds: float, said: str) -> None:
    assert duration(seconds) == said
