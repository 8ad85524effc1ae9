"""Whatever happens to releases of an endpoint, and whenever: it keeps serving what it should, and says so."""

import importlib
import inspect
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from release_machine import Releases
from release_mutants import MUTANTS, mutated

SHARDS, EXAMPLES = 10, 2_000
"""Of the long run: together 20,000 examples."""


def _settings(examples: int, *phases: Phase) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=20,
        deadline=None,
        database=None,
        derandomize=False,
        report_multiple_bugs=False,
        phases=phases or (Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


def _seeded(number: int) -> type[Releases]:
    """The machine with its random choices fixed: every run of a number is the same."""
    machine = type(f"Releases{number}", (Releases,), {})
    seeded: type[Releases] = seed(number)(machine)
    return seeded


def test_releases_keep_their_promises_in_every_disorder() -> None:
    run_state_machine_as_test(_seeded(0), settings=_settings(120))


@pytest.mark.thorough
@pytest.mark.parametrize("number", range(1, SHARDS + 1))
def test_releases_keep_their_promises_in_twenty_thousand_disorders(number: int) -> None:
    run_state_machine_as_test(_seeded(number), settings=_settings(EXAMPLES))


def _scenarios() -> Iterator[Callable[[], None]]:
    for name in ("flow", "lifecycle", "ab_test", "upkeep"):
        module = importlib.import_module(f"unit.test_release_{name}")
        found = (function for name, function in inspect.getmembers(module) if name.startswith("test_"))
        # What needs arguments cannot be called here, and would fail without a bug.
        yield from (one for one in found if not inspect.signature(one).parameters)


@pytest.mark.thorough
@pytest.mark.parametrize("name", MUTANTS)
def test_a_bug_does_not_survive(name: str) -> None:
    with mutated(name):
        assert any(_fails(scenario) for scenario in (*_scenarios(), _random_run)), f"survives: {name}"


@pytest.mark.thorough
def test_without_a_bug_no_scenario_fails() -> None:
    assert [scenario.__name__ for scenario in _scenarios() if _fails(scenario)] == []


def _random_run() -> None:
    run_state_machine_as_test(_seeded(0), settings=_settings(1_500, Phase.generate))


def _fails(scenario: Callable[[], None]) -> bool:
    try:
        scenario()
    except Exception:
        return True
    return False
