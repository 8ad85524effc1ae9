"""State machines in a small account of the emulator, for the tests of its Step Functions."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rehearsal.api import Place
from rehearsal.emulator import Emulator, RoleRecord
from rehearsal.states import StateMachines

PLACE = Place("aws", "eu-central-1", "111111111111")
ROLE = "arn:aws:iam::111111111111:role/workflow/everything"


def trust(service: str, **condition: Any) -> dict[str, Any]:
    """A role's trust policy for one service."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        **condition,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def allowing(*actions: str, resource: str = "*") -> dict[str, Any]:
    """A policy that allows the actions."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


@dataclass
class Ended:
    """An execution that has ended."""

    arn: str
    status: str
    output: Any
    error: str | None
    cause: str
    history: list[dict[str, Any]]

    def types(self) -> list[str]:
        """Types of its events, in order."""
        return [event["type"] for event in self.history]

    def visited(self) -> list[str]:
        """Names of the states entered, in order."""
        return [
            e["stateEnteredEventDetails"]["name"] for e in self.history if "stateEnteredEventDetails" in e
        ]


class Account:
    """An emulated account with one role that may do everything and Step Functions."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.machines = StateMachines(emulator)
        self.client = emulator.client("stepfunctions")
        self._count = 0
        self.everything = (
            f"arn:{emulator.place.partition}:iam::{emulator.place.account}:role/workflow/everything"
        )
        self.role(self.everything, allowing("*"))

    def role(self, arn: str, policy: Mapping[str, Any], service: str = "states.amazonaws.com") -> str:
        """Add a role and give its ARN."""
        self.emulator.identities.roles[arn] = RoleRecord(arn, trust(service), {"all": dict(policy)})
        return arn

    def create(self, states: Mapping[str, Any], *, role: str = ROLE, **given: Any) -> str:
        """Create a state machine that begins with the first of the states."""
        top = {key: given.pop(key) for key in ("TimeoutSeconds",) if key in given}
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **top}
        self._count += 1
        name = given.pop("name", f"machine-{self._count}")
        made = self.client.create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=role, **given
        )
        return str(made["stateMachineArn"])

    def run(self, states: Mapping[str, Any], data: Any = None, **given: Any) -> Ended:
        """Create a state machine, execute it once and wait for its end."""
        return self.execute(self.create(states, **given), data)

    def execute(self, machine: str, data: Any = None) -> Ended:
        """Execute a state machine and wait for its end."""
        started = self.client.start_execution(stateMachineArn=machine, input=json.dumps(data or {}))
        return self.ended(started["executionArn"])

    def ended(self, arn: str) -> Ended:
        """Wait for an execution's end and describe it."""
        self.machines.wait(arn, 20)
        found = self.client.describe_execution(executionArn=arn)
        output = json.loads(found["output"]) if "output" in found else None
        history = self.client.get_execution_history(executionArn=arn)["events"]
        return Ended(arn, found["status"], output, found.get("error"), found.get("cause", ""), history)


@contextmanager
def account(place: Place = PLACE) -> Iterator[Account]:
    """An account that ends with the block."""
    with Emulator(place) as emulator:
        yield Account(emulator)
