"""The CloudWatch API of the emulated account: metrics, alarms, dashboards."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rehearsal.api import ApiError, ApiRequest, Parameters
from rehearsal.cloudwatch.actions import tell
from rehearsal.cloudwatch.alarm_calls import AlarmCalls
from rehearsal.cloudwatch.data import Key, Values, values_of
from rehearsal.cloudwatch.queries import moment_of, seconds, series_of
from rehearsal.cloudwatch.watch import Watch

if TYPE_CHECKING:
    from rehearsal.emulator import Emulator

MOST_METRICS = 500
"""MetricDataQueries of one GetMetricData (its API reference)."""


class CloudWatch:
    """CloudWatch by the world's time. Registers itself with the emulator as ``cloudwatch``."""

    def __init__(self, emulator: "Emulator") -> None:
        self.watch = Watch(lambda: emulator.clock.now().timestamp(), lambda *what: tell(emulator, *what))
        self.dashboards: dict[str, str] = {}
        self._place = emulator.place
        calls = AlarmCalls(emulator.place, self.watch)
        self._operations: dict[str, Callable[[Parameters], Parameters]] = {
            "DeleteAlarms": calls.delete,
            "DeleteDashboards": self._delete_dashboards,
            "DescribeAlarmHistory": calls.history,
            "DescribeAlarms": calls.describe,
            "GetDashboard": self._dashboard,
            "GetMetricData": self._data,
            "GetMetricStatistics": self._statistics,
            "ListDashboards": self._dashboards,
            "ListMetrics": self._metrics,
            "ListTagsForResource": self._tags,
            "PutCompositeAlarm": calls.put_composite,
            "PutDashboard": self._put_dashboard,
            "PutMetricAlarm": calls.put,
            "PutMetricData": self._put,
            "SetAlarmState": calls.set_state,
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }
        emulator.register("cloudwatch", self.handle)
        emulator.resource_tags.append(self.tags_of)

    def handle(self, call: ApiRequest) -> Parameters:
        """Answer one call. Raises ApiError as the service does, and for what is not rehearsed."""
        operation = self._operations.get(call.operation)
        if operation is None:
            raise ApiError(
                "UnknownOperationException", f"the rehearsal has no cloudwatch:{call.operation}", 404
            )
        return operation(call.parameters)

    def tags_of(self, arn: str) -> dict[str, str] | None:
        """Tags of the alarm with this ARN, if there is one."""
        alarm = self.watch.alarms.get(arn.partition(":alarm:")[2])
        return alarm.tags if alarm else None

    def _put(self, request: Parameters) -> Parameters:
        with self.watch.locked():
            for datum in request.get("MetricData", ()):
                moment = seconds(datum["Timestamp"]) if "Timestamp" in datum else self.watch.now()
                self.watch.metrics.put(Key.of(datum, request["Namespace"]), moment, values_of(datum))
        return {}

    def _data(self, request: Parameters) -> Parameters:
        queries = request["MetricDataQueries"]
        if len(queries) > MOST_METRICS:
            raise ApiError("ValidationError", f"At most {MOST_METRICS} metrics can be requested at once.")
        self.watch.settle()
        with self.watch.locked():
            start, end = seconds(request["StartTime"]), seconds(request["EndTime"])
            if start >= end:
                raise ApiError("ValidationError", "The parameter StartTime must be less than EndTime.")
            found = series_of(queries, self.watch.metrics, start, end)
        ascending = request.get("ScanBy", "TimestampDescending") == "TimestampAscending"
        shown = [query for query in queries if query.get("ReturnData", True)]
        return {"MetricDataResults": [_result(query, found[query["Id"]], ascending) for query in shown]}

    def _statistics(self, request: Parameters) -> Parameters:
        self.watch.settle()
        names = [*request.get("Statistics", ()), *request.get("ExtendedStatistics", ())]
        start, end = seconds(request["StartTime"]), seconds(request["EndTime"])
        with self.watch.locked():
            periods = self.watch.metrics.periods(Key.of(request), start, end, int(request["Period"]))
            points = [_point(at, values, names) for at, values in sorted(periods.items())]
        return {"Label": request["MetricName"], "Datapoints": points}

    def _metrics(self, request: Parameters) -> Parameters:
        wanted = {(one["Name"], one.get("Value")) for one in request.get("Dimensions", ())}
        found = [
            {
                "Namespace": key.namespace,
                "MetricName": key.name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in sorted(key.dimensions)],
            }
            for key in self.watch.metrics.known()
            if request.get("Namespace") in (None, key.namespace)
            and request.get("MetricName") in (None, key.name)
            and all(
                one in key.dimensions or (one[1] is None and one[0] in dict(key.dimensions)) for one in wanted
            )
        ]
        return {"Metrics": found}

    def _put_dashboard(self, request: Parameters) -> Parameters:
        """PutDashboard: the body must be JSON with widgets."""
        try:
            body = json.loads(request["DashboardBody"])
            widgets = body["widgets"] if isinstance(body, dict) else None
        except (ValueError, KeyError):
            widgets = None
        if not isinstance(widgets, list):
            raise ApiError(
                "InvalidParameterInput", "The dashboard body is invalid: it has no list of widgets."
            )
        self.dashboards[request["DashboardName"]] = request["DashboardBody"]
        return {"DashboardValidationMessages": []}

    def _dashboard(self, request: Parameters) -> Parameters:
        name = request["DashboardName"]
        if name not in self.dashboards:
            raise ApiError("ResourceNotFound", f"Dashboard {name} does not exist", 404)
        return {
            "DashboardArn": self._place.arn("cloudwatch", f"dashboard/{name}", region=""),
            "DashboardBody": self.dashboards[name],
            "DashboardName": name,
        }

    def _dashboards(self, request: Parameters) -> Parameters:
        prefix = request.get("DashboardNamePrefix", "")
        names = [name for name in sorted(self.dashboards) if name.startswith(prefix)]
        return {"DashboardEntries": [{"DashboardName": name} for name in names]}

    def _delete_dashboards(self, request: Parameters) -> Parameters:
        for name in request["DashboardNames"]:
            self.dashboards.pop(name, None)
        return {}

    def _tags(self, request: Parameters) -> Parameters:
        tags = self._tagged(request["ResourceARN"])
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _tag(self, request: Parameters) -> Parameters:
        self._tagged(request["ResourceARN"]).update({one["Key"]: one["Value"] for one in request["Tags"]})
        return {}

    def _untag(self, request: Parameters) -> Parameters:
        tags = self._tagged(request["ResourceARN"])
        for key in request["TagKeys"]:
            tags.pop(key, None)
        return {}

    def _tagged(self, arn: str) -> dict[str, str]:
        tags = self.tags_of(arn)
        if tags is None:
            raise ApiError("ResourceNotFoundException", f"{arn} does not exist.", 404)
        return tags


def _result(query: Parameters, series: dict[float, float], ascending: bool) -> dict[str, Any]:
    moments = sorted(series, reverse=not ascending)
    metric = query.get("MetricStat", {}).get("Metric", {}).get("MetricName")
    return {
        "Id": query["Id"],
        "Label": query.get("Label") or metric or query["Id"],
        "Timestamps": [moment_of(at) for at in moments],
        "Values": [series[at] for at in moments],
        "StatusCode": "Complete",
    }


def _point(at: float, values: Values, names: list[str]) -> dict[str, Any]:
    found = {name: values.statistic(name) for name in names}
    plain = {name: value for name, value in found.items() if value is not None and name[0] != "p"}
    extended = {name: value for name, value in found.items() if value is not None and name[0] == "p"}
    return {"Timestamp": moment_of(at), **plain} | ({"ExtendedStatistics": extended} if extended else {})
