"""Exporting the fixed list of values that cross stacks, and using them in properties."""

from collections.abc import Mapping
from functools import cache

import aws_cdk as cdk

from mlplatform.exports import ACCOUNT, FOUNDATION, export_name, network_exports
from mlplatform.settings import Environment


def export(stack: cdk.Stack, values: Mapping[str, str], settings: Environment) -> None:
    """Export exactly the fixed list of ``stack``. Raises ValueError if ``values`` differs from it."""
    owner = stack.node.id
    owned = {"Account": ACCOUNT, "Foundation": FOUNDATION}.get(owner) or network_exports(settings)
    if set(owned) != set(values):
        raise ValueError(f"{owner} exports {sorted(values)}, the fixed list is {sorted(owned)}")
    for name, value in values.items():
        cdk.CfnOutput(stack, name, value=value, export_name=export_name(name, settings))


def import_value(name: str, settings: Environment) -> str:
    """What another stack exports under ``name``, for use in a property; in policies use ``imported``."""
    return _import(export_name(name, settings))


@cache
def _import(name: str) -> str:
    """One token serves every use of an export: each costs a round trip to CDK's own process."""
    return cdk.Fn.import_value(name)
