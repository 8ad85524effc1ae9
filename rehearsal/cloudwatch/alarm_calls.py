"""The calls of the CloudWatch API that make, show and delete alarms."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.api import ApiError, Parameters, Place
from rehearsal.cloudwatch import rules
from rehearsal.cloudwatch.alarms import Alarm, Transition
from rehearsal.cloudwatch.queries import moment_of, seconds
from rehearsal.cloudwatch.watch import Watch

_HOW = ("Statistic", "ExtendedStatistic", "Metrics", "EvaluationCriteria")


class AlarmCalls:
    """Alarms by name."""

    def __init__(self, place: Place, watch: Watch) -> None:
        self._place, self._watch = place, watch

    def put(self, request: Parameters) -> Parameters:
        """PutMetricAlarm: a new alarm begins in INSUFFICIENT_DATA; of one that exists, the state stays.

        API reference, PutMetricAlarm: "When you update an existing alarm, its state is left unchanged".
        """
        given = dict(request)
        if len([name for name in _HOW if name in given]) != 1:
            raise ApiError(
                "ValidationError", "Specify exactly one of Statistic, ExtendedStatistic and Metrics."
            )
        if "Metrics" in given and len(_watched(given["Metrics"])) != 1:
            raise ApiError("ValidationError", "Exactly one element of the metrics list should return data.")
        if "Threshold" not in given:
            raise ApiError("ValidationError", "alarms by anomaly detection are not rehearsed")
        if int(given.get("DatapointsToAlarm", 1)) > int(given["EvaluationPeriods"]):
            raise ApiError("ValidationError", "DatapointsToAlarm must not exceed EvaluationPeriods.")
        return self._keep(given)

    def put_composite(self, request: Parameters) -> Parameters:
        """PutCompositeAlarm: every alarm its rule names must exist (API reference)."""
        for name in rules.alarms_in(str(request["AlarmRule"])):
            if name not in self._watch.alarms:
                raise ApiError("ValidationError", f"Alarm {name} in the AlarmRule does not exist.")
        rules.holds(str(request["AlarmRule"]), lambda _: "OK")
        return self._keep(dict(request))

    def _keep(self, given: dict[str, Any]) -> Parameters:
        tags = {tag["Key"]: tag["Value"] for tag in given.pop("Tags", ())}
        name = str(given["AlarmName"])
        with self._watch.locked():
            self._watch.settle()
            old = self._watch.alarms.get(name)
            if old is not None and old.composite == ("AlarmRule" in given):
                old.request = given
            else:
                now = self._watch.now()
                self._watch.alarms[name] = Alarm(name, given, seen=now, created=now, changed=now, tags=tags)
        return {}

    def describe(self, request: Parameters) -> Parameters:
        """DescribeAlarms: metric alarms, and composite ones if they are asked for."""
        self._watch.settle()
        kinds = request.get("AlarmTypes") or ["MetricAlarm"]
        found = [alarm for alarm in self._watch.alarms.values() if _chosen(alarm, request)]
        found = [one for one in found if _kind(one) in kinds]
        found.sort(key=lambda one: one.name)
        start = int(request.get("NextToken") or 0)
        size = int(
            request.get("MaxRecords") or 100 if "AlarmNames" in request else request.get("MaxRecords", 50)
        )
        chosen = found[start : start + size]
        answer: dict[str, Any] = {
            "MetricAlarms": [self.described(one) for one in chosen if not one.composite],
            "CompositeAlarms": [self.described(one) for one in chosen if one.composite],
        }
        return answer | ({"NextToken": str(start + size)} if start + size < len(found) else {})

    def described(self, alarm: Alarm) -> dict[str, Any]:
        """MetricAlarm or CompositeAlarm."""
        return {
            **alarm.request,
            "AlarmArn": self._place.arn("cloudwatch", f"alarm:{alarm.name}"),
            "ActionsEnabled": alarm.request.get("ActionsEnabled", True),
            "AlarmConfigurationUpdatedTimestamp": moment_of(alarm.created),
            "StateValue": alarm.state,
            "StateReason": alarm.reason,
            "StateUpdatedTimestamp": moment_of(alarm.changed),
            "StateTransitionedTimestamp": moment_of(alarm.changed),
        }

    def history(self, request: Parameters) -> Parameters:
        """DescribeAlarmHistory: changes of state, newest first; of metric alarms if no type is asked for."""
        self._watch.settle()
        if request.get("HistoryItemType", "StateUpdate") != "StateUpdate":
            raise ApiError("ValidationError", "of an alarm's history, only changes of state are rehearsed")
        name, kinds = request.get("AlarmName"), request.get("AlarmTypes") or ["MetricAlarm"]
        first = seconds(request["StartDate"]) if "StartDate" in request else -math.inf
        last = seconds(request["EndDate"]) if "EndDate" in request else math.inf
        found = [
            _told(alarm, change)
            for alarm in self._watch.alarms.values()
            if name in (None, alarm.name) and _kind(alarm) in kinds
            for change in alarm.history
            if first <= change.moment <= last
        ]
        newest_first = request.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        found.sort(key=lambda one: one["Timestamp"], reverse=newest_first)
        start, size = int(request.get("NextToken") or 0), int(request.get("MaxRecords", 100))
        more = {"NextToken": str(start + size)} if start + size < len(found) else {}
        return {"AlarmHistoryItems": found[start : start + size], **more}

    def delete(self, request: Parameters) -> Parameters:
        """DeleteAlarms: names of none are no error; one that a composite alarm rests on stays."""
        with self._watch.locked():
            for name in request["AlarmNames"]:
                for other in self._watch.alarms.values():
                    named = other.composite and name in rules.alarms_in(other.request["AlarmRule"])
                    if named and other.name not in request["AlarmNames"]:
                        raise ApiError(
                            "ValidationError", f"Cannot delete {name}: {other.name} depends on it."
                        )
            for name in request["AlarmNames"]:
                self._watch.alarms.pop(name, None)
        return {}

    def set_state(self, request: Parameters) -> Parameters:
        """SetAlarmState: until the alarm is evaluated again."""
        self._watch.settle()
        alarm = self._watch.alarms.get(request["AlarmName"])
        if alarm is None:
            raise ApiError("ResourceNotFound", f"Alarm {request['AlarmName']} does not exist.", 404)
        self._watch.become(alarm, request["StateValue"], request["StateReason"])
        return {}


def _kind(alarm: Alarm) -> str:
    return "CompositeAlarm" if alarm.composite else "MetricAlarm"


def _told(alarm: Alarm, change: Transition) -> dict[str, Any]:
    """AlarmHistoryItem of a change of state, with data as the AWS CLI's example of the call shows them."""
    old, new = {"stateValue": change.old}, {"stateValue": change.new, "stateReason": change.reason}
    return {
        "AlarmName": alarm.name,
        "AlarmType": _kind(alarm),
        "Timestamp": moment_of(change.moment),
        "HistoryItemType": "StateUpdate",
        "HistorySummary": f"Alarm updated from {change.old} to {change.new}",
        "HistoryData": json.dumps({"version": "1.0", "oldState": old, "newState": new}),
    }


def _chosen(alarm: Alarm, request: Parameters) -> bool:
    names = request.get("AlarmNames")
    return (
        (not names or alarm.name in names)
        and alarm.name.startswith(request.get("AlarmNamePrefix", ""))
        and request.get("StateValue") in (None, alarm.state)
    )


def _watched(queries: Sequence[Mapping[str, Any]]) -> list[str]:
    return [query["Id"] for query in queries if query.get("ReturnData", True)]
