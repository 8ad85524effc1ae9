"""Whole lines out of a stream of bytes: how one object is read in several places without losing a line."""

from collections.abc import Iterable, Iterator

LONGEST_LINE = 8 * 1024 * 1024
"""Bytes. A longer line is no row of a data set, and would have to be held in memory whole."""


class LineTooLongError(Exception):
    """A line is longer than ``LONGEST_LINE``."""


def reading_from(start: int) -> int:
    """Offset to read from for the lines that begin at ``start`` or later: the byte before decides."""
    return max(start - 1, 0)


def blocks(chunks: Iterable[bytes], start: int, end: int) -> Iterator[bytes]:
    """Yield the lines that begin at an offset in ``start <= offset < end``, in blocks of whole lines.

    ``chunks`` are the object's bytes from ``reading_from(start)`` on; they are read no further than the last
    such line. Consecutive ranges therefore yield each line of an object exactly once.
    """
    rest, at, inside = b"", reading_from(start), start == 0
    for chunk in chunks:
        rest += chunk
        if not inside:
            cut = rest.find(b"\n") + 1
            at, rest, inside = at + (cut or len(rest)), rest[cut or len(rest) :], cut > 0
        if at >= end:
            return
        if not inside:
            continue
        last = at + len(rest) >= end
        cut = (rest.find(b"\n", end - at - 1) if last else rest.rfind(b"\n")) + 1
        if cut:
            yield rest[:cut]
        if cut and last:
            return
        at, rest = at + cut, rest[cut:]
        if len(rest) > LONGEST_LINE:
            raise LineTooLongError
    if inside and rest:
        yield rest
