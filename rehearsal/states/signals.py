"""Stopping a tree of branches: a signal set on a branch reaches everything below it."""

import threading


class Signal(threading.Event):
    """An event that also sets the signals made from it."""

    def __init__(self) -> None:
        super().__init__()
        self._children: list[Signal] = []
        self._lock = threading.Lock()

    def branch(self) -> "Signal":
        """A signal that is set with this one, and alone without it."""
        child = Signal()
        with self._lock:
            self._children.append(child)
            if self.is_set():
                child.set()
        return child

    def set(self) -> None:
        """Set this signal and all below."""
        super().set()
        with self._lock:
            children = list(self._children)
        for child in children:
            child.set()
