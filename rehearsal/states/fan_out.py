"""Parallel and Map: branches that run at once, and what happens to the others when one fails."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from rehearsal.clock import WorldClock
from rehearsal.states.definition import distributed
from rehearsal.states.errors import QUERY_EVALUATION, TOLERANCE_EXCEEDED, StateError, StoppedError
from rehearsal.states.line import Line, Visit
from rehearsal.states.signals import Signal
from rehearsal.states.together import Halt, Work, together

Execute = Callable[[Line, str, Any], Any]
Child = Callable[[Visit, Signal, str, Any], Any]
INLINE_LIMIT = 40
"""The guide, "Map state in Inline mode": "up to 40 concurrent iterations"."""

THREADS = 8
"""Children of a distributed Map that really run at once; more would only compete for the processors."""


class FanOut:
    """``admit`` raises StateError when a state may not start executions; ``child`` runs one item of a
    distributed Map as an execution of its own."""

    def __init__(self, admit: Callable[[Visit], None], child: Child, world: WorldClock) -> None:
        self._admit, self._child, self._world = admit, child, world

    def parallel(self, visit: Visit, execute: Execute) -> list[Any]:
        """The branches' outputs, in their order; all get the Arguments, or else the state's input."""
        data = visit.field("Arguments", visit.input)
        branches = visit.state["Branches"]
        line, group = visit.line, visit.line.signal.branch()
        line.event("ParallelStateStarted")
        lines = [line.fork(branch["States"], group.branch()) for branch in branches]
        works = [_work(execute, fork, branch, data) for fork, branch in zip(lines, branches, strict=True)]
        try:
            results = self._together(works, len(works), group.set, lambda failed: failed > 0)
        except StateError:
            line.event("ParallelStateFailed")
            raise
        line.event("ParallelStateSucceeded")
        return results

    def map(self, visit: Visit, execute: Execute) -> list[Any]:
        """One run of the item processor for each item; the results in the items' order."""
        items = visit.field("Items", visit.input)
        if not isinstance(items, list):
            raise StateError(QUERY_EVALUATION, f"Items is {type(items).__name__}, not an array", "Items")
        selected = [_selected(visit, index, value) for index, value in enumerate(items)]
        visit.line.event("MapStateStarted", ("mapStateStartedEventDetails", {"length": len(items)}))
        try:
            runs = self._distributed if distributed(visit.state) else self._inline
            results = runs(visit, items, selected, execute)
        except StateError:
            visit.line.event("MapStateFailed")
            raise
        visit.line.event("MapStateSucceeded")
        return results

    def _inline(self, visit: Visit, items: list[Any], selected: list[Any], execute: Execute) -> list[Any]:
        processor, line = visit.state["ItemProcessor"], visit.line
        group = line.signal.branch()
        lines = [
            line.fork(processor["States"], group.branch(), {"Index": index, "Value": value})
            for index, value in enumerate(items)
        ]
        works = [
            _iteration(visit.name, index, fork, _work(execute, fork, processor, data))
            for index, (fork, data) in enumerate(zip(lines, selected, strict=True))
        ]
        limit = int(visit.field("MaxConcurrency", 0)) or INLINE_LIMIT
        return self._together(works, min(limit, INLINE_LIMIT), group.set, lambda failed: failed > 0)

    def _distributed(
        self, visit: Visit, items: list[Any], selected: list[Any], execute: Execute
    ) -> list[Any]:
        """Each item is a child execution: it sees no outer variable and has no Map context (the guide,
        "Map state in Distributed mode"). Failed items within the tolerance stand in the result by error."""
        self._admit(visit)
        label = visit.state.get("Label") or uuid.uuid4().hex[:8]
        line, machine = visit.line, visit.line.run.machine
        run_arn = machine.arn.replace(":stateMachine:", ":mapRun:") + f"/{label}:{uuid.uuid4()}"
        line.event("MapRunStarted", ("mapRunStartedEventDetails", {"mapRunArn": run_arn}))
        limit = int(visit.field("MaxConcurrency", 0)) or len(items)
        group = line.signal.branch()
        works = [_child(self._child, visit, group, run_arn, data) for data in selected]
        try:
            results = self._together(works, min(limit, THREADS), group.set, _intolerable(visit, len(items)))
        except StateError as error:
            failed = {
                "error": TOLERANCE_EXCEEDED,
                "cause": "The specified tolerated failure threshold was exceeded",
            }
            line.event("MapRunFailed", ("mapRunFailedEventDetails", failed))
            raise StateError(failed["error"], failed["cause"]) from error
        line.event("MapRunSucceeded")
        return [result.output if isinstance(result, StateError) else result for result in results]

    def _together(
        self, works: Sequence[Work], limit: int, halt: Halt, intolerable: Callable[[int], bool]
    ) -> list[Any]:
        """Run them; while they run, nobody waits for the line that waits for them."""
        with self._world.idle():
            return together(works, min(limit, len(works)), halt, intolerable, self._world)


def _intolerable(visit: Visit, total: int) -> Callable[[int], bool]:
    """Whether so many failures exceed the tolerance: a share of all items or a number; none by default."""
    percentage = float(visit.field("ToleratedFailurePercentage", 0))
    count = int(visit.field("ToleratedFailureCount", 0))
    given = {"ToleratedFailurePercentage", "ToleratedFailureCount"} & visit.state.keys()

    def intolerable(failed: int) -> bool:
        beyond_share = "ToleratedFailurePercentage" in given and failed * 100 > percentage * total
        beyond_count = "ToleratedFailureCount" in given and failed > count
        return beyond_share or beyond_count or (not given and failed > 0)

    return intolerable


def _selected(visit: Visit, index: int, value: Any) -> Any:
    """ItemSelector sees the item in ``$states.context.Map.Item``; without it the item itself goes in."""
    if "ItemSelector" not in visit.state:
        return value
    before, visit.line.item = visit.line.item, {"Index": index, "Value": value}
    try:
        return visit.fill(visit.state["ItemSelector"], "ItemSelector")
    finally:
        visit.line.item = before


def _work(execute: Execute, line: Line, scope: dict[str, Any], data: Any) -> Work:
    return lambda: execute(line, scope["StartAt"], data)


def _child(run: Child, visit: Visit, group: Signal, map_run: str, data: Any) -> Work:
    return lambda: run(visit, group, map_run, data)


def _iteration(name: str, index: int, line: Line, work: Work) -> Work:
    details = {"name": name, "index": index}

    def iteration() -> Any:
        line.event("MapIterationStarted", ("mapIterationStartedEventDetails", details))
        try:
            result = work()
        except StateError:
            line.event("MapIterationFailed", ("mapIterationFailedEventDetails", details))
            raise
        except StoppedError:
            line.event("MapIterationAborted", ("mapIterationAbortedEventDetails", details))
            raise
        line.event("MapIterationSucceeded", ("mapIterationSucceededEventDetails", details))
        return result

    return iteration
