"""Small charts as SVG text, coloured by class: two variants over time, and intervals beside their limit."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape

from release.comparisons import Check
from release.measurements import PERIOD_SECONDS, Minutes
from release.words import number

WIDTH, HEIGHT = 340, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 8, 22
_ROUND = (1, 2, 2.5, 5, 10)
_WORDS = 36
"""Room for the words of a mark, to their right."""
_HEAD = 14
"""Room for them above everything that is drawn."""
_MINUTES_OF_A_DAY = 1_440


def ceiling(value: float) -> float:
    """The next round number that is not below ``value``; 1 for nothing."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in _ROUND if step * power >= value * (1 - 1e-9))


def lines(
    title: str,
    unit: str,
    variants: Mapping[str, Minutes],
    *,
    length: int = 1,
    marks: Iterable[tuple[int, str]] = (),
    top: float | None = None,
) -> str:
    """A chart of one metric by minute, a line for each variant that has values; empty if none has.

    ``length`` is that of the blocks of minutes that the values are of, ``marks`` are upright lines with their
    words, and ``top`` is where the axis ends: at the next round number above all values, if not given.
    """
    there = {name: values for name, values in variants.items() if values}
    if not there:
        return ""
    every = [minute for values in there.values() for minute in values]
    first, last = min(every), max(every)
    top = top or ceiling(max(value for values in there.values() for value in values.values()))
    marks = list(marks)
    above = _TOP + (_HEAD if marks else 0)

    def place(minute: int, value: float) -> tuple[float, float]:
        along = (minute - first) / (last - first or 1)
        return (
            _LEFT + along * (WIDTH - _LEFT - _RIGHT),
            HEIGHT - _BOTTOM - value / top * (HEIGHT - above - _BOTTOM),
        )

    points = {name: [(m, *place(m, v)) for m, v in sorted(values.items())] for name, values in there.items()}
    drawn = [
        f'<path class="line {escape(name)}" d="{_path(along, length)}"/>' for name, along in points.items()
    ]
    placed = [(place(at, 0)[0], words) for at, words in marks if first <= at <= last]
    said = ", ".join(f"{name} up to {number(max(values.values()))} {unit}" for name, values in there.items())
    return _svg(f"{title}: {said}", WIDTH, HEIGHT, [*_axes(top, first, last, above), *_marks(placed), *drawn])


def _marks(placed: Iterable[tuple[float, str]]) -> list[str]:
    """Upright lines; words that would stand on those before are left out."""
    parts: list[str] = []
    free = 0.0
    for x, words in placed:
        parts.append(f'<path class="grid" d="M{x:.1f} {_TOP}V{HEIGHT - _BOTTOM}"/>')
        if x >= free and x + _WORDS < WIDTH:
            parts.append(f'<text x="{x + 3:.1f}" y="{_TOP + 9}">{escape(words)}</text>')
            free = x + _WORDS
    return parts


def _path(points: Iterable[tuple[int, float, float]], length: int) -> str:
    """One stroke through neighbouring blocks, a new one after each gap; a lone block is a dot."""
    words: list[str] = []
    before: int | None = None
    for minute, x, y in points:
        joined = before is not None and minute == before + length
        words.append(f"L{x:.1f} {y:.1f}" if joined else f"M{x:.1f} {y:.1f}h0")
        before = minute
    return "".join(words)


def _axes(top: float, first: int, last: int, above: float) -> list[str]:
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = HEIGHT - _BOTTOM - share * (HEIGHT - above - _BOTTOM)
        parts.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" class="end">{number(share * top)}</text>')
    form = "%d %b %H:%M" if last - first >= _MINUTES_OF_A_DAY else "%H:%M"
    begin, end = (datetime.fromtimestamp(one * PERIOD_SECONDS, UTC).strftime(form) for one in (first, last))
    parts.append(f'<text x="{_LEFT}" y="{HEIGHT - 6}">{begin}</text>')
    parts.append(f'<text x="{WIDTH - _RIGHT}" y="{HEIGHT - 6}" class="end">{end}</text>')
    return parts


def interval(check: Check, beside: Iterable[Check] = ()) -> str:
    """Where the interval of a check lies between no difference and its limit; empty without an interval.

    Drawn on one scale with the checks ``beside`` it, if there are any.
    """
    if check.interval is None or check.limit is None:
        return ""
    width, height, edge = 150, 22, 4
    low, high = check.interval
    others = [bound for each in beside if each.interval for bound in each.interval]
    shown = [low, high, 0.0, check.limit, *others]
    left, right = min(shown), max(shown)

    def x(value: float) -> float:
        return edge + (value - left) / (right - left or 1) * (width - 2 * edge)

    parts = [
        f'<path class="grid" d="M{x(0):.1f} 3V19"/>',
        f'<path class="limit" d="M{x(check.limit):.1f} 1V21"/>',
        f'<path class="interval {escape(check.outcome)}" d="M{x(low):.1f} 11H{x(high) + 1:.1f}"/>',
    ]
    said = f"from {number(low)} to {number(high)}, limit {number(check.limit)} {check.limit_unit}"
    return _svg(said, width, height, parts)


def _svg(label: str, width: int, height: int, parts: Sequence[str]) -> str:
    said = escape(label)
    head = f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{said}"><title>{said}</title>'
    return f"{head}{''.join(parts)}</svg>"
