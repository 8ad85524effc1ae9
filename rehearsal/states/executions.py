"""Runs executions in threads, each as its state machine's role."""

import threading
import uuid
from typing import Any

from rehearsal.api import ApiError
from rehearsal.clock import Seat
from rehearsal.emulator import Emulator
from rehearsal.states.clock import Clock, iso
from rehearsal.states.errors import StateError, StoppedError
from rehearsal.states.fan_out import FanOut
from rehearsal.states.history import text
from rehearsal.states.interpreter import Interpreter
from rehearsal.states.line import Line, Visit
from rehearsal.states.run import Machine, Run
from rehearsal.states.signals import Signal
from rehearsal.states.tasks import Tasks
from rehearsal.states.tokens import Tokens

ENDINGS = {
    "SUCCEEDED": "ExecutionSucceeded",
    "FAILED": "ExecutionFailed",
    "ABORTED": "ExecutionAborted",
    "TIMED_OUT": "ExecutionTimedOut",
}


class Executions:
    """All executions by ARN, children of distributed Maps included."""

    def __init__(self, emulator: Emulator, tokens: Tokens, speed: float) -> None:
        self._emulator, self._clock = emulator, Clock(emulator.clock, speed)
        self._interpreter = Interpreter(
            Tasks(emulator, tokens), FanOut(self._admit, self._child, emulator.clock)
        )
        self.runs: dict[str, Run] = {}

    def start(self, machine: Machine, name: str, data: Any) -> Run:
        """Begin an execution; raises ApiError AccessDenied when the role's trust policy does not let Step
        Functions have it for this state machine."""
        principal = self._emulator.assume(
            machine.role_arn, "states.amazonaws.com", source_arn=machine.arn, session=name[:64]
        )
        arn = machine.arn.replace(":stateMachine:", ":execution:") + f":{name}"
        run = Run(
            arn=arn, name=name, machine=machine, input=data, started=self._clock.now(), principal=principal
        )
        self.runs[arn] = run
        self._publish(run)
        seat = self._emulator.clock.seat()
        threading.Thread(target=self._seated, args=(seat, run), name=f"execution {name}", daemon=True).start()
        return run

    def _seated(self, seat: Seat, run: Run) -> None:
        with seat:
            self._execute(run, run.machine.definition)

    def _execute(self, run: Run, scope: dict[str, Any]) -> None:
        line = Line(run=run, states=scope["States"], clock=self._clock, signal=run.stop.branch())
        details = {"input": text(run.input), "roleArn": run.machine.role_arn}
        line.event("ExecutionStarted", ("executionStartedEventDetails", details))
        try:
            run.output = self._interpreter.execute(line, scope["StartAt"], run.input)
            status = "SUCCEEDED"
        except StateError as error:
            status, run.error, run.cause = "FAILED", error.name, error.cause
        except StoppedError as ending:
            status, run.error, run.cause = ending.status, ending.error, ending.cause
        except Exception as fault:  # a fault of the interpreter itself must not leave the execution running
            status, run.error, run.cause = "FAILED", "Rehearsal.Fault", f"{type(fault).__name__}: {fault}"
            raise
        finally:
            self._ended(run, line, status)

    def _ended(self, run: Run, line: Line, status: str) -> None:
        kind = ENDINGS[status]
        content = (
            {"output": text(run.output)}
            if status == "SUCCEEDED"
            else {"error": run.error, "cause": run.cause}
        )
        line.event(kind, (kind[0].lower() + kind[1:] + "EventDetails", content))
        run.stopped = line.clock.now()
        run.status = status
        run.done.set()
        if run.map_run is None:
            self._publish(run)

    def _admit(self, visit: Visit) -> None:
        """A Map Run begins its executions as the role (as ``_child``)."""
        run = visit.line.run
        self._judge(run, "StartExecution", run.machine.arn)

    def _child(self, visit: Visit, group: Signal, map_run: str, data: Any) -> Any:
        """Run one item of a distributed Map; the role starts and watches it (the guide, "IAM policies for
        using Distributed Map states")."""
        parent = visit.line.run
        label = map_run.rsplit("/", 1)[1].split(":")[0]
        name = str(uuid.uuid4())
        prefix = parent.machine.arn.replace(":stateMachine:", ":execution:") + f"/{label}"
        run = Run(
            f"{prefix}:{name}", name, parent.machine, data, self._clock.now(), parent.principal, map_run
        )
        run.stop = group.branch()
        self.runs[run.arn] = run
        self._execute(run, visit.state["ItemProcessor"])
        self._judge(parent, "DescribeExecution", run.arn)
        if run.status == "SUCCEEDED":
            return run.output
        if run.status == "ABORTED":
            self._judge(parent, "StopExecution", run.arn)
            raise parent.ending or StoppedError("ABORTED")
        raise StateError(run.error or "States.TaskFailed", run.cause or "")

    def _judge(self, parent: Run, operation: str, arn: str) -> None:
        try:
            self._emulator.judge(parent.principal, f"states:{operation}", arn)
        except ApiError as refused:
            raise StateError("States.Permissions", refused.message) from refused

    def _publish(self, run: Run) -> None:
        """The service's own event (the guide, "Automating Step Functions event delivery")."""
        place = self._emulator.place
        detail = {
            "executionArn": run.arn,
            "stateMachineArn": run.machine.arn,
            "name": run.name,
            "status": run.status,
            "startDate": int(run.started.timestamp() * 1000),
            "stopDate": int(run.stopped.timestamp() * 1000) if run.stopped else None,
            "input": text(run.input),
            "output": text(run.output) if run.status == "SUCCEEDED" else None,
            "error": run.error,
            "cause": run.cause,
        }
        self._emulator.publish(
            {
                "version": "0",
                "id": str(uuid.uuid4()),
                "detail-type": "Step Functions Execution Status Change",
                "source": "aws.states",
                "account": place.account,
                "time": iso(run.stopped or run.started),
                "region": place.region,
                "resources": [run.arn],
                "detail": detail,
            }
        )
