"""Metric alarms: when each changes its state.

Amazon CloudWatch user guide, "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data".
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.cloudwatch.data import Metrics
from rehearsal.cloudwatch.expressions import Series
from rehearsal.cloudwatch.queries import series_of

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"

EXTRA_PERIODS = 2
"""How many periods more than EvaluationPeriods are looked at where data is missing: CloudWatch retrieves more
data points than the alarm needs; the guide's own tables show five for three periods."""

_COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}
EVALUATION_SECONDS = 60
"""An alarm with periods of a minute or more is evaluated every minute ("Alarm evaluation")."""


@dataclass(frozen=True)
class Transition:
    """A change of an alarm's state at ``moment`` (seconds since the epoch)."""

    moment: float
    old: str
    new: str
    reason: str


@dataclass
class Alarm:
    """One alarm as PutMetricAlarm or PutCompositeAlarm made it; ``seen`` is until when it was evaluated."""

    name: str
    request: dict[str, Any]
    seen: float
    created: float
    state: str = INSUFFICIENT_DATA
    reason: str = "Unchecked: Initial alarm creation"
    changed: float = 0.0
    history: list[Transition] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def composite(self) -> bool:
        """Whether it rests on other alarms."""
        return "AlarmRule" in self.request

    def become(self, state: str, reason: str, moment: float) -> Transition | None:
        """Be in ``state`` from ``moment`` on; the change, if it is one."""
        if state == self.state:
            return None
        change = Transition(moment, self.state, state, reason)
        self.state, self.reason, self.changed = state, reason, moment
        self.history.append(change)
        return change

    def at(self, moment: float) -> str:
        """The state it was in at a moment."""
        for change in reversed(self.history):
            if change.moment <= moment:
                return change.new
        return self.history[0].old if self.history else self.state


def evaluate(alarm: Alarm, metrics: Metrics, until: float) -> list[Transition]:
    """Bring a metric alarm up to ``until``, evaluating it at every minute in between; what changed."""
    first = alarm.seen - alarm.seen % EVALUATION_SECONDS + EVALUATION_SECONDS
    if first > until:
        return []
    period, wanted = _period(alarm.request), int(alarm.request["EvaluationPeriods"])
    span = period * (wanted + EXTRA_PERIODS)
    series = _series(alarm.request, metrics, first - span - period, until, period)
    found = []
    moment = first
    while moment <= until:
        last = moment - moment % period  # the newest period that is complete
        points = [series.get(last - period * back) for back in range(wanted + EXTRA_PERIODS, 0, -1)]
        state, reason = judged(alarm.request, points, alarm.state)
        if change := alarm.become(state, reason, moment):
            found.append(change)
        moment += EVALUATION_SECONDS
    alarm.seen = until
    return found


def judged(request: Mapping[str, Any], points: Sequence[float | None], state: str) -> tuple[str, str]:
    """State and its reason from data points, oldest first, None where one is missing."""
    wanted = int(request["EvaluationPeriods"])
    needed = int(request.get("DatapointsToAlarm", wanted))
    missing = request.get("TreatMissingData", "missing")
    real = [point for point in points if point is not None]
    if not real:
        return _without_data(missing, state)
    if len(real) >= wanted:
        return _counted(request, real[-wanted:], 0, needed)
    if missing == "ignore":
        return _ignored(request, real, wanted - len(real), needed, state)
    if missing == "missing":
        return _premature(request, points[-wanted:], needed)
    filled = wanted - len(real) if missing == "breaching" else 0
    return _counted(request, real, filled, needed)


def _without_data(missing: str, state: str) -> tuple[str, str]:
    told = "no datapoints were received"
    return {
        "breaching": (
            ALARM,
            f"Threshold Crossed: {told} and missing data points were treated as [Breaching].",
        ),
        "notBreaching": (OK, f"Threshold Crossed: {told} and were treated as [NonBreaching]."),
        "ignore": (state, f"Unchanged: {told}."),
    }.get(str(missing), (INSUFFICIENT_DATA, f"Insufficient Data: {told}."))


def _counted(request: Mapping[str, Any], real: list[float], filled: int, needed: int) -> tuple[str, str]:
    breaching = sum(_breaches(request, point) for point in real) + filled
    return (ALARM if breaching >= needed else OK), _words(request, real)


def _ignored(
    request: Mapping[str, Any], real: list[float], absent: int, needed: int, state: str
) -> tuple[str, str]:
    """The state stays if it would depend on what is missing."""
    breaching = sum(_breaches(request, point) for point in real)
    if breaching < needed <= breaching + absent:
        return state, "Unchanged: missing data points are ignored."
    return _counted(request, real, 0, needed)


def _premature(request: Mapping[str, Any], points: Sequence[float | None], needed: int) -> tuple[str, str]:
    """Missing data is missing: in alarm if the oldest breaching point is as old as the points needed and
    every newer one is breaching or missing ("Avoiding premature transitions to alarm state").
    """
    real = [point for point in points if point is not None]
    ages = [len(points) - place for place, point in enumerate(points) if point is not None]
    if real and all(_breaches(request, point) for point in real) and max(ages) >= needed:
        return ALARM, _words(request, real)
    if sum(_breaches(request, point) for point in real) >= needed:
        return ALARM, _words(request, real)
    if not real:
        return INSUFFICIENT_DATA, "Insufficient Data: no recent datapoints."
    return OK, _words(request, real)


def _breaches(request: Mapping[str, Any], point: float) -> bool:
    return _COMPARED[str(request["ComparisonOperator"])](point, float(request["Threshold"]))


def _words(request: Mapping[str, Any], points: Sequence[float]) -> str:
    breaching = sum(_breaches(request, point) for point in points)
    told = ", ".join(f"{point:g}" for point in points[-5:])
    return (
        f"Threshold Crossed: {breaching} out of the last {len(points)} datapoints [{told}] compared "
        f"{request['ComparisonOperator']} with the threshold ({float(request['Threshold']):g})."
    )


def _period(request: Mapping[str, Any]) -> int:
    said = [int(request["Period"])] if "Period" in request else []
    for query in request.get("Metrics", ()):
        period = query.get("MetricStat", {}).get("Period") or query.get("Period")
        said += [int(period)] if period else []
    return max(said, default=60)


def _series(request: Mapping[str, Any], metrics: Metrics, start: float, end: float, period: int) -> Series:
    """What the alarm watches: one statistic, or the one query of several that returns data."""
    if queries := request.get("Metrics"):
        found = series_of(queries, metrics, start, end, period)
        watched = [query["Id"] for query in queries if query.get("ReturnData", True)]
        return found[watched[0]] if watched else {}
    stat = request.get("Statistic") or request.get("ExtendedStatistic")
    query = {"Id": "watched", "MetricStat": {"Metric": request, "Stat": stat, "Period": period}}
    return series_of([query], metrics, start, end, period)["watched"]
