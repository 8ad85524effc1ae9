"""Asks every case of the decision table in every environment of a folder.

Run as ``python -m tools.effective_decisions tests/fixtures/environments``.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlplatform.settings import Environment, SettingsError, read_environments
from tools.assembly import stacks
from tools.effective_cases import NOTHING, Case, read_cases, read_principals
from tools.effective_permissions import World, read_world
from tools.effective_places import MissingError, Places
from tools.effective_requests import applies, request_of, situations
from tools.platform_app import platform_app
from tools.policy_evaluator import Decision, Request, evaluate

TABLE = Path("tests/synth/decisions")


@dataclass(frozen=True)
class Judged:
    """A case in one environment: the request it stands for, and what the policies make of it."""

    case: Case
    environment: str
    request: Request
    decision: Decision
    by: str
    """The Sid the table expects to decide there, or ``nothing``."""

    def as_expected(self, decision: Decision) -> bool:
        """Whether ``decision`` is the one the table expects."""
        sids = decision.deciding_sids
        return decision.allowed == self.case.allowed and (not sids if self.by == NOTHING else self.by in sids)

    @property
    def problem(self) -> str | None:
        """What is wrong, in a line; None if nothing is."""
        if self.as_expected(self.decision):
            return None
        return f"{self.environment}: {self.case.name}: expected {self.by}; {self.decision.explanation}"


def synthesized_world(folder: Path, outdir: Path) -> World:
    """Synthesize every environment of ``folder`` into ``outdir`` and read it. Raises SettingsError."""
    environments = read_environments(folder)
    platform_app(environments, outdir).synth()
    return world_of(outdir, environments)


def world_of(outdir: Path, environments: Iterable[Environment]) -> World:
    """Read what was synthesized into ``outdir`` from ``environments``."""
    templates = {(stack.environment, stack.name): stack.template for stack in stacks(outdir)}
    return read_world(templates, {settings.name: settings for settings in environments})


def judge(
    cases: Sequence[Case],
    principals: Mapping[str, str],
    worlds: Iterable[World],
    only: Iterable[str] | None = None,
) -> list[Judged]:
    """Judge each case in each environment (or in ``only`` those named) that has what it is about.

    One run of the evaluator. Raises PolicyEvaluationError for cases that ask what AWS would not be asked.
    """
    asked = [
        (case, settings, request)
        for world in worlds
        for settings in world.environments.values()
        if only is None or settings.name in only
        for case, request in _requests(cases, principals, world, settings)
    ]
    decisions = evaluate([request for _, _, request in asked])
    return [
        Judged(case, settings.name, request, decision, case.decided_by(*situations(settings)))
        for (case, settings, request), decision in zip(asked, decisions, strict=True)
    ]


def _requests(
    cases: Sequence[Case], principals: Mapping[str, str], world: World, settings: Environment
) -> Iterator[tuple[Case, Request]]:
    places = Places(world, settings)
    for case in cases:
        if applies(case.where, settings):
            try:
                yield case, request_of(case, places, principals)
            except MissingError:
                continue


def judged_in(folders: Iterable[Path], *, table: Path = TABLE) -> list[Judged]:
    """Judge the whole table in every environment of ``folders``. Raises SettingsError for unusable files."""
    with tempfile.TemporaryDirectory() as outdir:
        worlds = [synthesized_world(f, Path(outdir) / str(n)) for n, f in enumerate(folders)]
    return judge(read_cases(table), read_principals(table), worlds)


def main(arguments: list[str] | None = None, *, table: Path = TABLE) -> int:
    """Run the command; its exit code is 0, 1 if a decision is not the table's, 2 if settings are unusable."""
    parser = argparse.ArgumentParser(prog="python -m tools.effective_decisions", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="+", help="environment files, such as environments/")
    try:
        judged = judged_in(parser.parse_args(arguments).folder, table=table)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    problems = [one.problem for one in judged if one.problem]
    print("\n".join([*problems, f"{len(judged)} decisions, {len(problems)} not as in {table}"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
