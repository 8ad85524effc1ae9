"""The actions of the workflow customize: each may be repeated, and says which one comes next.

An event has ``Action``, ``Run`` (run_admission's answer), ``Execution`` (Id, Name, StartTime), ``Checks`` (of
each data check its Folder and Parts), ``Work`` (the answer before) and ``Customization`` (the compiled
settings); of ``finish`` also the gate's ``Verdict``, of ``stop`` the ``Failure``.
"""

from collections.abc import Callable, Mapping
from typing import Any

from customization.assets import register_assets
from customization.call import Call, Work
from customization.closing import finish, stop
from customization.evaluation import evaluate, follow_evaluations, measure
from customization.ports import World
from customization.training import follow, reserve, start

ACTIONS: Mapping[str, Callable[[Call], Work]] = {
    "reserve": reserve,
    "register_assets": register_assets,
    "start": start,
    "follow": follow,
    "evaluate": evaluate,
    "follow_evaluations": follow_evaluations,
    "measure": measure,
    "finish": finish,
    "stop": stop,
}
"""In the order of a run that succeeds; ``stop`` ends one that does not."""


def run(event: Mapping[str, Any], world: World) -> Work:
    """Do one action. Raises KeyError for an unknown one, CustomizationError, and what the services raise."""
    action = ACTIONS[event["Action"]]
    return action(Call(event, world, work=dict(event.get("Work") or {})))
