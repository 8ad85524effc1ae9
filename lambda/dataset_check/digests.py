"""Finds equal records in any amount of data: runs of sorted digests, which are then merged.

An entry stands for a record: ``DIGEST`` bytes of its digest, then the number of its piece and of its line in
there, so that entries sort by digest and, where records are equal, in the order of the data set.
"""

import struct
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappush, heappushpop
from typing import NamedTuple

DIGEST = 16
"""Bytes: among 10^9 different records two share a digest with a probability of 10^-21."""
ENTRY = struct.Struct(f">{DIGEST}sII")
RUN = 2**17
"""Entries kept in memory before they are sorted and put away: about 12 MB."""
READ = 2**15
"""Bytes that a merge reads of a run at once, if there are many runs."""


_AT_ONCE = 2**13
"""Entries looked at together: what they are compared by lives only as long."""


class Same(NamedTuple):
    """A record at (piece, line) that is the same as the one at ``first``."""

    at: tuple[int, int]
    first: tuple[int, int]


@dataclass
class Duplicates:
    """``pieces`` counts the records that an earlier one equals; ``groups`` are the records that recur.

    ``shown`` are the first ``most`` of them.
    """

    most: int
    pieces: Counter[int] = field(default_factory=Counter)
    groups: int = 0
    _heap: list[tuple[tuple[int, int], Same]] = field(default_factory=list)
    _digest: bytes = b""
    _first: tuple[int, int] = (0, 0)
    _recurs: bool = False

    @property
    def shown(self) -> list[Same]:
        """The first duplicates, in the order of the data set."""
        return sorted(same for _, same in self._heap)

    def add(self, entries: Sequence[bytes]) -> None:
        """Note what is equal in the next ``entries`` of all, which come sorted."""
        digests = _unpacked(f"{DIGEST}s{ENTRY.size - DIGEST}x", b"".join(entries))
        # Mostly there is nothing: a set tells at a fraction of the price of looking at each entry.
        if digests[0] == self._digest or len(set(digests)) < len(digests):
            for entry in entries:
                self._take(*ENTRY.unpack(entry))
        else:
            self._digest, piece, line = ENTRY.unpack(entries[-1])
            self._first, self._recurs = (piece, line), False

    def _take(self, digest: bytes, piece: int, line: int) -> None:
        if digest != self._digest:
            self._digest, self._first, self._recurs = digest, (piece, line), False
            return
        self.groups += not self._recurs
        self._recurs = True
        self.pieces[piece] += 1
        # The heap's smallest item is the last place in the data set, the first to be given up.
        item = ((-piece, -line), Same((piece, line), self._first))
        if len(self._heap) < self.most:
            heappush(self._heap, item)
        elif self._heap:
            heappushpop(self._heap, item)


class Runs:
    """Takes entries, and gives them to ``keep`` in sorted runs: ``keep(number, bytes)``."""

    def __init__(self, keep: Callable[[int, bytes], None]) -> None:
        self.entries: list[bytes] = []
        self.sizes: list[int] = []
        self._keep = keep

    def put_away(self, fewest: int = RUN) -> None:
        """Give a run away if there are at least ``fewest`` entries."""
        if len(self.entries) >= max(fewest, 1):
            self.entries.sort()
            data = b"".join(self.entries)
            self._keep(len(self.sizes), data)
            self.sizes.append(len(data))
            self.entries.clear()


def duplicates(runs: Sequence[Iterable[bytes]], most: int) -> Duplicates:
    """What is equal in sorted ``runs``, each a stream of bytes that ends anywhere; ``most`` are shown."""
    found = Duplicates(most)
    for entries in _merged([_entries(run) for run in runs]):
        found.add(entries)
    return found


def _unpacked(each: str, data: bytes) -> Sequence[bytes]:
    """What ``each`` takes of every entry, in one call: several times as fast as slices."""
    return struct.unpack(each * (len(data) // ENTRY.size), data)


def _entries(chunks: Iterable[bytes]) -> Iterator[Sequence[bytes]]:
    rest = b""
    for chunk in chunks:
        rest += chunk
        whole = len(rest) - len(rest) % ENTRY.size
        if whole:
            yield _unpacked(f"{ENTRY.size}s", rest[:whole])
            rest = rest[whole:]


def _merged(runs: Sequence[Iterator[Sequence[bytes]]]) -> Iterator[Sequence[bytes]]:
    """Yield the entries of all runs in lists that are sorted, in themselves and one after another.

    What may be given are the entries up to the least of the last ones that the runs have shown. Sorting them
    again costs less than a heap: they consist of a few sorted stretches.
    """
    held: list[tuple[Sequence[bytes], Iterator[Sequence[bytes]]]] = [((), run) for run in runs]
    while True:
        held = [(entries or next(run, ()), run) for entries, run in held]
        held = [(entries, run) for entries, run in held if entries]
        if not held:
            return
        if len(held) == 1:
            yield held[0][0]
            yield from held[0][1]
            return
        bound = min(entries[-1] for entries, _ in held)
        ready: list[bytes] = []
        for number, (entries, run) in enumerate(held):
            cut = bisect_right(entries, bound)
            ready += entries[:cut]
            held[number] = entries[cut:], run
        ready.sort()
        yield from (ready[at : at + _AT_ONCE] for at in range(0, len(ready), _AT_ONCE))
