"""Lines about an execution's states, as people read them: what happens again and again is told once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Show = Callable[[str], None]


@contextmanager
def once(show: Show) -> Iterator[Show]:
    """Within, a state that follows on itself is shown once, when it is over, with how often it came.

    Lines are those of ``tools.executions.follow``: time, state, seconds; two spaces between.
    """
    kept: list[str] = []

    def flush() -> None:
        if kept:
            show(kept[-1] + (f"  {len(kept)} times" if len(kept) > 1 else ""))
            kept.clear()

    def tell(line: str) -> None:
        if kept and _state(kept[-1]) != _state(line):
            flush()
        kept.append(line)

    try:
        yield tell
    finally:
        flush()


def _state(line: str) -> str:
    """The state's name of a line; the whole line if it is about something else."""
    parts = [part for part in line.split("  ") if part.strip()]
    return parts[1] if len(parts) == 3 else line
