"""Events that nobody waits for: functions get them later, more than once if they fail."""

import json
import threading
from dataclasses import dataclass, field
from typing import Any

from rehearsal.api import ApiError
from rehearsal.emulator import Emulator
from rehearsal.functions.function import Function
from rehearsal.functions.runner import SERVICE, Runner

RETRIES = 2
"""How often Lambda repeats an asynchronous event that failed; here without the minutes between.

Lambda developer guide, "How Lambda handles errors and retries with asynchronous invocation".
"""


@dataclass
class Deliveries:
    """Asynchronous events on their way."""

    emulator: Emulator
    runner: Runner
    _pending: list[threading.Thread] = field(default_factory=list)

    def later(self, function: Function, event: Any) -> None:
        """Hand the function an event, soon."""
        thread = threading.Thread(target=self._deliver, args=(function, event), daemon=True)
        self._pending.append(thread)
        thread.start()

    def settle(self) -> None:
        """Wait until every event has been dealt with."""
        while self._pending:
            self._pending.pop().join()

    def _deliver(self, function: Function, event: Any) -> None:
        problem = ""
        for _ in range(1 + RETRIES):
            try:
                outcome = self.runner.run(function, event)
            except ApiError as error:
                problem = str(error)
                continue
            if not outcome.failed:
                return
            problem = outcome.payload
        self.emulator.note(f"{function.name} failed {1 + RETRIES} times: {problem}")
        self._give_up(function, event)

    def _give_up(self, function: Function, event: Any) -> None:
        """The dead-letter target gets the event, from the function's role."""
        target = function.configuration.get("DeadLetterConfig", {}).get("TargetArn", "")
        if not target:
            return
        role = self.emulator.assume(function.role, SERVICE, source_arn=function.arn, session=function.name)
        if ":sqs:" in target:
            sqs = self.emulator.client("sqs", role)
            place = self.emulator.place
            url = f"{self.emulator.endpoint}/{place.account}/{target.rpartition(':')[2]}"
            sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))
        else:
            self.emulator.client("sns", role).publish(TopicArn=target, Message=json.dumps(event))
