"""The sections of a report as HTML, and its values in words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from release.charts import interval, lines
from release.comparisons import FAIL, INCONCLUSIVE, PASS, Check
from release.measurements import (
    AVERAGE,
    CLIENT_ERRORS,
    INVOCATIONS,
    METRICS,
    MODEL_ERRORS,
    OVERHEAD,
    P50,
    P99,
    SERVER_ERRORS,
    VARIANTS,
    Given,
    MeasurementError,
    Minutes,
    minutes,
)
from release.words import interval_text, number, value_text

Context = Mapping[str, Any]
"""What the page says beside the verdict; what is not given is left out.

``Model``, ``Environment``, ``Endpoint``, ``ReleaseId``, ``ProductionVersion`` and ``ShadowVersion``,
``Start`` and ``End`` of the window (ISO 8601), ``Series`` (the answers that were judged), ``Links`` (address
by text).
"""

SAYS = {PASS: "Passed", FAIL: "Failed", INCONCLUSIVE: "Inconclusive"}
MARKS = {PASS: "✓", FAIL: "✕", INCONCLUSIVE: "?"}
"""Beside the colour: nobody has to tell colours apart."""

NONE = "–"

FACTS = (
    "Model",
    "Environment",
    "Endpoint",
    "ReleaseId",
    "ProductionVersion",
    "ShadowVersion",
    "Start",
    "End",
)
TITLES = {
    "ReleaseId": "Release",
    "ProductionVersion": "Version in production",
    "ShadowVersion": "Version in the shadow",
}

CHARTS: dict[str, tuple[str, str, float]] = {
    P50: ("Median latency", "ms", 1e-3),
    P99: ("99th percentile of latency", "ms", 1e-3),
    INVOCATIONS: ("Requests per minute", "requests", 1),
    MODEL_ERRORS: ("Model errors per minute", "errors", 1),
}
"""Title, unit, and what a value of CloudWatch is multiplied with, by metric."""

OTHERS: dict[str, tuple[str, str, float]] = {
    SERVER_ERRORS: ("Server errors", "in all", 1),
    CLIENT_ERRORS: ("Client errors", "in all", 1),
    AVERAGE: ("Latency, highest average of a minute", "ms", 1e-3),
    OVERHEAD: ("Overhead, highest 99th percentile of a minute", "ms", 1e-3),
}
"""Shown, not judged."""


def facts_section(context: Context) -> str:
    rows = [
        f"<div><dt>{TITLES.get(name, name)}</dt><dd>{escape(str(value))}</dd></div>"
        for name in FACTS
        if (value := context.get(name))
    ]
    rows += [
        f'<div><dt>Link</dt><dd><a href="{escape(address)}">{escape(text)}</a></dd></div>'
        for text, address in context.get("Links", {}).items()
        if address.startswith("https://")
    ]
    return f"<dl>{''.join(rows)}</dl>"


def checks_section(checks: Iterable[Check], candidate: str = "Shadow") -> str:
    heads = ("Check", "Production", candidate, "Difference", "Limit", "Result", "Reason")
    return table(heads, (_cells(check) for check in checks))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML already; each has its column's name with it, for narrow screens."""
    found = "\n".join(_row(zip(heads, cells, strict=True)) for cells in rows)
    top = "".join(f"<th scope=col>{head}</th>" for head in heads)
    return f"<table>\n<thead><tr>{top}</tr></thead>\n<tbody>\n{found}\n</tbody>\n</table>"


def _row(cells: Iterable[tuple[str, str]]) -> str:
    """A row whose cells name their column, for narrow screens, which leave empty ones out."""
    tags = [(f'data-head="{head}"', ' class="none"' if cell == NONE else "", cell) for head, cell in cells]
    return "".join(("<tr>", *(f"<td {head}{none}>{cell}</td>" for head, none, cell in tags), "</tr>"))


def _cells(check: Check) -> tuple[str, ...]:
    shown = interval_text(check)
    return (
        escape(check.metric),
        escape(value_text(check.production, check.unit)),
        escape(value_text(check.candidate, check.unit)),
        f"{interval(check)}<small>{escape(shown)}</small>" if shown else NONE,
        escape(value_text(check.limit, check.limit_unit)),
        f'<span class="{check.outcome}">{MARKS[check.outcome]} {SAYS[check.outcome]}</span>',
        escape(check.reason) or NONE,
    )


def explanation(checks: Iterable[Check]) -> str:
    confidence = next((check.confidence for check in checks if check.confidence is not None), None)
    if confidence is None:
        return ""
    return (
        f"<p>The difference is the shadow's, with its {number(confidence)} % confidence interval: of the "
        "share of errors by Newcombe's hybrid score, of latency by order statistics of the ratio in the same "
        "minutes. A check passes if the whole interval is within the limit (the red mark), and fails if none "
        "of it is. The first minutes, in which both fleets warm up, do not count for latency.</p>"
    )


def charts_section(series: Given) -> str:
    drawn = []
    for name, (title, unit, factor) in CHARTS.items():
        found = {variant: _scaled(series, variant, name, factor) for variant in VARIANTS}
        if chart := lines(title, unit, found):
            drawn.append(f"<figure><figcaption>{title} <small>{unit}</small></figcaption>{chart}</figure>")
    if not drawn:
        return ""
    legend = "".join(f'<span class="key {name}">{name}</span>' for name in VARIANTS)
    return "\n".join(
        (
            f'<h2>Production and shadow</h2>\n<p class="legend">{legend} <small>times in UTC</small></p>',
            f'<div class="charts">{"".join(drawn)}</div>',
            _others(series),
        )
    )


def _scaled(series: Given, variant: str, name: str, factor: float) -> Minutes:
    """The values of a metric in the report's unit; none if they cannot be used."""
    try:
        return {minute: value * factor for minute, value in minutes(series, variant, name).items()}
    except MeasurementError:
        return {}


def _others(series: Given) -> str:
    rows = "".join(
        f"<tr><td>{title}, {unit}</td>{''.join(f'<td>{number(value)}</td>' for value in values)}</tr>"
        for title, unit, values in _measured(series)
    )
    heads = "".join(f"<th scope=col>{head}</th>" for head in ("Also measured", "Production", "Shadow"))
    return f'<table class="plain"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def _measured(series: Given) -> Iterator[tuple[str, str, list[float | None]]]:
    for name, (title, unit, factor) in OTHERS.items():
        found = [_scaled(series, variant, name, factor) for variant in VARIANTS]
        combine: Any = sum if METRICS[name][1] == "Sum" else max
        yield title, unit, [combine(values.values()) if values else None for values in found]
