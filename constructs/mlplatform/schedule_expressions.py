"""Whether EventBridge Scheduler takes an expression, ``rate(…)`` or ``cron(…)``.

Source: EventBridge Scheduler user guide, "Schedule types".
"""

import re

_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_FIELDS: tuple[tuple[str, int, int, list[str]], ...] = (
    ("minutes", 0, 59, []),
    ("hours", 0, 23, []),
    ("day of month", 1, 31, []),
    ("month", 1, 12, _MONTHS),
    ("day of week", 1, 7, _DAYS),
    ("year", 1970, 2199, []),
)
"""Fields of ``cron(…)`` in their order: name, least and largest number, names instead of numbers."""

FORMS = "cron(minutes hours day-of-month month day-of-week year) or rate(number minutes, hours or days)"


def problem(expression: str) -> str | None:
    """Why EventBridge Scheduler refuses ``expression``; None if it takes it."""
    if rate := re.fullmatch(r"rate\((\d+) (minute|hour|day)(s?)\)", expression):
        if int(rate[1]) < 1:
            return "a rate of 0"
        return None if (rate[1] == "1") == (rate[3] == "") else f"a rate of {rate[1]} {rate[2]}{rate[3]}"
    cron = re.fullmatch(r"cron\((.*)\)", expression)
    if cron is None:
        return "malformed"
    fields = cron[1].split(" ")
    if len(fields) != len(_FIELDS):
        return f"{len(fields)} fields"
    if (fields[2] == "?") == (fields[4] == "?"):
        return "day of month and day of week cannot both be given, one of them is `?`"
    for text, (name, least, most, names) in zip(fields, _FIELDS, strict=True):
        if not all(_part(part, name, least, most, names) for part in text.split(",")):
            return f"{text!r} is no {name}"
    return None


def _part(text: str, name: str, least: int, most: int, names: list[str]) -> bool:
    """Whether ``text`` is one of the parts that a comma divides."""
    if text == "*" or (text == "?" and name.startswith("day")):
        return True
    if name == "day of month" and re.fullmatch(r"L|LW|(\d+)W|L-(\d+)", text):
        return all(1 <= int(number) <= 31 for number in re.findall(r"\d+", text))
    if name == "day of week" and (last := re.fullmatch(r"(\w+?)(L|#([1-5]))", text)):
        return _value(last[1], least, most, names) is not None
    if name == "day of week" and text == "L":
        return True
    start, slash, step = text.partition("/")
    if slash and not (step.isdigit() and 1 <= int(step) <= most):
        return False
    if slash and start == "*":
        return True
    ends = [_value(end, least, most, names) for end in start.split("-")]
    return len(ends) <= 2 and None not in ends


def _value(text: str, least: int, most: int, names: list[str]) -> int | None:
    if text.upper() in names:
        return names.index(text.upper()) + least
    return int(text) if text.isdigit() and least <= int(text) <= most else None
