"""Runs the Node program that judges requests (tools/policy_evaluator.mjs): once, or for a conversation."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PROGRAM = Path(__file__).with_name("policy_evaluator.mjs")


class PolicyEvaluationError(Exception):
    """A request that cannot be judged: it says nothing about what the policies allow."""


def answers_to(batch: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a run of the program answers to one batch. Raises PolicyEvaluationError if the program fails."""
    done = subprocess.run(
        [_node(), _PROGRAM], input=json.dumps(batch), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise PolicyEvaluationError(f"the evaluator ended with {done.returncode}: {done.stderr.strip()}")
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


class Conversation:
    """A run of the program that answers batch after batch, until it is closed; one question at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [_node(), _PROGRAM, "--session"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, batch: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The answers to ``batch``. Raises PolicyEvaluationError if the program is not there any more."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None or stdin.closed:
            raise PolicyEvaluationError("the evaluator is closed")
        try:
            stdin.write(f"{json.dumps(batch)}\n")
            stdin.flush()
        except BrokenPipeError:
            raise PolicyEvaluationError("the evaluator has ended") from None
        if not (line := stdout.readline()):
            raise PolicyEvaluationError("the evaluator has ended")
        answers: list[dict[str, Any]] = json.loads(line)
        return answers

    def close(self) -> None:
        """End the program."""
        with self._process as process:
            if process.stdin:
                process.stdin.close()


def _node() -> str:
    own = Path(sys.prefix) / "bin"
    node = shutil.which("node", path=os.pathsep.join([str(own), os.environ.get("PATH", os.defpath)]))
    if node is None:
        raise PolicyEvaluationError("no Node.js found: run make test once, which sets it up")
    return node
