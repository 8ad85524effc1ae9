"""One line of control through states, and one visit to a state on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.states.clock import Clock, iso
from rehearsal.states.errors import DATA_LIMIT, StateError, StoppedError
from rehearsal.states.expressions import DATA_LIMIT_BYTES, fill, size
from rehearsal.states.history import text
from rehearsal.states.run import Run
from rehearsal.states.signals import Signal


@dataclass
class Line:
    """The main line of an execution, a branch of a Parallel or an iteration of a Map.

    ``outer`` are the variables of the scopes around it, readable only (the guide, "Variable scope in
    workflows"); ``own`` are assigned here and end with the line. ``last`` is the id of its last event.
    """

    run: Run
    states: Mapping[str, Any]
    clock: Clock
    signal: Signal
    outer: Mapping[str, Any] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)
    item: Mapping[str, Any] | None = None
    last: int = 0

    def event(self, kind: str, details: tuple[str, dict[str, Any]] | None = None) -> int:
        """Record an event of this line."""
        self.last = self.run.history.add(kind, self.clock.now(), self.last, details)
        return self.last

    def fork(
        self, states: Mapping[str, Any], signal: Signal, item: Mapping[str, Any] | None = None
    ) -> "Line":
        """A branch: it reads our variables and assigns its own."""
        return Line(
            run=self.run,
            states=states,
            clock=self.clock,
            signal=signal,
            outer={**self.outer, **self.own},
            item=item or self.item,
            last=self.last,
        )

    def check(self) -> None:
        """Raise StoppedError when the execution or this branch of it must go no further."""
        self.run.check(self.clock)
        if self.signal.is_set():
            raise StoppedError("ABORTED")


@dataclass(frozen=True)
class Step:
    """Where a state leads: its output and the next state's name, or None at the end."""

    output: Any
    next: str | None


@dataclass
class Visit:
    """A state being executed. ``retries`` and ``token`` appear in the context object."""

    line: Line
    name: str
    state: Mapping[str, Any]
    input: Any
    entered: str
    retries: int = 0
    token: str | None = None

    def context(self) -> dict[str, Any]:
        """The context object (the guide, "Accessing execution data from the Context object")."""
        context = self.line.run.context()
        context["State"] = {"EnteredTime": self.entered, "Name": self.name, "RetryCount": self.retries}
        if self.token is not None:
            context["Task"] = {"Token": self.token}
        if self.line.item is not None:
            context["Map"] = {"Item": dict(self.line.item)}
        return context

    def fill(self, template: Any, location: str, **states: Any) -> Any:
        """The template's value; ``states`` are ``result`` or ``errorOutput``, where the field has them."""
        reserved = {"input": self.input, "context": self.context(), **states}
        return fill(template, {**self.line.outer, **self.line.own, "states": reserved}, location)

    def field(self, name: str, default: Any = None) -> Any:
        """The value of one of the state's fields that may hold an expression."""
        return self.fill(self.state[name], name) if name in self.state else default

    def finish(
        self, holder: Mapping[str, Any], default: Any, where: str = "", *, target: str | None, **states: Any
    ) -> Step:
        """Apply Output and Assign of the state, its rule or its catcher.

        Both see the variables as they were on entry: no assignment sees another (the guide, "Evaluation
        order in an assign field").
        """
        output = self.fill(holder["Output"], f"{where}Output", **states) if "Output" in holder else default
        assigned = self.fill(holder.get("Assign", {}), f"{where}Assign", **states)
        limited(output, f"{where}Output")
        limited(assigned, f"{where}Assign")
        self.line.own.update(assigned)
        self._exited(output, assigned)
        return Step(output, target)

    def _exited(self, output: Any, assigned: Mapping[str, Any]) -> None:
        variables = {key: text(value) for key, value in assigned.items()} or None
        details = {"name": self.name, "output": text(output), "assignedVariables": variables}
        self.line.event(f"{self.state['Type']}StateExited", ("stateExitedEventDetails", details))

    @classmethod
    def enter(cls, line: Line, name: str, data: Any) -> "Visit":
        """Enter a state and record it."""
        state = line.states[name]
        details = {"name": name, "input": text(data)}
        line.event(f"{state['Type']}StateEntered", ("stateEnteredEventDetails", details))
        return cls(line=line, name=name, state=state, input=data, entered=iso(line.clock.now()))


def limited(value: Any, location: str) -> Any:
    """The value itself, or StateError States.DataLimitExceeded above 256 KiB (Step Functions quotas)."""
    if size(value) > DATA_LIMIT_BYTES:
        cause = f"The {location} of the state is larger than the maximum of {DATA_LIMIT_BYTES} bytes."
        raise StateError(DATA_LIMIT, cause, location)
    return value
