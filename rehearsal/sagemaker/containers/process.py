"""A container's main process: its lines as they are written, its time limit, and its end."""

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

GRACE_SECONDS = 5.0
"""From SIGTERM to SIGKILL. SageMaker grants 120 s; a rehearsal need not wait so long."""
TAIL = 12
"""Last lines kept to explain a failure."""


@dataclass(frozen=True)
class Outcome:
    """How a process ended: exit code (128 + n for signal n), why it was ended by us, its last lines."""

    code: int
    timed_out: bool
    stopped: bool
    tail: tuple[str, ...]
    seconds: float


class Process:
    """One subprocess in its own session, whose output goes line by line to ``on_line``."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        on_line: Callable[[str], None],
    ) -> None:
        self._on_line, self._tail = on_line, deque[str](maxlen=TAIL)
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def wait(self, seconds: float, stop: threading.Event) -> Outcome:
        """Until the process ends, ``stop`` is set or ``seconds`` have passed; then it is ended."""
        limit = self._started + seconds
        while self.alive and not stop.is_set() and time.monotonic() < limit:
            self._poll(min(0.05, max(limit - time.monotonic(), 0)))
        stopped, timed_out = self.alive and stop.is_set(), self.alive and not stop.is_set()
        if self.alive:
            self.end()
        return self._outcome(timed_out=timed_out, stopped=stopped)

    def end(self, grace: float = GRACE_SECONDS) -> None:
        """SIGTERM to the whole session, SIGKILL to what is left after ``grace`` seconds."""
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()

    def kill(self) -> Outcome:
        """SIGKILL now, as when an instance is taken away."""
        self._signal(signal.SIGKILL)
        self._process.wait()
        return self._outcome(timed_out=False, stopped=True)

    def close(self) -> tuple[str, ...]:
        """End the process if need be and read what is left of its output; its last lines."""
        if self.alive:
            self.end(1.0)
        return self._outcome(timed_out=False, stopped=True).tail

    def _poll(self, seconds: float) -> None:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return

    def _outcome(self, *, timed_out: bool, stopped: bool) -> Outcome:
        self._reader.join(5)
        code = self._process.returncode
        seconds = time.monotonic() - self._started
        return Outcome(128 - code if code < 0 else code, timed_out, stopped, tuple(self._tail), seconds)

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        with stream:
            for raw in stream:
                line = raw.decode("utf-8", "replace").rstrip("\r\n")
                self._tail.append(line)
                self._on_line(line)
