"""Which stacks of an environment belong to models whose folder is gone, and how they are removed.

A deployment leaves them as they are: nothing that serves ends because a folder was deleted.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mlplatform.permissions.run_places import machine_arn
from mlplatform.settings import Environment
from mlplatform.workflows.remaining import removing
from tools.deployed import deployed_stacks
from tools.preflight_collisions import Finding

KINDS = ("Serving", "Model")
"""Stacks that a model has, in the order in which they can be deleted."""


@dataclass(frozen=True)
class LeftBehind:
    """A model without a folder, and the names of its stacks that are still there."""

    model: str
    stacks: tuple[str, ...]


def left_behind(settings: Environment, stacks: Iterable[str]) -> list[LeftBehind]:
    """The models that have a stack among ``stacks``, the names of those deployed, and no settings."""
    there = set(stacks)
    return _of({product.name for product in settings.products}, _models(settings, there), settings, there)


def _models(settings: Environment, stacks: Collection[str]) -> set[str]:
    found = (
        re.fullmatch(rf"{re.escape(settings.names.stack(f'{kind}-'))}(.+)", stack)
        for kind in KINDS
        for stack in stacks
    )
    return {match[1] for match in found if match}


def _of(
    known: Collection[str], found: Collection[str], settings: Environment, there: Collection[str]
) -> list[LeftBehind]:
    names = {
        model: tuple(name for kind in KINDS if (name := settings.names.stack(f"{kind}-{model}")) in there)
        for model in sorted(set(found) - set(known))
    }
    return [LeftBehind(model, stacks) for model, stacks in names.items()]


def told(settings: Environment, left: Iterable[LeftBehind]) -> list[str]:
    """What stays of each model, and the commands that take it away, in order."""
    return [line for one in left for line in _told(settings, one)]


def without_models(settings: Environment, session: Any) -> Iterator[Finding]:
    """The same for ``make preflight``. Raises ClientError."""
    deployed = (stack["StackName"] for stack in deployed_stacks(session.client("cloudformation")))
    for one in left_behind(settings, deployed):
        what, *commands = _told(settings, one)
        yield Finding(what, "\n".join(commands).strip(), blocks=False)


def removed(environment: str, stacks: Iterable[str]) -> list[str]:
    """A line for each model all of whose stacks are gone from the templates: ``dev/Serving-credit-approval``.

    A deployment deletes none of them.
    """
    models = {stack.partition("/")[2].partition("-")[2] for stack in stacks if _of_model(stack)}
    return [
        f"{environment}: the stacks of {model} are not deleted by a deployment and go on costing; retire it "
        f"first (make retire ENV={environment} MODEL={model}), or see: make preflight ENV={environment}"
        for model in sorted(models)
    ]


def _of_model(stack: str) -> bool:
    return stack.partition("/")[2].partition("-")[0] in KINDS


def _told(settings: Environment, left: LeftBehind) -> Iterator[str]:
    where = " and ".join(left.stacks)
    yield (
        f"{left.model} is no model of {settings.name} any more (its folder is gone, or enabled: false), and "
        f"{where} stay in the account and go on costing; to remove them, in this order:"
    )
    for number, command in enumerate(_commands(settings, left), start=1):
        yield f"    {number}. {command}"
    yield "    what then remains, and how it is removed: docs/releases.md, Pausing and retiring"


def _commands(settings: Environment, left: LeftBehind) -> Iterator[str]:
    """First the endpoint goes by the workflow that may take it; a deleted stack would not ask the ledger."""
    serving = settings.names.stack(f"Serving-{left.model}")
    if serving in left.stacks and len(left.stacks) > 1:
        machine = machine_arn(settings.names, left.model, "lifecycle")
        given = """--input '{"action":"retire"}'"""
        yield f"aws stepfunctions start-execution --state-machine-arn {machine} {given}"
    for kind in KINDS:
        if settings.names.stack(f"{kind}-{left.model}") in left.stacks:
            (thing,) = removing(settings, f"{kind}-{left.model}", kind)
            yield thing["Remove"]
