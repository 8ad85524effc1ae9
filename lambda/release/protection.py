"""What keeps the endpoint from being lost: the stack policy and the tag, and their lifting for one update.

They are lifted just before the update of a pause begins. Whoever finds them lifted once no update is under
way puts them back: the pause itself, or whoever takes over from one that died.
"""

import json
from collections.abc import Sequence
from typing import Any

from release.call import Call
from release.lease import LeaseLost, hold
from release.situation import ANSWERING, Situation, denies_loss

LOSS = ("Update:Delete", "Update:Replace")


def policy(logical_ids: Sequence[str], *denied: str) -> dict[str, Any]:
    """The stack policy that denies updates the deletion and replacement of resources, or what is ``denied``.

    CloudFormation User Guide, "Prevent updates to stack resources": it binds every updater, and can be
    relaxed but not removed. It may name only what the template has.
    """
    kept = [f"LogicalResourceId/{logical_id}" for logical_id in logical_ids]
    return {
        "Statement": [
            {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
            {
                "Effect": "Deny",
                "Action": denied[0] if len(denied) == 1 else list(denied or LOSS),
                "Principal": "*",
                "Resource": kept[0] if len(kept) == 1 else kept,
            },
        ]
    }


def answering(call: Call) -> list[str]:
    """Logical ids of what callers call."""
    return [logical_id for logical_id in ANSWERING if logical_id in call.serving["AllowedChanges"]]


def lifted(call: Call) -> str:
    """The policy for the one update that takes the endpoint away: not even that one replaces it."""
    return json.dumps(policy(answering(call), "Update:Replace"))


def keeps(call: Call, body: str | None) -> bool:
    """Whether a stack policy keeps all that callers call."""
    return all(denies_loss(body, logical_id) for logical_id in answering(call))


def kept(call: Call, now: Situation) -> str:
    """The policy to put back: the stack's own where that keeps the endpoint, else the platform's."""
    own = now.stack.policy
    return own if own and keeps(call, own) else json.dumps(policy(answering(call)))


def lift(call: Call, phase: str, seconds: float) -> None:
    """Let the next update, which takes up to ``seconds``, take the endpoint away. Raises LeaseLost.

    Whoever lost the lease in this very moment puts back what it lifted.
    """
    call.world.endpoint.unmark_served()
    call.world.stack.set_policy(lifted(call))
    try:
        hold(call, phase, lasting=seconds)
    except LeaseLost:
        call.world.stack.set_policy(json.dumps(policy(answering(call))))
        raise


def restore(call: Call, now: Situation) -> None:
    """Put the policy back where it is lifted and no update is under way that still needs it so."""
    if not now.busy and not keeps(call, now.stack.policy):
        noted = (now.paused or {}).get("policy")
        call.world.stack.set_policy(str(noted or json.dumps(policy(answering(call)))))
