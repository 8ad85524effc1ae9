"""Accepts the synthesized templates as the baselines that reviews and tests compare with: ``make baselines``.

A baseline is a template of ``cdk.out``, byte for byte, with only its asset hashes masked and the
definitions of state machines written out line by line.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from tools.assembly import stacks

ROOT = Path(__file__).parent.parent
FOLDER = Path("tests", "synth", "baselines")
"""Where baselines lie in the project: ``<environment>/<stack>.template.json``."""

SUFFIX = ".template.json"
SHOWN_LINES = 40
"""How many lines of difference a message shows per stack."""


class BaselineError(Exception):
    """The baselines cannot be compared or written; the message says why, in one line."""


@dataclass(frozen=True)
class Comparison:
    """Stacks (``<environment>/<stack>``) by what accepting the new templates would do to their baselines."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        """Whether there is nothing to accept."""
        return not (self.new or self.changed or self.removed)

    def __str__(self) -> str:
        kinds = {"new": self.new, "changed": self.changed, "removed": self.removed}
        lines = [f"{kind:<8} {stack}" for kind, names in kinds.items() for stack in names]
        return "\n".join([*lines, f"{len(self.unchanged)} unchanged"])


def read(folder: Path) -> dict[str, str]:
    """Return every baseline below ``folder`` by ``<environment>/<stack>``; line ends are kept as they are."""
    paths = sorted(folder.glob(f"*/*{SUFFIX}"))
    return {
        f"{path.parent.name}/{path.name.removesuffix(SUFFIX)}": path.read_bytes().decode() for path in paths
    }


def synthesized(outdir: Path) -> dict[str, str]:
    """Return the masked template of every stack below ``outdir`` by ``<environment>/<stack>``.

    Raises BaselineError if there is none.
    """
    templates = {f"{stack.environment}/{stack.name}": stack.masked_text for stack in stacks(outdir)}
    if not templates:
        raise BaselineError(f"{outdir}: no synthesized stacks there; run `make synth` first")
    return templates


def compare(baselines: Mapping[str, str], templates: Mapping[str, str]) -> Comparison:
    """Sort stacks by how their new template differs from the baseline."""
    common = sorted(baselines.keys() & templates.keys())
    return Comparison(
        new=tuple(sorted(templates.keys() - baselines.keys())),
        changed=tuple(stack for stack in common if baselines[stack] != templates[stack]),
        removed=tuple(sorted(baselines.keys() - templates.keys())),
        unchanged=tuple(stack for stack in common if baselines[stack] == templates[stack]),
    )


def explain(baselines: Mapping[str, str], templates: Mapping[str, str]) -> str:
    """Say, for a person, what differs and how to accept it; empty if nothing does."""
    found = compare(baselines, templates)
    if found.is_equal:
        return ""
    parts = [f"{stack}: has no baseline" for stack in found.new]
    parts += [f"{stack}: has a baseline, but no longer exists" for stack in found.removed]
    parts += ["\n".join(_difference(stack, baselines[stack], templates[stack])) for stack in found.changed]
    return "\n\n".join(["The templates differ from their baselines.", *parts, "To accept: make baselines"])


def _difference(stack: str, before: str, after: str) -> Iterator[str]:
    # repr: a carriage return or another invisible character is a difference too, and must be seen.
    lines = [
        line if line.isprintable() else repr(line)
        for line in unified_diff(
            before.split("\n"), after.split("\n"), "baseline", "synthesized", n=2, lineterm=""
        )
    ]
    yield stack
    yield from lines[:SHOWN_LINES]
    if len(lines) > SHOWN_LINES:
        yield f"... and {len(lines) - SHOWN_LINES} more lines"


def write(folder: Path, templates: Mapping[str, str]) -> None:
    """Make the baselines below ``folder`` equal to ``templates``: those of other stacks are deleted."""
    for stack in read(folder).keys() - templates.keys():
        path = folder / f"{stack}{SUFFIX}"
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    for stack, text in templates.items():
        path = folder / f"{stack}{SUFFIX}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def _refuse_partial(root: Path, templates: Mapping[str, str]) -> None:
    """A ``cdk.out`` narrowed to some environments must not delete the baselines of the others."""
    present = {stack.partition("/")[0] for stack in templates}
    if missing := {path.stem for path in root.glob("environments/*.yaml")} - present:
        raise BaselineError(
            f"cdk.out holds only {', '.join(sorted(present))}, not {', '.join(sorted(missing))}:"
            " run `make synth` for all environments first"
        )


def main(arguments: list[str] | None = None, *, root: Path = ROOT) -> int:
    """Run the command and return its exit code: 0, 1 if ``--check`` finds a difference, 2 if refused."""
    parser = argparse.ArgumentParser(prog="python -m tools.baselines", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if anything would change")
    parser.add_argument("--outdir", type=Path, default=Path("cdk.out"), help="what `make synth` wrote")
    options = parser.parse_args(arguments)
    try:
        templates = synthesized(root / options.outdir)
        _refuse_partial(root, templates)
    except BaselineError as error:
        print(f"baselines: {error}", file=sys.stderr)
        return 2
    found = compare(read(root / FOLDER), templates)
    print(found)
    if options.check:
        return 0 if found.is_equal else 1
    write(root / FOLDER, templates)
    return 0


if __name__ == "__main__":
    sys.exit(main())
