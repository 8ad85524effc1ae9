"""What keeps the endpoint from being lost: the stack policy and the tag, and their lifting for one update.

They are lifted just before the update of a pause begins. Whoever finds them lifted once no update is under
way puts them back: the pause itself, or whoever takes over from one that died.
"""

import json

from release.call import Call
from release.lease import LeaseLost, hold
from release.situation import Situation, denies_loss

_ANYTHING = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
_ENDPOINT = "LogicalResourceId/Endpoint"

POLICY = {
    "Statement": [
        _ANYTHING,
        {
            "Effect": "Deny",
            "Action": ["Update:Delete", "Update:Replace"],
            "Principal": "*",
            "Resource": _ENDPOINT,
        },
    ]
}
"""Stack policy (CloudFormation User Guide, "Prevent updates to stack resources"). It binds every updater, and
can be relaxed but not removed."""

LIFTED = {
    "Statement": [
        _ANYTHING,
        {"Effect": "Deny", "Action": "Update:Replace", "Principal": "*", "Resource": _ENDPOINT},
    ]
}
"""The policy for the one update that takes the endpoint away: not even that one replaces it."""


def kept(now: Situation) -> str:
    """The policy to put back: the stack's own where that keeps the endpoint, else the platform's."""
    policy = now.stack.policy
    return policy if policy and denies_loss(policy) else json.dumps(POLICY)


def lift(call: Call, phase: str, seconds: float) -> None:
    """Let the next update, which takes up to ``seconds``, take the endpoint away. Raises LeaseLost.

    Whoever lost the lease in this very moment puts back what it lifted.
    """
    call.world.endpoint.unmark_served()
    call.world.stack.set_policy(json.dumps(LIFTED))
    try:
        hold(call, phase, lasting=seconds)
    except LeaseLost:
        call.world.stack.set_policy(json.dumps(POLICY))
        raise


def restore(call: Call, now: Situation) -> None:
    """Put the policy back where it is lifted and no update is under way that still needs it so."""
    if not now.busy and not denies_loss(now.stack.policy):
        noted = (now.paused or {}).get("policy")
        call.world.stack.set_policy(str(noted or json.dumps(POLICY)))
