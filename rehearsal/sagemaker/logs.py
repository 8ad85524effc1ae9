"""Writes a job's log lines and metrics to CloudWatch as the job's role; a refusal does not fail the job."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

_BATCH = 500
"""Lines per call; CloudWatch Logs takes up to 10,000."""
_METRICS_PER_CALL = 1000


class LogStream:
    """One log stream. Lines are sent in batches; ``close`` sends the rest."""

    def __init__(self, client: Any, group: str, stream: str, note: Callable[[str], None]) -> None:
        self._logs, self._note = client, note
        self._where = {"logGroupName": group, "logStreamName": stream}
        self._lines: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._usable = self._create(group, stream)

    def line(self, text: str) -> None:
        """Add one line. CloudWatch shows a container's tabs as ``#011``."""
        with self._lock:
            moment = int(time.time() * 1000)
            self._lines.append({"timestamp": moment, "message": text.replace("\t", "#011") or " "})
            full = len(self._lines) >= _BATCH
        if full:
            self.close()

    def close(self) -> None:
        """Send what has not been sent."""
        with self._lock:
            lines, self._lines = self._lines, []
            if lines and self._usable:
                self._try("PutLogEvents", lambda: self._logs.put_log_events(**self._where, logEvents=lines))

    def _create(self, group: str, stream: str) -> bool:
        """What SageMaker's agent calls first (developer guide, execution role of CreateTrainingJob)."""
        steps = {
            "CreateLogGroup": lambda: self._logs.create_log_group(logGroupName=group),
            "CreateLogStream": lambda: self._logs.create_log_stream(**self._where),
            "DescribeLogStreams": lambda: self._logs.describe_log_streams(
                logGroupName=group, logStreamNamePrefix=stream
            ),
        }
        return all(self._try(name, step) for name, step in steps.items())

    def _try(self, name: str, call: Callable[[], Any]) -> bool:
        try:
            call()
        except ClientError as error:
            if error.response["Error"].get("Code") != "ResourceAlreadyExistsException":
                self._note(f"logs:{name} on {self._where['logGroupName']} failed: {error}")
                return False
        return True


def put_metrics(
    client: Any,
    namespace: str,
    dimensions: Mapping[str, str],
    values: list[tuple[str, float, float]],
    note: Callable[[str], None],
) -> None:
    """Publish (name, value, seconds since the epoch) to CloudWatch."""
    where = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    for start in range(0, len(values), _METRICS_PER_CALL):
        data = [
            {"MetricName": name, "Value": value, "Timestamp": moment, "Dimensions": where}
            for name, value, moment in values[start : start + _METRICS_PER_CALL]
        ]
        try:
            client.put_metric_data(Namespace=namespace, MetricData=data)
        except ClientError as error:
            note(f"cloudwatch:PutMetricData in {namespace} failed: {error}")
            return
