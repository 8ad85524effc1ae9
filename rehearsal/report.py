"""What one emulated account shows at the end: who called, what was denied, not needed, or costs on."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rehearsal.coverage import Statement, unneeded
from rehearsal.driver import Rehearsal
from rehearsal.running_costs import Running, running_costs
from rehearsal.step import Step
from tools import tables

SERVES = ("endpoint",)
"""Kinds of what is billed and meant to be: what a release leaves serves on."""


@dataclass(frozen=True)
class Report:
    """One account as it was left. ``where`` is for people; ``roles`` are ARNs of those who called."""

    where: str
    calls: int = 0
    roles: frozenset[str | None] = frozenset()
    denied: Sequence[str] = ()
    idle: Sequence[Statement] = ()
    billed: Sequence[Running] = field(default=())

    @property
    def left(self) -> list[Running]:
        """What is billed though it should have ended."""
        return [one for one in self.billed if one.kind not in SERVES]

    @property
    def good(self) -> bool:
        """Whether everything was allowed, needed, and came to its end."""
        return not self.denied and not self.idle and not self.left


def report(rehearsal: Rehearsal, where: str, *, proved: bool) -> Report:
    """Look at an account that is still up. What was not needed is only told if ``proved``: then everything
    that the roles are for was rehearsed."""
    calls = rehearsal.emulator.trace
    idle = unneeded(rehearsal.emulator) if proved else []
    return Report(
        where,
        len(calls),
        frozenset(call.principal.arn for call in calls),
        [str(call) for call in calls if not call.allowed],
        idle,
        running_costs(rehearsal.emulator, rehearsal.bedrock),
    )


def summary(steps: Iterable[Step], reports: Sequence[Report]) -> Iterator[str]:
    """A table of the steps, the causes of those that failed, and what the accounts show."""
    rows = [(one.model, one.workflow, f"{one.seconds:.1f}", one.result) for one in steps]
    yield "\n" + tables.render(("model", "workflow", "seconds", "result"), rows, right={2})
    for step in steps:
        if not step.as_promised:
            cause = step.ended.cause or step.result
            yield f"\n{step.model} {step.workflow} did not end as promised:\n{cause}"
    calls, denied = sum(one.calls for one in reports), sum(len(one.denied) for one in reports)
    roles = len(frozenset().union(*(one.roles for one in reports)))
    yield f"\n{calls} calls of {roles} roles judged by their deployed policies, {denied} denied"
    for one in reports:
        yield from (f"denied: {call}" for call in one.denied)
        yield from (f"never needed: {statement}" for statement in one.idle)
        yield _costs(one)


def _costs(found: Report) -> str:
    if not found.billed:
        return f"{found.where}: nothing is left that is billed by time"
    on = [one for one in found.billed if one not in found.left]
    lines = [*(f"still billed: {one}" for one in found.left), *(f"serves on: {one}" for one in on)]
    return "\n".join(f"{found.where}: {line}" for line in lines)
