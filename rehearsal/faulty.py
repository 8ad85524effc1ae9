"""A rehearsal in which one thing goes wrong: which model it befalls, in which account, and how it ends."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from mlplatform import workflows
from mlplatform.settings import Environment
from mlplatform.settings.products import ModelProduct
from mlplatform.workflows import bedrock
from rehearsal.api import ApiError
from rehearsal.driver import Rehearsal, deployed
from rehearsal.elsewhere import PROVISIONED, elsewhere
from rehearsal.outcomes import Outcome, Scenario
from rehearsal.second_account import second_account

Show = Callable[[str], None]


def suffered(
    scenario: Scenario,
    settings: Environment,
    products: Sequence[ModelProduct],
    assembly: Path,
    source: Path,
    show: Show = lambda _: None,
) -> Outcome:
    """Rehearse ``scenario`` with the first of ``products`` that it can befall.

    ``assembly`` has the environment's templates, ``source`` is its file. Raises ApiError if it befalls none.
    """
    product = victim(scenario, settings, products)
    with _account(scenario, settings, product, assembly, source, show) as rehearsal:
        product = rehearsal.product(product.name)
        rehearsal.upload(product)
        return scenario.rehearse(rehearsal, product)


def victim(scenario: Scenario, settings: Environment, products: Sequence[ModelProduct]) -> ModelProduct:
    """The first product that the scenario can befall. Raises ApiError if there is none."""
    for product in products:
        if scenario.workflow in workflows.of(product, settings) and not _moves(scenario, settings, product):
            return product
        if scenario.way in _ways(settings, product):
            return product
    asked = ", ".join(product.name for product in products)
    what = f"this befalls a model with the workflow {scenario.workflow}, and {asked} has none"
    raise ApiError("NothingToRehearse", what)


def _moves(scenario: Scenario, settings: Environment, product: ModelProduct) -> bool:
    """Whether the environment does not serve as the scenario needs it."""
    if not scenario.way or not bedrock.has(product):
        return bool(scenario.way)
    provisioned = bedrock.settings_of(product).serving.provisioned is not None
    return provisioned is not (scenario.way == PROVISIONED)


def _ways(settings: Environment, product: ModelProduct) -> tuple[str, ...]:
    place = elsewhere(settings, product)
    return place.ways if place else ()


@contextmanager
def _account(
    scenario: Scenario,
    settings: Environment,
    product: ModelProduct,
    assembly: Path,
    source: Path,
    show: Show,
) -> Iterator[Rehearsal]:
    """The environment's own account, unless the scenario needs the second one."""
    place = elsewhere(settings, product)
    if place is None or not _moves(scenario, settings, product):
        with deployed(settings, assembly) as rehearsal:
            yield rehearsal
        return
    place = replace(place, ways=(scenario.way,))
    show(place.why)
    with second_account(settings, product, place, source) as (rehearsal, _):
        yield rehearsal
