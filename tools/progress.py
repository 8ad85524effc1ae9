"""Lines about an execution's states, for people: what it does, and not each of its looks at a clock.

States that only choose the way are left out. A workflow that polls waits and then looks: such rounds are one
line, with how often they came and how long all took, which is shown once something else happens.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

Show = Callable[[str], None]

SILENCE_SECONDS = 600.0
"""How long a log gets no line while rounds go on: many CI systems end a job that is silent for longer."""

_CLEAR = "\r\x1b[2K"
"""To the beginning of a terminal's line, and erase it (ECMA-48, CR and EL)."""


@dataclass
class _Rounds:
    """The same wait and the same step after it, ``times`` in a row; seconds since the execution began."""

    title: str
    began: float
    ended: float
    times: int = 0

    def __str__(self) -> str:
        often = f"  ×{self.times}" if self.times > 1 else ""
        return line(self.ended, self.title, self.ended - self.began) + often


class Progress:
    """Shows the states of one execution as they end; ``passing`` gets the line of rounds that still go on."""

    def __init__(self, show: Show, passing: Show = lambda _: None) -> None:
        self._show, self._passing = show, passing
        self._waited: tuple[str, float, float] | None = None
        self._rounds: _Rounds | None = None

    def state(self, kind: str, name: str, began: float, ended: float) -> None:
        """A state of a ``kind`` (Task, Wait, Choice, …) ended; seconds since the execution began."""
        if kind == "Wait":
            self._alone()
            self._waited = (name, began, ended)
        elif kind != "Choice" and self._waited:
            self._round(name, ended)
        elif kind != "Choice":
            self.note(line(ended, name, ended - began))

    def note(self, text: str) -> None:
        """Something else happened."""
        self.close()
        self._show(text)

    def close(self) -> None:
        """Show what is held back."""
        self._told()
        self._alone()

    def _round(self, name: str, ended: float) -> None:
        assert self._waited is not None
        title, began = f"{self._waited[0]} -> {name}", self._waited[1]
        self._waited = None
        if self._rounds is None or self._rounds.title != title:
            self._told()
            self._rounds = _Rounds(title, began, ended)
        self._rounds.ended = ended
        self._rounds.times += 1
        self._passing(str(self._rounds))

    def _told(self) -> None:
        if self._rounds:
            self._show(str(self._rounds))
        self._rounds = None

    def _alone(self) -> None:
        """A wait that nothing but another one, or the end, came after."""
        if self._waited:
            name, began, ended = self._waited
            self._waited = None
            self.note(line(ended, name, ended - began))


class Screen:
    """Prints lines. On a terminal, that of what still goes on is written over; a log gets it now and then."""

    def __init__(self, stream: TextIO | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._now = stream or sys.stdout, now
        self._written = now()
        self._over = self._stream.isatty()

    def __call__(self, text: str) -> None:
        """Print a line for good."""
        self._written = self._now()
        print(f"{_CLEAR if self._over else ''}{text}", file=self._stream, flush=True)

    def passing(self, text: str) -> None:
        """Print a line that another one will take the place of."""
        if self._over:
            print(f"{_CLEAR}{text}", end="", file=self._stream, flush=True)
        elif self._now() - self._written >= SILENCE_SECONDS:
            self(text)


def line(ended: float, what: str, seconds: float) -> str:
    """``what`` took so many ``seconds``, and was over ``ended`` seconds after the execution began."""
    return f"{clock(ended):>6}  {what:<28} {duration(seconds):>9}"


def clock(seconds: float) -> str:
    """``75`` as ``1:15``."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def duration(seconds: float) -> str:
    """``75`` as ``75.0 s``, ``1980`` as ``33 min``, ``9000`` as ``2 h 30 min``."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 120 else f"{minutes} min"
