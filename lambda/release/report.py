"""The report of a verdict for people: one page that needs nothing else, and the same in plain text."""

from html import escape

from release.comparisons import Check
from release.judge import Verdict
from release.page import STYLE
from release.report_sections import (
    FACTS,
    MARKS,
    SAYS,
    TITLES,
    Context,
    charts_section,
    checks_section,
    explanation,
    facts_section,
)
from release.words import interval_text, number, value_text


def html(verdict: Verdict, context: Context) -> str:
    """The report as one HTML page: no script, nothing loaded from elsewhere."""
    title = f"Shadow of {context.get('Model', 'the model')}: {SAYS[verdict.outcome].lower()}"
    return "\n".join(
        (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>",
            f'<h1><span class="{verdict.outcome}">{MARKS[verdict.outcome]}</span> {escape(title)}</h1>',
            f'<p class="summary">{escape(_sentence(verdict.summary))}</p>',
            facts_section(context),
            "<h2>Checks</h2>",
            checks_section(verdict.checks),
            explanation(verdict.checks),
            charts_section(context.get("Series", {})),
            "</main>\n</body>\n</html>\n",
        )
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def markdown(verdict: Verdict, context: Context) -> str:
    """The report in plain text that is Markdown as well: facts, then a line for each check."""
    facts = [f"- {TITLES.get(name, name)}: {value}" for name in FACTS if (value := context.get(name))]
    return "\n".join(
        (
            f"# {SAYS[verdict.outcome]}: shadow of {context.get('Model', 'the model')}",
            f"\n{_sentence(verdict.summary)}\n",
            *facts,
            "",
            *map(_line, verdict.checks),
            "",
        )
    )


def _line(check: Check) -> str:
    base, own = (value_text(value, check.unit) for value in (check.production, check.candidate))
    parts = [f"production {base}, shadow {own}"] if check.production is not None else []
    if shown := interval_text(check):
        parts.append(f"difference {shown} at {number(check.confidence)} % confidence")
    if check.limit is not None:
        parts.append(f"limit {value_text(check.limit, check.limit_unit)}")
    if check.reason:
        parts.append(check.reason)
    return f"- {MARKS[check.outcome]} {check.metric} {check.outcome}{': ' if parts else ''}{'; '.join(parts)}"
