"""What a rehearsal with a fault is, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass

from mlplatform.settings.products import ModelProduct
from rehearsal.driver import Rehearsal


@dataclass(frozen=True)
class Outcome:
    """How it went with a fault: whether as promised, and what was seen, in one line."""

    as_promised: bool
    seen: str


@dataclass(frozen=True)
class Scenario:
    """One fault. ``promise`` is how the workflow ends with it, in a sentence.

    It befalls a model that has the ``workflow``; with a ``way`` to serve in Amazon Bedrock, in the account
    where that is rehearsed (``rehearsal.elsewhere``).
    """

    promise: str
    rehearse: Callable[[Rehearsal, ModelProduct], Outcome]
    workflow: str = "train"
    way: str = ""
