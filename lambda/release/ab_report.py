"""What the report says of an A/B test: its plan, how requests were shifted, what was measured and decided."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

from release.ab_checks import Sample, check, measured
from release.ab_demands import Demand, demands
from release.ab_lines import block_length, charts, shares
from release.ab_samples import comparing
from release.ab_strata import Stratum
from release.charts import interval, lines
from release.comparisons import Check
from release.measurements import CHALLENGER, PRODUCTION, MeasurementError
from release.ports import Record
from release.report_sections import MARKS, NONE, SAYS, table
from release.words import interval_text, number, value_text

DECISIONS = {"continue": "Goes on", "longer": "Takes longer", "promote": "Promoted", "remove": "Not promoted"}
"""What was decided, by ``Decision.outcome``."""


def ab_section(intent: Record, strata: Sequence[Stratum]) -> str:
    """Everything of the test; ``strata`` are the steps that began, with what was measured in them."""
    plan = intent["plan"]
    return "\n".join(
        (
            _decided(intent),
            _ramp(plan["Test"], strata),
            *_compared(plan, strata),
            _plan(intent),
        )
    )


def _decided(intent: Record) -> str:
    decisions = intent.get("decisions") or ()
    if not decisions:
        return "<h2>Decisions</h2>\n<p>The test ended before the end of its first step.</p>"
    given = [one["share"] for one in intent.get("strata") or ()]
    rows = (
        (
            escape(f"{each['at']}".replace("T", " ")[:19]),
            f"{number(given[each['step']])} %" if each["step"] < len(given) else NONE,
            DECISIONS.get(each["outcome"], escape(str(each["outcome"]))),
            escape(f"{each['summary'][:1].upper()}{each['summary'][1:]}."),
        )
        for each in decisions
    )
    return f"<h2>Decisions</h2>\n{table(('Time (UTC)', 'Step', 'Decision', 'Reason'), rows)}"


def _ramp(ab: Mapping[str, Any], strata: Sequence[Stratum]) -> str:
    """The charts over time; nothing where no step has a window or nothing was measured."""
    try:
        length = block_length(strata) if strata else 0
        drawn = charts(strata, ab.get("Metrics") or ()) if strata else []
    except MeasurementError:
        return ""
    if not drawn:
        return ""
    marks = [(one.window[0], f"{number(one.share)} %") for one in strata]
    ramp = lines("Challenger's share", "%", shares(strata, length), length=length, marks=marks, top=100.0)
    figures = [_figure("Challenger's share of the requests", "%", ramp)]
    for title, unit, found in drawn:
        if chart := lines(title, unit, found, length=length, marks=marks):
            figures.append(_figure(title, unit, chart))
    keys = (PRODUCTION, CHALLENGER, "planned")
    legend = "".join(f'<span class="key {name}">{name}</span>' for name in keys)
    said = "a minute" if length == 1 else f"{length} minutes"
    return "\n".join(
        (
            f'<h2>Over time</h2>\n<p class="legend">{legend} <small>times in UTC, each point {said}; upright '
            "lines are the beginnings of the steps</small></p>",
            f'<div class="charts">{"".join(figures)}</div>',
        )
    )


def _figure(title: str, unit: str, chart: str) -> str:
    return f"<figure><figcaption>{escape(title)} <small>{unit}</small></figcaption>{chart}</figure>"


def _compared(plan: Mapping[str, Any], strata: Sequence[Stratum]) -> Iterator[str]:
    """Each metric step by step, and over all steps together, on one scale.

    A test that ended early shows no results: only the comparison at the planned end has any.
    """
    ab = plan["Test"]
    steps = comparing(strata)
    if not steps:
        return
    confidence = float(ab["ConfidencePercent"])
    yield (
        "<h2>Compared</h2>\n<p>The difference is the challenger's less production's, with its "
        f"{number(confidence)} % confidence interval. The red mark is the limit. Only all steps together "
        "decide: the versions are compared within each step, and the differences averaged, so that neither "
        "the changing shares nor the time of day mix in.</p>"
    )
    complete = {each["Share"] for each in plan["Strata"]} <= {each.share for each in steps}
    if not complete:
        yield "<p>The test ended before its last comparison: none of this passed or failed by itself.</p>"
    for demand, samples in measured(ab, steps).items():
        yield f"<h3>{escape(demand.metric)} <small>wanted: {escape(demand.wanted)}</small></h3>"
        yield _metric([each.share for each in steps], _checks(demand, samples, confidence), complete)


def _checks(demand: Demand, samples: Sequence[Sample], confidence: float) -> list[Check]:
    """Of each step alone, then of all of them together."""
    return [*(check(demand, [one], confidence) for one in samples), check(demand, samples, confidence)]


def _metric(given: Sequence[float], checks: Sequence[Check], complete: bool) -> str:
    names = [*(f"{number(share)} %" for share in given), "All steps"]
    rows = (
        _cells(name, each, checks, decides=complete and each is checks[-1])
        for name, each in zip(names, checks, strict=True)
    )
    return table(("Step", "Production", "Challenger", "Difference", "Result", "Rests on"), rows)


def _cells(name: str, found: Check, every: Iterable[Check], *, decides: bool) -> tuple[str, ...]:
    shown = interval_text(found)
    drawn = found if decides else replace(found, outcome="")  # a step alone has no verdict, and no colour
    mark = f'<span class="{found.outcome}">{MARKS[found.outcome]} {SAYS[found.outcome]}</span>'
    return (
        name,
        value_text(found.production, found.unit),
        value_text(found.candidate, found.unit),
        f"{interval(drawn, every)}<small>{escape(shown)}</small>" if shown else NONE,
        mark if decides else NONE,
        escape(found.reason) or NONE,
    )


def _plan(intent: Record) -> str:
    plan = intent["plan"]
    ab = plan["Test"]
    steps = (
        (
            f"{number(each['Share'])} %",
            f"{number(each['Minutes'])} min",
            number(each["Challenger"]),
            number(each["Production"]),
        )
        for each in plan["Strata"]
    )
    told = {each["Metric"]: each for each in plan["Demands"]}
    wanted = (
        (
            escape(demand.metric),
            escape(demand.wanted),
            _found(told.get(demand.metric, {})),
            number(told.get(demand.metric, {}).get("Requests")),
        )
        for demand in demands(ab)
    )
    heads = ("Step", "Takes", "Challenger's requests", "Production's requests")
    power = f"Found with {number(ab['PowerPercent'])} % power"
    return "\n".join(
        (
            f"<h2>Plan</h2>\n<p>Written down at {escape(str(intent['started']))}, before the test began; "
            "nothing of it was changed since.</p>",
            _rules(plan),
            f"<h3>Steps <small>with the fewest requests that the settings allow</small></h3>\n"
            f"{table(heads, steps)}",
            "<h3>Demands <small>all of them must be met</small></h3>",
            table(("Metric", "Wanted", power, "Challenger's requests for that"), wanted),
        )
    )


def _found(told: Mapping[str, Any]) -> str:
    found = told.get("Detectable")
    return f"{number(found)} {escape(str(told['Unit']))}" if found is not None else "only measuring tells"


def _rules(plan: Mapping[str, Any]) -> str:
    ab = plan["Test"]
    said = (
        "It is promoted once, at the end of the last step that compares, if every demand is met with "
        f"{number(ab['ConfidencePercent'])} % confidence.",
        "The end of each step is looked at for harm, with intervals of "
        f"{plan['HarmConfidencePercent']:.4g} % confidence; such a look never promotes.",
        "A step takes up to twice as long, once, if it had too few requests or its values spread too much. "
        "The difference of the versions has no say in that.",
        "An alarm of the test or of operation sends all requests back to production at once.",
        f"It takes at most {number(ab['MaximumDays'])} days. What was not shown by then is not promoted.",
    )
    return f"<ul>{''.join(f'<li>{escape(each)}</li>' for each in said)}</ul>"
