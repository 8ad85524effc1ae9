"""`make release` and `make ab-test`: they start a workflow that brings a version, and follow it."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mlplatform.settings import Environment
from tools.credentials import session_for
from tools.executions import start
from tools.model_commands import parsed, run
from tools.releases import watch
from tools.workflow import state_machine


@dataclass(frozen=True)
class Bringing:
    """One of the two commands.

    ``title`` is what its executions are called, before the model's name, and ``version`` what VERSION may be.
    ``wanted`` makes the input of an execution of it, or raises UsageError; ``expectation`` is what a person
    who waits should know.
    """

    workflow: str
    title: str
    version: str
    wanted: Callable[[str | None], dict[str, Any]]
    expectation: Callable[[Environment, str], str]

    def main(self, argv: Sequence[str] | None, description: str | None) -> int:
        """Start the workflow and follow it. Returns 1 if it does not end well, 2 if nothing was started."""
        parser = argparse.ArgumentParser(prog=f"make {self.workflow} MODEL= ENV=", description=description)
        parser.add_argument(
            "--version", help=f"{self.version}; the newest approved one if left out (VERSION=)"
        )
        parser.add_argument("--name", help="of the execution: the same name is never run twice (NAME=)")
        return run(self.workflow, parsed(parser, argv), self._followed)

    def _followed(self, arguments: argparse.Namespace, settings: Environment) -> int:
        machine = state_machine(settings, arguments.model, self.workflow)
        given = self.wanted(arguments.version)
        stepfunctions = session_for(settings).client("stepfunctions")
        execution = start(stepfunctions, machine, given, arguments.name)
        print(f"{self.title} {arguments.model} in {settings.name}: {execution}")
        print(self.expectation(settings, arguments.model))
        return watch(stepfunctions, execution)
