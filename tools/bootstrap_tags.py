"""Which permissions hold only for what carries the environment's tag: where AWS chooses the resource's name.

Everything of an environment is tagged with the environment's name (``mlplatform.retention.tag_costs``), by
the request that creates it. Two conditions come of that:

- what a creation goes on to do with the new resource is refused on what another environment has tagged. A
  resource without the tag passes, because AWS KMS warns that tags may count only minutes after they are set
  (KMS guide, "Using tags to control access to KMS keys");
- all else, removals above all, wants the environment's own tag.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mlplatform.names import Names
from mlplatform.policy import Conditions

TAG = "environment"
"""Key of the tag; its value is the environment's name."""

TAGGED_SERVICES = frozenset({"ec2", "kms"})
"""Services whose statements are split so."""

LENIENT_SERVICES = frozenset({"sagemaker"})
"""Services refused on what another environment has tagged, but never asked for the own tag: SageMaker says
for few of its requests whether they carry the tags of what they act on."""

ANYWHERE = frozenset({"ec2:CreateFlowLogs", "ec2:CreateSecurityGroup", "ec2:CreateVpcEndpoint"})
"""What is created in a network that is not ours as well (``network.existing``), whose owner tags it."""

BESIDE = {
    "ec2:DisassociateAddress": ("ec2:network-interface/*",),
    "ec2:ModifyVpcEndpoint": ("ec2:route-table/*", "ec2:security-group/*", "ec2:subnet/*"),
    "kms:CreateAlias": ("kms:alias/{start}*",),
    "kms:DeleteAlias": ("kms:alias/{start}*",),
    "kms:UpdateAlias": ("kms:alias/{start}*",),
}
"""Resources an action is judged on besides the one it changes, which have no tag or somebody else's."""

_READS = ("Describe", "Get", "List")


@dataclass
class Split:
    """Actions of one service: on anything, on nothing of another environment, on the environment's own."""

    anywhere: list[str] = field(default_factory=list)
    not_others: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)


def split(actions: Sequence[str], creating: frozenset[str]) -> Split:
    """Sort ``service:Action`` names; ``creating`` are those that some type's creation calls."""
    found = Split()
    for action in actions:
        if action in ANYWHERE or action.partition(":")[2].startswith(_READS):
            found.anywhere.append(action)
        elif action in creating:
            found.not_others.append(action)
        else:
            found.own.append(action)
    return found


def not_others(names: Names) -> Conditions:
    """Neither the resource has, nor the request sets, the tag of another environment."""
    keys = (f"aws:RequestTag/{TAG}", f"aws:ResourceTag/{TAG}")
    return {"StringEqualsIfExists": dict.fromkeys(keys, names.environment)}


def own(names: Names) -> Conditions:
    """The resource has the environment's tag."""
    return {"StringEquals": {f"aws:ResourceTag/{TAG}": names.environment}}


def created_as_own(names: Names) -> Conditions:
    """The request, in the environment's region, gives the new resource the environment's tag."""
    here = {"aws:RequestedRegion": names.region}
    return {"StringEquals": {**here, f"aws:RequestTag/{TAG}": names.environment}}


def beside(actions: Sequence[str]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Scopes without a condition, each with the actions judged on it."""
    for scopes in dict.fromkeys(BESIDE[action] for action in actions if action in BESIDE):
        yield scopes, [action for action in actions if BESIDE.get(action) == scopes]
