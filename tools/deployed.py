"""Which stacks an account has."""

from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from mlplatform.names import Names

Stack = dict[str, Any]
"""A stack as CloudFormation describes it (API shape Stack)."""


def deployed_stacks(cloudformation: Any) -> list[Stack]:
    """Every stack of the account and region."""
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    return [stack for page in pages for stack in page["Stacks"]]


def deployed_stack(cloudformation: Any, name: str) -> Stack | None:
    """One stack, None if there is none; it needs the right to see this one only."""
    try:
        found: list[Stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" not in error.response["Error"]["Message"]:
            raise
        return None
    return next(iter(found), None)


def of_environment(names: Names, stacks: Iterable[Stack]) -> list[Stack]:
    """Those of ``stacks`` that belong to the environment called ``names``."""
    return [stack for stack in stacks if stack["StackName"].startswith(names.stack(""))]
