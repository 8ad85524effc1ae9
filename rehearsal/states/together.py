"""Works that run at once, seated at the world's clock, and what happens to the others when one fails."""

import concurrent.futures
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from rehearsal.clock import Seat, WorldClock
from rehearsal.states.errors import StateError, StoppedError

Work = Callable[[], Any]
Halt = Callable[[], None]
Result = concurrent.futures.Future[Any]


def together(
    works: Sequence[Work], limit: int, halt: Halt, intolerable: Callable[[int], bool], world: WorldClock
) -> list[Any]:
    """Run all, ``limit`` at once. A failure is a result unless ``intolerable(number of failures)``: then
    ``halt`` stops the others, nothing more is begun, and the first failure is raised when all have ended."""
    if not works:
        return []
    failures: list[StateError] = []
    halted = threading.Event()
    futures: list[Result] = [concurrent.futures.Future() for _ in works]
    waiting = deque(zip(futures, works, strict=True))
    seats = [world.seat() for _ in range(max(limit, 1))]
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(seats)) as pool:
        for seat in seats:
            pool.submit(_drain, seat, waiting, halted)
        for future in concurrent.futures.as_completed(futures):
            error = future.exception()
            if isinstance(error, StateError):
                failures.append(error)
            if intolerable(len(failures)) or (error is not None and not isinstance(error, StateError)):
                halted.set()
                halt()
    return _outcome(futures, failures, intolerable(len(failures)))


def _drain(seat: Seat, waiting: deque[tuple[Result, Work]], halted: threading.Event) -> None:
    """Do what is waiting, one after the other, until nothing is."""
    with seat, contextlib.suppress(IndexError):  # of popleft: another was faster
        while True:
            future, work = waiting.popleft()
            _unless(halted, work, future)


def _unless(halted: threading.Event, work: Work, future: Result) -> None:
    try:
        if halted.is_set():
            raise StoppedError("ABORTED")
        future.set_result(work())
    except BaseException as error:
        future.set_exception(error)


def _outcome(futures: Sequence[Result], failures: Sequence[StateError], failed: bool) -> list[Any]:
    """The results, or the first failure. Our own faults and a stopped execution come before a failure; the
    branches that were stopped because another failed do not."""
    errors = [future.exception() for future in futures]
    for error in errors:
        if error is None or isinstance(error, StateError):
            continue
        if not isinstance(error, StoppedError) or not failed:
            raise error
    if failed:
        raise failures[0]
    return [error or future.result() for error, future in zip(errors, futures, strict=True)]
