"""The report of whatever ended: release, A/B test, rollback, pause. One page that needs nothing else.

It is made of what the ledger says once it has ended, so it never tells of an outcome that was not recorded.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from release import records
from release.ab_report import ab_section
from release.ab_strata import Stratum
from release.call import AB_TEST
from release.comparisons import Check
from release.identifiers import seconds_between
from release.measurements import Given
from release.page import STYLE
from release.pausing import RESUME, RETIRE
from release.ports import Record
from release.report_sections import MARKS, charts_section, checks_section, explanation
from release.standing import commands_section, serves_section
from release.timeline import duration, timeline_section

GOOD = (records.RELEASED, records.PAUSED, records.RESUMED, records.RETIRED)
"""Outcomes that are what was asked for."""
OPEN = (records.NOTHING, records.SUPERSEDED, records.DECLINED)
"""Outcomes of which nobody has to think anything."""

TITLES = {AB_TEST: "A/B test", RESUME: "Resumption", RETIRE: "Retirement"}
"""What it was called; by its name, if it is not here."""


@dataclass(frozen=True)
class Told:
    """Everything that a report is made of; ``serving`` is the literal that the workflow was compiled with.

    ``steps`` are the ledger's records of them, in any order; ``live`` and ``paused`` the ledger's of ``now``.
    ``series`` is what a shadow was judged by, ``strata`` what was measured in each step of an A/B test.
    """

    intent: Record
    steps: Sequence[Record]
    serving: Mapping[str, Any]
    now: str
    live: Record | None = None
    paused: Record | None = None
    series: Given = field(default_factory=dict)
    strata: Sequence[Stratum] = ()


def ended_page(told: Told) -> str:
    """The report as one HTML page: no script, nothing loaded from elsewhere."""
    intent = told.intent
    outcome = str(intent["outcome"])
    kind = "pass" if outcome in GOOD else "inconclusive" if outcome in OPEN else "fail"
    title = f"{_title(told)}: {outcome.replace('_', ' ')}"
    return "\n".join(
        (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>",
            f'<h1><span class="{kind}">{MARKS[kind]}</span> {escape(title)}</h1>',
            _message(str(intent.get("message", "")), str(told.serving["Model"])),
            _facts(told),
            serves_section(told.live, told.paused, told.now),
            *_measured(told),
            timeline_section(intent, told.steps),
            commands_section(intent, told.serving, told.paused),
            "</main>\n</body>\n</html>\n",
        )
    )


def _title(told: Told) -> str:
    intent = told.intent
    name = str(intent.get("action") or intent["workflow"])
    what = TITLES.get(name, name)
    version = f" version {intent['version']}" if intent.get("version") is not None else ""
    return f"{what[:1].upper()}{what[1:]} of {told.serving['Model']}{version}"


def _message(message: str, model: str) -> str:
    """The line for people, which may begin with a name; lines that list something become a list."""
    first, *more = message.splitlines() or [""]
    listed = "".join(f"<li>{escape(line[2:])}</li>" for line in more if line.startswith("- "))
    rest = "".join(f"<p>{escape(line)}</p>" for line in more if not line.startswith("- "))
    first = first if first.startswith(model) else f"{first[:1].upper()}{first[1:]}"
    said = f'<p class="summary">{escape(first)}</p>'
    return f"{said}{rest}{f'<ul>{listed}</ul>' if listed else ''}"


def _facts(told: Told) -> str:
    rows = "".join(
        f"<div><dt>{name}</dt><dd>{escape(str(value))}</dd></div>" for name, value in _known(told) if value
    )
    return f"<dl>{rows}</dl>"


def _known(told: Told) -> Iterator[tuple[str, Any]]:
    intent, serving = told.intent, told.serving
    yield "Model", serving["Model"]
    yield "Environment", serving["Environment"]
    yield "Endpoint", serving["Endpoint"]
    yield "Release", intent["release_id"]
    yield "Version", intent.get("version")
    yield "In place of version", (intent.get("replaced") or {}).get("version")
    yield "Started", intent["started"]
    yield "Ended", intent["ended"]
    yield "Took", duration(seconds_between(str(intent["started"]), str(intent["ended"])))
    yield "Asked for by", intent.get("by")
    yield "Reason", intent.get("reason")
    yield "Takes up release", (intent.get("recovers") or {}).get("release_id")
    yield "Package", intent.get("package")
    yield "Execution", intent["execution"]


def _measured(told: Told) -> Iterator[str]:
    """What the version was judged by, if it was."""
    if told.intent.get("plan"):
        yield ab_section(told.intent, told.strata)
    judged = told.intent.get("judged")
    if judged:
        checks = [check_of(each) for each in judged["verdict"]["checks"]]
        said = escape(str(judged["verdict"]["summary"]))
        window = f"{escape(str(judged['start']))} to {escape(str(judged['end']))}"
        yield f"<h2>The judge</h2>\n<p>{said[:1].upper()}{said[1:]}. <small>{window}</small></p>"
        yield checks_section(checks)
        yield explanation(checks)
        yield charts_section(told.series)


def check_of(kept: Mapping[str, Any]) -> Check:
    """The check that the ledger has as plain data (``Check.as_json``)."""
    interval = kept.get("interval")
    return Check(**{**kept, "interval": (interval[0], interval[1]) if interval else None})
