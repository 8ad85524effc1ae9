"""One call of one action: what it was given, what it answers, and how blanks of requests are filled in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from customization.ports import World

Work = dict[str, Any]
"""What an action answers and the next one gets: ``Next`` (an action, ``judge`` or ``end``), ``Seconds``."""

END, JUDGE = "end", "judge"

_BLANK = re.compile(r"<([A-Za-z]+(?::[a-z]+)?)>")


@dataclass
class Call:
    """``event`` as the state machine sends it, see ``customization.flow``."""

    event: Mapping[str, Any]
    world: World
    work: Work = field(default_factory=dict)

    @property
    def literal(self) -> Mapping[str, Any]:
        """The model's settings, as ``mlplatform.workflows.customizing`` compiled them."""
        literal: Mapping[str, Any] = self.event["Customization"]
        return literal

    @property
    def run(self) -> Mapping[str, Any]:
        """The admitted run: RunId, Technique, Hyperparameters, Data."""
        run: Mapping[str, Any] = self.event["Run"]
        return run

    @property
    def run_id(self) -> str:
        """Sixteen characters that tell this run from every other."""
        return str(self.run["RunId"])

    @property
    def execution(self) -> str:
        """ARN of the execution."""
        return str(self.event["Execution"]["Id"])

    @property
    def month(self) -> str:
        """The calendar month the run began in, in UTC: ``yyyy-mm``."""
        return str(self.event["Execution"]["StartTime"])[:7]

    @property
    def technique(self) -> Mapping[str, Any]:
        """The literal of the run's technique."""
        literal: Mapping[str, Any] = self.literal["Techniques"][self.run["Technique"]]
        return literal

    def place(self, name: str) -> str:
        """One of the literal's addresses, with the run in it."""
        return str(self.filled(self.literal["Places"][name], {}))

    def reply(self, following: str, message: str, *, seconds: int = 0, **more: Any) -> Work:
        """Answer what comes next, in how many seconds, and what the next action needs to know."""
        return {**self.work, **more, "Next": following, "Seconds": seconds, "Message": message}

    def waited(self, key: str, seconds: int) -> dict[str, int]:
        """What the work notes of another ``seconds`` to wait for something."""
        return {key: int(self.work.get(key, 0)) + seconds}

    def filled(self, value: Any, blanks: Mapping[str, str]) -> Any:
        """``value`` with its blanks, such as ``<RunId>``, filled in. Raises KeyError for an unknown one."""
        known = {"RunId": self.run_id, "Run": self.run_id[: self.literal["RunCharacters"]], **blanks}
        return _filled(value, known)


def _filled(value: Any, known: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, known) for item in value]
    return _BLANK.sub(lambda found: known[found[1]], value) if isinstance(value, str) else value
