"""Which share of the requests each variant gets while a challenger answers beside production.

Weights are no part of the stack: the record of an A/B test says what they are to be, and only what
DescribeEndpoint shows of them is believed.
"""

from release.call import Call
from release.lease import hold
from release.ports import ConflictError, Record
from release.situation import CHALLENGER, PRODUCTION, Situation

WHOLE = 100.0
"""Sum of the weights of a test, so that each is a share in percent."""


def weights(share: float) -> Record:
    """The weights with which the challenger gets ``share`` percent of the requests, 0 to 100."""
    return {PRODUCTION: WHOLE - share, CHALLENGER: float(share)}


def in_force(now: Situation, wanted: Record) -> bool:
    """Whether the endpoint has these weights."""
    found = now.endpoint.weights if now.endpoint else {}
    return all(found.get(variant) == weight for variant, weight in wanted.items())


def send(call: Call, wanted: Record) -> bool:
    """Give the variants these weights; False if the endpoint is just being changed and takes none."""
    try:
        call.world.endpoint.weights(float(wanted[PRODUCTION]), float(wanted[CHALLENGER]))
    except ConflictError:
        return False
    return True


def give_back(call: Call, now: Situation) -> None:
    """Send all requests to production, if a challenger gets any. Needs the lease, and an endpoint at rest.

    An update that takes the challenger away builds a new fleet, which takes minutes; this takes seconds.
    """
    if now.endpoint is not None and now.endpoint.weights.get(CHALLENGER):
        hold(call, str(call.record()["phase"]), weights=weights(0))
        send(call, weights(0))


def let_go(call: Call, now: Situation) -> None:
    """Let autoscaling forget the challenger. Needs the lease.

    SageMaker refuses an update that removes a variant which is a scalable target (developer guide, "Update
    endpoints that use automatic scaling"), and CloudFormation removes the target only after that update.
    """
    if now.endpoint is not None and CHALLENGER in now.endpoint.weights:
        call.world.endpoint.release_scaling(CHALLENGER)
