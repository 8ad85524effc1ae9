"""A customized sample is served by copies on GPUs, in the templates as deployed: released, undone, woken."""

from collections.abc import Iterator

import pytest
from sample_account import needs, sample_account

from rehearsal.coverage import unneeded
from rehearsal.driver import Rehearsal, rehearsed
from rehearsal.life import live
from rehearsal.step import Step

MODEL = "support-assistant"
LEARNED = "Open the app, choose Card and then Block card."
"""How the sample data answer the sample request."""

pytestmark = [pytest.mark.thorough, needs(MODEL)]

TO_ZERO = {
    "instances": {"minimum": 0, "maximum": 1},
    "components": {"accelerators": 2, "memory_mb": 40_000, "copies": {"minimum": 0, "maximum": 1}},
}
"""No GPU runs while nobody asks."""


class Lived:
    """The whole life of the sample, and what was told of it."""

    def __init__(self, account: Rehearsal) -> None:
        self.account, self.told = account, list[str]()
        products = rehearsed(account.settings)
        self.steps = [step for one in products for step in live(account, one, self.told.append)]

    @property
    def served(self) -> list[Step]:
        return [step for step in self.steps if step.wanted]

    def said(self, part: str) -> list[str]:
        return [line for line in self.told if part in line]


@pytest.fixture(scope="module", params=["batches", "zero"])
def lived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """Where copies are replaced in batches, and where there may be none."""
    serving = TO_ZERO if request.param == "zero" else {}
    with sample_account(tmp_path_factory.mktemp("copies"), MODEL, serving=serving) as account:
        yield Lived(account)


def test_what_was_learned_is_released_gone_on_from_replaced_and_brought_back(lived: Lived) -> None:
    assert [f"{one.workflow}: {one.result}" for one in lived.steps if not one.as_promised] == []
    assert [one.workflow for one in lived.steps[:3]] == ["customize", "release", "customize"]
    undone = "reverted" if lived.said("nobody asks") else "rolled_back"
    wanted = ["released", "released", undone, "released", "stopped", "stopped", "refused"]
    wanted += ["paused", "refused", "refused", "resumed", "paused", "resumed", "retired"]
    assert [one.wanted for one in lived.served] == wanted
    answers = lived.said("the endpoint answers")
    assert len(answers) == 6
    assert all(LEARNED in line for line in answers)


def test_its_roles_are_refused_nothing_and_need_all_they_may_do(lived: Lived) -> None:
    emulator = lived.account.emulator
    assert [str(call) for call in emulator.trace if not call.allowed] == []
    assert [str(statement) for statement in unneeded(emulator)] == []


def test_where_there_may_be_no_copy_requests_and_releases_wake_one(lived: Lived) -> None:
    asleep = len(lived.said("no copy is left"))
    woken = len(lived.said("woken by requests that failed"))
    serving = lived.account.product(MODEL).serving
    assert serving is not None
    assert (asleep, woken >= 2) == ((2, True) if serving.capacity[0] == 0 else (0, False))
