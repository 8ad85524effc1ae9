"""One execution environment of a function: a process that answers one event after another."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.functions.function import Function
from rehearsal.functions.libraries import runtime_folder

_HOST = Path(__file__).with_name("host.py")


@dataclass(frozen=True)
class Outcome:
    """What came of one event: ``payload`` is JSON text, the answer or the error as Lambda reports it."""

    request_id: str
    payload: str
    failed: bool
    log: str
    alive: bool


class Sandbox:
    """A process that has only what AWS gives a function: its files, boto3, its variables, its role.

    Functions declare the runtime python3.14; here they run on the interpreter of this project, 3.11 or
    newer, so what only the newer one can do fails here. Memory is not limited, files can be written.
    """

    def __init__(self, function: Function, environment: Mapping[str, str]) -> None:
        self.stream = environment["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._function = function
        self._log, log = tempfile.mkstemp()
        Path(log).unlink()  # a file without a name is gone with the process
        self._read = 0
        # -I and -S: neither variables nor installed packages of this project reach the function.
        command = [sys.executable, "-I", "-S", "-B", str(_HOST), str(function.files), str(runtime_folder())]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=function.files,
            env=dict(environment),
            encoding="utf-8",
        )

    def invoke(self, event: Any) -> Outcome:
        """Hand the function one event; it is stopped when its time is up."""
        request_id, stopped = str(uuid.uuid4()), threading.Event()
        alarm = threading.Timer(self._function.seconds, self._interrupt, [stopped])
        alarm.start()
        try:
            answer = self._ask(json.dumps(self._invocation(event, request_id)))
        finally:
            alarm.cancel()
        if not answer:
            self._process.wait()  # its output ended, so it ends
            return self._ended(request_id, timed_out=stopped.is_set())
        told = json.loads(answer)
        failed = "Error" in told
        # From Python 3.12 on, the runtime writes other signs than ASCII as they are.
        error = json.dumps(told["Error"] | {"requestId": request_id}, ensure_ascii=False) if failed else ""
        payload = error or told["Payload"]
        return Outcome(request_id, payload, failed, self._new_log(), alive=True)

    def _invocation(self, event: Any, request_id: str) -> dict[str, Any]:
        """What the host in the process is told."""
        return {
            "Event": event,
            "RequestId": request_id,
            "FunctionArn": self._function.arn,
            "Seconds": self._function.seconds,
            "TraceId": f"Root=1-{uuid.uuid4().hex[:8]}-{uuid.uuid4().hex[:24]};Sampled=1",
        }

    def _interrupt(self, stopped: threading.Event) -> None:
        stopped.set()
        self._process.kill()

    def timed_out(self, outcome: Outcome) -> Outcome:
        """What an event ends as whose answer came too late: the work is done, nobody hears of it."""
        return _failure(outcome.request_id, *self._timeout(), outcome.log)

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        if self._log >= 0:
            os.close(self._log)
            self._log = -1
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                try:
                    pipe.close()
                except BrokenPipeError:  # an event that the process did not read any more
                    continue

    def _ask(self, line: str) -> str:
        if self._process.stdin is None or self._process.stdout is None:
            raise ValueError("the process was started without pipes")
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:  # it ended since the last event
            return ""
        return self._process.stdout.readline()

    def _ended(self, request_id: str, *, timed_out: bool) -> Outcome:
        log = self._new_log()
        if timed_out:
            return _failure(request_id, *self._timeout(), log)
        code = self._process.returncode
        how = f"exit status {code}" if code >= 0 else f"signal {-code}"
        return _failure(request_id, "Runtime.ExitError", f"Runtime exited with error: {how}", log)

    def _timeout(self) -> tuple[str, str]:
        return "Sandbox.Timedout", f"Task timed out after {self._function.seconds:.2f} seconds"

    def _new_log(self) -> str:
        """What the function wrote since the last event."""
        written = os.pread(self._log, os.fstat(self._log).st_size - self._read, self._read)
        self._read += len(written)
        return written.decode(errors="replace")


def _failure(request_id: str, kind: str, what: str, log: str) -> Outcome:
    message = f"RequestId: {request_id} Error: {what}"
    payload = json.dumps({"errorType": kind, "errorMessage": message})
    return Outcome(request_id, payload, failed=True, log=f"{log}{message}\n", alive=False)
