"""The fixed list of values that cross stacks; everything else is a name computed in Python.

Every export exists whoever consumes it, so no deployment can deadlock and nothing in use can be deleted.
"""

from collections.abc import Mapping

import aws_cdk as cdk

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

_OWNER = dict.fromkeys([*NETWORK, *SUBNETS], "Network") | dict.fromkeys(FOUNDATION, "Foundation")


def export(stack: cdk.Stack, values: Mapping[str, str], settings: Environment) -> None:
    """Export exactly the fixed list of ``stack``. Raises ValueError if ``values`` differs from it."""
    owner = stack.node.id
    owned = set(FOUNDATION) if owner == "Foundation" else {*NETWORK, *subnet_exports(settings)}
    if owned != set(values):
        raise ValueError(f"{owner} exports {sorted(values)}, the fixed list is {sorted(owned)}")
    for name, value in values.items():
        cdk.CfnOutput(stack, name, value=value, export_name=settings.names.export(owner, name))


def subnet_exports(settings: Environment) -> tuple[str, ...]:
    """Names of the exports of the environment's subnets, one per zone."""
    return SUBNETS[: len(settings.network.zones)]


def imported(name: str, settings: Environment) -> dict[str, str]:
    """What another stack exports under ``name``, for use in a policy. Raises KeyError if it is not listed."""
    return {"Fn::ImportValue": settings.names.export(_OWNER[name], name)}
