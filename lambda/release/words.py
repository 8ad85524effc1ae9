"""The values of a verdict in words."""

import math

from release.comparisons import Check


def number(value: float | None) -> str:
    """A value as people read it: three digits that count, no exponent, a dash for none."""
    if value is None:
        return "–"
    if abs(value) >= 100 or value == int(value):
        return f"{value + 0.0:,.0f}"  # -0.0 + 0.0 is 0.0
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    shown = f"{value:.{min(digits, 6)}f}".rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown


def value_text(value: float | None, unit: str) -> str:
    """A value with its unit; a dash for none."""
    return f"{number(value)} {unit}".strip() if value is not None else "–"


def interval_text(check: Check) -> str:
    """The interval in words, empty if there is none."""
    if check.interval is None:
        return ""
    low, high = (f"{'+' if bound > 0 else ''}{number(bound)}" for bound in check.interval)
    return f"{low} to {high} {check.limit_unit}".strip()
