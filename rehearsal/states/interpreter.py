"""Executes states: the ASL specification's "State types", one function for each."""

import datetime
from collections.abc import Callable
from typing import Any

from rehearsal.states.errors import NO_CHOICE_MATCHED, QUERY_EVALUATION, StateError
from rehearsal.states.fan_out import FanOut
from rehearsal.states.line import Line, Step, Visit, limited
from rehearsal.states.retries import Retries, catcher
from rehearsal.states.tasks import Tasks

MAXIMUM_WAIT = 99_999_999
"""The guide, "Wait workflow state": the largest Seconds."""


class Interpreter:
    """Runs lines of control; ``tasks`` performs Task states."""

    def __init__(self, tasks: Tasks, fan_out: FanOut) -> None:
        self._tasks = tasks
        self._fan_out = fan_out
        self._kinds: dict[str, Callable[[Visit], Step]] = {
            "Pass": self._pass,
            "Choice": self._choice,
            "Wait": self._wait,
            "Succeed": self._succeed,
            "Fail": self._fail,
            "Task": self._attempts(self._task),
            "Parallel": self._attempts(self._parallel),
            "Map": self._attempts(self._map),
        }

    def execute(self, line: Line, start: str, data: Any) -> Any:
        """The output of the line's last state. Raises StateError or StoppedError."""
        name: str | None = start
        while name is not None:
            line.check()
            visit = Visit.enter(line, name, data)
            try:
                step = self._kinds[visit.state["Type"]](visit)
            except StateError as error:
                _record_evaluation(visit, error)
                raise
            name, data = step.next, step.output
        return data

    def _attempts(self, work: Callable[[Visit], Step]) -> Callable[[Visit], Step]:
        """Retry, then Catch, around a state that may fail."""

        def attempts(visit: Visit) -> Step:
            retries = Retries(visit.state.get("Retry", ()), f"{visit.line.run.arn}:{visit.name}")
            while True:
                try:
                    return work(visit)
                except StateError as error:
                    delay = retries.delay(error)
                    if delay is None:
                        return _caught(visit, error)
                    _record_evaluation(visit, error)
                visit.line.clock.wait(delay, visit.line.signal)
                visit.line.check()
                visit.retries = retries.count

        return attempts

    def _pass(self, visit: Visit) -> Step:
        return visit.finish(visit.state, visit.input, target=visit.state.get("Next"))

    def _choice(self, visit: Visit) -> Step:
        """The first rule whose Condition is true; Output and Assign are the rule's, or the state's when
        Default is taken (the guide, "Choice workflow state")."""
        for index, rule in enumerate(visit.state["Choices"]):
            where = f"Choices[{index}]/"
            holds = visit.fill(rule["Condition"], f"{where}Condition")
            if not isinstance(holds, bool):
                raise StateError(
                    QUERY_EVALUATION, f"{where}Condition is {holds!r}, not a boolean", f"{where}Condition"
                )
            if holds:
                return visit.finish(rule, visit.input, where, target=rule["Next"])
        if "Default" not in visit.state:
            raise StateError(NO_CHOICE_MATCHED, f"No choice of '{visit.name}' matched and it has no Default.")
        return visit.finish(visit.state, visit.input, target=visit.state["Default"])

    def _wait(self, visit: Visit) -> Step:
        clock = visit.line.clock
        if "Seconds" in visit.state:
            seconds = _seconds(visit.field("Seconds"))
        else:
            seconds = (_moment(visit.field("Timestamp")) - clock.now()).total_seconds()
        clock.wait(seconds, visit.line.signal)
        visit.line.check()
        return visit.finish(visit.state, visit.input, target=visit.state.get("Next"))

    def _succeed(self, visit: Visit) -> Step:
        return visit.finish(visit.state, visit.input, target=None)

    def _fail(self, visit: Visit) -> Step:
        raise StateError(str(visit.field("Error", "")), str(visit.field("Cause", "")))

    def _task(self, visit: Visit) -> Step:
        return _finished(visit, self._tasks.perform(visit))

    def _parallel(self, visit: Visit) -> Step:
        return _finished(visit, self._fan_out.parallel(visit, self.execute))

    def _map(self, visit: Visit) -> Step:
        return _finished(visit, self._fan_out.map(visit, self.execute))


def _finished(visit: Visit, result: Any) -> Step:
    limited(result, "result")
    return visit.finish(visit.state, result, target=visit.state.get("Next"), result=result)


def _caught(visit: Visit, error: StateError) -> Step:
    rules = visit.state.get("Catch", ())
    rule = catcher(rules, error)
    if rule is None:
        raise error
    _record_evaluation(visit, error)
    where = f"Catch[{list(rules).index(rule)}]/"
    return visit.finish(rule, error.output, where, target=rule["Next"], errorOutput=error.output)


def _record_evaluation(visit: Visit, error: StateError) -> None:
    """EvaluationFailed: "will only be present in state machines that have QueryLanguage set to JSONata"."""
    if error.name == QUERY_EVALUATION and error.location is not None:
        details = {
            "error": error.name,
            "cause": error.cause,
            "location": error.location[:256],
            "state": visit.name,
        }
        visit.line.event("EvaluationFailed", ("evaluationFailedEventDetails", details))
        error.location = None  # told once, where it happened


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MAXIMUM_WAIT:
        raise StateError(
            QUERY_EVALUATION, f"Seconds is {value!r}, not between 0 and {MAXIMUM_WAIT}", "Seconds"
        )
    return float(value)


def _moment(value: Any) -> datetime.datetime:
    try:
        moment = datetime.datetime.fromisoformat(str(value))
    except ValueError as problem:
        raise StateError(QUERY_EVALUATION, f"Timestamp is {value!r}, not RFC 3339", "Timestamp") from problem
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
