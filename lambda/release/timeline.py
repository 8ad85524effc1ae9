"""What a release did and when: its steps in the ledger, put together where one was repeated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from release.identifiers import seconds_between
from release.ports import Record
from release.report_sections import table

STEPS = {
    "admit": "Admitted",
    "admit_challenger": "Admitted, with its plan",
    "plan": "Planned",
    "plan_lifecycle": "Planned",
    "confirmed": "Confirmed",
    "declined": "Declined",
    "take_lease": "Lease taken",
    "take_over": "Taken over",
    "turn_on_shadow": "Shadow on",
    "judge": "Judged",
    "turn_off_shadow": "Shadow off",
    "turn_on_challenger": "Challenger on",
    "shift": "Requests shifted",
    "observe": "Observed",
    "weigh": "Compared",
    "promote": "Promotion prepared",
    "turn_off_challenger": "Challenger off",
    "roll_out": "Rollout",
    "follow_update": "Update followed",
    "mend_stack": "Stack mended",
    "watch": "Watched",
    "revert": "Way back",
    "pause": "Pause",
    "resume": "Resumption",
    "record": "Recorded",
    "record_pause": "Recorded",
    "give_up": "A step failed for good",
}
"""What a step did, by its name. One that is not here is shown by its name."""

BEGINNINGS = {
    ("follow_update", "judge"): "The shadow bakes",
    ("follow_update", "watch"): "The watch begins",
    ("shift", "observe"): "Observed with the new share",
    ("take_over", "leased"): "Taken over, with the lease",
}
"""What begins in a step that is named after something else: by the step, and the phase it leads to."""

MOST_ROWS = 60
_WIDTH, _HEIGHT = 150, 12


@dataclass(frozen=True)
class Row:
    """One line: ``seconds`` from its beginning to that of the next one, after ``begun`` of the whole."""

    at: str
    what: str
    begun: float
    seconds: float


def rows(intent: Record, steps: Iterable[Record]) -> list[Row]:
    """The lines of an intent that ended: accepted, each step in the order of time, and its outcome."""
    started, ended = str(intent["started"]), str(intent["ended"])
    done = sorted(steps, key=lambda one: str(one["at"]))
    groups = groupby(done, key=lambda one: (str(one["step"]), str(one["phase"])))
    found = [(str(next(iter(group))["at"]), _words(*key)) for key, group in groups]
    told = [(started, "Accepted"), *_shortened(found)]
    ends = [at for at, _ in told[1:]] + [ended]
    outcome = str(intent["outcome"]).replace("_", " ")
    return [
        *(
            Row(at, what, seconds_between(started, at), max(0.0, seconds_between(at, end)))
            for (at, what), end in zip(told, ends, strict=True)
        ),
        Row(ended, f"Ended: {outcome}", max(0.0, seconds_between(started, ended)), 0.0),
    ]


def _words(step: str, phase: str) -> str:
    if (step, phase) in BEGINNINGS:
        return BEGINNINGS[step, phase]
    what = STEPS.get(step, step.replace("_", " "))
    named = STEPS.get(phase, phase.replace("_", " "))
    return f"{what}: {named.lower()}" if step == "follow_update" and named != what else what


def _shortened(found: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The first and the last ones of very many."""
    if len(found) <= MOST_ROWS:
        return list(found)
    half = MOST_ROWS // 2
    between = (found[half][0], f"{len(found) - 2 * half} more steps")
    return [*found[:half], between, *found[-half:]]


def timeline_section(intent: Record, steps: Iterable[Record]) -> str:
    """The timeline as a table, with a bar for how long each line took."""
    found = rows(intent, steps)
    whole = found[-1].begun or 1.0
    lines = ((_time(row.at), escape(row.what), duration(row.seconds), _bar(row, whole)) for row in found)
    said = table(("Time (UTC)", "What", "Took", "Of the whole"), lines)
    return f"<h2>What happened</h2>\n{said}"


def _bar(row: Row, whole: float) -> str:
    left, width = (min(1.0, part / whole) * (_WIDTH - 2) for part in (row.begun, row.seconds))
    said = f"{duration(row.seconds)} from {duration(row.begun)} on"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{said}"><title>{said}</title>'
        f'<path class="grid" d="M0 6H{_WIDTH}"/>'
        f'<rect class="took" x="{left:.1f}" y="1" width="{max(2.0, width):.1f}" height="10"/></svg>'
    )


def _time(moment: str) -> str:
    day, _, clock = moment.partition("T")
    return f"{escape(day)} {escape(clock[:8])}"


def duration(seconds: float) -> str:
    """Seconds in the two units that count, e.g. ``3 h 20 min``."""
    rest = round(seconds)
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        parts.append((count, unit))
    first = next((place for place, (count, _) in enumerate(parts) if count), len(parts) - 1)
    shown = [(count, unit) for count, unit in parts[first : first + 2] if count]
    return " ".join(f"{count} {unit}" for count, unit in shown) or "0 s"
