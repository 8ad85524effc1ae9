"""The event history of one execution, as GetExecutionHistory answers it."""

import datetime
import json
import threading
from typing import Any


class History:
    """Events with ids 1, 2, ...; safe for branches that run at once.

    Event types and their detail members: Step Functions API reference, HistoryEvent.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: list[dict[str, Any]] = []

    def add(
        self,
        kind: str,
        when: datetime.datetime,
        previous: int,
        details: tuple[str, dict[str, Any]] | None = None,
    ) -> int:
        """Append an event and give its id; ``details`` are a member of HistoryEvent and its content."""
        with self._lock:
            number = len(self._events) + 1
            event = {"timestamp": when, "type": kind, "id": number, "previousEventId": previous}
            if details is not None:
                name, content = details
                event[name] = {key: value for key, value in content.items() if value is not None}
            self._events.append(event)
            return number

    def events(self) -> list[dict[str, Any]]:
        """All events so far, oldest first."""
        with self._lock:
            return list(self._events)


def text(value: Any) -> str:
    """JSON as the history spells inputs and outputs."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
