"""`python -m tools.workflow_pictures`: draws the states of each workflow into the pages of docs/ about them.

The pictures are Mermaid state diagrams, between the markers ``<!-- picture: <workflow> -->`` and
``<!-- end of picture -->``. Edges that every task has, to the explanation of its failure, are left out. Where
a function decides what comes next, the picture shows its ways (tools.workflow_ways).
Between ``<!-- errors -->`` and ``<!-- end of errors -->`` stands what to do about each error.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mlplatform.workflows import advice, template
from tools.workflow_ways import WAYS, state_of

PAGES = (Path("docs/workflows.md"), Path("docs/releases.md"))
MARKED = re.compile(r"(<!-- picture: ([a-z-]+) -->\n).*?(<!-- end of picture -->)", re.S)
ERRORS = re.compile(r"(<!-- errors -->\n).*?(<!-- end of errors -->)", re.S)

State = Mapping[str, Any]

_OF_FAILURES = ("Explain failure", "Failed", "Has it failed before?")
"""Where a Task leads that failed, which the pictures leave out."""


def main() -> int:
    """Write the pictures anew. Returns 0."""
    for page in PAGES:
        page.write_text(drawn(page.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def drawn(page: str) -> str:
    """The page with the pictures of today's workflows and today's advice."""
    page = MARKED.sub(lambda found: f"{found[1]}{picture(found[2])}{found[3]}", page)
    return ERRORS.sub(lambda found: f"{found[1]}{errors()}{found[2]}", page)


def errors() -> str:
    """A table of the errors of workflows, and what to do about each."""
    known = [*((f"`{name}`", todo) for name, todo in advice.ADVICE.items()), ("any other", advice.GENERAL)]
    lines = ["| error | what to do |", "|---|---|", *(f"| {name} | {todo} |" for name, todo in known), ""]
    return "\n".join(lines)


def picture(workflow: str) -> str:
    """The states of one workflow as a Mermaid diagram in a code block."""
    machine = template.read(workflow)
    drawing = _decided(workflow, machine) if workflow in WAYS else _machine(machine, "  ")
    return "\n".join(["```mermaid", "stateDiagram-v2", *drawing, "```", ""])


def _decided(workflow: str, machine: Mapping[str, Any]) -> Iterator[str]:
    """The ways of a workflow whose function decides what comes next."""
    ways = WAYS[workflow]
    places = dict.fromkeys([place for source, target, _ in ways for place in (source, target)])
    yield from (f'  state "{state_of(place)}" as {_id(place)}' for place in places)
    yield f"  [*] --> {_id(machine['StartAt'])}"
    yield from (f"  {_id(a)} --> {_id(b)}{f': {label}' if label else ''}" for a, b, label in ways)
    ends = [name for name, state in machine["States"].items() if state["Type"] in ("Succeed", "Fail")]
    yield from (f"  {_id(place)} --> [*]" for place in places if place in ends)


def _machine(machine: Mapping[str, Any], indent: str) -> Iterator[str]:
    states: Mapping[str, State] = machine["States"]
    for name, state in states.items():
        yield from (f"{indent}{line}" for line in _declared(name, state))
    yield f"{indent}[*] --> {_id(machine['StartAt'])}"
    for name, state in states.items():
        for target, label in _edges(name, state):
            yield f"{indent}{_id(name)} --> {target}{f': {label}' if label else ''}"


def _declared(name: str, state: State) -> Iterator[str]:
    """A state's label; the states inside a Map are drawn inside it."""
    when = f" (with {state[template.OPTIONAL]})" if template.OPTIONAL in state else ""
    yield f'state "{name}{when}" as {_id(name)}'
    if "ItemProcessor" in state:
        yield f"state {_id(name)} {{"
        yield from _machine(state["ItemProcessor"], "  ")
        yield "}"


def _edges(name: str, state: State) -> Iterator[tuple[str, str]]:
    for choice in state.get("Choices", ()):
        yield _id(choice["Next"]), choice.get("Comment", "")
    if "Default" in state:
        yield _id(state["Default"]), "otherwise"
    if "Next" in state:
        yield _id(state["Next"]), ""
    if state.get("End") or state["Type"] in ("Succeed", "Fail"):
        yield "[*]", ""
    for catcher in state.get("Catch", ()):
        if catcher["Next"] not in _OF_FAILURES:
            yield _id(catcher["Next"]), "fails"


def _id(name: str) -> str:
    return re.sub(r"\W", "", name.title())


if __name__ == "__main__":
    sys.exit(main())
