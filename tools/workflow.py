"""`make train MODEL= ENV=` (tune, register, batch, customize): runs a workflow and shows its states."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from mlplatform import workflows
from mlplatform.permissions.run_places import machine_arn
from mlplatform.settings import Environment
from tools.credentials import session_for
from tools.executions import follow, start, summary
from tools.model_commands import UsageError, parsed, run
from tools.progress import Screen

NAMES = ("train", "tune", "register", "batch", "customize", *workflows.BEDROCK)


def main(argv: Sequence[str] | None = None) -> int:
    """Start and follow one execution. Returns 1 if it fails, 2 if nothing was started."""
    parser = argparse.ArgumentParser(prog="make train MODEL= ENV=", description=__doc__)
    parser.add_argument("workflow", choices=NAMES)
    parser.add_argument("--input", default="{}", help="what this execution does otherwise, JSON (INPUT=)")
    parser.add_argument("--name", help="of the execution: the same name is never run twice (NAME=)")
    arguments = parsed(parser, argv)
    return run(arguments.workflow, arguments, _run)


def _run(arguments: argparse.Namespace, settings: Environment) -> int:
    arn = state_machine(settings, arguments.model, arguments.workflow)
    given = execution_input(arguments.input)
    stepfunctions = session_for(settings).client("stepfunctions")
    execution = start(stepfunctions, arn, given, arguments.name)
    print(f"{arguments.workflow} {arguments.model} in {settings.name}: {execution}")
    screen = Screen()
    ended = follow(stepfunctions, execution, screen, passing=screen.passing)
    print("\n".join(summary(ended)), file=sys.stdout if ended.succeeded else sys.stderr)
    return 0 if ended.succeeded else 1


def state_machine(settings: Environment, model: str, workflow: str) -> str:
    """ARN of the state machine. Raises UsageError for a model or workflow the environment does not have."""
    products = {product.name: product for product in settings.products}
    if model not in products:
        raise UsageError(f"no model {model} in {settings.name}, there is: {', '.join(products) or 'none'}")
    there = workflows.of(products[model], settings)
    if workflow not in there:
        hint = "" if settings.training else f" ({settings.name} has training: false)"
        raise UsageError(
            f"{model} has no workflow {workflow} in {settings.name}{hint}, "
            f"there is: {', '.join(there) or 'none'}"
        )
    return machine_arn(settings.names, model, workflow)


def execution_input(text: str) -> Mapping[str, Any]:
    """The JSON object of an execution's input. Raises UsageError for anything else."""
    try:
        given = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise UsageError(f"INPUT is no JSON: {error}, given {text!r}") from None
    if not isinstance(given, dict):
        raise UsageError(f"INPUT must be a JSON object, given {text!r}")
    return given


def _refuse(constant: str) -> Any:
    """Python reads NaN and Infinity, which JSON does not have."""
    raise UsageError(f"INPUT is no JSON: {constant} is no JSON value")


if __name__ == "__main__":
    sys.exit(main())
