"""A training job's metrics, read from its log lines by the regular expressions of its request."""

import re
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

_BUILT_IN_XGBOOST = re.compile(
    r"#011(train|validation)-([\w@.-]+):([-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|inf|nan))"
)
"""What the algorithm's predefined metric definitions match (``algorithm_mode/metrics.py``)."""

Observer = Callable[[str, float], None]


class MetricWatch:
    """Metrics seen so far, each with every value. ``line`` may be called from another thread."""

    def __init__(
        self, definitions: Iterable[Any], *, built_in: bool, observer: Observer | None = None
    ) -> None:
        self._definitions = [(item["Name"], re.compile(item["Regex"])) for item in definitions]
        self._built_in, self._observer = built_in, observer
        self._lock = threading.Lock()
        self.values: list[tuple[str, float, float]] = []
        """Name, value, seconds since the epoch, in the order they were logged."""

    def line(self, text: str) -> None:
        """Take the metrics of one log line, as CloudWatch shows it."""
        shown = text.replace("\t", "#011")
        found = [(name, match) for name, regex in self._definitions for match in regex.findall(shown)]
        if self._built_in:
            found += [(f"{data}:{name}", value) for data, name, value in _BUILT_IN_XGBOOST.findall(shown)]
        for name, value in found:
            self._add(name, value[0] if isinstance(value, tuple) else value)

    def final(self) -> list[dict[str, Any]]:
        """FinalMetricDataList: the last value of each metric."""
        with self._lock:
            last = {name: (value, moment) for name, value, moment in self.values}
        return [{"MetricName": n, "Value": value, "Timestamp": moment} for n, (value, moment) in last.items()]

    def _add(self, name: str, text: str) -> None:
        try:
            value = float(text)
        except ValueError:
            return
        if value != value or value in (float("inf"), float("-inf")):
            return
        with self._lock:
            self.values.append((name, value, time.time()))
        if self._observer is not None:
            self._observer(name, value)
