"""CloudWatch, Step Functions, S3 and EventBridge, as a release uses them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from release.ports import Query

STOP_METRIC, RELEASED_METRIC = "StopRequested", "Released"
"""The metric whose alarm ends a release under way, with endpoint and release as dimensions, and that of the
version which serves, with the endpoint."""

DIFFERS_METRIC, SWEPT_METRIC = "ServingDiffersFromStack", "SweptResources"
"""The metrics of upkeep, with the endpoint: 1 if anything is not as it is to be, and what a sweep deleted."""

DETAIL_TYPE = "Model Release"

_UTILIZATION = "Utilization"
"""How metrics of instances end; they have a namespace of their own (sagemaker-runtime metrics: the SageMaker
developer guide, "Monitor SageMaker AI with Amazon CloudWatch")."""


class CloudWatchMetrics:
    """``release.ports.Metrics``: metrics of ``endpoint``; ``namespace`` is that of releases.

    ``outcomes`` is the namespace of what became of its answers, of an endpoint that may have a challenger.
    """

    def __init__(self, client: Any, endpoint: str, namespace: str, outcomes: str = "") -> None:
        self._client, self._endpoint, self._namespace = client, endpoint, namespace
        self._outcomes = outcomes

    def series(self, queries: Sequence[Query], start: str, end: str, period: int) -> dict[str, list[Any]]:
        """For each query id its ``[timestamp, value]`` pairs, oldest first."""
        found: dict[str, list[Any]] = {query.id: [] for query in queries}
        pages = self._client.get_paginator("get_metric_data").paginate(
            MetricDataQueries=[self._query(query, period) for query in queries],
            StartTime=start,
            EndTime=end,
            ScanBy="TimestampAscending",
        )
        for result in (result for page in pages for result in page["MetricDataResults"]):
            times = [moment.isoformat().replace("+00:00", "Z") for moment in result["Timestamps"]]
            found[result["Id"]] += map(list, zip(times, result["Values"], strict=True))
        return {name: sorted(pairs) for name, pairs in found.items()}

    def _query(self, query: Query, period: int) -> dict[str, Any]:
        own = {"EndpointConfigName": query.config} if query.config else {}
        dimensions = {"EndpointName": self._endpoint, "VariantName": query.variant, **own}
        namespace = "/aws/sagemaker/Endpoints" if query.metric.endswith(_UTILIZATION) else "AWS/SageMaker"
        if query.outcome:
            namespace, dimensions = self._outcomes, {"Variant": query.variant}
        return {
            "Id": query.id,
            "MetricStat": {
                "Metric": {
                    "Namespace": namespace,
                    "MetricName": query.metric,
                    "Dimensions": _dimensions(dimensions),
                },
                "Period": period,
                "Stat": query.statistic,
            },
            "ReturnData": True,
        }

    def alarms(self, prefix: str) -> dict[str, str]:
        """State of every metric alarm whose name begins with ``prefix``."""
        pages = self._client.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm"]
        )
        return {alarm["AlarmName"]: alarm["StateValue"] for page in pages for alarm in page["MetricAlarms"]}

    def alarm_changes(self, prefix: str, start: str, end: str) -> dict[str, int]:
        """How often each metric alarm whose name begins with ``prefix`` went into ALARM or out of it.

        Alarm by alarm: CloudWatch finds histories by no prefix, and all alarms of an account change often.
        """
        found = {name: self._changes(name, start, end) for name in self.alarms(prefix)}
        return {name: number for name, number in found.items() if number}

    def _changes(self, name: str, start: str, end: str) -> int:
        pages = self._client.get_paginator("describe_alarm_history").paginate(
            AlarmName=name,
            AlarmTypes=["MetricAlarm"],
            HistoryItemType="StateUpdate",
            StartDate=start,
            EndDate=end,
        )
        return sum(_of_alarm(item) for page in pages for item in page["AlarmHistoryItems"])

    def ask_to_stop(self, release_id: str, now: str) -> None:
        """Put the metric that trips the stop alarm of a release under way."""
        self._put(STOP_METRIC, {"Endpoint": self._endpoint, "ReleaseId": release_id}, 1, now)

    def released(self, version: int, now: str) -> None:
        """Put the number of the version that serves from now on."""
        self._put(RELEASED_METRIC, {"Endpoint": self._endpoint}, version, now)

    def differs(self, *, differs: bool, now: str) -> None:
        """Put whether anything is not as it is to be."""
        self._put(DIFFERS_METRIC, {"Endpoint": self._endpoint}, int(differs), now)

    def swept(self, number: int, now: str) -> None:
        """Put how many models and configurations a sweep deleted."""
        self._put(SWEPT_METRIC, {"Endpoint": self._endpoint}, number, now)

    def _put(self, name: str, dimensions: Mapping[str, str], value: int, now: str) -> None:
        datum = {
            "MetricName": name,
            "Dimensions": _dimensions(dimensions),
            "Timestamp": now,
            "Value": value,
        }
        self._client.put_metric_data(Namespace=self._namespace, MetricData=[datum])


def _of_alarm(item: Mapping[str, Any]) -> bool:
    """Whether a change of state was into ALARM or out of it, which the history's data say in JSON.

    What cannot be read counts as one: the data have 4,095 characters at most (API reference,
    AlarmHistoryItem), and what becomes of longer ones is not documented.
    """
    try:
        data = json.loads(item["HistoryData"])
        return "ALARM" in (data["oldState"]["stateValue"], data["newState"]["stateValue"])
    except (KeyError, TypeError, ValueError):
        return True


def _dimensions(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in values.items()]


class StepFunctionsExecutions:
    """``release.ports.Executions``."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def running(self, arn: str) -> bool:
        """Whether the execution runs; False if it ended or is unknown."""
        try:
            return bool(self._client.describe_execution(executionArn=arn)["status"] == "RUNNING")
        except self._client.exceptions.ExecutionDoesNotExist:
            return False

    def stop(self, arn: str, cause: str) -> None:
        """End an execution; harmless if it has ended."""
        try:
            self._client.stop_execution(executionArn=arn, error="ReleaseStopped", cause=cause)
        except self._client.exceptions.ExecutionDoesNotExist:
            return


class S3Reports:
    """``release.ports.Reports``: below ``releases/<model>/`` of ``bucket``."""

    def __init__(self, client: Any, bucket: str, model: str) -> None:
        self._client, self._bucket, self._folder = client, bucket, f"releases/{model}"

    def keep(self, name: str, content: str, content_type: str) -> str:
        """Store the report and return its s3:// address."""
        key = f"{self._folder}/{name}"
        self._client.put_object(Bucket=self._bucket, Key=key, Body=content.encode(), ContentType=content_type)
        return f"s3://{self._bucket}/{key}"


class EventBridgeAnnouncements:
    """``release.ports.Announcements``: on the account's default bus, as ``source``."""

    def __init__(self, client: Any, source: str) -> None:
        self._client, self._source = client, source

    def announce(self, detail: Mapping[str, Any]) -> None:
        """Publish a ``Model Release`` event. Raises RuntimeError if EventBridge does not take it."""
        entry = {"Source": self._source, "DetailType": DETAIL_TYPE, "Detail": json.dumps(dict(detail))}
        answer = self._client.put_events(Entries=[entry])
        if answer.get("FailedEntryCount"):
            raise RuntimeError(f"EventBridge did not take the event: {answer['Entries']}")
