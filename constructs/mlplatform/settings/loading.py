"""Reads every environment file of a folder, and everything that is wrong with any of them."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from mlplatform.settings.environment import Environment
from mlplatform.settings.messages import message
from mlplatform.settings.problems import Problem, SettingsError
from mlplatform.settings.source import Document, read


def read_environments(folder: Path, *, only: str | None = None) -> tuple[Environment, ...]:
    """Return the environments of ``folder``, sorted by name, or ``only`` the one of that name.

    Raises SettingsError with the problems of every file at once: what one file says may clash with another.
    """
    label = folder.name
    if not folder.is_dir() or not any(folder.glob("*.y*ml")):
        what = "no environment files, allowed: one <name>.yaml per environment"
        raise SettingsError([Problem(str(folder), 1, "", what)])
    problems: list[Problem] = []
    read_ones: list[tuple[Document, Environment]] = []
    for path in sorted(folder.glob("*.y*ml")):
        try:
            read_ones.append(_environment(path, f"{label}/{path.name}"))
        except SettingsError as error:
            problems.extend(error.problems)
    problems.extend(_between(read_ones))
    if problems:
        raise SettingsError(problems)
    environments = {environment.name: environment for _, environment in read_ones}
    if only is None:
        return tuple(environments.values())
    if only not in environments:
        what = f"no such environment, given {only!r}, allowed: {', '.join(environments)}"
        raise SettingsError([Problem(label, 1, "", what)])
    return (environments[only],)


def _environment(path: Path, label: str) -> tuple[Document, Environment]:
    if path.suffix != ".yaml":
        raise SettingsError(
            [Problem(label, 1, "", f"wrong file name, given {path.name!r}, allowed: {path.stem}.yaml")]
        )
    document = read(path, name=label)
    if "name" in document.values:
        raise SettingsError(
            [
                document.problem(
                    ("name",), "unknown key, given 'name', allowed: the file's name is the environment's name"
                )
            ]
        )
    try:
        values = {"name": path.stem, **document.values}
        return document, Environment.model_validate(values, context=document.values)
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise SettingsError(
            document.problem(_visible(e["loc"]), message(Environment, e)) for e in found
        ) from None


def _visible(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Leave out what pydantic adds to a path: the marker of a mapping's key, and the file's own name."""
    return tuple(part for part in loc if part != "[key]")


def _between(read_ones: Iterable[tuple[Document, Environment]]) -> Iterator[Problem]:
    """Problems that only show when all environments are seen together."""
    names: dict[tuple[str, str], str] = {}
    trails: dict[str, str] = {}
    for document, environment in read_ones:
        account, start = environment.account, f"{environment.name_prefix}-{environment.name}"
        other = names.setdefault((account, start), document.file)
        if other != document.file:
            what = f"names in account {account} would start with {start!r} as those of {other}"
            given = f"given {environment.name_prefix!r}, allowed: another prefix"
            yield document.problem(("name_prefix",), f"{what}, {given}")
        if environment.audit.cloudtrail != "all_events":
            continue
        other = trails.setdefault(account, document.file)
        if other != document.file:
            what = f"account {account} already has the trail of {other}"
            yield document.problem(
                ("audit", "cloudtrail"), f"{what}, given all_events, allowed: data_events, organization"
            )
