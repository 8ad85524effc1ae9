"""The fixed list of values that cross stacks; everything else is a name computed in Python.

Every export exists whoever consumes it, so no deployment can deadlock and nothing in use can be deleted.
"""

from mlplatform.settings import Environment
from mlplatform.settings.network import MAX_ZONES, MIN_ZONES

SUBNETS = tuple(f"SubnetId{number}" for number in range(1, MAX_ZONES + 1))
"""One export per subnet: a zone added later adds one and changes none that is in use."""

NETWORK = (
    "VpcId",
    *SUBNETS[:MIN_ZONES],
    "S3EndpointId",
    "S3PrefixListId",
    "DynamoDbPrefixListId",
    "EndpointSecurityGroupId",
    "JobSecurityGroupId",
    "ModelSecurityGroupId",
    "FunctionSecurityGroupId",
    "NetworkKeyArn",
)
"""Exports of the Network stack in every environment; one with a third zone has ``SubnetId3`` as well."""

FOUNDATION = ("DataKeyArn", "ArtifactsKeyArn", "LogsKeyArn")
"""Exports of the Foundation stack."""

ACCOUNT = ("AccountKeyArn",)
"""Exports of the Account stack, which one environment of each account and region has."""

_OWNER = {
    **dict.fromkeys([*NETWORK, *SUBNETS], "Network"),
    **dict.fromkeys(FOUNDATION, "Foundation"),
    **dict.fromkeys(ACCOUNT, "Account"),
}


def subnet_exports(settings: Environment) -> tuple[str, ...]:
    """Names of the exports of the environment's subnets, one per zone."""
    return SUBNETS[: len(settings.network.zones)]


def network_exports(settings: Environment) -> tuple[str, ...]:
    """Names of the exports of the environment's Network stack."""
    return (*NETWORK, *(name for name in subnet_exports(settings) if name not in NETWORK))


def imported(name: str, settings: Environment) -> dict[str, str]:
    """What another stack exports under ``name``, for use in a policy. Raises KeyError if it is not listed."""
    return {"Fn::ImportValue": export_name(name, settings)}


def export_name(name: str, settings: Environment) -> str:
    """Full name of an export, e.g. ``acme-dev-network:VpcId``; an account's are those of its owner."""
    names = settings.neighbours.owner if name in ACCOUNT else settings.names
    return names.export(_OWNER[name], name)
