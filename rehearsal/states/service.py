"""The Step Functions API of the rehearsal."""

import json
import threading
import uuid
from collections.abc import Callable

from rehearsal.api import ApiError, ApiRequest, Parameters
from rehearsal.emulator import Emulator
from rehearsal.states import machines
from rehearsal.states.answers import listed_execution, listed_machine, page, parsed_input
from rehearsal.states.errors import StoppedError
from rehearsal.states.executions import Executions
from rehearsal.states.history import text
from rehearsal.states.run import Machine, Run
from rehearsal.states.tokens import Tokens


class StateMachines:
    """Registers ``stepfunctions``. ``speed``: how much faster than real waits and retries pass."""

    def __init__(self, emulator: Emulator, speed: float = 1000.0) -> None:
        self._emulator, self._tokens = emulator, Tokens(emulator.clock)
        self._machines: dict[str, Machine] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self._executions = Executions(emulator, self._tokens, speed)
        self._starting = threading.Lock()
        emulator.register("stepfunctions", self.handle)

    def handle(self, request: ApiRequest) -> Parameters:
        """Answer one call; raises ApiError."""
        return OPERATIONS.get(request.operation, _unknown)(self, request.parameters)

    def wait(self, execution_arn: str, timeout: float = 60.0) -> str:
        """Wait until an execution has ended and give its status; raises TimeoutError after ``timeout`` s."""
        run = self._run(execution_arn)
        if not run.done.wait(timeout):
            raise TimeoutError(f"{run.name} is still running after {timeout} s")
        return run.status

    def _create(self, given: Parameters) -> Parameters:
        """Creating the same again is answered as if it were new (API reference, CreateStateMachine)."""
        name = machines.checked_name(str(given["name"]))
        arn = self._emulator.place.arn("states", f"stateMachine:{name}")
        known = self._machines.get(arn)
        made = machines.machine(self._emulator, given, arn)
        if known is None:
            self._machines[arn] = known = made
        elif (known.text, known.role_arn, known.logging) != (made.text, made.role_arn, made.logging):
            raise ApiError("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
        self._tags.setdefault(arn, {}).update({tag["key"]: tag["value"] for tag in given.get("tags", ())})
        return {"stateMachineArn": arn, "creationDate": known.created}

    def _update(self, given: Parameters) -> Parameters:
        before = self._machine(str(given["stateMachineArn"]))
        made = machines.machine(self._emulator, given, before.arn, before)
        self._machines[made.arn] = made
        return {"updateDate": made.updated, "revisionId": made.revision}

    def _delete(self, given: Parameters) -> Parameters:
        self._machines.pop(str(given["stateMachineArn"]), None)
        return {}

    def _describe(self, given: Parameters) -> Parameters:
        found = self._machine(str(given["stateMachineArn"]))
        return {
            **listed_machine(found),
            "status": "ACTIVE",
            "definition": found.text,
            "roleArn": found.role_arn,
            "loggingConfiguration": found.logging,
            "tracingConfiguration": found.tracing or {"enabled": False},
            **({"revisionId": found.revision} if found.revision else {}),
        }

    def _list(self, given: Parameters) -> Parameters:
        found = sorted(self._machines.values(), key=lambda machine: machine.name)
        return page("stateMachines", [listed_machine(machine) for machine in found], given)

    def _start(self, given: Parameters) -> Parameters:
        """API reference, StartExecution: the same name and input as a running execution is that execution;
        otherwise a name is taken for 90 days."""
        found = self._machine(str(given["stateMachineArn"]))
        name = machines.checked_name(str(given.get("name") or uuid.uuid4()))
        data = parsed_input(str(given.get("input") or "{}"))
        with self._starting:  # two starts of one name at once are one execution
            known = self._executions.runs.get(found.arn.replace(":stateMachine:", ":execution:") + f":{name}")
            if known is None:
                known = self._executions.start(found, name, data)
                return {"executionArn": known.arn, "startDate": known.started}
        if known.status != "RUNNING" or known.input != data:
            raise ApiError("ExecutionAlreadyExists", f"Execution Already Exists: '{known.arn}'")
        return {"executionArn": known.arn, "startDate": known.started}

    def _stop(self, given: Parameters) -> Parameters:
        run = self._run(str(given["executionArn"]))
        run.end(StoppedError("ABORTED", given.get("error"), given.get("cause")))
        run.done.wait(10)
        return {"stopDate": run.stopped or run.started}

    def _describe_execution(self, given: Parameters) -> Parameters:
        run = self._run(str(given["executionArn"]))
        found = {**listed_execution(run), "input": text(run.input), "error": run.error, "cause": run.cause}
        if run.status == "SUCCEEDED":
            found["output"] = text(run.output)
        return {key: value for key, value in found.items() if value is not None}

    def _list_executions(self, given: Parameters) -> Parameters:
        """Newest first, of a state machine or of a Map Run."""
        owner = str(given.get("mapRunArn") or self._machine(str(given["stateMachineArn"])).arn)
        status = given.get("statusFilter")
        runs = [run for run in self._executions.runs.values() if owner == (run.map_run or run.machine.arn)]
        runs = [run for run in reversed(runs) if status in (None, run.status)]
        return page("executions", [listed_execution(run) for run in runs], given)

    def _history(self, given: Parameters) -> Parameters:
        events = self._run(str(given["executionArn"])).history.events()
        return page("events", events[::-1] if given.get("reverseOrder") else events, given)

    def _success(self, given: Parameters) -> Parameters:
        try:
            result = json.loads(str(given["output"]))
        except ValueError as problem:
            raise ApiError("InvalidOutput", f"Invalid Output: {problem}") from problem
        self._tokens.succeed(str(given["taskToken"]), result)
        return {}

    def _failure(self, given: Parameters) -> Parameters:
        self._tokens.fail(str(given["taskToken"]), str(given.get("error", "")), str(given.get("cause", "")))
        return {}

    def _heartbeat(self, given: Parameters) -> Parameters:
        self._tokens.beat(str(given["taskToken"]))
        return {}

    def _tag(self, given: Parameters) -> Parameters:
        tags = {tag["key"]: tag["value"] for tag in given["tags"]}
        self._tags.setdefault(str(given["resourceArn"]), {}).update(tags)
        return {}

    def _untag(self, given: Parameters) -> Parameters:
        for key in given["tagKeys"]:
            self._tags.get(str(given["resourceArn"]), {}).pop(key, None)
        return {}

    def _list_tags(self, given: Parameters) -> Parameters:
        tags = self._tags.get(str(given["resourceArn"]), {})
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}

    def _machine(self, arn: str) -> Machine:
        if arn not in self._machines:
            raise ApiError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        return self._machines[arn]

    def _run(self, arn: str) -> Run:
        if arn not in self._executions.runs:
            raise ApiError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return self._executions.runs[arn]


Operation = Callable[[StateMachines, Parameters], Parameters]


def _unknown(service: StateMachines, given: Parameters) -> Parameters:
    raise ApiError("UnknownOperationException", "this operation of Step Functions is not rehearsed")


OPERATIONS: dict[str, Operation] = {
    "CreateStateMachine": StateMachines._create,
    "UpdateStateMachine": StateMachines._update,
    "DeleteStateMachine": StateMachines._delete,
    "DescribeStateMachine": StateMachines._describe,
    "ListStateMachines": StateMachines._list,
    "StartExecution": StateMachines._start,
    "StopExecution": StateMachines._stop,
    "DescribeExecution": StateMachines._describe_execution,
    "ListExecutions": StateMachines._list_executions,
    "GetExecutionHistory": StateMachines._history,
    "SendTaskSuccess": StateMachines._success,
    "SendTaskFailure": StateMachines._failure,
    "SendTaskHeartbeat": StateMachines._heartbeat,
    "TagResource": StateMachines._tag,
    "UntagResource": StateMachines._untag,
    "ListTagsForResource": StateMachines._list_tags,
}
