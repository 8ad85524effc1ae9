"""The address that a custom resource's function answers to, and the wait for it."""

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any

from werkzeug.wrappers import Request, Response

from rehearsal.emulator import Emulator

PREFIX = "/cloudformation-answers"


@dataclass
class _Awaited:
    arrived: Event = field(default_factory=Event)
    answer: dict[str, Any] = field(default_factory=dict)


class Answers:
    """Sends requests to functions and takes their answers at the emulator's own address."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._awaited: dict[str, _Awaited] = {}
        self._lock = Lock()
        emulator.route(PREFIX, self._take)

    def to(self, request: Mapping[str, Any], seconds: int) -> dict[str, Any]:
        """The function's answer to ``request``; one that says FAILED if none comes within ``seconds``."""
        number, awaited = secrets.token_hex(16), _Awaited()
        with self._lock:
            self._awaited[number] = awaited
        sent = {
            **request,
            "RequestId": number,
            "ResponseURL": f"{self._emulator.endpoint}{PREFIX}/{number}",
        }
        invoked = self._emulator.client("lambda").invoke(
            FunctionName=request["ServiceToken"], Payload=json.dumps(sent).encode()
        )
        if "FunctionError" in invoked and not awaited.arrived.is_set():
            return {
                "Status": "FAILED",
                "Reason": f"the function failed: {invoked['Payload'].read().decode()}",
            }
        if not awaited.arrived.wait(seconds):
            return {"Status": "FAILED", "Reason": f"no answer within {seconds} seconds"}
        return awaited.answer

    def _take(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        with self._lock:
            awaited = self._awaited.pop(request.path.rpartition("/")[2], None)
        if awaited is None:
            return Response("no such request", status=403)(environ, start_response)
        awaited.answer = json.loads(request.get_data())
        awaited.arrived.set()
        return Response(status=200)(environ, start_response)
