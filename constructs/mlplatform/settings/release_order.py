"""What does not fit in the order in which environments release: whose versions are offered where."""

from collections.abc import Iterator, Mapping, Sequence

from mlplatform.settings.environment import Environment
from mlplatform.settings.problems import Problem
from mlplatform.settings.products import ModelProduct
from mlplatform.settings.source import Document

Read = Sequence[tuple[Document, Environment]]

PATH = ("release", "start", "after")


def registry(environment: Environment) -> str:
    """The environment whose registry an environment uses, by name."""
    return environment.registry.environment or environment.name


def problems(read: Read) -> Iterator[Problem]:
    """Environments that release after one that cannot come before them."""
    known = {environment.name: environment for _, environment in read}
    for document, environment in read:
        after = environment.release.after
        if after is not None and (what := _why_not(environment, after, known)):
            fitting = [e.name for e in known.values() if not _why_not(environment, e.name, known)]
            allowed = ", ".join(fitting) or "none, release.start: on_approval or manual"
            yield document.problem(PATH, f"{what}, given {after!r}, allowed: {allowed}")


def _why_not(environment: Environment, after: str, known: Mapping[str, Environment]) -> str | None:
    """Why ``environment`` cannot release what served in ``after``; None if it can."""
    if after not in known:
        return "no such environment"
    if after == environment.name:
        return "an environment cannot wait for itself"
    if registry(known[after]) != registry(environment):
        return f"uses another registry, whose versions are not those of {environment.name}"
    chain = [environment.name, after]
    while (following := known[chain[-1]].release.after) in known and following not in chain:
        chain.append(str(following))
    if following == environment.name:
        return f"each would wait for the other: {' after '.join([*chain, environment.name])}"
    return None


def unserved(read: Read, products: Mapping[str, Sequence[ModelProduct]]) -> Iterator[Problem]:
    """Models that have an endpoint in an environment and none in the one whose versions it is offered.

    ``products`` are the models of each environment, by its name.
    """
    serving = {name: {one.name for one in found if one.serving} for name, found in products.items()}
    for document, environment in read:
        after = environment.release.after
        if after not in serving or environment.name not in serving:
            continue
        for model in sorted(serving[environment.name] - serving[after]):
            what = f"{model} is served here and not in {after}, so that none of its versions is ever offered"
            allowed = f"a section serving for it in {after}, or `models: {{{model}: {{serving: null}}}}`"
            yield document.problem(PATH, f"{what}, given {after!r}, allowed: {allowed}")
