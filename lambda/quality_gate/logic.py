"""Judges an evaluation by a model's gate: what cannot be evaluated does not pass."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PASS, FAIL, NOT_EVALUABLE = "pass", "fail", "not evaluable"
_LIMITS = {
    "AtLeast": "at_least",
    "AtMost": "at_most",
    "BetterThanBaseBy": "better_than_base_by",
    "NotWorseThanBaseBy": "not_worse_than_base_by",
    "NotWorseThanLiveBy": "not_worse_than_live_by",
    "MaxTrainTestGap": "max_train_test_gap",
}
"""Sections of a gate, as model.yaml calls them."""
_SECTIONS = (*_LIMITS, "Fairness")
_LOWER_IS_BETTER = ("rmse", "mae", "mse", "mape", "log_loss")
"""Metrics that measure error; so do all whose name starts with ``error``."""
_ROUNDING = 1e-9
"""A difference of two decimal numbers may be off by this much of itself: 0.87 - 0.82 is above 0.05."""


class PackageGroupMissing(Exception):
    """The group that holds a model's versions does not exist."""


@dataclass(frozen=True)
class Check:
    """One line of the gate, and how it came out. ``value`` is None if it cannot be evaluated."""

    name: str
    outcome: str
    reason: str
    value: float | None = None
    limit: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The check as workflows and people read it."""
        named = {"Check": self.name, "Value": self.value, "Limit": self.limit}
        return {**named, "Outcome": self.outcome, "Reason": self.reason}


class NotEvaluableError(Exception):
    """A metric is missing or is no finite number; the message says which and why."""


def parse(content: bytes) -> dict[str, Any]:
    """Return the content of an evaluation.json. Raises NotEvaluableError unless it is one."""
    try:
        evaluation = json.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise NotEvaluableError(f"evaluation.json is not JSON: {error}") from error
    if not isinstance(evaluation, dict) or not isinstance(evaluation.get("metrics"), dict):
        raise NotEvaluableError('evaluation.json has no object "metrics"')
    return evaluation


def number(value: Any, what: str) -> float:
    """Return ``value`` if it is a finite number. Raises NotEvaluableError; True and "0.9" are no numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotEvaluableError(f"{what} is not a number: {json.dumps(value)[:100]}")
    try:
        finite = float(value)
    except OverflowError:
        finite = math.inf
    if not math.isfinite(finite):
        raise NotEvaluableError(f"{what} is not a finite number")
    return finite


def metric(evaluation: Mapping[str, Any], key: str, section: str = "metrics") -> float:
    """The number at ``key``: a dotted path from the root of the file, else a name in ``section``."""
    found = evaluation.get(section)
    values = found if isinstance(found, dict) else {}
    path = key.split(".")
    if section == "metrics" and len(path) > 1 and (nested := list(_walk(evaluation, path))):
        return number(nested[0], key)
    if key not in values:
        raise NotEvaluableError(f"evaluation.json has no {key} in {section}")
    return number(values[key], f"{section}.{key}")


def _walk(value: Any, path: list[str]) -> Iterator[Any]:
    """Yield what lies at ``path``, if anything; a number in it counts the entries of a list from 0."""
    for part in path:
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return
    yield value


def finite_metrics(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """The metrics that JSON can hold; the others are no numbers."""
    found: dict[str, float] = {}
    for name, value in evaluation["metrics"].items():
        try:
            found[name] = number(value, name)
        except NotEvaluableError:
            continue
    return found


def lower_is_better(key: str, gate: Mapping[str, Any]) -> bool:
    """Whether a smaller value is better: for limits from above, and for metrics of error by their name."""
    name = key.rpartition(".")[2].lower()
    return key in (gate.get("AtMost") or {}) or name in _LOWER_IS_BETTER or name.startswith("error")


def judge(
    evaluation: Mapping[str, Any], gate: Mapping[str, Any], live: Mapping[str, Any] | str | None
) -> list[Check]:
    """Check every line of ``gate``.

    ``live`` is the evaluation of the live version, None if nothing is live, or text that says why the live
    version's evaluation cannot be had.
    """
    unknown = [
        Check(name, NOT_EVALUABLE, "no check of this name")
        for name in sorted(gate.keys() - set(_SECTIONS))
        if gate[name]
    ]
    return [*unknown, *_limits(evaluation, gate, live), *_fairness(evaluation, gate)]


def _limits(
    evaluation: Mapping[str, Any], gate: Mapping[str, Any], live: Mapping[str, Any] | str | None
) -> Iterator[Check]:
    for section, name in _LIMITS.items():
        for key, wanted in (gate.get(section) or {}).items():
            what = f"{name} {key}"
            try:
                limit, value = number(wanted, "the limit"), metric(evaluation, key)
                if section == "AtLeast":
                    yield _compared(what, value, limit, lower=False)
                elif section == "AtMost":
                    yield _compared(what, value, limit, lower=True)
                elif section in ("BetterThanBaseBy", "NotWorseThanBaseBy"):
                    wanted_gain = limit if section == "BetterThanBaseBy" else -limit
                    yield _against_base(what, key, value, wanted_gain, gate, evaluation)
                elif section == "NotWorseThanLiveBy":
                    yield _against_live(what, key, value, limit, gate, live)
                else:
                    gap = abs(metric(evaluation, key, "training_metrics") - value)
                    yield _compared(what, gap, limit, lower=True, note="between training and test")
            except NotEvaluableError as error:
                yield Check(what, NOT_EVALUABLE, str(error))


def _compared(name: str, value: float, limit: float, *, lower: bool, note: str = "") -> Check:
    close = bool(note) and math.isclose(value, limit, rel_tol=_ROUNDING, abs_tol=_ROUNDING)
    passed = close or (value <= limit if lower else value >= limit)
    sign = ("<=" if lower else ">=") if passed else (">" if lower else "<")
    reason = f"{value:.6g} {sign} {limit:.6g}{f' ({note})' if note else ''}"
    return Check(name, PASS if passed else FAIL, reason, value, limit)


def _against_base(
    name: str,
    key: str,
    value: float,
    gain: float,
    gate: Mapping[str, Any],
    evaluation: Mapping[str, Any],
) -> Check:
    """Whether a metric is better by ``gain`` (worse by as much, if negative) than the base model's."""
    base = metric(evaluation, key, "base")
    lower = lower_is_better(key, gate)
    limit = base - gain if lower else base + gain
    return _compared(name, value, limit, lower=lower, note=f"the base model has {base:.6g}")


def _against_live(
    name: str,
    key: str,
    value: float,
    tolerance: float,
    gate: Mapping[str, Any],
    live: Mapping[str, Any] | str | None,
) -> Check:
    if live is None:
        return Check(name, PASS, "no version is approved yet, so there is nothing to compare with", value)
    if isinstance(live, str):
        raise NotEvaluableError(f"the live version cannot be compared with: {live}")
    try:
        now = metric(live, key)
    except NotEvaluableError as error:
        raise NotEvaluableError(f"the live version's {error}") from error
    lower = lower_is_better(key, gate)
    limit = now + tolerance if lower else now - tolerance
    return _compared(name, value, limit, lower=lower, note=f"the live version has {now:.6g}")


def _fairness(evaluation: Mapping[str, Any], gate: Mapping[str, Any]) -> Iterator[Check]:
    if not (wanted := gate.get("Fairness")):
        return
    attribute, key = wanted["Attribute"], wanted["Metric"]
    name = f"fairness {attribute} {key}"
    try:
        limit = number(wanted["MinimumRatio"], "the limit")
        values = dict(_group_values(evaluation, attribute, key))
        least, most = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
        if values[least] < 0 or not values[most]:
            raise NotEvaluableError(f"{key} has no ratio between {least} and {most}: it is negative or 0")
        ratio = values[least] / values[most]
        shown = f"{least}: {values[least]:.6g}, {most}: {values[most]:.6g}"
        yield _compared(name, ratio, limit, lower=False, note=shown)
    except NotEvaluableError as error:
        yield Check(name, NOT_EVALUABLE, str(error))


def _group_values(evaluation: Mapping[str, Any], attribute: str, key: str) -> Iterable[tuple[str, float]]:
    every = evaluation.get("groups")
    groups = every.get(attribute) if isinstance(every, dict) else None
    if not isinstance(groups, dict) or len(groups) < 2:
        raise NotEvaluableError(f"evaluation.json has no two groups of {attribute}")
    for name, values in groups.items():
        if not isinstance(values, dict) or key not in values:
            raise NotEvaluableError(f"group {name} of {attribute} has no {key}")
        yield name, number(values[key], f"{key} of group {name}")


def verdict(checks: list[Check], metrics: Mapping[str, float], live: str | None) -> dict[str, Any]:
    """What the workflow goes on with: it passed if every check did."""
    against = [check for check in checks if check.outcome != PASS]
    shown = "; ".join(f"{check.name}: {check.outcome}, {check.reason}" for check in against)
    return {
        "Passed": not against,
        "Metrics": dict(metrics),
        "Checks": [check.as_json() for check in checks],
        "Summary": f"failed {len(against)} of {len(checks)} checks: {shown}"[:1000]
        if against
        else f"passed {len(checks)} checks",
        "Live": live,
    }
