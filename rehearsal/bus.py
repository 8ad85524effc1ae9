"""Delivers events of the emulated account to whoever subscribes, as EventBridge's default bus does."""

from collections.abc import Callable, Mapping
from queue import Queue
from threading import Thread
from typing import Any

Event = Mapping[str, Any]
Subscriber = Callable[[dict[str, Any]], None]


class Bus:
    """Events in the order they were published, delivered by a thread of its own: publishers never wait."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._subscribers: list[Subscriber] = []
        self._queue: Queue[Event | None] = Queue()
        self._thread = Thread(target=self._deliver, daemon=True)

    def subscribe(self, subscriber: Subscriber) -> None:
        """Deliver every event from now on to ``subscriber`` as well."""
        self._subscribers.append(subscriber)

    def publish(self, event: Event) -> None:
        """Hand over an event."""
        self._queue.put(event)

    def settle(self) -> None:
        """Return when everything published so far has been delivered."""
        self._queue.join()

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """Deliver what was published, then no more."""
        self._queue.put(None)
        self._thread.join()

    def _deliver(self) -> None:
        while (event := self._queue.get()) is not None:
            for subscriber in list(self._subscribers):
                self._hand_over(event, subscriber)
            self._queue.task_done()
        self._queue.task_done()

    def _hand_over(self, event: Event, subscriber: Subscriber) -> None:
        try:
            subscriber(dict(event))
        except Exception as error:  # one subscriber's fault is not the others'
            self._note(f"an event was not taken: {type(error).__name__}: {error}")
