"""What the commands about a model in an environment share: whom they are about, and how they fail."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from mlplatform.settings import Environment, SettingsError, read_environments
from tools.credentials import CredentialsError

Work = Callable[[argparse.Namespace, Environment], int]
"""What a command does with its arguments, in the environment they name; returns the exit code."""

HINTS = {
    "ExecutionAlreadyExists": "choose another NAME, or leave it out: a name is used once in 90 days",
    "InvalidName": "choose a NAME of 1 to 80 letters, digits, - and _",
    "StateMachineDoesNotExist": "deploy the model's stack first",
}
"""What to do about an error of StartExecution (its API reference), by the error's code."""


class UsageError(Exception):
    """There is nothing to run as it was asked for; the message says what there is."""


FAILURES = (SettingsError, UsageError, CredentialsError, BotoCoreError, ClientError)
"""What ends a command with one line and the exit code 2."""


def parsed(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments of a command: its own, which ``parser`` has, then the environment and the model."""
    parser.add_argument("environment")
    parser.add_argument("model")
    parser.add_argument("--folder", type=Path, default=Path("environments"))
    return parser.parse_args(argv)


def advice(error: Exception) -> str:
    """What to do about an error, in parentheses; empty if there is nothing to add."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    return f" (what to do: {HINTS[code]})" if code in HINTS else ""


def run(
    command: str,
    arguments: argparse.Namespace,
    work: Work,
    *,
    explained: Callable[[Exception], str] = advice,
) -> int:
    """Do the ``work`` of a command and return its exit code; 2, and one line, if it fails."""
    try:
        (settings,) = read_environments(arguments.folder, only=arguments.environment)
        return work(arguments, settings)
    except FAILURES as error:
        print(f"{command}: {error}{explained(error)}", file=sys.stderr)
        return 2
