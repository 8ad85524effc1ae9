"""Reads every environment file of a folder and the models beside it, and what is wrong with any of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from mlplatform.regional_types import deployable
from mlplatform.settings import (
    checks,
    customization_files,
    environment_checks,
    release_order,
    samples,
    scripts,
)
from mlplatform.settings.environment import Environment
from mlplatform.settings.findings import Finding
from mlplatform.settings.landscape import between, neighbours
from mlplatform.settings.messages import message
from mlplatform.settings.problems import Problem, SettingsError
from mlplatform.settings.products import ModelProduct, merged
from mlplatform.settings.source import Document, read

_GROUP = "AWS::SageMaker::ModelPackageGroup"
_FOLLOWS = "default_factory_not_called"
"""What pydantic says of a default that depends on a value with a mistake of its own."""

Settings = TypeVar("Settings", bound=BaseModel)


class _Model(NamedTuple):
    """A model's file, and the folder its scripts and sample lie in."""

    document: Document
    folder: Path


def read_environments(folder: Path, *, only: str | None = None) -> tuple[Environment, ...]:
    """Return the environments of ``folder``, sorted by name, or ``only`` the one of that name.

    Their models are those of the folder ``models`` beside it. Raises SettingsError with the problems of
    every file at once: what one file says may clash with another.
    """
    label = folder.name
    if not folder.is_dir() or not any(folder.glob("*.y*ml")):
        what = "no environment files, allowed: one <name>.yaml per environment"
        raise SettingsError([Problem(str(folder), 1, "", what)])
    problems: list[Problem] = []
    environments: list[tuple[Document, Environment]] = []
    for path in sorted(folder.glob("*.y*ml")):
        try:
            environments.append(_environment(path, f"{label}/{path.name}"))
        except SettingsError as error:
            problems.extend(error.problems)
    complete = not problems
    models: dict[str, _Model | None] = {}
    for path in sorted(folder.parent.glob("models/*/model.yaml")):
        models[path.parent.name] = None  # exists, and cannot be used
        try:
            models[path.parent.name] = _model(path, f"models/{path.parent.name}/{path.name}")
        except SettingsError as error:
            problems.extend(error.problems)
    problems.extend(between(environments, complete=complete))
    products: dict[str, tuple[ModelProduct, ...]] = {}
    for document, environment in environments:
        try:
            products[environment.name] = _products(document, environment, models)
        except SettingsError as error:
            problems.extend(error.problems)
    problems.extend(release_order.unserved(environments, products) if not problems else ())
    if problems:
        raise SettingsError(problems)
    every = [environment for _, environment in environments]
    serving = {name for name, found in products.items() if any(product.serving for product in found)}
    known = {e.name: e.among(neighbours(e, every, serving), products[e.name]) for e in every}
    if only is None:
        return tuple(known.values())
    if only not in known:
        what = f"no such environment, given {only!r}, allowed: {', '.join(known)}"
        raise SettingsError([Problem(label, 1, "", what)])
    return (known[only],)


def _environment(path: Path, label: str) -> tuple[Document, Environment]:
    if path.suffix != ".yaml":
        what = f"wrong file name, given {path.name!r}, allowed: {path.stem}.yaml"
        raise SettingsError([Problem(label, 1, "", what)])
    document = _named_by_its_place(read(path, name=label), "the file's name is the environment's name")
    return document, validated(Environment, document, {"name": path.stem, **document.values})


def _model(path: Path, label: str) -> _Model:
    document = _named_by_its_place(read(path, name=label), "the folder's name is the model's name")
    product = validated(ModelProduct, document, {"name": path.parent.name, **document.values})
    if found := _mistakes(product, path.parent):
        raise SettingsError(document.problem(*mistake) for mistake in found)
    return _Model(document, path.parent)


def _mistakes(product: ModelProduct, folder: Path) -> list[Finding]:
    """What is wrong with a product whatever the environment."""
    return [
        *checks.problems(product),
        *scripts.problems(product, folder),
        *samples.problems(product, folder),
        *customization_files.problems(product, folder),
    ]


def _named_by_its_place(document: Document, where: str) -> Document:
    if "name" in document.values:
        what = f"unknown key, given 'name', allowed: {where}"
        raise SettingsError([document.problem(("name",), what)])
    return document


def _products(
    document: Document, environment: Environment, models: Mapping[str, _Model | None]
) -> tuple[ModelProduct, ...]:
    """The model products of one environment, as its ``models`` setting changes them."""
    problems: list[Problem] = []
    found: list[ModelProduct] = []
    for name in sorted(set(environment.models) - set(models)):
        what = f"no such model, given {name!r}, allowed: {', '.join(models) or 'none, models/ is empty'}"
        problems.append(document.problem(("models", name), what))
    for name, model in models.items():
        override = dict(environment.models.get(name, {}))
        enabled = override.pop("enabled", True)
        if not isinstance(enabled, bool):
            what = f"wrong type, given {enabled!r}, allowed: true or false"
            problems.append(document.problem(("models", name, "enabled"), what))
        elif enabled and environment.keeps_registry and not deployable(_GROUP, environment.region):
            what = f"CloudFormation has no {_GROUP} in {environment.region}, given {name}"
            allowed = f"`models: {{{name}: {{enabled: false}}}}`, or a region that has it"
            problems.append(document.problem(("models", name), f"{what}, allowed: {allowed}"))
        elif enabled and model is not None:
            try:
                found.append(_product(document, environment, model, name, override))
            except SettingsError as error:
                problems.extend(error.problems)
    if problems:
        raise SettingsError(problems)
    return tuple(found)


def _product(
    document: Document, environment: Environment, model: _Model, name: str, override: dict[str, Any]
) -> ModelProduct:
    """One product as an environment changes it; what the change breaks is that file's mistake."""
    below = ("models", name)
    values = {"name": name, **merged(model.document.values, override)}
    product = validated(ModelProduct, document, values, below=below)
    mine = _mistakes(product, model.folder) if override else []
    problems = [document.problem((*below, *path), text) for path, text in mine]
    for mistake in () if mine else environment_checks.problems(product, environment):
        problems.append(_blamed(document, environment, model.document, name, override, mistake))
    if problems:
        raise SettingsError(problems)
    return product.within(model.folder)


def _blamed(
    document: Document,
    environment: Environment,
    model: Document,
    name: str,
    override: dict[str, Any],
    mistake: Finding,
) -> Problem:
    """The problem in the file that gives the value: the environment's, if it changes it, or the model's."""
    given: Any = override
    for part in mistake.path[:-1]:
        given = given.get(part) if isinstance(given, dict) else None
    if isinstance(given, dict) and mistake.path[-1] in given:
        return document.problem(("models", name, *mistake.path), mistake.message)
    return model.problem(mistake.path, f"{mistake.message} (in {environment.name})")


def validated(
    model: type[Settings], document: Document, values: Mapping[str, Any], *, below: tuple[str, ...] = ()
) -> Settings:
    """Return ``values`` as a ``model``; raises SettingsError with every problem, at paths of ``document``."""
    try:
        return model.model_validate(values, context=document.values)
    except ValidationError as error:
        found = [e for e in error.errors(include_url=False) if e["type"] != _FOLLOWS]
        raise SettingsError(
            document.problem((*below, *_visible(e["loc"])), message(model, e)) for e in found
        ) from None


def _visible(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Leave out what pydantic adds to a path: the marker of a mapping's key."""
    return tuple(part for part in loc if part != "[key]")
