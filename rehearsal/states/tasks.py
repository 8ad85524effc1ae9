"""Task states: a call of another service within its time, on the record."""

import contextlib
import datetime
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rehearsal.emulator import Emulator
from rehearsal.states.errors import HEARTBEAT_TIMEOUT, TIMEOUT, StateError, StoppedError
from rehearsal.states.history import text
from rehearsal.states.integrations import registry
from rehearsal.states.integrations.call import Call
from rehearsal.states.integrations.sagemaker_jobs import SERVERLESS
from rehearsal.states.line import Visit, limited
from rehearsal.states.resource import Resource, parse
from rehearsal.states.tokens import Tokens, Waiting

LOOK = 0.1
"""Seconds after which a waiting task notices that its execution was stopped."""

LONGEST = 99_999_999
"""Seconds a task waits at most (the ASL specification, "Timeouts")."""

TIMED_OUT = {TIMEOUT: "ran longer than its TimeoutSeconds", HEARTBEAT_TIMEOUT: "sent no heartbeat in time"}


class Tasks:
    """Performs Task states as the execution's role."""

    def __init__(self, emulator: Emulator, tokens: Tokens) -> None:
        self._emulator, self._tokens = emulator, tokens

    def perform(self, visit: Visit) -> Any:
        """The task's result; raises StateError, or StoppedError after stopping what was begun."""
        resource = parse(str(visit.state["Resource"]))
        assert resource is not None  # definitions with other resources are refused
        waiting = None
        if resource.pattern == "waitForTaskToken":
            visit.token, waiting = self._tokens.new()
        try:
            return self._perform(visit, resource, waiting)
        finally:
            if visit.token is not None:
                self._tokens.forget(visit.token)
                visit.token = None

    def _perform(self, visit: Visit, resource: Resource, waiting: Waiting | None) -> Any:
        arguments = limited(visit.field("Arguments", {}), "Arguments")
        limit = visit.field("TimeoutSeconds")
        beat = visit.field("HeartbeatSeconds")
        record = _Record(visit, resource)
        record.scheduled(arguments, self._emulator.place.region, limit, beat)
        call = Call(self._emulator, visit.line.run.principal, resource, arguments, visit.line.run.arn)
        call.submitted = record.submitted
        call.until = None if limit is None else _after(self._emulator.clock.now(), limit)
        deadline = None if limit is None else time.monotonic() + limit
        try:
            result = self._done(call, deadline, visit)
            if waiting is not None:
                record.submitted(result)
                result = self._answered(waiting, limit, beat, visit)
            limited(result, "result")
        except StateError as error:
            record.failed(error)
            raise
        record.succeeded(result)
        return result

    def _done(self, call: Call, deadline: float | None, visit: Visit) -> Any:
        """The call's result. While another execution is waited for, nobody waits for this one; so it is with
        a job of Bedrock or a serverless one, whose time is the world's."""
        others = call.resource.service in {"bedrock", "states"} or SERVERLESS in call.arguments
        waits = others and call.resource.pattern.startswith("sync")
        with self._emulator.clock.idle() if waits else contextlib.nullcontext():
            return _within(call, lambda: registry.perform(call), deadline, visit)

    def _answered(self, waiting: Waiting, limit: float | None, beat: int | None, visit: Visit) -> Any:
        """The answer to the token; its time-outs are in the world's time."""
        clock = self._emulator.clock
        begun = clock.now()
        while not waiting.done.is_set():
            visit.line.check()
            ends = [] if limit is None else [(_after(begun, limit), TIMEOUT)]
            ends += [] if beat is None else [(_after(waiting.heartbeat, beat), HEARTBEAT_TIMEOUT)]
            end, error = min(ends, default=(_after(begun, LONGEST), TIMEOUT))
            if clock.now() >= end:
                raise StateError(error, f"The task '{visit.name}' {TIMED_OUT[error]}.")
            end = min(end, visit.line.run.deadline or end)
            clock.sleep((end - clock.now()).total_seconds(), _Either(waiting, visit))
        if waiting.error is not None:
            raise waiting.error
        return waiting.result


class _Record:
    """The events of one attempt of a task (API reference, HistoryEvent)."""

    def __init__(self, visit: Visit, resource: Resource) -> None:
        self._line = visit.line
        self._about = {"resourceType": resource.history_type, "resource": resource.history_name}

    def _add(self, kind: str, **details: Any) -> None:
        name = kind[0].lower() + kind[1:] + "EventDetails"
        self._line.event(kind, (name, {**self._about, **details}))

    def scheduled(self, arguments: Any, region: str, limit: int | None, heartbeat: int | None) -> None:
        self._add(
            "TaskScheduled",
            region=region,
            parameters=text(arguments),
            timeoutInSeconds=limit,
            heartbeatInSeconds=heartbeat,
        )
        self._add("TaskStarted")

    def submitted(self, answer: Any) -> None:
        self._add("TaskSubmitted", output=text(answer))

    def succeeded(self, result: Any) -> None:
        self._add("TaskSucceeded", output=text(result))

    def failed(self, error: StateError) -> None:
        timed_out = error.name in {TIMEOUT, HEARTBEAT_TIMEOUT}
        kind = "TaskTimedOut" if timed_out else "TaskFailed"
        self._add(kind, error=error.name, cause=error.cause)


def _within(call: Call, work: Callable[[], Any], deadline: float | None, visit: Visit) -> Any:
    """Do the work in a thread of its own, so that time-outs and stops do not depend on it."""
    outcome: dict[str, Any] = {}
    done = threading.Event()

    def worker() -> None:
        try:
            outcome["result"] = work()
        except BaseException as problem:
            outcome["error"] = problem
        finally:
            done.set()

    threading.Thread(target=worker, name=f"task {visit.name}", daemon=True).start()
    try:
        _await(done, deadline, visit)
    except (StateError, StoppedError):
        call.cancelled.set()
        for stop in call.on_cancel:
            stop()
        raise
    if "error" in outcome:
        raise outcome["error"]
    return outcome["result"]


@dataclass(frozen=True)
class _Either:
    """What ends the wait for a token: its answer, or whatever stops the line."""

    waiting: Waiting
    visit: Visit

    def is_set(self) -> bool:
        """Whether the wait is over."""
        line = self.visit.line
        return self.waiting.done.is_set() or line.signal.is_set() or line.run.ending is not None


def _after(moment: datetime.datetime, seconds: float) -> datetime.datetime:
    return moment + datetime.timedelta(seconds=seconds)


def _await(done: threading.Event, deadline: float | None, visit: Visit) -> None:
    """Wait until done. Time-outs run on the real clock: what a task does takes its real time here too."""
    while not done.wait(LOOK if deadline is None else max(0.0, min(LOOK, deadline - time.monotonic()))):
        visit.line.check()
        now = time.monotonic()
        if deadline is not None and now >= deadline and not done.is_set():
            raise StateError(TIMEOUT, f"The task '{visit.name}' {TIMED_OUT[TIMEOUT]}.")
